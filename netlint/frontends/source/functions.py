"""Parameters of functions, and how arguments are bound to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import libcst as cst

from netlint.frontends.source.code import NodeCache
from netlint.frontends.source.heap import ADict
from netlint.frontends.source.values import Anything, Class, Function, Scope
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function as written."""

    name: str
    default: cst.BaseExpression | None
    annotation: cst.BaseExpression | None


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a function by the way they are passed."""

    positional: tuple[Parameter, ...]
    star: str | None
    keyword_only: tuple[Parameter, ...]
    double_star: str | None


def _parameters_of(node: cst.FunctionDef | cst.Lambda) -> Parameters:
    written = node.params

    def convert(params: Any) -> tuple[Parameter, ...]:
        return tuple(Parameter(p.name.value, p.default, p.annotation.annotation if p.annotation else None) for p in params)

    star = written.star_arg
    return Parameters(
        convert([*written.posonly_params, *written.params]),
        star.name.value if isinstance(star, cst.Param) else None,
        convert(written.kwonly_params),
        written.star_kwarg.name.value if written.star_kwarg else None,
    )


parameters_of = NodeCache(_parameters_of)
"""The parameters of a function or lambda node."""


def _yields(body: cst.BaseSuite) -> bool:
    queue: list[cst.CSTNode] = [body]
    while queue:
        current = queue.pop()
        if type(current) is cst.Yield:
            return True
        if type(current) not in (cst.FunctionDef, cst.Lambda, cst.ClassDef):
            queue.extend(current.children)
    return False


is_generator = NodeCache(_yields)
"""Whether the body of a function yields itself."""


def make_function(interpreter: Interpreter, node: cst.FunctionDef | cst.Lambda, scope: Scope, owner: Class | None = None) -> Function:
    """The value of a function definition: its defaults are evaluated now."""
    name = node.name.value if isinstance(node, cst.FunctionDef) else "<lambda>"
    qualname = f"{scope.name}.{name}" if scope.name else name
    params = parameters_of(node)
    defaults = {p.name: interpreter.evaluate(p.default, scope) for p in (*params.positional, *params.keyword_only) if p.default is not None}
    closure = scope
    while closure.is_class and closure.parent is not None:
        closure = closure.parent
    if closure.piece is not scope.piece or closure.parent is None:
        # A module's scope moves on from slice to slice; a function keeps the slice that it was defined in.
        closure = Scope(closure.file, closure.parent, closure.name, scope.piece, closure.variables, closure.outer)
    return Function(node, closure, name, qualname, defaults, owner)


def bind_arguments(function: Function, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None) -> dict[str, Any]:
    """The variables with which a call starts. A missing argument becomes Anything; superfluous ones are dropped."""
    params = parameters_of(function.node)
    bound: dict[str, Any] = {}
    rest = dict(kwargs)
    for index, parameter in enumerate(params.positional):
        if index < len(args):
            bound[parameter.name] = args[index]
        elif parameter.name in rest:
            bound[parameter.name] = rest.pop(parameter.name)
        else:
            bound[parameter.name] = _absent(function, parameter, opened)
    if params.star is not None:
        bound[params.star] = tuple(args[len(params.positional) :])
    for parameter in params.keyword_only:
        bound[parameter.name] = rest.pop(parameter.name) if parameter.name in rest else _absent(function, parameter, opened)
    if params.double_star is not None:
        bound[params.double_star] = ADict(rest)
    return bound


def _absent(function: Function, parameter: Parameter, opened: Unknown | None) -> Any:
    if opened is not None:
        return Anything(f"parameter `{parameter.name}`: {opened.reason}")
    if parameter.name in function.defaults:
        return function.defaults[parameter.name]
    return Anything(f"parameter `{parameter.name}` of `{function.name}` has no default")
