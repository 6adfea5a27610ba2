"""Pooling operators (statement S24)."""

from __future__ import annotations

from dataclasses import dataclass

from netlint.graph.operator import Operator
from netlint.graph.shapes import all_positive, per_dimension, rank_conflict, spatial, transposed_size, window_count, written
from netlint.graph.unknown import Bool, Float, Int, Shape, Unknown


@dataclass(eq=False, kw_only=True)
class Pool(Operator):
    """A reduction over windows of `dims` spatial dimensions. A second result, where there is one, holds the indices."""

    dims: int

    @property
    def name(self) -> str:
        return f"{type(self).__name__}{self.dims}d"

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        sentence = rank_conflict(self.name, shape, (self.dims + 1, self.dims + 2))
        if sentence is not None or shape is None or all_positive(self.pooled(shape[-self.dims :])) is not None:
            return sentence
        return f"no window of {self.name} fits into its input {written(shape)}"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        split = spatial(inputs[0], self.dims) if inputs else None
        if split is None or self.conflict(inputs) is not None:
            return None
        return (*split[0], *self.pooled(split[1]))

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return self.infer(inputs) if index in (0, 1) else None

    def pooled(self, sizes: Shape) -> Shape:
        """The spatial sizes of the result."""
        return tuple(Unknown(f"the output size of {self.name}") for _ in sizes)

    def _windows(
        self,
        sizes: Shape,
        kernel_size: tuple[Int, ...] | Unknown,
        stride: tuple[Int, ...] | Unknown,
        padding: tuple[Int, ...] | Unknown = (0,),
        dilation: tuple[Int, ...] | Unknown = (1,),
        ceil_mode: Bool = False,
    ) -> Shape:
        kernels, strides, paddings, dilations = (per_dimension(values, self.dims) for values in (kernel_size, stride, padding, dilation))
        windows = zip(sizes, kernels, strides, paddings, dilations, strict=True)
        return tuple(window_count(size, k, s, p, d, ceil_mode) for size, k, s, p, d in windows)


@dataclass(eq=False, kw_only=True)
class MaxPool(Pool):
    """The maximum of each window. Commutes with every monotone element-wise function."""

    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    padding: tuple[Int, ...] | Unknown = (0,)
    dilation: tuple[Int, ...] | Unknown = (1,)
    ceil_mode: Bool = False
    return_indices: Bool = False

    def pooled(self, sizes: Shape) -> Shape:
        return self._windows(sizes, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)


@dataclass(eq=False, kw_only=True)
class AvgPool(Pool):
    """The mean of each window; the sum over `divisor_override`, if it is given."""

    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    padding: tuple[Int, ...] | Unknown = (0,)
    ceil_mode: Bool = False
    count_include_pad: Bool = True
    divisor_override: int | None | Unknown = None

    def pooled(self, sizes: Shape) -> Shape:
        return self._windows(sizes, self.kernel_size, self.stride, self.padding, ceil_mode=self.ceil_mode)


@dataclass(eq=False, kw_only=True)
class AdaptiveMaxPool(Pool):
    """Max pooling to a given output size (None in a place keeps the input's size)."""

    output_size: tuple[int | None | Unknown, ...] | Unknown
    return_indices: Bool = False

    def pooled(self, sizes: Shape) -> Shape:
        return _adapted(sizes, self.output_size)


@dataclass(eq=False, kw_only=True)
class AdaptiveAvgPool(Pool):
    """Average pooling to a given output size (None in a place keeps the input's size)."""

    output_size: tuple[int | None | Unknown, ...] | Unknown

    def pooled(self, sizes: Shape) -> Shape:
        return _adapted(sizes, self.output_size)


@dataclass(eq=False, kw_only=True)
class FractionalMaxPool(Pool):
    """Max pooling over randomly sized windows."""

    kernel_size: tuple[Int, ...] | Unknown
    output_size: tuple[Int, ...] | Unknown | None = None

    def pooled(self, sizes: Shape) -> Shape:
        return super().pooled(sizes) if self.output_size is None else per_dimension(self.output_size, self.dims)


@dataclass(eq=False, kw_only=True)
class LPPool(Pool):
    """The p-norm of each window."""

    norm_type: Float
    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    ceil_mode: Bool = False

    def pooled(self, sizes: Shape) -> Shape:
        return self._windows(sizes, self.kernel_size, self.stride, ceil_mode=self.ceil_mode)


@dataclass(eq=False, kw_only=True)
class MaxUnpool(Pool):
    """The partial inverse of max pooling with indices."""

    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    padding: tuple[Int, ...] | Unknown = (0,)

    def pooled(self, sizes: Shape) -> Shape:
        kernel, stride, padding = (per_dimension(values, self.dims) for values in (self.kernel_size, self.stride, self.padding))
        return tuple(transposed_size(n, k, s, p, 0, 1) for n, k, s, p in zip(sizes, kernel, stride, padding, strict=True))


def _adapted(sizes: Shape, wanted: tuple[int | None | Unknown, ...] | Unknown) -> Shape:
    if isinstance(wanted, Unknown):
        return tuple(Unknown(wanted.reason) for _ in sizes)
    targets = wanted * len(sizes) if len(wanted) == 1 else wanted
    if len(targets) != len(sizes):
        return tuple(Unknown(f"{len(targets)} output sizes for {len(sizes)} dimensions") for _ in sizes)
    return tuple(size if target is None else target for size, target in zip(sizes, targets, strict=True))
