"""A small builder of graphs: each call applies an operator template and infers the shape of its result."""

from __future__ import annotations

import pytest

from netlint.graph import Graph, Layer, Operator, Shape
from netlint.graph.operators import Input, Linear


class Builder:
    """`x = net.input(1, 3)`, `y = net(ReLU(), x)`, `net.returns(y)`; the graph is `net.graph`."""

    def __init__(self) -> None:
        self.graph = Graph("Net")

    def input(self, *shape: object) -> Input:
        sizes: Shape | None = shape or None  # type: ignore[assignment]
        return self.graph.add(Input(shape=sizes))

    def __call__(self, template: Operator, *inputs: Operator, layer: Layer | None = None) -> Operator:
        node = template.apply(*inputs, layer=layer)
        node.shape = node.infer(tuple(source.shape for source in inputs))
        return self.graph.add(node)

    def linear(self, source: Operator, width: int = 8) -> Operator:
        return self(Linear(in_features=width, out_features=width), source)

    def returns(self, *outputs: Operator) -> Graph:
        self.graph.outputs = outputs
        return self.graph


@pytest.fixture
def net() -> Builder:
    return Builder()
