"""The typed graph of one network: its operators in order of application, its layers, and questions asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from netlint.graph.facts import EVERY_FACT, Fact
from netlint.graph.index import Index, Kinds
from netlint.graph.operator import Operator
from netlint.graph.operators import Alternatives, Input, Opaque, Select
from netlint.graph.parameter import Layer, Parameter
from netlint.graph.provenance import Site
from netlint.graph.training import TrainingContext
from netlint.graph.unknown import Int, Unknown

T = TypeVar("T", bound=Operator)


@dataclass(eq=False, slots=True)
class Blind:
    """A place that could not be seen, with the reason."""

    where: Site | None
    reason: str


@dataclass(eq=False)
class Graph:
    """One network, or one piece of code that computes on tensors without a network of its own (`root` is then None).

    `name` is what a user calls it (`AlexNet`, `vgg16`, `train.py:model`). `operators` are in order of application and hold
    the losses too where training code was read. `layers` are all module objects, applied or not, parents first.
    `frontend` is source, module or onnx. `concrete` is True when it was built with known arguments: its depth and widths
    are then those of a real network, not of a class seen on its own.
    """

    name: str
    frontend: str = "source"
    root: Layer | None = None
    operators: list[Operator] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    outputs: tuple[Operator, ...] = ()
    training: TrainingContext = field(default_factory=TrainingContext)
    blind: list[Blind] = field(default_factory=list)
    filename: str = ""
    site: Site | None = None
    concrete: bool = True
    parameters_unknown: Unknown | None = None
    """Why the parameter count is not exact, if construction itself could not be followed."""

    elsewhere: frozenset[int] = frozenset()
    """Ids of operators and training facts that are visible here but judged in another graph."""

    facts: frozenset[Fact] = EVERY_FACT
    """What the input can tell: source everything, an exported model little of its training."""

    _consumers: dict[int, list[Operator]] | None = field(default=None, repr=False)
    _applications: dict[int, list[Operator]] | None = field(default=None, repr=False)
    _index: Index | None = field(default=None, repr=False)

    def add(self, operator: T) -> T:
        """Appends an operator whose inputs are already set."""
        self.operators.append(operator)
        self.changed()
        return operator

    def changed(self) -> None:
        """Forgets what was computed about the graph; to be called after an edit other than `add` (inputs, outputs)."""
        self._consumers = None
        self._applications = None
        self._index = None

    @property
    def index(self) -> Index:
        """Reachability between the operators, computed when it is first asked for."""
        if self._index is None or self._index.outputs is not self.outputs:
            self._index = Index(self.operators, self.outputs)
        return self._index

    def of(self, kind: type[T]) -> Iterator[T]:
        """The operators of a kind, in order of application."""
        return (operator for operator in self.operators if isinstance(operator, kind))

    @property
    def inputs(self) -> list[Input]:
        return list(self.of(Input))

    # -- neighbours -------------------------------------------------------------------------------------------------

    def consumers(self, operator: Operator, through: Kinds = ()) -> list[Operator]:
        """The operators that read a result, in order; those of the kinds `through` are looked through."""
        if self._consumers is None:
            table: dict[int, list[Operator]] = {}
            for reader in self.operators:
                for source in dict.fromkeys(reader.inputs):
                    table.setdefault(id(source), []).append(reader)
            self._consumers = table
        found: dict[Operator, None] = {}
        looked_through: set[int] = set()
        pending = [operator]
        while pending:
            node = pending.pop()
            if node is not operator and not (through and isinstance(node, through)):
                found[node] = None
            elif id(node) not in looked_through:
                looked_through.add(id(node))
                pending.extend(reversed(self._consumers.get(id(node), ())))
        return list(found)

    def only_consumer(self, operator: Operator, through: Kinds = ()) -> Operator | None:
        """The one operator that reads a result; None when several do, when none does, or when it is an output of the network.

        Looking through an operator requires that it, too, is read only once.
        """
        while True:
            readers = self.consumers(operator)
            if len(readers) != 1 or operator in self.outputs:
                return None
            operator = readers[0]
            if not (through and isinstance(operator, through)):
                return operator

    def producer(self, operator: Operator, through: Kinds = ()) -> Operator | None:
        """What computes the first input, looking back through operators of the kinds `through`; None at an input of the graph."""
        while operator.inputs:
            operator = operator.inputs[0]
            if not (through and isinstance(operator, through)):
                return operator
        return None

    def upstream(self, operator: Operator, stop: Callable[[Operator], bool] = lambda _: False) -> Iterator[Operator]:
        """Everything an operator depends on, nearest first; does not look behind an operator for which `stop` is true."""
        return self._walk(operator, lambda node: node.inputs, stop)

    def downstream(self, operator: Operator, stop: Callable[[Operator], bool] = lambda _: False) -> Iterator[Operator]:
        """Everything that depends on an operator, nearest first; does not look behind an operator for which `stop` is true."""
        return self._walk(operator, self.consumers, stop)

    @staticmethod
    def _walk(start: Operator, step: Callable[[Operator], Iterable[Operator]], stop: Callable[[Operator], bool]) -> Iterator[Operator]:
        seen = {id(start)}
        queue = [start]
        for node in queue:
            for neighbour in step(node):
                if id(neighbour) in seen:
                    continue
                seen.add(id(neighbour))
                yield neighbour
                if not stop(neighbour):
                    queue.append(neighbour)

    # -- layers -----------------------------------------------------------------------------------------------------

    def applications(self, layer: Layer) -> list[Operator]:
        """The operators in which a layer is applied, in order."""
        if self._applications is None:
            self._applications = {}
            for operator in self.operators:
                if operator.layer is not None:
                    self._applications.setdefault(id(operator.layer), []).append(operator)
        return list(self._applications.get(id(layer), ()))

    def sees_all_consumers(self, operator: Operator) -> bool:
        """False when something unseen reads the result, so that "nothing else reads it" cannot be said."""
        return not any(isinstance(reader, (Opaque, Alternatives, Select)) for reader in self.consumers(operator))

    # -- parameters -------------------------------------------------------------------------------------------------

    def parameters(self) -> list[Parameter]:
        """The learned tensors of all registered layers, each once, in registration order."""
        found: dict[int, Parameter] = {}
        for layer in self.layers:
            if layer.registered:
                for parameter in layer.parameters.values():
                    found.setdefault(id(parameter), parameter)
        return list(found.values())

    def parameter_count(self) -> Int:
        """The exact number of learned elements, or Unknown with the first reason."""
        if self.parameters_unknown is not None:
            return self.parameters_unknown
        total = 0
        for parameter in self.parameters():
            count = parameter.count()
            if isinstance(count, Unknown):
                return count
            total += count
        return total
