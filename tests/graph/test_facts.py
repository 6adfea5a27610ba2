"""Mathematical facts of activations, tried on numbers, and the names that users see."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest

from netlint.graph import Layer, Parameter, Unknown
from netlint.graph.operators import (
    BCE,
    CELU,
    ELU,
    GELU,
    SELU,
    Activation,
    Add,
    AlphaDropout,
    BatchNorm,
    ChannelDropout,
    Conv,
    CrossEntropy,
    Dropout,
    Elementwise,
    Embedding,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    InstanceNorm,
    LeakyReLU,
    LogSigmoid,
    Loss,
    MaxPool,
    Mish,
    PixelShuffle,
    PReLU,
    Recurrent,
    RecurrentCell,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
    TransformerLayer,
)
from netlint.graph.operators.activations import INF

Function = Callable[[float], float]


def relu6(x: float) -> float:
    return min(max(x, 0.0), 6.0)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def leaky(slope: float) -> Function:
    return lambda x: x if x >= 0 else slope * x


def elu(alpha: float) -> Function:
    return lambda x: x if x > 0 else alpha * math.expm1(x)


FUNCTIONS: list[tuple[Activation, Function]] = [
    (ReLU(), lambda x: max(x, 0.0)),
    (ReLU6(), relu6),
    (LeakyReLU(), leaky(0.01)),
    (LeakyReLU(negative_slope=0.0), leaky(0.0)),
    (LeakyReLU(negative_slope=-0.2), leaky(-0.2)),
    (ELU(), elu(1.0)),
    (ELU(alpha=-0.5), elu(-0.5)),
    (SELU(), lambda x: 1.0507009873554805 * elu(1.6732632423543772)(x)),
    (CELU(alpha=2.0), lambda x: max(x, 0.0) + min(0.0, 2.0 * math.expm1(x / 2.0))),
    (GELU(), lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2))),
    (SiLU(), lambda x: x * sigmoid(x)),
    (Mish(), lambda x: x * math.tanh(softplus(x))),
    (Sigmoid(), sigmoid),
    (Tanh(), math.tanh),
    (Hardsigmoid(), lambda x: relu6(x + 3) / 6),
    (Hardswish(), lambda x: x * relu6(x + 3) / 6),
    (Hardtanh(), lambda x: min(max(x, -1.0), 1.0)),
    (Hardtanh(min_val=0.0, max_val=20.0), lambda x: min(max(x, 0.0), 20.0)),
    (Softplus(), softplus),
    (Softsign(), lambda x: x / (1 + abs(x))),
    (Tanhshrink(), lambda x: x - math.tanh(x)),
    (Softshrink(), lambda x: math.copysign(max(abs(x) - 0.5, 0.0), x)),
    (Hardshrink(), lambda x: x if abs(x) > 0.5 else 0.0),
    (LogSigmoid(), lambda x: -softplus(-x)),
    (Threshold(threshold=1.0, value=0.5), lambda x: x if x > 1.0 else 0.5),
    (Threshold(threshold=1.0, value=3.0), lambda x: x if x > 1.0 else 3.0),
]
POINTS = [step / 64 for step in range(-64 * 60, 64 * 60 + 1)]


@pytest.mark.parametrize(("activation", "function"), FUNCTIONS, ids=lambda value: repr(value) if isinstance(value, Activation) else "")
def test_monotone_range_and_idempotent_hold_on_numbers(activation: Activation, function: Function) -> None:
    values = [function(x) for x in POINTS]
    rises = all(after >= before - 1e-12 for before, after in pairwise(values))
    assert activation.monotone is rises
    assert activation.commutes_with_max is rises
    low, high = activation.range or (-INF, INF)
    assert all(low - 1e-12 <= value <= high + 1e-12 for value in values)
    # each bound that is stated is nearly reached, each that is not is exceeded by far
    assert abs(min(values) - low) < 0.02 if low > -INF else min(values) < -0.5
    assert abs(max(values) - high) < 0.02 if high < INF else max(values) > 15
    if activation.idempotent:
        assert all(function(value) == value for value in values)


@pytest.mark.parametrize("activation", [Sigmoid(), Tanh(), Softsign(), Hardsigmoid(), Hardtanh()])
def test_bounded_around_zero_saturates(activation: Activation) -> None:
    assert activation.saturating is True


@pytest.mark.parametrize("activation", [ReLU(), ReLU6(), Hardtanh(min_val=0.0, max_val=20.0), LeakyReLU(), ELU(), PReLU(), Softplus()])
def test_rectifiers_do_not_saturate_even_when_clipped(activation: Activation) -> None:
    assert activation.saturating is False


def test_an_unknown_parameter_makes_the_fact_unknown() -> None:
    slope = Unknown("argument `slope` has no default")
    assert isinstance(LeakyReLU(negative_slope=slope).monotone, Unknown)
    assert isinstance(ELU(alpha=slope).monotone, Unknown)
    assert isinstance(Hardtanh(min_val=slope).saturating, Unknown)
    assert LeakyReLU(negative_slope=slope).range is None


def test_a_learned_slope_may_become_negative_unless_it_is_frozen() -> None:
    assert isinstance(PReLU().monotone, Unknown)
    frozen = Layer("act", "torch.nn.PReLU", parameters={"weight": Parameter("weight", (1,), trainable=False)})
    assert PReLU(layer=frozen).monotone is True
    assert PReLU(init=-0.1, layer=frozen).monotone is False


def test_random_slopes_are_monotone_each_but_do_not_commute_with_max() -> None:
    assert RReLU().monotone is True
    assert RReLU().commutes_with_max is False
    assert RReLU(lower=-0.5).monotone is False


def test_other_elementwise_operators() -> None:
    assert Identity().commutes_with_max is True
    assert Elementwise(how="exp").commutes_with_max is True
    assert Elementwise(how="abs").monotone is False
    assert Elementwise(how="clamp", inputs=(ReLU(), ReLU())).monotone is False
    assert Dropout().commutes_with_max is False
    assert Add().monotone is False


def test_names_are_those_of_pytorch() -> None:
    conv = {"dims": 2, "in_channels": 1, "out_channels": 1, "kernel_size": (1,)}
    named = {
        "Conv2d": Conv(**conv),  # type: ignore[arg-type]
        "ConvTranspose1d": Conv(**{**conv, "dims": 1}, transposed=True),  # type: ignore[arg-type]
        "BatchNorm2d": BatchNorm(num_features=1, dims=2),
        "BatchNorm": BatchNorm(num_features=1),
        "SyncBatchNorm": BatchNorm(num_features=1, synchronized=True),
        "FrozenBatchNorm2d": BatchNorm(num_features=1, dims=2, frozen=True),
        "InstanceNorm3d": InstanceNorm(num_features=1, dims=3),
        "LSTM": Recurrent(kind="LSTM", input_size=1, hidden_size=1),
        "GRUCell": RecurrentCell(kind="GRU", input_size=1, hidden_size=1),
        "MaxPool2d": MaxPool(dims=2, kernel_size=(2,), stride=(2,)),
        "Dropout3d": ChannelDropout(dims=3),
        "FeatureAlphaDropout": AlphaDropout(channels=True),
        "EmbeddingBag": Embedding(num_embeddings=1, embedding_dim=1, bag=True),
        "TransformerDecoderLayer": TransformerLayer(d_model=8, nhead=1, decoder=True),
        "TransformerEncoder": TransformerLayer(d_model=8, nhead=1, num_layers=2),
        "PixelUnshuffle": PixelShuffle(factor=2, inverse=True),
        "CrossEntropyLoss": CrossEntropy(),
        "BCELoss": BCE(),
        "HuberLoss": Loss(how="HuberLoss"),
        "exp": Elementwise(how="exp"),
        "Add": Add(),
    }
    assert {name: operator.name for name, operator in named.items()} == {name: name for name in named}
