"""Pooling operators (statement S24)."""

from __future__ import annotations

from dataclasses import dataclass

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Float, Int, Unknown


@dataclass(eq=False, kw_only=True)
class Pool(Operator):
    """A reduction over windows of `dims` spatial dimensions."""

    dims: int


@dataclass(eq=False, kw_only=True)
class MaxPool(Pool):
    """The maximum of each window. Commutes with every monotone element-wise function."""

    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    padding: tuple[Int, ...] | Unknown = (0,)
    dilation: tuple[Int, ...] | Unknown = (1,)
    ceil_mode: Bool = False
    return_indices: Bool = False


@dataclass(eq=False, kw_only=True)
class AvgPool(Pool):
    """The mean of each window."""

    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    padding: tuple[Int, ...] | Unknown = (0,)
    ceil_mode: Bool = False
    count_include_pad: Bool = True


@dataclass(eq=False, kw_only=True)
class AdaptiveMaxPool(Pool):
    """Max pooling to a given output size (None in a place keeps the input's size)."""

    output_size: tuple[int | None | Unknown, ...] | Unknown
    return_indices: Bool = False


@dataclass(eq=False, kw_only=True)
class AdaptiveAvgPool(Pool):
    """Average pooling to a given output size (None in a place keeps the input's size)."""

    output_size: tuple[int | None | Unknown, ...] | Unknown


@dataclass(eq=False, kw_only=True)
class FractionalMaxPool(Pool):
    """Max pooling over randomly sized windows."""

    kernel_size: tuple[Int, ...] | Unknown
    output_size: tuple[Int, ...] | Unknown | None = None


@dataclass(eq=False, kw_only=True)
class LPPool(Pool):
    """The p-norm of each window."""

    norm_type: Float
    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    ceil_mode: Bool = False


@dataclass(eq=False, kw_only=True)
class MaxUnpool(Pool):
    """The partial inverse of max pooling with indices."""

    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown
    padding: tuple[Int, ...] | Unknown = (0,)
