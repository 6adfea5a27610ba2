"""Activation functions (statements S17-S26): f(x) and f'(x) of each, element by element, with PyTorch's values at the edges.

At a kink the derivative is PyTorch's: that of the side which the comparison in the code gives. NaN stays NaN, except where PyTorch's
derivative compares it away.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, alike, all_but, namespace, per_channel, quiet
from netlint.layers.special import erf

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


class Activation(ReferenceLayer):
    """y_i = f(x_i). Subclasses write `evaluate`, f(x), and `pulled`, g f'(x)."""

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        y = self.evaluate(x)
        return Step((y,), lambda g: Gradients((self.pulled(g, x, y),)))

    @abstractmethod
    def evaluate(self, x: Array) -> Array:
        """f(x)."""

    @abstractmethod
    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        """g f'(x), where y = f(x)."""


# -- saturating: sigmoid and tanh -----------------------------------------------------------------------------------------


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow: exp is only taken of -|x|."""
    xp = namespace(x)
    small = xp.exp(-xp.abs(x))
    return xp.where(x < 0, small, 1 + 0 * small) / (1 + small)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)) without overflow."""
    xp = namespace(x)
    return _clipped(x, low=0.0) + xp.log1p(xp.exp(-xp.abs(x)))


@dataclass(frozen=True)
class Sigmoid(Activation):
    """sigma(x) = 1 / (1 + exp(-x)), in [0, 1] (S18); sigma' = sigma (1 - sigma).

    >>> import numpy as np
    >>> Sigmoid().forward((np.array([-np.inf, 0.0, 1000.0]),)).output
    array([0. , 0.5, 1. ])
    """

    def evaluate(self, x: Array) -> Array:
        return sigmoid(x)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return g * (1 - y) * y


@dataclass(frozen=True)
class Tanh(Activation):
    """tanh(x) = 2 sigma(2x) - 1, in [-1, 1] (S18); tanh' = 1 - tanh^2.

    It is taken from the library: the right side of the identity cancels near 0.

    >>> import numpy as np
    >>> x = np.linspace(-3, 3, 7)
    >>> bool(np.allclose(Tanh().forward((x,)).output, 2 * Sigmoid().forward((2 * x,)).output - 1, rtol=0, atol=4e-16))
    True
    """

    def evaluate(self, x: Array) -> Array:
        return namespace(x).tanh(x)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return g * (1 - y * y)


# -- the ReLU family ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReLU(Activation):
    """max(x, 0) (S19); f'(0) = 0.

    >>> import numpy as np
    >>> step = ReLU().forward((np.array([-1.0, 0.0, 2.0]),))
    >>> print(step.output, step.backward(np.ones(3)).inputs[0])
    [0. 0. 2.] [0. 0. 1.]
    """

    def evaluate(self, x: Array) -> Array:
        return _clipped(x, low=0.0)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return _where(x <= 0, 0.0, g)


@dataclass(frozen=True)
class Hardtanh(Activation):
    """min(max(x, min_val), max_val); f' = 0 on both bounds (PyTorch).

    >>> import numpy as np
    >>> Hardtanh().forward((np.array([-2.0, 0.5, 2.0]),)).output
    array([-1. ,  0.5,  1. ])
    """

    min_val: float = -1.0
    max_val: float = 1.0

    def evaluate(self, x: Array) -> Array:
        return _clipped(x, self.min_val, self.max_val)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return _where((x <= self.min_val) | (x >= self.max_val), 0.0, g)


@dataclass(frozen=True)
class ReLU6(Hardtanh):
    """min(max(x, 0), 6) (arXiv 1704.04861).

    >>> import numpy as np
    >>> ReLU6().forward((np.array([-2.0, 5.0, 7.0]),)).output
    array([0., 5., 6.])
    """

    min_val: float = 0.0
    max_val: float = 6.0


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """y = x if x > 0, else a x, with a fixed slope a (S19).

    >>> import numpy as np
    >>> LeakyReLU(negative_slope=0.1).forward((np.array([-2.0, 3.0]),)).output
    array([-0.2,  3. ])
    """

    negative_slope: float = 0.01

    def evaluate(self, x: Array) -> Array:
        return namespace(x).where(x > 0, x, x * self.negative_slope)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return namespace(x).where(x > 0, g, g * self.negative_slope)


