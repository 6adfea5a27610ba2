"""The text of a source file around the nodes that a graph points at: ranges as offsets, parents, and edits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

import libcst as cst

from netlint.engine.diagnostic import Edit, Position
from netlint.fixes.proposal import Refusal
from netlint.frontends.source.code import NodeSite, Slice, SourceFile
from netlint.graph import Site

Span = tuple[int, int]
"""Where a piece of text starts and ends (exclusive), in characters of the file's text with `\\n` for every line end."""


class Code:
    """One file, as far as edits need to know it."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.text = "\n".join(file.lines)
        self._starts = [0]
        for line in file.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._parents: dict[int, dict[cst.CSTNode, cst.CSTNode]] = {}

    # -- positions -----------------------------------------------------------------------------------------------------

    def offset(self, row: int, column: int) -> int:
        return self._starts[row - 1] + column - 1

    def row(self, offset: int) -> int:
        """The row of a character, from 1."""
        return bisect_right(self._starts, offset)

    def position(self, offset: int) -> Position:
        row = self.row(offset)
        return Position(row, offset - self._starts[row - 1] + 1)

    def edit(self, span: Span, content: str) -> Edit:
        return Edit(content, self.position(span[0]), self.position(span[1]))

    def line(self, row: int) -> Span:
        """A line without its end."""
        return self._starts[row - 1], self._starts[row] - 1

    def indent(self, row: int) -> str:
        """The white space that a line starts with."""
        line = self.file.lines[row - 1]
        return line[: len(line) - len(line.lstrip())]

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def span(self, place: Place) -> Span:
        """The range of a node with the parentheses around it."""
        first, last = place.node, place.node
        if isinstance(place.node, cst.BaseExpression) and place.node.lpar:
            first, last = place.node.lpar[0], place.node.rpar[-1]
        row, column, _, _ = place.slice.positions[first]
        _, _, end_row, end_column = place.slice.positions[last]
        return self.offset(row, column), self.offset(end_row, end_column)

    def cut(self, span: Span) -> str:
        return self.text[span[0] : span[1]]

    def parents(self, piece: Slice) -> dict[cst.CSTNode, cst.CSTNode]:
        """The parent of each node of a slice."""
        known = self._parents.get(piece.first)
        if known is None:
            known = self._parents[piece.first] = {}
            queue: list[cst.CSTNode] = [piece.tree]
            while queue:
                node = queue.pop()
                for child in node.children:
                    known[child] = node
                    queue.append(child)
        return known


class Place:
    """A node of a file, from which its surroundings can be asked."""

    def __init__(self, code: Code, piece: Slice, node: cst.CSTNode) -> None:
        self.code = code
        self.slice = piece
        self.node = node

    @cached_property
    def span(self) -> Span:
        return self.code.span(self)

    @property
    def text(self) -> str:
        return self.code.cut(self.span)

    def at(self, node: cst.CSTNode) -> Place:
        """Another node of the same statement at the file's top level."""
        return Place(self.code, self.slice, node)

    @property
    def parent(self) -> Place | None:
        node = self.code.parents(self.slice).get(self.node)
        return self.at(node) if node is not None else None

    def around(self, *kinds: type[cst.CSTNode]) -> Place | None:
        """The innermost node of one of the kinds that this one stands in."""
        return next((place for place in self.ancestors() if isinstance(place.node, kinds)), None)

    def ancestors(self) -> Iterator[Place]:
        """The nodes that this one stands in, innermost first."""
        place = self.parent
        while place is not None:
            yield place
            place = place.parent

    def all(self, kind: type[cst.CSTNode]) -> Iterator[Place]:
        """Every node of a kind within this one, in order of the text."""
        pending = [self.node]
        while pending:
            node = pending.pop()
            if isinstance(node, kind):
                yield self.at(node)
            pending.extend(reversed(node.children))

    @property
    def block(self) -> Place | None:
        """The block that a statement stands in. All statements at the top of a file stand in one, though they are parsed alone."""
        parent = self.parent
        if parent is None or not isinstance(parent.node, cst.Module):
            return parent
        first = self.code.file.slices[0]
        return Place(self.code, first, first.tree)

    def statements(self) -> list[Place]:
        """The statements of a block, in order."""
        if isinstance(self.node, cst.Module):
            return [Place(self.code, piece, node) for piece in self.code.file.slices for node in piece.tree.body]
        return [self.at(node) for node in getattr(self.node, "body", ())]

    def mentions(self, text: str) -> list[Place]:
        """The names within this node that are spelled so, as variables (not as attributes or keywords)."""
        found = []
        for place in self.all(cst.Name):
            parent = place.parent
            bare = parent is None or not (
                (isinstance(parent.node, cst.Attribute) and parent.node.attr is place.node)
                or (isinstance(parent.node, cst.Arg) and parent.node.keyword is place.node)
            )
            if bare and isinstance(place.node, cst.Name) and place.node.value == text:
                found.append(place)
        return found


class Files:
    """The files of one reading, each with its text and its imports looked at once."""

    def __init__(self) -> None:
        self._codes: dict[int, Code] = {}

    def place(self, site: Site | None) -> Place:
        """The node of a site. Raises Refusal for what does not stand in Python code."""
        if not isinstance(site, NodeSite):
            raise Refusal("it does not stand in a source file")
        file = site.slice.file
        if id(file) not in self._codes:
            self._codes[id(file)] = Code(file)
        return Place(self._codes[id(file)], site.slice, site.node)


def comes_from(place: Place) -> str:
    """The name of the file of a place, as it was given to the reader."""
    return place.code.file.filename
