"""What is trained: losses, totals and the parameters behind them."""

from __future__ import annotations

from netlint.graph.graph import Graph
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Loss,
)
from netlint.graph.parameter import Parameter
from netlint.graph.queries.memory import remembered
from netlint.graph.training import Optimizer
from netlint.graph.unknown import Unknown


def trained_totals(graph: Graph, operator: Operator) -> list[Operator]:
    """The results on which `backward()` is called and which are, or depend on, an operator's result.

    Training code may stand outside the network's own graph, so it is walked from its results.
    """
    return [total for total in graph.training.backward if total is operator or id(operator) in _behind(graph, total)]


@remembered
def _behind(graph: Graph, operator: Operator) -> dict[int, Operator]:
    """Everything that an operator depends on, by id, nearest first."""
    return {id(node): node for node in graph.upstream(operator)}


def trained_losses(graph: Graph) -> list[Loss]:
    """The losses behind the results on which `backward()` is called; where no call is seen, the losses in the graph."""
    totals = graph.training.backward
    if not totals:
        return list(graph.of(Loss))
    behind = dict.fromkeys(node for total in totals for node in (total, *_behind(graph, total).values()))
    return [node for node in behind if isinstance(node, Loss)]


def parameters_behind(graph: Graph, operator: Operator) -> list[Parameter]:
    """The learned tensors of the layers that a result depends on: those of all networks behind a loss, in the order of application."""
    layers = dict.fromkeys(node.layer for node in reversed([*graph.upstream(operator)]) if node.layer is not None)
    return list(dict.fromkeys(parameter for layer in layers for parameter in layer.parameters.values()))


def decouples_decay(optimizer: Optimizer) -> bool | Unknown:
    """Whether an optimizer shrinks the weights apart from their gradient (arXiv 1711.05101), instead of adding lambda w to it (L2)."""
    if optimizer.kind in ("AdamW", "Adafactor"):
        return True
    flag = optimizer.options.get("decoupled_weight_decay", False)
    return flag if isinstance(flag, (bool, Unknown)) else bool(flag)
