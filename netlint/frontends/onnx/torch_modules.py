"""Modules of PyTorch put together again from the nodes that they were exported as.

The exporter notes beside each node the module and the call that it comes from. A module that is one operator of the graph is put
together again from its nodes; the formulas of `patterns` do the same for models without such notes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netlint.frontends.onnx.ir import OWN, Node, Program, Value, producers
from netlint.frontends.onnx.layers import class_name
from netlint.frontends.onnx.rewrite import final
from netlint.frontends.onnx.sites import arguments, call, modules

FEW = 64
"""How many nodes are searched for a draw of random numbers."""

Build = Callable[["Group"], "list[Node] | None"]


_END = Node("", OWN)


class Group:
    """The consecutive nodes that one application of a module was written out as."""

    def __init__(self, nodes: Sequence[Node], read_elsewhere: set[int]) -> None:
        self.nodes = nodes
        made = {id(value) for node in nodes for value in node.outputs}
        inputs = (value for node in nodes for value in node.inputs if value is not None and id(value) not in made)
        self.inputs = [value for value in dict.fromkeys(inputs) if not value.static and value.array is None]
        self.outputs = [value for node in nodes for value in node.outputs if id(value) in read_elsewhere]

    def count(self, *kinds: str) -> int:
        return sum(node.kind in kinds for node in self.nodes)

    def last(self) -> Node | None:
        """The node that gives the one result; None if there are several."""
        return self.outputs[0].producer if len(self.outputs) == 1 else None

    def weights(self, rank: int) -> list[Value]:
        """The stored tensors of a rank that the nodes multiply with, in order."""
        products = (node for node in self.nodes if node.kind in ("MatMul", "Gemm"))
        return [value for node in products for value in node.inputs if value is not None and value.static and value.rank == rank]

    def arguments(self) -> list[float]:
        """The numbers among the arguments of the first PyTorch call that has some."""
        return next((found for found in map(arguments, self.nodes) if found), [])


def restore(program: Program) -> None:
    """Puts one node in the place of the nodes of each module that is one operator."""
    if not any(modules(node) for node in program.nodes):
        return
    readers = program.readers()
    outputs = {id(value) for value in program.outputs}
    nodes: list[Node] = []
    run: list[Node] = []
    leaf: object = None
    for node in [*program.nodes, _END]:
        if _is_fixed(node):
            nodes.append(node)  # sizes and weights that are computed in between belong to no application
            continue
        key = _leaf(node)
        if key is None or key != leaf:
            nodes.extend(_restored(run, readers, outputs))
            run, leaf = [], key
        if node is not _END:
            run.append(node)
    program.nodes = nodes


def _is_fixed(node: Node) -> bool:
    """Whether a node computes a size or a weight, and no data."""
    return bool(node.outputs) and all(value.static or value.array is not None for value in node.outputs)


def _leaf(node: Node) -> tuple[str, str, str] | None:
    """The module that is one operator and in which a node stands, by path, class and, if several calls are not one, by call."""
    called = call(node)
    for path, kind in modules(node):
        name = class_name(kind).removeprefix("torch.nn.")
        if name in _WHOLE:
            return path, name, ""
        if name in _SINGLE and called is not None:
            return path, name, called[0]
    return None


def _restored(run: list[Node], readers: Mapping[Value, list[Node]], outputs: set[int]) -> list[Node]:
    leaf = _leaf(run[0]) if run else None
    if leaf is None:
        return run
    inside = {id(node) for node in run}

    def leaves(value: Value) -> bool:
        return any(id(reader) not in inside and not _is_fixed(reader) for reader in readers.get(value, ()))

    read = {id(value) for node in run for value in node.outputs if leaves(value)}
    group = Group(run, read | outputs)
    built = {**_WHOLE, **_SINGLE}[leaf[1]](group)
    return run if built is None else built


# -- single functions -----------------------------------------------------------------------------------------------------


def _one(kind: str, domain: str = "", **places: int) -> Build:
    """An operator on the one input; `places` are those of its attributes among the numbers of the call."""

    def build(group: Group) -> list[Node] | None:
        last, given = group.last(), group.arguments()
        if last is None or len(group.inputs) != 1:
            return None
        attributes = {name: given[place] for name, place in places.items() if place < len(given)}
        return [final(last, kind, group.inputs, attributes, domain=domain)]

    return build


def _pool(kind: str) -> Build:
    """Adaptive pooling, to the size of the result."""

    def build(group: Group) -> list[Node] | None:
        last = group.last()
        shape = last.outputs[0].shape if last is not None else None
        if last is None or len(group.inputs) != 1 or shape is None or not all(isinstance(size, int) for size in shape[2:]):
            return None
        return [final(last, kind, group.inputs, {"output_size": list(shape[2:])}, domain=OWN)]

    return build


def _hardtanh(group: Group) -> list[Node] | None:
    last = group.last()
    if last is None or last.kind != "Clip":
        return None
    return [final(last, "Hardtanh", last.inputs, last.attributes, domain=OWN)]


def _shrink(soft: bool) -> Build:
    def build(group: Group) -> list[Node] | None:
        last, given = group.last(), group.arguments()
        if last is None or len(group.inputs) != 1:
            return None
        lambd = given[0] if given else 0.5
        return [final(last, "Shrink", group.inputs, {"lambd": lambd, "bias": lambd if soft else 0.0})]

    return build


def _dropout(kind: str, domain: str = "") -> Build:
    """A mask that was exported as the random numbers it is made of: those that are drawn are 1 with the probability of keeping."""

    def build(group: Group) -> list[Node] | None:
        last, draw = group.last(), _draw(group)
        if last is None or draw is None or len(group.inputs) != 1:
            return None
        given = arguments(draw)
        return [final(last, kind, group.inputs, {"ratio": 1 - given[0]} if given and 0 <= given[0] <= 1 else {}, domain=domain)]

    return build


def _draw(group: Group) -> Node | None:
    """A node that was exported from a call of `bernoulli`, in a group or behind the numbers that it reads."""
    pending: list[Node] = list(group.nodes)
    seen: set[int] = set()
    for node in pending:
        called = call(node)
        if called is not None and "bernoulli" in called[1]:
            return node
        for source in producers(value for value in node.inputs if value is not None and value.static):
            if id(source) not in seen and len(seen) < FEW:
                seen.add(id(source))
                pending.append(source)
    return None


# -- modules of several layers --------------------------------------------------------------------------------------------


def _attention(group: Group) -> list[Node] | None:
    """Projections, attention and output projection: all of it, or nothing."""
    last, matrices = group.last(), group.weights(2)
    if last is None or not group.count("Softmax", "Attention") or len(matrices) < 2 or not 1 <= len(group.inputs) <= 5:
        return None
    width = min(size for size in matrices[-1].shape or () if isinstance(size, int))
    query, *others = group.inputs
    operands = [query, *(others[:2] if len(others) > 1 else [*(others or [query]), *(others or [query])])]
    shape = query.shape
    attributes: dict[str, object] = {"embed_dim": width}
    heads = _heads(group, width)
    if heads is not None:
        attributes["num_heads"] = heads
    biases = [node for node in group.nodes if node.kind == "Add" and any(value is not None and value.static for value in node.inputs)]
    biased = biases or any(node.kind in ("Gemm", "MatMul") and node.input(2) is not None for node in group.nodes)
    node = final(last, "MultiheadAttention", operands, {**attributes, "bias": int(bool(biased))}, domain=OWN)
    if node.outputs[0].shape is None:
        node.outputs[0].shape = shape
    return [node]


def _heads(group: Group, width: int) -> int | None:
    """The number of heads: the width over that of the head, by which the scores' factors are as wide."""
    for node in group.nodes:
        if node.kind == "MatMul" and node.inputs[1] is not None and not node.inputs[1].static and node.input(0) is not None:
            shape = node.shape(0)
            if shape and isinstance(shape[-1], int) and shape[-1] and width % shape[-1] == 0:
                return width // shape[-1]
    return None


