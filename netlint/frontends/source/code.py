"""A source file as the reader sees it: top-level statements, found with `ast`, parsed with LibCST one at a time when needed.

`ast.parse` is a tenth of the cost of a LibCST parse, and knows where each top-level statement starts and ends; a slice of the
text between those lines parses alone. Positions inside a slice are computed only for what is reported.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
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
SHORT = 40
"""Characters of code that are too few for many levels: each takes at least one."""


MIN_LATER_LINES = 4
"""A body of fewer lines is parsed with its class at once."""


class NodeCache(Generic[T]):
    """What was computed once for a LibCST node. It holds the node, which takes no weak references, so `forget_nodes` or `forget_unused` has
    to be called between two readings: a node keeps the tree below it."""

    _all: ClassVar[list[NodeCache[Any]]] = []

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._known: dict[int, tuple[cst.CSTNode, T]] = {}
        self._before: dict[int, tuple[cst.CSTNode, T]] = {}
        """What the reading before the last `forget_unused` has asked for."""
        self._all.append(self)

    def __call__(self, node: cst.CSTNode) -> T:
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = self._before.get(id(node)) or (node, self._compute(node))
        return known[1]

    @classmethod
    def forget_nodes(cls) -> None:
        """Lets go of all nodes."""
        for cache in cls._all:
            cache._known, cache._before = {}, {}

    @classmethod
    def forget_unused(cls) -> None:
        """Lets go of the nodes that nobody has asked about since the last time; for trees that are read again."""
        for cache in cls._all:
            cache._known, cache._before = {}, cache._known


_SPACE = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comment)


def names_in(node: cst.CSTNode) -> frozenset[str]:
    """Every name that occurs in a piece of code, attribute names too."""
    found: set[str] = set()
    queue: list[object] = [node]
    while queue:
        item = queue.pop()
        if isinstance(item, cst.Name):
            found.add(item.value)
        elif isinstance(item, (list, tuple)):
            queue.extend(item)
        elif isinstance(item, cst.CSTNode) and not isinstance(item, _SPACE):
            queue.extend(getattr(item, name) for name in type(item).__dataclass_fields__)  # `children` runs a visitor: slow
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
        """Raises SourceError where LibCST cannot parse the statements."""
        if any(map(is_too_deep, self.statements)):
            raise SourceError("a statement is nested too deeply", self.first)  # LibCST's parser would overflow the stack
        rows, lines = self._text
        try:
            return cst.parse_module("\n".join(lines) + "\n")
        except (cst.ParserSyntaxError, RecursionError) as error:
            row = rows[min(getattr(error, "raw_line", 1), len(rows)) - 1]
            raise SourceError(f"LibCST cannot parse this statement: {type(error).__name__}", row) from error

    @cached_property
    def _text(self) -> tuple[list[int], list[str]]:
        """What is parsed: rows of the file, and the line of each. The bodies that are left for later are three dots."""
        rows = list(range(self.first, self.last + 1))
        lines = self.file.lines[self.first - 1 : self.last]
        for body in reversed(self._later):
            start = body.first - self.first
            lines[start] = lines[start][: _indentation(lines[start])] + "..."
            del lines[start + 1 : body.last - self.first + 1], rows[start + 1 : body.last - self.first + 1]
        return rows, lines

    @cached_property
    def _later(self) -> list[Body]:
        """The bodies that are parsed when they are called, in order. Most of a large file's methods never are."""
        if not self.file.parses_when_called:
            return []
        found = [Body.of(self.file, node) for statement in self.statements for node in _functions(statement)]
        return [body for body in found if body is not None]

    @cached_property
    def _bodies(self) -> dict[int, Body]:
        """The bodies that are left for later, by the id of their function's node in the tree."""
        if not self._later:
            return {}
        written = [node for statement in self.statements for node in _functions(statement)]
        parsed = [node for statement in self.tree.body for node in _parsed_functions(statement)]
        later = {body.function: body for body in self._later}
        return {id(node): later[function] for function, node in zip(written, parsed, strict=True) if function in later}

    def body_of(self, function: cst.FunctionDef | cst.Lambda) -> Body | None:
        """The body of one of its functions, if it was left for later; None where the function's node has it."""
        return self._bodies.get(id(function))

    @cached_property
    def may_yield(self) -> bool:
        """Whether the word `yield` stands in it: cheaper to know than whether a function of it is a generator."""
        return any("yield" in line for line in self.file.lines[self.first - 1 : self.last])

    @property
    def parsed_lines(self) -> int:
        """The lines that LibCST has parsed of it."""
        if "tree" not in vars(self):
            return 0
        return len(self._text[0]) + sum(body.parsed_lines for body in self._later)

    @cached_property
    def positions(self) -> dict[cst.CSTNode, tuple[int, int, int, int]]:
        """Ranges of the nodes of this slice, in rows and columns of the file."""
        ranges = MetadataWrapper(self.tree, unsafe_skip_copy=True).resolve(PositionProvider)
        rows = [*self._text[0], self.last + 1]
        found = {}
        for node, value in ranges.items():
            spot = value() if callable(value) else value
            found[node] = (rows[spot.start.line - 1], spot.start.column + 1, rows[spot.end.line - 1], spot.end.column + 1)
        return found


