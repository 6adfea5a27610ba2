"""Checking the same files again and again: only what changed is read again, and what may import it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from netlint.engine.reading import forget
from netlint.engine.run import Depict, Outcome, Propose, Report, SettingsFor, Task, checked_all, merged
from netlint.engine.targets import InputFile

Stamp = tuple[int, int] | None
"""What tells that a file was written: when, and its size. None: it is gone."""


def stamp(path: Path) -> Stamp:
    """The stamp of a file as it is now."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


class Rechecking:
    """Runs, each of which keeps what it can of the one before. `read` says what the last one read."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, str | None], tuple[Task, Stamp, Outcome]] = {}
        self.read: list[InputFile] = []

    def check(
        self,
        files: Sequence[InputFile],
        settings_for: SettingsFor,
        jobs: int | None = None,
        problems: Iterable[str] = (),
        propose: Propose | None = None,
        on_done: Callable[[Task], None] | None = None,
        depict: Depict | None = None,
    ) -> Report:
        """The report that `netlint.engine.run.check` gives."""
        forget()
        tasks = {(file.path, file.network): Task(file, settings_for(file.path), propose, depict) for file in files}
        stamps = {key: stamp(key[0]) for key in tasks}
        written = {path for path, _ in self._known.keys() ^ tasks.keys()}
        written |= {key[0] for key in tasks if key in self._known and self._known[key][1] != stamps[key]}
        again = importers(written, {path for path, _ in tasks})
        stale = [key for key, task in tasks.items() if key[0] in again or key not in self._known or self._known[key][0] != task]
        outcomes = checked_all([tasks[key] for key in stale], jobs, on_done)
        fresh = {key: (tasks[key], stamps[key], outcome) for key, outcome in zip(stale, outcomes, strict=True)}
        self._known = {key: fresh.get(key) or self._known[key] for key in tasks}
        self.read = [tasks[key].file for key in stale]
        return merged(list(tasks.values()), [self._known[key][2] for key in tasks], settings_for, tuple(problems))


def importers(changed: Iterable[Path], files: Iterable[Path]) -> set[Path]:
    """The changed files, and all that may import one of them, however indirectly: those in which its name stands as a word."""
    found = set(changed)
    texts = {path: _words(path) for path in files if path not in found}
    fresh = set(found)
    while fresh:
        names = {_module(path) for path in fresh}
        fresh = {path for path, words in texts.items() if not words.isdisjoint(names)}
        found |= fresh
        texts = {path: words for path, words in texts.items() if path not in fresh}
    return found


def _module(path: Path) -> bytes:
    """What an import calls a file: its name, or that of the package that it opens."""
    return (path.parent.name if path.stem == "__init__" else path.stem).encode("utf-8", "surrogateescape")


def _words(path: Path) -> frozenset[bytes]:
    """The words of the lines of a file that may belong to an import; relative ones name the package by dots."""
    try:
        data = path.read_bytes() if path.suffix != ".onnx" else b""
    except OSError:
        return frozenset()
    words = set(re.findall(rb"[\w\x80-\xff]+", data))
    if re.search(rb"from\s+\.", data):
        words.add(_module(path.parent / "__init__.py"))
    return frozenset(words)
