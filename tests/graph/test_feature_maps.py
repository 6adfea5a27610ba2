"""Questions about feature maps and batch statistics."""

from __future__ import annotations

from netlint.graph import Graph, Operator, Unknown
from netlint.graph.operators import (
    Add,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    Flatten,
    Input,
    Linear,
    MaxPool,
    ReLU,
    Slice,
)
from netlint.graph.queries import batch_norms_after, feature_map_of, has_positions, reads_neighbours, uses_batch_statistics


def _conv(source: Operator, size: int = 3) -> Conv:
    return Conv(dims=2, in_channels=8, out_channels=8, kernel_size=(size, size), inputs=(source,))


def test_a_feature_map_is_followed_through_sums_and_ends_at_a_flatten() -> None:
    graph = Graph("Net")
    stem = graph.add(_conv(graph.add(Input(label="x"))))
    branch = graph.add(_conv(graph.add(ReLU(inputs=(stem,)))))
    total = graph.add(Add(inputs=(stem, branch)))
    pool = graph.add(MaxPool(dims=2, kernel_size=(2, 2), stride=(2, 2), inputs=(total,)))
    flat = graph.add(Flatten(inputs=(pool,)))
    drop = graph.add(Dropout(inputs=(flat,)))
    assert feature_map_of(graph, pool) == [stem, branch]
    assert feature_map_of(graph, flat) == [stem, branch]
    assert feature_map_of(graph, drop) == []


def test_a_cropped_feature_map_is_one_and_a_single_position_is_not() -> None:
    graph = Graph("Net")
    conv = graph.add(_conv(graph.add(Input(label="x"))))
    crop = graph.add(Slice(index=(..., slice(None, -2)), inputs=(conv,)))
    last = graph.add(Slice(index=(..., -1), inputs=(conv,)))
    assert feature_map_of(graph, graph.add(ReLU(inputs=(crop,)))) == [conv]
    assert feature_map_of(graph, graph.add(ReLU(inputs=(last,)))) == []


def test_a_1_x_1_kernel_reads_no_neighbours_and_an_unknown_one_may() -> None:
    data = Input()
    assert not reads_neighbours(_conv(data, 1))
    assert reads_neighbours(_conv(data, 3))
    assert reads_neighbours(Conv(dims=2, in_channels=8, out_channels=8, kernel_size=Unknown("a parameter"), inputs=(data,)))


def test_the_batch_norms_that_record_a_dropout() -> None:
    graph = Graph("Net")
    data = graph.add(Input())
    drop = graph.add(Dropout(inputs=(data,)))
    joined = graph.add(Concat(dim=1, inputs=(data, drop)))
    recording = graph.add(BatchNorm(num_features=16, inputs=(joined,)))
    graph.add(BatchNorm(num_features=8, track_running_stats=False, inputs=(drop,)))
    graph.add(BatchNorm(num_features=8, frozen=True, inputs=(drop,)))
    behind = graph.add(Linear(in_features=8, out_features=8, inputs=(drop,)))
    graph.add(BatchNorm(num_features=8, inputs=(behind,)))
    assert batch_norms_after(graph, drop) == [recording]


def test_statistics_of_the_batch() -> None:
    assert uses_batch_statistics(BatchNorm(num_features=8))
    assert not uses_batch_statistics(BatchNorm(num_features=8, frozen=True))
    assert not uses_batch_statistics(BatchNorm(num_features=8, training=False))


def test_positions_are_known_from_the_rank_or_from_the_layer_before() -> None:
    graph = Graph("Net")
    data = graph.add(Input())
    on_map = graph.add(BatchNorm(num_features=8, dims=2, inputs=(graph.add(_conv(data)),)))
    linear = graph.add(Linear(in_features=8, out_features=4, inputs=(data,)))
    on_units = graph.add(BatchNorm(num_features=4, dims=1, inputs=(linear,)))
    on_data = graph.add(BatchNorm(num_features=8, dims=1, inputs=(data,)))
    ranked = graph.add(Input(shape=(Unknown("batch"), 8, 100)))
    on_series = graph.add(BatchNorm(num_features=8, dims=1, inputs=(ranked,)))
    assert has_positions(graph, on_map) is True
    assert has_positions(graph, on_units) is False
    assert isinstance(has_positions(graph, on_data), Unknown)
    assert has_positions(graph, on_series) is True
