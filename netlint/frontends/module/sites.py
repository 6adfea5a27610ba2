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
    """Whether a file holds the user's code. Code without a file is generated; only notebooks give theirs a name in brackets."""
    return not filename.startswith(NOT_USERS) and (not filename.startswith("<") or filename.startswith("<ipython"))


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
            return _site(code, frame.f_lasti, frame.f_lineno), by_container
        by_container = by_container or code in _IN_ORDER
        frame = frame.f_back
    return None, by_container


@functools.lru_cache(maxsize=65536)
def _site(code: CodeType, instruction: int, row: int) -> FixedSite:
    start, end, column, end_column = row, row, None, None
    if sys.version_info >= (3, 11):
        position = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
        start, end, column, end_column = (position[0] or row, position[1] or row, position[2], position[3])
    scope = getattr(code, "co_qualname", code.co_name).replace("<module>", "").replace(".<locals>", "")
    if column is None or end_column is None:
        text = linecache.getline(code.co_filename, row).rstrip()
        place = (row, len(text) - len(text.lstrip()) + 1, row, max(len(text), 1) + 1)
    else:
        place = (start, _characters(code.co_filename, start, column), end, _characters(code.co_filename, end, end_column))
    return FixedSite(Location(shown(code.co_filename), *place), scope)


def _characters(filename: str, row: int, column: int) -> int:
    """A column from 1 in characters, from one from 0 in bytes of UTF-8."""
    line = linecache.getline(filename, row)
    return column + 1 if line.isascii() else len(line.encode()[:column].decode(errors="replace")) + 1


def applied_call(frame: FrameType | None) -> ast.Call | None:
    """The call expression in the user's code that leads to a frame; None where its source is not there or not exact."""
    site, _ = applied_site(frame)
    while frame is not None and frame.f_code.co_filename.startswith(NOT_USERS):
        frame = frame.f_back
    if site is None or frame is None:
        return None
    place, calls = site.place, calls_of(frame.f_code.co_filename)
    exact = calls.get((place.row, place.column, place.end_row, place.end_column))
    if exact is not None or sys.version_info >= (3, 11):
        return exact
    in_row = [call for key, call in calls.items() if key[0] <= place.row <= key[2]]
    return in_row[0] if len(in_row) == 1 else None


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
