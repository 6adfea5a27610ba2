"""A source file as the reader sees it: top-level statements, found with `ast`, parsed with LibCST one at a time when needed.

`ast.parse` is a tenth of the cost of a LibCST parse, and knows where each top-level statement starts and ends; a slice of the
text between those lines parses alone. Positions inside a slice are computed only for what is reported.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from netlint.frontends.errors import SourceError
from netlint.graph.provenance import Location

if TYPE_CHECKING:
    from netlint.frontends.source.values import Scope

T = TypeVar("T")
_NEWLINES = re.compile(r"\r\n|\r|\n")


MAX_NESTING = 200
"""Levels of one statement's syntax tree that are followed; hand-written code has about 20."""


class NodeCache(Generic[T]):
    """What was computed once for a LibCST node. It holds the node, which takes no weak references, so `forget_nodes` has to be called
    between two readings: a node keeps the tree below it."""

    _all: ClassVar[list[NodeCache[Any]]] = []

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._known: dict[int, tuple[cst.CSTNode, T]] = {}
        self._all.append(self)

    def __call__(self, node: cst.CSTNode) -> T:
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = (node, self._compute(node))
        return known[1]

    @classmethod
    def forget_nodes(cls) -> None:
        for cache in cls._all:
            cache._known.clear()


def names_in(node: cst.CSTNode) -> frozenset[str]:
    """Every name that occurs in a piece of code, attribute names too."""
    if isinstance(node, cst.Name):
        return frozenset((node.value,))
    found: set[str] = set()
    queue = [node]
    while queue:
        for child in queue.pop().children:
            if isinstance(child, cst.Name):
                found.add(child.value)
            else:
                queue.append(child)
    return frozenset(found)


names_of = NodeCache(names_in)
"""`names_in`, computed once a node."""


@dataclass(eq=False)
class Slice:
    """One or more top-level statements that share lines."""

    file: SourceFile
    statements: list[ast.stmt]
    first: int
    last: int
    """Lines, from 1, both inclusive."""
    state: str = "waiting"
    """waiting, running or done: whether the interpreter has executed it."""

    @cached_property
    def tree(self) -> cst.Module:
        if any(nesting(statement) > MAX_NESTING for statement in self.statements):
            raise SourceError("a statement is nested too deeply", self.first)  # LibCST's parser would overflow the stack
        text = "\n".join(self.file.lines[self.first - 1 : self.last]) + "\n"
        try:
            return cst.parse_module(text)
        except (cst.ParserSyntaxError, RecursionError) as error:
            row = getattr(error, "raw_line", 1) + self.first - 1
            raise SourceError(f"LibCST cannot parse this statement: {type(error).__name__}", row) from error

    @cached_property
    def positions(self) -> dict[cst.CSTNode, tuple[int, int, int, int]]:
        """Ranges of the nodes of this slice, in rows and columns of the file."""
        ranges = MetadataWrapper(self.tree, unsafe_skip_copy=True).resolve(PositionProvider)
        shift = self.first - 1
        found = {}
        for node, value in ranges.items():
            spot = value() if callable(value) else value
            found[node] = (spot.start.line + shift, spot.start.column + 1, spot.end.line + shift, spot.end.column + 1)
        return found


@dataclass(eq=False, slots=True)
class NodeSite:
    """A node of a slice as a place."""

    slice: Slice
    node: cst.CSTNode
    scope: str = ""

    @property
    def key(self) -> Hashable:
        return (self.slice.file.filename, self.slice.first, id(self.node))

    def location(self) -> Location:
        row, column, end_row, end_column = self.slice.positions[self.node]
        return Location(self.slice.file.filename, row, column, end_row, end_column)


