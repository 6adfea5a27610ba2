"""Dropout and its relatives (statements S1-S4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Float, Unknown


@dataclass(eq=False, kw_only=True)
class Dropout(Operator):
    """Zeroes single elements with probability p in training and scales the rest by 1 / (1 - p).

    `training` is how a functional call was told its mode: True, False, Unknown (`self.training` and the like), or None for a
    module, which follows its own mode. `explicit` is False when a functional call was not told at all (S3).
    """

    keeps_shape: ClassVar[bool] = True
    elementwise: ClassVar[bool] = True
    random_in_training: ClassVar[bool] = True
    p: Float = 0.5
    training: bool | Unknown | None = None
    explicit: bool = True


@dataclass(eq=False, kw_only=True)
class ChannelDropout(Dropout):
    """Zeroes whole channels (`Dropout1d`, `Dropout2d`, `Dropout3d`)."""

    dims: int = 2

    @property
    def name(self) -> str:
        return f"Dropout{self.dims}d"


@dataclass(eq=False, kw_only=True)
class AlphaDropout(Dropout):
    """Dropout that keeps mean and variance of SELU activations; whole channels when `channels`."""

    channels: bool = False

    @property
    def name(self) -> str:
        return "FeatureAlphaDropout" if self.channels else "AlphaDropout"


@dataclass(eq=False, kw_only=True)
class DropPath(Dropout):
    """Stochastic depth: zeroes a residual branch of whole samples, or of all at once (`mode` is row or batch)."""

    mode: str | Unknown = "row"
    scale_by_keep: Bool = True


@dataclass(eq=False, kw_only=True)
class DropBlock(Dropout):
    """Zeroes contiguous regions of feature maps."""
