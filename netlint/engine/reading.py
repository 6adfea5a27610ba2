"""From a file to graphs: bytes to text, notebooks to one module, then the front end."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from netlint.engine.errors import NetlintError
from netlint.engine.spelling import hint
from netlint.engine.targets import InputFile
from netlint.frontends.errors import SourceError

if TYPE_CHECKING:
    from netlint.frontends.source.project import Project
    from netlint.graph import Graph, Shape

_SHELL = re.compile(r"^(\s*)(?:[%!?]|[\w.]+\?{1,2}\s*$)")
FEW = 8
"""Names that are listed in full in an error."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file. For a notebook, `cells` holds the first row of each code cell in that text."""

    text: str
    cells: tuple[int, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The text by rows, split as Python does (and not at form feeds and the like, as `splitlines` does)."""
        return _LINE_END.split(self.text)

    def cell_of(self, row: int) -> tuple[int, int] | None:
        """The number of the code cell that holds a row, and the row within it, both from 1; None outside notebooks."""
        number = bisect_right(self.cells, row)
        return (number, row - self.cells[number - 1] + 1) if number else None


def read(file: InputFile) -> Source:
    """The text of a file. Raises SourceError when it cannot be opened or is not what its name says."""
    try:
        data = file.text if file.text is not None else file.path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read the file: {error.strerror or error}") from error
    return _notebook(data) if file.path.suffix == ".ipynb" else Source(_decoded(data))


def graphs(file: InputFile, source: Source, inputs: tuple[Shape, ...] = ()) -> list[Graph]:
    """The networks of a file. Raises SourceError on a syntax error, NetlintError when it does not have the network that was asked for."""
    if file.network is None:
        return _read_source(file, source, None, inputs)
    try:
        found = _read_source(file, source, file.network, inputs)
    except SourceError:
        found = []
    if not found:
        raise NetlintError(_no_such_network(file, [graph.name for graph in _read_source(file, source, None, ())]))
    return found


def _read_source(file: InputFile, source: Source, network: str | None, inputs: tuple[Shape, ...]) -> list[Graph]:
    from netlint.frontends.source import read as read_source

    return read_source(source.text, file.filename, project=_project(file.root), network=network, inputs=inputs).graphs


def _no_such_network(file: InputFile, names: list[str]) -> str:
    """A sentence that names the networks the file does have."""
    found = f"; it has {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= FEW else hint(file.network or "", names)
    return f"`{file.filename}` has no network `{file.network}`{found}"


def networks_of(file: InputFile, inputs: tuple[Shape, ...] = ()) -> list[Graph]:
    """The networks of a file. Raises NetlintError, with the place, when it cannot be read or does not have the network."""
    forget()
    try:
        return graphs(file, read(file), inputs)
    except SourceError as error:
        raise NetlintError(f"{file.filename}:{error.row}:{error.column}: {error.message}") from error


def forget() -> None:
    """Lets go of what is known of imported files: they may have changed since the last run of this process."""
    _project.cache_clear()


@lru_cache(maxsize=4)
def _project(root: Path) -> Project:
    from netlint.frontends.source import Project

    return Project(root)


def _decoded(data: bytes) -> str:
    from netlint.frontends.source.project import decode

    return decode(data)


def _notebook(data: bytes) -> Source:
    """The code cells of a notebook as one module; lines for the shell and cells in other languages become empty statements."""
    try:
        cells = json.loads(data.decode("utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except UnicodeDecodeError as error:
        raise SourceError(f"this notebook is not UTF-8: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise SourceError(f"this notebook is not JSON: {error.msg}", error.lineno, error.colno) from error
    except (KeyError, TypeError) as error:
        raise SourceError(f"this JSON is not a notebook: no {error} where a notebook has it") from error
    lines: list[str] = []
    starts: list[int] = []
    for cell in code:
        starts.append(len(lines) + 1)
        lines.extend(_cell_lines(cell))
    return Source("\n".join(lines) + "\n", tuple(starts))


def _cell_lines(cell: str) -> list[str]:
    lines = cell.splitlines() or [""]
    if lines[0].startswith("%%") and not lines[0].startswith(_PYTHON_MAGICS):
        return ["pass"] * len(lines)
    return [f"{shell[1]}pass" if (shell := _SHELL.match(line)) else line for line in lines]
