"""The terminal: colour where it is wanted, and text that cannot play tricks with it."""

from __future__ import annotations

import os
import shutil
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from netlint.engine.rule import Severity

TAB = 4
WIDEST, WIDEST_TABLE = 110, 170
_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}


@dataclass(frozen=True, slots=True)
class Paint:
    """Styles text with ANSI codes, or leaves it alone when `enabled` is False."""

    enabled: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        if not self.enabled or not styles or not text:
            return text
        return f"\033[{';'.join(str(_CODES[style]) for style in styles)}m{text}\033[0m"

    def severity(self, severity: Severity) -> str:
        """The word of a severity in its colour."""
        return self(severity.value, {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}[severity])


def paint_for(stream: TextIO) -> Paint:
    """Colour on a terminal only, and never against NO_COLOR (https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Paint(not plain and stream.isatty())


def width(widest: int = WIDEST) -> int:
    """Columns to fill: the terminal's, within what reads well."""
    return max(40, min(shutil.get_terminal_size((100, 24)).columns, widest))


def wrapped(text: str, indent: str, columns: int) -> str:
    """Text in lines of at most `columns`, each indented."""
    return textwrap.fill(text, columns, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def printable(text: str) -> str:
    """Text without control characters: source and names come from files that may hold escape sequences."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def columns_of(text: str) -> int:
    """How many columns a text takes; East Asian wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def code_frame(line: str, row: int, start: int, end: int | None, paint: Paint, columns: int) -> list[str]:
    """A source line with its number, and a caret line under columns `start` to `end` (from 1, exclusive; None: to the line's end)."""
    number, gutter = f"{row} ", " " * len(str(row)) + " "
    before, marked = line[: start - 1].lstrip(), line[start - 1 : end - 1 if end else None].rstrip()
    after = line[start - 1 + len(marked) :]
    before, marked, after = (printable(part.replace("\t", " " * TAB)) for part in (before, marked, after))
    room = max(columns - len(gutter) - 4, 20)
    if columns_of(before) > room // 2:
        before = "..." + before[-(room // 2) :]
    shown = _cut(f"{before}{marked}{after}".rstrip(), room)
    carets = max(1, min(columns_of(marked), room - columns_of(before)))
    return [
        f"{paint(f'{number}|', 'blue')}   {shown}",
        f"{paint(f'{gutter}|', 'blue')}   {' ' * columns_of(before)}{paint('^' * carets, 'yellow')}",
    ]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 3]}..."


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = (), gap: str = "  ") -> list[str]:
    """Rows as aligned lines; the columns in `right` are flushed right."""
    widths = [max(columns_of(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [gap.join(_padded(cell, widths[at], at in right) for at, cell in enumerate(row)).rstrip() for row in rows]


ROOM = 36
"""Columns that the last cell of a row needs to stand beside the others."""


def flowing(rows: Sequence[Sequence[str]], columns: int, indent: str = "", gap: str = "  ") -> list[list[str]]:
    """Rows as aligned lines of at most `columns`: the last cell goes on under itself, or stands below the others where there is too little
    room beside them. Each row's own lines."""
    heads = table([row[:-1] for row in rows], gap=gap)
    start = len(indent) + max((columns_of(head) for head in heads), default=0) + len(gap)
    beside = columns - start >= ROOM
    under = " " * start if beside else f"{indent}    "
    found = []
    for head, row in zip(heads, rows, strict=True):
        first, *others = wrapped(row[-1], under, columns).split("\n") if row[-1] else [""]
        line = f"{indent}{_padded(head, start - len(indent) - len(gap), False)}{gap}{first.removeprefix(under)}".rstrip()
        found.append([line, *others] if beside else [f"{indent}{head}".rstrip(), *([first] if first else []), *others])
    return found


def _padded(cell: str, columns: int, right: bool) -> str:
    fill = " " * (columns - columns_of(cell))
    return fill + cell if right else cell + fill


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 file", "2 files"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
