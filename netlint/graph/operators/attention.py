"""Attention and PyTorch's own transformer layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.parameter import optional
from netlint.graph.shapes import at, product, size_conflict
from netlint.graph.unknown import Bool, Float, Int, Shape, Unknown


@dataclass(eq=False, kw_only=True)
class Attention(Operator):
    """softmax(q k^T / sqrt(d)) v on already projected inputs (`F.scaled_dot_product_attention`)."""

    dropout_p: Float = 0.0
    is_causal: Bool = False
    scale: float | None | Unknown = None

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if len(inputs) < 3 or not inputs[0]:
            return None
        width = at(inputs[2], -1)
        return (*inputs[0][:-1], Unknown("the width of the values") if width is None else width)


@dataclass(eq=False, kw_only=True)
class MultiheadAttention(Operator):
    """`torch.nn.MultiheadAttention`: projections, attention, output projection. Gives (output, weights)."""

    weighted: ClassVar[bool] = True
    keeps_shape: ClassVar[bool] = True
    embed_dim: Int
    num_heads: Int
    dropout: Float = 0.0
    bias: Bool = True
    add_bias_kv: Bool = False
    add_zero_attn: Bool = False
    kdim: int | None | Unknown = None
    vdim: int | None | Unknown = None
    batch_first: Bool = False

    def parameter_shapes(self) -> dict[str, Shape]:
        width = self.embed_dim
        tripled = product((3, width))
        shapes: dict[str, Shape] = {}
        if self.kdim in (None, width) and self.vdim in (None, width):
            shapes["in_proj_weight"] = (tripled, width)
        else:
            # an unknown width of keys or values makes the count unknown, whether or not the three weights are one
            shapes["q_proj_weight"] = (width, width)
            shapes["k_proj_weight"] = (width, width if self.kdim is None else self.kdim)
            shapes["v_proj_weight"] = (width, width if self.vdim is None else self.vdim)
        shapes |= optional(self.bias, in_proj_bias=(tripled,))
        shapes |= optional(self.add_bias_kv, bias_k=(1, 1, width), bias_v=(1, 1, width))
        return shapes | {"out_proj.weight": (width, width)} | optional(self.bias, **{"out_proj.bias": (width,)})

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        widths = (self.embed_dim, self.embed_dim if self.kdim is None else self.kdim, self.embed_dim if self.vdim is None else self.vdim)
        return _width_conflict(self.name, inputs, widths)

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return self.infer(inputs) if index == 0 else None


def _width_conflict(name: str, inputs: tuple[Shape | None, ...], widths: Iterable[Int]) -> str | None:
    for shape, width in zip(inputs, widths, strict=False):
        sentence = size_conflict(name, shape, -1, width, "features in the last dimension")
        if sentence is not None:
            return sentence
    return None


@dataclass(eq=False, kw_only=True)
class TransformerLayer(Operator):
    """`TransformerEncoderLayer`, or `TransformerDecoderLayer` when `decoder`; a stack of them when `num_layers` is not 1.

    The parameters of a stack stand under `layers.N.`; the norm behind a stack is an operator of its own.
    """

    weighted: ClassVar[bool] = True
    keeps_shape: ClassVar[bool] = True
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

    @property
    def name(self) -> str:
        return f"Transformer{'Decoder' if self.decoder else 'Encoder'}{'Layer' if self.num_layers == 1 else ''}"

    def parameter_shapes(self) -> dict[str, Shape]:
        one = transformer_layer(self.d_model, self.dim_feedforward, self.bias, self.decoder)
        return one if self.num_layers == 1 else _stacked("layers", one, self.num_layers)

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        return _width_conflict(self.name, inputs, (self.d_model, self.d_model) if self.decoder else (self.d_model,))


@dataclass(eq=False, kw_only=True)
class Transformer(Operator):
    """`torch.nn.Transformer`: encoder and decoder stacks with their final norms. Reads (source, target)."""

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

    def parameter_shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for side, count in (("encoder", self.num_encoder_layers), ("decoder", self.num_decoder_layers)):
            one = transformer_layer(self.d_model, self.dim_feedforward, self.bias, decoder=side == "decoder")
            shapes |= _stacked(f"{side}.layers", one, count)
            shapes |= _norm(f"{side}.norm", self.d_model, self.bias)
        return shapes

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        return _width_conflict(self.name, inputs, (self.d_model, self.d_model))

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return inputs[1] if len(inputs) > 1 and self.conflict(inputs) is None else None


def transformer_layer(width: Int, hidden: Int, bias: Bool, decoder: bool) -> dict[str, Shape]:
    """The parameters of one transformer layer: attention (two in a decoder), a two-layer network, and a norm for each of these."""
    shapes: dict[str, Shape] = {}
    attentions = ("self_attn", "multihead_attn") if decoder else ("self_attn",)
    for attention in attentions:
        inner = MultiheadAttention(embed_dim=width, num_heads=1, bias=bias).parameter_shapes()
        shapes |= {f"{attention}.{key}": shape for key, shape in inner.items()}
    shapes |= {"linear1.weight": (hidden, width), "linear2.weight": (width, hidden)}
    shapes |= optional(bias, **{"linear1.bias": (hidden,), "linear2.bias": (width,)})
    for number in range(len(attentions) + 1):
        shapes |= _norm(f"norm{number + 1}", width, bias)
    return shapes


def _norm(prefix: str, width: Int, bias: Bool) -> dict[str, Shape]:
    return {f"{prefix}.weight": (width,)} | optional(bias, **{f"{prefix}.bias": (width,)})


def _stacked(prefix: str, one: dict[str, Shape], count: Int) -> dict[str, Shape]:
    """The parameters of `count` equal layers; an unknown count is a parameter of unknown size."""
    if isinstance(count, Unknown):
        return {f"{prefix}.0.{key}": (count, *shape[1:]) for key, shape in one.items()}
    return {f"{prefix}.{number}.{key}": shape for number in range(count) for key, shape in one.items()}
