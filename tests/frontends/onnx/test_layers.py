"""Module paths, source lines and whole modules from what exporters write beside the nodes, and from names where they write nothing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from netlint.frontends.onnx import read  # noqa: E402
from netlint.graph import Graph, Unknown  # noqa: E402
from netlint.graph.operators import BatchNorm, Constant, Conv, Dropout, Input, MultiheadAttention, ReLU, Weight  # noqa: E402

NET = ("", "models.Net")


def _noted(node: onnx.NodeProto, *modules: tuple[str, str], call: str = "call", target: str = "aten.call", **extra: str) -> onnx.NodeProto:
    """A node with the notes of PyTorch's exporter."""
    paths, classes = [[*(module[place] for module in (NET, *modules)), end] for place, end in enumerate((call, target))]
    notes = {"pkg.torch.onnx.name_scopes": str(paths), "pkg.torch.onnx.class_hierarchy": str(classes)}
    for key, value in {**notes, **extra}.items():
        node.metadata_props.add(key=key, value=value)
    return node


def _graph(nodes: list[onnx.NodeProto], shape: list[int], weights: dict[str, list[int]] | None = None, source: Path | None = None) -> Graph:
    info = helper.make_tensor_value_info
    tensors = [helper.make_tensor(name, TensorProto.FLOAT, dims, [0.5] * math.prod(dims)) for name, dims in (weights or {}).items()]
    output = onnx.ValueInfoProto(name="y")
    model = helper.make_model(helper.make_graph(nodes, "net", [info("x", TensorProto.FLOAT, shape)], [output], tensors))
    if source is not None:
        source.write_bytes(model.SerializeToString())
    return read(source if source is not None else model).graphs[0]


def _names(graph: Graph) -> list[tuple[str, str]]:
    seen = (operator for operator in graph.operators if not isinstance(operator, (Input, Constant, Weight)))
    return [(operator.name, operator.path) for operator in seen]


# -- names --------------------------------------------------------------------------------------------------------------


def test_scopes_in_node_names() -> None:
    """PyTorch's older exporter; a module that is applied again is the same layer."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "/layer1/layer1.0/conv1/Conv"),
        helper.make_node("Relu", ["a"], ["b"], "/layer1/layer1.0/relu/Relu"),
        helper.make_node("Conv", ["b", "v"], ["c"], "/layer1/layer1.0/conv2/Conv"),
        helper.make_node("Relu", ["c"], ["y"], "/layer1/layer1.0/relu_1/Relu"),
    ]
    graph = _graph(nodes, [1, 3, 8, 8], {"w": [3, 3, 1, 1], "v": [3, 3, 1, 1]})
    assert [path for _, path in _names(graph)] == ["layer1.0.conv1", "layer1.0.relu", "layer1.0.conv2", "layer1.0.relu"]
    first, second = graph.of(ReLU)
    assert first.layer is second.layer
    assert [layer.path for layer in graph.layers] == ["", "layer1", "layer1.0", "layer1.0.conv1", "layer1.0.relu", "layer1.0.conv2"]


def test_nodes_without_any_names() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["hidden"]), helper.make_node("Tanh", ["hidden"], ["y"])]
    assert _names(_graph(nodes, [1, 4])) == [("ReLU", "hidden"), ("Tanh", "y")]


def test_equal_names_are_two_layers() -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"], "same"), helper.make_node("Conv", ["a", "v"], ["y"], "same")]
    graph = _graph(nodes, [1, 3, 8, 8], {"w": [3, 3, 1, 1], "v": [3, 3, 1, 1]})
    first, second = graph.of(Conv)
    assert first.layer is not second.layer and first.path != second.path
    assert graph.parameter_count() == 18


def test_a_shared_matrix_is_one_parameter_and_an_equal_vector_is_not() -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], "one"),
        helper.make_node("Gemm", ["h", "w", "b"], ["y"], "two"),
    ]
    graph = _graph(nodes, [1, 4], {"w": [4, 4], "b": [4]})
    assert graph.parameter_count() == 16 + 4 + 4


def test_places_of_two_nodes_are_not_one(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"], "one"), helper.make_node("Relu", ["a"], ["y"], "two")]
    path = tmp_path / "net.onnx"
    graph = _graph(nodes, [1, 4], source=path)
    first, second = [relu.site for relu in graph.of(ReLU)]
    assert first is not None and second is not None and first.key != second.key
    place = first.location()
    assert (place.filename, place.row, place.column) == (str(path), 1, 1) == (second.location().filename, 1, 1)


# -- notes of the exporter ------------------------------------------------------------------------------------------------

STACK = """File "/home/me/models.py", line 12, in forward
    return self.body(x)
  File "/home/me/models.py", line 30, in forward
    return self.act(x)
  File "/usr/lib/python3/site-packages/torch/nn/modules/activation.py", line 143, in forward
    return F.relu(input, inplace=self.inplace)
