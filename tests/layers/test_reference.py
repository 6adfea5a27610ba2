"""From operators to layers; what the layers promise besides their values."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from dataclasses import FrozenInstanceError
from types import ModuleType

import numpy as np
import pytest

import netlint.layers
from netlint.graph import operators as ops
from netlint.graph.operator import Operator
from netlint.graph.parameter import Layer, Parameter
from netlint.graph.provenance import FixedSite, Location
from netlint.graph.training import Penalty
from netlint.graph.unknown import Unknown
from netlint.layers import Context, ReferenceLayer, penalty, reference
from netlint.layers.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from netlint.layers.convolution import Convolution, TransposedConvolution
from netlint.layers.dropout import Dropout
from netlint.layers.losses import CrossEntropy
from netlint.layers.penalties import L1Penalty, L2Penalty, NormPenalty
from netlint.layers.pooling import MaxPool
from netlint.layers.registry import TABLE, Functional
from netlint.layers.special import erf

MODULES = [f"netlint.layers.{module.name}" for module in pkgutil.iter_modules(netlint.layers.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_layer_has_an_example(name: str) -> None:
    module = importlib.import_module(name)
    layers = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, ReferenceLayer)]
    own = [layer for layer in layers if layer.__module__ == name and not getattr(layer, "__abstractmethods__", None)]
    silent = [layer.__name__ for layer in own if ">>>" not in (layer.__doc__ or "") and layer is not Functional]
    assert silent == []


def test_numpy_is_imported_by_the_layers_alone() -> None:
    code = "import sys, netlint, netlint.cli, netlint.graph; assert not {'numpy', 'torch', 'array_api_compat'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# -- from operators -------------------------------------------------------------------------------------------------------


def test_every_layer_of_the_table_is_in_the_cases(bench: ModuleType) -> None:
    used = {type(case.subject) for case in bench.cases() if isinstance(case.subject, Operator)}
    unseen = {operator.__name__ for operator in TABLE.keys() - used}
    assert unseen == {"DropPath", "Detach"}  # the first has no counterpart in torch, the second no gradient


def test_options_are_the_operators() -> None:
    conv = ops.Conv(dims=2, in_channels=4, out_channels=8, kernel_size=(3, 3), stride=(2, 2), padding="same", groups=4)
    assert reference(conv) == Convolution(dims=2, stride=(2, 2), padding="same", groups=4)
    turned = ops.Conv(dims=1, in_channels=4, out_channels=8, kernel_size=(3,), transposed=True, output_padding=(1,))
    assert reference(turned) == TransposedConvolution(dims=1, output_padding=(1,))


UNKNOWN = Unknown("no default")


@pytest.mark.parametrize(
    ("operator", "reason"),
    [
        (ops.ELU(alpha=UNKNOWN), "no default"),
        (ops.MaxPool(dims=2, kernel_size=(2, UNKNOWN), stride=(2, 2)), "no default"),
        (ops.Dropout(training=UNKNOWN), "no default"),
        (ops.Opaque(label="mystery"), "no reference layer for mystery"),
        (ops.Loss(how="huber_loss"), "no reference layer for huber_loss"),
        (ops.Reduce(how="max"), "no reference layer for max"),
        (ops.Embedding(num_embeddings=3, embedding_dim=2, bag=True), "how an EmbeddingBag joins its vectors"),
    ],
)
def test_what_is_not_known_has_no_layer(operator: Operator, reason: str) -> None:
    layer = reference(operator)
    assert isinstance(layer, Unknown)
    assert layer.reason == reason


def test_an_option_that_an_operator_does_not_have_is_not_guessed() -> None:
    layer = reference(ops.BCEWithLogits(further=(("pos_weight", UNKNOWN),)))
    assert isinstance(layer, Unknown)
    assert layer.reason == "no reference layer for BCEWithLogitsLoss with pos_weight"


def test_a_reshape_keeps_the_size_of_an_unknown_batch() -> None:
    batch, other = Unknown("the batch"), Unknown("another size")
    x = ops.Input(label="x", shape=(batch, 6))
    for sizes, shape in (((batch, -1), (4, 6)), ((batch, 3, 2), (4, 3, 2)), ((other, 12), (2, 12)), ((-1, 8), (3, 8))):
        layer = reference(ops.Reshape(sizes=sizes, inputs=(x,)))
        assert isinstance(layer, ReferenceLayer)
        assert layer.forward((np.zeros((4, 6)),)).output.shape == shape
    assert reference(ops.Reshape(sizes=(other, -1), inputs=(x,))) is other


def test_a_functional_call_takes_its_weights_from_its_inputs() -> None:
    x, weight, bias = (ops.Input(label=name) for name in "xwb")
    call = ops.Linear(in_features=UNKNOWN, out_features=UNKNOWN, inputs=(x, weight, bias))
    layer = reference(call)
    assert isinstance(layer, ReferenceLayer)
    arrays = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5])
    step = layer.forward(arrays)
    assert step.output.tolist() == [[11.5]]
    gradients = step.backward(np.array([[2.0]]))
    assert [g.tolist() for g in gradients.inputs] == [[[6.0, 8.0]], [[2.0, 4.0]], [2.0]]
    assert gradients.parameters == {}


def test_a_functional_call_with_weights_that_are_not_known_has_no_layer() -> None:
    x, bias = ops.Input(label="x"), ops.Input(label="bias")
    only_bias = ops.LayerNorm(normalized_shape=(3,), elementwise_affine=False, bias=True, inputs=(x, bias))
    assert not isinstance(reference(only_bias), Unknown)  # no parameters of its own: the second input is not looked at
    two = ops.LayerNorm(normalized_shape=(3,), elementwise_affine=True, bias=True, inputs=(x, bias))
    assert isinstance(reference(two), Unknown)


def test_a_functional_batch_norm_has_a_layer_in_training_only() -> None:
    x = ops.Input(label="x")
    options = {"num_features": 3, "affine": False, "inputs": (x,)}
    assert isinstance(reference(ops.BatchNorm(**options, training=False)), Unknown)
    assert isinstance(reference(ops.BatchNorm(**options, track_running_stats=False, training=True)), ReferenceLayer)
    module = ops.BatchNorm(**options, layer=Layer("bn", "torch.nn.BatchNorm1d"))
    assert isinstance(reference(module), ReferenceLayer)


@pytest.mark.parametrize(("norm", "squared", "layer"), [(1, True, L1Penalty(0.1)), (2, True, L2Penalty(0.1)), (2, False, NormPenalty(0.1))])
def test_penalties_of_the_training_context(norm: int, squared: bool, layer: ReferenceLayer) -> None:
    weight = Parameter("weight", (3,))
    facts = {"norm": norm, "squared": squared, "parameters": (weight,), "blocked_by": None, "term": ops.Constant()}
    site = FixedSite(Location("net.py", 1, 1, 1, 1))
    assert penalty(Penalty(**facts, coefficient=0.1, site=site)) == layer
    assert penalty(Penalty(**facts, coefficient=UNKNOWN, site=site)) is UNKNOWN


# -- what they promise ----------------------------------------------------------------------------------------------------


def test_tanh_is_two_sigmoids() -> None:
    """S18: tanh(x) = 2 sigma(2x) - 1, to half an ulp of 1 for each of its three roundings."""
    x = np.concatenate([np.linspace(-20, 20, 2001), [np.inf, -np.inf, 0.0, -0.0, 800.0, -800.0]])
    assert np.max(np.abs(Tanh().forward((x,)).output - (2 * Sigmoid().forward((2 * x,)).output - 1))) <= 2 * np.finfo(float).eps


def test_an_unsquared_norm_does_not_fade() -> None:
    """S14: its gradient has the same length however small the weights are; the square's shrinks with them."""
    small = np.array([3e-6, 4e-6])
    [plain] = NormPenalty(0.1).forward((small,)).backward(np.float64(1)).inputs
    [square] = L2Penalty(0.1).forward((small,)).backward(np.float64(1)).inputs
    assert np.linalg.norm(plain) == pytest.approx(0.1)
    assert np.linalg.norm(square) == pytest.approx(1e-6)


