"""Attention and recurrence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from operator import and_

from netlint.graph.graph import Graph
from netlint.graph.index import OperatorSet
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Add,
    Attention,
    Concat,
    Dropout,
    Einsum,
    MatMul,
    Mul,
    MultiheadAttention,
    Norm,
    Softmax,
)
from netlint.graph.queries.memory import ATTENTION, MOVES, RECURRENT, remembered
from netlint.graph.queries.reachability import data_inputs, is_upstream
from netlint.graph.queries.roles import data_operators
from netlint.graph.queries.weights import is_weighted, origins, unweighted_after, unweighted_before

LONGEST_WALK = 300
"""Operators between an operator and an attention product; loops that are unrolled hundreds of times have more."""


@remembered
def is_sequence_model(graph: Graph) -> bool:
    """Whether recurrent or attention operators, or attention written by hand, stand in the network (S9)."""
    return bool(graph.index.of((*RECURRENT, *ATTENTION))) or any(
        isinstance(node, (MatMul, Einsum)) and _next_to_softmax(graph, node) for node in attention_products(graph)
    )


@remembered
def attention_products(graph: Graph) -> list[Operator]:
    """Where attention takes place: attention operators, and products written by hand.

    A matrix product of two results is one when a softmax stands next to it (scores or their use) or when both factors come from
    the same data (linear attention, a learned transform of its own input). A product with a softmax of other data is one
    (additive attention, mixtures of experts).
    """
    return [node for node in graph.index.order if _is_attention_product(graph, node)]


def _is_attention_product(graph: Graph, operator: Operator) -> bool:
    if isinstance(operator, (Attention, MultiheadAttention)):
        return True
    if not isinstance(operator, (MatMul, Einsum, Mul)):
        return False
    factors = data_inputs(graph, operator)
    if len(factors) < 2:
        return False
    if isinstance(operator, Mul):
        return any(isinstance(node, Softmax) for factor in factors for node in origins(graph, factor, (*MOVES, Dropout)))
    index = graph.index
    origins_in_common = reduce(and_, (index.upstream(factor) | index.bit(factor) for factor in factors))
    return _next_to_softmax(graph, operator) or bool(origins_in_common & data_operators(graph))


def _next_to_softmax(graph: Graph, product: Operator) -> bool:
    near = unweighted_before(graph, product) | unweighted_after(graph, product)
    return bool(near & graph.index.of(Softmax))


@remembered
def in_attention(graph: Graph, operator: Operator) -> bool:
    """Whether an operator belongs to an attention mechanism: q, k, v and output projections, scoring networks.

    Forward, one weighted operator (the scoring of additive attention) or one norm (of queries and keys) may stand between an
    operator and the product; backward, no weighted operator for a weighted one (the output projection) and one for others (its
    dropout). A residual path ends the search: what is behind it is the next layer.
    """
    index = graph.index
    products = _attention(graph)
    return bool(
        products & index.bit(operator)
        or (products & index.downstream(operator) and _feeds(graph, operator, products))
        or (products & index.upstream(operator) and _follows(graph, operator, products))
    )


@remembered
def _attention(graph: Graph) -> OperatorSet:
    return graph.index.union(attention_products(graph))


def _feeds(graph: Graph, operator: Operator, products: OperatorSet) -> bool:
    def steps(node: Operator) -> Iterable[Operator]:
        return (reader for reader in graph.consumers(node) if not _is_skipped_to(graph, operator, reader))

    return _meets(graph, operator, steps, products, lambda node: is_weighted(graph, node) or isinstance(node, Norm), allowed=1)


def _is_skipped_to(graph: Graph, operator: Operator, join: Operator) -> bool:
    """Whether a join ends a residual branch: without a weighted operator in between it reads data from upstream of the operator."""
    if not isinstance(join, (Add, Concat)):
        return False
    index = graph.index
    for source in data_inputs(graph, join):
        if source is operator or is_weighted(graph, source) or is_upstream(graph, operator, source):
            continue
        if (unweighted_before(graph, source) | index.bit(source)) & index.upstream(operator) & data_operators(graph):
            return True
    return False


def _follows(graph: Graph, operator: Operator, products: OperatorSet) -> bool:
    def steps(node: Operator) -> Iterable[Operator]:
        joins = isinstance(node, (Add, Concat)) and len(data_inputs(graph, node)) > 1
        return () if joins else data_inputs(graph, node)

    return _meets(graph, operator, steps, products, lambda node: is_weighted(graph, node), allowed=0 if is_weighted(graph, operator) else 1)


def _meets(
    graph: Graph,
    start: Operator,
    steps: Callable[[Operator], Iterable[Operator]],
    wanted: OperatorSet,
    counts: Callable[[Operator], bool],
    allowed: int,
) -> bool:
    """Whether a walk meets a wanted operator after crossing at most `allowed` operators that count; True if that takes too long."""
    fewest = {id(start): 0}
    pending = [start]
    for node in pending:
        for neighbour in steps(node):
            if wanted & graph.index.bit(neighbour):
                return True
            crossed = fewest[id(node)] + counts(neighbour)
            if crossed <= allowed and crossed < fewest.get(id(neighbour), allowed + 1):
                fewest[id(neighbour)] = crossed
                pending.append(neighbour)
        if len(pending) > LONGEST_WALK:
            return True
    return False
