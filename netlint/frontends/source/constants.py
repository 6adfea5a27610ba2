"""Arithmetic on tensors whose elements are known numbers: widths and rates that a constructor computes with `torch.arange` and the like."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from netlint.frontends.source.values import NUMBER
from netlint.graph.operator import Operator
from netlint.graph.operators import Add, Constant, Div, Elementwise, Identity, Mul, Pow, Reduce, Sub

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    Add: operator.add,
    Sub: operator.sub,
    Mul: operator.mul,
    Div: operator.truediv,
    Pow: operator.pow,
}
_UNARY: dict[str, Callable[[Any], Any]] = {
    "round": lambda x: float(round(x)),
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
    "log": math.log,
    "log2": math.log2,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "abs": abs,
    "neg": operator.neg,
}
_REDUCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "prod": math.prod,
    "mean": lambda x: sum(x) / len(x),
}


def is_known(value: object) -> bool:
    """Whether a Constant's value is a number or a (nested) list of numbers."""
    if isinstance(value, (list, tuple)):
        return all(is_known(element) for element in value)
    return isinstance(value, NUMBER)


def fold(template: Operator, inputs: Sequence[Operator]) -> Any:
    """The value of an operation on known constants; None if it is not one that is computed here, or fails."""
    if not inputs or not all(isinstance(o, Constant) and is_known(o.value) for o in inputs):
        return None
    if isinstance(template, Reduce) and isinstance(template.how, str) and template.dim is None:
        return _reduce(template.how, inputs[0].value)  # type: ignore[attr-defined]
    values = [o.value for o in inputs]  # type: ignore[attr-defined]
    if not any(isinstance(value, (list, tuple)) for value in values) and not isinstance(template, (Elementwise, Identity, Pow)):
        return None
    try:
        if isinstance(template, Pow) and template.exponent is not None and len(values) == 1:
            exponent = template.exponent
            return _map(lambda x: x**exponent, values[0])
        if type(template) in _BINARY and len(values) == 2:
            return _broadcast(_BINARY[type(template)], values[0], values[1])
        if getattr(template, "how", "") == "diff" and len(values) == 1:
            return [b - a for a, b in zip(values[0], values[0][1:], strict=False)]
        if isinstance(template, Elementwise) and template.how in _UNARY and len(values) == 1:
            return _map(_UNARY[template.how], values[0])
        if isinstance(template, Identity) and len(values) == 1:
            return values[0]
    except (ArithmeticError, ValueError, TypeError):
        return None
    return None


def integers(value: Any) -> Any:
    """`.int()`, `.long()`: every number truncated."""
    return _map(int, value)


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    return [_map(function, element) for element in value] if isinstance(value, (list, tuple)) else function(value)


def _broadcast(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if len(left) != len(right):
            raise ValueError("sizes differ")
        return [_broadcast(function, a, b) for a, b in zip(left, right, strict=True)]
    if isinstance(left, (list, tuple)):
        return [_broadcast(function, a, right) for a in left]
    if isinstance(right, (list, tuple)):
        return [_broadcast(function, left, b) for b in right]
    if isinstance(right, (int, float)) and function is operator.pow and abs(right) > 512:
        raise ValueError("too large")
    return function(left, right)


def _reduce(how: str, value: Any) -> Any:
    flat = _flatten(value)
    if not flat:
        return None
    compute = _REDUCTIONS.get(how)
    return compute(flat) if compute is not None else None


def _flatten(value: Any) -> list[Any]:
    return [number for element in value for number in _flatten(element)] if isinstance(value, (list, tuple)) else [value]
