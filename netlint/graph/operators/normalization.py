"""Normalisation operators (statements S5-S11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Float, Int, Unknown


@dataclass(eq=False, kw_only=True)
class Norm(Operator):
    """A normalisation layer: (x - mean) / sqrt(var + eps), then an affine map."""

    eps: float | None | Unknown = 1e-5


@dataclass(eq=False, kw_only=True)
class BatchNorm(Norm):
    """Statistics over the batch, one mean and variance a channel (S5). `dims` spatial dims; None when it fits any.

    `training` is what a functional call was told (None: it follows the module), `frozen` that its statistics are constants.
    """

    stateful_in_training: ClassVar[bool] = True
    num_features: Int
    momentum: float | None | Unknown = 0.1
    affine: Bool = True
    track_running_stats: Bool = True
    dims: int | None = None
    synchronized: bool = False
    frozen: bool = False
    training: bool | Unknown | None = None


@dataclass(eq=False, kw_only=True)
class InstanceNorm(Norm):
    """Statistics over the spatial positions of one channel of one sample."""

    num_features: Int
    momentum: float | None | Unknown = 0.1
    affine: Bool = False
    track_running_stats: Bool = False
    dims: int | None = None


@dataclass(eq=False, kw_only=True)
class LayerNorm(Norm):
    """Statistics over the last `len(normalized_shape)` dimensions of one sample (S9).

    `channels_first` is True for the variant that normalises dimension 1 of a feature map (ConvNeXt's).
    """

    normalized_shape: tuple[Int, ...] | Unknown
    elementwise_affine: Bool = True
    bias: Bool = True
    channels_first: bool = False


@dataclass(eq=False, kw_only=True)
class RMSNorm(Norm):
    """x / rms(x) over the last `len(normalized_shape)` dimensions."""

    normalized_shape: tuple[Int, ...] | Unknown
    elementwise_affine: Bool = True


@dataclass(eq=False, kw_only=True)
class GroupNorm(Norm):
    """Statistics over groups of channels of one sample."""

    num_groups: Int
    num_channels: Int
    affine: Bool = True


@dataclass(eq=False, kw_only=True)
class LocalResponseNorm(Operator):
    """Division by the local energy across neighbouring channels (AlexNet)."""

    size: Int


@dataclass(eq=False, kw_only=True)
class Normalize(Operator):
    """Division by the p-norm along `dim` (`F.normalize`)."""

    p: Float = 2.0
    dim: Int = 1
