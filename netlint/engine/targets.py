"""From what the user names to the files to check."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from netlint.engine.errors import NetlintError
from netlint.engine.patterns import Patterns
from netlint.engine.spelling import hint
from netlint.frontends.files import content, unlike_a_file

SOURCES = (".py", ".ipynb")
SUFFIXES = (*SOURCES, ".onnx")
PROGRAMS = (".pt2",)
"""Exported programs: read when they are named, and through torch."""
WEIGHTS = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".safetensors")
DEFAULT_EXCLUDES = (
    "__pycache__",
    "__pypackages__",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".netlint_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
_ROOT_MARKERS = ("pyproject.toml", "netlint.toml", "setup.py", "setup.cfg", ".git")
_PICKED = re.compile(r"(?P<path>.*\.(?:py|ipynb)):(?P<name>[^:/\\]*)", re.DOTALL)
_LIVE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True)
class ExampleInput:
    """The shape and type of one argument of a network's forward; `float32` is the type where none is given."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{','.join(map(str, self.shape))}:{self.dtype}"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One thing to read: a file, a live network, or a model that is at hand.

    `filename` is its name as the user gave it, `network` the one network of a source file that was asked for, `text` its bytes
    where they did not come from a file, `root` the folder of the project it stands in, `inputs` what forward is called with.
    `live` is a `package.module:name`, which has to be imported and run; `model` an `nn.Module` or `onnx.ModelProto` given by the caller,
    with the arguments `example_inputs` of its forward.
    """

    filename: str
    path: Path
    root: Path
    network: str | None = None
    text: bytes | None = None
    inputs: tuple[ExampleInput, ...] = ()
    live: str = ""
    model: object = None
    example_inputs: object = None
    walked: bool = False
    """Found in a folder, not named."""

    @property
    def kind(self) -> Literal["source", "module", "onnx"]:
        """Which front end reads it."""
        if self.live or self.path.suffix in PROGRAMS or (self.model is not None and not hasattr(self.model, "opset_import")):
            return "module"
        return "onnx" if self.model is not None or self.path.suffix == ".onnx" else "source"

    @property
    def is_program(self) -> bool:
        """An archive of an exported program."""
        return self.path.suffix in PROGRAMS and not self.live and self.model is None

    @property
    def size(self) -> int:
        """Bytes; 0 for what cannot be looked at."""
        try:
            return len(self.text) if self.text is not None else self.path.stat().st_size
        except OSError:
            return 0

    @property
    def project_name(self) -> str:
        """The file's path within its project, the same on every machine."""
        try:
            return self.path.relative_to(self.root).as_posix()
        except ValueError:
            return self.path.name


Excludes = Callable[[Path, bool], bool]
"""Whether the user's settings exclude a path; the second argument says that it is a folder."""


Stray = Callable[[Path], None]
"""Hears of the links in folders that lead out of their project."""


def _nothing_excluded(path: Path, is_folder: bool) -> bool:
    return False


def _nobody_asks(path: Path) -> None:
    pass


def collect(targets: Iterable[str], excludes: Excludes, stray: Stray = _nobody_asks) -> tuple[list[InputFile], list[str]]:
    """The files of all targets, each once, and a sentence for each target that is none."""
    files: dict[tuple[Path, str | None], InputFile] = {}
    problems: list[str] = []
    for target in targets:
        try:
            for file in _files_of(target, excludes, stray):
                files.setdefault((file.path, file.network), file)
        except NetlintError as error:
            problems.append(str(error))
    return list(files.values()), problems


def given_model(model: object) -> InputFile:
    """A live `nn.Module` or an `onnx.ModelProto` that the caller has."""
    name = type(model).__name__
    return InputFile(name, Path.cwd() / name, project_root(Path.cwd()), model=model)


def single(target: str) -> InputFile:
    """The one thing that a target names, with the network in it if one is picked. Raises NetlintError for a folder too."""
    if Path(target).is_dir():
        raise NetlintError(f"`{target}` is a folder: name one file of it, or one network as FILE.py:NAME")
    return next(_files_of(target, _nothing_excluded, _nobody_asks))


def standard_input(text: bytes, filename: str) -> InputFile:
    """Source that came on stdin under a file name (which need not exist)."""
    path = Path(filename).absolute()
    return InputFile(filename, path, project_root(path.parent), text=text)


def _files_of(target: str, excludes: Excludes, stray: Stray) -> Iterator[InputFile]:
    try:
        path = Path(target)
        if path.is_dir():
            yield from _files_in(path, excludes, stray)
        else:
            yield _named(target, path)
    except OSError as error:  # a folder above it may not be entered, or its name is too long
        raise NetlintError(f"`{target}` cannot be looked at: {error.strerror or error}") from error


def _files_in(folder: Path, excludes: Excludes, stray: Stray) -> Iterator[InputFile]:
    """The files of a folder. Who sends a folder may put links into it: what lies outside is neither read for them nor fixed."""
    root = project_root(folder.absolute())
    home = (_repository(folder.absolute()) or root).resolve()
    for found in walk(folder, excludes):
        if found.is_symlink() and home not in found.resolve().parents:
            stray(found)
        else:
            yield InputFile(str(found), found.absolute(), root, walked=True)


def _named(target: str, path: Path) -> InputFile:
    """What a target names that is no folder."""
    network = None
    picked = _PICKED.fullmatch(target)
    if picked and not path.exists():
        path, network = Path(picked["path"]), picked["name"]
        if not network.isidentifier():
            raise NetlintError(f"`{target}`: after the colon stands the name of a class, a function or a variable, not `{network}`")
    if not path.exists() and path.suffix not in SUFFIXES and _LIVE.fullmatch(target):
        return InputFile(target, Path.cwd() / target, project_root(Path.cwd()), live=target)
    _refuse_unsupported(target, path)
    return InputFile(str(path), path.absolute(), project_root(path.absolute().parent), network)


