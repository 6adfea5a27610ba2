"""Penalties on weights, which are added to the loss with a coefficient lambda (statements S12-S16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace, signum


@dataclass(frozen=True)
class L1Penalty(ReferenceLayer):
    """lambda ||w||_1 = lambda sum |w|, over all inputs (S13, S15). Its gradient is lambda sign(w), 0 where w is 0.

    >>> import numpy as np
    >>> step = L1Penalty(coefficient=0.1).forward((np.array([1.0, -2.0, 0.0]),))
    >>> print(round(float(step.output), 3), step.backward(np.float64(1.0)).inputs[0])
    0.3 [ 0.1 -0.1  0. ]
    """

    coefficient: float

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        xp = namespace(*inputs)
        total = self.coefficient * _total(inputs, lambda w: xp.abs(w))
        return Step((total,), lambda g: Gradients(tuple(g * (self.coefficient * signum(w)) for w in inputs)))


@dataclass(frozen=True)
class L2Penalty(ReferenceLayer):
    """lambda ||w||_2^2 = lambda sum w^2, over all inputs (S14, the document's formula). Its gradient, 2 lambda w, shrinks with w.

    An optimizer's `weight_decay` adds weight_decay * w to the gradient: it is this penalty with lambda = weight_decay / 2.

    >>> import numpy as np
    >>> step = L2Penalty(coefficient=0.1).forward((np.array([1.0, -2.0]),))
    >>> print(float(step.output), step.backward(np.float64(1.0)).inputs[0])
    0.5 [ 0.2 -0.4]
    """

    coefficient: float

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        total = self.coefficient * _total(inputs, lambda w: w * w)
        return Step((total,), lambda g: Gradients(tuple(g * (2 * self.coefficient * w) for w in inputs)))


@dataclass(frozen=True)
class NormPenalty(ReferenceLayer):
    """lambda ||w||_2 = lambda sqrt(sum w^2) for each input, summed (S14, the document's words): another regulariser.

    Its gradient, lambda w / ||w||, has length lambda however small the weights are; it is 0 at 0.

    >>> import numpy as np
    >>> step = NormPenalty(coefficient=0.1).forward((np.array([3.0, -4.0]),))
    >>> print(float(step.output), step.backward(np.float64(1.0)).inputs[0])
    0.5 [ 0.06 -0.08]
    """

    coefficient: float

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        xp = namespace(*inputs)
        norms = [xp.sqrt(xp.sum(w * w)) for w in inputs]
        total = self.coefficient * sum(norms[1:], norms[0])

        def pull(g: Array) -> Gradients:
            pairs = zip(inputs, norms, strict=True)
            return Gradients(tuple(xp.where(norm == 0, w * 0, g * self.coefficient * w / norm) for w, norm in pairs))

        return Step((total,), pull)


def _total(weights: tuple[Array, ...], term: Callable[[Array], Array]) -> Array:
    """The sum of a term over the elements of all weights."""
    xp = namespace(*weights)
    sums = [xp.sum(term(w)) for w in weights]
    return sum(sums[1:], sums[0])
