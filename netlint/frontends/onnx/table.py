"""Which ONNX operator is which of the graph's."""

from __future__ import annotations

from collections.abc import Mapping

from netlint.frontends.onnx import neural, tensors
from netlint.frontends.onnx.fold import fold
from netlint.frontends.onnx.ir import OWN, Node, Program
from netlint.frontends.onnx.spec import Spec

RECURRENT = ("LSTM", "GRU", "RNN")
_OF_TWO = frozenset("Add Sub Mul Div Pow MatMul Gemm Gather Conv ConvTranspose BatchNormalization PRelu".split())
"""Operators that need two operands."""

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


def is_complete(node: Node) -> bool:
    """Whether a node has the operands without which its operator makes no sense: one at least, both factors, a weight."""
    spec = spec_of(node)
    if spec is None:
        return True
    needed = {0, *(spec.reads if isinstance(spec.reads, tuple) else ()), *([1] if node.kind in _OF_TWO else [])}
    return all(node.input(place) is not None for place in needed)


def settle(program: Program) -> None:
    """The shapes that the file does not state, by the operators' own arithmetic, and the sizes that are computed from them."""
    for node in program.nodes:
        if node.outputs and node.outputs[0].array is None:
            fold(node)
        spec = spec_of(node)
        if spec is None or not is_complete(node) or all(value.shape is not None for value in node.outputs):
            continue
        if node.kind in RECURRENT:
            for value, shape in zip(node.outputs, neural.recurrent_shapes(node), strict=False):
                value.shape = value.shape or shape
            continue
        operator, shapes = spec.operator(node), tuple(node.shape(place) for place in places_of(node))
        for index, value in enumerate(node.outputs):
            if value.shape is None:
                plain = index == 0 and not (spec.several and len(node.outputs) > 1)
                value.shape = operator.infer(shapes) if plain else operator.infer_result(index, shapes)
