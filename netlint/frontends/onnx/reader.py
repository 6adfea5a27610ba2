"""From a model to the graph of its network."""

from __future__ import annotations

from pathlib import Path

import onnx

from netlint.frontends.errors import InputError
from netlint.frontends.onnx import structure, tensors
from netlint.frontends.onnx.expand import expand
from netlint.frontends.onnx.folding import MARK, folds_none, may_hide_norm, put_back
from netlint.frontends.onnx.ir import CONSTANT, OWN, STANDARD, Node, Program, Value, origin
from netlint.frontends.onnx.layers import Layers
from netlint.frontends.onnx.load import Source, load
from netlint.frontends.onnx.patterns import recognize
from netlint.frontends.onnx.shapes import state
from netlint.frontends.onnx.sites import NodeSite, modules, site
from netlint.frontends.onnx.table import is_complete, places_of, settle, spec_of
from netlint.frontends.onnx.torch_modules import restore
from netlint.frontends.onnx.unfold import unfold
from netlint.frontends.reading import Reading
from netlint.graph.facts import Fact
from netlint.graph.graph import Blind, Graph
from netlint.graph.operator import Operator
from netlint.graph.operators import Alternatives, Embedding, Input, MultiheadAttention, Opaque, Recurrent, Select, Weight
from netlint.graph.parameter import Layer
from netlint.graph.unknown import Shape, Unknown

FACTS = frozenset({Fact.TOPOLOGY})
"""A model that was exported for inference says nothing of its training: dropout is gone, batch norms are folded."""


def read(source: Source, *, name: str | None = None, filename: str = "", inputs: tuple[Shape, ...] = ()) -> Reading:
    """Reads an ONNX model: a path, its bytes, or a ModelProto (which stays as it is). Raises InputError for what cannot be read.

    `filename` is what the file is called in places and messages, if not by its path. `inputs` are shapes to take instead of those that
    the file states, in the order of the model's inputs.
    """
    loaded = load(source, filename)
    try:
        structure.check(loaded.model)
        state(loaded.model, inputs)
        program = unfold(loaded.model)
        program.mark_static()
        expand(program)
        program.mark_static()
        settle(program)
        put_back(program)
        restore(program)
        recognize(program)
        program.mark_static()
        program.keep_needed()
        graph = _Assembly(program, loaded.filename, name or _name(loaded.filename, loaded.model)).graph
    except InputError:
        raise
    except RecursionError as error:
        raise InputError("the model's graphs are nested too deeply to be read") from error
    except MemoryError as error:
        raise InputError("the model needs more memory than there is") from error
    except Exception as error:  # whatever is in a file, the caller hears one kind of error
        raise InputError(f"the ONNX reader failed: {type(error).__name__}: {error}. This is a defect of netlint; report it") from error
    return Reading([graph], (loaded.filename,) if loaded.filename else (), loaded.notes)


def _name(filename: str, model: onnx.ModelProto) -> str:
    return Path(filename).stem if filename else model.graph.name or "model"