class SourceFile:
    """One file: its text, its top-level statements, and which of them bind or change which name."""

    def __init__(self, text: str, filename: str, name: str = "__main__", is_package: bool = False, path: Path | None = None) -> None:
        self.filename = filename
        self.path = path
        self.name = name
        self.is_package = is_package
        self.lines = _NEWLINES.split(text.removeprefix("\ufeff"))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.syntax = ast.parse("\n".join(self.lines))
        except SyntaxError as error:
            raise SourceError(error.msg or "invalid syntax", error.lineno or 1, error.offset or 1) from error
        except ValueError as error:
            raise SourceError(str(error)) from error
        except (RecursionError, MemoryError) as error:
            raise SourceError("nested too deeply to be parsed") from error
        self.slices = self._slice()
        self.scope: Scope | None = None

    @property
    def weight(self) -> int:
        """Its memory, in lines that LibCST has parsed; the plain syntax tree of a line takes a quarter of that."""
        return len(self.lines) // 4 + sum(piece.last - piece.first + 1 for piece in self.slices if "tree" in vars(piece))

    def forget(self) -> None:
        """Lets go of what its execution left: the next reader of the file starts from its text."""
        self.scope = None
        for piece in self.slices:
            piece.state = "waiting"

    def _slice(self) -> list[Slice]:
        slices: list[Slice] = []
        for statement in self.syntax.body:
            first = statement.lineno
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and statement.decorator_list:
                first = min(first, *(decorator.lineno for decorator in statement.decorator_list))
            last = statement.end_lineno or first
            if slices and first <= slices[-1].last:
                slices[-1].statements.append(statement)
                slices[-1].last = max(last, slices[-1].last)
            else:
                slices.append(Slice(self, [statement], first, last))
        return slices

    @cached_property
    def bindings(self) -> dict[str, list[Slice]]:
        """For each name, the slices that bind or change it, in order."""
        table: dict[str, list[Slice]] = {}
        for piece in self.slices:
            for name in dict.fromkeys(name for statement in piece.statements for name in bound_names(statement)):
                table.setdefault(name, []).append(piece)
        return table

    @cached_property
    def star_imports(self) -> list[tuple[str, int]]:
        """The module and the number of leading dots of each `from module import *`, the last first."""
        found = [
            (node.module or "", node.level)
            for statement in self.syntax.body
            for node in flat(statement)
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        ]
        return found[::-1]


def nesting(node: ast.AST) -> int:
    """The number of levels of a syntax tree."""
    levels = 0
    level = [node]
    while level and levels <= MAX_NESTING:
        levels += 1
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
    return levels


def flat(statement: ast.stmt) -> list[ast.stmt]:
    """A top-level statement and the statements inside its `if`, `try`, `for`, `while` and `with` blocks; not inside definitions."""
    found = [statement]
    for part in ("body", "orelse", "finalbody"):
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for inner in getattr(statement, part, []):
                found.extend(flat(inner))
    for handler in getattr(statement, "handlers", []):
        for inner in handler.body:
            found.extend(flat(inner))
    return found


def bound_names(statement: ast.stmt) -> list[str]:
    """The module-level names that a top-level statement binds, or changes in place (`cfg["x"] = 1`, `names.append(...)`)."""
    names: list[str] = []
    for node in flat(statement):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
            names.extend(_registries(node))
        elif isinstance(node, ast.Import):
            names.extend(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.extend(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.With, ast.Delete)):
            for target in _targets(node):
                names.extend(inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            base: ast.expr = node.value.func.value
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                base = base.value
            if isinstance(base, ast.Name):
                names.append(base.id)
        if isinstance(node, (ast.If, ast.While, ast.Assign, ast.Expr)):
            own = node.test if isinstance(node, (ast.If, ast.While)) else node.value  # `flat` has the statements inside
            names.extend(
                inner.target.id for inner in ast.walk(own) if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name)
            )
    return names


def _registries(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[str]:
    """The names whose methods decorate a definition, and may remember it (`@Conv.factory_function("conv")`)."""
    found = []
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        while isinstance(function, ast.Attribute):
            function = function.value
            if isinstance(function, ast.Name):
                found.append(function.id)
    return found


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, (ast.Assign, ast.Delete)):
        return node.targets
    if isinstance(node, ast.With):
        return [item.optional_vars for item in node.items if item.optional_vars is not None]
    if isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For)):
        return [node.target]
    return []