def _refuse_unsupported(target: str, path: Path) -> None:
    """Raises NetlintError, with what to do instead, for a target that cannot be read or does not exist."""
    if not path.exists():
        nowhere = f"`{path}` is a link that leads nowhere" if path.is_symlink() else ""
        raise NetlintError(nowhere or f"no such file or folder: `{path}`{_neighbour(path)}")
    kind = unlike_a_file(path.stat())
    if kind:
        raise NetlintError(f"`{path}` is {kind}, not a file")
    if path.suffix in WEIGHTS:
        raise NetlintError(
            f"`{target}`: a file of weights holds no network, and unpickling it could run anything. "
            "Check the source, `package.module:name`, an ONNX export (.onnx) or an exported program (.pt2)"
        )
    if path.suffix not in (*SUFFIXES, *PROGRAMS):
        raise NetlintError(f"`{target}`: not a kind of file that netlint reads (folders, {', '.join((*SUFFIXES, *PROGRAMS))})")


def _neighbour(path: Path) -> str:
    try:
        names = [str(path.with_name(entry.name)) for entry in path.parent.iterdir() if entry.is_dir() or entry.suffix in SUFFIXES]
    except (OSError, ValueError):
        return ""
    return hint(str(path), sorted(names))


@lru_cache(maxsize=1024)
def project_root(folder: Path) -> Path:
    """The nearest folder upwards that has a project file or a repository; the folder itself where there is none."""
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in _ROOT_MARKERS):
            return candidate
    return folder


# -- folders ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ignore:
    """Patterns as in `.gitignore`, relative to a folder."""

    folder: Path
    patterns: Patterns

    def decides(self, path: Path, is_folder: bool) -> bool | None:
        """True if ignored, False if a pattern takes it back in, None if no pattern speaks of it."""
        try:
            name = path.relative_to(self.folder).as_posix()
        except ValueError:
            return None
        return self.patterns.decides(f"{name}/" if is_folder else name)


def walk(folder: Path, excludes: Excludes = _nothing_excluded) -> Iterator[Path]:
    """The readable files below a folder in a fixed order: without what git ignores, environments, caches and `excludes`."""
    above = _ignores_above(folder.absolute())
    if _ignored(folder.absolute(), True, above):
        above = []  # the user asks for this folder by name
    yield from _walk(folder, above, excludes)


def _walk(folder: Path, above: list[_Ignore], excludes: Excludes) -> Iterator[Path]:
    open_folders = [_listed(folder, above)]  # no recursion: folders may stand in each other a thousand times
    while open_folders:
        entries, ignores = open_folders[-1]
        entry = next(entries, None)
        if entry is None:
            open_folders.pop()
            continue
        kind = _kind(entry)
        if kind is None or _ignored(entry.absolute(), kind == "folder", ignores) or excludes(entry.absolute(), kind == "folder"):
            continue
        if kind == "folder":
            open_folders.append(_listed(entry, ignores))
        else:
            yield entry


def _listed(folder: Path, above: list[_Ignore]) -> tuple[Iterator[Path], list[_Ignore]]:
    """The entries of a folder, in order, and what is ignored among them."""
    try:
        return iter(sorted(folder.iterdir())), [*above, *_gitignore(folder.absolute())]
    except OSError:  # a folder that may not be listed is like one that git ignores
        return iter(()), above


def is_excluded(path: Path, root: Path, excludes: Excludes) -> bool:
    """Whether the walk of its project, which is at `root`, would leave a file out: for a folder that it stands in, or by the user's
    settings. What git ignores is not asked for."""
    return any(_is_passed_by(folder) for folder in path.parents if root in folder.parents) or excludes(path, False)


def _is_passed_by(folder: Path) -> bool:
    """Whether a folder is an environment, a cache or the like."""
    return folder.name in DEFAULT_EXCLUDES or (folder / "pyvenv.cfg").exists()


def _kind(entry: Path) -> Literal["folder", "file"] | None:
    """What an entry of a folder is to a walk; None for what is passed by, as it is when it may not be looked at."""
    try:
        if entry.is_dir() and not entry.is_symlink():
            return None if _is_passed_by(entry) else "folder"
        return "file" if entry.suffix in SUFFIXES and entry.is_file() else None
    except OSError:
        return None


def _ignored(path: Path, is_folder: bool, ignores: list[_Ignore]) -> bool:
    """The innermost `.gitignore` that speaks of a path decides."""
    decisions = (ignore.decides(path, is_folder) for ignore in reversed(ignores))
    return next((decision for decision in decisions if decision is not None), False)


def _ignores_above(folder: Path) -> list[_Ignore]:
    """The `.gitignore` files between the repository's root and a folder, outermost first; none outside a repository."""
    repository = _repository(folder)
    if repository is None or repository == folder:
        return []
    between = [parent for parent in folder.parents if parent == repository or repository in parent.parents]
    return [ignore for parent in reversed(between) for ignore in _gitignore(parent)]


def _repository(folder: Path) -> Path | None:
    """The top of the repository that a folder stands in."""
    return next((candidate for candidate in (folder, *folder.parents) if (candidate / ".git").exists()), None)


def _gitignore(folder: Path) -> list[_Ignore]:
    path = folder / ".gitignore"
    try:
        return [_Ignore(folder, Patterns.of(content(path).decode("utf-8", "replace").splitlines(), str(path)))]
    except (OSError, ValueError):  # none, or one with a pattern that git would not take either
        return []
