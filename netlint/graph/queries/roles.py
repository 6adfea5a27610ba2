"""The part an operator plays: head, gate, residual path."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import cast

from netlint.graph.graph import Graph
from netlint.graph.index import OperatorSet
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    GLU,
    Activation,
    Add,
    Alternatives,
    Binary,
    Concat,
    Div,
    Dropout,
    Elementwise,
    Loss,
    Mul,
    Opaque,
    Resample,
    Select,
    Slice,
    Softmax,
)
from netlint.graph.parameter import Layer
from netlint.graph.queries.memory import MOVES, remembered
from netlint.graph.queries.reachability import comes_from, data_inputs, depends_on_data, is_upstream, reaches, reaches_output
from netlint.graph.queries.weights import reason_of, unweighted_after, weighted_operators
from netlint.graph.unknown import Unknown


@remembered
def is_head(graph: Graph, operator: Operator) -> bool | Unknown:
    """Whether an operator belongs to the network's output layer: no weighted operator reads its result, and an output or a loss does.

    Networks behind the outputs (a discriminator that judges a generator's result) do not count as readers. Unknown when something
    unseen reads the result, or when the graph may be a piece of a larger network.
    """
    index = graph.index
    below = index.downstream(operator)
    if reaches_output(graph, operator):
        below &= index.network
    if below & weighted_operators(graph):
        undecided = index.members(unweighted_after(graph, operator) & index.network & index.of(Alternatives))
        skips = any(_is_bare_output(graph, node) for node in undecided)
        return reason_of(cast(Alternatives, undecided[0])) if skips else False
    opaque = index.members(below & index.of(Opaque))
    if opaque:
        return reason_of(cast(Opaque, opaque[0]))
    if reaches(graph, operator, Loss):
        return True
    if not reaches_output(graph, operator):
        return False if graph.outputs else Unknown("no output of the network was seen")
    return True if graph.concrete else Unknown(f"`{graph.name}` may be a piece of a larger network")


def _is_bare_output(graph: Graph, operator: Operator) -> bool:
    """Whether the result is an output without any weighted operator behind it."""
    return bool((unweighted_after(graph, operator) | graph.index.bit(operator)) & graph.index.union(graph.outputs))


SCALES = (*MOVES, Resample, Dropout, Activation, Softmax, Elementwise, Alternatives)
"""What a gate may pass on its way to the product: nothing that mixes positions or channels by weights."""


@remembered
def is_gate(graph: Graph, operator: Operator) -> bool:
    """Whether a result ends up as a factor of other data: gated units, squeeze-excite, attention masks, mixtures of experts.

    The factor is the operand that is not the source of the other one: in x * sigmoid(conv(x)) the sigmoid is a gate and x is not.
    """
    pending = [(operator, operator)]
    seen = {id(operator)}
    while pending:
        node, piece = pending.pop()
        for reader in graph.consumers(node):
            if isinstance(reader, GLU):
                return True
            if isinstance(reader, (Mul, Div)) and _scales_other_data(graph, node, piece, reader):
                return True
            passes = isinstance(reader, SCALES) or (isinstance(reader, Binary) and len(data_inputs(graph, reader)) == 1)
            if passes and id(reader) not in seen:
                seen.add(id(reader))
                # two pieces of one result that are multiplied with each other are a gate and its data
                pending.append((reader, reader if isinstance(reader, (Select, Slice)) else piece))
    return False


def _scales_other_data(graph: Graph, factor: Operator, piece: Operator, product: Operator) -> bool:
    others = [source for source in data_inputs(graph, product) if source is not factor]
    return any(other is not piece and not is_upstream(graph, piece, other) for other in others)


@remembered
def residual_around(graph: Graph, operator: Operator) -> Add | Concat | None:
    """The first addition or concatenation that joins a path through the operator with one around it.

    The other operand comes from upstream of the operator, or both share a producer that depends on the input. Sums of losses are no joins.
    """
    index = graph.index
    here = index.bit(operator)
    shared = index.upstream(operator) & data_operators(graph)
    for join, operands in _joins(graph):
        if index.upstream(join) & here and any(not path & here and path & shared for path in operands):
            return join
    return None


def residual_joins(graph: Graph) -> list[Add | Concat]:
    """The additions and concatenations whose operands come from one producer along different weighted paths, in order."""
    found = []
    for join, operands in _joins(graph):
        common = reduce(and_, operands) & data_operators(graph)
        if common and graph.index.upstream(join) & ~common & weighted_operators(graph):
            found.append(join)
    return found


@remembered
def data_operators(graph: Graph) -> OperatorSet:
    return graph.index.where(lambda node: depends_on_data(graph, node))


@remembered
def _joins(graph: Graph) -> list[tuple[Add | Concat, list[OperatorSet]]]:
    """The additions and concatenations of data within the network, each with what its operands are computed from, themselves included."""
    index = graph.index
    joins = index.of((Add, Concat)) & (index.network if graph.outputs else -1)
    found = []
    for join in index.members(joins):
        operands = [index.upstream(source) | index.bit(source) for source in data_inputs(graph, join)]
        if len(operands) > 1 and not comes_from(graph, join, Loss):
            found.append((cast("Add | Concat", join), operands))
    return found


def user_class(thing: Operator | Layer) -> str:
    """The class (or function) in whose code a thing stands, as written: `AlexNet` for a place in `AlexNet.forward`; "" at module level."""
    scope = thing.site.scope if thing.site is not None else ""
    owner, _, _ = scope.rpartition(".")
    return owner or scope


def stands_on_a_branch(graph: Graph, operator: Operator) -> bool:
    """Whether an undecided condition behind the operator chooses between its result and another."""
    index = graph.index
    here = index.bit(operator)
    joins = index.members(index.downstream(operator) & index.of(Alternatives))
    return any(not (index.upstream(source) | index.bit(source)) & here for join in joins for source in join.inputs)
