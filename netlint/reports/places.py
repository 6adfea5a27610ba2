"""Where findings are, for readers that are no people: paths from the top of the checkout, lines where a file has lines."""

from __future__ import annotations

import ntpath
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.errors import NetlintError
from netlint.engine.reading import Source, read
from netlint.engine.targets import single
from netlint.frontends.errors import SourceError


def reread(filename: str) -> Source | None:
    """The text of a file that was checked; None where it cannot be had any more."""
    try:
        return read(single(filename))
    except (NetlintError, SourceError):
        return None


def place(finding: Diagnostic) -> str:
    """Where a finding is, as people read it: file, row and column; the cell and its line in a notebook."""
    cell, row = finding.cell or (0, finding.location.row)
    return f"{finding.filename}:{f'cell {cell}:' if cell else ''}{row}:{finding.location.column}"


@dataclass(slots=True)
class Places:
    """Answers where a finding is.

    `home` is the folder that file names are relative to, `root` the top of the checkout, which services count paths from. `sources` are the
    texts that do not come straight from files (`Report.sources`).
    """

    home: PurePath
    root: PurePath
    sources: Mapping[str, Source] = field(default_factory=dict)
    _notebooks: dict[str, Source | None] = field(default_factory=dict)

    def absolute(self, filename: str) -> PurePath:
        """The full path, without `.` and `..`; links are not followed."""
        return _plain(self.home / filename)

    def in_checkout(self, filename: str) -> str | None:
        """The path from the top of the checkout, with slashes; None for a file outside it."""
        path, root = self.absolute(filename), _plain(self.root)
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else None

    def shown(self, filename: str) -> str:
        """The path from the top of the checkout if it has one, else the full path; with slashes."""
        return self.in_checkout(filename) or self.absolute(filename).as_posix()

    def has_lines(self, finding: Diagnostic) -> bool:
        """Whether row and column of a finding are those of its file: a model has none, and a notebook's are those of its cells."""
        return finding.frontend != "onnx" and not finding.filename.endswith(".onnx") and not self._is_notebook(finding.filename)

    def cell(self, filename: str, row: int) -> str:
        """The cell of a notebook and the line in it, in words; empty for any other file."""
        source = self._notebook(filename) if self._is_notebook(filename) else self.sources.get(filename)
        cell = source.cell_of(row) if source else None
        return f"cell {cell[0]}, line {cell[1]}" if cell else ""

    def part(self, finding: Diagnostic) -> str:
        """The place that a line number cannot tell: the cell of a notebook, or the node of a model; empty for anything else."""
        return finding.symbol if finding.frontend == "onnx" else self.cell(finding.filename, finding.location.row)

    def row(self, finding: Diagnostic) -> int:
        """The line of the file, as it is on the disk, where a finding stands: in a notebook that of the JSON, in a model file the first."""
        return self.file_row(finding.filename, finding.location.row) if finding.frontend != "onnx" else 1

    def file_row(self, filename: str, row: int) -> int:
        """The same for a place."""
        if filename.endswith(".onnx"):
            return 1
        source = self._notebook(filename) if filename.endswith(".ipynb") else None
        return source.file_row(row) if source is not None else row

    def message(self, finding: Diagnostic) -> str:
        """What a finding says, with its part of the file in front."""
        part = self.part(finding)
        return f"{part}: {finding.message}" if part else finding.message

    def _is_notebook(self, filename: str) -> bool:
        """A notebook that can be read: the rows of one that is broken are those of the file."""
        return filename.endswith(".ipynb") and self._notebook(filename) is not None

    def _notebook(self, filename: str) -> Source | None:
        if filename not in self._notebooks:
            self._notebooks[filename] = self.sources.get(filename) or reread(filename)
        return self._notebooks[filename]


def _plain(path: PurePath) -> PurePath:
    windows = isinstance(path, PureWindowsPath)
    return PureWindowsPath(ntpath.normpath(path)) if windows else PurePosixPath(posixpath.normpath(path))
