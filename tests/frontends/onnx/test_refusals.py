"""Broken, hostile and odd models: an InputError that tells the cause, or an unknown in the graph, and always within seconds."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from netlint.frontends.errors import InputError  # noqa: E402
from netlint.frontends.onnx import load, read, structure  # noqa: E402
from netlint.graph import Unknown  # noqa: E402
from netlint.graph.operators import Alternatives, Conv, Opaque, ReLU  # noqa: E402


def _info(name: str, shape: list[object] | None = None, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape if shape is not None else [1, 4])


def _model(nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto] | None = None, **options: object) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "net", [_info("x")], [_info("y")], initializers or [])
    return helper.make_model(graph, **options)


RELU = helper.make_node("Relu", ["x"], ["y"])


def _tensor(name: str, dims: list[int]) -> onnx.TensorProto:
    return TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims)


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (
            _model([helper.make_node("Relu", ["b"], ["a"], "first"), helper.make_node("Relu", ["a"], ["b"], "second")]),
            "cycle.*`first`.*`second`",
        ),
        (_model([helper.make_node("Add", ["x", "y"], ["y"], "own")]), "cycle.*`own`"),
        (_model([RELU, helper.make_node("Tanh", ["x"], ["y"])]), "two nodes give the value `y`"),
        (_model([RELU], [_tensor("w", [-3, 4])]), "`w` has a negative size"),
        (_model([RELU], [_tensor("w", [2**40, 2**40])]), "`w` says that it has the shape"),
        (onnx.ModelProto(), "no graph"),
    ],
)
def test_what_cannot_be_a_network(model: onnx.ModelProto, cause: str) -> None:
    with pytest.raises(InputError, match=cause):
        read(model)
    if model.HasField("graph"):
        with pytest.raises(InputError, match=cause):
            read(model.SerializeToString())


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is empty"),
        (b"\x0a", "protobuf is broken"),
        (b"not a model at all", "protobuf is broken|no graph"),
        (b"\x08\x0a", "no graph"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (_model([RELU]).SerializeToString()[:-5], "protobuf is broken"),
    ],
)
def test_what_is_no_model(content: bytes, cause: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=cause) as error:
        read(path)
    assert "net.onnx" in str(error.value)
    with pytest.raises(InputError):
        read(content)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path, Path("a\0b.onnx")):
        with pytest.raises(InputError):
            read(path)


def test_a_file_of_more_than_protobuf_holds_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(2**31 + 1)  # takes no room on the disk
    with pytest.raises(InputError, match="save_as_external_data"):
        read(path)


# -- functions --------------------------------------------------------------------------------------------------------


def _function(name: str, callees: list[str]) -> onnx.FunctionProto:
    nodes = [helper.make_node(callee, ["a"], [f"v{place}"], domain="own") for place, callee in enumerate(callees)]
    last = helper.make_node("Sum", [node.output[0] for node in nodes] or ["a"], ["b"])
    return helper.make_function("own", name, ["a"], ["b"], [*nodes, last], [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)])


def _calling(*functions: onnx.FunctionProto) -> onnx.ModelProto:
    call = helper.make_node(functions[0].name, ["x"], ["y"], domain="own")
    return _model([call], functions=functions, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("own", 1)])


def test_functions_that_call_themselves() -> None:
    for functions in ([_function("f", ["f"])], [_function("f", ["g"]), _function("g", ["h"]), _function("h", ["f"])]):
        with pytest.raises(InputError, match="call themselves"):
            read(_calling(*functions))


def test_functions_that_double() -> None:
    """Forty functions, each of which calls the next one twice, are a million million nodes."""
    functions = [_function(f"f{depth}", [f"f{depth + 1}"] * 2 if depth < 40 else []) for depth in range(41)]
    with pytest.raises(InputError, match="inlined"):
        read(_calling(*functions))


# -- parts that are not understood ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "node",
    [
        helper.make_node("Whatever", ["x"], ["y"], domain="unheard.of"),
        helper.make_node("Relu", ["x"], ["y"], domain="unheard.of"),
        helper.make_node("NoSuchOperator", ["x"], ["y"]),
        helper.make_node("Relu", ["nowhere"], ["y"]),
        helper.make_node("If", ["x"], ["y"]),
        helper.make_node("Loop", ["", ""], ["y"]),
    ],
    ids=lambda node: f"{node.domain}.{node.op_type}",
)
def test_what_is_not_known_is_opaque(node: onnx.NodeProto) -> None:
    [graph] = read(_model([node])).graphs
    assert any(isinstance(operator, Opaque) and operator.reason for operator in graph.operators)
    assert graph.blind and all(place.reason for place in graph.blind)


@pytest.mark.parametrize("versions", [[], [helper.make_opsetid("", 999)], [helper.make_opsetid("", 1)], [helper.make_opsetid("", -5)]])
def test_operator_sets_that_do_not_exist(versions: list[onnx.OperatorSetIdProto]) -> None:
    model = _model([RELU])
    del model.opset_import[:]
    model.opset_import.extend(versions)
    reading = read(model)
    assert [type(operator) for operator in reading.graphs[0].operators][1:] == [ReLU]


def test_no_nodes_and_no_outputs() -> None:
    empty = helper.make_model(helper.make_graph([], "net", [_info("x")], [_info("x")]))
    assert [operator.name for operator in read(empty).graphs[0].operators] == ["Input"]
    assert read(helper.make_model(helper.make_graph([RELU], "net", [_info("x")], []))).graphs[0].outputs == ()


def test_nodes_in_the_wrong_order_are_put_right() -> None:
    nodes = [helper.make_node("Tanh", ["b"], ["y"]), helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Sigmoid", ["x"], ["a"])]
    [graph] = read(_model(nodes)).graphs
    assert [operator.name for operator in graph.operators] == ["Input", "Sigmoid", "ReLU", "Tanh"]


@pytest.mark.parametrize("data", [b"", b"\0" * 3, b"\0" * 4096])
def test_initialisers_whose_data_do_not_fit(data: bytes) -> None:
    tensor = _tensor("w", [3, 4])
    tensor.raw_data = data
    [graph] = read(_model([helper.make_node("MatMul", ["x", "w"], ["y"])], [tensor])).graphs
    assert graph.operators[-1].name == "Linear"


# -- external data --------------------------------------------------------------------------------------------------------


def _external(location: str) -> onnx.ModelProto:
    weight = _tensor("w", [8, 3, 3, 3])
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    weight.external_data.add(key="length", value="864")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"])], "net", [_info("x", [1, 3, 8, 8])], [_info("y", [1, 8, 6, 6])], [weight]
    )
    return helper.make_model(graph)


@pytest.mark.parametrize(
    ("location", "note"),
    [
        ("weights.bin", "missing"),
        ("../weights.bin", "outside"),
        ("/etc/passwd", "outside"),
        ("C:\\weights.bin", "outside"),
        ("deep/../../weights.bin", "outside"),
        ("link/weights.bin", "outside"),
        ("circle", "outside|looked at"),
        ("nul\0byte", "looked at"),
    ],
)
def test_weights_in_other_files_are_shapes(location: str, note: str, tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (outside / "weights.bin").write_bytes(b"secret")
    (home / "link").symlink_to(outside)
    (home / "circle").symlink_to(home / "circle")
    path = home / "net.onnx"
    path.write_bytes(_external(location).SerializeToString())
    reading = read(path)
    [conv] = reading.graphs[0].of(Conv)
    assert (conv.in_channels, conv.out_channels, conv.kernel_size) == (3, 8, (3, 3))
    assert len(reading.notes) == 1 and any(word in reading.notes[0] for word in note.split("|"))


def test_external_data_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(_external("weights.bin").SerializeToString())
    (tmp_path / "weights.bin").write_bytes(b"\0" * 864)
    opened: list[Path] = []
    original = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args, **kwargs: (opened.append(self), original(self, *args, **kwargs))[1])
    assert read(path).notes == ()
    assert set(opened) <= {path}


# -- depth and time -------------------------------------------------------------------------------------------------------


def _nested(depth: int) -> onnx.ModelProto:
    """An If in an If in an If; each branch has an activation."""

    def branch(level: int, side: str) -> onnx.GraphProto:
        name = f"{side}{level}"
        nodes = [helper.make_node("Relu" if side == "then" else "Tanh", ["x"], [f"{name}_a"])]
        if side == "then" and level < depth:
            nodes.append(_if(level + 1, f"{name}_b"))
        else:
            nodes.append(helper.make_node("Sigmoid", [f"{name}_a"], [f"{name}_b"]))
        return helper.make_graph(nodes, name, [], [_info(f"{name}_b")])

    def _if(level: int, output: str) -> onnx.NodeProto:
        return helper.make_node("If", ["c"], [output], then_branch=branch(level, "then"), else_branch=branch(level, "else"))

    inputs = [_info("x"), _info("c", [], TensorProto.BOOL)]
    return helper.make_model(helper.make_graph([_if(1, "y")], "net", inputs, [_info("y")]))


def test_a_nest_of_branches_is_read_completely() -> None:
    """As many levels as protobuf parses."""
    depth = 30
    model = onnx.ModelProto.FromString(_nested(depth).SerializeToString())
    [graph] = read(model).graphs
    assert sum(isinstance(operator, Alternatives) for operator in graph.operators) == depth
    assert sum(operator.name == "Sigmoid" for operator in graph.operators) == depth + 1


def test_seven_hundred_nodes_in_branches() -> None:
    """A network for each of two rates, chosen by an If, and in each of them further choices."""

    def chain(name: str, length: int) -> list[onnx.NodeProto]:
        return [helper.make_node("Relu", [f"{name}{place}" if place else "x"], [f"{name}{place + 1}"]) for place in range(length)]

    def graph(name: str, nodes: list[onnx.NodeProto]) -> onnx.GraphProto:
        return helper.make_graph(nodes, name, [], [_info(nodes[-1].output[0])])

    inner = [graph(name, chain(name, 175)) for name in ("a", "b", "c", "d")]
    outer = [
        graph(name, [helper.make_node("If", ["c2"], [f"{name}_y"], then_branch=first, else_branch=second)])
        for name, first, second in (("p", inner[0], inner[1]), ("q", inner[2], inner[3]))
    ]
    node = helper.make_node("If", ["c1"], ["y"], then_branch=outer[0], else_branch=outer[1])
    inputs = [_info("x"), _info("c1", [], TensorProto.BOOL), _info("c2", [], TensorProto.BOOL)]
    [read_graph] = read(helper.make_model(helper.make_graph([node], "net", inputs, [_info("y")]))).graphs
    assert sum(isinstance(operator, ReLU) for operator in read_graph.operators) == 700
    assert sum(isinstance(operator, Alternatives) for operator in read_graph.operators) == 3


def test_long_chains_take_linear_time() -> None:
    nodes = [helper.make_node("Relu", [f"v{place}" if place else "x"], [f"v{place + 1}"]) for place in range(20_000)]
    nodes[-1].output[0] = "y"
    begun = time.perf_counter()
    assert len(read(_model(nodes)).graphs[0].operators) == 20_001
    assert time.perf_counter() - begun < 20


def test_a_model_of_more_nodes_than_any_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MOST_NODES", 1)
    with pytest.raises(InputError, match="2 nodes"):
        read(_model([helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]))


def test_large_constants_in_nodes_are_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "SMALL", 4)
    value = helper.make_tensor("t", TensorProto.FLOAT, [4, 4], [1.0] * 16)
    nodes = [helper.make_node("Constant", [], ["w"], value=value), helper.make_node("MatMul", ["x", "w"], ["y"])]
    model = _model(nodes)
    before = model.SerializeToString()
    [graph] = read(model).graphs
    assert [operator.name for operator in graph.operators] == ["Input", "Linear"]
    assert model.SerializeToString() == before


def test_bytes_changed_at_random_never_get_out() -> None:
    """Whatever a byte is changed to: a graph or an InputError."""
    weight = helper.make_tensor("w", TensorProto.FLOAT, [4, 4], [0.5] * 16)
    branch = helper.make_graph([helper.make_node("Tanh", ["h"], ["b"])], "branch", [], [_info("b")])
    other = helper.make_graph([helper.make_node("Softmax", ["h"], ["d"], axis=-1)], "other", [], [_info("d")])
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("ReduceSum", ["h"], ["s"], keepdims=0),
        helper.make_node("Cast", ["s"], ["c"], to=TensorProto.BOOL),
        helper.make_node("If", ["c"], ["z"], then_branch=branch, else_branch=other),
        helper.make_node("Shape", ["z"], ["size"]),
        helper.make_node("Reshape", ["z", "size"], ["y"]),
    ]
    content = _model(nodes, [weight]).SerializeToString()
    source = random.Random(0)
    for _ in range(400):
        changed = bytearray(content)
        for _ in range(source.randint(1, 3)):
            changed[source.randrange(len(changed))] = source.randrange(256)
        try:
            reading = read(bytes(changed))
        except InputError as error:
            assert "defect" not in str(error)
        else:
            count = reading.graphs[0].parameter_count()
            assert isinstance(count, (int, Unknown))


@pytest.mark.parametrize("version", [2**62, -(2**62), 2**31])
def test_a_version_that_no_operator_set_has(version: int) -> None:
    model = _model([RELU])
    model.opset_import[0].version = version
    assert any(isinstance(operator, ReLU) for operator in read(model).graphs[0].operators)
