"""Arithmetic on arrays that broadcast, products of matrices, reductions."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from netlint.layers.layer import Array, Context, Gradient, Gradients, Parameters, ReferenceLayer, Step, alike, namespace, signum, size


def summed_to(g: Array, like: Array) -> Gradient:
    """The adjoint of broadcasting: the gradient summed over the dimensions that were stretched; None for a Python number."""
    if isinstance(like, (int, float)):
        return None
    xp = namespace(g)
    extra = g.ndim - like.ndim
    stretched = tuple(range(extra)) + tuple(axis + extra for axis, n in enumerate(like.shape) if n == 1 and g.shape[axis + extra] != 1)
    return xp.reshape(xp.sum(g, axis=stretched), like.shape) if stretched else g


class BinaryLayer(ReferenceLayer):
    """z = x o y, element by element, of two arrays that broadcast; either may be a Python number, which has no gradient."""

    arity = 2

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x, y = inputs

        def pull(g: Array) -> Gradients:
            first, second = self.pulled(g, x, y)
            return Gradients((summed_to(first, x), summed_to(second, y)))

        return Step((self.evaluate(x, y),), pull)

    @abstractmethod
    def evaluate(self, x: Array, y: Array) -> Array:
        """x o y."""

    @abstractmethod
    def pulled(self, g: Array, x: Array, y: Array) -> tuple[Array, Array]:
        """g dz/dx and g dz/dy, in the shape of z."""


@dataclass(frozen=True)
class Add(BinaryLayer):
    """x + y.

    >>> import numpy as np
    >>> step = Add().forward((np.zeros((2, 2)), np.ones(2)))
    >>> step.backward(step.output).inputs[1]
    array([2., 2.])
    """

    def evaluate(self, x: Array, y: Array) -> Array:
        return x + y

    def pulled(self, g: Array, x: Array, y: Array) -> tuple[Array, Array]:
        return g, g


@dataclass(frozen=True)
class Sub(BinaryLayer):
    """x - y.

    >>> import numpy as np
    >>> Sub().forward((np.ones(2), 3.0)).output
    array([-2., -2.])
    """

    def evaluate(self, x: Array, y: Array) -> Array:
        return x - y

    def pulled(self, g: Array, x: Array, y: Array) -> tuple[Array, Array]:
        return g, -g


@dataclass(frozen=True)
class Mul(BinaryLayer):
    """x y.

    >>> import numpy as np
    >>> Mul().forward((np.ones(2), 3.0)).backward(np.ones(2)).inputs
    (array([3., 3.]), None)
    """

    def evaluate(self, x: Array, y: Array) -> Array:
        return x * y

    def pulled(self, g: Array, x: Array, y: Array) -> tuple[Array, Array]:
        return g * y, g * x


@dataclass(frozen=True)
class Div(BinaryLayer):
    """x / y; dx = g / y, dy = -g x / y^2.

    >>> import numpy as np
    >>> Div().forward((np.ones(2), np.array([2.0, 0.0]))).output
    array([0.5, inf])
    """

    def evaluate(self, x: Array, y: Array) -> Array:
        return x / y

    def pulled(self, g: Array, x: Array, y: Array) -> tuple[Array, Array]:
        return g / y, -g * ((x / y) / y)


@dataclass(frozen=True)
class Pow(BinaryLayer):
    """x^y; dx = g y x^(y - 1), and 0 where y is 0; dy = g x^y log x, and 0 where x is 0 and y is not negative.

    `exponent` is y where it is a number, and no second input is then read.

    >>> import numpy as np
    >>> Pow(exponent=2.0).forward((np.array([3.0]),)).backward(np.ones(1)).inputs[0]
    array([6.])
    """

    exponent: float | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        if self.exponent is None:
            return super().apply(inputs, parameters, context)
        step = super().apply((inputs[0], self.exponent), parameters, context)
        return Step(step.outputs, lambda g: Gradients((step.pull(g).inputs[0], None)[: len(inputs)]))

    def evaluate(self, x: Array, y: Array) -> Array:
        return namespace(x, y).sqrt(x) if isinstance(y, float) and y == 0.5 else x**y

    def pulled(self, g: Array, x: Array, y: Array) -> tuple[Array, Array]:
        xp = namespace(x, y)
        if isinstance(y, (int, float)):
            return g * (y * x ** (y - 1)) if y else g * 0, g
        first = xp.where(y == 0, 0 * g, g * (y * x ** (y - 1)))
        base = alike(x, y) if isinstance(x, (int, float)) else x
        return first, xp.where((base == 0) & (y >= 0), 0 * g, g * (x**y * xp.log(base)))


@dataclass(frozen=True)
class Elementwise(ReferenceLayer):
    """A function of one number (`how` is torch's name) and its derivative: exp, log, abs, neg, sin, cos, expm1, log1p; and clamp, whose
    derivative is 1 between its bounds (PyTorch 2.14; on them it was 1 before).

    >>> import numpy as np
    >>> Elementwise(how="clamp", arguments=(0.0, 1.0)).forward((np.array([-1.0, 0.5, 2.0]),)).output
    array([0. , 0.5, 1. ])
    """

    how: str
    arguments: tuple[object, ...] = ()

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        if self.how.startswith("clamp"):
            return self._clamped(x, *(None if bound is None else alike(bound, x) for bound in self._bounds))
        y = -x if self.how == "neg" else getattr(xp, self.how)(x)

        def slope() -> Array:
            match self.how:
                case "exp":
                    return y
                case "log":
                    return 1 / x
                case "abs":
                    return signum(x)
                case "neg":
                    return xp.full_like(x, -1.0)
                case "sin":
                    return xp.cos(x)
                case "cos":
                    return -xp.sin(x)
                case "expm1":
                    return y + 1
            return 1 / (x + 1)

        return Step((y,), lambda g: Gradients((g * slope(),)))

    @property
    def _bounds(self) -> tuple[object, object]:
        if self.how == "clamp_max":
            return None, self.arguments[0]
        low, high = (*self.arguments, None, None)[:2]
        return low, high

    @staticmethod
    def _clamped(x: Array, low: Array | None, high: Array | None) -> Step:
        xp = namespace(x)
        y, inside = x, xp.ones(x.shape, dtype=xp.bool, device=x.device)
        if low is not None:
            y, inside = xp.where(y < low, low, y), inside & (x > low)
        if high is not None:
            y, inside = xp.where(y > high, high, y), inside & (x < high)
        return Step((y,), lambda g: Gradients((xp.where(inside, g, 0 * g),)))


FUNCTIONS = ("exp", "log", "abs", "neg", "sin", "cos", "expm1", "log1p", "clamp", "clamp_min", "clamp_max")
"""The functions that `Elementwise` knows."""


@dataclass(frozen=True)
class MatMul(ReferenceLayer):
    """X Y of two arrays of at least two dimensions, the leading ones broadcast, plus a third input if there is one.

    dX = G Y^T, dY = X^T G.

    >>> import numpy as np
    >>> MatMul().forward((np.ones((1, 2)), np.ones((2, 3)))).output
    array([[2., 2., 2.]])
    """

    arity = 2

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x, y, *added = inputs
        xp = namespace(x, y)
        if min(x.ndim, y.ndim) < 2:
            raise ValueError("a product with a vector")

        def pull(g: Array) -> Gradients:
            first = summed_to(xp.matmul(g, xp.matrix_transpose(y)), x)
            second = summed_to(xp.matmul(xp.matrix_transpose(x), g), y)
            return Gradients((first, second, *(summed_to(g, term) for term in added)))

        return Step((sum(added, xp.matmul(x, y)),), pull)


@dataclass(frozen=True)
class Reduce(ReferenceLayer):
    """The sum or the mean (`how`) over `dim` (None: all dimensions); global average pooling is the mean over the positions.

    >>> import numpy as np
    >>> step = Reduce(how="mean", dim=(-1,)).forward((np.array([[1.0, 3.0]]),))
    >>> print(step.output, step.backward(np.ones(1)).inputs[0])
    [2.] [[0.5 0.5]]
    """

    how: str
    dim: int | tuple[int, ...] | None = None
    keepdim: bool = False

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        if self.how not in ("sum", "mean"):
            raise ValueError(f"a reduction by {self.how}")
        xp = namespace(x)
        chosen = range(x.ndim) if self.dim is None else (self.dim,) if isinstance(self.dim, int) else self.dim
        axes = tuple(sorted({axis % x.ndim for axis in chosen}))
        count = size(x, axes) if self.how == "mean" else 1
        kept = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))

        def pull(g: Array) -> Gradients:
            return Gradients((xp.broadcast_to(xp.reshape(g, kept) / count, x.shape),))

        return Step((xp.sum(x, axis=axes, keepdims=self.keepdim) / count,), pull)
