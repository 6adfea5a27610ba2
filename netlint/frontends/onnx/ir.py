"""What is between the file and the graph: nodes and values as plain objects, functions inlined and branches unfolded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from netlint.graph.unknown import Int, Shape, Unknown

OWN = "netlint"
"""The domain of the node kinds that only this front end makes: recognised patterns, joins of branches, what is not known."""
STANDARD = ("", "ai.onnx")

CONSTANT = frozenset(
    "Constant ConstantOfShape Range EyeLike Shape Size RandomNormal RandomNormalLike RandomUniform RandomUniformLike Multinomial Bernoulli "
    "HannWindow HammingWindow BlackmanWindow MelWeightMatrix".split()
)
"""The operators whose results are the same whatever the data are, or only depend on their sizes."""


Home = tuple[tuple[str, str], ...]
"""Which graph of a file a value stands in: from the main graph inwards, a result of the node that holds a subgraph, and its attribute."""


@dataclass(eq=False, slots=True)
class Value:
    """One tensor. `array` holds its elements where they are known, as an object array if some of them are Unknown.

    `stored` is True for an initialiser: its elements are part of the file, whether or not they were read. `static` is True for
    what is computed from such values alone. `learned` is what the exporter says of an initialiser: True a parameter, False a buffer or
    constant, None nothing. `home` is the graph of the file that has the value under this name; None for what only the reader made, and
    in functions, whose bodies stand for several places.
    """

    name: str
    shape: Shape | None = None
    element: int = 0
    array: np.ndarray | None = None
    stored: bool = False
    static: bool = False
    learned: bool | None = None
    producer: Node | None = None
    home: Home | None = None

    @property
    def rank(self) -> int | None:
        return None if self.shape is None else len(self.shape)


@dataclass(eq=False, slots=True)
class Node:
    """One operation. `name` is as in the file, `metadata` what the exporter wrote beside it, `caller` the name of the function
    call that it comes from, `version` the operator set's. `stands_for` are the nodes that a recognised pattern replaces."""

    kind: str
    domain: str = ""
    inputs: list[Value | None] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    attributes: dict[str, object] = field(default_factory=dict)
    name: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    caller: str = ""
    version: int = 0
    stands_for: tuple[Node, ...] = ()

    @property
    def label(self) -> str:
        """The node as messages call it."""
        return self.name or (self.outputs[0].name if self.outputs else self.kind)

    @property
    def standard(self) -> bool:
        return self.domain in STANDARD

    def input(self, place: int) -> Value | None:
        """One operand; None where it is left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def array(self, place: int) -> np.ndarray | None:
        """The elements of one operand, if known."""
        value = self.input(place)
        return None if value is None else value.array

    def shape(self, place: int) -> Shape | None:
        """The shape of one operand, if known."""
        value = self.input(place)
        return None if value is None else value.shape

    def size(self, place: int, dim: int, what: str) -> Int:
        """The size of one operand along one dimension; `what` names it where it is not known."""
        shape = self.shape(place)
        return shape[dim] if shape is not None and -len(shape) <= dim < len(shape) else Unknown(what)

    def integer(self, name: str, default: int) -> int:
        value = self.attributes.get(name, default)
        return value if isinstance(value, int) else default

    def number(self, name: str, default: float) -> float:
        value = self.attributes.get(name, default)
        return float(value) if isinstance(value, (int, float)) else default

    def text(self, name: str, default: str = "") -> str:
        value = self.attributes.get(name, default)
        return value if isinstance(value, str) else default

    def integers(self, name: str) -> tuple[int, ...] | None:
        """A list of integers; None where it is not there."""
        value = self.attributes.get(name)
        return tuple(value) if isinstance(value, (list, tuple)) and all(isinstance(item, int) for item in value) else None


@dataclass(eq=False, slots=True)
class Program:
    """A whole model: nodes in order of application, and what enters and leaves. `lost` says what could not be followed."""

    nodes: list[Node] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    lost: list[tuple[Node | None, str]] = field(default_factory=list)

    def readers(self) -> dict[Value, list[Node]]:
        """The nodes that read each value, in order."""
        table: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                if value is not None:
                    table.setdefault(value, []).append(node)
        return table

    def mark_static(self) -> None:
        """Finds the values that do not depend on any input; but a learned layer of a constant (a table of positions) is a layer."""
        for node in self.nodes:
            for value in node.inputs:
                if value is not None and value.producer is None:
                    value.static = value.stored
            operands = [value for value in node.inputs if value is not None]
            static = node.domain != OWN and all(value.static for value in operands) and (bool(operands) or node.kind in CONSTANT)
            for value in node.outputs:
                value.static = static and not maps_constant(node)

    def keep_needed(self) -> None:
        """Drops the nodes that no output depends on (all are kept in a model without outputs)."""
        if not self.outputs:
            return
        needed: set[int] = set()
        pending: list[Node] = producers(self.outputs)
        while pending:
            node = pending.pop()
            if id(node) not in needed:
                needed.add(id(node))
                pending.extend(producers(node.inputs))
        self.nodes = [node for node in self.nodes if id(node) in needed]


def producers(values: Iterable[Value | None]) -> list[Node]:
    """The nodes that make some values."""
    return [value.producer for value in values if value is not None and value.producer is not None]


def origin(value: Value | None) -> Value | None:
    """The stored tensor that a static value is computed from, by the first operand each time; None where there is none."""
    while value is not None and not value.stored:
        if value.producer is None:
            return None
        value = next((source for source in value.producer.inputs if source is not None), None)
    return value


def maps_constant(node: Node) -> bool:
    """Whether a product applies a learned matrix to something that the exporter says is not learned."""
    if node.kind not in ("MatMul", "Gemm") or node.input(0) is None:
        return False
    matrix, constant = origin(node.input(1)), origin(node.input(0))
    return matrix is not None and matrix.learned is True and constant is not None and constant.learned is False
