"""Patterns of nodes, written as the formula that they compute: `x * Sigmoid(x)`.

A name stands for any value, the same wherever it occurs; a number for a constant of that value; `(d := ...)` names what a part
computes; `+` and `*` match their operands in either order. Casts and copies are looked through.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from netlint.frontends.onnx.fold import scalar
from netlint.frontends.onnx.ir import Node, Value

Bindings: TypeAlias = "dict[str, Value]"
_OPERATORS: Mapping[type[ast.operator], str] = {ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Div: "Div", ast.Pow: "Pow"}
_COMMUTATIVE = ("Add", "Mul")
_COPIES = ("Cast", "CastLike", "Identity")
TOLERANCE = 2e-3
"""Constants are rounded by exporters, in half precision to three digits."""


@dataclass(frozen=True, slots=True)
class Name:
    """Any value."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Apply:
    """The result of an operator, perhaps named."""

    kind: str
    operands: tuple[Term, ...]
    name: str = ""


Term: TypeAlias = "Name | Number | Apply"


@cache
def pattern(text: str) -> Apply:
    """A formula as a pattern."""
    term = _term(ast.parse(text, mode="eval").body)
    assert isinstance(term, Apply)
    return term


def match(node: Node, wanted: Apply) -> Iterator[Bindings]:
    """All ways in which a node computes a formula."""
    yield from _applied(node, wanted, {})


def _term(tree: ast.expr, name: str = "") -> Term:
    match tree:
        case ast.NamedExpr(ast.Name(id=named), inner):
            return _term(inner, named)
        case ast.Name(id=free):
            return Name(free)
        case ast.Constant(int() | float() as number):
            return Number(number)
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
            return Number(-number)
        case ast.BinOp(left, operation, right):
            return Apply(_OPERATORS[type(operation)], (_term(left), _term(right)), name)
        case ast.Call(ast.Name(id=kind), operands):
            return Apply(kind, tuple(_term(operand) for operand in operands), name)
    raise ValueError(f"not a formula: {ast.unparse(tree)}")


def _matched(value: Value | None, wanted: Term, bound: Bindings) -> Iterator[Bindings]:
    if value is None:
        return
    if isinstance(wanted, Number):
        number = scalar(value)
        if number is not None and abs(number - wanted.value) <= TOLERANCE * max(abs(wanted.value), 1e-3):
            yield bound
    elif isinstance(wanted, Name):
        value = behind_copies(value)
        if bound.get(wanted.name, value) is value:
            yield {**bound, wanted.name: value}
    else:
        value = behind_copies(value)
        if wanted.name in bound:
            if bound[wanted.name] is value:
                yield bound
        elif value.producer is not None:
            for found in _applied(value.producer, wanted, bound):
                yield {**found, wanted.name: value} if wanted.name else found


def _applied(node: Node, wanted: Apply, bound: Bindings) -> Iterator[Bindings]:
    if not node.standard or node.kind != wanted.kind or len(node.inputs) < len(wanted.operands):
        return
    orders = [node.inputs[: len(wanted.operands)]]
    if wanted.kind in _COMMUTATIVE:
        orders.append(orders[0][::-1])
    for operands in orders:
        yield from _all(operands, wanted.operands, bound)


def _all(values: list[Value | None], wanted: tuple[Term, ...], bound: Bindings) -> Iterator[Bindings]:
    if not wanted:
        yield bound
        return
    for found in _matched(values[0], wanted[0], bound):
        yield from _all(values[1:], wanted[1:], found)


def behind_copies(value: Value) -> Value:
    """What a value is a copy of."""
    while value.producer is not None and value.producer.standard and value.producer.kind in _COPIES and not value.stored:
        source = value.producer.input(0)
        if source is None or value.array is not None:
            return value
        value = source
    return value
