"""From the protobuf to plain nodes: functions inlined, branches as alternatives, bodies of loops read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import numpy_helper

from netlint.frontends.onnx import structure
from netlint.frontends.onnx.fold import fold
from netlint.frontends.onnx.ir import OWN, STANDARD, Home, Node, Program, Value
from netlint.frontends.onnx.load import SMALL, elements
from netlint.frontends.onnx.shapes import Dims

_LEARNED = re.compile(r"^\w+: (PARAMETER|BUFFER|CONSTANT_TENSOR) target='([^']*)'", re.MULTILINE)
_SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"
_STEPS = "a loop runs any number of times, and what it carries from step to step was read for one step"
_READERS: Mapping[int, str] = {
    onnx.AttributeProto.FLOAT: "f",
    onnx.AttributeProto.INT: "i",
    onnx.AttributeProto.FLOATS: "floats",
    onnx.AttributeProto.INTS: "ints",
}


@dataclass(eq=False, slots=True)
class _Scope:
    """The values by name in one graph; a subgraph sees those around it too."""

    outer: _Scope | None = None
    values: dict[str, Value] = field(default_factory=dict)
    attributes: Mapping[str, onnx.AttributeProto] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    caller: str = ""
    shapes: Mapping[str, onnx.TypeProto] = field(default_factory=dict)
    home: Home | None = None

    def find(self, name: str) -> Value | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        return None

    def inner(self, graph: onnx.GraphProto, node: Node, attribute: str) -> _Scope:
        """The scope of a subgraph."""
        home = (*self.home, (node.outputs[0].name, attribute)) if self.home is not None and node.outputs else None
        types = {entry.name: entry.type for entry in graph.value_info}
        return _Scope(self, {}, self.attributes, self.versions, self.caller, types, home)


@dataclass(eq=False, slots=True)
class _Frame:
    """A graph that is being read, and what is done when its last node has been."""

    nodes: Iterator[onnx.NodeProto]
    scope: _Scope
    finish: Callable[[], None]


def unfold(model: onnx.ModelProto) -> Program:
    """The nodes of a checked model in order of application, constants folded on the way."""
    return _Unfolding(model).run()


class _Unfolding:
    """One reading of a model. Graphs are taken from a stack, not by recursion: they may be nested deeper than Python's calls."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._functions = structure.functions(model)
        self._dims = Dims()
        self._program = Program()
        self._stack: list[_Frame] = []
        text = next((entry.value for entry in model.graph.metadata_props if entry.key == _SIGNATURE), "")
        self._learned = {target: kind == "PARAMETER" for kind, target in _LEARNED.findall(text)}

    def run(self) -> Program:
        graph, program = self._model.graph, self._program
        versions = {_plain(entry.domain): entry.version for entry in self._model.opset_import}
        types = {entry.name: entry.type for entry in (*graph.value_info, *graph.output)}
        scope = _Scope(versions=versions, shapes=types, home=())
        self._store(graph, scope)
        for entry in graph.input:
            if entry.name not in scope.values:
                value = Value(entry.name, self._dims.of(entry.type), entry.type.tensor_type.elem_type, home=())
                scope.values[entry.name] = value
                program.inputs.append(value)
        self._stack.append(_Frame(iter(graph.node), scope, lambda: None))
        while self._stack:
            frame = self._stack[-1]
            node = next(frame.nodes, None)
            if node is None:
                self._stack.pop()
                frame.finish()
            else:
                self._take(node, frame.scope)
        program.outputs = [self._value(entry.name, scope, entry.name) for entry in graph.output]
        return program

    # -- values -------------------------------------------------------------------------------------------------------

    def _store(self, graph: onnx.GraphProto, scope: _Scope) -> None:
        """Puts the initialisers of a graph into its scope."""
        for tensor in graph.initializer:
            scope.values[tensor.name] = self._stored(tensor, tensor.name)
        for sparse in graph.sparse_initializer:
            name = sparse.values.name
            scope.values[name] = Value(name, tuple(sparse.dims), sparse.values.data_type, stored=True, learned=self._learned.get(name))

    def _stored(self, tensor: onnx.TensorProto, name: str) -> Value:
        return Value(name, tuple(tensor.dims), tensor.data_type, _array(tensor), stored=True, learned=self._learned.get(name))

    def _value(self, name: str, scope: _Scope, reader: str) -> Value:
        """The value that a name stands for; an unknown one where nothing gives it."""
        value = scope.find(name)
        if value is None:
            reason = f"nothing in the model gives `{name}`, which `{reader}` reads"
            value = Value(name)
            self._emit(Node("Missing", OWN, [], [value], {"reason": reason}, name=name), lost=reason)
            scope.values[name] = value
        return value

    def _emit(self, node: Node, lost: str | None = None) -> None:
        for value in node.outputs:
            value.producer = node
        self._program.nodes.append(node)
        if lost is not None:
            self._program.lost.append((node, lost))

    # -- nodes --------------------------------------------------------------------------------------------------------

    def _take(self, proto: onnx.NodeProto, scope: _Scope) -> None:
        """One node of the file: a call, a branch, a loop, or a plain operation."""
        function = self._functions.get(structure.called(proto))
        if function is not None:
            self._call(proto, function, scope)
            return
        node = self._node(proto, scope)
        graphs = {attribute.name: attribute.g for attribute in proto.attribute if attribute.HasField("g")}
        if node.standard and proto.op_type == "If" and {"then_branch", "else_branch"} <= graphs.keys():
            self._branch(node, graphs["then_branch"], graphs["else_branch"], scope)
        elif node.standard and proto.op_type in ("Loop", "Scan") and "body" in graphs:
            self._loop(node, graphs["body"], scope)
        else:
            self._emit(node)
            fold(node)

    def _node(self, proto: onnx.NodeProto, scope: _Scope) -> Node:
        domain = _plain(proto.domain)
        label = proto.name or next(iter(proto.output), proto.op_type)
        node = Node(
            proto.op_type,
            domain,
            [self._value(name, scope, label) if name else None for name in proto.input],
            attributes=dict(self._attributes(proto, scope)),
            name=proto.name,
            metadata={entry.key: entry.value for entry in proto.metadata_props},
            caller=scope.caller,
            version=scope.versions.get(domain, 0),
        )
        for name in proto.output:
            value = Value(name, home=scope.home if name else None)
            if name:
                kind = scope.shapes.get(name)
                if kind is not None:
                    value.shape, value.element = self._dims.of(kind), kind.tensor_type.elem_type
                scope.values[name] = value
            node.outputs.append(value)
        return node

    def _attributes(self, proto: onnx.NodeProto, scope: _Scope) -> Iterator[tuple[str, object]]:
        for attribute in proto.attribute:
            source = attribute
            if attribute.ref_attr_name:
                if attribute.ref_attr_name not in scope.attributes:
                    continue
                source = scope.attributes[attribute.ref_attr_name]
            if source.type == onnx.AttributeProto.STRING:
                yield attribute.name, source.s.decode("utf-8", "replace")
            elif source.type == onnx.AttributeProto.STRINGS:
                yield attribute.name, [text.decode("utf-8", "replace") for text in source.strings]
            elif source.type == onnx.AttributeProto.TENSOR:
                yield attribute.name, self._stored(source.t, "")
            elif source.type in _READERS:
                content = getattr(source, _READERS[source.type])
                yield attribute.name, content if isinstance(content, (int, float)) else list(content)

    # -- functions ----------------------------------------------------------------------------------------------------

    def _call(self, proto: onnx.NodeProto, function: onnx.FunctionProto, scope: _Scope) -> None:
        """The body of a function in the place of its call; it sees its own arguments only."""
        call = self._node(proto, scope)
        defaults = {attribute.name: attribute for attribute in function.attribute_proto}
        given = {
            attribute.name: scope.attributes.get(attribute.ref_attr_name, attribute) if attribute.ref_attr_name else attribute
            for attribute in proto.attribute
        }
        inner = _Scope(
            attributes={**defaults, **given},
            versions={_plain(entry.domain): entry.version for entry in function.opset_import},
            caller="/".join(filter(None, (scope.caller, call.label))),
        )
        for name, value in zip(function.input, call.inputs, strict=False):
            if value is not None:
                inner.values[name] = value

        def finish() -> None:
            for name, value in zip(function.output, call.outputs, strict=False):
                self._join("Identity", "", [inner.find(name)], value, call)

        self._stack.append(_Frame(iter(function.node), inner, finish))

    def _join(self, kind: str, domain: str, sources: Sequence[Value | None], result: Value, origin: Node, reason: str = "") -> None:
        """A node that hands values on under another name."""
        lost = None
        if any(source is None for source in sources):
            kind, domain, reason = "Missing", OWN, f"a branch or function of `{origin.label}` does not give all of its results"
            sources, lost = [source for source in sources if source is not None], reason
        attributes: dict[str, object] = {"reason": reason} if reason else {}
        node = Node(kind, domain, [*sources], [result], attributes, origin.name, origin.metadata, origin.caller)
        self._emit(node, lost)
        fold(node)

    # -- branches and loops -------------------------------------------------------------------------------------------

    def _branch(self, node: Node, then: onnx.GraphProto, otherwise: onnx.GraphProto, scope: _Scope) -> None:
        """The branch that is taken where the condition is known, else both, and for each result the choice between them."""
        condition = node.array(0)
        known = condition is not None and condition.size == 1 and isinstance(condition.item(), (bool, int))
        branches = {"then_branch": then, "else_branch": otherwise}
        chosen = ["then_branch" if condition.item() else "else_branch"] if condition is not None and known else list(branches)
        taken = [branches[name] for name in chosen]
        scopes = [scope.inner(branches[name], node, name) for name in chosen]

        def finish() -> None:
            source = node.inputs[0].name if node.inputs and node.inputs[0] is not None else "?"
            reason = f"which branch of `{node.label}` is taken depends on `{source}`"
            results = [[inner.find(output.name) for output in graph.output] for graph, inner in zip(taken, scopes, strict=True)]
            for place, value in enumerate(node.outputs):
                choices = [branch[place] if place < len(branch) else None for branch in results]
                if len(choices) == 1:
                    self._join("Identity", "", choices, value, node)
                else:
                    self._join("Alternatives", OWN, choices, value, node, reason)

        self._read_then(taken, scopes, finish)

    def _read_then(self, graphs: Iterable[onnx.GraphProto], scopes: Iterable[_Scope], finish: Callable[[], None]) -> None:
        """Reads some subgraphs, the first one first, then does something with what they gave."""
        self._stack.append(_Frame(iter(()), _Scope(), finish))
        for graph, inner in reversed(list(zip(graphs, scopes, strict=True))):
            self._store(graph, inner)
            self._stack.append(_Frame(iter(graph.node), inner, lambda: None))

    def _loop(self, node: Node, body: onnx.GraphProto, scope: _Scope) -> None:
        """The body once. What it carries from step to step, and what it collects, cannot be followed."""
        inner = scope.inner(body, node, "body")
        counters = 2 if node.kind == "Loop" else 0  # a Loop's body is told the step, and whether to go on
        collected = 0 if node.kind == "Loop" else node.integer("num_scan_inputs", 0)
        arguments: list[Value | None] = [None, *node.inputs[1:]] if counters else [*node.inputs]
        carried = len(arguments) - counters - collected
        for place, entry in enumerate(body.input):
            given = arguments[place] if place < len(arguments) else None
            value = Value(entry.name, self._dims.of(entry.type), entry.type.tensor_type.elem_type, home=inner.home)
            step = Node(
                "Step", OWN, [given] if given is not None else [], [value], {"reason": _STEPS}, node.name, node.metadata, node.caller
            )
            self._emit(step)
            inner.values[entry.name] = value
        self._program.lost.append((node, _STEPS))

        def finish() -> None:
            results = [inner.find(output.name) for output in body.output][1 if counters else 0 :]
            for place, value in enumerate(node.outputs):
                sources = [results[place] if place < len(results) else None]
                if place < carried:
                    sources.append(arguments[counters + place])
                self._join("Step", OWN, sources, value, node, _STEPS)

        self._read_then([body], [inner], finish)


def _plain(domain: str) -> str:
    return "" if domain in STANDARD else domain


def _array(tensor: onnx.TensorProto) -> np.ndarray | None:
    """The elements of a small tensor; None for a large one, and for one whose data do not fit its shape."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL or elements(tensor) > SMALL or tensor.data_type == onnx.TensorProto.STRING:
        return None
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, RuntimeError, OverflowError):
        return None
