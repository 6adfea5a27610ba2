"""Activation functions and their mathematical facts (statements S17-S26)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.shapes import at, replaced, size_conflict, written
from netlint.graph.unknown import Bool, Float, Int, Shape, Unknown, when_known

Range = tuple[float, float]
INF = math.inf


@dataclass(eq=False, kw_only=True)
class Activation(Operator):
    """An element-wise non-linearity. Subclasses state `monotone`, `saturating`, `range` and `idempotent`."""

    keeps_shape: ClassVar[bool] = True
    elementwise: ClassVar[bool] = True
    idempotent: ClassVar[bool] = False
    """f(f(x)) = f(x), whatever its parameters are."""

    @property
    def saturating(self) -> Bool:
        """Bounded on both sides and centred on its steep part, so that its gradient vanishes at both ends (S17).

        ReLU6 and other clipped ReLUs are not: on the positive side they are the identity up to a bound that normalised features do not
        reach, and on the negative side they are ReLU.
        """
        return False

    @property
    def range(self) -> Range | None:
        """The infimum and supremum of the results; None if it takes all values, or if that is not known."""
        return None


@dataclass(eq=False, kw_only=True)
class ReLU(Activation):
    """max(x, 0)."""

    monotone: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True
    range: ClassVar[Range | None] = (0.0, INF)


@dataclass(eq=False, kw_only=True)
class ReLU6(Activation):
    """min(max(x, 0), 6)."""

    monotone: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True
    range: ClassVar[Range | None] = (0.0, 6.0)


@dataclass(eq=False, kw_only=True)
class LeakyReLU(Activation):
    """x for x >= 0, else negative_slope * x. Monotone only if negative_slope >= 0."""

    negative_slope: Float = 0.01

    @property
    def monotone(self) -> Bool:
        return when_known(_at_least_zero, self.negative_slope)

    @property
    def range(self) -> Range | None:
        return (0.0, INF) if isinstance(self.negative_slope, (int, float)) and self.negative_slope <= 0 else None


@dataclass(eq=False, kw_only=True)
class PReLU(Activation):
    """LeakyReLU with a learned slope, one or one a channel. The slope may become negative, so monotone is Unknown."""

    num_parameters: Int = 1
    init: Float = 0.25

    @property
    def monotone(self) -> Bool:
        slope = self.layer.parameters.get("weight") if self.layer is not None else None
        if slope is not None and slope.trainable is False and slope.initialization is None:
            return when_known(_at_least_zero, self.init)
        return Unknown("the learned slope of a PReLU may be negative")

    def parameter_shapes(self) -> dict[str, Shape]:
        return {"weight": (self.num_parameters,)}

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        if not inputs or self.num_parameters == 1:
            return None
        return size_conflict(self.name, inputs[0], 1, self.num_parameters, "channels in dimension 1")


@dataclass(eq=False, kw_only=True)
class RReLU(Activation):
    """LeakyReLU with a slope drawn from U(lower, upper) in training, their mean at test.

    `training` is how a functional call was told its mode: True, False, Unknown, or None when it follows the module.
    """

    random_in_training: ClassVar[bool] = True
    lower: Float = 1 / 8
    upper: Float = 1 / 3
    training: bool | Unknown | None = None

    @property
    def monotone(self) -> Bool:
        """True if every slope is; but each element has its own while training, see `commutes_with_max`."""
        return when_known(_at_least_zero, self.lower)


@dataclass(eq=False, kw_only=True)
class ELU(Activation):
    """x for x > 0, else alpha * (exp(x) - 1)."""

    alpha: Float = 1.0

    @property
    def monotone(self) -> Bool:
        return when_known(_at_least_zero, self.alpha)

    @property
    def range(self) -> Range | None:
        return (-max(self.alpha, 0.0), INF) if isinstance(self.alpha, (int, float)) else None


@dataclass(eq=False, kw_only=True)
class SELU(Activation):
    """Scaled ELU with fixed constants, scale * alpha = 1.7581 (arXiv 1706.02515)."""

    monotone: ClassVar[bool] = True
    range: ClassVar[Range | None] = (-1.7580993408473766, INF)


@dataclass(eq=False, kw_only=True)
class CELU(Activation):
    """Continuously differentiable ELU, max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)) (arXiv 1704.07483)."""

    alpha: Float = 1.0

    @property
    def monotone(self) -> Bool:
        return when_known(lambda alpha: alpha != 0, self.alpha)

    @property
    def range(self) -> Range | None:
        return (-self.alpha, INF) if isinstance(self.alpha, (int, float)) and self.alpha > 0 else None


@dataclass(eq=False, kw_only=True)
class GELU(Activation):
    """x * Phi(x); not monotone, its minimum is -0.16998 at -0.7518."""

    approximate: str | Unknown = "none"

    @property
    def range(self) -> Range | None:
        return (-0.16997120747990369, INF) if self.approximate == "none" else None


@dataclass(eq=False, kw_only=True)
class SiLU(Activation):
    """x * sigmoid(x), also called swish; not monotone, its minimum is -0.27846 at -1.2785."""

    range: ClassVar[Range | None] = (-0.27846454276107374, INF)


@dataclass(eq=False, kw_only=True)
class Mish(Activation):
    """x * tanh(softplus(x)); not monotone, its minimum is -0.30884 at -1.1924."""

    range: ClassVar[Range | None] = (-0.30884341301725043, INF)


@dataclass(eq=False, kw_only=True)
class Sigmoid(Activation):
    """1 / (1 + exp(-x)) (S18)."""

    monotone: ClassVar[bool] = True
    saturating: ClassVar[bool] = True
    range: ClassVar[Range | None] = (0.0, 1.0)


@dataclass(eq=False, kw_only=True)
class Tanh(Activation):
    """tanh(x) = 2 sigmoid(2x) - 1 (S18)."""

    monotone: ClassVar[bool] = True
    saturating: ClassVar[bool] = True
    range: ClassVar[Range | None] = (-1.0, 1.0)


@dataclass(eq=False, kw_only=True)
class Hardsigmoid(Activation):
    """relu6(x + 3) / 6."""

    monotone: ClassVar[bool] = True
    saturating: ClassVar[bool] = True
    range: ClassVar[Range | None] = (0.0, 1.0)


@dataclass(eq=False, kw_only=True)
class Hardswish(Activation):
    """x * relu6(x + 3) / 6; not monotone, its minimum is -0.375 at -1.5."""

    range: ClassVar[Range | None] = (-0.375, INF)


@dataclass(eq=False, kw_only=True)
class Hardtanh(Activation):
    """min(max(x, min_val), max_val)."""

    monotone: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True
    min_val: Float = -1.0
    max_val: Float = 1.0

    @property
    def saturating(self) -> Bool:
        return when_known(lambda low, high: low < 0 < high, self.min_val, self.max_val)

    @property
    def range(self) -> Range | None:
        return _known(self.min_val, self.max_val)


@dataclass(eq=False, kw_only=True)
class Softplus(Activation):
    """log(1 + exp(beta x)) / beta."""

    monotone: ClassVar[bool] = True
    beta: Float = 1.0
    threshold: Float = 20.0

    @property
    def range(self) -> Range | None:
        return (0.0, INF) if isinstance(self.beta, (int, float)) and self.beta > 0 else None


@dataclass(eq=False, kw_only=True)
class Softsign(Activation):
    """x / (1 + |x|)."""

    monotone: ClassVar[bool] = True
    saturating: ClassVar[bool] = True
    range: ClassVar[Range | None] = (-1.0, 1.0)


@dataclass(eq=False, kw_only=True)
class Tanhshrink(Activation):
    """x - tanh(x)."""

    monotone: ClassVar[bool] = True


@dataclass(eq=False, kw_only=True)
class Softshrink(Activation):
    """x moved towards 0 by lambd, 0 inside [-lambd, lambd]."""

    monotone: ClassVar[bool] = True
    lambd: Float = 0.5


@dataclass(eq=False, kw_only=True)
class Hardshrink(Activation):
    """x outside [-lambd, lambd], else 0."""

    monotone: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True
    lambd: Float = 0.5


@dataclass(eq=False, kw_only=True)
class LogSigmoid(Activation):
    """log(sigmoid(x))."""

    monotone: ClassVar[bool] = True
    range: ClassVar[Range | None] = (-INF, 0.0)


@dataclass(eq=False, kw_only=True)
class Threshold(Activation):
    """x if x > threshold, else value. Monotone only if value <= threshold."""

    idempotent: ClassVar[bool] = True

    threshold: Float
    value: Float

    @property
    def monotone(self) -> Bool:
        return when_known(lambda threshold, value: value <= threshold, self.threshold, self.value)

    @property
    def range(self) -> Range | None:
        known = _known(self.threshold, self.value)
        return None if known is None else (min(known), INF)


def _at_least_zero(slope: float) -> bool:
    return slope >= 0


def _known(low: Float, high: Float) -> Range | None:
    return None if isinstance(low, Unknown) or isinstance(high, Unknown) else (low, high)


@dataclass(eq=False, kw_only=True)
class GLU(Operator):
    """The first half times the sigmoid of the second half, along `dim`. A gate, not an element-wise activation."""

    dim: Int = -1

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        size = at(shape, self.dim)
        if shape is None or not isinstance(size, int) or size % 2 == 0:
            return None
        return f"{self.name} halves dimension {self.dim}, which has {size} entries in its input {written(shape)}"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        size = at(inputs[0], self.dim) if inputs else None
        if size is None or self.conflict(inputs) is not None:
            return None
        return replaced(inputs[0], self.dim, when_known(lambda n: n // 2, size))


@dataclass(eq=False, kw_only=True)
class Softmax(Operator):
    """exp(x) / sum exp(x) along `dim` (None: chosen implicitly by PyTorch, which is deprecated)."""

    keeps_shape: ClassVar[bool] = True
    dim: int | None | Unknown = None


@dataclass(eq=False, kw_only=True)
class LogSoftmax(Operator):
    """log(softmax(x)) along `dim`."""

    keeps_shape: ClassVar[bool] = True
    dim: int | None | Unknown = None


@dataclass(eq=False, kw_only=True)
class Softmin(Operator):
    """softmax(-x) along `dim`."""

    keeps_shape: ClassVar[bool] = True
    dim: int | None | Unknown = None


@dataclass(eq=False, kw_only=True)
class GumbelSoftmax(Operator):
    """A sample from the Gumbel-softmax distribution along `dim`."""

    keeps_shape: ClassVar[bool] = True
    random_in_training: ClassVar[bool] = True
    dim: int | None | Unknown = -1
