"""Questions about hidden units: what feeds them, what they feed, and where else the same code applies them."""

from __future__ import annotations

from netlint.graph import FixedSite, Graph, Layer, Location
from netlint.graph.operators import (
    Add,
    BatchNorm,
    Concat,
    Constant,
    Conv,
    Flatten,
    Input,
    Linear,
    MaxPool,
    Mul,
    Reduce,
    ReLU,
    Sigmoid,
    Tanh,
)
from netlint.graph.queries import class_count, feature_size, fed_by, feeds, network_of, same_place


def conv(graph: Graph, source: object) -> Conv:
    return graph.add(Conv(dims=2, in_channels=8, out_channels=8, kernel_size=(3, 3), inputs=(source,)))  # type: ignore[arg-type]


def test_norms_pools_moves_and_sums_are_passed_on_the_way_from_and_to_a_weighted_layer() -> None:
    graph = Graph("Net")
    data = graph.add(Input(label="x"))
    first = conv(graph, data)
    second = conv(graph, first)
    norm = graph.add(BatchNorm(num_features=8, inputs=(second,)))
    total = graph.add(Add(inputs=(norm, first)))
    hidden = graph.add(Tanh(inputs=(total,)))
    pool = graph.add(MaxPool(dims=2, kernel_size=(2, 2), stride=(2, 2), inputs=(hidden,)))
    flat = graph.add(Flatten(inputs=(pool,)))
    head = graph.add(Linear(in_features=8, out_features=2, inputs=(flat,)))
    assert fed_by(graph, hidden) == [first, second]
    assert feeds(graph, hidden) == [head]
    assert feeds(graph, head) == []
    assert fed_by(graph, first) == []


def test_a_scaled_result_is_no_feature() -> None:
    graph = Graph("Net")
    data = graph.add(Input(label="x"))
    scores = conv(graph, data)
    hidden = graph.add(Sigmoid(inputs=(scores,)))
    scaled = graph.add(Mul(inputs=(hidden, graph.add(Constant(value=0.3)))))
    conv(graph, scaled)
    assert fed_by(graph, hidden) == [scores]
    assert feeds(graph, hidden) == []


def test_a_result_set_beside_logits_is_no_feature_and_beside_another_activation_it_is() -> None:
    graph = Graph("Net")
    data = graph.add(Input(label="x"))
    scores = conv(graph, data)
    other = conv(graph, data)
    mask = graph.add(Sigmoid(inputs=(scores,)))
    beside_logits = graph.add(Concat(dim=1, inputs=(mask, other)))
    conv(graph, beside_logits)
    assert feeds(graph, mask) == []
    active = graph.add(ReLU(inputs=(other,)))
    beside_features = graph.add(Concat(dim=1, inputs=(mask, active)))
    following = conv(graph, beside_features)
    assert feeds(graph, mask) == [following]


def test_applications_at_one_place_and_their_network() -> None:
    graph = Graph("Net")
    root = Layer("", "Net")
    block = Layer("block", "Block", parent=root)
    site = FixedSite(Location("net.py", 3, 1, 3, 9))
    data = graph.add(Input(label="x"))
    first = graph.add(ReLU(inputs=(data,), site=site, scope=block))
    second = graph.add(ReLU(inputs=(first,), site=FixedSite(Location("net.py", 3, 1, 3, 9))))
    third = graph.add(ReLU(inputs=(second,), site=FixedSite(Location("net.py", 4, 1, 4, 9))))
    bare = graph.add(ReLU(inputs=(third,)))
    assert same_place(graph, first) == [first, second]
    assert same_place(graph, third) == [third]
    assert same_place(graph, bare) == [bare]
    assert network_of(first) is root
    assert network_of(bare) is None


def test_the_number_of_classes_is_the_width_of_the_layer_that_makes_the_logits() -> None:
    graph = Graph("Net")
    data = graph.add(Input(label="x"))
    head = graph.add(Linear(in_features=8, out_features=10, inputs=(data,)))
    flat = graph.add(Flatten(inputs=(head,)))
    assert class_count(graph, head) == 10
    assert class_count(graph, flat) == 10
    other = graph.add(Linear(in_features=8, out_features=5, inputs=(data,)))
    assert class_count(graph, graph.add(Concat(dim=1, inputs=(head, other)))) is None
    assert class_count(graph, data) is None


def test_the_feature_size_is_known_behind_a_linear_layer_of_unknown_rank() -> None:
    graph = Graph("Net")
    data = graph.add(Input(label="x"))
    hidden = graph.add(ReLU(inputs=(graph.add(Linear(in_features=8, out_features=10, inputs=(data,))),)))
    assert feature_size(hidden) == 10
    assert feature_size(data) is None
    assert feature_size(graph.add(Flatten(inputs=(hidden,)))) is None
    assert feature_size(graph.add(Flatten(inputs=(hidden,), shape=(2, 30)))) == 30


def test_a_global_pooling_written_as_a_mean_hands_features_on() -> None:
    graph = Graph("Net")
    data = graph.add(Input(label="x"))
    hidden = graph.add(Tanh(inputs=(conv(graph, data),)))
    mean = graph.add(Reduce(how="mean", dim=(2, 3), inputs=(hidden,)))
    head = graph.add(Linear(in_features=8, out_features=2, inputs=(mean,)))
    assert feeds(graph, hidden) == [head]
    norm = graph.add(Reduce(how="norm", dim=(2, 3), inputs=(hidden,)))
    graph.add(Linear(in_features=8, out_features=2, inputs=(norm,)))
    assert feeds(graph, hidden) == [head]
