"""What a lowering gives: the edits, what they do to saved weights, and which operators of all networks they reach."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from netlint.engine.diagnostic import Edit
from netlint.engine.rule import StateDict
from netlint.fixes.proposal import Refusal
from netlint.fixes.source.code import Code, Place, Span, comes_from
from netlint.graph import Layer, Operator, Site

Reaches = Callable[[object], bool]
"""Whether an edit changes what an operator, optimizer or loader is. Those made here are equal where they say the same."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """Text edits of one file that carry out one intent.

    `message` is the imperative sentence that the user reads. `state_dict` is what really happens to the keys here, None where only the
    rule can say. `caveats` are facts of this place that make an otherwise safe fix unsafe. `subjects` are the operators that the intent
    is about, `reaches` tells which others share the code.
    """

    message: str
    filename: str
    edits: tuple[Edit, ...]
    reaches: Reaches
    subjects: tuple[object, ...]
    state_dict: StateDict | None = None
    caveats: tuple[str, ...] = ()


def together(parts: list[Lowered]) -> Lowered:
    """Several steps of one fix as one."""
    first = parts[0]
    if any(part.filename != first.filename for part in parts):
        raise Refusal("it would change two files")
    messages = list(dict.fromkeys(part.message for part in parts))
    worst = [part.state_dict for part in parts]
    reaches = list(dict.fromkeys(part.reaches for part in parts))
    return Lowered(
        message="; ".join(messages),
        filename=first.filename,
        edits=ordered(edit for part in parts for edit in part.edits),
        reaches=lambda thing: any(one(thing) for one in reaches),
        subjects=tuple(subject for part in parts for subject in part.subjects),
        state_dict=None if None in worst else max((state for state in worst if state), key=list(StateDict).index),
        caveats=tuple(dict.fromkeys(caveat for part in parts for caveat in part.caveats)),
    )


def ordered(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Edits in the order of the text, equal ones once. Raises Refusal if two of them change the same text."""
    found = sorted(dict.fromkeys(edits), key=lambda edit: (edit.location, edit.end_location))
    for before, after in pairwise(found):
        if after.location < before.end_location:
            raise Refusal("its edits overlap")
    return tuple(found)


def lowered(message: str, place: Place, edits: Iterable[Edit], reaches: Reaches, subjects: Iterable[object], **more: object) -> Lowered:
    """A lowering within the file of a place."""
    result = Lowered(message, comes_from(place), ordered(edits), reaches, tuple(subjects))
    return replace(result, **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _AppliedAt:
    keys: frozenset[Hashable]

    def __call__(self, thing: object) -> bool:
        return _key(getattr(thing, "site", None)) in self.keys


@dataclass(frozen=True, slots=True)
class _ConstructedAt:
    keys: frozenset[Hashable]

    def __call__(self, thing: object) -> bool:
        made = thing.layer if isinstance(thing, Operator) else thing
        return made is not None and _key(getattr(made, "site", None)) in self.keys


@dataclass(frozen=True, slots=True)
class _ChildrenOf:
    container: Hashable
    names: frozenset[str]

    def __call__(self, thing: object) -> bool:
        if not isinstance(thing, Operator) or thing.scope is None or thing.layer is None or _key(thing.scope.site) != self.container:
            return False
        return any(child is thing.layer and name in self.names for name, child in thing.scope.children.items())


def applied_at(*sites: Site | None) -> Reaches:
    """The operators that are applied at one of the sites."""
    return _AppliedAt(_keys(sites))


def constructed_at(*sites: Site | None) -> Reaches:
    """The operators whose layer is constructed at one of the sites, and what else is (optimizers, loaders)."""
    return _ConstructedAt(_keys(sites))


def children_of(container: Layer, names: Iterable[str]) -> Reaches:
    """The operators that are applied as the children of these names, of any container that is constructed at the same place."""
    return _ChildrenOf(_key(container.site), frozenset(names))


def _keys(sites: Iterable[Site | None]) -> frozenset[Hashable]:
    return frozenset(site.key for site in sites if site is not None)


def _key(site: Site | None) -> Hashable:
    return site.key if site is not None else object()


def in_container(operator: Operator) -> bool:
    """Whether a container applies the operator's layer, so that its only place in the code is its constructor."""
    layer = operator.layer
    return layer is not None and layer.site is not None and operator.site is not None and layer.site.key == operator.site.key


def whole_lines(code: Code, span: Span) -> Span | None:
    """The lines of a range, with their ends, if nothing but white space, a comma and a comment stands beside it."""
    first, last = code.row(span[0]), code.row(span[1])
    before = code.cut((code.line(first)[0], span[0]))
    after = code.cut((span[1], code.line(last)[1])).strip().removeprefix(",").strip()
    if before.strip() or (after and not after.startswith("#")):
        return None
    end = code.line(last)[1]
    return code.line(first)[0], min(end + 1, len(code.text))
