"""Which ONNX operator is which of the graph's."""

from __future__ import annotations

from collections.abc import Mapping

from netlint.frontends.onnx import neural, tensors
from netlint.frontends.onnx.fold import fold
from netlint.frontends.onnx.ir import OWN, Node, Program
from netlint.frontends.onnx.spec import Spec

SPECS: Mapping[str, Spec] = {**tensors.SPECS, **neural.SPECS}


def spec_of(node: Node) -> Spec | None:
    """How a node becomes an operator; None for what is not known."""
    if node.domain == OWN:
        return neural.RECOGNIZED.get(node.kind)
    return SPECS.get(node.kind) if node.standard else None


def places_of(node: Node) -> tuple[int, ...]:
    """The operands of a node that its operator reads."""
    spec = spec_of(node)
    places = spec.places(node) if spec is not None else range(len(node.inputs))
    return tuple(place for place in places if node.input(place) is not None)


def settle(program: Program) -> None:
    """Shapes where onnx's inference gave none (behind sizes that are computed in the graph), by the operators' own arithmetic."""
    for node in program.nodes:
        if not node.outputs:
            continue
        if node.outputs[0].array is None:
            fold(node)
        spec = spec_of(node)
        if node.outputs[0].shape is None and spec is not None and not spec.several:
            node.outputs[0].shape = spec.build(node).infer(tuple(node.shape(place) for place in places_of(node)))
