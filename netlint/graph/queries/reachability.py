"""What reaches what, and what depends on data."""

from __future__ import annotations

from netlint.graph.graph import Graph
from netlint.graph.index import Kinds, OperatorSet
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Constant,
    Detach,
    Identity,
    Input,
    Norm,
    Opaque,
    Select,
)
from netlint.graph.queries.memory import remembered


def reaches(graph: Graph, operator: Operator, kinds: Kinds) -> bool:
    """Whether an operator of the given kinds reads the result, directly or through others."""
    return bool(graph.index.downstream(operator) & graph.index.of(kinds))


def comes_from(graph: Graph, operator: Operator, kinds: Kinds) -> bool:
    """Whether the result depends on an operator of the given kinds, directly or through others."""
    return bool(graph.index.upstream(operator) & graph.index.of(kinds))


def is_upstream(graph: Graph, first: Operator, second: Operator) -> bool:
    """Whether `second` depends on the result of `first`."""
    return bool(graph.index.upstream(second) & graph.index.bit(first))


def between(graph: Graph, first: Operator, second: Operator) -> list[Operator]:
    """The operators on all paths from `first` to `second`, without both ends."""
    index = graph.index
    return index.members(index.downstream(first) & index.upstream(second))


def norm_between(graph: Graph, first: Operator, second: Operator) -> Norm | None:
    """The first normalisation layer on a path from `first` to `second`."""
    return next((node for node in between(graph, first, second) if isinstance(node, Norm)), None)


def reaches_output(graph: Graph, operator: Operator) -> bool:
    """Whether an output of the network is the operator's result or depends on it."""
    return bool(graph.index.network & graph.index.bit(operator))


@remembered
def depends_on_data(graph: Graph, operator: Operator) -> bool:
    """Whether the result changes with the network's input; what could not be seen is taken to depend on it."""
    index = graph.index
    return bool((index.upstream(operator) | index.bit(operator)) & (index.of((Input, Opaque)) | _handed_in(graph)))


@remembered
def _handed_in(graph: Graph) -> OperatorSet:
    """The tensors that a script makes outside of all modules and hands to layers: a data set in memory, noise for a generator."""
    index = graph.index
    layers = index.where(lambda node: node.weighted and node.layer is not None)
    made = index.where(lambda node: isinstance(node, Constant) and node.scope is None and _is_made(node))
    return index.union(node for node in index.members(made) if index.downstream(node) & layers)


def _is_made(constant: Constant) -> bool:
    """Whether code made a tensor (`torch.randn(8, 3)`, `torch.tensor(rows)`), rather than wrote a number."""
    return constant.value is not None and constant.shape != ()


def data_inputs(graph: Graph, operator: Operator) -> list[Operator]:
    """The distinct operands that depend on the network's input: no weights, buffers or numbers."""
    return [source for source in dict.fromkeys(operator.inputs) if depends_on_data(graph, source)]


def same_data(first: Operator, second: Operator) -> bool:
    """Whether two results are certainly the same values: the same operator, or the same piece of one, through copies."""
    first, second = _behind_copies(first), _behind_copies(second)
    if isinstance(first, Select) and isinstance(second, Select):
        return first.index == second.index and same_data(first.inputs[0], second.inputs[0])
    return first is second


def _behind_copies(operator: Operator) -> Operator:
    while isinstance(operator, (Identity, Detach)) and operator.inputs:
        operator = operator.inputs[0]
    return operator