class _Assembly:
    """Makes operators of nodes, in order, each once its operands are there."""

    def __init__(self, program: Program, filename: str, name: str) -> None:
        kind = next((around[0][1] for node in program.nodes if (around := modules(node))), "")
        self._layers = Layers(Layer("", kind))
        self._filename = filename
        self.graph = Graph(name, "onnx", self._layers.root, filename=filename, layers=self._layers.every, facts=FACTS)
        self._made: dict[int, Operator] = {}
        self._read: set[int] = set()
        self._learned_unknown = False
        self._folds_none = folds_none(program)
        for value in program.inputs:
            self._made[id(value)] = self.graph.add(Input(label=value.name, shape=value.shape))
        for number, node in enumerate(self._needed(program)):
            self._add(node, site(node, filename, number))
        self.graph.outputs = tuple(dict.fromkeys(self._operator(value) for value in program.outputs))
        for number, (lost, reason) in enumerate(program.lost):
            self._blind(site(lost, filename, -1 - number) if lost else None, reason)
        if self._learned_unknown:
            self.graph.parameters_unknown = Unknown("the file does not say which of its tensors are learned and which are constants")

    def _needed(self, program: Program) -> list[Node]:
        """The nodes whose results are read as data: not those that only compute weights and sizes."""
        if not program.outputs:
            self._read = {id(value) for node in program.nodes for value in node.outputs}
            return [node for node in program.nodes if not _is_constant(node)]
        wanted = self._read = {id(value) for value in program.outputs}
        needed = []
        for node in reversed(program.nodes):
            if _is_constant(node) or not any(id(value) in wanted for value in node.outputs):
                continue
            needed.append(node)
            wanted.update(id(node.inputs[place]) for place in places_of(node))
        return needed[::-1]

    def _add(self, node: Node, place: NodeSite) -> None:
        """One node: its operator and, for several results, what reads them."""
        spec = spec_of(node) if is_complete(node) else None
        operands = tuple(self._operator(value) for value in (node.inputs[index] for index in places_of(node)) if value is not None)
        operator = self._opaque(node, place) if spec is None else spec.operator(node)
        several = (spec is None or spec.several) and any(value.name for value in node.outputs[1:])
        several = several or isinstance(operator, (Recurrent, MultiheadAttention))  # PyTorch's always give two results
        operator.inputs, operator.site = operands, place
        shapes = tuple(source.shape for source in operands)
        if node.outputs and not several:
            operator.shape = node.outputs[0].shape
        if operator.shape is None:
            operator.shape = operator.infer(shapes)
        if isinstance(operator, Opaque):
            operator.scope = self._layers.root
        learned = 0 if isinstance(operator, Embedding) else spec.weight if spec is not None and spec.is_layer(node) else None
        weight = origin(node.input(learned)) if learned is not None else None
        call = spec is not None and spec.weight is not None and not spec.is_layer(node)
        self._layers.place(node, operator, weight, place, call)
        if may_hide_norm(node, self._folds_none) and operator.layer is not None:
            operator.layer.wrapped = (MARK,)
        self.graph.add(operator)
        for index, value in enumerate(node.outputs):
            if several and id(value) in self._read:
                shape = value.shape or operator.infer_result(index, shapes)
                selected = Select(inputs=(operator,), index=index, site=place, scope=operator.scope, shape=shape)
                self._made[id(value)] = self.graph.add(selected)
            else:
                self._made[id(value)] = operator

    def _opaque(self, node: Node, place: NodeSite) -> Operator:
        reason = node.text("reason")
        if node.domain == OWN and node.kind == "Alternatives":
            self._blind(place, reason)
            return Alternatives(reason=reason)
        if not reason:
            domain = f"{node.domain}." if node.domain not in STANDARD else ""
            known = spec_of(node) is not None
            reason = f"netlint does not know what the operator {domain}{node.kind} computes"
            reason = f"`{node.label}` lacks an operand that {node.kind} needs" if known else reason
            self._blind(place, reason)
        return Opaque(label=node.kind if node.domain != OWN else node.name or node.kind, reason=reason)

    def _blind(self, place: NodeSite | None, reason: str) -> None:
        """A place that was not seen; the several results of one branch are one place."""
        if not any(known.reason == reason for known in self.graph.blind[-1:]):
            self.graph.blind.append(Blind(place, reason))

    def _operator(self, value: Value) -> Operator:
        """The operator that gives a value; a weight or constant the first time that it is read."""
        made = self._made.get(id(value))
        if made is None:
            made = self._made[id(value)] = self.graph.add(self._unmade(value))
        return made

    def _unmade(self, value: Value) -> Operator:
        """A weight, where the file holds a tensor of fractions that may be learned; else a constant."""
        source = origin(value)
        if source is None or source.element not in tensors.FLOATS or not source.shape or source.learned is False:
            return tensors.constant(value)
        if source.array is not None and source.array.size == 1:
            return tensors.constant(value)
        if source.learned is None:
            self._learned_unknown = True
        return Weight(parameter=self._layers.parameter(source), shape=value.shape)


def _is_constant(node: Node) -> bool:
    """Whether a node's results do not depend on data, or are known."""
    if node.standard and node.kind in CONSTANT:
        return True
    return bool(node.outputs) and all(value.static or value.array is not None for value in node.outputs)
