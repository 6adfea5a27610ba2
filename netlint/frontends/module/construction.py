"""Where the modules of a live network are made.

A module that is made while netlint watches (`package.module:name`) has the place of its constructor call exactly. For a model that
was made before, the source of the classes around it is searched for the call: the value that the parent's attribute is given, the
element of a container, or the only call in the class that can have made it. Where none is found, the place of the parent stands for
it, and where there is no source, there is none.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from netlint.frontends.module.sites import NOT_USERS, applied_site, node_site, shown, tree_of
from netlint.graph import FixedSite, Location

_WATCHED: WeakKeyDictionary[nn.Module, FixedSite] = WeakKeyDictionary()
"""The constructor calls of the modules that were made under `watch_construction`."""


@contextmanager
def watch_construction() -> Iterator[None]:
    """Notes where each module is made meanwhile."""
    original = nn.Module.__init__

    @functools.wraps(original)
    def noted(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_name == "__init__" and _first_argument(frame) is self:
            frame = frame.f_back  # from the base classes' constructors out to the call
        site, _ = applied_site(frame)
        original(self, *args, **kwargs)
        if site is not None:
            _WATCHED.setdefault(self, site)

    setattr(nn.Module, "__init__", noted)  # noqa: B010  # the type checker refuses the plain form
    try:
        yield
    finally:
        setattr(nn.Module, "__init__", original)  # noqa: B010


def _first_argument(frame: FrameType) -> Any:
    names = frame.f_code.co_varnames
    return frame.f_locals.get(names[0]) if names else None


class ConstructionSites:
    """The places where the modules of one network are made."""

    def __init__(self, model: nn.Module) -> None:
        self._found: dict[int, tuple[FixedSite | None, ast.expr | None, _ClassSource | None]] = {}
        """By id of the module: the place, the expression there, and the class that it stands in."""
        if not any(child in _WATCHED for child in model.children()):
            self._search(model)

    def of(self, module: nn.Module) -> FixedSite | None:
        """The constructor call of a module, or the nearest thing to it that is known."""
        watched = _WATCHED.get(module)
        return watched if watched is not None else self._found.get(id(module), (None, None, None))[0]

    def _search(self, model: nn.Module) -> None:
        self._found[id(model)] = (class_site(type(model)), None, None)
        pending = [model]
        for parent in pending:
            if isinstance(parent, torch.jit.ScriptModule):  # its parts are made by the compiler
                continue
            for name, child in parent.named_children():
                if id(child) not in self._found:
                    self._found[id(child)] = self._made(parent, name, child)
                    pending.append(child)

    def _made(self, parent: nn.Module, name: str, child: nn.Module) -> tuple[FixedSite | None, ast.expr | None, _ClassSource | None]:
        around, expression, source = self._found[id(parent)]
        kind: Any = type(parent)
        own = _class_source(kind)
        if own is not None:
            expression, source = own.value_of(name), own
            position = None
        else:
            position = list(vars(parent)["_modules"]).index(name)
        if source is None:
            return around, None, None
        node = _call_within(expression, child, position, len(vars(parent)["_modules"]))
        if node is None and not isinstance(expression, ast.Name):  # a name that is left is an argument: made outside of the class
            node = source.only_call(child)
        if node is None and own is not None:
            node = expression
        return (source.site(node), node, source) if node is not None else (around, expression, source)


def _call_within(expression: ast.expr | None, child: nn.Module, position: int | None, count: int) -> ast.expr | None:
    """The call in an expression that makes a module: the element at its position in a container, or the only call that fits."""
    if expression is None:
        return None
    if position is not None and isinstance(expression, ast.Call):
        elements = expression.args
        if len(elements) == 1 and isinstance(elements[0], (ast.List, ast.Tuple)):
            elements = elements[0].elts
        if len(elements) == count and isinstance(elements[position], ast.Call):
            return elements[position]
    made = [node for node in ast.walk(expression) if isinstance(node, ast.Call) and _may_make(node, child)]
    return made[0] if len(made) == 1 else None


class _ClassSource:
    """The source of one module class: what it assigns to its attributes, and the calls in it."""

    def __init__(self, definition: ast.ClassDef, filename: str) -> None:
        self.filename = filename
        self.name = definition.name
        self._attributes: dict[str, ast.expr] = {}
        self._variables: dict[str, ast.expr] = {}
        self.calls: list[ast.Call] = []
        for node in ast.walk(definition):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._assign(node.target, node.value)
            elif isinstance(node, ast.Call):
                self.calls.append(node)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            self._attributes.setdefault(target.attr, value)
        elif isinstance(target, ast.Name):
            self._variables.setdefault(target.id, value)

    def value_of(self, attribute: str) -> ast.expr | None:
        """The expression that an attribute is given, behind a variable if there is one."""
        value = self._attributes.get(attribute)
        return self._variables.get(value.id, value) if isinstance(value, ast.Name) else value

    def only_call(self, child: nn.Module) -> ast.Call | None:
        """The call that makes a module, if just one call of the class can have."""
        made = [call for call in self.calls if _may_make(call, child)]
        return made[0] if len(made) == 1 else None

    def site(self, node: ast.expr) -> FixedSite:
        return node_site(node, self.filename, f"{self.name}.__init__")


@functools.cache
def _class_source(kind: Any) -> _ClassSource | None:
    """The source of a class of the user's; None for PyTorch's own, and where there is none."""
    definition, filename = _definition(kind)
    return _ClassSource(definition, filename) if definition is not None else None


def _definition(kind: type) -> tuple[ast.ClassDef | None, str]:
    filename = _file_of(kind)
    if filename is None or filename.startswith(NOT_USERS):
        return None, ""
    return _definitions(filename).get(kind.__qualname__), filename


@functools.lru_cache(maxsize=64)
def _definitions(filename: str) -> dict[str, ast.ClassDef]:
    """The classes of a file by qualified name."""
    found: dict[str, ast.ClassDef] = {}

    def collect(node: ast.AST, prefix: str) -> None:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.ClassDef):
                found[prefix + inner.name] = inner
                collect(inner, f"{prefix}{inner.name}.")
            elif isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                collect(inner, f"{prefix}{inner.name}.<locals>.")
            elif not isinstance(inner, ast.expr):
                collect(inner, prefix)

    collect(tree_of(filename), "")
    return found


def _file_of(kind: type) -> str | None:
    try:
        return inspect.getsourcefile(kind)
    except (TypeError, OSError):
        return None


def class_site(kind: type) -> FixedSite | None:
    """The line on which a class of the user's is defined."""
    definition, filename = _definition(kind)
    if definition is None:
        return None
    row, column = definition.lineno, definition.col_offset + 1
    return FixedSite(Location(shown(filename), row, column, row, column + len(f"class {definition.name}")), definition.name)


