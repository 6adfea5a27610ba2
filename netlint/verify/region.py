"""Where two networks differ: the operators that are not alike in both, cut out of the networks.

Two operators, of either network, have the same number when they compute the same value from the same inputs and weights (value
numbering, from the inputs on). Going back from the results, operators that do the same to what they read are taken off in pairs: they
give equal results if what they read is equal. What is left between are regions. A region reads values that have a number in both networks,
so these become free inputs; and it gives pairs of values that must be equal for the networks to be. That a region's results are equal for
all values of its inputs is more than the networks need, so where it fails, it is asked again of a wider region.

Linear maps with the same weights, and operators that cannot be run, are anchors: the n-th in one network is taken for the n-th in the
other, and that what both read is equal becomes something to show. (By induction along the first network that is enough: each anchor's
input is the same function of anchors in both.) So a network with a change in every block falls apart into as many small regions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields
from typing import TypeAlias

from netlint.graph import Graph, Location, Operator, Parameter, Unknown
from netlint.graph import operators as ops
from netlint.graph.queries import is_weighted
from netlint.verify.state import Remap, State
from netlint.verify.tape import runnable

Pair: TypeAlias = tuple[Operator, Operator]
PLACEMENT = frozenset({"inputs", "layer", "site", "scope", "shape", "inplace"})
"""The fields of an operator that say where it stands, not what it computes."""
UNREPEATABLE = (ops.Opaque, ops.Alternatives, ops.GumbelSoftmax, ops.Input)
"""Operators that may give something else each time they are applied."""


def sinks(graph: Graph) -> list[Operator]:
    """What a network gives: its outputs, then what nothing reads (a loss, a value that code keeps aside), in order."""
    read = {id(source) for operator in graph.index.order for source in operator.inputs}
    outputs = {id(output) for output in graph.outputs}
    idle = [op for op in graph.index.order if id(op) not in read and id(op) not in outputs and not isinstance(op, ops.Input)]
    return [*graph.outputs, *idle]


@dataclass
class Region:
    """A piece of both networks. `inputs` are values that both have, as pairs; `results` are pairs that ought to be equal."""

    results: tuple[Pair, ...]
    inputs: tuple[Pair, ...]
    before: tuple[Operator, ...]
    after: tuple[Operator, ...]
    open: frozenset[int] = frozenset()
    """The numbers of the values that are computed here although both networks have them."""

    @property
    def unrunnable(self) -> Unknown | None:
        """Why the region cannot be run, if it cannot."""
        reasons = (runnable(operator) for operator in (*self.before, *self.after))
        return next((reason for reason in reasons if reason is not None), None)


class Alignment:
    """Which operators of two networks are alike. `remap` leads from the state_dict of the first to that of the second. `norms` makes
    anchors of all layers with a state, not of linear maps alone: smaller regions, in which less can be shown."""

    def __init__(
        self, before: Graph, after: Graph, states: tuple[State, State], remap: Remap, around: Iterable[Operator] = (), norms: bool = True
    ) -> None:
        self.graphs = before, after
        self._states = states
        self._remap = remap
        self._norms = norms
        self._table: dict[Hashable, int] = {}
        self._signatures: dict[int, Hashable] = {}
        self.numbers: dict[int, int] = {}
        self._anchors = self._paired_anchors()
        firsts = self._number(0), self._number(1)
        self.twins: dict[int, Pair] = {number: (firsts[0][number], firsts[1][number]) for number in firsts[0].keys() & firsts[1].keys()}
        """The values that both networks have, by number."""
        self.open = frozenset(self.numbers[id(operator)] for operator in around if id(operator) in self.numbers)
        self._parents: dict[tuple[int, int], list[Pair]] = {}
        self._unseen: dict[tuple[int, int], Unknown] = {}

    def _number(self, side: int) -> dict[int, Operator]:
        """Numbers one network's operators; gives the first operator of each number."""
        firsts: dict[int, Operator] = {}
        times: Counter[Hashable] = Counter()
        turns = self._turns(side)
        for operator in self.graphs[side].index.order:
            signature = self._signatures[id(operator)]
            key: Hashable = (signature, tuple(self.numbers.get(id(source), -1) for source in operator.inputs))
            if id(operator) in self._anchored:
                key = ("anchor", self._anchored[id(operator)])
            elif id(operator) in turns:
                key = (key, turns[id(operator)])
            elif self._repeats_differ(operator):
                times[key] += 1
                key = (key, times[key])
            number = self.numbers[id(operator)] = self._table.setdefault(key, len(self._table))
            firsts.setdefault(number, operator)
        return firsts

    def _turns(self, side: int) -> dict[int, int]:
        """The places of constants of unknown value among those that look alike, in the order in which the code makes them: two buffers
        of one shape that change places where they are read are still the first and the second."""
        alike: dict[Hashable, list[tuple[Location, int]]] = {}
        for operator in self.graphs[side].index.order:
            if isinstance(operator, ops.Constant) and self._repeats_differ(operator) and operator.site is not None:
                alike.setdefault(self._signatures[id(operator)], []).append((operator.site.location(), id(operator)))
        # sorting is stable: of several that one line makes, those that are read first come first
        made = (sorted(group, key=lambda one: one[0]) for group in alike.values())
        return {number: place for group in made for place, (_, number) in enumerate(group)}

    def _paired_anchors(self) -> list[Pair]:
        """The anchors of both networks: of a signature that both have equally often, the n-th with the n-th."""
        tables: list[dict[Hashable, list[Operator]]] = [{}, {}]
        for side, graph in enumerate(self.graphs):
            for operator in graph.index.order:
                signature = self._signatures[id(operator)] = self.signature(operator, side)
                own = bool(self._states[side].names(operator.layer))
                weighted = own and (self._norms or is_weighted(graph, operator))
                if operator.inputs and (weighted or runnable(operator) is not None) and not isinstance(operator, ops.Select):
                    tables[side].setdefault(signature, []).append(operator)
        pairs = [
            pair
            for signature, mine in tables[0].items()
            if len(theirs := tables[1].get(signature, [])) == len(mine)
            for pair in zip(mine, theirs, strict=True)
            if len(pair[0].inputs) == len(pair[1].inputs)
        ]
        self._anchored = {id(operator): place for place, pair in enumerate(pairs) for operator in pair}
        return pairs

    @staticmethod
    def _repeats_differ(operator: Operator) -> bool:
        """Whether two operators that look alike may give different values: random ones, unseen ones, constants of unknown value."""
        unknown = isinstance(operator, ops.Constant) and not isinstance(operator.value, (int, float))
        return unknown or operator.random_in_training or isinstance(operator, UNREPEATABLE)

    def signature(self, operator: Operator, side: int) -> Hashable:
        """What an operator does to what it reads. An unknown option is taken for the same where it is unknown for the same reason:
        the code that was not seen is the same before and after."""
        state = self._states[side]
        rename = self._remap.key if side == 0 else str
        layer = operator.layer
        own = tuple((name, rename(key)) for name, key in sorted(state.names(layer).items()))
        wrapped = layer.wrapped if layer is not None else ()
        if isinstance(operator, ops.Constant) and operator.shape is not None:
            own = (*own, ("shape", str(self._plain(operator.shape, side))))
        hidden = PLACEMENT | {"label", "loader"} if isinstance(operator, ops.Input) else PLACEMENT  # inputs count by their place
        options = tuple(self._plain(getattr(operator, field.name), side) for field in fields(operator) if field.name not in hidden)
        return (type(operator), options, own, wrapped)

    def _plain(self, value: object, side: int) -> Hashable:
        match value:
            case Parameter():
                key = self._states[side].key(value)
                return self._remap.key(key) if side == 0 else key
            case Unknown():
                return ("unknown", value.reason)
            case Operator():  # a tensor that an option is given
                return (self.signature(value, side), tuple(self._plain(source, side) for source in value.inputs))
            case tuple() | list():
                return tuple(self._plain(part, side) for part in value)
            case slice():
                return ("slice", self._plain(value.start, side), self._plain(value.stop, side), self._plain(value.step, side))
            case bool() | int() | float() | str() | None:
                return (type(value).__name__, repr(value))
        return type(value).__name__

    # -- regions ------------------------------------------------------------------------------------------------------

    @property
    def shape_of_results(self) -> str | None:
        """Why the results of the two networks cannot be paired; None if they can."""
        first, second = (graph.outputs for graph in self.graphs)
        if len(first) != len(second):
            return f"the network gave {len(first)} results, it now gives {len(second)}"
        return None

    def regions(self) -> list[Region]:
        """The smallest regions in which the networks differ; those that share an operator are one."""
        wanted = list(zip(self.graphs[0].outputs, self.graphs[1].outputs, strict=True))
        idle = [sinks(graph)[len(graph.outputs) :] for graph in self.graphs]
        wanted += _matched(idle[0], idle[1], self.numbers, self._signatures)
        for pair in self._anchors:
            reads = list(zip(pair[0].inputs, pair[1].inputs, strict=True))
            wanted += reads
            reason = runnable(pair[0])
            if reason is not None:
                self._unseen |= {(id(first), id(second)): reason for first, second in reads}
        wanted += [self.twins[number] for number in self.open if number in self.twins]
        frontier = self._frontier(wanted)
        return self._joined([self._cut((pair,), self.open) for pair in frontier])

    def _frontier(self, wanted: Iterable[Pair]) -> list[Pair]:
        """The pairs that must be equal and are not by what they are: those where taking off in pairs ends."""
        found: dict[tuple[int, int], Pair] = {}
        seen: set[tuple[int, int]] = set()
        pending = list(wanted)
        while pending:
            first, second = pair = pending.pop()
            key = (id(first), id(second))
            if key in seen:
                continue
            seen.add(key)
            number = self.numbers[id(first)]
            opened = number in self.open
            if number == self.numbers[id(second)] and not opened:
                continue
            alike = self._signatures[id(first)] == self._signatures[id(second)] and len(first.inputs) == len(second.inputs)
            if alike and first.inputs and not opened:
                for inner in zip(first.inputs, second.inputs, strict=True):
                    self._parents.setdefault((id(inner[0]), id(inner[1])), []).append(pair)
                    pending.append(inner)
            else:
                found[key] = pair
        return list(found.values())

    def _cut(self, results: tuple[Pair, ...], open: frozenset[int]) -> Region:
        """The operators behind some pairs, as far as the values that both networks have."""
        inputs: dict[int, Pair] = {}
        sides: list[tuple[Operator, ...]] = []
        for side in (0, 1):
            members: set[int] = set()
            pending = [pair[side] for pair in results]
            while pending:
                operator = pending.pop()
                number = self.numbers[id(operator)]
                if id(operator) in members:
                    continue
                if number in self.twins and number not in open and not isinstance(operator, (ops.Weight, ops.Constant)):
                    inputs.setdefault(number, self.twins[number])
                    continue
                if isinstance(operator, ops.Constant) and runnable(operator) is not None and number in self.twins:
                    inputs.setdefault(number, self.twins[number])
                    continue
                members.add(id(operator))
                pending.extend(operator.inputs)
            sides.append(tuple(operator for operator in self.graphs[side].index.order if id(operator) in members))
        return Region(results, tuple(inputs[number] for number in sorted(inputs)), sides[0], sides[1], open)

    def _joined(self, regions: list[Region]) -> list[Region]:
        """Regions that share an operator become one."""
        groups: list[tuple[set[int], list[Pair]]] = []
        for region in regions:
            members = {id(operator) for operator in (*region.before, *region.after)}
            results = list(region.results)
            for other in [group for group in groups if group[0] & members]:
                groups.remove(other)
                members |= other[0]
                results = [*other[1], *results]
            groups.append((members, results))
        return [self._cut(tuple(results), self.open) for _, results in groups]

    def widened(self, region: Region) -> Region | None:
        """The region with one more operator in each direction, where that operator is no linear map and can be run; None if there is none.

        Behind a linear map any value can stand, so there is nothing to learn upstream of it; downstream it would only blur a difference.
        """
        results: dict[tuple[int, int], Pair] = {}
        for pair in region.results:
            parents = self._parents.get((id(pair[0]), id(pair[1])), [])
            for parent in parents if parents and all(self._passable(one, 0) for one, _ in parents) else [pair]:
                results[(id(parent[0]), id(parent[1]))] = parent
        opened = region.open | {self.numbers[id(first)] for first, _ in region.inputs if self._passable(first, 0) and first.inputs}
        if opened == region.open and tuple(results.values()) == region.results:
            return None
        wider = self._cut(tuple(results.values()), frozenset(opened))
        return wider if wider.unrunnable is None else None

    def read_unseen(self, region: Region) -> Unknown | None:
        """Why it is not known whether a difference in a region matters: an operator that cannot be run reads its results."""
        pending = [(id(first), id(second)) for first, second in region.results]
        return next((self._unseen[key] for key in pending if key in self._unseen), None)

    def _passable(self, operator: Operator, side: int) -> bool:
        return not is_weighted(self.graphs[side], operator) and runnable(operator) is None


def _matched(first: list[Operator], second: list[Operator], numbers: dict[int, int], signatures: dict[int, Hashable]) -> list[Pair]:
    """Pairs of values that nothing reads: those alike, and of the others the n-th of a kind with the n-th. One without a partner is code
    that has no effect on the results, and is left out."""
    known = {numbers[id(operator)] for operator in first} & {numbers[id(operator)] for operator in second}
    rest = [[operator for operator in side if numbers[id(operator)] not in known] for side in (first, second)]
    pairs: list[Pair] = []
    for operator in rest[0]:
        partner = next((other for other in rest[1] if signatures[id(other)] == signatures[id(operator)]), None)
        partner = partner or next((other for other in rest[1] if type(other) is type(operator)), None)
        if partner is None and isinstance(operator, ops.Loss):
            partner = next((other for other in rest[1] if isinstance(other, ops.Loss)), None)
        if partner is not None:
            rest[1].remove(partner)
            pairs.append((operator, partner))
    return pairs
