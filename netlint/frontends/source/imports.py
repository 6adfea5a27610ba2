"""Imports: names of the project's other files, resolved when they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst

from netlint.frontends.source.interpreter import EXECUTE, Interpreter
from netlint.frontends.source.values import ABSENT, External, LazyImport, Namespace, Scope

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
    if isinstance(node.names, cst.ImportStar):
        return None  # looked through when a name is not found
    path = absolute(dotted(node.module) if node.module is not None else "", len(node.relative), scope.file)
    for alias in node.names:
        name = dotted(alias.name)
        bound = alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else name
        interpreter.bind(bound, LazyImport(path, name, scope.file), scope)
    return None


def absolute(path: str, level: int, file: SourceFile) -> str:
    """The absolute name of a module that a file imports with so many leading dots."""
    if not level:
        return path
    parts = file.name.split(".") if file.name else []
    if not file.is_package:
        parts = parts[:-1]
    parts = parts[: len(parts) - level + 1]
    return ".".join([*parts, *([path] if path else [])])


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


def star_imported(interpreter: Interpreter, name: str, file: SourceFile) -> Any:
    """What a name that a file does not bind itself is by one of its `from module import *`; ABSENT if none of them gives it."""
    return _from_stars(interpreter, name, file, {file.filename}) if not name.startswith("__") else ABSENT


def _from_stars(interpreter: Interpreter, name: str, file: SourceFile, seen: set[str]) -> Any:
    from netlint.frontends.source.torch_calls import public_names

    for module, level in file.star_imports:
        path = absolute(module, level, file)
        if not interpreter.project.may_give(path, name, file):
            continue
        source = interpreter.project.resolve(path, file) if path else None
        if source is None:
            if name in public_names(path):
                return External(f"{path}.{name}")
        elif source.filename not in seen:
            seen.add(source.filename)
            interpreter.step()
            found = _exported(interpreter, name, source, seen)
            if found is not ABSENT:
                return found
    return ABSENT


def _exported(interpreter: Interpreter, name: str, file: SourceFile, seen: set[str]) -> Any:
    """What `from file import *` binds to a name; ABSENT if it binds nothing to it."""
    if defines(file, "__all__"):
        listed = interpreter.global_name("__all__", file)
        if isinstance(listed, (list, tuple)) and name not in listed:
            return ABSENT
    elif name.startswith("_"):
        return ABSENT
    return interpreter.global_name(name, file) if defines(file, name) else _from_stars(interpreter, name, file, seen)


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
