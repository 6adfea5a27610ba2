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
        self._upstream: list[OperatorSet] = []
        self._downstream: list[OperatorSet] = []
        self._network: OperatorSet | None = None

    def bit(self, operator: Operator) -> OperatorSet:
        """The set that holds one operator."""
        return 1 << self._position[id(operator)]

    def union(self, operators: Iterable[Operator]) -> OperatorSet:
        """The set that holds several operators."""
        members = 0
        for operator in operators:
            members |= self.bit(operator)
        return members

    def upstream(self, operator: Operator) -> OperatorSet:
        """Everything an operator depends on, without itself."""
        if not self._upstream:
            for node in self.order:
                reached = 0
                for source in node.inputs:
                    reached |= self._upstream_so_far(source)
                self._upstream.append(reached)
        return self._upstream[self._position[id(operator)]]

    def _upstream_so_far(self, source: Operator) -> OperatorSet:
        position = self._position[id(source)]
        is_cycle = position >= len(self._upstream)  # no network has one, but a hostile model file may
        return 0 if is_cycle else self._upstream[position] | 1 << position

    def downstream(self, operator: Operator) -> OperatorSet:
        """Everything that depends on an operator, without itself."""
        if not self._downstream:
            reached = [0] * len(self.order)
            for position in range(len(self.order) - 1, -1, -1):
                for source in self.order[position].inputs:
                    reached[self._position[id(source)]] |= reached[position] | 1 << position
            self._downstream = reached
        return self._downstream[self._position[id(operator)]]

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
