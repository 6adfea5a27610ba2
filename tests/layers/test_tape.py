"""A tape over a whole graph, read from source: the layers compose, and give the network's outputs and gradients as torch does."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from netlint.frontends.source import read
from netlint.graph import operators as ops
from netlint.graph.graph import Graph
from netlint.graph.operator import Operator
from netlint.layers import Array, Context, ReferenceLayer, Step, reference

SOURCE = """
import torch
from torch import nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.PReLU(width)

    def forward(self, x):
        return self.act(self.norm(self.conv(x))) + x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.ELU(), nn.MaxPool2d(2, ceil_mode=True))
        self.block = Block(8)
        self.side = nn.Conv2d(8, 4, 1, groups=2)
        self.norm = nn.GroupNorm(3, 12)
        self.head = nn.Linear(12 * 9, 5)

    def forward(self, x):
        x = self.block(self.block(self.stem(x)))
        x = torch.cat([x, torch.sigmoid(self.side(x))], 1)
        first, second = self.norm(x).chunk(2, dim=1)
        x = torch.cat([F.gelu(first) * 0.5, F.avg_pool2d(second, 3, 1, 1)], dim=1)
        x = F.adaptive_avg_pool2d(x, 3)
        return F.log_softmax(self.head(x.view(x.size(0), -1)), dim=1)


net = Net()
"""


TOLERANCE = 64 * float(np.finfo(np.float64).eps)
"""Of the largest number of a tensor: some 4 ulp for each of a dozen layers in a row."""


def graph_of(source: str) -> Graph:
    [graph] = [graph for graph in read(source, "net.py").graphs if graph.concrete and graph.root is not None]
    return graph


def run(graph: Graph, x: Array, tensors: dict[str, Array], context: Context) -> tuple[dict[int, Step], Array]:
    """All steps by operator, and the network's output. Buffers are replaced by what each step leaves behind."""
    values: dict[int, tuple[Array, ...]] = {}
    steps: dict[int, Step] = {}
    for operator in graph.operators:
        given = tuple(values[id(source)][0] for source in operator.inputs)
        match operator:
            case ops.Input():
                values[id(operator)] = (x,)
            case ops.Constant(value=float() as number):
                values[id(operator)] = (number,)
            case ops.Select(index=int() as index):
                values[id(operator)] = (values[id(operator.inputs[0])][index],)
            case _:
                layer = reference(operator)
                assert isinstance(layer, ReferenceLayer), layer
                prefix = f"{operator.layer.path}." if operator.layer is not None else None
                own = {name.removeprefix(prefix): value for name, value in tensors.items() if prefix and name.startswith(prefix)}
                steps[id(operator)] = layer.forward(given, own, context)
                values[id(operator)] = steps[id(operator)].outputs
                tensors |= {f"{prefix}{name}": value for name, value in steps[id(operator)].state.items()}
    [output] = graph.outputs
    return steps, values[id(output)][0]


def back(graph: Graph, steps: dict[int, Step], gradient: Array) -> dict[str, Array]:
    """The gradients of the parameters, summed over the applications of each."""
    arriving: dict[int, dict[int, Array]] = {id(graph.outputs[0]): {0: gradient}}
    learned: dict[str, Array] = {}

    def add(operator: Operator, place: int, value: Array) -> None:
        into = arriving.setdefault(id(operator), {})
        into[place] = into[place] + value if place in into else value

    for operator in reversed(graph.operators):
        here = arriving.get(id(operator), {})
        if isinstance(operator, ops.Select):
            assert isinstance(operator.index, int)
            add(operator.inputs[0], operator.index, here[0])
        elif id(operator) in steps:
            step = steps[id(operator)]
            gradients = step.backward(*(here.get(place) for place in range(len(step.outputs))))
            for source, value in zip(operator.inputs, gradients.inputs, strict=True):
                if value is not None:
                    add(source, 0, value)
            for name, value in gradients.parameters.items():
                assert operator.layer is not None
                key = f"{operator.layer.path}.{name}"
                learned[key] = learned[key] + value if key in learned else value
    return learned


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("training", [True, False])
def test_a_network_read_from_source_computes_what_torch_does(library: str, training: bool, bench: ModuleType) -> None:
    torch = pytest.importorskip("torch")
    scope: dict[str, Any] = {"__name__": "net"}
    exec(compile(SOURCE, "net.py", "exec"), scope)
    net = scope["net"].double().train(training)
    x = torch.randn(4, 3, 21, 21, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    make = bench.makers()[library]("float64")
    tensors = {name: make(value.numpy().copy()) for name, value in net.state_dict().items()}
    graph = graph_of(SOURCE)
    steps, output = run(graph, make(x.numpy()), tensors, Context(training))
    expected = net(x)
    upstream = bench.upstream(tuple(expected.shape), 0)
    learned = back(graph, steps, make(upstream))
    expected.backward(torch.tensor(upstream))
    assert far(output, expected.detach()) < TOLERANCE
    wanted = {name: parameter.grad for name, parameter in net.named_parameters()}
    assert learned.keys() == wanted.keys()
    assert max(far(learned[name], gradient) for name, gradient in wanted.items()) < TOLERANCE
    assert max(far(tensors[name], value) for name, value in net.state_dict().items()) < TOLERANCE


def far(actual: Array, expected: Any) -> float:
    """The largest distance, relative to the largest number."""
    return float(np.max(np.abs(np.asarray(actual) - expected.numpy())) / max(float(expected.abs().max()), 1e-300))
