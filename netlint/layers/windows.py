"""The windows of convolutions and pooling: where they lie on an input, and its elements at one position of all windows at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlint.graph.shapes import per_dimension, window_count
from netlint.graph.unknown import Dim, Unknown
from netlint.layers.layer import Array, namespace

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Windows:
    """Windows of `kernel` taps, `dilation` apart, one every `stride` elements of an input whose last dimensions have `sizes`.

    The first window starts `before` elements ahead of the input; there are `counts` windows a dimension.
    """

    sizes: Sizes
    kernel: Sizes
    stride: Sizes
    before: Sizes
    dilation: Sizes
    counts: Sizes

    @classmethod
    def over(cls, sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes = (1,), ceil_mode: bool = False) -> Windows:
        """The windows that PyTorch lays on an input with this padding on both sides. Raises ValueError if none fits."""
        dims = len(sizes)
        kernel, stride, padding, dilation = (each(values, dims) for values in (kernel, stride, padding, dilation))
        places = zip(sizes, kernel, stride, padding, dilation, strict=True)
        counts = tuple(_known(window_count(*place, ceil_mode)) for place in places)
        if min(counts) < 1:
            raise ValueError(f"no window of {kernel} fits into {sizes}")
        return cls(sizes, kernel, stride, padding, dilation, counts)

    @property
    def taps(self) -> Iterator[Sizes]:
        """The positions within a window, in the order of memory."""
        return itertools.product(*(range(k) for k in self.kernel))

    def padded(self, x: Array, fill: float = 0.0) -> Array:
        """The input with `fill` around it, as far as windows reach."""
        xp = namespace(x)
        ends = zip(self.counts, self.stride, self.dilation, self.kernel, strict=True)
        reach = [(count - 1) * s + d * (k - 1) + 1 for count, s, d, k in ends]
        lead = tuple(x.shape[: x.ndim - len(self.sizes)])
        extent = tuple(max(b + n, r) for b, n, r in zip(self.before, self.sizes, reach, strict=True))
        wide = xp.zeros((*lead, *extent), dtype=x.dtype, device=x.device) + fill
        wide[self._inside] = x
        return wide

    def cropped(self, wide: Array) -> Array:
        """The part of a padded array that is the input: the adjoint of padding."""
        return wide[self._inside]

    @property
    def _inside(self) -> tuple[object, ...]:
        return (..., *(slice(b, b + n) for b, n in zip(self.before, self.sizes, strict=True)))

    def at(self, tap: Sizes) -> tuple[object, ...]:
        """The index that reads this tap of every window out of a padded array, an array with `counts` as last dimensions."""
        spans = zip(tap, self.dilation, self.counts, self.stride, strict=True)
        return (..., *(slice(t * d, t * d + (count - 1) * s + 1, s) for t, d, count, s in spans))

    def places(self, tap: Sizes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """For this tap of every window: its flat index in the input, and whether it lies in the input at all."""
        flat, inside = np.zeros((), dtype=np.int64), np.ones((), dtype=bool)
        spans = zip(tap, self.dilation, self.counts, self.stride, self.before, self.sizes, strict=True)
        for t, d, count, s, b, n in spans:
            position = np.arange(count) * s + (t * d - b)
            flat = flat[..., None] * n + position
            inside = inside[..., None] & (position >= 0) & (position < n)
        return flat, inside

    def occupancy(self, padding: Sizes) -> NDArray[np.int64]:
        """How many taps of each window lie in the input or in `padding` elements around it (for dilation 1)."""
        total = np.ones((), dtype=np.int64)
        for count, s, b, k, n, p in zip(self.counts, self.stride, self.before, self.kernel, self.sizes, padding, strict=True):
            start = np.arange(count) * s - b
            taken = np.minimum(start + k, n + p) - np.maximum(start, -p)
            total = total[..., None] * taken
        return total


def each(values: Sizes, dims: int) -> Sizes:
    """One value a dimension; a single one stands for all. Raises ValueError for another number of them."""
    return tuple(_known(value) for value in per_dimension(values, dims))


def _known(size: Dim) -> int:
    if isinstance(size, Unknown):
        raise ValueError(size.reason)
    return size
