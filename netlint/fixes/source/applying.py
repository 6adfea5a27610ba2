"""Edits put into the bytes of a file: everything outside them stays as it is."""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netlint.engine.diagnostic import Edit, Fix, Position
from netlint.engine.notebook import BOM, LINE_END, Notebook, line_end
from netlint.fixes.source.notebooks import NotebookDocument
from netlint.frontends.decoding import decode
from netlint.frontends.errors import SourceError

NOTEBOOK = ".ipynb"


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file with its own line ends, and how it is encoded."""

    text: str
    encoding: str
    starts: tuple[int, ...]
    """Where each row begins."""

    @classmethod
    def of(cls, source: bytes) -> Document:
        """Raises SourceError for bytes that are not a Python file's, and for those that would not all come back from their text: some
        encodings (UTF-7, those with shift states) write the same text in several ways."""
        text = decode(source)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        if text.encode(encoding, "replace") != source:
            raise SourceError(f"its encoding, {encoding}, would not give back all of its bytes")
        starts = [len(BOM) if text.startswith(BOM) else 0]
        starts += [match.end() for match in LINE_END.finditer(text)]
        return cls(text, encoding, tuple(starts))

    def offset(self, position: Position) -> int:
        """The character of a position; the end of the text for what lies beyond."""
        if position.row > len(self.starts):
            return len(self.text)
        return min(self.starts[position.row - 1] + position.column - 1, len(self.text))

    def with_edits(self, edits: Sequence[Edit]) -> bytes:
        """The file with edits made that do not overlap, in the order of the text."""
        pieces: list[str] = []
        done = 0
        for edit in edits:
            start, end = self.offset(edit.location), self.offset(edit.end_location)
            pieces += [self.text[done:start], edit.content.replace("\n", line_end(self.text, start))]
            done = end
        return "".join([*pieces, self.text[done:]]).encode(self.encoding)


def document(source: bytes, filename: str) -> Document | NotebookDocument:
    """A file to be edited. Raises SourceError for bytes that are not what its name says."""
    return NotebookDocument.of(source) if filename.endswith(NOTEBOOK) else Document.of(source)


def chosen(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be made in one pass, the first in the text before the others: those whose edits do not overlap."""
    taken: list[Edit] = []
    result = []
    for fix in sorted((fix for fix in fixes if fix.edits), key=_order):
        if all(edit in taken or not any(_overlap(edit, other) for other in taken) for edit in fix.edits):
            taken += [edit for edit in fix.edits if edit not in taken]
            result.append(fix)
    return result


def _order(fix: Fix) -> tuple[Position, Position, str]:
    return fix.edits[0].location, fix.edits[-1].end_location, fix.message


def _overlap(one: Edit, two: Edit) -> bool:
    """Whether two edits touch the same text. Insertions of whole lines at the same place do not."""
    if one.location == two.location and _whole_lines(one) and _whole_lines(two):
        return False
    first, second = sorted((one, two), key=lambda edit: (edit.location, edit.end_location))
    return second.location < first.end_location or first.location == second.location


def _whole_lines(edit: Edit) -> bool:
    return edit.location == edit.end_location and edit.content.startswith("\n")


def merged(fixes: Iterable[Fix]) -> list[Edit]:
    """The edits of several fixes in the order of the text, shared ones once."""
    return sorted(dict.fromkeys(edit for fix in fixes for edit in fix.edits), key=lambda edit: (edit.location, edit.end_location))


def apply(source: bytes, fixes: Iterable[Fix], filename: str = "") -> bytes:
    """A file (a notebook, if it is called one) with fixes made in one pass; of those that overlap, the first. Line ends, encoding and
    byte order mark stay.

    Raises SourceError for bytes that are not what the file's name says.
    """
    edits = merged(chosen(fixes))
    if not edits:
        return source
    edited = document(source, filename)
    try:
        return edited.with_edits(edits)
    except UnicodeEncodeError as error:
        raise SourceError(f"the fix cannot be written in {edited.encoding}: {error.reason}") from error


def diff(old: bytes, new: bytes, filename: str) -> str:
    """A unified diff with `a/` and `b/` names, as git writes it; one a cell for a notebook; empty if nothing changes."""
    if old == new:
        return ""
    name = filename.removeprefix("./").lstrip("/")
    if not filename.endswith(NOTEBOOK):
        return _diff(decode(old), decode(new), name)
    cells = zip(Notebook.of(old).cells, Notebook.of(new).cells, strict=True)
    return "".join(_diff(f"{one.text}\n", f"{two.text}\n", f"{name}:cell {number}") for number, (one, two) in enumerate(cells, start=1))


def _diff(old: str, new: str, name: str) -> str:
    before, after = _lines(old), _lines(new)
    result = []
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
        result.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(result)


def _lines(text: str) -> list[str]:
    """The lines with their ends; only `\\n` ends one, as in git."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
