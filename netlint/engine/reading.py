"""From a file to graphs: bytes to text, notebooks to one module, then the front end."""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netlint.engine.bounds import OutOfBounds, bounds, reason
from netlint.engine.errors import MissingExtra, NetlintError
from netlint.engine.notebook import LINE_END, Notebook
from netlint.engine.spelling import hint
from netlint.engine.targets import InputFile
from netlint.frontends.decoding import decode
from netlint.frontends.errors import InputError, SourceError
from netlint.frontends.files import content
from netlint.frontends.limits import USUAL, Limits
from netlint.frontends.reading import Reading, digest

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

    from netlint.frontends.source.project import Project

FEW = 8
"""Names that are listed in full in an error."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file. For a notebook, `cells` holds the first row of each code cell in that text, `file_rows` the line of the file
    that each row is written in, and `foreign` the rows that stand for what is no Python: magics, lines for the shell. `digest` is that of
    the file's bytes."""

    text: str
    cells: tuple[int, ...] = ()
    file_rows: tuple[int, ...] = ()
    foreign: frozenset[int] = frozenset()
    digest: str = ""

    @property
    def lines(self) -> list[str]:
        """The text by rows, split as Python does (and not at form feeds and the like, as `splitlines` does)."""
        return LINE_END.split(self.text)

    def file_row(self, row: int) -> int:
        """The line of the file that a row is written in."""
        return self.file_rows[min(row, len(self.file_rows)) - 1] if self.file_rows else row

    def cell_of(self, row: int) -> tuple[int, int] | None:
        """The number of the code cell that holds a row, and the row within it, both from 1; None outside notebooks."""
        number = bisect_right(self.cells, row)
        return (number, row - self.cells[number - 1] + 1) if number else None


def read(file: InputFile) -> Source:
    """The text of a file, empty for a model. Raises SourceError when it cannot be opened or is not what its name says."""
    if file.kind != "source":
        return Source("")
    try:
        data = file.text if file.text is not None else content(file.path)
    except OSError as error:
        raise SourceError(f"cannot read the file: {error.strerror or error}") from error
    return _notebook(data) if file.path.suffix == ".ipynb" else Source(decode(data), digest=digest(data))


def refuse_large(file: InputFile, limits: Limits) -> None:
    """Raises SourceError for source that is not read because of its size."""
    if file.kind == "source" and file.size > limits.file_size:
        raise SourceError(f"the file has {file.size:,} bytes, and `limits.file-size` allows {limits.file_size:,}")


def graphs(file: InputFile, source: Source, limits: Limits = USUAL) -> Reading:
    """The networks of a file or model. Raises SourceError when it cannot be read, NetlintError when it does not have the network that
    was asked for, when a live model cannot be made or run, or when an extra is missing."""
    if file.kind == "source":
        with _within(limits):
            return _read_source(file, source, limits)
    return _read_module(file) if file.kind == "module" else _read_onnx(file)


@contextmanager
def _within(limits: Limits) -> Iterator[None]:
    """What takes too long, or too much memory, cannot be read."""
    try:
        with bounds(limits.seconds, limits.memory):
            yield
    except (OutOfBounds, MemoryError) as error:
        forget()  # what was being read is in no good state
        gc.collect()
        raise SourceError(reason(error, limits)) from error


# -- the three front ends ------------------------------------------------------------------------------------------------


def _read_source(file: InputFile, source: Source, limits: Limits) -> Reading:
    if file.network is None:
        return _source_graphs(file, source, limits)
    reason = ""
    try:
        found = _source_graphs(file, source, limits, file.network)
    except SourceError as error:
        found, reason = Reading(), error.message
    if not found.graphs:
        raise NetlintError(_no_such_network(file, reason, [graph.name for graph in _source_graphs(file, source, limits).graphs]))
    return found


