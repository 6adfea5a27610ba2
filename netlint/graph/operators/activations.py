"""Activation functions and their mathematical facts (statements S17-S26)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Float, Int, Unknown


@dataclass(eq=False, kw_only=True)
class Activation(Operator):
    """An element-wise non-linearity. Subclasses state `monotone`, `saturating`, `range` and `idempotent`."""

    elementwise: ClassVar[bool] = True
    saturating: ClassVar[bool] = False
    """Bounded on both sides, so that its gradient vanishes at both ends (S17)."""
    range: ClassVar[tuple[float, float] | None] = None
    idempotent: ClassVar[bool] = False


@dataclass(eq=False, kw_only=True)
class ReLU(Activation):
    """max(x, 0)."""


@dataclass(eq=False, kw_only=True)
class ReLU6(Activation):
    """min(max(x, 0), 6)."""


@dataclass(eq=False, kw_only=True)
class LeakyReLU(Activation):
    """x for x >= 0, else negative_slope * x. Monotone only if negative_slope >= 0."""

    negative_slope: Float = 0.01


@dataclass(eq=False, kw_only=True)
class PReLU(Activation):
    """LeakyReLU with a learned slope, one or one a channel. The slope may become negative, so monotone is Unknown."""

    num_parameters: Int = 1
    init: Float = 0.25


@dataclass(eq=False, kw_only=True)
class RReLU(Activation):
    """LeakyReLU with a slope drawn from U(lower, upper) in training, their mean at test.

    `training` is how a functional call was told its mode: True, False, Unknown, or None when it follows the module.
    """

    random_in_training: ClassVar[bool] = True
    lower: Float = 1 / 8
    upper: Float = 1 / 3
    training: bool | Unknown | None = None


@dataclass(eq=False, kw_only=True)
class ELU(Activation):
    """x for x > 0, else alpha * (exp(x) - 1)."""

    alpha: Float = 1.0


@dataclass(eq=False, kw_only=True)
class SELU(Activation):
    """Scaled ELU with fixed constants."""


@dataclass(eq=False, kw_only=True)
class CELU(Activation):
    """Continuously differentiable ELU."""

    alpha: Float = 1.0


@dataclass(eq=False, kw_only=True)
class GELU(Activation):
    """x * Phi(x); not monotone."""

    approximate: str | Unknown = "none"


@dataclass(eq=False, kw_only=True)
class SiLU(Activation):
    """x * sigmoid(x), also called swish; not monotone."""


@dataclass(eq=False, kw_only=True)
class Mish(Activation):
    """x * tanh(softplus(x)); not monotone."""


@dataclass(eq=False, kw_only=True)
class Sigmoid(Activation):
    """1 / (1 + exp(-x)) (S18)."""


@dataclass(eq=False, kw_only=True)
class Tanh(Activation):
    """tanh(x) = 2 sigmoid(2x) - 1 (S18)."""


@dataclass(eq=False, kw_only=True)
class Hardsigmoid(Activation):
    """relu6(x + 3) / 6."""


@dataclass(eq=False, kw_only=True)
class Hardswish(Activation):
    """x * relu6(x + 3) / 6; not monotone."""


@dataclass(eq=False, kw_only=True)
class Hardtanh(Activation):
    """min(max(x, min_val), max_val)."""

    min_val: Float = -1.0
    max_val: Float = 1.0


@dataclass(eq=False, kw_only=True)
class Softplus(Activation):
    """log(1 + exp(beta x)) / beta."""

    beta: Float = 1.0
    threshold: Float = 20.0


@dataclass(eq=False, kw_only=True)
class Softsign(Activation):
    """x / (1 + |x|)."""


@dataclass(eq=False, kw_only=True)
class Tanhshrink(Activation):
    """x - tanh(x)."""


@dataclass(eq=False, kw_only=True)
class Softshrink(Activation):
    """x moved towards 0 by lambd, 0 inside [-lambd, lambd]."""

    lambd: Float = 0.5


@dataclass(eq=False, kw_only=True)
class Hardshrink(Activation):
    """x outside [-lambd, lambd], else 0."""

    lambd: Float = 0.5


@dataclass(eq=False, kw_only=True)
class LogSigmoid(Activation):
    """log(sigmoid(x))."""


@dataclass(eq=False, kw_only=True)
class Threshold(Activation):
    """x if x > threshold, else value."""

    threshold: Float
    value: Float


@dataclass(eq=False, kw_only=True)
class GLU(Operator):
    """The first half times the sigmoid of the second half, along `dim`. A gate, not an element-wise activation."""

    dim: Int = -1


@dataclass(eq=False, kw_only=True)
class Softmax(Operator):
    """exp(x) / sum exp(x) along `dim` (None: chosen implicitly by PyTorch, which is deprecated)."""

    dim: int | None | Unknown = None


@dataclass(eq=False, kw_only=True)
class LogSoftmax(Operator):
    """log(softmax(x)) along `dim`."""

    dim: int | None | Unknown = None


@dataclass(eq=False, kw_only=True)
class Softmin(Operator):
    """softmax(-x) along `dim`."""

    dim: int | None | Unknown = None


@dataclass(eq=False, kw_only=True)
class GumbelSoftmax(Operator):
    """A sample from the Gumbel-softmax distribution along `dim`."""

    random_in_training: ClassVar[bool] = True
    dim: int | None | Unknown = -1
