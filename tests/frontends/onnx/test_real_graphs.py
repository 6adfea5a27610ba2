"""The real networks whose graphs onnx ships for its own tests, with what is known of them."""

from __future__ import annotations

from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx")

from netlint.engine.evaluation import check_graph  # noqa: E402
from netlint.engine.registry import load  # noqa: E402
from netlint.engine.settings import Settings  # noqa: E402
from netlint.frontends.onnx import read  # noqa: E402
from netlint.graph.operators import Conv, LocalResponseNorm, MaxPool, Opaque  # noqa: E402

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"

NETWORKS = [
    # name, convolutions, max pools, activations before a max pool, parameters
    ("bvlc_alexnet", 5, 3, 1, 60_965_224),  # the other two pools stand behind a local response norm
    ("densenet121", 121, 1, 1, 7_978_856),
    ("inception_v1", 57, 13, 1, 6_998_552),  # most pools stand behind a concatenation
    ("inception_v2", 69, 5, 2, 11_194_984),
    ("resnet50", 53, 1, 1, 25_557_032),
    ("shufflenet", 49, 1, 1, None),
    ("squeezenet", 26, 3, 1, 1_235_496),
    ("vgg19", 16, 5, 5, 143_667_240),
    ("zfnet512", 5, 3, 1, None),
]


@pytest.mark.parametrize(("name", "convolutions", "pools", "swaps", "parameters"), NETWORKS, ids=[network[0] for network in NETWORKS])
def test_the_light_models(name: str, convolutions: int, pools: int, swaps: int, parameters: int | None) -> None:
    reading = read(LIGHT / f"light_{name}.onnx")
    [graph] = reading.graphs
    rule = load().find("NL501").rule
    found, _ = check_graph(graph, [rule], Settings(selected=frozenset({"NL501"})))
    assert (len(list(graph.of(Conv))), len(list(graph.of(MaxPool))), len(found)) == (convolutions, pools, swaps)
    assert parameters is None or graph.parameter_count() == parameters
    assert not list(graph.of(Opaque)) and not graph.blind and not reading.notes
    assert all(operator.shape is not None for operator in graph.operators)


def test_batch_norms_that_may_be_folded_are_not_missed() -> None:
    """VGG's convolutions have biases, and nothing tells whether a batch norm is in them; ResNet's norms stand there to be seen."""
    [folded] = read(LIGHT / "light_vgg19.onnx").graphs
    assert all(conv.layer is not None and conv.layer.wrapped for conv in folded.of(Conv))
    [plain] = read(LIGHT / "light_resnet50.onnx").graphs
    assert not any(conv.layer is None or conv.layer.wrapped for conv in plain.of(Conv))


def test_alexnet_has_its_response_norms() -> None:
    [graph] = read(LIGHT / "light_bvlc_alexnet.onnx").graphs
    assert [norm.size for norm in graph.of(LocalResponseNorm)] == [5, 5]
