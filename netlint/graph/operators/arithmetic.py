"""Arithmetic on tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.shapes import broadcast, differ, einsum, matrix_product, reduced, written
from netlint.graph.unknown import Bool, Int, Shape, Unknown

_INCREASING = (
    "acosh asin asinh atan atanh ceil clamp clamp_max clamp_min erf erfinv exp exp2 expm1 floor log log10 log1p log2 logit positive round "
    "sgn sign sinh trunc"
)
INCREASING = frozenset(_INCREASING.split())
"""The functions of one argument that never decrease where they are defined."""


@dataclass(eq=False, kw_only=True)
class Binary(Operator):
    """An element-wise operation on two broadcast operands."""

    elementwise: ClassVar[bool] = True

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        known = [shape for shape in inputs if shape is not None]
        if len(known) < 2 or broadcast(*known) is not None:
            return None
        return f"{self.name} cannot stretch {' and '.join(map(written, known))} to a common shape"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return broadcast(*inputs)


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

    @property
    def name(self) -> str:
        return self.how or "Compare"


@dataclass(eq=False, kw_only=True)
class Elementwise(Operator):
    """An element-wise function without an operator of its own; `how` is torch's name (`exp`, `log`, `abs`, `sin`, `clamp`, ...)."""

    elementwise: ClassVar[bool] = True
    how: str = ""
    arguments: tuple[object, ...] = ()

    @property
    def name(self) -> str:
        return self.how or "Elementwise"

    @property
    def monotone(self) -> Bool:
        return self.how in INCREASING and len(self.inputs) < 2

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return broadcast(*inputs)


@dataclass(eq=False, kw_only=True)
class MatMul(Operator):
    """A matrix product of two tensors (`@`, `matmul`, `bmm`, `mm`); a third input is added to it (`addmm`, `baddbmm`)."""

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        first, second = inputs[:2] if len(inputs) > 1 else (None, None)
        if not first or not second:
            return None
        inner = second[-2] if len(second) > 1 else second[-1]
        if not differ(first[-1], inner):
            return None
        return f"the product of {written(first)} and {written(second)} needs {first[-1]} rows in the second factor, it has {inner}"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return matrix_product(inputs[0], inputs[1]) if len(inputs) > 1 else None


@dataclass(eq=False, kw_only=True)
class Einsum(Operator):
    """`torch.einsum`; `equation` as written."""

    equation: str | Unknown = ""

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return None if isinstance(self.equation, Unknown) else einsum(self.equation, inputs)


@dataclass(eq=False, kw_only=True)
class Reduce(Operator):
    """A reduction over `dim` (None: all): `how` is sum, mean, max, min, prod, var, std, norm, logsumexp, argmax, any, all ...

    `order` is the p of a norm.
    """

    how: str
    dim: int | tuple[Int, ...] | None | Unknown = None
    keepdim: bool | Unknown = False
    order: float | str | None | Unknown = None

    @property
    def name(self) -> str:
        return self.how

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if "quantile" in self.how:  # several quantiles add a dimension
            return None
        return reduced(inputs[0], self.dim, self.keepdim) if inputs else None

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return self.infer(inputs)  # values and indices, mean and deviation: the same shape
