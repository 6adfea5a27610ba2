"""Patterns of operators that follow one another: `Sequence(Conv, maybe(BatchNorm), Activation, MaxPool)`.

A sequence is a chain in which each operator is the only reader of the one before, so that nothing else sees what is inside it. A miss
says why, and which operator is to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from netlint.graph.graph import Graph
from netlint.graph.operator import Operator
from netlint.graph.operators import Identity


@dataclass(frozen=True, slots=True)
class Step:
    """One place of a sequence: an operator of some kind that meets a condition; it may be missing, or stand several times."""

    kinds: tuple[type[Operator], ...]
    condition: Callable[[Operator], bool] = lambda _: True
    optional: bool = False
    repeated: bool = False

    def fits(self, operator: Operator) -> bool:
        return isinstance(operator, self.kinds) and self.condition(operator)

    def __str__(self) -> str:
        return " or ".join(kind.__name__ for kind in self.kinds)


Place: TypeAlias = "type[Operator] | Step"


def one(*kinds: type[Operator], where: Callable[[Operator], bool] = lambda _: True) -> Step:
    """Exactly one operator of the given kinds, for which `where` holds."""
    return Step(kinds, where)


def maybe(*kinds: type[Operator], where: Callable[[Operator], bool] = lambda _: True) -> Step:
    """One such operator, or none."""
    return Step(kinds, where, optional=True)


def several(*kinds: type[Operator], where: Callable[[Operator], bool] = lambda _: True) -> Step:
    """Any number of such operators, or none."""
    return Step(kinds, where, optional=True, repeated=True)


@dataclass(frozen=True, slots=True)
class Match:
    """The operators that were found, in order; those that were looked through are not among them."""

    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """Why the pattern is not there, and the operator that breaks it; `depth` is how many operators fitted before it."""

    reason: str
    at: Operator
    depth: int = 0


class Sequence:
    """A pattern of operators that follow one another, looking through those of the kinds `through`."""

    def __init__(self, *places: Place, through: tuple[type[Operator], ...] = (Identity,)) -> None:
        self.steps = tuple(place if isinstance(place, Step) else Step((place,)) for place in places)
        self.through = through

    def match(self, graph: Graph, first: Operator) -> Match | Miss:
        """The sequence that begins with an operator, as long as it can be; or why there is none, told by the attempt that got furthest."""
        return self._match(graph, first, 0, ())

    def find(self, graph: Graph) -> Iterator[Match]:
        """All places in a graph where the sequence stands."""
        for operator in graph.operators:
            found = self.match(graph, operator)
            if isinstance(found, Match):
                yield found

    def _match(self, graph: Graph, operator: Operator | None, place: int, found: tuple[Operator, ...]) -> Match | Miss:
        """The steps from `place` on, matched with a chain of readers that goes on with `operator` (None: it has ended)."""
        if place == len(self.steps):
            return Match(found)
        step = self.steps[place]
        misses: list[Miss] = []
        if operator is not None and step.fits(operator):
            reader = graph.only_consumer(operator, self.through)
            result = self._match(graph, reader, place if step.repeated else place + 1, (*found, operator))
            if isinstance(result, Match):
                return result
            misses.append(result)
        if step.optional:
            result = self._match(graph, operator, place + 1, found)
            if isinstance(result, Match):
                return result
            misses.append(result)
        if not misses:
            return _end(graph, found, step) if operator is None else Miss(f"{operator.name} where {step} is wanted", operator, len(found))
        return max(misses, key=lambda miss: miss.depth)


def _end(graph: Graph, found: tuple[Operator, ...], step: Step) -> Miss:
    """Why nothing follows the last operator: it, or one that is looked through, has not exactly one reader."""
    last = found[-1]
    while len(readers := graph.consumers(last)) == 1 and last not in graph.outputs:
        last = readers[0]
    if last in graph.outputs:
        return Miss(f"{last.name} is an output where {step} is to follow", last, len(found))
    count = "nothing reads" if not readers else f"{len(readers)} operators read"
    return Miss(f"{count} {last.name} where {step} is to follow", last, len(found))
