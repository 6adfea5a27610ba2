"""Sequence patterns: what matches, and why what does not misses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlint.graph import Operator
from netlint.graph.operators import GELU, Activation, BatchNorm, Conv, Dropout, Flatten, Identity, MaxPool, ReLU
from netlint.graph.pattern import Match, Miss, Sequence, maybe, one, several

if TYPE_CHECKING:
    from tests.graph.conftest import Builder

STEM = Sequence(Conv, maybe(BatchNorm), Activation, MaxPool)


def conv() -> Conv:
    return Conv(dims=2, in_channels=8, out_channels=8, kernel_size=(3,))


def pool() -> MaxPool:
    return MaxPool(dims=2, kernel_size=(2,), stride=(2,))


def chain(net: Builder, *templates: Operator) -> list[Operator]:
    nodes: list[Operator] = []
    for template in templates:
        nodes.append(net(template, nodes[-1] if nodes else net.input()))
    return nodes


def test_an_optional_step_may_stand_or_be_missing(net: Builder) -> None:
    bare = chain(net, conv(), ReLU(), pool())
    normed = chain(net, conv(), BatchNorm(num_features=8), GELU(), pool())
    assert STEM.match(net.graph, bare[0]) == Match(tuple(bare))
    assert [found.operators for found in STEM.find(net.graph)] == [tuple(bare), tuple(normed)]


def test_identities_are_looked_through_and_not_reported(net: Builder) -> None:
    first, _, active, _, last = chain(net, conv(), Identity(), ReLU(), Identity(), pool())
    assert STEM.match(net.graph, first) == Match((first, active, last))


def test_repeated_steps_take_as_many_as_there_are(net: Builder) -> None:
    pattern = Sequence(Conv, several(Activation, Dropout), Flatten)
    nodes = chain(net, conv(), ReLU(), Dropout(), ReLU(), Flatten())
    assert pattern.match(net.graph, nodes[0]) == Match(tuple(nodes))
    without = chain(net, conv(), Flatten())
    assert pattern.match(net.graph, without[0]) == Match(tuple(without))


def test_a_repeated_step_leaves_what_the_next_step_needs(net: Builder) -> None:
    nodes = chain(net, ReLU(), ReLU(), ReLU())
    assert Sequence(several(ReLU), ReLU).match(net.graph, nodes[0]) == Match(tuple(nodes))


def test_a_condition_belongs_to_its_step(net: Builder) -> None:
    nodes = chain(net, conv(), GELU(), pool())
    rising = Sequence(Conv, one(Activation, where=lambda node: node.monotone is True), MaxPool)
    assert rising.match(net.graph, nodes[0]) == Miss("GELU where Activation is wanted", nodes[1], depth=1)


def test_the_guilty_operator_is_the_one_that_does_not_fit(net: Builder) -> None:
    nodes = chain(net, conv(), BatchNorm(num_features=8), ReLU(), Flatten())
    assert STEM.match(net.graph, nodes[0]) == Miss("Flatten where MaxPool is wanted", nodes[3], depth=3)
    assert STEM.match(net.graph, nodes[2]) == Miss("ReLU where Conv is wanted", nodes[2])


def test_a_second_reader_breaks_the_chain(net: Builder) -> None:
    first, active, _ = chain(net, conv(), ReLU(), pool())
    net(Flatten(), active)
    assert STEM.match(net.graph, first) == Miss("2 operators read ReLU where MaxPool is to follow", active, depth=2)


def test_a_second_reader_behind_an_identity_breaks_it_too(net: Builder) -> None:
    first, copy, _, _ = chain(net, conv(), Identity(), ReLU(), pool())
    net(Flatten(), copy)
    assert STEM.match(net.graph, first) == Miss("2 operators read Identity where Activation is to follow", copy, depth=1)


def test_an_output_breaks_the_chain(net: Builder) -> None:
    first, active, last = chain(net, conv(), ReLU(), pool())
    net.returns(active, last)
    assert STEM.match(net.graph, first) == Miss("ReLU is an output where MaxPool is to follow", active, depth=2)


def test_a_chain_that_ends_too_early(net: Builder) -> None:
    first, active = chain(net, conv(), ReLU())
    assert STEM.match(net.graph, first) == Miss("nothing reads ReLU where MaxPool is to follow", active, depth=2)
