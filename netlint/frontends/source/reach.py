"""What a piece of code comes to through the functions and classes of the project that it names.

A screen before anything is run: which functions are worth an entry of their own, and which branches may hold a loss. Names are looked up
where the code stands, and what they are is followed: through methods, tables of functions, and other files.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from netlint.frontends.source.classes import class_attribute
from netlint.frontends.source.code import SourceFile
from netlint.frontends.source.heap import leaves
from netlint.frontends.source.interpreter import GivenUp, Interpreter, OutOfBudget, Raised
from netlint.frontends.source.values import Bound, Class, Function, Namespace, Partial, members
from netlint.frontends.torch_api import OPTIMIZERS, losses

MAX_VISITED = 60
"""Functions that are looked into before a screen says no."""


@cache
def loss_names() -> frozenset[str]:
    """The names of torch's losses, without their modules."""
    return frozenset(name.rpartition(".")[2] for name in (*losses.FUNCTIONS, *losses.LAYERS))


@cache
def training_names() -> frozenset[str]:
    """The names of what only training code uses: torch's losses, optimizers and loaders, and `backward`."""
    return loss_names() | {name.rpartition(".")[2] for name in OPTIMIZERS} | {"backward", "DataLoader"}


class Reach:
    """Answers, for code of one project, what it comes to."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._named_by: dict[tuple[int, bool], tuple[Function, list[Function]]] = {}

    def functions(self, function: Function, here: bool = False) -> Iterator[Function]:
        """A function of the project, then those that it comes to, as far as names tell, nearest first; with `here`, those of its file."""
        seen = {id(function.node)}
        queue = [function]
        for current in queue:
            yield current
            if len(queue) < MAX_VISITED:
                for named in self._named(current, here):
                    if id(named.node) not in seen:
                        seen.add(id(named.node))
                        queue.append(named)

    def comes_to(self, function: Function, signs: frozenset[str]) -> bool:
        """Whether a function, or one that it comes to, names one of torch's `signs`."""
        return any(reached.names & signs for reached in self.functions(function))

    def names_coming_to(self, names: Iterable[str], function: Function, signs: frozenset[str]) -> set[str]:
        """Which of the names that a function uses are, or come to, one of torch's `signs`."""
        return {
            name
            for name in names
            if name in signs or any(self.comes_to(named, signs) for named in self._behind(name, function.scope.file, function.owner))
        }

    def _named(self, function: Function, here: bool) -> list[Function]:
        key = (id(function.node), here)
        if key not in self._named_by:
            file, names = function.scope.file, function.names
            followed = [name for name in sorted(names) if not here or not _is_imported(name, file)]
            found = [named for name in followed for named in self._behind(name, file, function.owner, names)]
            self._named_by[key] = (function, found)
        return self._named_by[key][1]

    def _behind(self, name: str, file: SourceFile, owner: Class | None, others: frozenset[str] = frozenset()) -> Iterator[Function]:
        """The functions that a name may stand for: a method of the class that the code belongs to, or what the file binds to it."""
        method = class_attribute(owner, name) if owner is not None else None
        values = [method, self._lookup(name, file)] if name in file.bindings else [method]
        for value in values:
            if isinstance(value, Namespace):
                for part in sorted(others & value.file.bindings.keys()):
                    yield from _functions_in(self._lookup(part, value.file))
            else:
                yield from _functions_in(value)

    def _lookup(self, name: str, file: SourceFile) -> Any:
        try:
            return self._interpreter.global_name(name, file)
        except (Raised, OutOfBudget, GivenUp, RecursionError):
            return None


def _is_imported(name: str, file: SourceFile) -> bool:
    return any(isinstance(node, (ast.Import, ast.ImportFrom)) for piece in file.bindings.get(name, ()) for node in piece.statements)


def _functions_in(value: Any) -> Iterator[Function]:
    """The functions of the project that run when a value is used: itself, the methods of a class, the entries of a table."""
    for option in members(value):
        if isinstance(option, (dict, list, tuple)):
            for leaf in leaves(option) or ():
                if not isinstance(leaf, (dict, list, tuple)):
                    yield from _functions_in(leaf)
        while isinstance(option, (Bound, Partial)):
            option = option.function
        if isinstance(option, Function):
            yield option
        elif isinstance(option, Class):
            for base in option.mro:
                if isinstance(base, Class):
                    yield from (method for method in base.namespace.values() if isinstance(method, Function))
