"""Networks that code makes, tries on made-up data, or hands to something that is not seen."""

from __future__ import annotations

from netlint.frontends.source import read
from netlint.graph import Graph
from netlint.graph.operators import Constant, Conv, Input, Linear

_NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.fc = nn.Linear(width, 10)

    def forward(self, x):
        return self.fc(self.conv(x).mean([2, 3]))

"""


def networks(code: str) -> list[Graph]:
    return [graph for graph in read(_NET + code, "nets.py").graphs if graph.root is not None]


def test_a_tensor_made_for_a_trial_is_data_to_the_network() -> None:
    (graph,) = networks("def test():\n    x = torch.randn(2, 3, 32, 32).float()\n    print(Net(16)(x).size())\n")
    conv = next(graph.of(Conv))
    assert isinstance(conv.inputs[0], Input)
    assert conv.shape == (2, 16, 30, 30)


def test_one_made_tensor_is_one_input() -> None:
    graph = networks("net = Net(8)\nx = torch.zeros(1, 3, 8, 8)\nloss = (net(x) - net.fc(net.conv(x))).sum()\nloss.backward()\n")[0]
    assert len(graph.inputs) == 1


def test_a_tensor_made_inside_a_network_stays_a_constant() -> None:
    found = networks("class Noisy(Net):\n    def forward(self, x):\n        return self.conv(x + torch.randn(1))\n\nnet = Noisy(8)\n")
    graph = next(graph for graph in found if graph.name == "net")
    assert len(list(graph.of(Constant))) == 1


def test_a_network_that_is_given_to_something_unseen() -> None:
    (graph,) = networks("from mine import Trainer\n\ndef main():\n    net = Net(16)\n    Trainer(net).fit()\n\nmain()\n")
    assert graph.name == "Net"
    assert next(graph.of(Linear)).in_features == 16


def test_a_part_that_is_made_by_itself_is_not_a_network() -> None:
    (graph,) = networks("def build():\n    parts = [Net(3), Net(3)]\n    return nn.Sequential(*parts)\n")
    assert graph.name == "build"


def test_a_head_that_is_put_on_a_network_that_is_not_seen() -> None:
    code = "from torchvision import models\nnet = models.resnet18()\nnet.fc = nn.Sequential(nn.Linear(512, 300), nn.Linear(300, 2))\n"
    graph = next(graph for graph in networks(code) if graph.name == "Sequential")
    assert [layer.out_features for layer in graph.of(Linear)] == [300, 2]
    assert not graph.concrete


def test_a_stack_whose_layers_are_used_elsewhere_is_not_read_again() -> None:
    (graph,) = networks("stack = nn.Sequential(Net(4), nn.ReLU())\nnet = nn.Sequential(*stack, nn.Linear(10, 2))\ndel stack\n")
    assert graph.name == "net"


def test_a_set_of_classes_is_walked_by_their_names() -> None:
    build = "def build():\n    return nn.Sequential(*[kind() for kind in {nn.Tanh, nn.ReLU, nn.ELU}], Net(4), *[k(4) for k in {Net}])\n"
    (graph,) = networks(build)
    assert [type(node).__name__ for node in graph.operators if not node.weighted][1:4] == ["ELU", "ReLU", "Tanh"]
