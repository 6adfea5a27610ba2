"""What outlives a run: the outcomes of files that are as they were.

An outcome is a function of the file's bytes, of what its reading looked up around it, of the settings, the rules, netlint and Python. All
of that is asked again, by content and never by time, before an outcome is taken from the cache; netlint's own source and the packages that
it stands on are known by the stamps of their files.

A project has one file, in the user's own cache folder: a repository cannot bring one along. It is JSON behind its digest, checked against
the types of what it holds. One that is broken, of another version, or of another user is as good as none. Runs that overlap replace each
other's file as a whole: the last one wins, and what the other knew is found out again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import msgspec

from netlint import __version__
from netlint.engine.notices import NOT_CHECKED
from netlint.engine.registry import PACK, load
from netlint.engine.run import Outcome, Task
from netlint.engine.settings import Settings
from netlint.frontends.files import content
from netlint.frontends.reading import Lookups, digest

V = TypeVar("V")
_DigestOf: TypeAlias = Callable[[str], str]
"""The digest of a file as it is now."""

FORMAT = 1
FOLDER = "NETLINT_CACHE_DIR"
"""The variable of the environment that names the folder of the caches."""
UNUSED = 60 * 86_400
"""Seconds after which the cache of a project that nobody checked is thrown away."""
_FOUNDATIONS = ("libcst", "numpy", "torch")
"""Packages whose version may change an outcome."""


@dataclass(slots=True)
class Entry:
    """The outcome of one file. `key` stands for the question, `content` for the file's bytes; `reads` and `folders` are places in the
    tables of its store."""

    key: str
    content: str
    reads: list[int]
    folders: list[int]
    outcome: Outcome


@dataclass(slots=True)
class Store:
    """The cache of one project. `files` are those that outcomes depend on with their digests, `folders` those in which they looked for
    files, with what was there. `entries` are by absolute path."""

    stamp: str
    files: list[tuple[str, str]] = field(default_factory=list)
    folders: list[tuple[str, dict[str, bool]]] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)


class Cache:
    """The caches of the projects that a run touches. `problem` says why there is none, if so."""

    def __init__(self, folder: Path | None = None) -> None:
        self.problem = ""
        self._folder = folder or default_folder()
        self._stamp = _stamp()
        self._stores: dict[Path, Store] = {}
        self._digests: dict[str, str] = {}
        self._keys: dict[int, tuple[Settings, str]] = {}

    # -- asking --------------------------------------------------------------------------------------------------------

    def recalled(self, tasks: Sequence[Task]) -> dict[int, Outcome]:
        """The outcomes that are known and still true, by the place of their task."""
        self._digests.clear()  # a fix may have written since the last time
        found: dict[int, Outcome] = {}
        views: dict[Path, _View] = {}
        for place, task in enumerate(tasks):
            if not _is_lasting(task):
                continue
            root = task.file.root
            if root not in views:
                views[root] = _View(self._store(root), self._digest)
            outcome = views[root].outcome(str(task.file.path), self._key(task))
            if outcome is not None:
                found[place] = outcome
        return found

    def keep(self, tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> None:
        """Writes down what tasks have given, beside what is known and still true."""
        fresh: dict[Path, dict[str, tuple[str, Outcome]]] = {}
        for task, outcome in zip(tasks, outcomes, strict=True):
            if _is_lasting(task) and _is_settled(outcome):
                fresh.setdefault(task.file.root, {})[str(task.file.path)] = self._key(task), outcome
        for root, made in fresh.items():
            store = self._stores[root] = _Merging(self._store(root)).store(made)
            self._write(root, store)

    def _key(self, task: Task) -> str:
        """What is asked of a file: by whom, and how the file is called."""
        known = self._keys.get(id(task.settings))
        if known is None:
            known = self._keys[id(task.settings)] = task.settings, _settings_key(task.settings)
        propose = f"{task.propose.__module__}.{task.propose.__qualname__}" if task.propose is not None else ""
        return digest("\0".join((known[1], propose, task.file.filename, str(task.file.inputs))).encode("utf-8", "surrogateescape"))

    def _digest(self, path: str) -> str:
        """The digest of a file as it is now; "" where it cannot be read."""
        if path not in self._digests:
            try:
                self._digests[path] = digest(content(Path(path)))
            except OSError:
                self._digests[path] = ""
        return self._digests[path]

    # -- files ---------------------------------------------------------------------------------------------------------

    def _path(self, root: Path) -> Path:
        name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return self._folder / f"{name}.json"

    def _store(self, root: Path) -> Store:
        if root not in self._stores:
            self._stores[root] = self._read(self._path(root)) or Store(self._stamp)
        return self._stores[root]

    def _read(self, path: Path) -> Store | None:
        try:
            if not _is_ours(self._folder):
                return None
            with path.open("rb") as file:
                if not _belongs_to_us(os.fstat(file.fileno())):
                    return None
                sum_of_data, _, data = file.read().partition(b"\n")
            if sum_of_data != digest(data).encode():
                return None
            store = msgspec.json.decode(data, type=Store)
            os.utime(path)  # it is in use: see _tidy
        except (OSError, ValueError, RecursionError):  # none yet, or a broken one
            return None
        return store if store.stamp == self._stamp else None

    def _write(self, root: Path, store: Store) -> None:
        temporary: Path | None = None
        try:
            _prepare(self._folder)
            if not _is_ours(self._folder):
                self.problem = f"no cache: `{self._folder}` is another user's, or others may write to it"
                return
            data = msgspec.json.encode(store)
            with tempfile.NamedTemporaryFile(prefix=".writing-", dir=self._folder, delete=False) as file:
                temporary = Path(file.name)
                file.write(digest(data).encode() + b"\n" + data)
            temporary.replace(self._path(root))
            temporary = None
            _tidy(self._folder)
        except (OSError, ValueError, RecursionError) as error:  # a run without a cache is slower, no more
            self.problem = f"no cache was written to `{self._folder}`: {getattr(error, 'strerror', None) or error}"
        finally:
            if temporary is not None:
                with suppress(OSError):
                    temporary.unlink()


def default_folder() -> Path:
    """Where caches stand: `NETLINT_CACHE_DIR`, or the folder that the system has for caches of this user."""
    named = os.environ.get(FOLDER)
    if named:
        return Path(named).absolute()
    from platformdirs import user_cache_path

    return user_cache_path("netlint", appauthor=False)


# -- what holds ---------------------------------------------------------------------------------------------------------


class _View:
    """A store beside the files as they are now."""

    def __init__(self, store: Store, digest_of: _DigestOf) -> None:
        self._store = store
        self._digest_of = digest_of
        self._changed: dict[int, bool] = {}
        self._moved: frozenset[int] | None = None

    def outcome(self, path: str, key: str) -> Outcome | None:
        """The outcome of a file, if everything that it depends on is as it was."""
        entry = self._store.entries.get(path)
        if entry is None or entry.key != key or entry.content != self._digest_of(path):
            return None
        if self._moved is None:
            self._moved = frozenset(place for place, (folder, there) in enumerate(self._store.folders) if _files_in(folder, there) != there)
        if not self._moved.isdisjoint(entry.folders) or any(map(self._has_changed, entry.reads)):
            return None
        return entry.outcome

    def _has_changed(self, place: int) -> bool:
        if place not in self._changed:
            path, before = self._store.files[place]
            self._changed[place] = self._digest_of(path) != before
        return self._changed[place]


def _files_in(folder: str, names: Iterable[str]) -> dict[str, bool]:
    """Which of some names are files of a folder."""
    try:
        with os.scandir(folder) as entries:
            wanted = set(names)
            files = {entry.name for entry in entries if entry.name in wanted and entry.is_file()}
    except OSError:
        files = set()
    return {name: name in files for name in names}


class _Merging:
    """A store that takes in new outcomes. What they saw is the truth: entries that saw something else go."""

    def __init__(self, before: Store) -> None:
        self._before = before
        self._files: dict[str, str] = {}
        self._folders: dict[str, dict[str, bool]] = {}
        self._disputed: set[str] = set()
        """Files and folders that were not the same for all of the new outcomes."""

    def store(self, made: dict[str, tuple[str, Outcome]]) -> Store:
        for _, outcome in made.values():
            if outcome.lookups is not None:
                self._learn(outcome.lookups)
        kept = self._kept(made.keys())
        store = Store(self._before.stamp)
        files = _Places(store.files)
        folders = _Places(store.folders)
        for path, entry in kept.items():
            reads = [files.of(*self._before.files[place]) for place in entry.reads]
            store.entries[path] = replace(entry, reads=reads, folders=[folders.of(*self._before.folders[place]) for place in entry.folders])
        for path, (key, outcome) in made.items():
            if outcome.lookups is None:
                continue
            where = {os.path.split(name)[0] for name in outcome.lookups.exists}
            if self._disputed.isdisjoint((*outcome.lookups.read, *where)):
                reads = [files.of(name, self._files[name]) for name in outcome.lookups.read]
                looked = [folders.of(folder, self._folders[folder]) for folder in sorted(where)]
                store.entries[path] = Entry(key, outcome.content, reads, looked, replace(outcome, lookups=None))
        return store

    def _learn(self, lookups: Lookups) -> None:
        for name, then in lookups.read.items():
            if self._files.setdefault(name, then) != then:
                self._disputed.add(name)
        for name, there in lookups.exists.items():
            folder, base = os.path.split(name)
            if self._folders.setdefault(folder, {}).setdefault(base, there) != there:
                self._disputed.add(folder)

    def _kept(self, made: Iterable[str]) -> dict[str, Entry]:
        """The entries before of which nothing is known to have changed; whether they are true is asked when they are needed."""
        before = self._before
        files = {place for place, (name, then) in enumerate(before.files) if self._files.get(name, then) != then}
        folders = {place for place, (folder, there) in enumerate(before.folders) if _files_in(folder, there) != there}
        for place, (folder, there) in enumerate(before.folders):
            if place not in folders:
                there.update(self._folders.get(folder, {}))
                self._folders[folder] = there
        new = set(made)
        return {
            path: entry
            for path, entry in before.entries.items()
            if path not in new and files.isdisjoint(entry.reads) and folders.isdisjoint(entry.folders) and Path(path).exists()
        }


class _Places(Generic[V]):
    """The rows of a table by name: each stands in it once."""

    def __init__(self, rows: list[tuple[str, V]]) -> None:
        self._rows = rows
        self._places: dict[str, int] = {}

    def of(self, name: str, value: V) -> int:
        if name not in self._places:
            self._places[name] = len(self._rows)
            self._rows.append((name, value))
        return self._places[name]


def _is_lasting(task: Task) -> bool:
    """Whether a task asks for what is kept: source files as a whole. Models are read each time, and pictures are not kept."""
    file = task.file
    return file.kind == "source" and file.text is None and file.network is None and task.depict is None


def _is_settled(outcome: Outcome) -> bool:
    """Whether an outcome is one that would come again: nothing failed."""
    failed = outcome.broken or outcome.problem or outcome.unread or outcome.notes
    return not failed and outcome.lookups is not None and all(one.diagnostic.code != NOT_CHECKED.code for one in outcome.candidates)


# -- what an outcome depends on besides -----------------------------------------------------------------------------------


def _settings_key(settings: Settings) -> str:
    """The settings that decide what is found in a file, with the rules that they name."""
    asked = (sorted(settings.selected), settings.options, settings.training, settings.limits, settings.rule_paths)
    rules = [_stamps(folder) for folder in settings.rule_paths]
    return digest(repr((asked, rules, _packs(settings.rule_paths))).encode("utf-8", "surrogateescape"))


def _packs(rule_paths: tuple[Path, ...]) -> list[object]:
    """The stamps of the packages that bring rules, but for the built-in ones."""
    packages = sorted({entry.origin.partition(".")[0] for entry in load(rule_paths).entries if not entry.origin.startswith(PACK)})
    return [_package(name) for name in packages if name in sys.modules and not name.startswith("netlint_rule_path")]


@lru_cache(maxsize=1)
def _stamp() -> str:
    """What all outcomes depend on: the form of the cache, netlint, Python, and the packages that netlint stands on."""
    rules = find_spec(PACK)
    assert rules is not None and rules.submodule_search_locations is not None
    own = [_stamps(folder) for folder in (Path(__file__).parents[1], *map(Path, rules.submodule_search_locations))]
    return digest(repr((FORMAT, __version__, sys.version, own, [_package(name) for name in _FOUNDATIONS])).encode())


def _package(name: str) -> object:
    """Tells one installation of a package from another, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return name, None
    path = Path(spec.origin)
    return (name, _stamps(path.parent)) if name not in _FOUNDATIONS and spec.submodule_search_locations else (name, _stamp_of(path))


def _stamps(folder: Path) -> list[object]:
    """The Python files of a folder and those below it, with their stamps."""
    return [(str(path), _stamp_of(path)) for path in sorted(folder.rglob("*.py"))]


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


# -- whose files they are ---------------------------------------------------------------------------------------------------


def _prepare(folder: Path) -> None:
    if not folder.is_absolute():
        raise OSError(0, "this user has no home")  # `~` stays what it is then
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tag = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is netlint's cache. It can be removed at any time.\n"
        (folder / "CACHEDIR.TAG").write_text(tag, encoding="ascii")


def _is_ours(folder: Path) -> bool:
    """Whether a folder is this user's, and nobody else may write to it."""
    if not hasattr(os, "geteuid"):
        return True
    status = folder.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _belongs_to_us(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _tidy(folder: Path) -> None:
    """Throws away the caches that nobody has used for long, and what an ended process has left half written."""
    now = time.time()
    for path in (*folder.glob("*.json"), *folder.glob(".writing-*")):
        with suppress(OSError):
            if now - path.stat().st_mtime > UNUSED:
                path.unlink()
