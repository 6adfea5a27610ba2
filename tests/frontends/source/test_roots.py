"""What is read when nothing of the project calls it: main functions with arguments, annotated parameters, closures, configurations."""

from __future__ import annotations

import pytest

from netlint.frontends.source import read
from netlint.graph import Graph
from netlint.graph.operators import CrossEntropy, Linear, Loss, Softmax

NET = """
import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self{parameters}):
        super().__init__()
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        return F.softmax(self.fc(x), dim=1)

"""


def _linked(code: str, parameters: str = "") -> list[Graph]:
    """The graphs in which a cross entropy reads the network's softmax."""
    graphs = read(NET.format(parameters=parameters) + code, "train.py").graphs
    return [graph for graph in graphs if any(isinstance(node, Softmax) for loss in graph.of(CrossEntropy) for node in graph.upstream(loss))]


def test_a_main_that_names_nothing_of_torch_is_run_before_what_it_calls() -> None:
    code = """
def train(model, loader):
    for x, y in loader:
        F.cross_entropy(model(x), y).backward()

def main(args):
    train(Net(), open_data(args))
"""
    assert _linked(code)


@pytest.mark.parametrize("annotation", ["Net", "'Net'", "Net | None", "'Net | None'"])
def test_a_parameter_annotated_with_a_network_is_one(annotation: str) -> None:
    code = f"def train(model: {annotation}, x, y):\n    F.cross_entropy(model(x), y).backward()\n"
    assert [graph.concrete for graph in _linked(code)] == [True]


def test_a_network_that_needs_arguments_stands_in_as_a_part() -> None:
    code = "def train(model: Net, x, y):\n    F.cross_entropy(model(x), y).backward()\n"
    assert [graph.concrete for graph in _linked(code, ", width")] == [False]


def test_a_class_from_which_others_derive_stands_for_none_of_them() -> None:
    code = "class Other(Net): ...\n\ndef train(model: Net, x, y):\n    F.cross_entropy(model(x), y).backward()\n"
    assert not _linked(code)


def test_the_closure_of_an_optimizers_step_is_run() -> None:
    code = """
def fit(x, y):
    net = Net()
    optimizer = torch.optim.LBFGS(net.parameters())
    def closure():
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        return loss
    optimizer.step(closure)
"""
    (graph,) = _linked(code)
    assert [type(total) for total in graph.training.backward] == [CrossEntropy]


def test_a_base_that_makes_its_subclasses_data_classes_gives_them_their_defaults() -> None:
    code = """
from dataclasses import dataclass
import torch.nn as nn

@dataclass
class Settings:
    name: str = ""
    def __init_subclass__(cls, **options):
        cls = dataclass(cls, kw_only=True)

class Config(Settings):
    width: int = 24

class Net(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.fc = nn.Linear(8, config.width)

    def forward(self, x):
        return self.fc(x)
"""
    (graph,) = read(code, "net.py").graphs
    assert graph.concrete
    assert [linear.out_features for linear in graph.of(Linear)] == [24]


@pytest.mark.parametrize(("body", "losses"), [("out = helper(out, y)", 1), ("loss_scale = out * 2", 0)])
def test_a_loss_inside_a_network_is_known_by_what_it_calls(body: str, losses: int) -> None:
    code = f"""
import torch.nn as nn
import torch.nn.functional as F

def helper(out, y):
    return F.mse_loss(out, y)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 5)

    def forward(self, x, y=None):
        out = self.fc(x)
        if y is not None:
            {body}
        return out
"""
    graphs = read(code, "net.py").graphs
    assert sum(isinstance(node, Loss) for graph in graphs if graph.name == "Net" for node in graph.operators) == losses


def test_a_vector_times_itself_is_an_l2_penalty() -> None:
    code = """
import torch
from torch import nn
import torch.nn.functional as F

net = nn.Linear(8, 5)
for x, y in loader:
    w = net.weight.flatten()
    loss = F.mse_loss(net(x), y) + 0.01 * (w @ w)
    loss.backward()
"""
    penalties = [penalty for graph in read(code, "train.py").graphs for penalty in graph.training.penalties]
    assert [(penalty.norm, penalty.squared, penalty.coefficient) for penalty in penalties] == [(2, True, 0.01)]


def test_a_training_step_handed_to_a_library_is_run() -> None:
    code = """
from ignite.engine import Engine

def main(args):
    net = Net()
    def step(engine, batch):
        x, y = batch
        loss = F.cross_entropy(net(x), y)
        loss.backward()
    Engine(step).run(open_data(args))
"""
    (graph,) = _linked(code)
    assert len(graph.training.backward) == 1
