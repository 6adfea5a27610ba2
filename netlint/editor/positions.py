"""Between netlint's places (rows and columns from 1, in characters) and the protocol's (from 0, in the units that client and server agreed
on), and from two texts to the edits that lead from one to the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from lsprotocol import types

from netlint.editor.pieces import pieces
from netlint.engine.diagnostic import Position

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
"""By the protocol's name: Python's name, and the bytes of a unit."""


@dataclass(frozen=True)
class Text:
    """The text of a document, and how the client counts its columns."""

    text: str
    encoding: str = "utf-16"

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends; the last has none."""
        lines = _LINE.findall(self.text)
        return lines if lines and not lines[-1].endswith(("\r", "\n")) else [*lines, ""]

    def to_client(self, position: Position) -> types.Position:
        """A place as the client counts; beyond the end of a line it is that end."""
        if position.row > len(self.lines):
            return types.Position(len(self.lines) - 1, self._units(self._content(len(self.lines))))
        return types.Position(position.row - 1, self._units(self._content(position.row)[: position.column - 1]))

    def from_client(self, position: types.Position) -> Position:
        """A place as netlint counts."""
        content = self._content(position.line + 1)
        codec, size = _UNITS[self.encoding]
        start = content.encode(codec, "surrogatepass")[: position.character * size]
        return Position(position.line + 1, len(start.decode(codec, "ignore")) + 1)

    def _content(self, row: int) -> str:
        return self.lines[row - 1].rstrip("\r\n") if 0 < row <= len(self.lines) else ""

    def _units(self, text: str) -> int:
        codec, size = _UNITS[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // size

    def range(self, start: Position, end: Position) -> types.Range:
        return types.Range(self.to_client(start), self.to_client(end))

    def edits_to(self, other: str) -> list[types.TextEdit]:
        """The edits that make this text the other: each of as few whole lines as can be, less what they begin and end with alike."""
        old, new = self.lines, Text(other).lines
        changed = [piece for piece in pieces(old, new) if not piece.same]
        return [self._edit(one.old.start, "".join(old[row] for row in one.old), "".join(new[row] for row in one.new)) for one in changed]

    def _edit(self, line: int, old: str, new: str) -> types.TextEdit:
        shorter = min(len(old), len(new))
        head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
        tail = next((at for at in range(shorter - head) if old[-1 - at] != new[-1 - at]), shorter - head)
        start, end = self._at(line, old[:head]), self._at(line, old[: len(old) - tail])
        return types.TextEdit(types.Range(start, end), new[head : len(new) - tail])

    def _at(self, line: int, text: str) -> types.Position:
        """The place behind a text that begins with a line."""
        *above, last = Text(text).lines
        return types.Position(line + len(above), self._units(last.rstrip("\r\n")))
