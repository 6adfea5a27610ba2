"""Notebooks (nbformat 4): the code cells as one Python module, and where in the JSON each piece of them is written."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from netlint.frontends.errors import SourceError

BOM = "\ufeff"
LINE_END = re.compile(r"\r\n|\r|\n")
"""What ends a row for Python, and only that: `splitlines` ends one at form feeds and the like too."""
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()

Span = tuple[int, int]


def line_end(text: str, offset: int) -> str:
    """The line end that a text uses at a place: that of its row, or of the one before."""
    after = LINE_END.search(text, offset)
    if after is not None:
        return after[0]
    before = LINE_END.findall(text, 0, offset)
    return before[-1] if before else "\n"


@dataclass(frozen=True, slots=True)
class Literal:
    """A string of the JSON text: what it says, and where it stands, with its quotes."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell. Its source is written as a list of strings (`start` to `end`, with the brackets), or as a single one."""

    literals: tuple[Literal, ...]
    start: int
    end: int
    first: int
    """Its first row in the module."""
    python: tuple[str, ...]
    """Its rows in the module."""
    foreign: frozenset[int]
    """The rows of the module that stand for lines of the cell that are no Python."""

    @property
    def text(self) -> str:
        return "".join(literal.value for literal in self.literals)

    @property
    def row_starts(self) -> list[int]:
        """Where each row begins in the cell's text."""
        return [0, *(match.end() for match in LINE_END.finditer(self.text))]

    @property
    def literal_starts(self) -> list[int]:
        """Where each literal begins in the cell's text."""
        return list(accumulate((len(literal.value) for literal in self.literals[:-1]), initial=0))


