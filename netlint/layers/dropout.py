"""Dropout and its relatives (statements S1-S4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, alike, quiet

ALPHA = 1.7580993408473766
"""-alpha' of AlphaDropout: the value that SELU saturates at, scale * alpha (arXiv 1706.02515)."""


@dataclass(frozen=True)
class Dropout(ReferenceLayer):
    """y = m * x / (1 - p) with m ~ Bernoulli(1 - p), drawn afresh in every training iteration; y = x at test (S3).

    `training` is None for a layer that follows the mode of the network, else its own mode.

    >>> import numpy as np
    >>> Dropout(p=0.5).forward((np.ones(6),), context=Context(training=True, seed=1)).output
    array([2., 2., 0., 2., 0., 0.])
    >>> Dropout(p=0.5).forward((np.ones(6),)).output
    array([1., 1., 1., 1., 1., 1.])
    """

    p: float = 0.5
    training: bool | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        training = context.training if self.training is None else self.training
        if not training:
            return Step((x,), lambda g: Gradients((g,)))
        return self.masked(x, alike(context.uniform(self.mask_shape(x.shape)) >= self.p, x))

    @quiet()
    def masked(self, x: Array, mask: Array) -> Step:
        """The layer in training, with its mask given (1: kept, 0: dropped; it broadcasts to the shape of x)."""
        noise = mask * (1 / (1 - self.p) if self.p < 1 else 0.0)
        return Step((x * noise,), lambda g: Gradients((g * noise,)))

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what is drawn: one number an element."""
        return tuple(shape)


@dataclass(frozen=True)
class ChannelDropout(Dropout):
    """Dropout of whole channels: one Bernoulli variable a channel of a sample (Tompson 2015, arXiv 1411.4280).

    The channels are in dimension 1; in dimension 0 of an input without a batch (`dims` 1 and 3; PyTorch's Dropout2d takes three dimensions
    as samples, channels, positions).

    >>> import numpy as np
    >>> ChannelDropout(p=0.5, dims=1).forward((np.ones((1, 2, 3)),), context=Context(training=True, seed=1)).output
    array([[[2., 2., 2.],
            [2., 2., 2.]]])
    """

    dims: int = 2

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        leading = 1 if self.dims != 2 and len(shape) == self.dims + 1 else 2
        return (*shape[:leading], *(1 for _ in shape[leading:]))


@dataclass(frozen=True)
class AlphaDropout(Dropout):
    """y = a (x m + alpha' (1 - m)) + b, with a and b such that mean and variance of SELU's results are kept (arXiv 1706.02515).

    a = ((1 - p) (1 + p alpha'^2))^(-1/2), b = -a p alpha', alpha' = -1.7581; `channels` draws one variable a channel.

    >>> import numpy as np
    >>> x = np.random.default_rng(7).normal(size=100_000)
    >>> y = AlphaDropout(p=0.2).forward((x,), context=Context(training=True)).output
    >>> bool(abs(y.mean()) < 0.01 and abs(y.std() - 1) < 0.01)
    True
    """

    channels: bool = False

    @quiet()
    def masked(self, x: Array, mask: Array) -> Step:
        if self.p >= 1:
            return Step((x * 0.0,), lambda g: Gradients((g * 0.0,)))
        a = 1 / math.sqrt((1 - self.p) * (1 + self.p * ALPHA**2))
        b = a * self.p * ALPHA
        return Step((x * (mask * a) + ((mask - 1) * (ALPHA * a) + b),), lambda g: Gradients((g * (mask * a),)))

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:2], *(1 for _ in shape[2:])) if self.channels else tuple(shape)


@dataclass(frozen=True)
class DropPath(Dropout):
    """Stochastic depth: a residual branch of a whole sample is dropped, one Bernoulli variable a sample, or one for all of them if `mode`
    is batch (arXiv 1603.09382). What is kept is not scaled if `scale_by_keep` is False.

    >>> import numpy as np
    >>> DropPath(p=0.5).forward((np.ones((3, 2)),), context=Context(training=True, seed=1)).output
    array([[2., 2.],
           [2., 2.],
           [0., 0.]])
    """

    mode: str = "row"
    scale_by_keep: bool = True

    @quiet()
    def masked(self, x: Array, mask: Array) -> Step:
        return super().masked(x, mask) if self.scale_by_keep else Step((x * mask,), lambda g: Gradients((g * mask,)))

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:1], *(1 for _ in shape[1:])) if self.mode == "row" else tuple(1 for _ in shape)
