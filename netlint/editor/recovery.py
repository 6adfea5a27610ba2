"""Reading on when the statement that is being typed breaks the file.

The rest of the file is as good as before, and its findings should stay. What was changed since the file could last be read is taken back,
piece by piece from the error outwards, until the text parses; a file that never could be read loses the top-level statement around the
error. Either way each row of the readable text knows its row in the written one, or that it has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netlint.editor.pieces import Piece, pieces
from netlint.engine.reading import Source
from netlint.frontends.errors import SourceError
from netlint.frontends.source.code import SourceFile

MOST_ATTEMPTS = 8
"""Pieces that are taken back or blanked before the rest is given up; each costs a parse."""
_CONTINUES = re.compile(r"[ \t\f#)\]}]|(?:else|elif|except|finally)\b|$")
"""A line that does not begin a top-level statement."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A text that parses. `rows` holds, for each of its rows, the row of the written text (from 1), or None; `reverted` is True if it is
    made of what was written at some time, and of nothing else."""

    text: str
    rows: tuple[int | None, ...]
    reverted: bool = True

    @classmethod
    def whole(cls, text: str) -> Readable:
        """A text that needs no help."""
        return cls(text, tuple(range(1, len(lines_of(text)) + 1)))

    def written(self, row: int) -> int | None:
        """The row of the written text for a row of this one."""
        return self.rows[row - 1] if 0 < row <= len(self.rows) else None

    def readable(self, row: int) -> int | None:
        """The row of this text for one of the written text."""
        return self.rows.index(row) + 1 if row in self.rows else None


def lines_of(text: str) -> list[str]:
    """The rows as Python and the protocol count them."""
    return Source(text).lines


def error_in(text: str) -> SourceError | None:
    """Why a text does not parse."""
    try:
        SourceFile(text, "")
    except SourceError as error:
        return error
    return None


def recover(text: str, error: SourceError, last: str | None) -> Readable | None:
    """A text that parses and is as much of `text` as can be had; `last` is the text that could last be read. None if there is none."""
    candidates = _reverted(text, error, last) if last is not None else _blanked(text, error)
    return next(candidates, None)


# -- taking back ---------------------------------------------------------------------------------------------------------


def _reverted(text: str, error: SourceError, last: str) -> Iterator[Readable]:
    old, new = lines_of(last), lines_of(text)
    cut = pieces(old, new)
    changes = [piece for piece in cut if not piece.same]
    changes.sort(key=lambda piece: _distance(piece.new, error.row - 1))
    for count in (*range(1, min(len(changes), MOST_ATTEMPTS)), len(changes)):
        readable = _composed(cut, changes[:count], old, new)
        if error_in(readable.text) is None:
            yield readable


def _distance(rows: range, row: int) -> int:
    return max(rows.start - row, row - max(rows.stop - 1, rows.start), 0)


def _composed(cut: Sequence[Piece], undone: Sequence[Piece], old: Sequence[str], new: Sequence[str]) -> Readable:
    lines: list[str] = []
    rows: list[int | None] = []
    for piece in cut:
        if piece in undone:
            lines += (old[row] for row in piece.old)
            rows += [None] * len(piece.old)
        else:
            lines += (new[row] for row in piece.new)
            rows += (row + 1 for row in piece.new)
    return Readable("\n".join(lines), tuple(rows))


# -- blanking ------------------------------------------------------------------------------------------------------------


def _blanked(text: str, error: SourceError) -> Iterator[Readable]:
    lines = lines_of(text)
    blocks = _blocks(lines)
    blank: set[range] = set()
    failure: SourceError | None = error
    for _ in range(MOST_ATTEMPTS):
        assert failure is not None
        guilty = _guilty(blocks, blank, failure.row - 1)
        if guilty is None:
            return
        blank.add(guilty)
        for row in guilty:
            lines[row] = "pass" if row == guilty.start else ""
        failure = error_in("\n".join(lines))
        if failure is None:
            gone = {row for block in blank for row in block}
            yield Readable("\n".join(lines), tuple(None if row in gone else row + 1 for row in range(len(lines))), reverted=False)
            return


def _blocks(lines: Sequence[str]) -> list[range]:
    """The rows of each top-level statement, as its indentation tells; a decorator belongs to what it decorates."""
    starts = [row for row, line in enumerate(lines) if not _CONTINUES.match(line)]
    starts = [row for row in starts if row == 0 or not lines[row - 1].startswith("@")]
    return [range(start, end) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _guilty(blocks: Sequence[range], blank: set[range], row: int) -> range | None:
    """The statement to blank for an error in a row: the one that holds it, or the one before it that is not blank yet (a bracket that is
    never closed is noticed below)."""
    return next((block for block in reversed(blocks) if block.start <= row and block not in blank), None)
