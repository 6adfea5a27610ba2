"""A whole network, made from its graph: its first weights, data for its inputs, and a run of it. And the same network with a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from netlint.graph import Graph, Initialization, Layer, Operator, Parameter, Unknown
from netlint.graph import operators as ops
from netlint.layers import Array
from netlint.verify.initialization import start
from netlint.verify.state import State, Values, state_of
from netlint.verify.tape import Run, play, runnable
from netlint.verify.tensors import generator

Shapes: TypeAlias = Sequence[tuple[int, ...]]


class Unmeasurable(Exception):
    """A network that cannot be run; the message says why."""


@dataclass
class Network:
    """The part of a graph that its outputs are computed from, ready to be run on inputs of given shapes."""

    graph: Graph
    state: State
    operators: tuple[Operator, ...]
    inputs: tuple[Operator, ...]
    shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, graph: Graph, shapes: Shapes) -> Network:
        """Raises Unmeasurable where an operator cannot be run."""
        if not graph.outputs:
            raise Unmeasurable("the network's outputs are not known")
        needed = graph.index.network
        operators = tuple(operator for operator in graph.index.members(needed) if not isinstance(operator, ops.Input))
        inputs = tuple(operator for operator in graph.inputs if graph.index.bit(operator) & needed)
        for operator in operators:
            reason = runnable(operator)
            if reason is not None:
                raise Unmeasurable(f"{operator.name} at {operator.path or 'the network'}: {reason.reason}")
        if len(inputs) != len(shapes):
            raise Unmeasurable(f"the network has {len(inputs)} inputs, {len(shapes)} shapes were given")
        return cls(graph, state_of(graph), operators, inputs, tuple(tuple(shape) for shape in shapes))

    def weights(self, seed: object) -> Values:
        """First weights. Raises Unmeasurable where it is not known what they start from."""
        values: Values = {}
        for operator in self.operators:
            keys = dict(self.state.names(operator.layer))
            if isinstance(operator, ops.Weight):
                keys[operator.parameter.name] = self.state.key(operator.parameter)
            for name, key in keys.items():
                if key not in values:
                    values[key] = self._drawn(name, key, seed)
        return values

    def _drawn(self, name: str, key: str, seed: object) -> Array:
        owner, parameter = self.state.owners.get(key, (None, None))
        shape = self.state.shapes.get(key, parameter.shape if parameter is not None else None)
        if shape is None and owner is not None:
            shape = owner.parameter_shapes().get(name)
        if shape is None or any(isinstance(size, Unknown) for size in shape):
            raise Unmeasurable(f"the shape of {key} is not known")
        sizes = tuple(size for size in shape if isinstance(size, int))
        value = start(name, sizes, owner, parameter, generator("start", key, seed))
        if isinstance(value, Unknown):
            raise Unmeasurable(f"what {key} starts from is not known: {value.reason}")
        return value

    def data(self, seed: object) -> dict[int, Array]:
        """Inputs from N(0, 1), or indices where a table is looked up."""
        return {
            id(operator): self._input(operator, shape, generator("data", place, seed))
            for place, (operator, shape) in enumerate(zip(self.inputs, self.shapes, strict=True))
        }

    def _input(self, operator: Operator, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        for reader in self.graph.consumers(operator, through=(ops.Identity,)):
            if isinstance(reader, ops.Embedding) and isinstance(reader.num_embeddings, int):
                return random.integers(0, reader.num_embeddings, shape)
        return random.normal(size=shape)

    def run(self, seed: object, training: bool = True, weights: Values | None = None) -> Run:
        """One forward pass at the network's first weights, in double precision. Raises Unmeasurable where shapes do not fit."""
        seeds = {id(operator): (hash(seed) & 0xFFFF, place) for place, operator in enumerate(self.operators)}
        try:
            return play(self.operators, self.data(seed), self.state, self.weights(seed) if weights is None else weights, training, seeds)
        except (ValueError, IndexError, KeyError, TypeError) as error:
            raise Unmeasurable(f"inputs of shape {list(map(list, self.shapes))} do not fit: {error}") from error


# -- the same network with a change ---------------------------------------------------------------------------------------

Change: TypeAlias = Callable[[Operator], "tuple[Operator, ...] | None"]
"""What stands in the place of an operator: templates, applied one after the other; None leaves it."""
Start: TypeAlias = Callable[[Operator, str], "Initialization | None"]
"""The initialiser of a parameter, by the operator of its layer and its own name; None leaves it."""


def rewritten(graph: Graph, change: Change = lambda _: None, start: Start = lambda _, __: None) -> Graph:
    """A copy of a network in which operators are replaced, or weights start from other values; the graph itself stays as it is."""
    copies = _Copies(start)
    made: dict[int, Operator] = {}
    order: list[Operator] = []
    for operator in graph.index.order:
        inputs = tuple(made[id(source)] for source in operator.inputs)
        new = change(operator)
        if new is None:
            results = [operator.apply(*inputs, layer=copies.layer(operator.layer))]
            if isinstance(operator, ops.Weight):
                results = [results[0].apply(parameter=copies.parameter(operator.parameter, None))]
        else:
            results = []
            for template in new:
                layer = copies.fresh(template, operator.path, len(order) + len(results))
                results.append(template.apply(*(results[-1:] or inputs), layer=layer, scope=operator.scope))
        made[id(operator)] = results[-1] if results else inputs[0]
        order.extend(results)
    outputs = tuple(made[id(output)] for output in graph.outputs)
    layers = [*copies.layers.values()]
    return Graph(graph.name, graph.frontend, operators=order, layers=layers, outputs=outputs, concrete=graph.concrete)


@dataclass
class _Copies:
    """Layers and parameters of the copy, each made once."""

    start: Start
    layers: dict[int, Layer] = field(default_factory=dict)
    parameters: dict[int, Parameter] = field(default_factory=dict)

    def layer(self, layer: Layer | None) -> Layer | None:
        if layer is None:
            return None
        if id(layer) not in self.layers:
            own = copy(layer)
            own.parent, own.children = None, {}
            own.parameters = {name: self.parameter(item, layer.operator, name) for name, item in layer.parameters.items()}
            self.layers[id(layer)] = own
        return self.layers[id(layer)]

    def parameter(self, parameter: Parameter, operator: Operator | None, name: str = "") -> Parameter:
        if id(parameter) not in self.parameters:
            own = copy(parameter)
            chosen = self.start(operator, name) if operator is not None else None
            own.initialization = chosen or parameter.initialization
            self.parameters[id(parameter)] = own
        return self.parameters[id(parameter)]

    def fresh(self, template: Operator, path: str, number: int) -> Layer | None:
        """A layer for a new operator that learns something; a new one without parameters is a function."""
        shapes = template.parameter_shapes()
        if not shapes and not isinstance(template, ops.BatchNorm):
            return None
        layer = Layer(f"{path}.new{number}", f"torch.nn.{template.name}", operator=template)
        layer.parameters = {name: Parameter(name, shape, owner=layer) for name, shape in shapes.items()}
        self.layers[id(layer)] = layer
        return layer
