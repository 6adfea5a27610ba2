"""Small graphs made by hand, so that the engine is tested without a front end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netlint.graph import FixedSite, Graph, Layer, Location
from netlint.graph.operators import Conv, Input, MaxPool, ReLU


def site(row: int, column: int = 9, filename: str = "model.py", scope: str = "Net.__init__") -> FixedSite:
    return FixedSite(Location(filename, row, column, row, column + 9), scope)


@pytest.fixture
def make_site() -> Callable[..., FixedSite]:
    return site


@pytest.fixture
def conv_relu_pool() -> Graph:
    """Input, a convolution (row 5), a ReLU (row 6) and a max pooling (row 7), applied by a container."""
    graph = Graph("Net", filename="model.py")
    graph.root = Layer("", "Net", site=site(3))
    last = graph.add(Input(label="x"))
    templates = (
        Conv(dims=2, in_channels=1, out_channels=8, kernel_size=(3, 3)),
        ReLU(),
        MaxPool(dims=2, kernel_size=(2, 2), stride=(2, 2)),
    )
    for index, template in enumerate(templates):
        layer = Layer(f"features.{index}", type(template).__name__, template, site=site(5 + index))
        graph.layers.append(layer)
        last = graph.add(template.apply(last, layer=layer, site=layer.site))
    graph.outputs = (last,)
    return graph
