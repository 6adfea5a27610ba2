"""Reachability between the operators of one graph, computed once and asked often.

Sets of operators are integers with one bit an operator, in topological order: the ancestors of an operator are then the union
(bitwise or) of its inputs' ancestors. A graph of 2,000 operators costs 2,000 integers of 250 bytes each way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from netlint.graph.operator import Operator

Kinds: TypeAlias = "type[Operator] | tuple[type[Operator], ...]"
OperatorSet: TypeAlias = int
"""A set of operators of one graph; bit i is the i-th operator in topological order."""


class Index:
    """What can be reached from where in one state of a graph; `memory` keeps the answers of queries about that state."""

    def __init__(self, operators: Sequence[Operator], outputs: tuple[Operator, ...]) -> None:
        self.order = _topological((*operators, *outputs))
        self.outputs = outputs
        self.memory: dict[tuple[object, ...], object] = {}
        self._position = {id(operator): position for position, operator in enumerate(self.order)}
        self._kinds: dict[Kinds, OperatorSet] = {}
        self._upstream: dict[OperatorSet, list[OperatorSet]] = {}
        self._downstream: dict[OperatorSet, list[OperatorSet]] = {}
        self._network: OperatorSet | None = None

    def bit(self, operator: Operator) -> OperatorSet:
        """The set that holds one operator."""
        return 1 << self._position_of(operator)

    def union(self, operators: Iterable[Operator]) -> OperatorSet:
        """The set that holds several operators."""
        members = 0
        for operator in operators:
            members |= self.bit(operator)
        return members

    def upstream(self, operator: Operator, ends: OperatorSet = 0) -> OperatorSet:
        """Everything an operator depends on, without itself; what is only reached through one of `ends` is left out."""
        if ends not in self._upstream:
            reached: list[OperatorSet] = []
            for position, node in enumerate(self.order):
                found = 0
                for source in map(self._position_of, node.inputs):
                    if source < position:  # no network has a cycle, but a hostile model file may
                        found |= 1 << source if ends >> source & 1 else reached[source] | 1 << source
                reached.append(found)
            self._upstream[ends] = reached
        return self._upstream[ends][self._position_of(operator)]

    def downstream(self, operator: Operator, ends: OperatorSet = 0) -> OperatorSet:
        """Everything that depends on an operator, without itself; what is only reached through one of `ends` is left out."""
        if ends not in self._downstream:
            reached = [0] * len(self.order)
            for position in range(len(self.order) - 1, -1, -1):
                onward = 1 << position if ends >> position & 1 else reached[position] | 1 << position
                for source in map(self._position_of, self.order[position].inputs):
                    reached[source] |= onward
            self._downstream[ends] = reached
        return self._downstream[ends][self._position_of(operator)]

    def _position_of(self, operator: Operator) -> int:
        return self._position[id(operator)]

    @property
    def network(self) -> OperatorSet:
        """The outputs and all that they are computed from: what is behind the outputs (losses, metrics) is not part of it."""
        if self._network is None:
            self._network = self.union(self.outputs)
            for output in self.outputs:
                self._network |= self.upstream(output)
        return self._network

    def of(self, kinds: Kinds) -> OperatorSet:
        """All operators of the given kinds."""
        if kinds not in self._kinds:
            self._kinds[kinds] = self.where(lambda operator: isinstance(operator, kinds))
        return self._kinds[kinds]

    def where(self, holds: Callable[[Operator], bool]) -> OperatorSet:
        """All operators for which a condition holds."""
        members = 0
        for position, operator in enumerate(self.order):
            if holds(operator):
                members |= 1 << position
        return members

    def members(self, operators: OperatorSet) -> list[Operator]:
        """The operators of a set, in topological order."""
        found = []
        while operators:
            lowest = operators & -operators
            found.append(self.order[lowest.bit_length() - 1])
            operators ^= lowest
        return found


def _topological(operators: Sequence[Operator]) -> list[Operator]:
    """The operators and everything they read, each behind its inputs, otherwise in the order of application."""
    order: list[Operator] = []
    seen: set[int] = set()
    for root in operators:
        pending: list[tuple[Operator, bool]] = [(root, False)]
        while pending:
            node, inputs_done = pending.pop()
            if inputs_done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                pending.append((node, True))
                pending.extend((source, False) for source in reversed(node.inputs))
    return order
