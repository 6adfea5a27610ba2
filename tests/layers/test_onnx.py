"""The reference layers against ONNX's own reference evaluator, forward, in both precisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from netlint.layers import ReferenceLayer
from netlint.layers import activations as act
from netlint.layers.arithmetic import Add, Div, MatMul, Mul, Reduce, Sub
from netlint.layers.convolution import Convolution, TransposedConvolution
from netlint.layers.linear import Linear
from netlint.layers.losses import NLL, CrossEntropy
from netlint.layers.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, RMSNorm
from netlint.layers.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, MaxPool
from netlint.layers.shaping import Concat, Flatten, Pad, Permute

onnx = pytest.importorskip("onnx")
from onnx.reference import ReferenceEvaluator  # noqa: E402

LIMIT = 16
"""In ulp of the largest number: the evaluator forms sums in the precision of the data, the normalisations here in double precision."""


@dataclass
class Pair:
    """An ONNX operator with its attributes, the layer that does the same, shapes of data and of parameters in ONNX's order."""

    operator: str
    layer: ReferenceLayer
    shapes: tuple[tuple[int, ...], ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    opset: int = 21


X = ((2, 4, 6, 5),)
WINDOW = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 0]}
POOL = {"dims": 2, "kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}
AFFINE = {"weight": (4,), "bias": (4,)}
PAIRS = [
    Pair("Sigmoid", act.Sigmoid(), X),
    Pair("Tanh", act.Tanh(), X),
    Pair("Relu", act.ReLU(), X),
    Pair("LeakyRelu", act.LeakyReLU(0.1), X, {"alpha": 0.1}),
    Pair("Elu", act.ELU(0.5), X, {"alpha": 0.5}),
    Pair("Celu", act.CELU(0.5), X, {"alpha": 0.5}),
    Pair("Selu", act.SELU(), X),
    Pair("Gelu", act.GELU(), X),
    Pair("Gelu", act.GELU("tanh"), X, {"approximate": "tanh"}),
    Pair("Mish", act.Mish(), X, opset=22),
    Pair("HardSigmoid", act.Hardsigmoid(), X, {"alpha": 1 / 6, "beta": 0.5}),
    Pair("HardSwish", act.Hardswish(), X),
    Pair("Softplus", act.Softplus(), X),
    Pair("Softsign", act.Softsign(), X),
    Pair("Shrink", act.Softshrink(0.5), X, {"lambd": 0.5, "bias": 0.5}),
    Pair("Softmax", act.Softmax(1), X, {"axis": 1}),
    Pair("LogSoftmax", act.LogSoftmax(-1), X, {"axis": -1}),
    Pair("Conv", Convolution(2, (2, 1), (1, 0), (1, 1), 2), X, {**WINDOW, "group": 2}, {"weight": (6, 2, 3, 2), "bias": (6,)}),
    Pair(
        "ConvTranspose",
        TransposedConvolution(2, (2, 1), (1, 0), (1, 0)),
        X,
        {**WINDOW, "output_padding": [1, 0]},
        {"weight": (4, 3, 3, 2), "bias": (3,)},
    ),
    Pair("MaxPool", MaxPool(**POOL), X, WINDOW),
    Pair("AveragePool", AvgPool(**POOL, count_include_pad=False), X, WINDOW),
    Pair("AveragePool", AvgPool(**POOL), X, {**WINDOW, "count_include_pad": 1}),
    Pair("GlobalAveragePool", AdaptiveAvgPool(2, (1, 1)), X),
    Pair("GlobalMaxPool", AdaptiveMaxPool(2, (1, 1)), X),
    Pair("BatchNormalization", BatchNorm(), X, parameters={**AFFINE, "running_mean": (4,), "running_var": (4,)}, opset=15),
    Pair("LayerNormalization", LayerNorm((6, 5)), X, {"axis": -2}, {"weight": (6, 5), "bias": (6, 5)}),
    Pair("GroupNormalization", GroupNorm(2), X, {"num_groups": 2}, AFFINE),
    Pair("InstanceNormalization", InstanceNorm(), X, parameters=AFFINE),
    Pair("RMSNormalization", RMSNorm((5,), eps=1e-5), X, {"axis": -1}, {"weight": (5,)}, opset=23),
    # as many samples as channels: the evaluator (onnx 1.23) fills only as many channels as there are samples
    Pair("LRN", LocalResponseNorm(3, 0.5, 0.75, 2.0), ((4, 4, 3, 2),), {"size": 3, "alpha": 0.5, "beta": 0.75, "bias": 2.0}),
    Pair("Gemm", Linear(), ((3, 5),), {"transB": 1}, {"weight": (4, 5), "bias": (4,)}),
    Pair("MatMul", MatMul(), ((2, 3, 5), (5, 4))),
    Pair("Add", Add(), ((2, 3), (3,))),
    Pair("Sub", Sub(), ((2, 3), (3,))),
    Pair("Mul", Mul(), ((2, 3), (3,))),
    Pair("Div", Div(), ((2, 3), (3,))),
    Pair("ReduceMean", Reduce("mean", None, True), X),
    Pair("Concat", Concat(1), ((2, 3), (2, 1)), {"axis": 1}),
    Pair("Flatten", Flatten(), X, {"axis": 1}),
    Pair("Transpose", Permute((0, 2, 3, 1)), X, {"perm": [0, 2, 3, 1]}),
]


def evaluated(pair: Pair, arrays: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """What ONNX's evaluator gives."""
    names = [f"x{n}" for n in range(len(arrays))]
    element = onnx.helper.np_dtype_to_tensor_dtype
    given = [onnx.helper.make_tensor_value_info(name, element(x.dtype), x.shape) for name, x in zip(names, arrays, strict=True)]
    result = onnx.helper.make_tensor_value_info("y", element(arrays[0].dtype), None)
    node = onnx.helper.make_node(pair.operator, names, ["y"], **pair.attributes)
    graph = onnx.helper.make_graph([node], "one", given, [result])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", pair.opset)])
    found: list[np.ndarray[Any, Any]] = ReferenceEvaluator(model).run(None, dict(zip(names, arrays, strict=True)))
    return found


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.operator}-{type(pair.layer).__name__}")
def test_a_layer_is_onnxs(pair: Pair, precision: str, bench: ModuleType) -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=shape).astype(precision) for shape in pair.shapes]
    parameters = {name: rng.uniform(0.5, 1.5, shape).astype(precision) for name, shape in pair.parameters.items()}
    expected = evaluated(pair, [*inputs, *parameters.values()])
    outputs = pair.layer.forward(tuple(inputs), parameters).outputs
    attributes_are_single = precision == "float64" and pair.operator in SINGLE_ATTRIBUTES
    for actual, wanted in zip(outputs, expected, strict=True):
        largest = float(np.max(np.abs(wanted)))
        error = bench.ulps(actual.astype(np.float64), wanted.astype(np.float64), "float32" if attributes_are_single else precision, largest)
        assert error <= LIMIT


