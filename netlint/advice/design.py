"""What a network is: depth, widths, parameters and cost, from its graph alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from netlint.graph import Graph, Int, Operator, Unknown
from netlint.graph import operators as ops
from netlint.graph.cost import flops
from netlint.graph.queries import is_weighted, weight_depth

Sizes = tuple[int, ...]
WIDTH = 4
"""Bytes of a number in single precision."""

HOLDS_NOTHING = (
    *(ops.Input, ops.Weight, ops.Constant, ops.Select, ops.Identity, ops.Detach, ops.Flatten, ops.Unflatten, ops.Reshape),
    *(ops.Permute, ops.Squeeze, ops.Unsqueeze, ops.Expand, ops.Slice, ops.Split),
)
"""Operators whose results are another view of what is there already."""


@dataclass(frozen=True)
class Design:
    """A network in numbers. `depth` counts weight layers on the longest path, `widths` are the output features of the weight layers in the
    order of application. `shapes` are those of the inputs (None: not known); `flops` count one forward pass at them, `results` are the
    bytes of all results in single precision, of which training keeps at most so many for the backward pass."""

    depth: int
    widths: tuple[int | None, ...]
    parameters: Int
    shapes: tuple[Sizes, ...] | None
    flops: int | None
    results: int | None

    @classmethod
    def of(cls, graph: Graph) -> Design:
        operators = graph.index.members(graph.index.network)
        widths = tuple(_width(operator) for operator in operators if is_weighted(graph, operator))
        shapes = input_shapes(graph)
        operations = results = None
        if shapes is not None:
            operations = _sum([flops(operator) for operator in operators])
            results = _sum([_bytes(operator) for operator in operators if not isinstance(operator, HOLDS_NOTHING)])
        return cls(weight_depth(graph), widths, graph.parameter_count(), shapes, operations, results)

    def as_json(self) -> dict[str, object]:
        return {
            "depth": self.depth,
            "widths": list(self.widths),
            "parameters": None if isinstance(self.parameters, Unknown) else self.parameters,
            "inputs": None if self.shapes is None else [list(shape) for shape in self.shapes],
            "flops": self.flops,
            "result_bytes": self.results,
        }


def input_shapes(graph: Graph) -> tuple[Sizes, ...] | None:
    """The shapes of what a network's outputs are computed from; None where one is not known to the last size."""
    found = []
    for operator in graph.inputs:
        if graph.index.bit(operator) & graph.index.network:
            sizes = known(operator)
            if sizes is None:
                return None
            found.append(sizes)
    return tuple(found) or None


def first_unpriced(graph: Graph) -> Operator | None:
    """The first operator of a network whose cost is not known."""
    return next((operator for operator in graph.index.members(graph.index.network) if flops(operator) is None), None)


def known(operator: Operator) -> Sizes | None:
    """The shape of an operator's result, if all of it is known."""
    sizes = tuple(size for size in operator.shape or () if isinstance(size, int))
    return sizes if operator.shape is not None and len(sizes) == len(operator.shape) else None


def _width(operator: Operator) -> int | None:
    size: object = None
    match operator:
        case ops.Linear():
            size = operator.out_features
        case ops.Conv():
            size = operator.out_channels
        case ops.Recurrent() | ops.RecurrentCell():
            size = operator.hidden_size
        case _ if operator.shape:
            size = operator.shape[-1]
    return size if isinstance(size, int) else None


def _bytes(operator: Operator) -> int | None:
    sizes = known(operator)
    return None if sizes is None else WIDTH * math.prod(sizes)


def _sum(counts: Sequence[int | None]) -> int | None:
    """The sum, if all are known."""
    numbers = [count for count in counts if count is not None]
    return sum(numbers) if len(numbers) == len(counts) else None
