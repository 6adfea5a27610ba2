"""Operators replaced, removed and added, and options set: each intent by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from netlint.engine.intent import ChangeClass, InsertAfter, Intent, Replace, Rewrite, SetOption, Swap
from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect
from netlint.fixes.proposal import Refusal
from netlint.graph import Graph, Operator
from netlint.graph.operators import (
    CELU,
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Dropout,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Input,
    LayerNorm,
    LeakyReLU,
    LogSoftmax,
    MaxPool,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)

X = np.random.default_rng(2).normal(size=(2, 6)).astype(np.float32) * 3
MLP = "g (float[2, 6] x) => (float[2, 6] y) <float[6, 6] w> { h = MatMul(x, w) a = Relu(h) y = MatMul(a, w) }"
ERF = """g (float[2, 6] x) => (float[2, 6] y) <float r = {1.4142135}, float one = {1}, float half = {0.5}> {
    d = Div(x, r) e = Erf(d) f = Add(e, one) m = Mul(x, f) a = Mul(m, half) y = Neg(a)
}"""


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


FORMULAS: dict[str, tuple[Operator, Callable[[np.ndarray], np.ndarray]]] = {
    "LeakyReLU": (LeakyReLU(negative_slope=0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
    "PReLU": (PReLU(init=0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
    "ELU": (ELU(alpha=0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    "CELU": (CELU(alpha=2.0), lambda x: np.maximum(x, 0) + np.minimum(0, 2 * np.expm1(x / 2))),
    "SELU": (SELU(), lambda x: 1.05070098 * np.where(x > 0, x, 1.67326324 * np.expm1(x))),
    "ReLU6": (ReLU6(), lambda x: np.clip(x, 0, 6)),
    "Hardtanh": (Hardtanh(min_val=-2.0, max_val=2.0), lambda x: np.clip(x, -2, 2)),
    "Sigmoid": (Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
    "Tanh": (Tanh(), np.tanh),
    "Softplus": (Softplus(), lambda x: np.log1p(np.exp(x))),
    "Softsign": (Softsign(), lambda x: x / (1 + np.abs(x))),
    "SiLU": (SiLU(), silu),
    "Mish": (Mish(), lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    "GELU, by the tanh": (GELU(approximate="tanh"), lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    "Hardsigmoid": (Hardsigmoid(), lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "Hardswish": (Hardswish(), lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
}


@pytest.mark.parametrize("opset", [9, 13, 21])
@pytest.mark.parametrize("name", FORMULAS)
def test_another_activation_computes_its_formula(lab: Any, name: str, opset: int) -> None:
    new, formula = FORMULAS[name]
    proto = lab.model("g (float[2, 6] x) => (float[2, 6] y) { y = Relu(x) }", opset)
    if opset == 9:
        proto.ir_version = 4
    if isinstance(new, CELU) and opset < 12:
        with pytest.raises(Refusal, match="came with 12"):
            lab.operated(proto, lambda graph: Replace(lab.the(graph, ReLU), (new,)), lab.changes)
        return
    after = lab.operated(proto, lambda graph: Replace(lab.the(graph, ReLU), (new,)), lab.changes)
    np.testing.assert_allclose(lab.outputs(after, x=X)[0], formula(X.astype(np.float64)), rtol=2e-6, atol=2e-6)
    assert isinstance(lab.graph(after).outputs[0], type(new)) or isinstance(new, (PReLU, Hardtanh))


def test_several_nodes_that_are_one_operator_are_replaced_as_one(lab: Any) -> None:
    after = lab.operated(lab.model(ERF), lambda graph: Replace(lab.the(graph, GELU), (ReLU(),)), lab.changes)
    assert lab.kinds(after.graph) == ["Relu", "Neg"]
    assert [entry.name for entry in after.graph.value_info] == ["a"]
    np.testing.assert_array_equal(lab.outputs(after, x=X)[0], -np.maximum(X, 0))


def test_inner_values_that_others_read_stay(lab: Any) -> None:
    body = ERF.replace("y = Neg(a)", "y = Sub(a, e)")
    after = lab.operated(lab.model(body), lambda graph: Replace(lab.the(graph, GELU), (ReLU(),)), lab.changes)
    assert lab.kinds(after.graph) == ["Div", "Erf", "Relu", "Sub"]


def test_half_precision_constants(lab: Any) -> None:
    proto = lab.model("g (float16[2, 6] x) => (float16[2, 6] y) { a = Relu(x) y = Neg(a) }")
    after = lab.operated(proto, lambda graph: Replace(lab.the(graph, ReLU), (PReLU(init=0.5),)), lab.changes)
    assert lab.outputs(after, x=X.astype(np.float16))[0].dtype == np.float16


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("g (float[2, 6] x) => (float[2, 6] y) { a = Relu(x) b = Relu(a) y = Neg(b) }", ["Relu", "Neg"]),
        ("g (float[2, 6] x) => (float[2, 6] y) { a = Relu(x) y = Relu(a) }", ["Relu"]),
        ("g (float[2, 6] x) => (float[2, 6] a, float[2, 6] y) { a = Relu(x) y = Relu(a) }", ["Relu", "Identity"]),
    ],
    ids=["read by a node", "an output", "an output of an output"],
)
def test_an_activation_that_does_nothing_is_removed(lab: Any, body: str, kinds: list[str]) -> None:
    after = lab.fixed(lab.model(body), "NL408")
    assert lab.kinds(after.graph) == kinds
    for one, two in zip(lab.outputs(lab.model(body), x=X), lab.outputs(after, x=X), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_removed_value_that_a_branch_reads(lab: Any) -> None:
    body = """g (float[2, 6] x, bool c) => (float[2, 6] y) {
        a = Relu(x) b = Relu(a)
        y = If (c) <then_branch = t () => (float[2, 6] p) { p = Neg(b) }, else_branch = e () => (float[2, 6] q) { q = Abs(b) }>
    }"""
    after = lab.operated(lab.model(body), lambda graph: Replace(list(graph.of(ReLU))[1], ()))
    assert lab.kinds(after.graph) == ["Relu", "If"]
    given = {"x": X, "c": np.array(True)}
    np.testing.assert_array_equal(lab.outputs(after, **given)[0], lab.outputs(lab.model(body), **given)[0])


def test_a_pool_of_one_element_is_removed(lab: Any) -> None:
    body = "g (float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y) <float[2, 2, 1, 1] w> { a = MaxPool<kernel_shape = [1, 1]>(x) y = Conv(a, w) }"
    assert lab.kinds(lab.fixed(lab.model(body), "NL605").graph) == ["Conv"]


def test_the_log_of_a_softmax(lab: Any) -> None:
    """Two steps, the second of which finds what the first one left."""
    body = "g (float[2, 6] x) => (float[2, 6] y) <float[6, 6] w> { h = MatMul(x, w) s = Softmax<axis = -1>(h) y = Log(s) }"

    def intent(graph: Graph) -> Intent:
        log = graph.outputs[0]
        return Replace(log.inputs[0], (LogSoftmax(dim=-1),)), Replace(log, ())

    after = lab.operated(lab.model(body), intent, Contract(Forward.CLOSE, StateDict.SAME, TrainingEffect.SAME))
    assert lab.kinds(after.graph) == ["MatMul", "LogSoftmax"]
    np.testing.assert_allclose(lab.outputs(after, x=X)[0], lab.outputs(lab.model(body), x=X)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("after", "kinds"),
    [(ReLU, ["MatMul", "Relu", "Tanh", "MatMul"]), (Input, ["Tanh", "MatMul", "Relu", "MatMul"])],
    ids=["operator", "input"],
)
def test_an_operator_is_inserted(lab: Any, after: type[Operator], kinds: list[str]) -> None:
    result = lab.operated(lab.model(MLP), lambda graph: InsertAfter(lab.the(graph, after), Tanh()), lab.changes)
    assert lab.kinds(result.graph) == kinds
    assert any(isinstance(operator, Tanh) for operator in lab.graph(result).operators)


def test_what_is_inserted_behind_an_output_takes_over_its_name(lab: Any) -> None:
    result = lab.operated(lab.model(MLP), lambda graph: InsertAfter(graph.outputs[0], Tanh()), lab.changes)
    np.testing.assert_allclose(lab.outputs(result, x=X)[0], np.tanh(lab.outputs(lab.model(MLP), x=X)[0]), rtol=1e-6)


NORM = "g (float[1, 4, 2, 2] x) => (float[1, 4, 2, 2] y) <float[4] k> { y = BatchNormalization<epsilon = 0.1>(x, k, k, k, k) }"


def test_an_option_is_an_attribute(lab: Any) -> None:
    result = lab.operated(lab.model(NORM), lambda graph: SetOption(lab.the(graph, BatchNorm), {"eps": 1e-3}), lab.changes)
    assert lab.the(lab.graph(result), BatchNorm).eps == 1e-3
    result = lab.operated(lab.model(NORM), lambda graph: SetOption(lab.the(graph, BatchNorm), {"eps": None}), lab.changes)
    assert not result.graph.node[0].attribute


POOLED = "g (float[1, 4, 8, 8] x) => (float[1, 4, 4, 4] y) { a = Relu(x) y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a) }"
LEARNS = Contract(Forward.CHANGES, StateDict.BREAKS, TrainingEffect.CHANGES)
REFUSED: dict[str, tuple[str, Callable[[Graph], Intent], Contract | None, str]] = {
    "what training must follow": (MLP, lambda graph: Replace(next(graph.of(ReLU)), (PReLU(init=0.1),)), LEARNS, "trained"),
    "an option of training": (NORM, lambda graph: SetOption(next(graph.of(BatchNorm)), {"momentum": 0.2}), None, "matters in training"),
    "no attribute": (NORM, lambda graph: SetOption(next(graph.of(BatchNorm)), {"affine": False}), None, "has no attribute"),
    "an option of several nodes": (ERF, lambda graph: SetOption(next(graph.of(GELU)), {"approximate": "tanh"}), None, "several nodes"),
    "only told in words": (MLP, lambda graph: Rewrite(graph, "do it"), None, ""),
    "an optimizer": (MLP, lambda graph: ChangeClass(None, "AdamW"), None, "trained"),  # type: ignore[arg-type]
    "a dropout": (MLP, lambda graph: InsertAfter(next(graph.of(ReLU)), Dropout()), None, "does not write a Dropout"),
    "a norm": (MLP, lambda graph: Replace(next(graph.of(ReLU)), (LayerNorm(normalized_shape=(6,)),)), None, "does not write a LayerNorm"),
    "an unknown slope": (MLP, lambda graph: Replace(next(graph.of(ReLU)), (PReLU(num_parameters=6),)), None, "one slope only"),
    "a swap twice": (
        POOLED,
        lambda graph: (Swap(next(graph.of(ReLU)), next(graph.of(MaxPool))), Swap(next(graph.of(MaxPool)), next(graph.of(ReLU)))),
        None,
        "twice",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_refused_with_the_reason(lab: Any, name: str) -> None:
    body, intent, contract, reason = REFUSED[name]
    proto = lab.model(body)
    graph = lab.graph(proto)
    with pytest.raises(Refusal) as refusal:
        lab.surgeon(proto).operate(proto, graph, intent(graph), contract or lab.changes)
    assert reason in str(refusal.value)


def test_a_softmax_of_an_old_operator_set_is_not_written(lab: Any) -> None:
    proto = lab.model("g (float[2, 6] x) => (float[2, 6] y) { y = Softmax<axis = 1>(x) }", 11)
    graph = lab.graph(proto)
    with pytest.raises(Refusal, match="before operator set 13"):
        lab.surgeon(proto).operate(proto, graph, Replace(lab.the(graph, Softmax), (LogSoftmax(dim=1),)), lab.same)