@dataclass(frozen=True)
class PReLU(ReferenceLayer):
    """y = x if x > 0, else a_c x, with a learned slope a, one or one a channel in dimension 1 (S19, S22; arXiv 1502.01852).

    dL/da_c = sum of g x over the elements of channel c with x <= 0. The parameter `weight` holds the slopes.

    >>> import numpy as np
    >>> step = PReLU().forward((np.array([[-2.0, -2.0]]),), {"weight": np.array([0.1, 0.25])})
    >>> print(step.output, step.backward(np.ones((1, 2))).parameters["weight"])
    [[-0.2 -0.5]] [-2. -2.]
    """

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        weight = parameters["weight"]
        xp = namespace(x, weight)
        single = weight.shape[0] == 1
        # an input of one dimension has one channel only
        slope = xp.reshape(weight, (1,) * x.ndim) if single else per_channel(weight, max(x.ndim, 2))

        def pull(g: Array) -> Gradients:
            products = _where(x > 0, 0.0, x * g)
            total = xp.reshape(xp.sum(products), (1,)) if single else xp.sum(products, axis=all_but(1, x.ndim))
            return Gradients((xp.where(x > 0, g, slope * g),), {"weight": total})

        return Step((xp.where(x > 0, x, slope * x),), pull)


@dataclass(frozen=True)
class RReLU(ReferenceLayer):
    """y = x if x > 0, else a_ji x: a_ji ~ U(lower, upper) for each element in training, (lower + upper) / 2 at test (S19).

    Xu et al., arXiv 1505.00853. `training` is None for a layer that follows the mode of the network.

    >>> import numpy as np
    >>> RReLU(lower=0.1, upper=0.3).forward((np.array([-1.0, 1.0]),)).output
    array([-0.2,  1. ])
    """

    lower: float = 1 / 8
    upper: float = 1 / 3
    training: bool | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        if not (context.training if self.training is None else self.training):
            return LeakyReLU((self.lower + self.upper) / 2).apply(inputs, parameters, context)
        return self.sloped(x, alike(context.uniform(x.shape, self.lower, self.upper), x))

    @quiet()
    def sloped(self, x: Array, slopes: Array) -> Step:
        """The layer in training, with the slope of each element given."""
        noise = namespace(x).where(x <= 0, slopes, 0 * slopes + 1)
        return Step((x * noise,), lambda g: Gradients((g * noise,)))


# -- the ELU family -------------------------------------------------------------------------------------------------------


class Exponential(Activation):
    """y = scale x if x > 0, else scale_below (exp(rate x) - 1). The ELU family differs in these three numbers."""

    @property
    @abstractmethod
    def scales(self) -> tuple[float, float, float]:
        """scale, scale_below, rate."""

    def evaluate(self, x: Array) -> Array:
        scale, below, rate = self.scales
        xp = namespace(x)
        return xp.where(x <= 0, xp.expm1(_clipped(x, high=0.0) * rate) * below, x * scale)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        scale, below, rate = self.scales
        xp = namespace(x)
        return xp.where(x <= 0, g * (rate * below) * xp.exp(_clipped(x, high=0.0) * rate), g * scale)


@dataclass(frozen=True)
class ELU(Exponential):
    """y = x if x > 0, else alpha (exp(x) - 1) (S19, S20; arXiv 1511.07289).

    >>> import numpy as np
    >>> ELU(alpha=2.0).forward((np.array([-np.inf, 0.0, 3.0]),)).output
    array([-2.,  0.,  3.])
    """

    alpha: float = 1.0

    @property
    def scales(self) -> tuple[float, float, float]:
        return 1.0, self.alpha, 1.0


