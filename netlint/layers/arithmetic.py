"""Arithmetic on arrays that broadcast, products of matrices, reductions."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from netlint.layers.layer import Array, Context, Gradient, Gradients, Parameters, ReferenceLayer, Step, namespace, size


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