SINGLE_ATTRIBUTES = (
    "LeakyRelu Selu HardSigmoid HardSwish Elu Celu LRN BatchNormalization LayerNormalization GroupNormalization "
    "InstanceNormalization RMSNormalization Gelu"
).split()
"""ONNX stores attributes (alpha, epsilon) and the constants of functions in single precision; in double they are other numbers."""


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_are_onnxs(reduction: str, bench: ModuleType) -> None:
    rng = np.random.default_rng(0)
    scores, target, weight = rng.normal(size=(6, 5)), rng.integers(0, 5, 6), rng.uniform(0.5, 1.5, 5)
    for operator, layer in (("SoftmaxCrossEntropyLoss", CrossEntropy(reduction)), ("NegativeLogLikelihoodLoss", NLL(reduction))):
        pair = Pair(operator, layer, (), {"reduction": reduction})
        [wanted] = evaluated(pair, [scores, target, weight])
        actual = layer.forward((scores, target), {"weight": weight}).output
        assert bench.ulps(np.asarray(actual), np.asarray(wanted), "float64", 1.0) <= LIMIT


def test_constant_padding_is_onnxs() -> None:
    x = np.arange(6.0).reshape(2, 3)
    [wanted] = evaluated(Pair("Pad", Pad(()), ()), [x, np.array([1, 0, 0, 2])])
    assert np.array_equal(Pad((0, 2, 1, 0)).forward((x,)).output, wanted)
