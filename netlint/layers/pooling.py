"""Pooling (statement S24)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, alike, flags, namespace
from netlint.layers.windows import Sizes, Windows

Index = tuple[object, ...]


@dataclass(frozen=True)
class MaxPool(ReferenceLayer):
    """y = max over a window of x (S24), padding being -inf; its gradient goes to the place of the maximum.

    Of equal maxima the first counts, a NaN beats everything, and of several NaN the last counts (PyTorch). With `return_indices` a second
    result has the flat place of each maximum in the input's spatial dimensions.

    >>> import numpy as np
    >>> step = MaxPool(dims=1, kernel_size=(2,), stride=(2,)).forward((np.array([[1.0, 1.0, 2.0, 3.0]]),))
    >>> print(step.output, step.backward(np.ones((1, 2))).inputs[0])
    [[1. 3.]] [[1. 0. 0. 1.]]
    """

    dims: int
    kernel_size: Sizes
    stride: Sizes
    padding: Sizes = (0,)
    dilation: Sizes = (1,)
    ceil_mode: bool = False
    return_indices: bool = False

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        sizes = tuple(x.shape[x.ndim - self.dims :])
        windows = Windows.over(sizes, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        wide = windows.padded(x, -math.inf)
        best = xp.zeros((*x.shape[: x.ndim - self.dims], *windows.counts), dtype=x.dtype, device=x.device) - math.inf
        index = xp.zeros(best.shape, dtype=xp.int64, device=x.device) - 1
        places = {tap: [flags(values, x) for values in windows.places(tap)] for tap in windows.taps}
        for tap, (place, inside) in places.items():
            value = wide[windows.at(tap)]
            better = inside & ((value > best) | xp.isnan(value) | (index < 0))
            best, index = xp.where(better, value, best), xp.where(better, place, index)

        def pull(g: Array, _: None = None) -> Gradients:
            back = windows.padded(xp.zeros_like(x))
            for tap, (place, inside) in places.items():
                back[windows.at(tap)] += xp.where(inside & (index == place), g, xp.zeros_like(g))
            return Gradients((windows.cropped(back),))

        return Step((best, index) if self.return_indices else (best,), pull)


@dataclass(frozen=True)
class AvgPool(ReferenceLayer):
    """y = the mean of x over a window (S24: it does not commute with an activation); its gradient spreads evenly.

    Padding counts as zeros if `count_include_pad`, else not at all. What `ceil_mode` lets a window reach beyond the padding never counts.
    `divisor_override` stands in for the count of each window.

    >>> import numpy as np
    >>> AvgPool(dims=1, kernel_size=(2,), stride=(2,), ceil_mode=True).forward((np.array([[1.0, 3.0, 5.0]]),)).output
    array([[2., 5.]])
    """

    dims: int
    kernel_size: Sizes
    stride: Sizes
    padding: Sizes = (0,)
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        sizes = tuple(x.shape[x.ndim - self.dims :])
        windows = Windows.over(sizes, self.kernel_size, self.stride, self.padding, ceil_mode=self.ceil_mode)
        counted = windows.before if self.count_include_pad else (0,) * self.dims
        count = alike(windows.occupancy(counted), x) if self.divisor_override is None else self.divisor_override
        wide = windows.padded(x)
        total = xp.zeros((*x.shape[: x.ndim - self.dims], *windows.counts), dtype=x.dtype, device=x.device)
        for tap in windows.taps:
            total = total + wide[windows.at(tap)]

        def pull(g: Array) -> Gradients:
            back = windows.padded(xp.zeros_like(x))
            for tap in windows.taps:
                back[windows.at(tap)] += g / count
            return Gradients((windows.cropped(back),))

        return Step((total / count,), pull)


class AdaptivePool(ReferenceLayer):
    """Pooling to a given size: cell i of m covers the elements from floor(i n / m) up to ceil((i + 1) n / m) of n.

    None in a place keeps the input's size. The windows differ in size, so there is a step a cell.
    """

    dims: int
    output_size: tuple[int | None, ...]

    def _cells(self, x: Array) -> Iterator[tuple[Index, Index]]:
        """The index of each cell in the result, and of its elements in the input."""
        sizes = tuple(x.shape[x.ndim - self.dims :])
        spans = zip(sizes, self._targets(sizes), strict=True)
        edges = [[(i * n // m, -((-(i + 1) * n) // m)) for i in range(m)] for n, m in spans]
        for cell in itertools.product(*(range(len(cuts)) for cuts in edges)):
            yield (..., *cell), (..., *(slice(*cuts[i]) for cuts, i in zip(edges, cell, strict=True)))

    def _targets(self, sizes: Sizes) -> Sizes:
        wanted = self.output_size * self.dims if len(self.output_size) == 1 else self.output_size
        return tuple(n if target is None else target for n, target in zip(sizes, wanted, strict=True))

    def _blank(self, x: Array, dtype: object = None) -> Array:
        lead = tuple(x.shape[: x.ndim - self.dims])
        targets = self._targets(tuple(x.shape[x.ndim - self.dims :]))
        return namespace(x).zeros((*lead, *targets), dtype=dtype or x.dtype, device=x.device)


@dataclass(frozen=True)
class AdaptiveAvgPool(AdaptivePool):
    """The mean of each cell.

    >>> import numpy as np
    >>> AdaptiveAvgPool(dims=1, output_size=(2,)).forward((np.array([[1.0, 2.0, 3.0]]),)).output
    array([[1.5, 2.5]])
    """

    dims: int
    output_size: tuple[int | None, ...]

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        axes = tuple(range(x.ndim - self.dims, x.ndim))
        y = self._blank(x)
        for cell, elements in self._cells(x):
            y[cell] = xp.mean(x[elements], axis=axes)

        def pull(g: Array) -> Gradients:
            back = xp.zeros_like(x)
            for cell, elements in self._cells(x):
                count = math.prod(x[elements].shape[axis] for axis in axes)
                back[elements] += xp.reshape(g[cell], (*x.shape[: x.ndim - self.dims], *(1,) * self.dims)) / count
            return Gradients((back,))

        return Step((y,), pull)


@dataclass(frozen=True)
class AdaptiveMaxPool(AdaptivePool):
    """The maximum of each cell, with ties, NaN and indices as in `MaxPool`.

    >>> import numpy as np
    >>> AdaptiveMaxPool(dims=1, output_size=(2,)).forward((np.array([[1.0, 2.0, 3.0]]),)).output
    array([[2., 3.]])
    """

    dims: int
    output_size: tuple[int | None, ...]
    return_indices: bool = False

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        sizes = tuple(x.shape[x.ndim - self.dims :])
        places = xp.reshape(xp.arange(math.prod(sizes), device=x.device), sizes)
        y, index = self._blank(x), self._blank(x, xp.int64)
        for cell, elements in self._cells(x):
            extent = tuple(x[elements].shape[x.ndim - self.dims :])
            step = MaxPool(self.dims, extent, extent, return_indices=True).apply((x[elements],), parameters, context)
            y[cell] = xp.reshape(step.outputs[0], y[cell].shape)
            local = xp.reshape(step.outputs[1], (-1,))
            index[cell] = xp.reshape(xp.take(xp.reshape(places[elements], (-1,)), local, axis=0), index[cell].shape)

        def pull(g: Array, _: None = None) -> Gradients:
            back = xp.zeros_like(x)
            for cell, elements in self._cells(x):
                spread = (*x.shape[: x.ndim - self.dims], *(1,) * self.dims)
                hit = xp.reshape(index[cell], spread) == places[elements]
                value = xp.reshape(g[cell], spread)
                back[elements] += xp.where(hit, value, xp.zeros_like(value))
            return Gradients((back,))

        return Step((y, index) if self.return_indices else (y,), pull)
