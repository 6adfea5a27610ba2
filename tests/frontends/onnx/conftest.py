"""Models for the tests, written as ONNX's own text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

onnx = pytest.importorskip("onnx")

from netlint.frontends.onnx import read  # noqa: E402
from netlint.graph import Graph  # noqa: E402

HEADER = '<ir_version: 10, opset_import: ["" : {opset}, "com.microsoft" : 1]>\n'


def model(body: str, opset: int) -> onnx.ModelProto:
    """A model from the text of its graph, `g (float[2, 6] x) => (float[2, 4] y) <float[6, 4] w> { y = MatMul(x, w) }`.

    What stands in angle brackets are its weights; those without numbers are zeros.
    """
    parsed = onnx.parser.parse_model(HEADER.format(opset=opset) + body)
    given = {tensor.name for tensor in parsed.graph.initializer}
    for entry in parsed.graph.value_info:
        if entry.name not in given:
            kind = entry.type.tensor_type
            tensor = parsed.graph.initializer.add(name=entry.name, data_type=kind.elem_type, dims=[dim.dim_value for dim in kind.shape.dim])
            tensor.raw_data = bytes(
                onnx.numpy_helper.to_array(onnx.helper.make_tensor("", kind.elem_type, [1], [0])).itemsize * _count(tensor)
            )
    del parsed.graph.value_info[:]
    return parsed


def _count(tensor: onnx.TensorProto) -> int:
    count = 1
    for size in tensor.dims:
        count *= size
    return count


@pytest.fixture
def graph() -> Callable[..., Graph]:
    """The graph of a model that is given as text."""

    def read_text(body: str, opset: int = 21) -> Graph:
        return read(model(body, opset)).graphs[0]

    return read_text
