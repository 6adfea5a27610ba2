"""What a front end raises when it cannot read its input at all."""

from __future__ import annotations


class SourceError(Exception):
    """The input cannot be read: `message` says why, `row` and `column` (from 1) where, if a place is known."""

    def __init__(self, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.column = column


class InputError(Exception):
    """A model file or a live model cannot be read at all: the message says what is wrong, where, and what to do instead."""
