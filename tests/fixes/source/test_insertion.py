"""New layers: their names, their place, their imports."""

from __future__ import annotations

from typing import Any

import pytest

NET = """
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.first = nn.Linear(4, width)  # in
        self.second = nn.Linear(width, width)
        self.third = nn.Linear(width, width)
{more}        self.head = nn.Linear(width, 2)

    def forward(self, x):
        x = torch.sigmoid(self.first(x))
        x = torch.sigmoid(self.second(x))
        x = torch.sigmoid(self.third(x))
        return self.head(x)
"""


def test_a_new_layer_stands_behind_the_one_it_belongs_to(fixed: Any) -> None:
    assert (
        fixed(NET.format(more=""), "NL402")
        == """
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.first = nn.Linear(4, width)  # in
        self.prelu = nn.PReLU(init=0.1)
        self.second = nn.Linear(width, width)
        self.prelu2 = nn.PReLU(init=0.1)
        self.third = nn.Linear(width, width)
        self.prelu3 = nn.PReLU(init=0.1)
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        x = self.prelu(self.first(x))
        x = self.prelu2(self.second(x))
        x = self.prelu3(self.third(x))
        return self.head(x)
"""
    )


def test_a_new_layer_has_a_name_that_is_free(fixed: Any) -> None:
    result = fixed(NET.format(more="        self.prelu = 3\n        self.prelu2 = self.prelu\n"), "NL402")
    assert [f"self.prelu{n}(" in result for n in ("", "2", "3", "4", "5")] == [False, False, True, True, True]


SHARED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return self.head(x)
"""


def test_one_new_layer_does_not_serve_all_rounds_of_a_loop(fixed: Any) -> None:
    assert fixed(SHARED, "NL402") == SHARED
    assert "loop" in fixed.proposal(SHARED, "NL402").fix.message


def test_a_class_without_a_constructor_is_only_shown(fixed: Any) -> None:
    code = """
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

class Net(Base):
    def forward(self, x):
        return self.three(torch.sigmoid(self.two(torch.sigmoid(self.one(torch.sigmoid(self.one(x)))))))
"""
    assert all("no `__init__` of its own" in proposal.fix.message for proposal in fixed.proposals(code, "NL402"))


IMPORTS = {
    "nn": ("from torch import nn", "nn.Linear", "nn.Sigmoid", "from torch import nn", "nn.PReLU"),
    "an alias": ("import torch.nn as tnn", "tnn.Linear", "tnn.Sigmoid", "import torch.nn as tnn", "tnn.PReLU"),
    "torch": ("import torch", "torch.nn.Linear", "torch.nn.Sigmoid", "import torch", "torch.nn.PReLU"),
    "the class itself": (
        "from torch.nn import Linear, Sequential, Sigmoid",
        "Linear",
        "Sigmoid",
        "from torch.nn import Linear, Sequential, Sigmoid, PReLU",
        "PReLU",
    ),
    "in parentheses": (
        "from torch.nn import (\n    Linear,\n    Sequential,\n    Sigmoid,  # old\n)",
        "Linear",
        "Sigmoid",
        "from torch.nn import (\n    Linear,\n    Sequential,\n    Sigmoid, PReLU,  # old\n)",
        "PReLU",
    ),
    "a name that is taken": (
        "from torch.nn import Linear, Sequential, Sigmoid\n\nPReLU = None",
        "Linear",
        "Sigmoid",
        "from torch.nn import Linear, Sequential, Sigmoid\nfrom torch import nn\n\nPReLU = None",
        "nn.PReLU",
    ),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_a_new_class_is_named_as_the_file_names_its_like(fixed: Any, case: str) -> None:
    header, linear, old, new_header, new = IMPORTS[case]
    sequential = linear.replace("Linear", "Sequential")
    layers = f"{linear}(4, 8), {{0}}, {linear}(8, 8), {{0}}, {linear}(8, 8), {{0}}, {linear}(8, 2)"
    before = f'"""A net."""\n{header}\n\nnet = {sequential}({layers.format(f"{old}()")})\n'
    after = f'"""A net."""\n{new_header}\n\nnet = {sequential}({layers.format(f"{new}(init=0.1)")})\n'
    assert fixed.run(before.encode(), "NL402").source.decode() == after


def test_a_square_goes_behind_a_norm(fixed: Any) -> None:
    code = """
net = nn.Sequential(nn.Linear(784, 128), nn.ELU(), nn.Linear(128, 10))
for x, y in loader:
    loss = F.cross_entropy(net(x), y) + 1e-4 * sum(p.norm() for p in net.parameters())
    loss.backward()
"""
    assert "sum(p.norm().pow(2) for p" in fixed(code, "NL304")
