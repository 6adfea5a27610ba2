"""Attention and PyTorch's own transformer layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Float, Int, Unknown


@dataclass(eq=False, kw_only=True)
class Attention(Operator):
    """softmax(q k^T / sqrt(d)) v on already projected inputs (`F.scaled_dot_product_attention`)."""

    dropout_p: Float = 0.0


@dataclass(eq=False, kw_only=True)
class MultiheadAttention(Operator):
    """`torch.nn.MultiheadAttention`: projections, attention, output projection. Gives (output, weights)."""

    weighted: ClassVar[bool] = True
    embed_dim: Int
    num_heads: Int
    dropout: Float = 0.0
    bias: Bool = True
    add_bias_kv: Bool = False
    kdim: int | None | Unknown = None
    vdim: int | None | Unknown = None
    batch_first: Bool = False


@dataclass(eq=False, kw_only=True)
class TransformerLayer(Operator):
    """`TransformerEncoderLayer`, or `TransformerDecoderLayer` when `decoder`, times `num_layers` (final norm: `norm_parameters`)."""

    weighted: ClassVar[bool] = True
    d_model: Int
    nhead: Int
    dim_feedforward: Int = 2048
    dropout: Float = 0.1
    activation: str | Unknown = "relu"
    batch_first: Bool = False
    norm_first: Bool = False
    bias: Bool = True
    decoder: bool = False
    num_layers: Int = 1


@dataclass(eq=False, kw_only=True)
class Transformer(Operator):
    """`torch.nn.Transformer`: encoder and decoder stacks with their final norms."""

    weighted: ClassVar[bool] = True
    d_model: Int = 512
    nhead: Int = 8
    num_encoder_layers: Int = 6
    num_decoder_layers: Int = 6
    dim_feedforward: Int = 2048
    dropout: Float = 0.1
    activation: str | Unknown = "relu"
    batch_first: Bool = False
    norm_first: Bool = False
    bias: Bool = True
