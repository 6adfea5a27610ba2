"""The nodes of a file that one operator stands for."""

from __future__ import annotations

from dataclasses import dataclass

import onnx

from netlint.fixes.onnx.editing import Bench, reads
from netlint.fixes.proposal import Refusal
from netlint.frontends.onnx.ir import STANDARD
from netlint.frontends.onnx.sites import NodeSite, Span
from netlint.graph import Operator
from netlint.graph.operators import Input, Select


@dataclass(frozen=True, slots=True)
class Region:
    """`nodes` depend on what the operator reads, in the order of the file; `fixed` are those beside them that only make constants."""

    nodes: tuple[onnx.NodeProto, ...]
    fixed: tuple[onnx.NodeProto, ...]
    reads: tuple[str, ...]
    gives: tuple[str, ...]

    @property
    def inside(self) -> tuple[str, ...]:
        """The values that nodes of the region give to each other."""
        return tuple(name for node in self.nodes for name in node.output if name and name not in self.gives)

    def has(self, node: onnx.NodeProto) -> bool:
        return any(own is node for own in self.nodes)


def span_of(operator: Operator) -> Span:
    """Where an operator stands in its file. Raises Refusal for one that is a part of something else there."""
    site = operator.site
    if isinstance(operator, Input):
        return Span((), (), (operator.label,))
    span = site.span if isinstance(site, NodeSite) else None
    if span is None:
        raise Refusal(f"the file does not have the {operator.name} as nodes of its own: it is a part of another operator or of a function")
    if isinstance(operator, Select):
        if not isinstance(operator.index, int) or not 0 <= operator.index < len(span.gives):
            raise Refusal(f"which result of `{span.gives[0]}` it is cannot be told")
        return Span(span.home, span.reads, (span.gives[operator.index],))
    return span


def region_of(bench: Bench, operator: Operator, span: Span) -> Region:
    """The nodes between what an operator reads and what it gives. Raises Refusal if there are none, or if something else feeds them."""
    made = {name: node for node in bench.graph.node for name in node.output if name}
    stored, edge = bench.stored(), set(span.reads)
    pending = [name for name in span.gives if name]
    found: dict[int, onnx.NodeProto] = {}
    while pending:
        name = pending.pop()
        node = made.get(name)
        if node is None:
            if name not in stored:
                raise Refusal(f"the {operator.name} also reads `{name}`, by a way that is not followed")
            continue
        if id(node) not in found:
            found[id(node)] = node
            pending.extend(read for read in reads(node) if read not in edge)
    ordered = [node for node in bench.graph.node if id(node) in found]
    _refuse_quantized(bench, operator, span, ordered)
    moving: dict[str, None] = dict.fromkeys(span.reads)
    data, fixed = [], []
    for node in ordered:
        if any(name in moving for name in reads(node)):
            data.append(node)
            moving.update(dict.fromkeys(node.output))
        else:
            fixed.append(node)
    if not data or not set(filter(None, span.gives)) <= moving.keys() - edge:
        raise Refusal(f"the nodes of the {operator.name} are not where they were read")
    return Region(tuple(data), tuple(fixed), span.reads, tuple(name for name in span.gives if name))


def _refuse_quantized(bench: Bench, operator: Operator, span: Span, nodes: list[onnx.NodeProto]) -> None:
    for node in nodes:
        if "Quantize" in node.op_type or "QLinear" in node.op_type or node.op_type.endswith("Integer"):
            raise Refusal(f"the {operator.name} works on quantised tensors (`{node.op_type}`)")
        if node.domain not in STANDARD:
            raise Refusal(f"the {operator.name} is the operator `{node.domain}.{node.op_type}`, which netlint does not write")
    if bench.annotated([*span.reads, *span.gives, *(name for node in nodes for name in node.output)]):
        raise Refusal(f"the file states quantisation parameters for the tensors of the {operator.name}")
