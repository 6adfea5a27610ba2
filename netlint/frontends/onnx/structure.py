"""What must hold of a model's graphs before anything reads them: an order to compute them in, and functions that end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

from netlint.frontends.errors import InputError
from netlint.frontends.onnx.load import subgraphs

FunctionKey = tuple[str, str, str]
"""Domain, name and overload."""

MOST_NODES = 200_000
"""Nodes of a model with its functions inlined. Networks have at most some tens of thousands."""


def check(model: onnx.ModelProto) -> None:
    """Brings the nodes of all graphs into an order of computation. Raises InputError for a graph that has none (a cycle), for a
    value that two nodes give, for functions that call themselves or that grow past any network."""
    _check_functions(model)
    pending: list[onnx.GraphProto | onnx.FunctionProto] = [model.graph, *model.functions]
    while pending:
        graph = pending.pop()
        _check_text(graph)
        _order(graph)
        for node in graph.node:
            pending.extend(subgraphs(node))


def called(node: onnx.NodeProto) -> FunctionKey:
    """The function that a node calls, if there is one."""
    return node.domain, node.op_type, getattr(node, "overload", "")


def functions(model: onnx.ModelProto) -> dict[FunctionKey, onnx.FunctionProto]:
    """The model's own functions."""
    return {(function.domain, function.name, getattr(function, "overload", "")): function for function in model.functions}


def nodes_within(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Nodes and those of their subgraphs."""
    pending = [iter(nodes)]
    while pending:
        node = next(pending[-1], None)
        if node is None:
            pending.pop()
            continue
        yield node
        pending.extend(iter(graph.node) for graph in subgraphs(node))


def _check_text(graph: onnx.GraphProto | onnx.FunctionProto) -> None:
    """Protobuf gives bytes in the place of text that is none; what is not a name cannot be looked up."""
    names: list[object] = [graph.name]
    if isinstance(graph, onnx.GraphProto):
        for entries in (graph.input, graph.output, graph.value_info, graph.initializer):
            names.extend(entry.name for entry in entries)
    else:
        names += [graph.domain, *graph.input, *graph.output, *graph.attribute]
    for node in graph.node:
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
        names += [text for attribute in node.attribute for text in (attribute.name, attribute.ref_attr_name)]
        names += [text for entry in node.metadata_props for text in (entry.key, entry.value)]
    broken = next((name for name in names if not isinstance(name, str)), None)
    if broken is not None:
        raise InputError(f"the name {broken!r} is not text: the protobuf is broken")


def _check_functions(model: onnx.ModelProto) -> None:
    table = functions(model)
    sizes: dict[FunctionKey, int] = {}

    def size(nodes: Iterable[onnx.NodeProto]) -> int:
        return sum(sizes.get(called(node), 1) for node in nodes_within(nodes))

    waiting = {key: [called(node) for node in nodes_within(function.node) if called(node) in table] for key, function in table.items()}
    while waiting:
        ready = [key for key, callees in waiting.items() if all(callee in sizes for callee in callees)]
        if not ready:
            names = ", ".join(f"`{name}`" for _, name, _ in sorted(waiting))
            raise InputError(f"the functions {names} call themselves, directly or through one another: ONNX allows no recursion")
        for key in ready:
            sizes[key] = size(table[key].node)
            del waiting[key]
    total = size(model.graph.node)
    if total > MOST_NODES:
        raise InputError(f"the model has {total} nodes with its functions inlined; netlint reads at most {MOST_NODES}")


def _order(graph: onnx.GraphProto | onnx.FunctionProto) -> None:
    """Sorts nodes behind those that they read, if they are not; otherwise keeps their order."""
    maker: dict[str, int] = {}
    for place, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in maker:
                first = graph.node[maker[name]]
                raise InputError(f"two nodes give the value `{name}`: {_shown(first)} and {_shown(node)}")
            maker[name] = place
    needs = [sorted({maker[name] for name in _reads(node) if name in maker}) for node in graph.node]
    if all(before < place for place, befores in enumerate(needs) for before in befores):
        return
    order = _sorted(needs, graph)
    nodes = [onnx.NodeProto.FromString(graph.node[place].SerializeToString()) for place in order]
    del graph.node[:]
    graph.node.extend(nodes)


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """The names that a node reads, those that its subgraphs take from outside among them."""
    yield from node.input
    for inner in nodes_within(inner for graph in subgraphs(node) for inner in graph.node):
        yield from inner.input
    for graph in subgraphs(node):
        yield from (output.name for output in graph.output)


def _sorted(needs: list[list[int]], graph: onnx.GraphProto | onnx.FunctionProto) -> list[int]:
    """Depth first, so that nodes stay as near to their old places as can be."""
    order: list[int] = []
    state = [0] * len(needs)  # 1: begun, 2: done
    for start in range(len(needs)):
        pending = [start]
        while pending:
            place = pending[-1]
            if state[place] == 0:
                state[place] = 1
                behind = [before for before in needs[place] if state[before] < 2]
                circle = [before for before in behind if state[before] == 1]
                if circle:
                    raise InputError(_cycle(pending, circle[0], state, graph))
                pending.extend(reversed(behind))
            else:
                pending.pop()
                if state[place] == 1:
                    state[place] = 2
                    order.append(place)
    return order


def _cycle(pending: list[int], back: int, state: list[int], graph: onnx.GraphProto | onnx.FunctionProto) -> str:
    begun = [place for place in pending if state[place] == 1]
    circle = begun[begun.index(back) :]
    few = 6
    names = [_shown(graph.node[place]) for place in circle]
    shown = " <- ".join(names[:few]) + (f" and {len(names) - few} more" if len(names) > few else "")
    return f"the graph `{graph.name}` has a cycle, so it cannot be computed: {shown}"


def _shown(node: onnx.NodeProto) -> str:
    return f"`{node.name or (node.output[0] if node.output else '?')}` ({node.op_type})"