"""


def test_source_lines_and_classes() -> None:
    stack = {"pkg.torch.onnx.stack_trace": STACK}
    act = _noted(
        helper.make_node("Relu", ["x"], ["a"]), ("body", "models.Block"), ("body.act", "torch.nn.modules.activation.ReLU"), **stack
    )
    call = _noted(helper.make_node("Tanh", ["a"], ["y"]), ("body", "models.Block"))
    graph = _graph([act, call], [1, 4])
    relu, tanh = graph.operators[1:]
    assert relu.layer is not None and (relu.path, relu.layer.kind) == ("body.act", "torch.nn.ReLU")
    assert tanh.layer is None and tanh.scope is not None and (tanh.path, tanh.scope.kind) == ("body", "models.Block")
    assert graph.root is not None and graph.root.kind == "models.Net"
    written = relu.site.written  # type: ignore[union-attr]
    assert (written.place.filename, written.place.row, written.scope) == ("/home/me/models.py", 30, "Block.forward")


def test_modules_are_put_together_again() -> None:
    """Tanhshrink is two nodes of two calls; Softsign three."""
    shrink, sign = ("shrink", "torch.nn.modules.activation.Tanhshrink"), ("sign", "torch.nn.modules.activation.Softsign")
    nodes = [
        _noted(helper.make_node("Tanh", ["x"], ["t"]), shrink, call="tanh"),
        _noted(helper.make_node("Sub", ["x", "t"], ["a"]), shrink, call="sub"),
        _noted(helper.make_node("Abs", ["a"], ["b"]), sign, call="abs"),
        _noted(helper.make_node("Add", ["b", "one"], ["c"]), sign, call="add"),
        _noted(helper.make_node("Div", ["a", "c"], ["y"]), sign, call="div"),
    ]
    assert _names(_graph(nodes, [1, 4], {"one": []})) == [("Tanhshrink", "shrink"), ("Softsign", "sign")]


def test_attention_modules() -> None:
    mha = ("att", "torch.nn.modules.activation.MultiheadAttention")
    made = [
        ("MatMul", ["x", "wq"], "q"), ("MatMul", ["x", "wk"], "k"), ("MatMul", ["x", "wv"], "v"), ("Transpose", ["k"], "t"),
        ("MatMul", ["q", "t"], "s"), ("Softmax", ["s"], "p"), ("MatMul", ["p", "v"], "o"), ("MatMul", ["o", "wo"], "y"),
    ]  # fmt: skip
    options = {"Transpose": {"perm": [0, 2, 1]}}
    nodes = [_noted(helper.make_node(kind, inputs, [name], **options.get(kind, {})), mha, call=name) for kind, inputs, name in made]
    graph = _graph(nodes, [2, 5, 8], {name: [8, 8] for name in ("wq", "wk", "wv", "wo")})
    [attention] = graph.of(MultiheadAttention)
    assert (attention.embed_dim, attention.num_heads, attention.path) == (8, 1, "att")
    assert attention.inputs == (graph.operators[0],) * 3
    assert graph.outputs[0].shape == (2, 5, 8)
    assert graph.parameter_count() == 4 * 64


def test_an_attention_module_that_gives_more_stays_as_it_is() -> None:
    mha = ("att", "torch.nn.modules.activation.MultiheadAttention")
    nodes = [_noted(helper.make_node("MatMul", ["x", "w"], ["q"]), mha), _noted(helper.make_node("Softmax", ["q"], ["y"]), mha)]
    assert [name for name, _ in _names(_graph(nodes, [2, 5, 8], {"w": [8, 8]}))] == ["Linear", "Softmax"]


def test_dropout_that_was_exported_as_random_numbers() -> None:
    drop = ("drop", "torch.nn.modules.dropout.Dropout")
    draw = {
        "pkg.torch.onnx.fx_node": "%b : [num_users=1] = call_function[target=torch.ops.aten.bernoulli.p](args = (%e, 0.75), kwargs = {})"
    }
    nodes = [
        _noted(helper.make_node("Shape", ["x"], ["s"]), drop, call="b", target="aten.bernoulli.p", **draw),
        _noted(helper.make_node("RandomUniformLike", ["x"], ["u"]), drop, call="b", target="aten.bernoulli.p", **draw),
        _noted(helper.make_node("Mul", ["x", "u"], ["y"]), drop, call="mul"),
    ]
    [dropout] = _graph(nodes, [1, 4]).of(Dropout)
    assert dropout.p == 0.25 and dropout.path == "drop"


# -- batch norms that are folded --------------------------------------------------------------------------------------------


def test_a_folded_batch_norm_that_the_exporter_tells_of() -> None:
    notes = {
        "pkg.onnxscript.rewriter.rule_name": "FuseBatchNormIntoConv",
        "pkg.torch.onnx.fx_node": "%bn : [] = call_function[target=torch.ops.aten.bn.default](args = (%c, %w, %b, %m, %v, 0.1, 0.001), kwargs = {})",
    }
    block, norm = ("block", "models.Block"), ("block.bn", "torch.nn.modules.batchnorm.BatchNorm2d")
    nodes = [_noted(helper.make_node("Conv", ["x", "block.conv.weight", "bias"], ["y"]), block, norm, **notes)]
    graph = _graph(nodes, [1, 3, 8, 8], {"block.conv.weight": [6, 3, 3, 3], "bias": [6]})
    assert _names(graph) == [("Conv2d", "block.conv"), ("BatchNorm2d", "block.bn")]
    [bn] = graph.of(BatchNorm)
    assert (bn.num_features, bn.eps) == (6, 0.001)
    assert graph.parameter_count() == 6 * 27 + 2 * 6


@pytest.mark.parametrize(
    ("weight", "bias", "hidden"),
    [
        ("onnx::Conv_193", "onnx::Conv_194", True),
        ("conv.weight", "onnx::Conv_194", True),
        ("conv.weight", "conv.bias", False),
        ("onnx::Conv_193", "", False),  # folding leaves a bias
    ],
)
def test_a_batch_norm_that_may_be_folded(weight: str, bias: str, hidden: bool) -> None:
    inputs = ["x", weight, *([bias] if bias else [])]
    weights = {weight: [6, 3, 3, 3], **({bias: [6]} if bias else {})}
    [conv] = _graph([helper.make_node("Conv", inputs, ["y"])], [1, 3, 8, 8], weights).of(Conv)
    assert conv.layer is not None and bool(conv.layer.wrapped) is hidden


# -- parameters -------------------------------------------------------------------------------------------------------------


def test_tensors_of_which_nobody_says_that_they_are_learned() -> None:
    graph = _graph([helper.make_node("Add", ["x", "position"], ["y"])], [1, 4], {"position": [1, 4]})
    assert [type(operator) for operator in graph.operators] == [Input, Weight, type(graph.operators[-1])]
    assert isinstance(graph.parameter_count(), Unknown)


@pytest.mark.parametrize(("kind", "count"), [("PARAMETER", 4), ("BUFFER", 0)])
def test_tensors_of_which_the_exporter_says_it(kind: str, count: int) -> None:
    node = helper.make_node("Add", ["x", "position"], ["y"])
    position = helper.make_tensor("position", TensorProto.FLOAT, [1, 4], [0.1, 0.2, 0.3, 0.4])
    graph = helper.make_graph(
        [node], "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])], [onnx.ValueInfoProto(name="y")], [position]
    )
    signature = f"# inputs\np_position: {kind} target='position'\nx: USER_INPUT\n"
    graph.metadata_props.add(key="pkg.torch.export.ExportedProgram.graph_signature", value=signature)
    assert read(helper.make_model(graph)).graphs[0].parameter_count() == count


def test_other_shapes_than_the_files() -> None:
    graph = helper.make_graph(
        [helper.make_node("MaxPool", ["x"], ["h"], kernel_shape=[2, 2], strides=[2, 2]), helper.make_node("Relu", ["h"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 4, 4])],
        value_info=[helper.make_tensor_value_info("h", TensorProto.FLOAT, [1, 3, 4, 4])],
    )
    model = helper.make_model(graph)
    assert [operator.shape for operator in read(model, inputs=((2, 3, 32, 32),)).graphs[0].operators][1:] == [(2, 3, 16, 16)] * 2
    assert read(model).graphs[0].outputs[0].shape == (1, 3, 4, 4)