def test_layers_keep_nothing() -> None:
    layer = Dropout(0.5)
    with pytest.raises(FrozenInstanceError):
        layer.p = 0.1  # type: ignore[misc]
    x, context = np.ones((4, 4)), Context(training=True, seed=(3, 1))
    first, second = layer.forward((x,), context=context), layer.forward((x,), context=context)
    assert np.array_equal(first.output, second.output)
    other = layer.forward((x,), context=Context(training=True, seed=(3, 2)))
    assert not np.array_equal(first.output, other.output)
    assert np.array_equal(first.backward(x).inputs[0], first.output)


def test_single_and_double_precision_get_the_same_mask() -> None:
    context = Context(training=True, seed=5)
    masks = [Dropout(0.3).forward((np.ones(1000, precision),), context=context).output > 0 for precision in ("float32", "float64")]
    assert np.array_equal(*masks)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(p: float) -> None:
    y = Dropout(p).forward((np.ones(200_000),), context=Context(training=True)).output
    assert np.mean(y == 0) == pytest.approx(p, abs=0.005)
    assert np.mean(y) == pytest.approx(1, abs=0.02)


def test_negative_zero_and_ties() -> None:
    x = np.array([-0.0, 0.0])
    assert np.signbit(ReLU().forward((x,)).output).tolist() == [True, False]  # as torch
    assert np.signbit(LeakyReLU(0.1).forward((x,)).output).tolist() == [True, False]
    pool = MaxPool(1, (3,), (3,), return_indices=True)
    best, index = pool.forward((np.array([[0.0, -0.0, 0.0, np.nan, 1.0, np.nan, -np.inf, -np.inf, -np.inf]]),)).outputs
    assert index.tolist() == [[0, 5, 6]]
    assert np.array_equal(best, [[0.0, np.nan, -np.inf]], equal_nan=True)


def test_a_window_that_does_not_fit_and_a_class_that_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="no window"):
        MaxPool(1, (5,), (1,)).forward((np.zeros((1, 3)),))
    with pytest.raises(ValueError, match="target class"):
        CrossEntropy().forward((np.zeros((1, 3)), np.array([3])))
    with pytest.raises(KeyError):
        Convolution(1).forward((np.zeros((1, 1, 3)),))


def test_the_error_function() -> None:
    import math

    x = np.concatenate([np.linspace(-6, 6, 4001), [np.inf, -np.inf, 1e-300, 0.0]])
    with np.errstate(all="ignore"):
        actual = erf(x)
    expected = np.array([math.erf(value) for value in x])
    assert np.max(np.abs(actual - expected) / np.spacing(np.maximum(np.abs(expected), 1e-290))) <= 4
    assert np.isnan(erf(np.array([np.nan]))[0])
