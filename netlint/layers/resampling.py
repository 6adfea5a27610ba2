"""Resampling of the spatial dimensions, one dimension after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, alike, flags, namespace

LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}
"""The modes that interpolate linearly, and for how many dimensions they are."""
NEAREST = ("nearest", "nearest-exact")


@dataclass(frozen=True)
class Resample(ReferenceLayer):
    """y_i = x at the place i / s (`nearest`), or the mean of its two neighbours, weighted by how near they are (`bilinear`).

    s is the scale: n' / n for a given size, else the scale factor itself. `nearest` takes floor(i / s), `nearest-exact`
    floor((i + 1/2) / s); linear modes the place (i + 1/2) / s - 1/2, not below 0, or i (n - 1) / (n' - 1) with `align_corners`.

    >>> import numpy as np
    >>> x = np.array([[[0.0, 4.0]]])
    >>> print(Resample(scale_factor=2.0).forward((x,)).output, Resample(size=(4,), mode="linear").forward((x,)).output)
    [[[0. 0. 4. 4.]]] [[[0. 1. 3. 4.]]]
    """

    size: int | tuple[int, ...] | None = None
    scale_factor: float | tuple[float, ...] | None = None
    mode: str = "nearest"
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        dims = x.ndim - 2
        if self.mode not in NEAREST and LINEAR.get(self.mode) != dims:
            raise ValueError(f"{self.mode} for {dims} dimensions")
        axes = [(axis, *self._places(x.shape[axis], place, dims)) for place, axis in enumerate(range(2, x.ndim))]
        y = x
        for axis, low, high, near in axes:
            weight = alike(near, x)
            weight = xp.reshape(weight, tuple(-1 if other == axis else 1 for other in range(x.ndim)))
            first, second = (xp.take(y, flags(places, x), axis=axis) for places in (low, high))
            y = first if self.mode in NEAREST else first * (1 - weight) + second * weight

        def pull(g: Array) -> Gradients:
            for axis, low, high, near in reversed(axes):
                spread = np.zeros((len(low), x.shape[axis]))
                np.add.at(spread, (np.arange(len(low)), low), 1 - near)
                np.add.at(spread, (np.arange(len(low)), high), near)
                moved = xp.moveaxis(g, axis, -1)
                g = xp.moveaxis(xp.matmul(moved, alike(spread, x)), -1, axis)
            return Gradients((g,))

        return Step((y,), pull)

    def _places(self, n: int, place: int, dims: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """For each element of the result along one dimension: its two neighbours, and how near the second is."""
        wanted, factor = (_one(values, place, dims) for values in (self.size, self.scale_factor))
        count = int(wanted) if wanted is not None else math.floor(n * factor) if factor is not None else n
        step = 1 / factor if factor is not None and not self.recompute_scale_factor else n / count
        if self.mode in NEAREST:  # PyTorch forms these places in single precision
            shift = np.float32(0.5 if self.mode == "nearest-exact" else 0.0)
            low = np.minimum(np.floor((np.arange(count, dtype=np.float32) + shift) * np.float32(step)).astype(np.int64), n - 1)
            return low, low, np.zeros(count)
        if self.align_corners:
            source = np.arange(count) * ((n - 1) / (count - 1) if count > 1 else 0.0)
        else:
            source = np.maximum((np.arange(count) + 0.5) * step - 0.5, 0.0)
        low = np.minimum(np.floor(source).astype(np.int64), n - 1)
        return low, np.minimum(low + 1, n - 1), np.clip(source - low, 0.0, 1.0)


def _one(values: float | tuple[float, ...] | None, place: int, dims: int) -> float | None:
    """What holds for one dimension: a single number holds for all."""
    if isinstance(values, tuple):
        return (values * dims if len(values) == 1 else values)[place]
    return values
