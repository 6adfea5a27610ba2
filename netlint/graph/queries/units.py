"""Hidden units: what feeds them and what they feed."""

from __future__ import annotations

from collections.abc import Hashable

from netlint.graph.graph import Graph
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Activation,
    Add,
    Concat,
    Conv,
    Dropout,
    Embedding,
    Linear,
    LocalResponseNorm,
    Norm,
    Pool,
    Reduce,
    Resample,
)
from netlint.graph.parameter import Layer
from netlint.graph.queries.memory import MOVES, remembered
from netlint.graph.queries.reachability import data_inputs
from netlint.graph.queries.weights import is_weighted, origins
from netlint.graph.unknown import Int

PASSES = (*MOVES, Norm, LocalResponseNorm, Dropout, Pool, Resample)
"""Operators that hand features on to the next layer: normalised, pooled, dropped or moved, but not computed with."""


@remembered
def fed_by(graph: Graph, operator: Operator) -> list[Operator]:
    """The weighted operators that an operator gets its features from: nothing but `PASSES`, sums and concatenations in between."""
    found: list[Operator] = []
    pending = data_inputs(graph, operator)
    seen = {id(node) for node in pending}
    for node in pending:
        if is_weighted(graph, node):
            found.append(node)
        elif isinstance(node, (Add, Concat)) or _hands_on(node):
            fresh = [source for source in data_inputs(graph, node) if id(source) not in seen]
            seen.update(id(source) for source in fresh)
            pending.extend(fresh)
    return found


@remembered
def feeds(graph: Graph, operator: Operator) -> list[Operator]:
    """The weighted operators that compute with an operator's result as features: nothing but `PASSES` and sums in between.

    A concatenation hands it on only together with the results of other activations: what is set beside raw data or logits is
    a result of its own (a mask, a heat map, a refined estimate).
    """
    found: list[Operator] = []
    pending = [operator]
    seen = {id(operator)}
    for node in pending:
        for reader in graph.consumers(node):
            if id(reader) in seen:
                continue
            seen.add(id(reader))
            if is_weighted(graph, reader):
                found.append(reader)
            elif isinstance(reader, Add) or _hands_on(reader) or (isinstance(reader, Concat) and _joins_features(graph, reader)):
                pending.append(reader)
    return found


def _hands_on(operator: Operator) -> bool:
    """Whether an operator is one of `PASSES`, or a pooling written as a reduction (`x.mean([2, 3])`)."""
    return isinstance(operator, PASSES) or (isinstance(operator, Reduce) and operator.how in ("mean", "max", "amax"))


def _joins_features(graph: Graph, concat: Concat) -> bool:
    return all(isinstance(node, Activation) for source in concat.inputs for node in origins(graph, source, PASSES))


def class_count(graph: Graph, logits: Operator) -> int | None:
    """The number of classes of logits, or of what is computed from them: the width of the one layer that feeds it, if known."""
    layers = [logits] if is_weighted(graph, logits) else fed_by(graph, logits)
    widths = {
        layer.out_features if isinstance(layer, Linear) else layer.out_channels for layer in layers if isinstance(layer, (Linear, Conv))
    }
    width = widths.pop() if len(widths) == 1 else None
    return width if isinstance(width, int) else None


def feature_size(operator: Operator) -> int | None:
    """The size of a result's last dimension, known behind a linear layer or an embedding even where the rank is not."""
    while operator.shape is None and operator.keeps_shape and len(operator.inputs) == 1:
        operator = operator.inputs[0]
    match operator:
        case _ if operator.shape:
            size: Int | None = operator.shape[-1]
        case Linear():
            size = operator.out_features
        case Embedding():
            size = operator.embedding_dim
        case _:
            size = None
    return size if isinstance(size, int) else None


def same_place(graph: Graph, operator: Operator) -> list[Operator]:
    """All applications at the place in the code where an operator is applied (a loop, a block used several times), itself included."""
    if operator.site is None:
        return [operator]
    return _by_place(graph).get(operator.site.key, [operator])


@remembered
def _by_place(graph: Graph) -> dict[Hashable, list[Operator]]:
    """The operators applied at each place."""
    places: dict[Hashable, list[Operator]] = {}
    for node in graph.operators:
        if node.site is not None:
            places.setdefault(node.site.key, []).append(node)
    return places


def network_of(operator: Operator) -> Layer | None:
    """The outermost module in which an operator is applied; None for one that stands in no module."""
    layer = operator.layer or operator.scope
    while layer is not None and layer.parent is not None:
        layer = layer.parent
    return layer
