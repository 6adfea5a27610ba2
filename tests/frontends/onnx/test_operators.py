"""What each ONNX operator, and each composition of operators, becomes: a few lines of ONNX's text, and the operators they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from netlint.frontends.onnx import read  # noqa: E402
from netlint.graph import Graph, Unknown  # noqa: E402
from netlint.graph.operators import Constant, Conv, GroupNorm, Input, LayerNorm, Linear, Recurrent, RMSNorm, Weight  # noqa: E402

MAP = "g (float[2, 6, 8, 8] x) => (float[] y)"
ROWS = "g (float[2, 5, 6] x) => (float[] y)"


def _names(graph: Graph) -> str:
    """The operators in order; without inputs, constants and weights, which only feed them."""
    return " ".join(operator.name for operator in graph.operators if not isinstance(operator, (Input, Constant, Weight)))


ELEMENTWISE = [
    ("y = Relu(x)", "ReLU"),
    ("y = LeakyRelu(x)", "LeakyReLU"),
    ("y = Elu(x)", "ELU"),
    ("y = Selu(x)", "SELU"),
    ("y = Celu(x)", "CELU"),
    ("y = Sigmoid(x)", "Sigmoid"),
    ("y = HardSigmoid(x)", "Hardsigmoid"),
    ("y = HardSwish(x)", "Hardswish"),
    ("y = Mish(x)", "Mish"),
    ("y = Softplus(x)", "Softplus"),
    ("y = Softsign(x)", "Softsign"),
    ("y = Gelu(x)", "GELU"),
    ("y = ThresholdedRelu(x)", "Threshold"),
    ("y = Shrink <lambd = 0.5>(x)", "Hardshrink"),
    ("y = Shrink <lambd = 0.5, bias = 0.5>(x)", "Softshrink"),
    ("s = Constant <value_floats = [0.1]>() y = PRelu(x, s)", "PReLU"),
    ("l = Constant <value_float = 0.0>() h = Constant <value_float = 6.0>() y = Clip(x, l, h)", "ReLU6"),
    ("l = Constant <value_float = 0.0>() y = Clip(x, l)", "clamp_min"),
    ("l = Constant <value_float = -1.0>() h = Constant <value_float = 1.0>() y = Clip(x, l, h)", "clamp"),
    ("y = Softmax(x)", "Softmax"),
    ("y = LogSoftmax(x)", "LogSoftmax"),
    ("y = Identity(x)", "Identity"),
    ("y = Cast <to = 10>(x)", "Identity"),
    ("y = Cast <to = 7>(x)", "long"),
    ("y = Exp(x)", "exp"),
    ("y = Sqrt(x)", "Pow"),
    ("y = Dropout(x)", "Dropout"),
    ("y = Sum(x, x, x)", "Add Add"),
    ("y = Max(x, x)", "maximum"),
]
MOVES = [
    ("y = Flatten(x)", "Flatten"),
    ("y = Transpose <perm = [0, 2, 3, 1]>(x)", "Permute"),
    ("s = Constant <value_ints = [0, -1]>() y = Reshape(x, s)", "Flatten"),
    ("s = Constant <value_ints = [4, -1]>() y = Reshape(x, s)", "Reshape"),
    ("a = Constant <value_ints = [1]>() y = Unsqueeze(x, a)", "Unsqueeze"),
    ("a, b = Split <axis = 1, num_outputs = 2>(x) y = Concat <axis = 1>(b, a)", "Split Select Select Concat"),
    ('y = DepthToSpace <blocksize = 1, mode = "CRD">(x)', "PixelShuffle"),
    ("y = SpaceToDepth <blocksize = 2>(x)", "PixelUnshuffle"),
    ("p = Constant <value_ints = [0, 0, 1, 1, 0, 0, 1, 1]>() y = Pad(x, p)", "Pad"),
    ("i = Constant <value_int = 0>() y = Gather <axis = 1>(x, i)", "Slice"),
]
POOLS = [
    ("y = MaxPool <kernel_shape = [2, 2], strides = [2, 2]>(x)", "MaxPool2d"),
    ("y = AveragePool <kernel_shape = [2, 2]>(x)", "AvgPool2d"),
    ("y = GlobalAveragePool(x)", "AdaptiveAvgPool2d"),
    ("y = GlobalMaxPool(x)", "AdaptiveMaxPool2d"),
    ("a = Constant <value_ints = [2, 3]>() y = ReduceMean(x, a)", "AdaptiveAvgPool2d"),
    ("a = Constant <value_ints = [2, 3]>() y = ReduceMean <keepdims = 0>(x, a)", "mean"),
    ("y = LRN <size = 5>(x)", "LocalResponseNorm"),
]


@pytest.mark.parametrize(("body", "expected"), [*ELEMENTWISE, *MOVES, *POOLS])
def test_single_operators(graph: Callable[..., Graph], body: str, expected: str) -> None:
    assert _names(graph(f"{MAP} {{ {body} }}")) == expected


# -- compositions ---------------------------------------------------------------------------------------------------------

NUMBERS = " ".join(
    f"{name} = Constant <value_float = {value}>()"
    for name, value in {
        "half": 0.5, "one": 1.0, "two": 2.0, "three": 3.0, "six": 6.0, "root2": 1.4142135, "iroot2": 0.70710677, "pi": 0.7978846, "c": 0.044715,
        "e": 1e-5, "sixth": 0.16666667, "zero": 0.0,
    }.items()
)  # fmt: skip
COMPOSITIONS = [
    ("s = Sigmoid(x) y = Mul(x, s)", "SiLU"),
    ("s = Sigmoid(x) y = Mul(s, x)", "SiLU"),
    ("s = Softplus(x) t = Tanh(s) y = Mul(x, t)", "Mish"),
    ("h = HardSigmoid <alpha = 0.16666667>(x) y = Mul(x, h)", "Hardswish"),
    ("h = HardSigmoid(x) y = Mul(x, h)", "Hardsigmoid Mul"),  # Keras's, with another slope
    ("a = Add(x, three) r = Clip(a, zero, six) y = Div(r, six)", "Hardsigmoid"),
    ("a = Add(x, three) r = Clip(a, zero, six) m = Mul(x, r) y = Div(m, six)", "Hardswish"),
    ("a = Add(x, three) r = Clip(a, zero, six) h = Mul(r, sixth) y = Mul(h, x)", "Hardswish"),
    ("d = Div(x, root2) f = Erf(d) a = Add(f, one) m = Mul(x, a) y = Mul(m, half)", "GELU"),
    ("d = Mul(x, iroot2) f = Erf(d) a = Add(one, f) m = Mul(half, x) y = Mul(m, a)", "GELU"),
    ("d = Div(x, root2) f = Erf(d) a = Add(f, one) h = Mul(half, a) y = Mul(x, h)", "GELU"),
    ("p = Pow(x, three) q = Mul(c, p) a = Add(x, q) t = Mul(pi, a) u = Tanh(t) v = Add(one, u) w = Mul(half, x) y = Mul(w, v)", "GELU"),
    ("s = Sigmoid(x) y = Log(s)", "LogSigmoid"),
    ("a = Abs(x) b = Add(one, a) y = Div(x, b)", "Softsign"),
    ("t = Tanh(x) y = Sub(x, t)", "Tanhshrink"),
    ("a, b = Split <axis = 1, num_outputs = 2>(x) s = Sigmoid(b) y = Mul(a, s)", "GLU"),
    ("s = Sigmoid(x) t = Tanh(x) y = Mul(t, s)", "Sigmoid Tanh Mul"),
    ("z, r = Identity(x) y = Identity(z)", "Identity Identity"),
]


@pytest.mark.parametrize(("body", "expected"), COMPOSITIONS)
def test_compositions_are_one_operator(graph: Callable[..., Graph], body: str, expected: str) -> None:
    assert _names(graph(f"{MAP} {{ {NUMBERS} {body} }}")) == expected


def test_a_part_that_something_else_reads_stays(graph: Callable[..., Graph]) -> None:
    text = "g (float[2, 6] x) => (float[] y, float[] s) { s = Sigmoid(x) y = Mul(x, s) }"
    assert _names(graph(text)) == "Sigmoid SiLU"


SQUARES = ("q = Pow(d, two)", "q = Mul(d, d)")
ROOTS = ("r = Sqrt(a) n = Div(d, r)", "r = Sqrt(a) i = Reciprocal(r) n = Mul(d, i)", "r = Pow(a, half) n = Div(d, r)")
WEIGHTS = "<float[6] w, float[6] b>"


@pytest.mark.parametrize("square", SQUARES)
@pytest.mark.parametrize("root", ROOTS)
def test_layer_norms_written_out(graph: Callable[..., Graph], square: str, root: str) -> None:
    body = f"m = ReduceMean <axes = [-1]>(x) d = Sub(x, m) {square} v = ReduceMean <axes = [-1]>(q) a = Add(v, e) {root} s = Mul(n, w) y = Add(s, b)"
    seen = graph(f"{ROWS} {WEIGHTS} {{ {NUMBERS} {body} }}", opset=17)
    [norm] = seen.of(LayerNorm)
    assert _names(seen) == "LayerNorm"
    assert (norm.normalized_shape, norm.eps, norm.elementwise_affine, norm.bias) == ((6,), 1e-5, True, True)
    assert seen.parameter_count() == 12


@pytest.mark.parametrize("square", SQUARES)
@pytest.mark.parametrize("root", ROOTS)
def test_rms_norms_written_out(graph: Callable[..., Graph], square: str, root: str) -> None:
    body = f"{square} v = ReduceMean <axes = [-1]>(q) a = Add(v, e) {root} y = Mul(w, n)".replace("(d", "(x").replace(", d)", ", x)")
    seen = graph(f"{ROWS} <float[6] w> {{ {NUMBERS} {body} }}", opset=17)
    [norm] = seen.of(RMSNorm)
    assert _names(seen) == "RMSNorm" and norm.normalized_shape == (6,) and seen.parameter_count() == 6


def test_norms_of_other_dimensions_are_no_layer_norms(graph: Callable[..., Graph]) -> None:
    body = (
        "m = ReduceMean <axes = [0]>(x) d = Sub(x, m) q = Mul(d, d) v = ReduceMean <axes = [0]>(q) a = Add(v, e) r = Sqrt(a) y = Div(d, r)"
    )
    assert "LayerNorm" not in _names(graph(f"{ROWS} {{ {NUMBERS} {body} }}", opset=17))


def test_a_group_norm_of_reshapes(graph: Callable[..., Graph]) -> None:
    body = """g (float[2, 6, 8, 8] x) => (float[2, 6, 8, 8] y)
    <int64[3] grouped = {0, 3, -1}, int64[4] back = {2, 6, 8, 8}, float[3] ones = {1, 1, 1}, float[3] zeros = {0, 0, 0}, float[6, 1, 1] w, float[6, 1, 1] b>
    { g1 = Reshape(x, grouped) n = InstanceNormalization(g1, ones, zeros) r = Reshape(n, back) s = Mul(r, w) y = Add(s, b) }"""
    seen = graph(body)
    [norm] = seen.of(GroupNorm)
    assert _names(seen) == "GroupNorm" and (norm.num_groups, norm.num_channels, seen.parameter_count()) == (3, 6, 12)


SCORES = ("p = MatMul(q, t)", "m = MatMul(q, t) p = Div(m, two)", "m = MatMul(q, t) n = Mul(m, two) p = Add(n, mask)")


@pytest.mark.parametrize("scores", SCORES)
def test_attention_written_out(graph: Callable[..., Graph], scores: str) -> None:
    head = "g (float[1, 2, 5, 4] q, float[1, 2, 5, 4] k, float[1, 2, 5, 4] v, float[5, 5] mask) => (float[] y)"
    body = f"t = Transpose <perm = [0, 1, 3, 2]>(k) {scores} s = Softmax <axis = -1>(p) y = MatMul(s, v)"
    seen = graph(f"{head} {{ {NUMBERS} {body} }}")
    [attention] = [operator for operator in seen.operators if operator.name == "Attention"]
    labels = [getattr(operator, "label", operator.name) for operator in attention.inputs]
    assert labels == ["q", "k", "v"] + ["mask"] * ("mask" in scores)


# -- weights --------------------------------------------------------------------------------------------------------------

LINEAR = [
    ("<float[6, 4] w> { y = MatMul(x, w) }", (6, 4, False)),
    ("<float[6, 4] w, float[4] b> { p = MatMul(x, w) y = Add(p, b) }", (6, 4, True)),
    ("<float[6, 4] w, float[4] b> { p = MatMul(x, w) y = Add(b, p) }", (6, 4, True)),
    ("<float[4, 6] w, float[4] b> { t = Transpose <perm = [1, 0]>(w) p = MatMul(x, t) y = Add(p, b) }", (6, 4, True)),
    ("<float[4, 6] w, float[4] b> { y = Gemm <transB = 1>(x, w, b) }", (6, 4, True)),
    ("<float[6, 4] w> { y = Gemm(x, w) }", (6, 4, False)),
    ("<float[6, 4] w, float s, int8 z> { q = QuantizeLinear(w, s, z) d = DequantizeLinear(q, s, z) y = MatMul(x, d) }", (6, 4, False)),
]


@pytest.mark.parametrize(("body", "expected"), LINEAR)
def test_products_with_a_matrix_of_the_file_are_linear(graph: Callable[..., Graph], body: str, expected: tuple[int, int, bool]) -> None:
    seen = graph(f"g (float[2, 6] x) => (float[2, 4] y) {body}")
    [linear] = seen.of(Linear)
    assert _names(seen) == "Linear"
    assert (linear.in_features, linear.out_features, linear.bias) == expected
    assert linear.layer is not None and linear.inputs == (seen.operators[0],)
    assert seen.parameter_count() == 24 + 4 * expected[2]


@pytest.mark.parametrize("body", ["{ y = MatMul(x, z) }", "{ y = Gemm <transB = 1>(x, z) }"])
def test_products_of_two_results_are_not(graph: Callable[..., Graph], body: str) -> None:
    assert "Linear" not in _names(graph(f"g (float[2, 2] x, float[2, 2] z) => (float[2, 2] y) {body}"))


def test_a_bias_behind_a_convolution_is_its_own(graph: Callable[..., Graph]) -> None:
    body = "<float[8, 6, 3, 3] w, float[1, 8, 1, 1] b> { c = Conv <kernel_shape = [3, 3]>(x, w) y = Add(c, b) }"
    seen = graph(f"{MAP} {body}")
    assert _names(seen) == "Conv2d" and seen.parameter_count() == 8 * 6 * 9 + 8


def test_uneven_padding_stands_before_the_convolution(graph: Callable[..., Graph]) -> None:
    seen = graph(f"{MAP} <float[8, 6, 3, 3] w> {{ y = Conv <kernel_shape = [3, 3], pads = [0, 0, 1, 2]>(x, w) }}")
    pad, conv = seen.operators[1:]
    assert (pad.name, pad.pad, conv.padding, conv.shape) == ("Pad", (0, 2, 0, 1), (0, 0), (2, 8, 7, 8))


def test_a_convolution_with_a_computed_kernel_is_a_call(graph: Callable[..., Graph]) -> None:
    seen = graph("g (float[2, 6, 8, 8] x, float[8, 6, 3, 3] w) => (float[] y) { y = Conv <kernel_shape = [3, 3]>(x, w) }")
    [conv] = seen.of(Conv)
    assert conv.layer is None or not conv.layer.parameters
    assert len(conv.inputs) == 2


def test_caffes_batch_norm_and_scale_are_one_layer(graph: Callable[..., Graph]) -> None:
    weights = "<float[6] g1, float[6] b1, float[6] m1, float[6] v1, float[6, 1, 1] w, float[6, 1, 1] b>"
    seen = graph(f"{MAP} {weights} {{ n = BatchNormalization(x, g1, b1, m1, v1) s = Mul(n, w) y = Add(s, b) }}")
    assert _names(seen) == "BatchNorm2d" and seen.parameter_count() == 12  # running statistics are not learned


def test_recurrence_and_embedding(graph: Callable[..., Graph]) -> None:
    body = """g (int64[7, 3] ids) => (float[7, 1, 3, 4] y) <float[20, 5] table, float[1, 16, 5] w, float[1, 16, 4] r, float[1, 32] b>
    { x = Gather(table, ids) y, h, c = LSTM <hidden_size = 4>(x, w, r, b) }"""
    seen = graph(body)
    [lstm] = seen.of(Recurrent)
    assert _names(seen) == "Embedding LSTM Select"
    assert (lstm.input_size, lstm.hidden_size, lstm.bias) == (5, 4, True)
    assert seen.outputs[0].shape == (7, 1, 3, 4)
    assert seen.parameter_count() == 20 * 5 + 16 * 5 + 16 * 4 + 32


FUSED = [
    ('<float[8, 6, 3, 3] w> { y = com.microsoft.FusedConv <activation = "Relu", kernel_shape = [3, 3]>(x, w) }', "Conv2d ReLU"),
    ("<float[8] b> { y = com.microsoft.BiasGelu(x, b) }", "Add GELU"),
    ("{ y = com.microsoft.FastGelu(x) }", "GELU"),
    ("{ y = com.microsoft.QuickGelu(x) }", "GELU"),
    ("<float[8] g1, float[8] b> { y = com.microsoft.SkipLayerNormalization(x, x, g1, b) }", "Add LayerNorm"),
]


@pytest.mark.parametrize(("body", "expected"), FUSED)
def test_fused_operators_of_onnxruntime(graph: Callable[..., Graph], body: str, expected: str) -> None:
    assert _names(graph(f"{MAP} {body}")) == expected


def test_quantised_tensors_are_looked_through(graph: Callable[..., Graph]) -> None:
    body = """g (float[1, 6, 8, 8] x) => (float[] y) <float s = {0.1}, int8 z = {0}, int8[8, 6, 3, 3] w>
    { q = QuantizeLinear(x, s, z) d = DequantizeLinear(q, s, z) v = DequantizeLinear(w, s, z) c = Conv <kernel_shape = [3, 3]>(d, v) y = Relu(c) }"""
    assert _names(graph(body)) == "Identity Identity Conv2d ReLU"


# -- sizes, branches, functions -------------------------------------------------------------------------------------------


def test_sizes_computed_in_the_graph(graph: Callable[..., Graph]) -> None:
    """As exporters write `x.view(x.size(0), -1)`."""
    body = """g (float[batch, 6, 8, 8] x) => (float[] y) <int64 zero = {0}, int64[1] first = {0}, int64[1] rest = {-1}>
    { s = Shape(x) b = Gather(s, zero) u = Unsqueeze(b, first) t = Concat <axis = 0>(u, rest) y = Reshape(x, t) }"""
    seen = graph(body)
    [flat] = seen.operators[1:]
    assert flat.name == "Flatten" and flat.shape is not None and flat.shape[1] == 384 and isinstance(flat.shape[0], Unknown)


def test_a_known_condition_decides(graph: Callable[..., Graph]) -> None:
    body = """g (float[2, 6] x) => (float[2, 6] y) <bool c = {1}>
    { y = If <then_branch = t () => (float[2, 6] a) { a = Relu(x) }, else_branch = e () => (float[2, 6] b) { b = Tanh(x) }>(c) }"""
    assert _names(graph(body)) == "ReLU Identity"
    assert _names(graph(body.replace("<bool c = {1}>", "<bool c = {0}>"))) == "Tanh Identity"


def test_a_loop_is_read_once_and_not_across(graph: Callable[..., Graph]) -> None:
    body = """g (float[2, 6] x) => (float[2, 6] y) <int64 n = {3}, bool c = {1}>
    { y = Loop <body = b (int64 i, bool go, float[2, 6] s) => (bool on, float[2, 6] r) { on = Identity(go) r = Relu(s) }>(n, c, x) }"""
    seen = graph(body)
    assert "ReLU" in _names(seen) and seen.blind
    [relu] = [operator for operator in seen.operators if operator.name == "ReLU"]
    assert type(relu.inputs[0]).__name__ == "Opaque" and type(seen.outputs[0]).__name__ == "Opaque"


def test_functions_of_the_model_are_inlined() -> None:
    text = """<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2, 6] x) => (float[2, 6] y) { h = own.act <slope = 0.3>(x) y = own.act <slope = 0.4>(h) }
    <domain: "own", opset_import: ["" : 21]> act <slope>(a) => (b) { b = LeakyRelu <alpha : float = @slope>(a) }"""
    [seen] = read(onnx.parser.parse_model(text)).graphs
    assert [getattr(operator, "negative_slope", None) for operator in seen.operators if operator.name == "LeakyReLU"] == [0.3, 0.4]


@pytest.mark.parametrize("opset", range(7, onnx.defs.onnx_opset_version() + 1))
def test_every_operator_set(opset: int) -> None:
    """One network in all of them: options that were attributes became operands on the way."""
    constants: list[onnx.TensorProto] = []

    def operand(name: str, value: list[float], kind: int, since: int) -> list[str]:
        if opset >= since:
            constants.append(helper.make_tensor(name, kind, [len(value)] if kind == TensorProto.INT64 else [], value))
        return [name] if opset >= since else []

    def attributes(since: int, **values: object) -> dict[str, object]:
        return values if opset < since else {}

    axes = operand("axes", [2, 3], TensorProto.INT64, 13)
    clip = operand("low", [0.0], TensorProto.FLOAT, 11) + operand("high", [6.0], TensorProto.FLOAT, 11)
    ratio = operand("ratio", [0.3], TensorProto.FLOAT, 12)
    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 3, 3], [0.1] * 216)
    matrix = helper.make_tensor("m", TensorProto.FLOAT, [8, 4], [0.1] * 32)
    bias = helper.make_tensor("b", TensorProto.FLOAT, [4], [0.1] * 4)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3]),
        helper.make_node("Clip", ["c", *clip], ["r"], **attributes(11, min=0.0, max=6.0)),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["p"], ["a"]),
        helper.make_node("Squeeze", ["a", *axes], ["f"], **attributes(13, axes=[2, 3])),
        helper.make_node("Dropout", ["f", *ratio], ["d"], **attributes(12, ratio=0.3)),
        helper.make_node("Gemm", ["d", "m", "b"], ["g"]),
        helper.make_node("Softmax", ["g"], ["y"], axis=1),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "net",
        [info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [info("y", TensorProto.FLOAT, [1, 4])],
        [weight, matrix, bias, *constants],
    )
    [seen] = read(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])).graphs
    assert _names(seen) == "Conv2d ReLU6 MaxPool2d AdaptiveAvgPool2d Squeeze Dropout Linear Softmax"
    assert [operator.shape for operator in seen.operators][-4:] == [(1, 8), (1, 8), (1, 4), (1, 4)]
    assert seen.operators[6].p == 0.3 and seen.operators[8].dim == 1  # type: ignore[attr-defined]