def _recurrent(group: Group) -> list[Node] | None:
    """The layers of one recurrent network; each result is what the last of them gives."""
    layers = [node for node in group.nodes if node.kind in ("LSTM", "GRU", "RNN")]
    if not layers or not group.inputs or not group.outputs:
        return None
    first, top = layers[0], layers[-1]
    places = [_result(value, layers) for value in group.outputs]
    if None in places or len(set(places)) < len(places):
        return None
    sequence = _source(first.inputs[0], group)
    states = [value for value in group.inputs if value is not sequence][:2]
    if sequence is None:
        return None
    node = final(top, first.kind, [sequence, first.input(1), first.input(2), first.input(3), None, *states], first.attributes)
    node.attributes["num_layers"] = len(layers)
    node.attributes["layout"] = int(first.inputs[0] is not sequence)
    node.outputs = [Value("") for _ in range(max(place for place in places if place is not None) + 1)]
    for value, place in zip(group.outputs, places, strict=True):
        node.outputs[place or 0] = value
    for value in node.outputs:
        value.producer = node
    return [node]


def _source(value: Value | None, group: Group) -> Value | None:
    """The input of a group that a value is a rearrangement of."""
    while value is not None and value not in group.inputs:
        value = value.producer.input(0) if value.producer is not None else None
    return value


def _result(value: Value, layers: list[Node]) -> int | None:
    """Which result of a recurrent layer a value is a rearrangement of: 0 the sequence, 1 and 2 the last states."""
    for _ in range(len(layers) + 32):
        node = value.producer
        if node is None:
            return None
        if node in layers:
            return node.outputs.index(value)
        source = next((operand for operand in node.inputs if operand is not None and not operand.static), None)
        if source is None:
            return None
        value = source
    return None


_SINGLE: Mapping[str, Build] = {
    "Hardtanh": _hardtanh,
    "SiLU": _one("Swish"),
    "Mish": _one("Mish"),
    "Hardswish": _one("HardSwish"),
}
"""Modules that are one call, by class."""

_WHOLE: Mapping[str, Build] = {
    "AdaptiveAvgPool1d": _pool("AdaptiveAvgPool"),
    "AdaptiveAvgPool2d": _pool("AdaptiveAvgPool"),
    "AdaptiveAvgPool3d": _pool("AdaptiveAvgPool"),
    "AdaptiveMaxPool1d": _pool("AdaptiveMaxPool"),
    "AdaptiveMaxPool2d": _pool("AdaptiveMaxPool"),
    "Hardshrink": _shrink(soft=False),
    "Softshrink": _shrink(soft=True),
    "Threshold": _one("Threshold", OWN, threshold=0, value=1),
    "LogSigmoid": _one("LogSigmoid", OWN),
    "Softplus": _one("Softplus"),
    "Softsign": _one("Softsign"),
    "Tanhshrink": _one("Tanhshrink", OWN),
    "Dropout": _dropout("Dropout"),
    "torchvision.ops.stochastic_depth.StochasticDepth": _dropout("DropPath", OWN),
    "timm.layers.drop.DropPath": _dropout("DropPath", OWN),
    "MultiheadAttention": _attention,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
}
"""Modules that are many calls, all of them one operator, by class."""
