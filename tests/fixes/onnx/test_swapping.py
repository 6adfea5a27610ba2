"""An activation behind a maximum over windows in the place of before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netlint.engine.intent import Swap
from netlint.fixes.proposal import Refusal
from netlint.graph.operators import GELU, AdaptiveMaxPool, AvgPool, LeakyReLU, MaxPool, PReLU, ReLU, Sigmoid
from netlint.verify import tensors

POOL = "MaxPool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>"
X = np.random.default_rng(1).normal(size=(1, 4, 8, 8)).astype(np.float32)


def conv(activation: str, rest: str = f"y = {POOL}(a)", shape: str = "1, 4, 4, 4", weights: str = "") -> str:
    """A graph: a convolution, an activation of `c`, and what follows."""
    return f"g (float[1, 4, 8, 8] x) => (float[{shape}] y) <float[4, 4, 1, 1] w{weights}> {{ c = Conv(x, w) {activation} {rest} }}"


def swapped(lab: Any, body: str, first: type = ReLU, second: type = MaxPool, opset: int = 21) -> Any:
    return lab.operated(lab.model(body, opset), lambda graph: Swap(lab.the(graph, first), lab.the(graph, second)))


@pytest.mark.parametrize(
    ("activation", "kind", "result"),
    [
        ("a = Relu(c)", ReLU, ["Conv", "MaxPool", "Relu"]),
        ("a = LeakyRelu<alpha = 0.2>(c)", LeakyReLU, ["Conv", "MaxPool", "LeakyRelu"]),
        ("a = Sigmoid(c)", Sigmoid, ["Conv", "MaxPool", "Sigmoid"]),
    ],
)
def test_the_pool_comes_first(lab: Any, activation: str, kind: type, result: list[str]) -> None:
    body = conv(activation)
    after = swapped(lab, body, kind)
    assert lab.kinds(after.graph) == result
    for kind_of_tensor in tensors.KINDS:
        x = tensors.tensor(kind_of_tensor, X.shape, np.float32)
        np.testing.assert_array_equal(lab.outputs(after, x=x)[0], lab.outputs(lab.model(body), x=x)[0])


def test_a_prelu_moves_with_slopes_that_never_fall(lab: Any) -> None:
    body = conv("a = PRelu(c, s)", weights=", float[4, 1, 1] s = {0.1, 0.0, 0.3, 2.0}")
    after = swapped(lab, body, PReLU)
    assert lab.kinds(after.graph) == ["Conv", "MaxPool", "PRelu"]
    np.testing.assert_array_equal(lab.outputs(after, x=X)[0], lab.outputs(lab.model(body), x=X)[0])


def test_global_max_pooling(lab: Any) -> None:
    body = conv("a = Relu(c)", "y = GlobalMaxPool(a)", "1, 4, 1, 1")
    assert lab.kinds(swapped(lab, body, second=AdaptiveMaxPool).graph) == ["Conv", "GlobalMaxPool", "Relu"]


def test_an_activation_of_several_nodes_moves_whole(lab: Any) -> None:
    """Softplus as PyTorch writes it: a choice between two ways of computing it; its constants stay where they are."""
    body = conv("n = Exp(c) m = Add(n, one) a = Log(m)", weights=", float one = {1}")
    [after] = [lab.operated(lab.model(body), lambda graph: Swap(graph.operators[2], lab.the(graph, MaxPool)))]
    assert lab.kinds(after.graph) == ["Conv", "MaxPool", "Exp", "Add", "Log"]
    np.testing.assert_array_equal(lab.outputs(after, x=X)[0], lab.outputs(lab.model(body), x=X)[0])


def test_names_at_the_border_stay_and_nothing_is_said_of_the_value_that_is_gone(lab: Any) -> None:
    before = lab.model(conv("a = Relu(c)", f"p = {POOL}(a) y = Neg(p)"))
    before.graph.node[1].name, before.graph.node[2].name = "act", "pool"
    before.graph.node[1].doc_string = "why"
    after = lab.operated(before, lambda graph: Swap(lab.the(graph, ReLU), lab.the(graph, MaxPool)))
    _, pool, act, neg = after.graph.node
    assert (pool.name, act.name, act.doc_string) == ("pool", "act", "why")
    assert list(pool.input) == ["c"] and list(act.output) == ["p"] and list(neg.input) == ["p"]
    assert pool.output[0] == act.input[0] == "p_before_Relu"
    stated = {entry.name: [dim.dim_value for dim in entry.type.tensor_type.shape.dim] for entry in after.graph.value_info}
    assert stated == {"c": [1, 4, 8, 8], "p_before_Relu": [1, 4, 4, 4], "p": [1, 4, 4, 4]}


def test_what_is_not_touched_stays(lab: Any) -> None:
    before = lab.model(conv("a = Relu(c)"))
    before.producer_name, before.doc_string = "somebody", "a model"
    before.metadata_props.add(key="licence", value="MIT")
    after = lab.operated(before, lambda graph: Swap(lab.the(graph, ReLU), lab.the(graph, MaxPool)))
    for proto in (before, after):
        del proto.graph.node[:], proto.graph.value_info[:]
    assert after == before


def test_a_fixed_model_has_no_finding_and_is_fixed_once(lab: Any) -> None:
    body = conv("a = Relu(c)", f"p = {POOL}(a) d = Conv(p, w) b = Relu(d) y = {POOL}(b)", "1, 4, 2, 2")
    after = lab.fixed(lab.model(body), "NL501")
    assert lab.kinds(after.graph) == ["Conv", "MaxPool", "Relu", "Conv", "MaxPool", "Relu"]
    np.testing.assert_array_equal(lab.outputs(after, x=X)[0], lab.outputs(lab.model(body), x=X)[0])


@pytest.mark.parametrize(
    "pool",
    ["pads = [0, 0, 1, 1]", 'auto_pad = "SAME_UPPER"', 'auto_pad = "SAME_LOWER"', "pads = [1, 1, 0, 0]"],
)
def test_padding_that_differs_between_the_sides(lab: Any, pool: str) -> None:
    """TensorFlow's "same" padding of a window of 3 at stride 2: PyTorch's pool in ceil mode has the same windows."""
    body = conv("a = Relu(c)", f"y = MaxPool<kernel_shape = [3, 3], strides = [2, 2], {pool}>(a)")
    after = lab.fixed(lab.model(body), "NL501")
    assert lab.kinds(after.graph) == ["Conv", "MaxPool", "Relu"]
    np.testing.assert_array_equal(lab.outputs(after, x=X)[0], lab.outputs(lab.model(body), x=X)[0])


def test_a_branch_is_edited_in_its_own_graph(lab: Any) -> None:
    body = f"""g (float[1, 4, 8, 8] x, bool b) => (float[1, 4, 4, 4] y) {{
        y = If (b) <
            then_branch = t () => (float[1, 4, 4, 4] ty) {{ ta = Relu(x) ty = {POOL}(ta) }},
            else_branch = e () => (float[1, 4, 4, 4] ey) {{ ea = Neg(x) ey = {POOL}(ea) }}
        >
    }}"""
    after = swapped(lab, body)
    branch = next(attribute.g for attribute in after.graph.node[0].attribute if attribute.name == "then_branch")
    assert lab.kinds(branch) == ["MaxPool", "Relu"] and branch.output[0].name == "ty"
    for taken in (True, False):
        given = {"x": X, "b": np.array(taken)}
        np.testing.assert_array_equal(lab.outputs(after, **given)[0], lab.outputs(lab.model(body), **given)[0])


REFUSED = [
    ("a pool that averages", conv("a = Relu(c)", "y = AveragePool<kernel_shape = [5, 5]>(a)"), ReLU, AvgPool, "takes no maximum"),
    ("GELU of one node", conv("a = Gelu(c)"), GELU, MaxPool, "falls where its input rises"),
    (
        "GELU of several nodes",
        conv(
            "d = Div(c, r) e = Erf(d) f = Add(e, one) h = Mul(c, f) a = Mul(h, o)",
            weights=", float r = {1.4142135}, float one = {1}, float o = {0.5}",
        ),
        GELU,
        MaxPool,
        "falls where its input rises",
    ),
    ("a negative slope", conv("a = LeakyRelu<alpha = -0.1>(c)"), LeakyReLU, MaxPool, "falls where its input rises"),
    (
        "one negative slope of four",
        conv("a = PRelu(c, s)", weights=", float[4, 1, 1] s = {0.1, 0.1, -0.1, 0.1}"),
        PReLU,
        MaxPool,
        "negative (-0.1)",
    ),
    ("slopes by place", conv("a = PRelu(c, s)", weights=", float[8, 1] s"), PReLU, MaxPool, "along other dimensions"),
    (
        "slopes that are computed",
        "g (float[1, 4, 8, 8] x, float[1] s) => (float[1, 4, 4, 4] y) { a = PRelu(x, s) y = " + POOL + "(a) }",
        PReLU,
        MaxPool,
        "",
    ),
    (
        "two consumers",
        conv("a = Relu(c)", f"p = {POOL}(a) q = Conv<strides = [2, 2]>(a, w) y = Add(p, q)"),
        ReLU,
        MaxPool,
        "read in several places",
    ),
    (
        "an output in between",
        f"g (float[1, 4, 8, 8] x) => (float[1, 4, 4, 4] y, float[1, 4, 8, 8] a) {{ a = Relu(x) y = {POOL}(a) }}",
        ReLU,
        MaxPool,
        "read in several places",
    ),
    (
        "a branch that reads it",
        f"""g (float[1, 4, 8, 8] x, bool b) => (float[1, 4, 4, 4] y, float[1, 4, 8, 8] z) {{
            a = Relu(x)
            y = {POOL}(a)
            z = If (b) <
                then_branch = t () => (float[1, 4, 8, 8] ty) {{ ty = Neg(a) }},
                else_branch = e () => (float[1, 4, 8, 8] ey) {{ ey = Neg(x) }}
            >
        }}""",
        ReLU,
        MaxPool,
        "read in several places",
    ),
    (
        "indices",
        f"g (float[1, 4, 8, 8] x) => (float[1, 4, 4, 4] y, int64[1, 4, 4, 4] i) {{ a = Relu(x) y, i = {POOL}(a) }}",
        ReLU,
        MaxPool,
        "indices",
    ),
    (
        "quantised in between",
        conv(
            "a = Relu(c) q = QuantizeLinear(a, s, z) d = DequantizeLinear(q, s, z)",
            f"y = {POOL}(d)",
            weights=", float s = {0.1}, uint8 z = {0}",
        ),
        ReLU,
        MaxPool,
        "",
    ),
    (
        "a norm in between",
        conv("a = Relu(c) n = BatchNormalization(a, k, k, k, k)", f"y = {POOL}(n)", weights=", float[4] k"),
        ReLU,
        MaxPool,
        "",
    ),
    (
        "part of a fused operator",
        conv("", f'a = com.microsoft.FusedConv<activation = "Relu">(c, w) y = {POOL}(a)'),
        ReLU,
        MaxPool,
        "part of another operator",
    ),
]


@pytest.mark.parametrize(("body", "first", "second", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_swap_that_gives_other_results_is_refused(lab: Any, body: str, first: type, second: type, reason: str) -> None:
    proto = lab.model(body)
    with pytest.raises(Refusal) as refusal:
        graph = lab.graph(proto)
        lab.surgeon(proto).operate(proto, graph, Swap(lab.the(graph, first), lab.the(graph, second)), lab.same)
    assert reason in str(refusal.value)


def test_an_activation_inside_a_function_is_refused(lab: Any) -> None:
    import onnx

    proto = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21, "own" : 1]> g (float[1, 4, 8, 8] x) => (float[1, 4, 4, 4] y) { y = own.Block(x) }'
        ' <domain: "own", opset_import: ["" : 21]> Block (v) => (r) { a = Relu(v) r = ' + POOL + "(a) }"
    )
    graph = lab.graph(proto)
    with pytest.raises(Refusal, match="of a function"):
        lab.surgeon(proto).operate(proto, graph, Swap(lab.the(graph, ReLU), lab.the(graph, MaxPool)), lab.same)
