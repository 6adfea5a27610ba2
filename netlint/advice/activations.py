"""What the network's activations would cost as ReLU, PReLU or ELU, at their own shapes (S22, S23)."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass

from netlint.advice.design import WIDTH, Sizes, known
from netlint.graph import Graph, Operator, Unknown
from netlint.graph import operators as ops
from netlint.graph.cost import flops
from netlint.verify import activation_costs

KINDS: tuple[Operator, ...] = (ops.ReLU(), ops.PReLU(init=0.1), ops.ELU())
REPLACEABLE = (ops.ReLU, ops.LeakyReLU, ops.PReLU, ops.RReLU, ops.ELU, ops.Sigmoid, ops.Tanh)
"""The activations that the document weighs against one another."""
MOST_ELEMENTS = 1 << 24
"""Larger tensors are not made to measure time: they would need gigabytes."""


@dataclass(frozen=True)
class ActivationCost:
    """All activations of a network as one kind: operations of the forward pass, bytes it reads and writes in single precision, and
    seconds forward and back on one thread (None: not measured)."""

    name: str
    flops: int
    bytes: int
    forward: float | None = None
    backward: float | None = None
    measured_with: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class ActivationTable:
    """`shapes` are those of the activations with how many have each, `now` the names of what they are. `unmeasured` says why
    there are no times, though they were asked for."""

    shapes: tuple[tuple[Sizes, int], ...]
    now: tuple[tuple[str, int], ...]
    costs: tuple[ActivationCost, ...]
    unmeasured: str = ""

    def as_json(self) -> dict[str, object]:
        return {
            "shapes": [{"shape": list(shape), "count": count} for shape, count in self.shapes],
            "now": dict(self.now),
            "costs": [cost.as_json() for cost in self.costs],
        }


def activation_table(graph: Graph, measure: bool = False) -> ActivationTable | Unknown:
    """The table for the activations of the network that could be one of `KINDS`. Times are measured only if asked for: they are noisy."""
    present = [operator for operator in graph.index.members(graph.index.network) if isinstance(operator, REPLACEABLE)]
    if not present:
        return Unknown("the network has no ReLU, sigmoid or the like")
    shapes = [sizes for operator in present if (sizes := known(operator)) is not None]
    if len(shapes) < len(present):
        return Unknown("the shapes of its activations are not known")
    counted = Counter(shapes)
    largest = max(math.prod(shape) for shape in counted)
    measurable = measure and largest <= MOST_ELEMENTS
    unmeasured = f"times are not measured on tensors of {largest:,} elements" if measure and not measurable else ""
    costs = tuple(_cost(kind, counted, measurable) for kind in KINDS)
    return ActivationTable(tuple(counted.items()), tuple(Counter(operator.name for operator in present).items()), costs, unmeasured)


def _cost(kind: Operator, shapes: Counter[Sizes], measure: bool) -> ActivationCost:
    operations, moved = 0, 0
    learned = sum(math.prod(size for size in shape if isinstance(size, int)) for shape in kind.parameter_shapes().values())
    for shape, count in shapes.items():
        operations += count * (flops(kind.apply(ops.Input(shape=shape), shape=shape)) or 0)
        moved += count * WIDTH * (2 * math.prod(shape) + learned)
    if not measure:
        return ActivationCost(kind.name, operations, moved)
    forward, backward, how = 0.0, 0.0, ""
    for shape, count in shapes.items():
        [timed] = activation_costs(shape, [kind])
        forward += count * (timed.forward or 0.0)
        backward += count * (timed.backward or 0.0)
        how = timed.measured_with
    return ActivationCost(kind.name, operations, moved, forward, backward, how)