@dataclass(frozen=True)
class SELU(Exponential):
    """y = scale ELU(x; alpha) with scale = 1.0507, alpha = 1.6733, whose fixed point is mean 0, variance 1 (arXiv 1706.02515).

    >>> import numpy as np
    >>> SELU().forward((np.array([-np.inf, 0.0, 1.0]),)).output.round(4)
    array([-1.7581,  0.    ,  1.0507])
    """

    @property
    def scales(self) -> tuple[float, float, float]:
        return SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0


@dataclass(frozen=True)
class CELU(Exponential):
    """y = max(x, 0) + min(0, alpha (exp(x / alpha) - 1)) (arXiv 1704.07483).

    >>> import numpy as np
    >>> CELU(alpha=0.5).forward((np.array([-np.inf, 0.0, 1.0]),)).output
    array([-0.5,  0. ,  1. ])
    """

    alpha: float = 1.0

    @property
    def scales(self) -> tuple[float, float, float]:
        return 1.0, self.alpha, 1 / self.alpha


# -- x times something ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GELU(Activation):
    """x Phi(x), Phi the normal distribution function (arXiv 1606.08415); Phi(x) = (1 + erf(x / sqrt(2))) / 2.

    `approximate="tanh"`: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

    >>> import numpy as np
    >>> GELU().forward((np.array([-1.0, 0.0, 1.0]),)).output.round(4)
    array([-0.1587,  0.    ,  0.8413])
    """

    approximate: str = "none"

    def evaluate(self, x: Array) -> Array:
        if self.approximate == "tanh":
            return 0.5 * x * (1 + namespace(x).tanh(self._inner(x)))
        return x * (0.5 * (1 + erf(x * math.sqrt(0.5))))

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        xp = namespace(x)
        if self.approximate == "tanh":
            bent = xp.tanh(self._inner(x))
            steep = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * (x * x))
            return g * (0.5 * (1 + bent) + 0.5 * x * (1 - bent * bent) * steep)
        density = xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return g * (0.5 * (1 + erf(x * math.sqrt(0.5))) + x * density)

    @staticmethod
    def _inner(x: Array) -> Array:
        return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)


@dataclass(frozen=True)
class SiLU(Activation):
    """x sigma(x) (arXiv 1702.03118); f' = sigma (1 + x (1 - sigma)).

    >>> import numpy as np
    >>> SiLU().forward((np.array([-1.0, 0.0, 1.0]),)).output.round(4)
    array([-0.2689,  0.    ,  0.7311])
    """

    def evaluate(self, x: Array) -> Array:
        return x * sigmoid(x)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        gate = sigmoid(x)
        return g * gate * (1 + x * (1 - gate))


@dataclass(frozen=True)
class Mish(Activation):
    """x tanh(softplus(x)) (arXiv 1908.08681); f' = t + x sigma (1 - t^2) with t = tanh(softplus(x)).

    >>> import numpy as np
    >>> Mish().forward((np.array([-1.0, 0.0, 1.0]),)).output.round(4)
    array([-0.3034,  0.    ,  0.8651])
    """

    def evaluate(self, x: Array) -> Array:
        return x * namespace(x).tanh(softplus(x))

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        gate = namespace(x).tanh(softplus(x))
        return g * (gate + x * sigmoid(x) * (1 - gate * gate))


@dataclass(frozen=True)
class Hardsigmoid(Activation):
    """relu6(x + 3) / 6 (arXiv 1905.02244); f' = 1/6 inside (-3, 3).

    >>> import numpy as np
    >>> Hardsigmoid().forward((np.array([-3.0, 0.0, 3.0]),)).output
    array([0. , 0.5, 1. ])
    """

    def evaluate(self, x: Array) -> Array:
        return _clipped(x + 3, 0.0, 6.0) / 6

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return _where((x > -3) & (x < 3), g / 6, 0.0)


@dataclass(frozen=True)
class Hardswish(Activation):
    """x relu6(x + 3) / 6 (arXiv 1905.02244); f' = 0 up to -3, x/3 + 1/2 inside, 1 from 3 on.

    >>> import numpy as np
    >>> Hardswish().forward((np.array([-3.0, -1.5, 3.0]),)).output
    array([-0.   , -0.375,  3.   ])
    """

    def evaluate(self, x: Array) -> Array:
        return x * _clipped(x + 3, 0.0, 6.0) / 6

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return _where(x <= -3, 0.0, namespace(x).where(x < 3, g * (x / 3 + 0.5), g))


