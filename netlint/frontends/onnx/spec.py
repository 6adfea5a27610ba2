"""How an ONNX operator becomes one of the graph's: what it is built from, and which of its operands are data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netlint.frontends.onnx.ir import Node
from netlint.graph.operator import Operator
from netlint.graph.unknown import Unknown

Build = Callable[[Node], Operator]


@dataclass(frozen=True, slots=True)
class Spec:
    """One kind of ONNX node.

    `build` makes the operator from the node's attributes and constant operands. `reads` are the places of the operands that the
    operator reads (None: all). `weight` is the place of the learned tensor: where it is part of the file the operator is a layer of
    its own, else (computed from data) it is a functional call that reads all operands. `several` says that the results are read with
    `Select`.
    """

    build: Build
    reads: tuple[int, ...] | Callable[[Node], tuple[int, ...]] | None = (0,)
    weight: int | None = None
    several: bool = False

    def places(self, node: Node) -> tuple[int, ...]:
        """The operands of this node that are read."""
        everything = tuple(range(len(node.inputs)))
        if self.reads is None or (self.weight is not None and not self.is_layer(node)):
            return everything
        return self.reads(node) if callable(self.reads) else self.reads

    def is_layer(self, node: Node) -> bool:
        """Whether the node has weights of its own."""
        value = node.input(self.weight) if self.weight is not None else None
        return value is not None and value.static


def simple(kind: Callable[..., Operator], **fixed: object) -> Build:
    """An operator without attributes that differ."""
    return lambda _: kind(**fixed)


def unknown(what: str) -> Unknown:
    """A fact that neither the file nor its constants state."""
    return Unknown(f"{what} is not stated in the file")
