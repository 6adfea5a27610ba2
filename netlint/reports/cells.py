"""A table, whichever way it will be shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cells:
    """`words` is how many columns, from the left, hold words; the others hold numbers and are flushed right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 0

    @property
    def numbers(self) -> range:
        return range(self.words, len(self.header))
