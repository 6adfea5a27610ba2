"""Comments that accept findings, written into the source: what `netlint check --add-ignore` does."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netlint.engine.diagnostic import Diagnostic, Edit, Position
from netlint.engine.notices import NOT_CHECKED, UNUSED_SUPPRESSION
from netlint.engine.suppression import Comment, comments
from netlint.fixes.source.applying import document
from netlint.frontends.errors import SourceError


@dataclass(frozen=True, slots=True)
class Ignored:
    """The source with its comments, the findings that they are for, and those for which there is no place, with the reason."""

    source: bytes
    accepted: tuple[Diagnostic, ...]
    left: tuple[tuple[Diagnostic, str], ...]


def add_ignores(source: bytes, findings: Iterable[Diagnostic], reason: str = "", filename: str = "") -> Ignored:
    """Puts `# netlint: ignore[CODE] reason` behind the line of each finding, one comment a line; nothing else changes.

    `findings` stand in this source, a notebook if `filename` says so. A comment that is there already gets the code. Raises SourceError
    for a source that does not tokenize, or whose encoding cannot hold the reason.
    """
    edited = document(source, filename)
    lines = _Lines(edited.text)
    by_row: dict[int, list[Diagnostic]] = {}
    left = []
    for finding in findings:
        row = lines.place(finding.location.row)
        if finding.code in (NOT_CHECKED.code, UNUSED_SUPPRESSION.code):
            left.append((finding, "it cannot be suppressed"))
        elif row is None:
            left.append((finding, "its line takes no comment"))
        else:
            by_row.setdefault(row, []).append(finding)
    edits = [lines.edit(row, sorted({finding.code for finding in found}), reason) for row, found in sorted(by_row.items())]
    try:
        fixed = edited.with_edits(edits)
    except UnicodeEncodeError as error:
        raise SourceError(f"its encoding, {edited.encoding}, cannot hold the reason") from error
    return Ignored(fixed, tuple(finding for found in by_row.values() for finding in found), tuple(left))


class _Lines:
    """The rows of a text, and where a comment can stand."""

    def __init__(self, text: str) -> None:
        self._text = io.StringIO(text, newline=None).read().split("\n")
        self._comments: Mapping[int, Comment] = {
            one.row: one for one in comments("\n".join(self._text)) if one.verb == "ignore" and one.words
        }
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO("\n".join(self._text)).readline))
        except (tokenize.TokenError, SyntaxError) as error:
            raise SourceError(f"it cannot be split into tokens: {error}") from error
        self._first_rows = _first_rows(tokens)
        self._closed = {row for token in tokens for row in range(token.start[0], token.end[0]) if token.type not in _NO_TEXT}

    def place(self, row: int) -> int | None:
        """The row whose end takes the comment for what stands in a row: itself, else the first of its statement."""
        return next((one for one in (row, self._first_rows.get(row, row)) if self._takes_comment(one)), None)

    def _takes_comment(self, row: int) -> bool:
        return row not in self._closed and not self._text[row - 1].rstrip().endswith("\\")

    def edit(self, row: int, codes: Sequence[str], reason: str) -> Edit:
        line = self._text[row - 1]
        there = self._comments.get(row)
        if there is not None:
            at = Position(row, line.index("]", there.start - 1) + 1)
            return Edit("".join(f", {code}" for code in codes), at, at)
        written = line.rstrip()
        words = f" {reason}" if reason else ""
        return Edit(f"  # netlint: ignore[{', '.join(codes)}]{words}", Position(row, len(written) + 1), Position(row, len(line) + 1))


_NO_TEXT = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def _first_rows(tokens: Iterable[tokenize.TokenInfo]) -> dict[int, int]:
    """For each row of a statement the statement's first row."""
    found: dict[int, int] = {}
    first = 0
    for token in tokens:
        if token.type in _NO_TEXT or token.type == tokenize.COMMENT:
            if token.type == tokenize.NEWLINE:
                first = 0
            continue
        first = first or token.start[0]
        found.update(dict.fromkeys(range(token.start[0], token.end[0] + 1), first))
    return found