def _source_graphs(file: InputFile, source: Source, limits: Limits, network: str | None = None) -> Reading:
    from netlint.frontends.source import read as read_source

    inputs = tuple(example.shape for example in file.inputs)
    return read_source(source.text, file.filename, project=_project(file.root), network=network, inputs=inputs, limits=limits)


def _no_such_network(file: InputFile, reason: str, names: list[str]) -> str:
    """A sentence that says why a network could not be had, and names those that the file does have."""
    if file.network in names or (reason and "defines no" not in reason):
        return f"{file.filename}: {reason}"
    found = f"; it has {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= FEW else hint(file.network or "", names)
    return f"`{file.filename}` has no network `{file.network}`{found}"


def _read_module(file: InputFile) -> Reading:
    _require("torch", file, "a live model or an exported program")
    from netlint.frontends import module

    with _named(file):
        if file.is_program:
            return module.read_program(file.path)
        model, example_inputs = live_model(file)
        return module.read(model, name=file.live.rpartition(":")[2] or None, example_inputs=example_inputs)


def live_model(file: InputFile) -> tuple[nn.Module, Any]:
    """The live network of a target, and the arguments of its forward (None: to be guessed). Raises NetlintError if there is none."""
    _require("torch", file, "a live model")
    import torch

    from netlint.frontends import module

    with _named(file):
        inputs = tuple(torch.zeros(shape, dtype=dtype) for shape, dtype in (module.parse_input(str(example)) for example in file.inputs))
        model = module.load(file.live) if file.live else file.model
        return model, file.example_inputs if file.example_inputs is not None else inputs or None  # type: ignore[return-value]


@contextmanager
def _named(file: InputFile) -> Iterator[None]:
    """What a model's front end refuses is an error that names the target."""
    try:
        yield
    except InputError as error:
        raise NetlintError(str(error) if str(error).startswith(f"`{file.filename}`") else f"`{file.filename}`: {error}") from error


def _read_onnx(file: InputFile) -> Reading:
    _require("onnx", file, "an ONNX model")
    from netlint.frontends import onnx

    try:
        shapes = tuple(example.shape for example in file.inputs)
        return onnx.read(file.model if file.model is not None else file.path, filename=file.filename, inputs=shapes)  # type: ignore[arg-type]
    except InputError as error:
        raise SourceError(str(error)) from error


def onnx_model(file: InputFile) -> ModelProto:
    """The whole ONNX model of a target, without what lies in other files. Raises NetlintError if it cannot be read."""
    _require("onnx", file, "an ONNX model")
    from netlint.frontends import onnx

    with _named(file):
        return file.model if file.model is not None else onnx.load_whole(file.path)  # type: ignore[return-value]


def _require(package: str, file: InputFile, what: str) -> None:
    if not installed(package):
        raise MissingExtra(f"`{file.filename}`: reading {what} needs the extra `{package}` (netlint-nn[{package}])")


def installed(package: str) -> bool:
    """Whether a package can be imported, found out without importing it."""
    return find_spec(package) is not None


def reading_of(file: InputFile, limits: Limits = USUAL) -> Reading:
    """The networks of a file or model. Raises NetlintError, with the place, when it cannot be read or does not have the network."""
    forget()
    try:
        refuse_large(file, limits)
        return graphs(file, read(file), limits)
    except SourceError as error:
        raise NetlintError(f"{file.filename}:{error.row}:{error.column}: {error.message}") from error


def forget() -> None:
    """Lets go of what is known of imported files: they may have changed since the last run of this process."""
    _project.cache_clear()


@lru_cache(maxsize=2)
def _project(root: Path) -> Project:
    from netlint.frontends.source import Project

    return Project(root)


def _notebook(data: bytes) -> Source:
    """The code cells of a notebook as one module."""
    notebook = Notebook.of(data)
    foreign = frozenset().union(*(cell.foreign for cell in notebook.cells))
    return Source(notebook.module, tuple(cell.first for cell in notebook.cells), notebook.lines, foreign, digest(data))
