"""Models for the tests, written as ONNX's own text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

onnx = pytest.importorskip("onnx")

from netlint.frontends.onnx import read  # noqa: E402
from netlint.graph import Graph  # noqa: E402

Read = Callable[..., Graph]
HEADER = '<ir_version: 10, opset_import: ["" : {opset}, "com.microsoft" : 1]>\n'


def model(body: str, opset: int = 21) -> onnx.ModelProto:
    """A model from the text of its graph, `g (float[1, 3, 8, 8] x) => (float[1, 8] y) { y = ... }`."""
    return onnx.parser.parse_model(HEADER.format(opset=opset) + body)


@pytest.fixture
def graph() -> Read:
    """The graph of a model that is given as text."""

    def read_text(body: str, opset: int = 21, **options: object) -> Graph:
        return read(model(body, opset), **options).graphs[0]

    return read_text


def names(graph: Graph) -> str:
    """The operators but the inputs, in order, in one line."""
    return " ".join(operator.name for operator in graph.operators if operator.name != "Input")
