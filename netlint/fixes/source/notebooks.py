"""Edits put into the JSON of a notebook: the strings of the cells that change, and nothing else.

Within such a string what is not changed keeps its escapes. Execution counts and outputs stay as they are.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from netlint.engine.diagnostic import Edit, Position
from netlint.engine.notebook import BOM, Cell, Notebook, line_end
from netlint.engine.reading import Source
from netlint.frontends.errors import SourceError

_UNIT = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)
"""One character of a string, as JSON writes it."""
_LINE = re.compile(r"(?:(?!\\n)(?:\\.|[^\\]))*(?:\\n|\Z)", re.DOTALL)
_ESCAPED = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
SPANS_CELLS = "it would reach from one cell of the notebook into another"
FOREIGN = "a line that is no Python (a magic, a command for the shell) stands in its way"


def objection(edit: Edit, source: Source) -> str:
    """Why an edit cannot be written into a notebook; empty for one that can, and for any other file."""
    last = edit.end_location.row
    if edit.end_location.column == 1 and last > edit.location.row:
        last -= 1  # up to the end of the line before
    start, end = source.cell_of(edit.location.row), source.cell_of(last)
    if start is None or end is None:
        return ""
    if start[0] != end[0]:
        return SPANS_CELLS
    touched = source.foreign.intersection(range(edit.location.row, last + 1))
    first = source.cells[start[0] - 1]
    behind = source.cells[start[0]] if start[0] < len(source.cells) else len(source.lines)
    only_foreign = source.foreign.issuperset(range(first, behind))
    return FOREIGN if touched and (only_foreign or not _new_line_behind(edit)) else ""


def _new_line_behind(edit: Edit) -> bool:
    return edit.location == edit.end_location and edit.content.startswith("\n") and edit.location.column > 1


@dataclass(frozen=True)
class NotebookDocument:
    """A notebook whose code cells are one text, as `netlint.fixes.source.applying.Document` is for a file of Python."""

    notebook: Notebook
    encoding = "utf-8"

    @classmethod
    def of(cls, source: bytes) -> NotebookDocument:
        """Raises SourceError for bytes that are no notebook."""
        return cls(Notebook.of(source))

    @cached_property
    def text(self) -> str:
        """The code cells as one module."""
        return self.notebook.module

    def with_edits(self, edits: Sequence[Edit]) -> bytes:
        """The notebook with edits made that do not overlap, in the order of the text. Raises SourceError for one that is not within a
        cell."""
        changes: dict[int, list[tuple[int, int, str]]] = {}
        for edit in edits:
            number, change = self._in_cell(edit)
            changes.setdefault(number, []).append(change)
        pieces: list[str] = []
        done = 0
        for number, found in sorted(changes.items()):
            cell = self.notebook.cells[number]
            pieces += [self.notebook.text[done : cell.start], _Rewriting(self.notebook.text, cell).source(found)]
            done = cell.end
        text = "".join([*pieces, self.notebook.text[done:]])
        return ((BOM if self.notebook.marked else "") + text).encode(self.encoding)

    def _in_cell(self, edit: Edit) -> tuple[int, tuple[int, int, str]]:
        """The number of the cell that an edit changes (from 0), and the change: a range of the cell's text, and what goes there."""
        cells = self.notebook.cells
        number = bisect_right([cell.first for cell in cells], edit.location.row) - 1
        if number < 0:
            raise SourceError("the notebook has no code cell")
        start, end = self._offset(number, edit.location), self._offset(number, edit.end_location)
        behind = number + 1 < len(cells) and edit.end_location.row >= cells[number + 1].first
        if behind and edit.end_location != Position(cells[number + 1].first, 1):
            raise SourceError(SPANS_CELLS)
        return number, (start, end, edit.content)

    def _offset(self, number: int, position: Position) -> int:
        """The character of a position in the text of a cell; its end for what lies behind it."""
        cell = self.notebook.cells[number]
        row = position.row - cell.first
        if row >= len(cell.python):
            return len(cell.text)
        starts = cell.row_starts
        if position.row in cell.foreign and position.column > 1:  # the end of what stands for the line
            return (starts[row + 1] if row + 1 < len(starts) else len(cell.text)) - len(_line_end_at(cell.text, starts, row))
        return min(starts[row] + position.column - 1, len(cell.text))


def _line_end_at(text: str, starts: Sequence[int], row: int) -> str:
    line = text[starts[row] : starts[row + 1] if row + 1 < len(starts) else len(text)]
    return line[len(line.rstrip("\r\n")) :]


