"""Normalisation operators (statements S5-S11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.parameter import optional
from netlint.graph.shapes import differ, rank_conflict, size_conflict, written
from netlint.graph.unknown import Bool, Float, Int, Shape, Unknown, both


@dataclass(eq=False, kw_only=True)
class Norm(Operator):
    """A normalisation layer: (x - mean) / sqrt(var + eps), then an affine map."""

    keeps_shape: ClassVar[bool] = True
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

    @property
    def name(self) -> str:
        if self.synchronized:
            return "SyncBatchNorm"
        return f"{'Frozen' if self.frozen else ''}BatchNorm{_suffix(self.dims)}"

    def parameter_shapes(self) -> dict[str, Shape]:
        exists = False if self.frozen else self.affine
        return optional(exists, weight=(self.num_features,), bias=(self.num_features,))

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        ranks = {1: (2, 3), 2: (4,), 3: (5,)}.get(self.dims or 0)
        wrong_rank = rank_conflict(self.name, shape, ranks) if ranks is not None else None
        return wrong_rank or size_conflict(self.name, shape, 1, self.num_features, "channels in dimension 1")


@dataclass(eq=False, kw_only=True)
class InstanceNorm(Norm):
    """Statistics over the spatial positions of one channel of one sample."""

    num_features: Int
    momentum: float | None | Unknown = 0.1
    affine: Bool = False
    track_running_stats: Bool = False
    dims: int | None = None

    @property
    def name(self) -> str:
        return f"InstanceNorm{_suffix(self.dims)}"

    def parameter_shapes(self) -> dict[str, Shape]:
        return optional(self.affine, weight=(self.num_features,), bias=(self.num_features,))

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        if self.dims is None or not inputs:
            return None
        wrong_rank = rank_conflict(self.name, inputs[0], (self.dims + 1, self.dims + 2))
        if wrong_rank is not None or self.affine is not True:  # without an affine map PyTorch only warns of other channels
            return wrong_rank
        return size_conflict(self.name, inputs[0], -self.dims - 1, self.num_features, "channels")


@dataclass(eq=False, kw_only=True)
class LayerNorm(Norm):
    """Statistics over the last `len(normalized_shape)` dimensions of one sample (S9).

    `channels_first` is True for the variant that normalises dimension 1 of a feature map (ConvNeXt's).
    """

    normalized_shape: tuple[Int, ...] | Unknown
    elementwise_affine: Bool = True
    bias: Bool = True
    channels_first: bool = False

    def parameter_shapes(self) -> dict[str, Shape]:
        shape = _shape(self.normalized_shape)
        return optional(self.elementwise_affine, weight=shape) | optional(both(self.elementwise_affine, self.bias), bias=shape)

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        if self.channels_first:
            features = _shape(self.normalized_shape)
            return size_conflict(self.name, shape, 1, features[0], "channels in dimension 1") if len(features) == 1 else None
        return _tail_conflict(self.name, shape, self.normalized_shape)


@dataclass(eq=False, kw_only=True)
class RMSNorm(Norm):
    """x / rms(x) over the last `len(normalized_shape)` dimensions."""

    normalized_shape: tuple[Int, ...] | Unknown
    elementwise_affine: Bool = True

    def parameter_shapes(self) -> dict[str, Shape]:
        return optional(self.elementwise_affine, weight=_shape(self.normalized_shape))

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        return _tail_conflict(self.name, inputs[0] if inputs else None, self.normalized_shape)


@dataclass(eq=False, kw_only=True)
class GroupNorm(Norm):
    """Statistics over groups of channels of one sample."""

    num_groups: Int
    num_channels: Int
    affine: Bool = True

    def parameter_shapes(self) -> dict[str, Shape]:
        return optional(self.affine, weight=(self.num_channels,), bias=(self.num_channels,))

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        if self.affine is not True:  # without an affine map the channels only have to divide into the groups
            return None
        return size_conflict(self.name, inputs[0] if inputs else None, 1, self.num_channels, "channels in dimension 1")


@dataclass(eq=False, kw_only=True)
class LocalResponseNorm(Operator):
    """Division by the local energy across neighbouring channels (AlexNet)."""

    keeps_shape: ClassVar[bool] = True
    size: Int
    alpha: Float = 1e-4
    beta: Float = 0.75
    k: Float = 1.0


@dataclass(eq=False, kw_only=True)
class Normalize(Operator):
    """Division by the p-norm along `dim` (`F.normalize`)."""

    keeps_shape: ClassVar[bool] = True
    p: Float = 2.0
    dim: Int = 1
    eps: Float = 1e-12


def _suffix(dims: int | None) -> str:
    return "" if dims is None else f"{dims}d"


def _shape(normalized: tuple[Int, ...] | Unknown) -> Shape:
    return (normalized,) if isinstance(normalized, Unknown) else normalized


def _tail_conflict(name: str, shape: Shape | None, normalized: tuple[Int, ...] | Unknown) -> str | None:
    """A sentence when the last dimensions of an input are not the normalised ones."""
    if shape is None or isinstance(normalized, Unknown):
        return None
    tail = shape[max(0, len(shape) - len(normalized)) :]
    if len(tail) == len(normalized) and not any(map(differ, tail, normalized)):
        return None
    return f"{name} normalises last dimensions {written(normalized)}, its input is {written(shape)}"
