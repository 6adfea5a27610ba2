"""Operators with learned linear maps: convolutions, linear layers, embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Int, Unknown


@dataclass(eq=False, kw_only=True)
class Conv(Operator):
    """Convolution over `dims` spatial dimensions, or its transpose (`torch.nn.Conv1d` ... `ConvTranspose3d`)."""

    weighted: ClassVar[bool] = True
    dims: int
    in_channels: Int
    out_channels: Int
    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown = (1,)
    padding: tuple[Int, ...] | str | Unknown = (0,)
    output_padding: tuple[Int, ...] | Unknown = (0,)
    dilation: tuple[Int, ...] | Unknown = (1,)
    groups: Int = 1
    bias: Bool = True
    padding_mode: str | Unknown = "zeros"
    transposed: bool = False


@dataclass(eq=False, kw_only=True)
class Linear(Operator):
    """y = x W^T + b over the last dimension (`torch.nn.Linear`)."""

    weighted: ClassVar[bool] = True
    in_features: Int
    out_features: Int
    bias: Bool = True


@dataclass(eq=False, kw_only=True)
class Bilinear(Operator):
    """y = x1^T A x2 + b (`torch.nn.Bilinear`)."""

    weighted: ClassVar[bool] = True
    in1_features: Int
    in2_features: Int
    out_features: Int
    bias: Bool = True


@dataclass(eq=False, kw_only=True)
class Embedding(Operator):
    """A table looked up by integer index (`torch.nn.Embedding`, `EmbeddingBag` when `bag`)."""

    num_embeddings: Int
    embedding_dim: Int
    padding_idx: int | None | Unknown = None
    bag: bool = False
