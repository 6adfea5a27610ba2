"""Places in the user's code, from running frames and from syntax trees."""

from __future__ import annotations

import ast
import functools
import itertools
import linecache
import sys
from pathlib import Path
from types import CodeType, FrameType

from torch import nn

from netlint.frontends.module.naming import package_folder
from netlint.graph import FixedSite, Location

_OWN = str(Path(__file__).parent)
NOT_USERS = (package_folder(), _OWN, str(Path(ast.__file__).with_name("contextlib.py")))
"""Where code is not the user's: PyTorch, this package, and the standard library's wrappers."""
_IN_ORDER = frozenset(
    cls.forward.__code__ for cls in (nn.Sequential, nn.TransformerEncoder, nn.TransformerDecoder) if hasattr(cls.forward, "__code__")
)
"""The forwards of PyTorch's containers, which apply their children one after the other."""


def is_users(filename: str) -> bool:
    """Whether a file holds the user's code. A name in brackets is that of generated code, unless its lines are known: a notebook's."""
    if filename.startswith("<"):
        return not filename.startswith("<eval_with_key>") and bool(linecache.getlines(filename))
    return not filename.startswith(NOT_USERS)


def shown(filename: str) -> str:
    """A file's name as a user would give it: relative to the current folder where it lies below that."""
    path = Path(filename)
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


# -- where something is applied ---------------------------------------------------------------------------------------------


def applied_site(frame: FrameType | None) -> tuple[FixedSite | None, bool]:
    """The innermost place in the user's code that leads to a frame, and whether one of PyTorch's containers stands between."""
    by_container = False
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_OWN):  # where this package runs the network: what is further out only asked for it
            break
        if is_users(code.co_filename):
            return _site(code, code.co_filename, frame.f_lasti, frame.f_lineno), by_container
        by_container = by_container or code in _IN_ORDER
        frame = frame.f_back
    return None, by_container


@functools.lru_cache(maxsize=65536)
def _site(code: CodeType, filename: str, instruction: int, row: int) -> FixedSite:
    """The file is part of the key: the same code in two files is equal to Python."""
    start, end, column, end_column = row, row, None, None
    if sys.version_info >= (3, 11):
        position = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
        start, end, column, end_column = (position[0] or row, position[1] or row, position[2], position[3])
    scope = getattr(code, "co_qualname", code.co_name).replace("<module>", "").replace(".<locals>", "")
    if column is None or end_column is None:
        text = linecache.getline(filename, row).rstrip()
        place = (row, len(text) - len(text.lstrip()) + 1, row, max(len(text), 1) + 1)
    else:
        place = (start, _characters(filename, start, column), end, _characters(filename, end, end_column))
    return FixedSite(Location(shown(filename), *place), scope)


def _characters(filename: str, row: int, column: int) -> int:
    """A column from 1 in characters, from one from 0 in bytes of UTF-8."""
    line = linecache.getline(filename, row)
    return column + 1 if line.isascii() else len(line.encode()[:column].decode(errors="replace")) + 1


def applied_call(frame: FrameType | None) -> tuple[ast.Call, str] | None:
    """The call expression in the user's code that leads to a frame, and its file; None where its source is not there or not exact."""
    site, _ = applied_site(frame)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    if site is None or frame is None:
        return None
    filename, place = frame.f_code.co_filename, site.place
    calls = calls_of(filename)
    exact = calls.get((place.row, place.column, place.end_row, place.end_column))
    if exact is None and sys.version_info < (3, 11):  # only the row is known
        in_row = [call for key, call in calls.items() if key[0] <= place.row <= key[2]]
        exact = in_row[0] if len(in_row) == 1 else None
    return (exact, filename) if exact is not None else None


def asks_mode_before(call: ast.Call, filename: str) -> bool:
    """Whether the function around a call has asked `if self.training` by then: what it does there depends on the mode."""
    around = [node for node in ast.walk(tree_of(filename)) if isinstance(node, ast.FunctionDef) and _holds(node, call)]
    if not around:
        return False
    innermost = max(around, key=lambda node: node.lineno)
    tests = (node.test for node in ast.walk(innermost) if isinstance(node, ast.If) and node.lineno <= call.lineno)
    return any(isinstance(node, ast.Attribute) and node.attr == "training" for test in tests for node in ast.walk(test))


def _holds(function: ast.FunctionDef, node: ast.expr) -> bool:
    return function.lineno <= node.lineno and (node.end_lineno or 0) <= (function.end_lineno or 0)


@functools.lru_cache(maxsize=64)
def calls_of(filename: str) -> dict[tuple[int, int, int, int], ast.Call]:
    """The call expressions of a file by their places."""
    return {_place(node, filename): node for node in ast.walk(tree_of(filename)) if isinstance(node, ast.Call)}


@functools.lru_cache(maxsize=64)
def tree_of(filename: str) -> ast.Module:
    """The syntax of a file; empty for what is not Python or is not there."""
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def node_site(node: ast.expr | ast.stmt, filename: str, scope: str) -> FixedSite:
    """The place of a piece of a file's syntax."""
    return FixedSite(Location(shown(filename), *_place(node, filename)), scope)


def _place(node: ast.expr | ast.stmt, filename: str) -> tuple[int, int, int, int]:
    end_row, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    start = (node.lineno, _characters(filename, node.lineno, node.col_offset))
    return (*start, end_row, _characters(filename, end_row, end_column))
