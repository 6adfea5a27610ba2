"""Parameter shapes: published counts, counts by hand, state_dict keys, and what an unknown option does to a count."""

from __future__ import annotations

import pytest

from netlint.graph import Graph, Layer, Operator, Parameter, Unknown
from netlint.graph.operators import (
    BatchNorm,
    Bilinear,
    Conv,
    Embedding,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    Linear,
    MultiheadAttention,
    PReLU,
    Recurrent,
    RecurrentCell,
    ReLU,
    RMSNorm,
    Transformer,
    TransformerLayer,
)


def count(operator: Operator) -> object:
    layer = Layer("layer", "torch.nn.Layer", operator=operator)
    layer.parameters = {key: Parameter(key, shape) for key, shape in operator.parameter_shapes().items()}
    return Graph("Net", layers=[layer]).parameter_count()


def conv(dims: int = 2, wide: int = 6, narrow: int = 4, kernel: int = 3, **options: object) -> Conv:
    return Conv(dims=dims, in_channels=narrow, out_channels=wide, kernel_size=(kernel,) * dims, **options)  # type: ignore[arg-type]


def lstm(kind: str = "LSTM", **options: object) -> Recurrent:
    return Recurrent(kind=kind, input_size=10, hidden_size=20, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (Conv(dims=2, in_channels=3, out_channels=64, kernel_size=(11, 11), stride=(4, 4)), 23_296),  # AlexNet's first
        (Linear(in_features=4096, out_features=1000), 4_097_000),  # AlexNet's last
        (conv(bias=False), 216),
        (conv(groups=2), 114),
        (Linear(in_features=3, out_features=5, bias=False), 15),
        (Bilinear(in1_features=3, in2_features=4, out_features=5), 65),
        (Embedding(num_embeddings=30_522, embedding_dim=768), 23_440_896),  # BERT's word embeddings
        (BatchNorm(num_features=64), 128),
        (BatchNorm(num_features=64, affine=False), 0),
        (BatchNorm(num_features=64, frozen=True), 0),
        (InstanceNorm(num_features=64), 0),
        (InstanceNorm(num_features=64, affine=True), 128),
        (GroupNorm(num_groups=8, num_channels=64), 128),
        (LayerNorm(normalized_shape=(3, 4)), 24),
        (LayerNorm(normalized_shape=(3, 4), bias=False), 12),
        (LayerNorm(normalized_shape=(3, 4), elementwise_affine=False), 0),
        (RMSNorm(normalized_shape=(64,)), 64),
        (PReLU(num_parameters=64), 64),
        (ReLU(), 0),
        (lstm(num_layers=2), 5_920),  # 80 (10 + 20) + 160, then 80 (20 + 20) + 160
        (lstm("RNN"), 640),
        (lstm("GRU"), 1_920),
        (lstm(bidirectional=True, num_layers=2), 15_040),
        (lstm(bias=False), 2_400),
        (lstm(proj_size=5), 1_460),
        (RecurrentCell(kind="GRU", input_size=10, hidden_size=20), 1_920),
        (MultiheadAttention(embed_dim=512, num_heads=8), 1_050_624),
        (MultiheadAttention(embed_dim=512, num_heads=8, bias=False), 1_048_576),
        (MultiheadAttention(embed_dim=8, num_heads=2, kdim=8, vdim=8), 288),
        (MultiheadAttention(embed_dim=8, num_heads=2, kdim=5), 264),
        (MultiheadAttention(embed_dim=8, num_heads=2, add_bias_kv=True), 304),
        (TransformerLayer(d_model=512, nhead=8), 3_152_384),
        (TransformerLayer(d_model=512, nhead=8, num_layers=6), 18_914_304),
        (TransformerLayer(d_model=512, nhead=8, decoder=True), 4_204_032),
        (Transformer(), 44_140_544),
    ],
    ids=lambda value: value.name if isinstance(value, Operator) else "",
)
def test_counts(operator: Operator, expected: int) -> None:
    assert count(operator) == expected


def test_a_transposed_convolution_swaps_its_channels() -> None:
    assert conv(groups=2).parameter_shapes() == {"weight": (6, 2, 3, 3), "bias": (6,)}
    assert conv(groups=2, transposed=True).parameter_shapes() == {"weight": (4, 3, 3, 3), "bias": (6,)}


def test_keys_of_a_bidirectional_lstm_with_projections() -> None:
    shapes = lstm(bidirectional=True, num_layers=2, proj_size=5).parameter_shapes()
    assert shapes["weight_ih_l0"] == shapes["weight_ih_l0_reverse"] == (80, 10)
    assert shapes["weight_ih_l1"] == (80, 10)  # two directions of the projected state
    assert shapes["weight_hh_l1_reverse"] == (80, 5)
    assert shapes["weight_hr_l1"] == (5, 20)
    assert len(shapes) == 20


def test_keys_of_attention_and_transformers() -> None:
    assert set(MultiheadAttention(embed_dim=8, num_heads=2).parameter_shapes()) == {
        *("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    }
    assert set(MultiheadAttention(embed_dim=8, num_heads=2, vdim=4, bias=False).parameter_shapes()) == {
        *("q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight")
    }
    layer = TransformerLayer(d_model=8, nhead=2, decoder=True).parameter_shapes()
    assert layer["multihead_attn.in_proj_weight"] == (24, 8)
    assert layer["norm3.bias"] == (8,)
    stack = TransformerLayer(d_model=8, nhead=2, num_layers=2).parameter_shapes()
    assert stack["layers.1.linear1.weight"] == (2048, 8)
    whole = Transformer(d_model=8, num_encoder_layers=1, num_decoder_layers=1).parameter_shapes()
    assert {"encoder.norm.weight", "decoder.norm.bias", "decoder.layers.0.norm3.weight"} <= set(whole)


@pytest.mark.parametrize(
    "operator",
    [
        conv(bias=Unknown("option `bias`")),
        Linear(in_features=3, out_features=5, bias=Unknown("option `bias`")),
        BatchNorm(num_features=8, affine=Unknown("option `bias`")),
        LayerNorm(normalized_shape=(8,), bias=Unknown("option `bias`")),
        LayerNorm(normalized_shape=Unknown("option `bias`")),
        Conv(dims=2, in_channels=3, out_channels=4, kernel_size=Unknown("option `bias`")),
        lstm(num_layers=Unknown("option `bias`")),
        lstm(bidirectional=Unknown("option `bias`")),
        lstm(proj_size=Unknown("option `bias`")),
        MultiheadAttention(embed_dim=8, num_heads=2, kdim=Unknown("option `bias`")),
        MultiheadAttention(embed_dim=8, num_heads=2, add_bias_kv=Unknown("option `bias`")),
        TransformerLayer(d_model=8, nhead=2, num_layers=Unknown("option `bias`")),
        Transformer(num_encoder_layers=Unknown("option `bias`")),
    ],
    ids=repr,
)
def test_an_unknown_option_makes_the_count_unknown_with_its_reason(operator: Operator) -> None:
    result = count(operator)
    assert isinstance(result, Unknown)
    assert result.reason == "option `bias`"


def test_an_option_that_does_not_matter_leaves_the_count_exact() -> None:
    norm = LayerNorm(normalized_shape=(8,), elementwise_affine=False, bias=Unknown("option `bias`"))
    assert count(norm) == 0
