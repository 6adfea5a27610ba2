"""Reachability: against plain walks of the graph, for graphs that are edited, and for large ones."""

from __future__ import annotations

import random

from netlint.graph import Graph, Operator
from netlint.graph.operators import Add, Input, ReLU, Sigmoid


def random_graph(size: int, seed: int) -> Graph:
    """Each operator adds up to three earlier ones."""
    chance = random.Random(seed)
    graph = Graph("Random")
    graph.add(Input())
    for _ in range(size):
        graph.add(Add(inputs=tuple(chance.choices(graph.operators, k=chance.randint(1, 3)))))
    return graph


def ids(operators: object) -> set[int]:
    return {id(operator) for operator in operators}  # type: ignore[attr-defined]


def test_reachability_is_what_a_walk_finds() -> None:
    graph = random_graph(60, seed=1)
    index = graph.index
    for operator in graph.operators:
        assert ids(index.members(index.upstream(operator))) == ids(graph.upstream(operator))
        assert ids(index.members(index.downstream(operator))) == ids(graph.downstream(operator))


def test_members_come_in_topological_order_whatever_the_order_of_the_list() -> None:
    graph = random_graph(40, seed=2)
    graph.operators.reverse()
    graph.changed()
    index = graph.index
    seen: set[int] = set()
    for operator in index.order:
        assert ids(operator.inputs) <= seen
        seen.add(id(operator))


def test_an_added_operator_and_new_outputs_are_seen() -> None:
    graph = Graph("Net")
    data = graph.add(Input())
    first = graph.add(ReLU(inputs=(data,)))
    assert not graph.index.downstream(first)
    second = graph.add(Sigmoid(inputs=(first,)))
    assert graph.index.downstream(first) == graph.index.bit(second)
    assert graph.index.network == 0
    graph.outputs = (second,)
    assert graph.index.members(graph.index.network) == [data, first, second]


def test_a_cycle_does_not_hang() -> None:
    first, second = ReLU(), Sigmoid()
    first.inputs, second.inputs = (second,), (first,)
    graph = Graph("Hostile", operators=[first, second])
    assert {id(node) for node in graph.index.order} == ids((first, second))
    assert isinstance(graph.index.upstream(first), int)


def test_a_deep_chain_needs_no_recursion() -> None:
    graph = Graph("Deep")
    node: Operator = graph.add(Input())
    for _ in range(5000):
        node = graph.add(ReLU(inputs=(node,)))
    assert len(graph.index.members(graph.index.upstream(node))) == 5000
