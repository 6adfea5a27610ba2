"""Layers of a network that has no module objects: paths from exporter metadata, else from the names of nodes and weights."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from netlint.frontends.onnx.ir import Node, Value
from netlint.frontends.onnx.sites import NodeSite, modules
from netlint.graph.operator import Operator
from netlint.graph.parameter import Layer, Parameter

_TORCH_MODULE = re.compile(r"torch\.nn\.modules\.\w+\.(\w+)")
_REPEATED = re.compile(r"(.+)_\d+")


@dataclass(slots=True)
class Layers:
    """The layers of one graph, parents before their children."""

    root: Layer
    every: list[Layer] = field(default_factory=list)
    _by_path: dict[str, Layer] = field(default_factory=dict)
    _matrices: dict[int, Parameter] = field(default_factory=dict)
    _read: dict[int, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.every.append(self.root)
        self._by_path[""] = self.root

    def place(self, node: Node, operator: Operator, weight: Value | None, site: NodeSite, call: bool) -> None:
        """Says in which layer an operator is applied: a leaf module of its own, or the module in whose forward it is called.

        A `call` has no weights of its own although its kind has some: they are computed.
        """
        around = modules(node)
        if not around and call:
            operator.scope = self._module(node_path(node), "", self._container(node))
            return
        if not around:
            self._apply(operator, self._container(node), node_path(node), f"onnx.{node.kind}", weight, site)
            return
        inner, innermost = self.root, ""
        for path, kind in around[:-1]:
            inner = self._module(path, kind, inner)
        innermost, kind = around[-1]
        if innermost and kind.startswith("torch.nn.") and class_name(kind) == f"torch.nn.{operator.name}" and not call:
            self._apply(operator, inner, innermost, class_name(kind), weight, site)
            return
        operator.scope = self._module(innermost, kind, inner)
        if weight is not None:
            path = ".".join(filter(None, (innermost, node.label)))
            self._apply(operator, operator.scope, path, f"onnx.{node.kind}", weight, site)

    def parameter(self, value: Value) -> Parameter:
        """The parameter that a stored tensor is where it is read directly."""
        known = self._matrices.get(id(value)) or self._read.get(id(value))
        if known is None:
            known = self._read[id(value)] = Parameter(value.name, value.shape, owner=self.root)
            self.root.parameters.setdefault(value.name, known)
        return known

    def _container(self, node: Node) -> Layer:
        """The module around a node by the name that PyTorch's older exporter gave it (`/layer1/layer1.0/conv1/Conv`)."""
        layer = self.root
        for path in scopes(node)[:-1]:
            layer = self._module(path, "", layer)
        return layer

    def _module(self, path: str, kind: str, parent: Layer) -> Layer:
        layer = self._by_path.get(path)
        if layer is None:
            layer = self._by_path[path] = Layer(path, class_name(kind), parent=parent)
            parent.children[path.removeprefix(f"{parent.path}.")] = layer
            self.every.append(layer)
        elif not layer.kind:
            layer.kind = class_name(kind)
        return layer

    def _apply(self, operator: Operator, parent: Layer, path: str, kind: str, weight: Value | None, site: NodeSite) -> None:
        """Puts an operator into its leaf; one that is applied again has the same class, and the same weights if it has any."""
        base = _REPEATED.fullmatch(path)
        for name in (path, *([base[1]] if base else [])):
            layer = self._by_path.get(name)
            if layer is not None and layer.operator is not None and self._is_same(layer, operator, weight):
                operator.layer = layer
                operator.scope = parent
                return
        while path in self._by_path:
            path += "'"
        layer = self._module(path, kind, parent)
        layer.operator, layer.site = operator, None
        operator.layer, operator.scope = layer, parent
        for key, shape in operator.parameter_shapes().items():
            parameter = self._matrices.get(id(weight)) if key == "weight" and weight is not None else None
            if parameter is None or parameter.shape != shape:
                parameter = Parameter(key, shape, owner=layer)
                # equal vectors (ones, zeros) are stored once, and are no ties
                if key == "weight" and weight is not None and len(shape) > 1:
                    self._matrices[id(weight)] = parameter
            layer.parameters[key] = parameter

    def _is_same(self, layer: Layer, operator: Operator, weight: Value | None) -> bool:
        if type(layer.operator) is not type(operator):
            return False
        if not operator.parameter_shapes():
            return not layer.parameters
        known = layer.parameters.get("weight")
        return known is not None and weight is not None and self._matrices.get(id(weight)) is known


def node_path(node: Node) -> str:
    """The path of a node without module metadata: the scope in its name, else its own name or its result's."""
    found = scopes(node)
    return found[-1] if found else "/".join(filter(None, (node.caller, node.label.strip("/"))))


def scopes(node: Node) -> list[str]:
    """The module paths in a node's name, outermost first: `/layer1/layer1.0/conv1/Conv` stands in layer1, layer1.0, layer1.0.conv1."""
    if not node.name.startswith("/") or node.caller:
        return []
    paths: list[str] = []
    for part in node.name.split("/")[1:-1]:
        above = paths[-1] if paths else ""
        paths.append(part if not above or part.startswith(f"{above}.") else f"{above}.{part}")
    return paths


def class_name(kind: str) -> str:
    """`torch.nn.modules.conv.Conv2d` as users write it."""
    found = _TORCH_MODULE.fullmatch(kind)
    return f"torch.nn.{found[1]}" if found else kind
