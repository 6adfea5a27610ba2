"""How an ONNX operator becomes one of the graph's: what it is built from, and which of its operands are data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import onnx

from netlint.frontends.onnx.ir import Node
from netlint.frontends.torch_api.spec import Read
from netlint.graph.operator import Operator
from netlint.graph.unknown import Unknown

Build = Callable[[Node], Operator]

INERT = frozenset({"storage_order", "stash_type", "consumed_inputs", "is_test", "seed"})
"""The attributes that change no result that a network reads, or no result in evaluation mode."""


@cache
def default_attributes(kind: str, domain: str, version: int) -> Mapping[str, object]:
    """What the attributes of a standard operator are where they are left out."""
    try:
        schema = onnx.defs.get_schema(kind, version or onnx.defs.onnx_opset_version(), domain if domain != "ai.onnx" else "")
    except (onnx.defs.SchemaError, TypeError):  # none such, or a version that is no 32-bit number
        return {}
    given = {name: attribute.default_value for name, attribute in schema.attributes.items() if attribute.default_value.type}
    found = {name: onnx.helper.get_attribute_value(value) for name, value in given.items()}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


def _plain(value: object) -> object:
    """An attribute as a graph can hold it: numbers and text, or lists of them."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return value if isinstance(value, (bool, int, float, str)) else Unknown("an attribute that is a tensor or a graph")


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

    def operator(self, node: Node) -> Operator:
        """The operator of a node. What `build` does not ask for of its attributes, and is not at its default, is kept in `further`."""
        whole, noted = node.attributes, Read(node.attributes)
        node.attributes = noted
        try:
            operator = self.build(node)
        finally:
            node.attributes = whole
        left = {name: value for name, value in whole.items() if name not in noted.read and name not in INERT}
        defaults = default_attributes(node.kind, node.domain, node.version) if left else {}
        operator.further += tuple((name, _plain(value)) for name, value in left.items() if value != defaults.get(name))
        return operator

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
