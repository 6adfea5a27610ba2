"""One graph of a model file, to be edited: what reads and gives each value by name, new names, and the types of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import onnx

from netlint.fixes.proposal import Refusal
from netlint.frontends.onnx.ir import Home
from netlint.frontends.onnx.load import subgraphs
from netlint.frontends.onnx.structure import nodes_within

Nodes: TypeAlias = Sequence[onnx.NodeProto]


class Bench:
    """A model that is being changed, and the one of its graphs that an operator stands in."""

    def __init__(self, model: onnx.ModelProto, home: Home) -> None:
        self.model = model
        self.around = [model.graph]
        """The main graph, and those inwards from there; the last one is edited."""
        for result, attribute in home:
            node = next((node for node in self.graph.node if node.output and node.output[0] == result), None)
            inner = next((entry.g for entry in node.attribute if entry.name == attribute), None) if node is not None else None
            if inner is None:
                raise Refusal("the graph that it stands in is not there any more")
            self.around.append(inner)
        self._used = set(_names(model))

    @property
    def graph(self) -> onnx.GraphProto:
        return self.around[-1]

    @property
    def opset(self) -> int:
        """The version of the standard operators."""
        return next((entry.version for entry in self.model.opset_import if entry.domain in ("", "ai.onnx")), 1)

    # -- values -------------------------------------------------------------------------------------------------------

    def producer(self, name: str) -> onnx.NodeProto | None:
        """The node of the graph that gives a value."""
        return next((node for node in self.graph.node if name in node.output), None)

    def stored(self) -> set[str]:
        """The names of the weights that can be read in the graph."""
        names = {tensor.name for graph in self.around for tensor in graph.initializer}
        return names | {tensor.values.name for graph in self.around for tensor in graph.sparse_initializer}

    def is_input(self, name: str) -> bool:
        """Whether a value is handed to the graph by whoever runs it."""
        return any(entry.name == name for entry in self.graph.input)

    def is_output(self, name: str) -> bool:
        return any(entry.name == name for entry in self.graph.output)

    def readers(self, name: str) -> list[onnx.NodeProto]:
        """The nodes of the graph that read a value, themselves or in their subgraphs."""
        return [node for node in self.graph.node if name in reads(node)]

    def fresh(self, wish: str) -> str:
        """A name that no value of the model has."""
        name, number = wish, 1
        while name in self._used:
            number += 1
            name = f"{wish}_{number}"
        self._used.add(name)
        return name

    # -- edits --------------------------------------------------------------------------------------------------------

    def read_instead(self, nodes: Iterable[onnx.NodeProto], old: str, new: str) -> None:
        """Lets nodes, and what is in their subgraphs, read another value."""
        for node in nodes_within(nodes):
            for place, name in enumerate(node.input):
                if name == old:
                    node.input[place] = new
            for graph in subgraphs(node):
                for output in graph.output:
                    if output.name == old:  # handed out of the subgraph as it came in
                        raise Refusal(f"a subgraph of `{node.name or node.op_type}` gives `{old}` as its result")

    def put(self, nodes: Nodes) -> None:
        """Makes these the graph's nodes, in this order; they may be some of those that it has."""
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del self.graph.node[:]
        self.graph.node.extend(copies)

    def forget(self, names: Iterable[str]) -> None:
        """Drops what is stated of values that are not there any more, or that are others now."""
        gone = set(names)
        for graph in self.around:
            kept = [entry for entry in graph.value_info if entry.name not in gone]
            if len(kept) < len(graph.value_info):
                kept = [onnx.ValueInfoProto.FromString(entry.SerializeToString()) for entry in kept]
                del graph.value_info[:]
                graph.value_info.extend(kept)

    def state(self, name: str, like: str) -> None:
        """States that a new value has the type and shape of another, if these are stated."""
        known = self.stated(like)
        if known is not None:
            entry = self.graph.value_info.add()
            entry.name = name
            entry.type.CopyFrom(known.type)

    def stated(self, name: str) -> onnx.ValueInfoProto | None:
        """What the file says of a value's type."""
        for graph in reversed(self.around):
            entries: list[onnx.ValueInfoProto] = [*graph.value_info, *graph.output, *graph.input]
            found = next((entry for entry in entries if entry.name == name and entry.type.HasField("tensor_type")), None)
            if found is not None:
                return found
        return None

    def annotated(self, names: Iterable[str]) -> bool:
        """Whether the file holds quantisation parameters for some values."""
        wanted = set(names)
        return any(entry.tensor_name in wanted for graph in self.around for entry in graph.quantization_annotation)


def reads(node: onnx.NodeProto) -> set[str]:
    """The names of all values that a node reads, also within its subgraphs."""
    names: set[str] = set()
    for inner in nodes_within([node]):
        names.update(inner.input)
        for graph in subgraphs(inner):
            names.update(output.name for output in graph.output)
    return names - {""}


def _names(model: onnx.ModelProto) -> Iterator[str]:
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        for entries in (graph.input, graph.output, graph.value_info, graph.initializer):
            yield from (entry.name for entry in entries)
        for node in graph.node:
            yield node.name
            yield from node.input
            yield from node.output
            graphs.extend(subgraphs(node))
