"""Other operators in the place of one, none at all, or one more behind it."""

from __future__ import annotations

import onnx

from netlint.fixes.onnx.editing import Bench, reads
from netlint.fixes.onnx.region import Region, region_of, span_of
from netlint.fixes.onnx.translation import written
from netlint.fixes.proposal import Refusal
from netlint.graph import Operator
from netlint.graph.operators import Input


def replace(model: onnx.ModelProto, old: Operator, new: tuple[Operator, ...]) -> None:
    """Puts templates in the place of an operator, or removes it; `model` is changed.

    What only the old nodes needed goes with them, except for weights; what others read of their inner values stays.
    """
    span = span_of(old)
    bench = Bench(model, span.home)
    region = region_of(bench, old, span)
    if len(region.reads) != 1 or len(region.gives) != 1:
        raise Refusal(f"the {old.name} reads or gives several tensors")
    [source], [result] = region.reads, region.gives
    last = _giver(region, result)
    if len([name for name in last.output if name]) > 1:
        raise Refusal(f"a node of the {old.name} gives several tensors")
    nodes = written(bench, new, source, result) if new else []
    order: list[onnx.NodeProto] = []
    for node in bench.graph.node:
        order += nodes if node is last else [node]
    bench.put(order)
    if not new:
        _join(bench, source, result)
    _drop_unread(bench, region, last)


def insert_after(model: onnx.ModelProto, after: Operator, new: Operator) -> None:
    """Applies a template to what an operator gives, before anything else reads it; `model` is changed.

    Readers and users of the model find the new value under the old name; only an input of the model keeps its own.
    """
    span = span_of(after)
    bench = Bench(model, span.home)
    if isinstance(after, Input):
        _behind_input(bench, after, new)
        return
    region = region_of(bench, after, span)
    if len(region.gives) != 1:
        raise Refusal(f"the {after.name} gives several tensors")
    [result] = region.gives
    giver = _giver(region, result)
    inner = bench.fresh(f"{result}_before_{new.name}")
    bench.state(inner, like=result)
    nodes = written(bench, [new], inner, result)
    for node in region.nodes:
        if node is not giver:
            bench.read_instead([node], result, inner)
    for place, name in enumerate(giver.output):
        if name == result:
            giver.output[place] = inner
    order: list[onnx.NodeProto] = []
    for node in bench.graph.node:
        order += [node, *nodes] if node is giver else [node]
    bench.put(order)


def _behind_input(bench: Bench, after: Input, new: Operator) -> None:
    name = after.label
    if not bench.is_input(name) or bench.is_output(name):
        raise Refusal(f"`{name}` is no plain input of the model")
    inner = bench.fresh(f"{name}_behind_{new.name}")
    bench.read_instead(bench.graph.node, name, inner)
    bench.state(inner, like=name)
    nodes = written(bench, [new], name, inner)
    bench.put([*nodes, *bench.graph.node])


def _giver(region: Region, result: str) -> onnx.NodeProto:
    return next(node for node in region.nodes if result in node.output)


def _join(bench: Bench, source: str, result: str) -> None:
    """Lets what read the result read the source. An output of the graph keeps its name: the source takes it over, or is copied."""
    if not bench.is_output(result):
        bench.read_instead(bench.graph.node, result, source)
        bench.forget([result])
        return
    maker = bench.producer(source)
    if maker is None or bench.is_output(source) or bench.is_input(source):
        copy = onnx.helper.make_node("Identity", [source], [result], name=bench.fresh(f"{result}/Identity"))
        bench.put([*bench.graph.node, copy])
        return
    for place, name in enumerate(maker.output):
        if name == source:
            maker.output[place] = result
    bench.read_instead(bench.graph.node, source, result)
    bench.forget([source])


def _drop_unread(bench: Bench, region: Region, gone: onnx.NodeProto) -> None:
    """Drops the nodes of a region, but for the one that is gone already, whose results nobody reads any more."""
    candidates = {name for node in (*region.nodes, *region.fixed) if node is not gone for name in node.output if name}
    outputs = {entry.name for entry in bench.graph.output}
    while True:
        read = outputs.union(*(reads(node) for node in bench.graph.node))
        kept: list[onnx.NodeProto] = []
        dropped: list[onnx.NodeProto] = []
        for node in bench.graph.node:
            names = {name for name in node.output if name}
            (dropped if names <= candidates and not names & read else kept).append(node)
        if not dropped:
            return
        bench.forget(name for node in dropped for name in node.output)
        bench.put(kept)