@dataclass(frozen=True, slots=True)
class Notebook:
    """The JSON text of a notebook (`marked`: behind a byte order mark), and its code cells."""

    text: str
    marked: bool
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, data: bytes) -> Notebook:
        """Raises SourceError for bytes that are no notebook."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise SourceError(f"this notebook is not UTF-8: {error.reason} at byte {error.start}") from error
        marked = text.startswith(BOM)
        text = text.removeprefix(BOM)
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise SourceError(f"this notebook is not JSON: {error.msg}", error.lineno, error.colno) from error
        except RecursionError as error:
            raise SourceError("this notebook is not JSON that can be read: it is nested too deeply") from error
        _check(content)
        return cls(text, marked, tuple(_cells(text, content)))

    @property
    def module(self) -> str:
        """The code cells as one Python module."""
        return "".join(f"{row}\n" for cell in self.cells for row in cell.python)

    @property
    def lines(self) -> tuple[int, ...]:
        """For each row of the module the line of the file in which it is written."""
        ends = [match.end() for match in re.finditer(r"\n", self.text)]
        return tuple(bisect_right(ends, at) + 1 for cell in self.cells for at in _rows_in_json(cell))


def _rows_in_json(cell: Cell) -> list[int]:
    """For each row of a cell the place of the literal that it begins in."""
    starts = cell.literal_starts
    if not cell.literals:
        return [cell.start for _ in cell.python]
    return [cell.literals[bisect_right(starts, at) - 1].start for at in cell.row_starts[: len(cell.python)]]


def _check(content: Any) -> None:
    """Raises SourceError for JSON that is no notebook of format 4."""
    wrong = "this JSON is not a notebook: "
    if isinstance(content, dict) and "worksheets" in content:
        raise SourceError("this notebook has the format of before 2014: `jupyter nbconvert --to notebook` brings it up to date")
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise SourceError(f"{wrong}no 'cells' where a notebook has it")
    for cell in cells:
        if not isinstance(cell, dict) or "cell_type" not in cell:
            raise SourceError(f"{wrong}no 'cell_type' where a notebook has it")
        source = cell.get("source") if cell["cell_type"] == "code" else ""
        if not isinstance(source, str) and not (isinstance(source, list) and all(isinstance(part, str) for part in source)):
            raise SourceError(f"{wrong}no 'source' where a notebook has it")


def _cells(text: str, content: Any) -> list[Cell]:
    python = _is_python(content)
    found: list[Cell] = []
    row = 1
    start, _ = _members(text, _skipped(text, 0))["cells"]
    for (at, _), cell in zip(_elements(text, start), content["cells"], strict=True):
        if cell["cell_type"] != "code":
            continue
        span = _members(text, at)["source"]
        places = _elements(text, span[0]) if isinstance(cell["source"], list) else [span]
        values = cell["source"] if isinstance(cell["source"], list) else [cell["source"]]
        literals = tuple(Literal(value, *place) for value, place in zip(values, places, strict=True))
        rows, foreign = python_rows("".join(values), python)
        found.append(Cell(literals, *span, row, tuple(rows), frozenset(row + number for number in foreign)))
        row += len(rows)
    return found


def _is_python(content: Any) -> bool:
    """Whether the kernel of a notebook runs Python; so it is where nothing is said."""
    metadata = content.get("metadata")
    told = [metadata.get(key) for key in ("language_info", "kernelspec")] if isinstance(metadata, dict) else []
    names = [one.get(key) for one, key in zip(told, ("name", "language"), strict=False) if isinstance(one, dict)]
    language = next((name for name in names if isinstance(name, str)), "python")
    return "python" in language.lower()


# -- places in JSON that is known to be well formed ------------------------------------------------------------------------


def _members(text: str, start: int) -> dict[str, Span]:
    """Where the values of an object's members stand; as in `json`, the last of one name counts."""
    found = {}
    at = _skipped(text, start + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skipped(text, _skipped(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        found[name] = (at, end)
        at = _behind_comma(text, end)
    return found


def _elements(text: str, start: int) -> list[Span]:
    """Where the elements of an array stand."""
    found = []
    at = _skipped(text, start + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        found.append((at, end))
        at = _behind_comma(text, end)
    return found


def _behind_comma(text: str, at: int) -> int:
    at = _skipped(text, at)
    return _skipped(text, at + 1) if text[at] == "," else at


def _skipped(text: str, at: int) -> int:
    """The place behind white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


# -- what is no Python -----------------------------------------------------------------------------------------------------

_PYTHON_MAGICS = ("time", "timeit", "capture", "prun")
"""Cell magics whose cell is Python all the same."""
_CELL_MAGIC = re.compile(r"%%(\w*)")
_LINE_MAGIC = re.compile(r"(\s*)(?:[%!?]|[\w.]+\?{1,2}\s*$)")
_ASSIGNED = re.compile(r"(\s*[^\W\d][\w.]*(?:\s*,\s*[^\W\d][\w.]*)*\s*=\s*)[!%]")
"""`files = !ls`, `result = %timeit -o f()`: some value, as far as Python is concerned."""
_TOKEN = re.compile(r"""(?P<quote>\"{3}|'{3}|"|')|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comment>#)""")
_IN_STRING = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in ('"""', "'''", '"', "'")}


def python_rows(cell: str, is_python: bool = True) -> tuple[list[str], list[int]]:
    """The rows of a cell as Python, and the numbers (from 0) of those that are not: magics, lines for the shell, and questions become
    statements that do nothing, as does all of a cell in another language."""
    lines = LINE_END.split(cell)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    magic = _CELL_MAGIC.match(lines[first])
    if not is_python or (magic and magic[1] not in _PYTHON_MAGICS):
        return ["pass"] * len(lines), list(range(len(lines)))
    rows: list[str] = []
    foreign: list[int] = []
    state = _Statement()
    for number, line in enumerate(lines):
        continued = bool(foreign) and foreign[-1] == number - 1 and number > 0 and lines[number - 1].endswith("\\")
        replacement = (rows[-1] if continued else _replacement(line)) if state.begins else None
        if replacement is None:
            state.read(line)
        else:
            foreign.append(number)
        rows.append(line if replacement is None else replacement)
    return rows, foreign


def _replacement(line: str) -> str | None:
    """What stands for a line that IPython does not hand to Python as it is; None for any other."""
    if assigned := _ASSIGNED.match(line):
        return f"{assigned[1]}get_ipython()"
    if shell := _LINE_MAGIC.match(line):
        return f"{shell[1]}pass"
    return None


@dataclass(slots=True)
class _Statement:
    """How far a statement goes: whether a line begins one, or stands within brackets or a string, where `%` and `!` are Python's."""

    depth: int = 0
    quote: str = ""
    continued: bool = False

    @property
    def begins(self) -> bool:
        return not (self.depth or self.quote or self.continued)

    def read(self, line: str) -> None:
        at = 0
        comment = False
        while not comment and (match := (_IN_STRING[self.quote] if self.quote else _TOKEN).search(line, at)):
            at = match.end()
            if self.quote:
                self.quote = "" if match[0] == self.quote else self.quote
                continue
            self.quote = match["quote"] or ""
            self.depth = max(self.depth + bool(match["open"]) - bool(match["close"]), 0)
            comment = bool(match["comment"])
        self.continued = line.endswith("\\") and not comment
        if len(self.quote) == 1 and not self.continued:
            self.quote = ""  # Python will complain of it; the next line is one again
