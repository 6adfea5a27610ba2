"""Imports: names of the project's other files, resolved when they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst

from netlint.frontends.source.interpreter import EXECUTE, Interpreter
from netlint.frontends.source.values import External, LazyImport, Namespace, Scope

if TYPE_CHECKING:
    from netlint.frontends.source.code import SourceFile


def dotted(node: cst.BaseExpression) -> str:
    """`a.b.c` as text."""
    if isinstance(node, cst.Attribute):
        return f"{dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def _import(interpreter: Interpreter, node: cst.Import, scope: Scope) -> Any:
    for alias in node.names:
        path = dotted(alias.name)
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            interpreter.bind(alias.asname.name.value, LazyImport(path, None, scope.file), scope)
        else:
            top = path.partition(".")[0]
            interpreter.bind(top, LazyImport(top, None, scope.file), scope)
    return None


def module_value(interpreter: Interpreter, path: str, importer: SourceFile) -> Any:
    """The value of an imported module: a Namespace of the project, or an External."""
    file = interpreter.project.resolve(path, importer)
    return Namespace(file) if file is not None else External(path)


def _import_from(interpreter: Interpreter, node: cst.ImportFrom, scope: Scope) -> Any:
    path = dotted(node.module) if node.module is not None else ""
    if node.relative:
        parts = scope.file.name.split(".") if scope.file.name else []
        if not scope.file.is_package:
            parts = parts[:-1]
        up = len(node.relative) - 1
        parts = parts[: len(parts) - up] if up else parts
        path = ".".join([*parts, *([path] if path else [])])
    if isinstance(node.names, cst.ImportStar):
        _import_star(interpreter, path, scope)
        return None
    for alias in node.names:
        name = dotted(alias.name)
        bound = alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else name
        interpreter.bind(bound, LazyImport(path, name, scope.file), scope)
    return None


def resolve_import(interpreter: Interpreter, wanted: LazyImport) -> Any:
    """The value that an import statement gives a name."""
    if wanted.name is None:
        return module_value(interpreter, wanted.path, wanted.importer)
    file = interpreter.project.resolve(wanted.path, wanted.importer) if wanted.path else None
    return imported(interpreter, file, wanted.path, wanted.name, wanted.importer)


def imported(interpreter: Interpreter, file: SourceFile | None, path: str, name: str, importer: SourceFile) -> Any:
    """What `from path import name` gives."""
    if file is None:
        submodule = interpreter.project.resolve(f"{path}.{name}" if path else name, importer)
        return Namespace(submodule) if submodule is not None else External(f"{path}.{name}".lstrip("."))
    if file is not importer and defines(file, name):
        return interpreter.global_name(name, file)
    submodule = interpreter.project.resolve(f"{file.name}.{name}" if file.is_package else f"{path}.{name}", importer)
    if submodule is not None:
        return Namespace(submodule)
    return interpreter.global_name(name, file)


def defines(file: SourceFile, name: str) -> bool:
    """Whether a file binds a name at its top level."""
    return name in file.bindings or (file.scope is not None and name in file.scope.variables)


def _import_star(interpreter: Interpreter, path: str, scope: Scope) -> None:
    file = interpreter.project.resolve(path, scope.file) if path else None
    if file is None or file is scope.file:
        from netlint.frontends.source.torch_calls import public_names

        for name in public_names(path):
            if name not in scope.variables:
                interpreter.bind(name, External(f"{path}.{name}"), scope)
        return
    exported = interpreter.global_name("__all__", file) if defines(file, "__all__") else None
    names = exported if isinstance(exported, (list, tuple)) else [name for name in file.bindings if not name.startswith("_")]
    for name in names:
        if isinstance(name, str) and name not in scope.variables:
            interpreter.bind(name, LazyImport(path, name, scope.file), scope)
    for piece in file.star_imports:
        interpreter.execute_slice(piece)
    if exported is None:
        for name, value in list(interpreter.module_scope(file).variables.items()):
            if not name.startswith("_") and name not in scope.variables:
                interpreter.bind(name, value, scope)


def imports_missing(interpreter: Interpreter, node: cst.Try | cst.TryStar, scope: Scope) -> bool:
    """`try: import optional ... except ImportError:` where the package is not part of the project: it is taken as not installed."""
    from netlint.frontends.source.python_values import is_known_package

    if not node.handlers or not isinstance(node.body, cst.IndentedBlock):
        return False
    caught = cst.Module([]).code_for_node(node.handlers[0].type) if node.handlers[0].type is not None else "Exception"
    if not any(name in caught for name in ("ImportError", "ModuleNotFoundError", "Exception")):
        return False
    for line in node.body.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            paths = []
            if isinstance(small, cst.Import):
                paths = [dotted(alias.name) for alias in small.names]
            elif isinstance(small, cst.ImportFrom) and not small.relative and small.module is not None:
                paths = [dotted(small.module)]
            for path in paths:
                if not is_known_package(path) and not interpreter.project.has(path, scope.file):
                    return True
    return False


EXECUTE[cst.Import] = _import
EXECUTE[cst.ImportFrom] = _import_from
