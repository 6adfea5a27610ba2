"""Two versions of a text, cut into the pieces that are the same in both and those that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines (from 0, the end exclusive) of the old and of the new text; `same` if they are equal."""

    same: bool
    old: range
    new: range


def pieces(old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    """Both texts in order. Their common ends are not compared twice: most changes are one line."""
    shorter = min(len(old), len(new))
    head = next((row for row in range(shorter) if old[row] != new[row]), shorter)
    tail = next((row for row in range(shorter - head) if old[-1 - row] != new[-1 - row]), shorter - head)
    found = [Piece(True, range(head), range(head))]
    matcher = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for kind, first, end, new_first, new_end in matcher.get_opcodes():
        found.append(Piece(kind == "equal", range(head + first, head + end), range(head + new_first, head + new_end)))
    return [*found, Piece(True, range(len(old) - tail, len(old)), range(len(new) - tail, len(new)))]