@dataclass(eq=False)
class Body(Slice):
    """The body of a function, parsed apart from its header."""

    function: ast.FunctionDef | ast.AsyncFunctionDef = field(kw_only=True)
    problem: str = ""
    """Why it could not be parsed."""

    @staticmethod
    def of(file: SourceFile, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Body | None:
        """A body that is worth it and has lines of its own."""
        start = function.body[0]
        first = first_line(start)
        last = function.end_lineno or first
        indentation = _indentation(file.lines[first - 1])
        if last - first < MIN_LATER_LINES or not indentation:
            return None
        if first == start.lineno and start.col_offset != indentation:
            return None  # it starts behind the header's colon
        return Body(file, list(function.body), first, last, function=function)

    @cached_property
    def _text(self) -> tuple[list[int], list[str]]:
        header = "async def _():" if isinstance(self.function, ast.AsyncFunctionDef) else "def _():"
        return [self.first, *range(self.first, self.last + 1)], [header, *self.file.lines[self.first - 1 : self.last]]

    @cached_property
    def _later(self) -> list[Body]:
        return []

    @cached_property
    def suite(self) -> cst.BaseSuite:
        """Empty, with a problem, where LibCST cannot parse it."""
        try:
            header = self.tree.body[0]
        except SourceError as error:
            self.problem = error.message
            return cst.IndentedBlock([])
        assert isinstance(header, cst.FunctionDef)
        return header.body

    @cached_property
    def names(self) -> frozenset[str]:
        """What `names_in` gives for the suite, without parsing it."""
        return frozenset(name for statement in self.statements for name in _written_names(statement))


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t\f"))


def first_line(statement: ast.stmt) -> int:
    """The line that a statement starts on, with its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


_COMPOUND = ("body", "handlers", "orelse", "finalbody", "cases")
"""The fields of a statement in which others stand, in the order of the text."""


def _functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that a statement defines, itself or in its blocks and classes, in order; not those inside functions."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node
        return
    for part in _COMPOUND:
        inner = getattr(node, part, ())
        for statement in inner if isinstance(inner, list) else ():
            yield from _functions(statement)


def _parsed_functions(node: cst.CSTNode) -> Iterator[cst.FunctionDef]:
    """`_functions` of LibCST's tree."""
    if isinstance(node, cst.FunctionDef):
        yield node
    elif isinstance(
        node, (cst.BaseCompoundStatement, cst.BaseSuite, cst.Else, cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase)
    ):
        for child in node.children:
            yield from _parsed_functions(child)


def _written_names(node: ast.AST) -> Iterator[str]:
    """The names in a piece of plain syntax tree, the parts of dotted ones each."""
    for inner in ast.walk(node):
        for name, value in ast.iter_fields(inner):
            if name in _NAME_FIELDS:
                for text in value if isinstance(value, list) else (value,):
                    if isinstance(text, str):
                        yield from text.split(".")
        if isinstance(inner, (ast.Constant, ast.MatchSingleton)) and (inner.value is None or isinstance(inner.value, bool)):
            yield str(inner.value)


_NAME_FIELDS = frozenset({"id", "attr", "arg", "name", "asname", "module", "names", "rest", "kwd_attrs"})


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

    def __init__(
        self,
        text: str,
        filename: str,
        name: str = "__main__",
        is_package: bool = False,
        path: Path | None = None,
        parses_when_called: bool = False,
    ) -> None:
        self.parses_when_called = parses_when_called
        """Whether functions are parsed one by one: for a file of which only a part is used, and which is not edited."""
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
        self.unstarred: set[str] = set()
        """Names that none of its `from module import *` gives."""

    @property
    def weight(self) -> int:
        """Its memory, in lines that LibCST has parsed; the plain syntax tree of a line takes a quarter of that."""
        return len(self.lines) // 4 + sum(piece.parsed_lines for piece in self.slices)

    def forget(self) -> None:
        """Lets go of what its execution left: the next reader of the file starts from its text."""
        self.scope = None
        self.unstarred.clear()
        for piece in self.slices:
            piece.state = "waiting"

    def _slice(self) -> list[Slice]:
        slices: list[Slice] = []
        for statement in self.syntax.body:
            first = first_line(statement)
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


def is_too_deep(statement: ast.stmt) -> bool:
    """Whether a syntax tree has more than MAX_NESTING levels. What stands on a short line is not looked at: it cannot add many."""
    levels = 0
    level: list[ast.AST] = [statement]
    while level and levels <= MAX_NESTING:
        levels += 1
        level = [child for parent in level if not _is_short(parent) for child in ast.iter_child_nodes(parent)]
    return levels > MAX_NESTING


def _is_short(node: ast.AST) -> bool:
    row = getattr(node, "lineno", None)
    return row is not None and row == node.end_lineno and node.end_col_offset - node.col_offset < SHORT  # type: ignore[attr-defined]


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