class _Rewriting:
    """The JSON of one cell's source, anew."""

    def __init__(self, text: str, cell: Cell) -> None:
        self._json = text
        self._cell = cell
        self._raw = [text[literal.start + 1 : literal.end - 1] for literal in cell.literals]
        self._starts = cell.literal_starts

    def source(self, changes: Sequence[tuple[int, int, str]]) -> str:
        """What stands between the cell's `start` and `end` then. The changes are in the order of the text."""
        listed = self._json[self._cell.start] == "["
        if not listed or not self._raw:
            return self._single(changes) if not listed else f"[{', '.join(self._quoted(_lines(self._written(changes[0][2]))))}]"
        groups = self._groups(changes)
        indent, gaps, tail = self._white_space()
        written: list[tuple[str, str]] = []
        for first, last, inside in groups:
            bodies = self._bodies(first, last, inside)
            usual = gaps[first] or (gaps[1] if len(gaps) > 1 else f",{indent or ' '}")
            written += [(usual if number else gaps[first] or usual, body) for number, body in enumerate(self._quoted(bodies))]
        if not written:
            return "[]"
        return "".join(["[", indent, written[0][1], *(gap + body for gap, body in written[1:]), tail])

    def _single(self, changes: Sequence[tuple[int, int, str]]) -> str:
        return f'"{self._changed(0, 0, changes)}"'

    def _groups(self, changes: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, list[tuple[int, int, str]]]]:
        """The literals one by one, and those together that a change concerns (first, last, the changes within)."""
        touched = [
            (self._literal(start), self._literal(end, closing=end > start), (start, end, content)) for start, end, content in changes
        ]
        groups: list[tuple[int, int, list[tuple[int, int, str]]]] = []
        number = 0
        while number < len(self._raw):
            last, inside = number, []
            while touched and touched[0][0] <= last:
                _, until, change = touched.pop(0)
                last = max(last, until)
                inside.append(change)
                if self._by_lines and last + 1 < len(self._raw) and not self._changed(number, last, inside).endswith("\\n"):
                    last += 1 if self._changed(number, last, inside) else 0  # the line goes on in the next literal
            groups.append((number, last, inside))
            number = last + 1
        return groups

    @cached_property
    def _by_lines(self) -> bool:
        """Whether each literal is a line, as notebooks are usually written."""
        literals = self._cell.literals
        return all("\n" not in one.value[:-1] for one in literals) and all(one.value.endswith("\n") for one in literals[:-1])

    def _bodies(self, first: int, last: int, changes: Sequence[tuple[int, int, str]]) -> list[str]:
        """What the literals from `first` to `last` become."""
        if not changes:
            return self._raw[first : last + 1]
        changed = self._changed(first, last, changes)
        return _lines(changed) if self._by_lines else [changed]

    def _changed(self, first: int, last: int, changes: Sequence[tuple[int, int, str]]) -> str:
        """The text of some literals, as JSON writes it, with changes."""
        raw = "".join(self._raw[first : last + 1])
        places = [match.start() for match in _UNIT.finditer(raw)] + [len(raw)]
        base = self._starts[first]
        pieces: list[str] = []
        done = 0
        for start, end, content in changes:
            pieces += [raw[done : places[start - base]], self._written(content.replace("\n", self._line_end(start)))]
            done = places[end - base]
        return "".join([*pieces, raw[done:]])

    def _line_end(self, offset: int) -> str:
        return line_end(self._cell.text, offset)

    def _literal(self, offset: int, closing: bool = False) -> int:
        """The literal of a character; with `closing`, that of the character before."""
        return max(bisect_right(self._starts, offset - closing) - 1, 0)

    def _white_space(self) -> tuple[str, list[str], str]:
        """What stands before the first literal, before each other one, and behind the last."""
        literals, text = self._cell.literals, self._json
        gaps = ["", *(text[one.end : two.start] for one, two in pairwise(literals))]
        return text[self._cell.start + 1 : literals[0].start], gaps, text[literals[-1].end : self._cell.end]

    def _written(self, content: str) -> str:
        """New text as JSON, with escapes where this notebook uses them."""
        own = self._json[self._cell.start : self._cell.end]
        told = next((text for text in (own, self._json) if not text.isascii() or _ESCAPED.search(text)), "")
        return json.dumps(content, ensure_ascii=told.isascii() and bool(told))[1:-1]

    @staticmethod
    def _quoted(bodies: Sequence[str]) -> Iterator[str]:
        return (f'"{body}"' for body in bodies)


def _lines(raw: str) -> list[str]:
    """The lines of a text as JSON writes it, with their ends."""
    return [line for line in _LINE.findall(raw) if line]
