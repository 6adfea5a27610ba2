"""The files of a project as the editor shows them: open ones as they are typed, the others from disk."""

from __future__ import annotations

from pathlib import Path

from libcst import CSTNode

from netlint.engine.rechecking import Stamp, stamp
from netlint.frontends.source import Project
from netlint.frontends.source.code import NodeCache, Slice, SourceFile

Positions = dict[CSTNode, tuple[int, int, int, int]]


class OpenProject(Project):
    """A project that is read again and again while one file of it changes.

    A change touches one or two top-level statements. The others are not parsed again: a statement with the same text keeps its tree.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._latest: dict[Path, SourceFile] = {}
        self._texts: dict[Path, str] = {}
        self._stamps: dict[Path, Stamp] = {}

    def add(self, path: Path, text: str, filename: str | None = None) -> SourceFile:
        file = super().add(path, text, filename)
        before = self._latest.get(path.absolute())
        if before is not None:
            _keep_trees(before, file)
        self._latest[path.absolute()] = file
        self._texts[path.absolute()] = text
        return file

    def show(self, path: Path, text: str) -> None:
        """Makes sure that who imports an open file sees this text (which parses)."""
        if self._texts.get(path) != text or self._latest[path] not in self.files():
            self.add(path, text, str(path))

    def forget_nodes(self) -> None:
        """Keeps what the last reading has asked for: most of its trees are read again."""
        NodeCache.forget_unused()

    def close(self, path: Path) -> None:
        self._latest.pop(path, None)
        self._texts.pop(path, None)

    def is_outdated(self) -> bool:
        """Whether a file that was read from disk has changed there since."""
        paths = {file.path for file in self.files() if file.path is not None} - self._texts.keys()
        now = {path: stamp(path) for path in paths}
        changed = any(self._stamps.get(path, seen) != seen for path, seen in now.items())
        self._stamps = now
        return changed


def _keep_trees(before: SourceFile, after: SourceFile) -> None:
    """What was computed from the text of a statement is still true of the same text: its tree, and its positions but for the rows."""
    known = {_text(piece): piece for piece in before.slices if "tree" in vars(piece)}
    for piece in after.slices:
        same = known.get(_text(piece))
        if same is not None:
            vars(piece)["tree"] = same.tree
            if "positions" in vars(same):
                vars(piece)["positions"] = _moved(same.positions, piece.first - same.first)


def _moved(positions: Positions, rows: int) -> Positions:
    if not rows:
        return positions
    return {node: (row + rows, column, end_row + rows, end_column) for node, (row, column, end_row, end_column) in positions.items()}


def _text(piece: Slice) -> str:
    return "\n".join(piece.file.lines[piece.first - 1 : piece.last])
