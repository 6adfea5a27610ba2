"""Weight layers: depth, neighbours, and the stretches between them."""

from __future__ import annotations

from typing import cast

from netlint.graph.graph import Graph
from netlint.graph.index import Kinds, OperatorSet
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Alternatives,
    Conv,
    Einsum,
    Linear,
    MatMul,
    Opaque,
    Weight,
)
from netlint.graph.queries.memory import MOVES, remembered
from netlint.graph.queries.reachability import comes_from, data_inputs, depends_on_data, reaches_output
from netlint.graph.unknown import Unknown


@remembered
def is_weighted(graph: Graph, operator: Operator) -> bool:
    """Whether an operator is a learned linear map, one layer of depth.

    A product with a parameter (`x @ self.weight`) is one; a convolution with a constant kernel (a blur) is not.
    """
    if isinstance(operator, (MatMul, Einsum)):
        return len(data_inputs(graph, operator)) == 1 and any(_is_weight(graph, source) for source in operator.inputs)
    if isinstance(operator, (Conv, Linear)) and operator.layer is None and len(operator.inputs) > 1:
        kernel = operator.inputs[1]
        return _is_weight(graph, kernel) or depends_on_data(graph, kernel)
    return operator.weighted


def _is_weight(graph: Graph, operator: Operator) -> bool:
    return not depends_on_data(graph, operator) and (isinstance(operator, Weight) or comes_from(graph, operator, Weight))


@remembered
def weighted_operators(graph: Graph) -> OperatorSet:
    return graph.index.where(lambda operator: is_weighted(graph, operator))


@remembered
def _depths(graph: Graph) -> dict[int, int]:
    depths: dict[int, int] = {}
    for operator in graph.index.order:
        below = max((depths.get(id(source), 0) for source in operator.inputs), default=0)
        depths[id(operator)] = below + is_weighted(graph, operator)
    return depths


def weight_depth(graph: Graph) -> int:
    """The number of weighted operators on the longest path of the network (losses and what follows them add none)."""
    return max(_depths(graph).values(), default=0)


def depth_of(graph: Graph, operator: Operator) -> int:
    """The number of weighted operators on the longest path up to and including an operator."""
    return _depths(graph)[id(operator)]


def weighted_before(graph: Graph, operator: Operator) -> list[Operator]:
    """The nearest weighted operators upstream, last applied first, looking through everything that is not weighted."""
    weighted = weighted_operators(graph)
    return graph.index.members(graph.index.upstream(operator, weighted) & weighted)[::-1]


def weighted_after(graph: Graph, operator: Operator) -> list[Operator]:
    """The nearest weighted operators downstream, first applied first, looking through everything that is not weighted."""
    weighted = weighted_operators(graph)
    return graph.index.members(graph.index.downstream(operator, weighted) & weighted)


def stretch_before(graph: Graph, operator: Operator) -> list[Operator]:
    """The operators without weights between an operator and the weighted ones upstream, last applied first."""
    return graph.index.members(unweighted_before(graph, operator))[::-1]


def stretch_after(graph: Graph, operator: Operator) -> list[Operator]:
    """The operators without weights between an operator and the weighted ones downstream, first applied first."""
    return graph.index.members(unweighted_after(graph, operator))


def unweighted_before(graph: Graph, operator: Operator) -> OperatorSet:
    weighted = weighted_operators(graph)
    return graph.index.upstream(operator, weighted) & ~weighted


def unweighted_after(graph: Graph, operator: Operator) -> OperatorSet:
    weighted = weighted_operators(graph)
    return graph.index.downstream(operator, weighted) & ~weighted


def unseen_before(graph: Graph, operator: Operator) -> Unknown | None:
    """Why it is not known what stands between an operator and the weighted ones upstream; None when all is seen."""
    return _unseen(graph, unweighted_before(graph, operator))


def unseen_after(graph: Graph, operator: Operator) -> Unknown | None:
    """Why it is not known what stands between an operator and the weighted ones downstream; None when all is seen.

    What training code does with the network's outputs is not asked.
    """
    stretch = unweighted_after(graph, operator)
    return _unseen(graph, stretch & graph.index.network if reaches_output(graph, operator) else stretch)


def _unseen(graph: Graph, operators: OperatorSet) -> Unknown | None:
    unseen = graph.index.members(operators & graph.index.of((Opaque, Alternatives)))
    return reason_of(cast("Opaque | Alternatives", unseen[0])) if unseen else None


def reason_of(operator: Opaque | Alternatives) -> Unknown:
    if isinstance(operator, Opaque):
        return Unknown(operator.reason or f"what `{operator.label}` does was not seen")
    return Unknown(operator.reason or "two branches could not be decided")


def origins(graph: Graph, operator: Operator, through: Kinds = MOVES) -> list[Operator]:
    """What a result is computed by, looking back through the kinds `through`; the origins of both branches of an undecided one.

    An operator that is not looked through is its own origin: ask for the origins of `loss.inputs[0]`.
    """
    found: list[Operator] = []
    pending = [operator]
    for node in pending:
        if isinstance(node, Alternatives):
            pending.extend(node.inputs)
        elif isinstance(node, through) and node.inputs:
            pending.append(node.inputs[0])
        else:
            found.append(node)
    return list(dict.fromkeys(found))
