"""Mutable containers of the interpreted program, and what becomes of them when a branch cannot be decided.

Both branches are run on the same objects: the changes of the first are taken back before the second runs, then the two
outcomes are merged. A container knows when it was born, so that one made inside a branch is not taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

_clock = count()


class AList(list[Any]):
    """A list of the interpreted program."""

    __slots__ = ("birth",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.birth = next(_clock)


class OpenList(AList):
    """A list of which it is not known how many elements it has; those it holds are examples."""

    __slots__ = ()


class ADict(dict[Any, Any]):
    """A dictionary, an object's attributes or a scope's variables."""

    __slots__ = ("birth",)

    def __init__(self, items: Any = ()) -> None:
        super().__init__(items)
        self.birth = next(_clock)


class ASet(set[Any]):
    """A set of the interpreted program."""

    __slots__ = ("birth",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.birth = next(_clock)


MAX_LEAVES = 20_000


def leaves(value: Any) -> list[Any] | None:
    """What stands in nested lists, tuples, sets and dictionaries (their values), in no order; None when that is too much to look at."""
    found: list[Any] = []
    pending = [value]
    visited = 0
    while pending:
        visited += 1
        if visited > MAX_LEAVES:
            return None
        item = pending.pop()
        if isinstance(item, (list, tuple, set)):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
        else:
            found.append(item)
    return found


Container = AList | ADict | ASet
Changes = dict[int, tuple[Any, Any, Any]]
"""id -> (container, content before, content after)"""


class Heap:
    """The journal of changes while a branch is on trial."""

    def __init__(self) -> None:
        self._frames: list[tuple[int, dict[int, tuple[Any, Any]]]] = []

    def touch(self, container: Any) -> None:
        """Must be called before a container changes."""
        if self._frames:
            start, saved = self._frames[-1]
            if getattr(container, "birth", -1) < start and id(container) not in saved:
                saved[id(container)] = (container, _content(container))

    @property
    def undecided(self) -> bool:
        """Whether an alternative is being tried: what happens now may not happen."""
        return bool(self._frames)

    def begin(self) -> None:
        """Starts a trial."""
        self._frames.append((next(_clock), {}))

    @contextmanager
    def outside(self, container: Any) -> Iterator[None]:
        """What is written to a dictionary meanwhile belongs to no trial: it stays, whichever branch is taken."""
        frames, self._frames = self._frames, []
        known = dict(container)
        try:
            yield
        finally:
            self._frames = frames
            written = {key: value for key, value in container.items() if key not in known or known[key] is not value}
            for _, saved in frames:
                if id(container) in saved:
                    saved[id(container)][1].update(written)

    def rollback(self) -> Changes:
        """Ends the trial, takes its changes back and gives them."""
        _, saved = self._frames.pop()
        changes: Changes = {}
        for key, (container, before) in saved.items():
            changes[key] = (container, before, _content(container))
            _restore(container, before)
        return changes

    def open_lists(self, changes: Changes) -> None:
        """Makes every list that was changed one of unknown length."""
        for container, _, _ in changes.values():
            if type(container) is AList:
                container.__class__ = OpenList

    def merge(self, outcomes: list[Changes], join: Callable[[list[Any]], Any], absent: Any) -> None:
        """Writes the joined outcome of several trials."""
        if len(outcomes) == 1:
            for container, _, after in outcomes[0].values():
                self.touch(container)
                _restore(container, after)
            return
        for key in dict.fromkeys(key for outcome in outcomes for key in outcome):
            container, before, _ = next(outcome[key] for outcome in outcomes if key in outcome)
            versions = [outcome[key][2] if key in outcome else before for outcome in outcomes]
            self.touch(container)
            _restore(container, _join_contents(versions, join, absent))


def _content(container: Any) -> Any:
    if isinstance(container, list):
        return list(container)
    if isinstance(container, dict):
        return dict(container)
    return set(container)


def _restore(container: Any, content: Any) -> None:
    if isinstance(container, list):
        container[:] = content
    else:
        container.clear()
        container.update(content)


def _join_contents(versions: list[Any], join: Callable[[list[Any]], Any], absent: Any) -> Any:
    def joined(values: list[Any]) -> Any:  # most are the same everywhere
        common = values[0]
        return common if all(value is common for value in values) else join(values)

    first = versions[0]
    if isinstance(first, list):
        longest = max(len(version) for version in versions)
        return [joined([version[i] if i < len(version) else absent for version in versions]) for i in range(longest)]
    if isinstance(first, dict):
        keys = dict.fromkeys(key for version in versions for key in version)
        return {key: joined([version.get(key, absent) for version in versions]) for key in keys}
    merged: set[Any] = set()
    return merged.union(*versions)
