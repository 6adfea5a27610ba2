"""Exported programs: the archive that `torch.export.save` writes, read as the JSON that it holds.

`torch.export.load` unpickles parts of the archive, and a pickle runs code. The graph, its shapes and where it came from stand in
JSON, so nothing else is opened: no weights, no pickle, no code.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from netlint.frontends.errors import InputError
from netlint.frontends.module import aten
from netlint.frontends.module.calls import fill_widths
from netlint.frontends.module.layers import UNSEEN
from netlint.frontends.module.stacktrace import site_of
from netlint.frontends.reading import Reading
from netlint.frontends.torch_api import LAYERS, Signature, SignatureError, canonical
from netlint.graph import Blind, Dim, Fact, Graph, Layer, Operator, Parameter, Shape, Unknown
from netlint.graph.operators import BatchNorm, Constant, Dropout, Input, Opaque, Recurrent, Select, Weight

MAX_JSON = 1 << 29
"""Bytes of JSON that are read: a graph of a million nodes has less."""
_LEGACY = "serialized_exported_program.json"
_PICKLE = b"\x80"
"""The opcode that a pickle begins with."""
_LOAD_IT = "build the model, load the weights into it, and check the model itself (package.module:name)"


def read_program(path: Path) -> Reading:
    """The graphs of a `.pt2` archive. Raises InputError for anything else, with what to do instead; nothing is unpickled."""
    try:
        with zipfile.ZipFile(path) as archive:
            graphs = [_graph(name, text, path) for name, text in _programs(archive, path)]
    except zipfile.BadZipFile:
        raise InputError(f"`{path}`: {_what_it_is(path)}") from None
    except OSError as error:
        raise InputError(f"`{path}`: {error.strerror or error}") from error
    notes = ("read from the exported program: layers that PyTorch composes of others (attention, transformer layers) appear in pieces",)
    return Reading(graphs, (), notes)


def _programs(archive: zipfile.ZipFile, path: Path) -> Iterator[tuple[str, str]]:
    files = [file for file in archive.infolist() if _is_program(file.filename)]
    if not files:
        names = {Path(file.filename).name for file in archive.infolist()}
        raise InputError(f"`{path}`: {_without_program(names)}")
    for file in files:
        if file.file_size > MAX_JSON:
            raise InputError(f"`{path}`: its graph has {file.file_size} bytes, more than the {MAX_JSON} that are read")
        stem = Path(file.filename).stem
        yield path.stem if stem in ("model", Path(_LEGACY).stem) else stem, archive.read(file).decode("utf-8", "replace")


def _is_program(name: str) -> bool:
    parts = Path(name).parts
    return name.endswith(_LEGACY) or (name.endswith(".json") and len(parts) > 1 and parts[-2] == "models")


def _without_program(names: set[str]) -> str:
    if "constants.pkl" in names:
        return f"this is TorchScript, whose code is not read: {_LOAD_IT}, or export it with torch.export.save"
    if "data.pkl" in names:
        return f"this is a pickle (a state_dict or a whole model), and a pickle runs code: it is not opened. {_LOAD_IT.capitalize()}"
    return "this archive holds no exported program (models/*.json)"


def _what_it_is(path: Path) -> str:
    """What a file is that is no archive, from its first bytes."""
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        return str(error.strerror or error)
    if not start:
        return "this file is empty"
    if start[:1] == _PICKLE:
        return f"this is a pickle (a state_dict or a whole model), and a pickle runs code: it is not opened. {_LOAD_IT.capitalize()}"
    return "this is no archive of an exported program (torch.export.save writes one)"


def _graph(name: str, text: str, path: Path) -> Graph:
    try:
        return _Program(json.loads(text), name, str(path)).graph
    except json.JSONDecodeError as error:
        raise InputError(f"`{path}`: its graph is not JSON: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise InputError(f"`{path}`: its graph is not of the form that torch.export.save writes: {type(error).__name__} {error}") from error


@dataclass(frozen=True, slots=True)
class _Value:
    """A tensor of the program, as an argument."""

    name: str


class _Program:
    """The graph of one program, node by node."""

    def __init__(self, document: Mapping[str, Any], name: str, filename: str) -> None:
        module = document["graph_module"]
        self._tensors: Mapping[str, Any] = module["graph"]["tensor_values"]
        self._values: dict[str, Operator] = {}
        self._parameters: dict[str, Parameter] = {}
        self._buffers: dict[str, Constant] = {}
        """Those that nothing has read yet."""
        self._unknown: dict[str, Unknown] = {}
        self._layers: dict[str, Layer] = {"": Layer("", "")}
        for entry in module.get("module_call_graph", ()):
            self._layer(str(entry["fqn"]).partition("@")[0])
        self.graph = Graph(name, "module", self._layers[""], filename=filename, facts=frozenset({Fact.TOPOLOGY, Fact.TRAINING_LAYERS}))
        for spec in module["signature"]["input_specs"]:
            self._input(spec)
        for node in module["graph"]["nodes"]:
            self._node(node)
        outputs = (spec["user_output"]["arg"] for spec in module["signature"]["output_specs"] if "user_output" in spec)
        found = (operator for arg in outputs for operator in self._operands(_plain(arg)))
        self.graph.outputs = tuple(dict.fromkeys(found))
        self.graph.layers = list(self._layers.values())

    # -- layers and inputs ----------------------------------------------------------------------------------------------

    def _layer(self, path: str, kind: str = "") -> Layer:
        """The layer of a path, made with its parents where it is new."""
        layer = self._layers.get(path)
        if layer is None:
            above, _, key = path.rpartition(".")
            parent = self._layer(above)
            layer = self._layers[path] = parent.children[key] = Layer(path, "", parent=parent)
        if kind:
            name = canonical(kind)
            layer.kind = name if name.startswith("torch.") or name in LAYERS else kind.rpartition(".")[2]
        return layer

    def _input(self, spec: Mapping[str, Any]) -> None:
        [(kind, content)] = spec.items()
        name = next(iter(_names(_plain(content["arg"]) if kind == "user_input" else _Value(content["arg"]["name"]))), None)
        if name is None:
            return
        shape = self._shape(name)
        if kind == "parameter":
            path, _, key = content["parameter_name"].rpartition(".")
            owner = self._layer(path)
            trainable = bool(self._tensors[name].get("requires_grad", True))
            self._parameters[name] = owner.parameters[key] = Parameter(key, shape, trainable, UNSEEN, owner)
        elif kind == "user_input":
            self._values[name] = self.graph.add(Input(label=name, shape=shape))
        else:
            self._buffers[name] = Constant(value=content.get("buffer_name", name), shape=shape)

    def _shape(self, name: str) -> Shape | None:
        found = self._tensors.get(name)
        return None if found is None else tuple(self._size(size) for size in found["sizes"])

    def _size(self, size: Mapping[str, Any]) -> Dim:
        if "as_int" in size:
            return int(size["as_int"])
        text = str(size.get("as_expr", {}).get("expr_str", size))
        return self._unknown.setdefault(text, Unknown(f"the size `{text}`"))

    # -- nodes ------------------------------------------------------------------------------------------------------------

    def _node(self, node: Mapping[str, Any]) -> None:
        metadata = node.get("metadata") or {}
        stack = [entry.split(",") for entry in metadata.get("nn_module_stack", "").split(";") if entry.count(",") >= 2]
        layers = [self._layer(entry[1].partition("@")[0], entry[2]) for entry in stack]
        innermost = layers[-1] if layers else self._layers[""]
        target = str(node["target"])
        template, tensors = _template(target, node["inputs"])
        read = {name for value in tensors for name in _names(value)}
        if innermost.kind in LAYERS and read and read <= self._buffers.keys():
            return  # a layer's own bookkeeping: the number of batches that a norm has seen
        inputs = [operator for value in tensors for operator in self._operands(value)]
        operator = template.apply(site=site_of(metadata.get("stack_trace", "")))
        operator.inplace = target.split(".")[-2:][0].endswith("_")
        self._place(operator, inputs, innermost)
        for source in operator.inputs:
            if isinstance(source, Weight):
                self.graph.add(source)
        self.graph.add(operator)
        if isinstance(operator, Opaque):
            self.graph.blind.append(Blind(operator.site, f"`{operator.label}` cannot be seen: {operator.reason}"))
        self._results(operator, [name for output in node["outputs"] for name in _names(_plain(output))])

    def _place(self, operator: Operator, inputs: list[Operator], innermost: Layer) -> None:
        """Says which layer a node is, if the innermost module is a leaf (which holds its weights), or in whose forward it stands."""
        owner = fill_widths(operator, inputs)
        is_leaf = innermost.kind in LAYERS and not isinstance(operator, Opaque) and type(operator) is _kind_of(innermost.kind)
        if is_leaf:
            operator.layer, operator.scope = innermost, innermost.parent
            inputs = [source for source in inputs if not (isinstance(source, Weight) and source.parameter.owner is innermost)]
            if isinstance(operator, (BatchNorm, Dropout)):
                operator.training = None
            if isinstance(operator, BatchNorm) and innermost.kind[-2:-1].isdigit():
                operator.dims = int(innermost.kind[-2])
            if isinstance(operator, Recurrent):
                _size_of_weights(operator, innermost)
            innermost.operator = innermost.operator or operator
        else:
            operator.layer, operator.scope = owner, innermost
        operator.inputs = tuple(inputs)

    def _results(self, operator: Operator, names: list[str]) -> None:
        if len(names) == 1:
            operator.shape = self._shape(names[0])
            self._values[names[0]] = operator
            return
        for index, name in enumerate(names):
            piece = Select(index=index, inputs=(operator,), shape=self._shape(name), site=operator.site, scope=operator.scope)
            self._values[name] = self.graph.add(piece)

    def _operands(self, value: Any) -> list[Operator]:
        if isinstance(value, (list, tuple)):
            return [operator for item in value for operator in self._operands(item)]
        if isinstance(value, (bool, int, float)):
            return [self.graph.add(Constant(value=value, shape=()))]
        if not isinstance(value, _Value):
            return []
        if value.name in self._parameters:
            parameter = self._parameters[value.name]
            return [Weight(parameter=parameter, shape=parameter.shape)]  # put into the graph by what reads it
        if value.name in self._buffers:
            self._values[value.name] = self.graph.add(self._buffers.pop(value.name))
        return [self._values[value.name]]


def _template(target: str, written: Sequence[Mapping[str, Any]]) -> tuple[Operator, list[Any]]:
    """The operator of a node without its place, and its operands."""
    parts = target.split(".")
    arguments = {str(argument["name"]): _plain(argument["arg"]) for argument in written}
    everything = list(arguments.values())
    if parts[:3] != ["torch", "ops", "aten"] or len(parts) < 4:
        label = target.removeprefix("torch.ops.")
        return Opaque(label=label, reason=f"no operator describes `{label}`"), everything
    name = parts[3]
    created = aten.creates(name)
    if created is not None:
        return Constant(value=created), []
    lowered = aten.LOWERED.get(name)
    if lowered is not None:
        return lowered.build(arguments), [arguments.get(key) for key in lowered.tensors]
    keywords = {str(argument["name"]) for argument in written if argument.get("kind") == _KEYWORD}
    found = aten.table_call(name, [value for key, value in arguments.items() if key not in keywords])
    if found is None:
        return Opaque(label=name, reason=f"no operator describes `{name}`"), everything
    spec, args = found
    kwargs = {key: arguments[key] for key in keywords}
    try:
        bound = Signature(spec.signature).bind(args, kwargs)
    except SignatureError as error:
        return Opaque(label=name, reason=f"its arguments do not fit: {error}"), everything
    return spec.build(bound), [bound.get(key) for key in spec.tensors]


@cache
def _kind_of(name: str) -> type[Operator] | None:
    """The kind of operator that a leaf class applies: that of a template with arguments that are not known."""
    signature = Signature(LAYERS[name].signature)
    unknown: dict[str, object] = {key: Unknown("an argument of a constructor") for key in signature.names}
    if "bias" in unknown:
        unknown["bias"] = True
    try:
        template = LAYERS[name].build(unknown)
    except (TypeError, ValueError):
        return None
    return type(template) if template is not None else None


def _size_of_weights(operator: Recurrent, layer: Layer) -> None:
    first = layer.parameters.get("weight_ih_l0")
    second = layer.parameters.get("weight_hh_l0")
    if first is not None and first.shape is not None and second is not None and second.shape is not None:
        operator.input_size, operator.hidden_size = first.shape[1], second.shape[1]


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, _Value):
        yield value.name
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _names(item)


_KEYWORD = 2
"""torch/_export/serde/schema.py, ArgumentKind.KEYWORD"""
_LITERALS = frozenset(f"as_{kind}{ending}" for kind in ("int", "float", "bool", "string") for ending in ("", "s"))


def _plain(argument: Any) -> Any:
    """An argument of a node: tensors as `_Value`, numbers and texts as they are, what is computed as Unknown."""
    if not isinstance(argument, Mapping):
        return argument
    if "name" in argument:
        return _Value(argument["name"])
    [(kind, value)] = list(argument.items())[:1] or [("as_none", None)]
    if kind == "as_none":
        return None
    if kind in _LITERALS:
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if kind in ("as_tensor", "as_optional_tensor"):
        return _plain(value)
    if kind.startswith("as_sym") and isinstance(value, Mapping) and next(iter(value)) in _LITERALS:
        return _plain(value)
    return Unknown("an option of an exported program")
