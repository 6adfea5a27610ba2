"""Attention and PyTorch's transformer layers."""

from __future__ import annotations

from collections.abc import Mapping

from netlint.frontends.torch_api.spec import Arguments, FunctionSpec, LayerSpec
from netlint.frontends.torch_api.template import argument, given, pair, template
from netlint.graph.operator import Operator
from netlint.graph.operators import Attention, MultiheadAttention, Transformer, TransformerLayer

_ATTENTION_CALL = "query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True, is_causal=False"
_LAYER = (
    "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-05, batch_first=False, norm_first=False, "
    "bias=True, device=None, dtype=None"
)
_MASKS = "tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None"
_transformer = template(Transformer)


def _whole_transformer(arguments: Arguments) -> Operator | None:
    """None when the caller brings an encoder or decoder of its own."""
    custom = arguments["custom_encoder"] is not None or arguments["custom_decoder"] is not None
    return None if custom else _transformer(arguments)


LAYERS: dict[str, LayerSpec] = {
    "torch.nn.MultiheadAttention": LayerSpec(
        "embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, vdim=None, batch_first=False, "
        "device=None, dtype=None",
        template(MultiheadAttention),
        _ATTENTION_CALL,
        ("query", "key", "value", "key_padding_mask", "attn_mask"),
        pair,
    ),
    "torch.nn.TransformerEncoderLayer": LayerSpec(
        _LAYER,
        template(TransformerLayer),
        "src, src_mask=None, src_key_padding_mask=None, is_causal=False",
        ("src", "src_mask", "src_key_padding_mask"),
    ),
    "torch.nn.TransformerDecoderLayer": LayerSpec(
        _LAYER,
        template(TransformerLayer, decoder=True),
        f"tgt, memory, {_MASKS}, tgt_is_causal=False, memory_is_causal=False",
        ("tgt", "memory", "tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask"),
    ),
    "torch.nn.Transformer": LayerSpec(
        "d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1, activation='relu', "
        "custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-05, batch_first=False, norm_first=False, bias=True, device=None, "
        "dtype=None",
        _whole_transformer,
        "src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None, tgt_key_padding_mask=None, "
        "memory_key_padding_mask=None, src_is_causal=None, tgt_is_causal=None, memory_is_causal=False",
        (
            "src",
            "tgt",
            "src_mask",
            "tgt_mask",
            "memory_mask",
            "src_key_padding_mask",
            "tgt_key_padding_mask",
            "memory_key_padding_mask",
        ),
    ),
}

TRANSFORMER_STACKS: Mapping[str, str] = {
    "torch.nn.TransformerEncoder": "encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True",
    "torch.nn.TransformerDecoder": "decoder_layer, num_layers, norm=None",
}
"""The constructors that copy a layer `num_layers` times."""

TRANSFORMER_STACK_CALLS: Mapping[str, str] = {
    "torch.nn.TransformerEncoder": "src, mask=None, src_key_padding_mask=None, is_causal=None",
    "torch.nn.TransformerDecoder": f"tgt, memory, {_MASKS}, tgt_is_causal=None, memory_is_causal=False",
}
"""The signatures of their forward."""

FUNCTIONS: dict[str, FunctionSpec] = {
    "torch.nn.functional.scaled_dot_product_attention": FunctionSpec(
        "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False",
        ("query", "key", "value", "attn_mask"),
        template(Attention),
    ),
    "torch.nn.functional.multi_head_attention_forward": FunctionSpec(
        "query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn, dropout_p, "
        "out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None, "
        "use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None, "
        "average_attn_weights=True, is_causal=False",
        (
            "query",
            "key",
            "value",
            "key_padding_mask",
            "attn_mask",
            "in_proj_weight",
            "in_proj_bias",
            "q_proj_weight",
            "k_proj_weight",
            "v_proj_weight",
            "bias_k",
            "bias_v",
            "out_proj_weight",
            "out_proj_bias",
        ),
        template(
            MultiheadAttention,
            embed_dim=argument("embed_dim_to_check"),
            dropout=argument("dropout_p"),
            bias=given("in_proj_bias"),
            add_bias_kv=given("bias_k"),
        ),
        pair,
    ),
}