def source_file(kind: type) -> str:
    """The file of the nearest class, from a class upwards, that is not PyTorch's own; empty without one."""
    files = (_file_of(base) for base in kind.__mro__)
    return next((shown(file) for file in files if file is not None and not file.startswith(NOT_USERS)), "")


def _may_make(call: ast.Call, child: nn.Module) -> bool:
    """Whether a call may have made a module: it names its class, and the numbers written out are the module's."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    kinds = [base for base in type(child).__mro__ if base.__name__ == name and base is not nn.Module]
    if not kinds:
        return False
    written = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    if not any(isinstance(argument, ast.Starred) for argument in call.args):
        written |= dict(zip(_constructor_arguments(kinds[0]), call.args, strict=False))
    return all(_agrees(value, getattr(child, key, None)) for key, value in written.items() if isinstance(value, ast.Constant))


@functools.cache
def _constructor_arguments(kind: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(kind.__init__).parameters)[1:]
    except (TypeError, ValueError):
        return ()


def _agrees(written: ast.Constant, value: object) -> bool:
    """False if a number that is written out is not the attribute's, which may be a tuple of it."""
    first = value[0] if isinstance(value, tuple) and value else value
    if isinstance(written.value, (int, float)) and isinstance(first, (int, float)):
        return first == written.value
    return True