# -- soft and shrinking ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Softplus(Activation):
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold; f' = sigma(beta x).

    >>> import numpy as np
    >>> Softplus().forward((np.array([-1000.0, 0.0, 1000.0]),)).output.round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """

    beta: float = 1.0
    threshold: float = 20.0

    def evaluate(self, x: Array) -> Array:
        scaled = x * self.beta
        return namespace(x).where(scaled > self.threshold, x, softplus(scaled) / self.beta)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        scaled = x * self.beta
        return namespace(x).where(scaled > self.threshold, g, g * sigmoid(scaled))


@dataclass(frozen=True)
class Softsign(Activation):
    """x / (1 + |x|); f' = 1 / (1 + |x|)^2 = (1 - |f|)^2.

    >>> import numpy as np
    >>> Softsign().forward((np.array([-1.0, 0.0, 3.0]),)).output
    array([-0.5 ,  0.  ,  0.75])
    """

    def evaluate(self, x: Array) -> Array:
        return x / (1 + namespace(x).abs(x))

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        rest = 1 - namespace(x).abs(y)
        return g * (rest * rest)


@dataclass(frozen=True)
class Tanhshrink(Activation):
    """x - tanh(x); f' = tanh^2.

    >>> import numpy as np
    >>> Tanhshrink().forward((np.array([0.0, 1.0]),)).output.round(4)
    array([0.    , 0.2384])
    """

    def evaluate(self, x: Array) -> Array:
        return x - namespace(x).tanh(x)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        bent = namespace(x).tanh(x)
        return g * (bent * bent)


@dataclass(frozen=True)
class Softshrink(Activation):
    """x - lambd for x > lambd, x + lambd for x < -lambd, else 0.

    >>> import numpy as np
    >>> Softshrink().forward((np.array([-1.0, 0.2, 1.0]),)).output
    array([-0.5,  0. ,  0.5])
    """

    lambd: float = 0.5

    def evaluate(self, x: Array) -> Array:
        xp = namespace(x)
        return xp.where(x > self.lambd, x - self.lambd, xp.where(x < -self.lambd, x + self.lambd, 0 * x))

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return _where(namespace(x).abs(x) <= self.lambd, 0.0, g)


@dataclass(frozen=True)
class Hardshrink(Activation):
    """x where |x| > lambd, else 0.

    >>> import numpy as np
    >>> Hardshrink().forward((np.array([-1.0, 0.2, 1.0]),)).output
    array([-1.,  0.,  1.])
    """

    lambd: float = 0.5

    def evaluate(self, x: Array) -> Array:
        return _where(namespace(x).abs(x) <= self.lambd, 0.0, x)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return _where(namespace(x).abs(x) <= self.lambd, 0.0, g)


@dataclass(frozen=True)
class Threshold(Activation):
    """x if x > threshold, else value.

    >>> import numpy as np
    >>> Threshold(threshold=1.0, value=-7.0).forward((np.array([0.0, 1.0, 2.0]),)).output
    array([-7., -7.,  2.])
    """

    threshold: float
    value: float = 0.0

    def evaluate(self, x: Array) -> Array:
        return _where(x <= self.threshold, self.value, x)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return _where(x <= self.threshold, 0.0, g)


@dataclass(frozen=True)
class LogSigmoid(Activation):
    """log(sigma(x)) = -log(1 + exp(-x)); f' = sigma(-x).

    >>> import numpy as np
    >>> LogSigmoid().forward((np.array([-1000.0, 0.0]),)).output.round(4)
    array([-1.000e+03, -6.931e-01])
    """

    def evaluate(self, x: Array) -> Array:
        return -softplus(-x)

    def pulled(self, g: Array, x: Array, y: Array) -> Array:
        return g * sigmoid(-x)


# -- along a dimension ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GLU(ReferenceLayer):
    """a sigma(b), where a and b are the halves of the input along `dim` (arXiv 1612.08083).

    >>> import numpy as np
    >>> GLU().forward((np.array([3.0, 0.0]),)).output
    array([1.5])
    """

    dim: int = -1

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        moved = xp.moveaxis(x, self.dim, 0)
        half = moved.shape[0] // 2
        value, gate = moved[:half, ...], sigmoid(moved[half:, ...])

        def pull(g: Array) -> Gradients:
            front = xp.moveaxis(g, self.dim, 0)
            halves = xp.concat([front * gate, front * value * gate * (1 - gate)], axis=0)
            return Gradients((xp.moveaxis(halves, 0, self.dim),))

        return Step((xp.moveaxis(value * gate, 0, self.dim),), pull)


@dataclass(frozen=True)
class LogSoftmax(ReferenceLayer):
    """log p_i = x_i - log sum_j exp(x_j) along `dim`; the gradient is g - p sum(g).

    >>> import numpy as np
    >>> LogSoftmax(dim=0).forward((np.array([0.0, 0.0]),)).output.round(4)
    array([-0.6931, -0.6931])
    """

    dim: int | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        axis = implicit_dim(self.dim, x.ndim)
        y = log_softmax(x, axis)
        return Step((y,), lambda g: Gradients((g - xp.exp(y) * xp.sum(g, axis=axis, keepdims=True),)))


@dataclass(frozen=True)
class Softmax(ReferenceLayer):
    """p_i = exp(x_i) / sum_j exp(x_j) along `dim`; the gradient is p (g - sum(g p)). `dim` None is PyTorch's implicit choice.

    >>> import numpy as np
    >>> Softmax(dim=0).forward((np.array([1000.0, 1000.0]),)).output
    array([0.5, 0.5])
    """

    dim: int | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        axis = implicit_dim(self.dim, x.ndim)
        y = softmax(x, axis)
        return Step((y,), lambda g: Gradients((y * (g - xp.sum(g * y, axis=axis, keepdims=True)),)))


@dataclass(frozen=True)
class Softmin(ReferenceLayer):
    """softmax(-x) along `dim`.

    >>> import numpy as np
    >>> Softmin(dim=0).forward((np.array([0.0, np.inf]),)).output
    array([1., 0.])
    """

    dim: int | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        step = Softmax(self.dim).apply((-x,), parameters, context)
        return Step(step.outputs, lambda g: step.pull(-g))


def softmax(x: Array, axis: int) -> Array:
    """exp(x) / sum exp(x); the maximum is taken off before, so that nothing overflows."""
    xp = namespace(x)
    powers = xp.exp(x - _peak(x, axis))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def log_softmax(x: Array, axis: int) -> Array:
    """x - log sum exp(x); the maximum is taken off before, so that nothing overflows."""
    xp = namespace(x)
    shifted = x - _peak(x, axis)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def _peak(x: Array, axis: int) -> Array:
    xp = namespace(x)
    return xp.max(x, axis=axis, keepdims=True) if x.shape[axis] else xp.sum(x, axis=axis, keepdims=True)


def implicit_dim(dim: int | None, rank: int) -> int:
    """The dimension of a softmax that is told none: 0 for arrays of rank 0, 1 and 3, else 1 (`torch.nn.functional._get_softmax_dim`)."""
    if dim is not None:
        return dim
    return 0 if rank in (0, 1, 3) else 1


# -- pieces ---------------------------------------------------------------------------------------------------------------


def _where(condition: Array, first: Array | float, second: Array | float) -> Array:
    """`where` with a Python number in one of the two places."""
    like = second if isinstance(first, float) else first
    pair = (alike(part, like) if isinstance(part, float) else part for part in (first, second))
    return namespace(condition).where(condition, *pair)


def _clipped(x: Array, low: float = -math.inf, high: float = math.inf) -> Array:
    """min(max(x, low), high); NaN stays NaN, and -0.0 stays -0.0 where 0 is the bound."""
    return _where(x < low, low, _where(x > high, high, x))
