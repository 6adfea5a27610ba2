"""Cost: operations counted by hand, and the published multiply-adds of AlexNet's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from netlint.graph import Operator, Shape, Unknown
from netlint.graph.cost import flops
from netlint.graph.operators import (
    Add,
    Attention,
    BatchNorm,
    Constant,
    Conv,
    Dropout,
    Einsum,
    Flatten,
    LayerNorm,
    Linear,
    MatMul,
    MaxPool,
    MultiheadAttention,
    Opaque,
    Recurrent,
    RecurrentCell,
    Reduce,
    ReLU,
    Resample,
    Sigmoid,
    Softmax,
    Transformer,
    TransformerLayer,
    Weight,
)
from netlint.graph.parameter import Parameter

if TYPE_CHECKING:
    from tests.graph.conftest import Builder


@pytest.mark.parametrize(
    ("operator", "shapes", "expected"),
    [
        # AlexNet: 70.3 M multiply-adds in its first convolution, 37.7 M in its first linear layer
        (Conv(dims=2, in_channels=3, out_channels=64, kernel_size=(11,), stride=(4,), padding=(2,)), [(1, 3, 224, 224)], 2 * 70_276_800),
        (Linear(in_features=9216, out_features=4096), [(1, 9216)], 2 * 37_748_736),
        # a depthwise convolution, and a transposed one, whose every input element meets 6 x 3 x 3 weights
        (Conv(dims=2, in_channels=8, out_channels=8, kernel_size=(3,), padding=(1,), groups=8), [(1, 8, 10, 10)], 2 * 800 * 9),
        (Conv(dims=2, in_channels=4, out_channels=6, kernel_size=(3,), transposed=True), [(1, 4, 5, 5)], 2 * 100 * 54),
        (Linear(in_features=4, out_features=5), [(2, 3, 4)], 2 * 6 * 4 * 5),
        (ReLU(), [(2, 8, 4, 4)], 256),
        (Sigmoid(), [(2, 8)], 48),
        (BatchNorm(num_features=8), [(2, 8, 4, 4)], 512),
        (LayerNorm(normalized_shape=(8,)), [(2, 8)], 128),
        (Softmax(dim=-1), [(2, 8)], 80),
        (MaxPool(dims=2, kernel_size=(3,), stride=(2,)), [(1, 64, 55, 55)], 64 * 27 * 27 * 9),
        (Reduce(how="mean", dim=(2, 3)), [(1, 512, 7, 7)], 512 * 49),
        (Add(), [(2, 8, 4), (8, 1)], 64),
        (MatMul(), [(2, 3, 4), (2, 4, 5)], 2 * 2 * 3 * 4 * 5),
        (Einsum(equation="bid,bjd->bij"), [(2, 3, 4), (2, 5, 4)], 2 * 2 * 3 * 5 * 4),
        (Resample(scale_factor=2.0, mode="bilinear"), [(1, 3, 4, 4)], 2 * 192 * 4),
        (Resample(scale_factor=2.0), [(1, 3, 4, 4)], 0),
        (Flatten(), [(2, 8, 4, 4)], 0),
        (Dropout(), [(2, 8)], 0),
        # 2 x 12 positions, 4 gates of 20 units that each see 10 inputs and 20 states
        (Recurrent(kind="LSTM", input_size=10, hidden_size=20), [(2, 12, 10)], 2 * 24 * 80 * 30),
        (RecurrentCell(kind="GRU", input_size=10, hidden_size=20), [(2, 10)], 2 * 2 * 60 * 30),
        # 8 heads, 16 queries, 9 keys of width 4, values of width 5
        (Attention(), [(8, 16, 4), (8, 9, 4), (8, 9, 5)], 8 * 16 * 9 * (2 * 4 + 5 + 2 * 5)),
        # four projections of 2 x 16 tokens; scores and mixtures of width 64; 4 softmaxes
        (MultiheadAttention(embed_dim=64, num_heads=4, batch_first=True), [(2, 16, 64)] * 3, 8 * 32 * 64 * 64 + 32 * 16 * (4 * 64 + 20)),
        (MultiheadAttention(embed_dim=64, num_heads=4), [(16, 2, 64)] * 3, 8 * 32 * 64 * 64 + 32 * 16 * (4 * 64 + 20)),
    ],
    ids=lambda value: value.name if isinstance(value, Operator) else "",
)
def test_operations(net: Builder, operator: Operator, shapes: list[Shape], expected: int) -> None:
    assert flops(net(operator, *(net.input(*shape) for shape in shapes))) == expected


def layer(**options: object) -> TransformerLayer:
    return TransformerLayer(d_model=64, nhead=4, dim_feedforward=256, batch_first=True, **options)  # type: ignore[arg-type]


def test_a_transformer_layer_is_the_sum_of_its_parts(net: Builder) -> None:
    data = net.input(2, 16, 64)
    attention = flops(net(MultiheadAttention(embed_dim=64, num_heads=4, batch_first=True), data, data, data))
    assert attention is not None
    feed_forward = 2 * 2 * 32 * 64 * 256 + 32 * 256  # two linear maps and a ReLU
    joins = 2 * (32 * 64 * 8 + 32 * 64)  # two norms and two sums
    assert flops(net(layer(), data)) == attention + feed_forward + joins
    assert flops(net(layer(num_layers=3), data)) == 3 * (attention + feed_forward + joins)
    decoder = flops(net(layer(decoder=True), data, data))
    assert decoder == 2 * attention + feed_forward + joins * 3 // 2
    whole = net(
        Transformer(d_model=64, nhead=4, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=256, batch_first=True), data, data
    )
    assert flops(whole) == 3 * attention + 2 * feed_forward + joins * 5 // 2 + 2 * 32 * 64 * 8


def test_a_functional_call_is_counted_by_its_weight(net: Builder) -> None:
    kernel = net(Weight(parameter=Parameter("kernel", (6, 4, 3, 3))))
    unseen = Unknown("the weight's shape")
    call = net(Conv(dims=2, in_channels=unseen, out_channels=unseen, kernel_size=unseen), net.input(1, 4, 10, 10), kernel)
    assert call.shape == (1, 6, 8, 8)
    assert flops(call) == 2 * 6 * 64 * 36


def test_a_size_that_is_not_known_makes_the_cost_unknown(net: Builder) -> None:
    batch = net.input(Unknown("the batch size"), 8)
    assert flops(net(ReLU(), batch)) is None
    assert flops(net(Linear(in_features=8, out_features=4), batch)) is None
    assert flops(net(Linear(in_features=8, out_features=4), net.input())) is None
    assert flops(net(Opaque(label="helper"), net.input(2, 8))) is None
    assert flops(net(layer(activation=Unknown("argument `activation`")), net.input(2, 16, 64))) is None


def test_numbers_and_inputs_cost_nothing(net: Builder) -> None:
    number = net(Constant(value=2.0))
    assert flops(number) == 0
    assert flops(net(Add(), number, net.input(2, 8))) == 16
