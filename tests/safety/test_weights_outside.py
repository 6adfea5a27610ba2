"""The weights of an ONNX model are read from its own folder, whatever the model says: not from above, elsewhere, or through a link."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

SHAPE = (8, 3, 3, 3)
BYTES = 4 * 8 * 3 * 3 * 3
LOCATIONS = ("../../outside/weights.bin", "{outside}/weights.bin", "link.bin", "linked/weights.bin", "inner/../../../outside/weights.bin")


def external(name: str, dims: tuple[int, ...], location: str, length: int) -> onnx.TensorProto:
    tensor = onnx.TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    tensor.external_data.add(key="length", value=str(length))
    return tensor


def model(weight: onnx.TensorProto | onnx.SparseTensorProto) -> onnx.ModelProto:
    """A convolution with this weight, ReLU, and max pooling: there is something to fix."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Relu", ["c"], ["a"]),
        helper.make_node("MaxPool", ["a"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 10, 10])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 4, 4])
    graph = helper.make_graph(nodes, "net", [x], [y])
    if isinstance(weight, onnx.TensorProto):
        graph.initializer.append(weight)
    else:
        graph.sparse_initializer.append(weight)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The model's folder. The weights outside are a pipe: whoever opens it never comes back."""
    home, outside = tmp_path / "sent" / "home", tmp_path / "outside"
    home.mkdir(parents=True)
    (home / "inner").mkdir()
    outside.mkdir()
    os.mkfifo(outside / "weights.bin")
    (home / "link.bin").symlink_to("../../outside/weights.bin")
    (home / "linked").symlink_to("../../outside")
    return home


def netlint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netlint", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("location", LOCATIONS)
def test_weights_outside_the_folder_are_never_opened(home: Path, location: str) -> None:
    location = location.format(outside=home.parent.parent / "outside")
    (home / "net.onnx").write_bytes(model(external("w", SHAPE, location, BYTES)).SerializeToString())
    done = netlint(home, "check", "--isolated", "--select", "NL501", "--fail-on", "advice", "net.onnx")
    assert done.returncode == 1 and "NL501" in done.stdout
    assert f"the weights in `{location}` lie outside the model's folder and are not read" in done.stderr
    for command in (("verify",), ("check", "--fix", "-o", "fixed.onnx"), ("check", "--fix", "-o", "../fixed.onnx")):
        done = netlint(home, *command, "--isolated", "net.onnx")
        assert done.returncode in (0, 1, 2) and "Traceback" not in done.stderr, done.stderr
    assert not (home.parent / "fixed.onnx").exists()


@pytest.mark.parametrize("location", ["weights.bin", "../../outside/weights.bin"])
def test_sparse_weights_in_other_files_are_not_read_from_where_the_process_is(home: Path, location: str) -> None:
    sparse = onnx.SparseTensorProto(dims=SHAPE)
    sparse.values.CopyFrom(external("w", (3,), location, 12))
    sparse.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [3], [0, 1, 2]))
    (home / "net.onnx").write_bytes(model(sparse).SerializeToString())
    (home.parent / "weights.bin").write_bytes(b"12 bytes now")
    (home.parent.parent / "outside" / "weights.bin").unlink()
    (home.parent.parent / "outside" / "weights.bin").write_bytes(b"12 bytes now")
    done = netlint(home.parent, "verify", "--isolated", "home/net.onnx")
    assert done.returncode in (0, 1) and "onnxruntime" not in done.stdout, done.stdout
