"""Arithmetic on tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Int, Unknown


@dataclass(eq=False, kw_only=True)
class Binary(Operator):
    """An element-wise operation on two broadcast operands."""

    elementwise: ClassVar[bool] = True


@dataclass(eq=False, kw_only=True)
class Add(Binary):
    """x + y: a residual connection when both depend on the input."""


@dataclass(eq=False, kw_only=True)
class Sub(Binary):
    """x - y."""


@dataclass(eq=False, kw_only=True)
class Mul(Binary):
    """x * y: a gate when both depend on the input."""


@dataclass(eq=False, kw_only=True)
class Div(Binary):
    """x / y."""


@dataclass(eq=False, kw_only=True)
class Pow(Binary):
    """x ** y; `exponent` when it is a number (2.0 for `square`, .5 for `sqrt`)."""

    exponent: float | Unknown | None = None


@dataclass(eq=False, kw_only=True)
class Compare(Binary):
    """A comparison or logical operation; no gradient. `how` is its symbol or name."""

    how: str = ""


@dataclass(eq=False, kw_only=True)
class Elementwise(Operator):
    """An element-wise function without an operator of its own; `how` is torch's name (`exp`, `log`, `abs`, `sin`, `clamp`, ...)."""

    elementwise: ClassVar[bool] = True
    how: str = ""
    arguments: tuple[object, ...] = ()


@dataclass(eq=False, kw_only=True)
class MatMul(Operator):
    """A matrix product of two tensors (`@`, `matmul`, `bmm`, `mm`)."""


@dataclass(eq=False, kw_only=True)
class Einsum(Operator):
    """`torch.einsum`; `equation` as written."""

    equation: str | Unknown = ""


@dataclass(eq=False, kw_only=True)
class Reduce(Operator):
    """A reduction over `dim` (None: all): `how` is sum, mean, max, min, prod, var, std, norm, logsumexp, argmax, any, all ...

    `order` is the p of a norm.
    """

    how: str
    dim: int | tuple[Int, ...] | None | Unknown = None
    keepdim: bool | Unknown = False
    order: float | str | None | Unknown = None
