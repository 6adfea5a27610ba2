"""How a file calls what it imports from torch: from a name in the code to the qualified name, and back."""

from __future__ import annotations

import ast
from functools import cached_property, lru_cache

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.fixes.source.code import Code
from netlint.frontends.source.code import flat
from netlint.frontends.torch_api import canonical


def dotted(node: cst.CSTNode) -> str:
    """`a.b.c` as text; empty for anything else."""
    if isinstance(node, cst.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr.value}" if base else ""
    return node.value if isinstance(node, cst.Name) else ""


class Names:
    """The imports of one file."""

    def __init__(self, code: Code) -> None:
        self._code = code

    @cached_property
    def _everywhere(self) -> dict[str, str]:
        return _bound(list(ast.walk(self._code.file.syntax)))

    @cached_property
    def _at_top(self) -> dict[str, str]:
        return _bound([node for statement in self._code.file.syntax.body for node in flat(statement)])

    def qualified(self, node: cst.CSTNode) -> str:
        """The canonical name of what an expression refers to through an import (`F.relu` is torch.nn.functional.relu); else empty."""
        root, _, rest = dotted(node).partition(".")
        origin = self._everywhere.get(root)
        return canonical(f"{origin}.{rest}" if rest else origin) if origin else ""

    def spell(self, name: str) -> tuple[str, tuple[Edit, ...]]:
        """How this file can write a qualified name of torch, with the edit that imports it if nothing leads there yet."""
        module, _, last = name.rpartition(".")
        for bound, origin in self._at_top.items():
            if origin == name:
                return bound, ()
        nearest = max((len(origin) for origin in self._at_top.values() if name.startswith(f"{origin}.")), default=0)
        for bound, origin in self._at_top.items():
            if len(origin) == nearest and name.startswith(f"{origin}."):
                return f"{bound}{name.removeprefix(origin)}", ()
        if last in self._everywhere or last in self._top_level_names:
            return f"{module.rpartition('.')[2]}.{last}", (self._new_import(module),)
        return last, (self._extended(module, last) or self._new_import(module, last),)

    @cached_property
    def _top_level_names(self) -> frozenset[str]:
        return frozenset(self._code.file.bindings)

    def _extended(self, module: str, name: str) -> Edit | None:
        """One more name in a `from module import ...` that is there."""
        for node in self._code.file.syntax.body:
            if isinstance(node, ast.ImportFrom) and not node.level and node.module == module and node.names[0].name != "*":
                alias = node.names[-1]
                end = self._offset(alias.end_lineno or alias.lineno, alias.end_col_offset or 0)
                return self._code.edit((end, end), f", {name}")
        return None

    def _new_import(self, module: str, name: str = "") -> Edit:
        """A new line behind the imports at the top, the docstring, or nothing."""
        package, _, last = module.rpartition(".")
        line = f"from {module} import {name}" if name else f"from {package} import {last}"
        row = 0
        for node in self._code.file.syntax.body:
            if isinstance(node, ast.Pass):  # a notebook's lines for the shell
                continue
            first = row == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not (first or isinstance(node, (ast.Import, ast.ImportFrom))):
                break
            row = node.end_lineno or node.lineno
        if not row:
            return self._code.edit((0, 0), f"{line}\n")
        end = self._code.line(row)[1]
        return self._code.edit((end, end), f"\n{line}")

    def _offset(self, row: int, bytes_before: int) -> int:
        line = self._code.file.lines[row - 1]
        return self._code.line(row)[0] + len(line.encode("utf-8")[:bytes_before].decode("utf-8"))  # `ast` counts bytes


@lru_cache(maxsize=16)
def imports_of(code: Code) -> Names:
    """The imports of a file, looked at once: a plan asks for them at every layer."""
    return Names(code)


def _bound(nodes: list[ast.stmt] | list[ast.AST]) -> dict[str, str]:
    """The names that import statements bind, with what they stand for."""
    table: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                table[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            table.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return table
