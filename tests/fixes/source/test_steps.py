"""Optimizers, layers that nobody owns, and initialisers: each lowering by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netlint.engine.diagnostic import Fix
from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect
from netlint.fixes import apply
from netlint.fixes.proposal import Refusal
from netlint.fixes.source.code import Files
from netlint.fixes.source.initialization import change_call, initialize
from netlint.fixes.source.insertion import Taken
from netlint.fixes.source.lowered import Lowered
from netlint.fixes.source.registration import register
from netlint.fixes.source.training import another_class, split_groups
from netlint.graph import Graph
from netlint.testing.rules import IMPORTS, networks_in

CONTRACT = Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES)


def carried_out(code: str, lowering: Callable[[Graph], Lowered]) -> str:
    """The code after one lowering on the first network in it."""
    graph = networks_in(IMPORTS + code)[0]
    fix = Fix("", "unsafe", CONTRACT, lowering(graph).edits)
    return apply((IMPORTS + code).encode(), [fix]).decode().removeprefix(IMPORTS)


OPTIMIZER = """
net = nn.Sequential(nn.Linear(4, 4), nn.PReLU(), nn.Linear(4, 4))
optimizer = {}
for x, y in loader:
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
"""


def split(graph: Graph) -> Lowered:
    return split_groups(Files(), graph.training.optimizers[0], {"weight_decay": 0.0})


def test_the_vectors_get_a_group_of_their_own() -> None:
    before = OPTIMIZER.format("torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=1e-4)")
    after = OPTIMIZER.format(
        """torch.optim.SGD([
    {"params": [p for p in net.parameters() if p.ndim >= 2]},
    {"params": [p for p in net.parameters() if p.ndim < 2], "weight_decay": 0.0},
], lr=0.1, weight_decay=1e-4)"""
    )
    assert carried_out(before, split) == after
    groups = networks_in(IMPORTS + after)[0].training.optimizers[0].groups
    assert [len(group.parameters or ()) for group in groups] == [2, 3]
    assert [group.options["weight_decay"] for group in groups] == [1e-4, 0.0]


@pytest.mark.parametrize("given", ["list(net.parameters())", "[{'params': net.parameters()}]", "net[0].parameters()"])
def test_what_is_not_parameters_of_a_name_is_not_split(given: str) -> None:
    with pytest.raises(Refusal, match="parameters"):
        carried_out(OPTIMIZER.format(f"torch.optim.SGD({given}, lr=0.1, weight_decay=1e-4)"), split)


CLASSES = {
    "of a module": ("torch.optim.Adam(net.parameters(), 1e-3, eps=1e-7)", "torch.optim.AdamW(net.parameters(), 1e-3, eps=1e-7)"),
    "under an alias": ("optim.Adam(params=net.parameters())", "optim.AdamW(params=net.parameters())"),
}  # fmt: skip


@pytest.mark.parametrize("case", CLASSES)
def test_an_optimizer_changes_its_class(case: str) -> None:
    before, after = (f"import torch.optim as optim\n{OPTIMIZER.format(text)}" for text in CLASSES[case])
    assert carried_out(before, lambda graph: another_class(Files(), graph.training.optimizers[0], "AdamW")) == after.replace(
        "torch.optim.AdamW", "optim.AdamW"
    )


def test_an_optimizer_whose_arguments_the_other_does_not_take_stays() -> None:
    code = OPTIMIZER.format("torch.optim.Adam(net.parameters(), lr=1e-3, decoupled_weight_decay=False)")
    with pytest.raises(Refusal, match="other arguments"):
        carried_out(code, lambda graph: another_class(Files(), graph.training.optimizers[0], "AdamW"))


NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)
{kept}

    def forward(self, x):
        for layer in self.layers:
            x = x + F.elu({call})
        return self.head(x)

net = Net()
"""
LISTS = {
    "a list": (
        "self.layers = [nn.Linear(8, 8), nn.Linear(8, 8)]",
        "self.layers = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])",
        "layer(x)",
    ),
    "a comprehension": (
        "self.layers = [nn.Linear(8, 8) for _ in range(2)]", "self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(2)])", "layer(x)"
    ),
    "a tuple without parentheses": (
        "self.layers = nn.Linear(8, 8), nn.Linear(8, 8)", "self.layers = nn.ModuleList((nn.Linear(8, 8), nn.Linear(8, 8)))", "layer(x)"
    ),
    "a list of pairs": (
        "self.layers = [(nn.Linear(8, 8), nn.ELU())]",
        "self.layers = nn.ModuleList([nn.ModuleList((nn.Linear(8, 8), nn.ELU()))])", "layer[0](x)"
    ),
    "appended": (
        "self.layers = []\nfor _ in range(2):\n    self.layers.append(nn.Linear(8, 8))",
        "self.layers = nn.ModuleList()\nfor _ in range(2):\n    self.layers.append(nn.Linear(8, 8))",
        "layer(x)",
    ),
}  # fmt: skip


def own(graph: Graph) -> Lowered:
    layer = next(layer for layer in graph.layers if not layer.registered)
    return register(Files(), graph, layer, Taken())


def written(kept: str, call: str) -> str:
    return NET.format(kept="\n".join(f"        {line}" for line in kept.split("\n")), call=call)


@pytest.mark.parametrize("case", LISTS)
def test_a_list_becomes_one_that_owns_its_layers(case: str) -> None:
    before, after, call = LISTS[case]
    fixed = carried_out(written(before, call), own)
    assert fixed == written(after, call)
    assert all(layer.registered for layer in networks_in(IMPORTS + fixed)[0].layers)


FORWARD = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head({}(x))

net = Net()
"""


def test_a_layer_made_in_forward_is_made_once() -> None:
    fixed = carried_out(FORWARD.format("nn.Linear(8, 8, bias=False)"), own)
    expected = FORWARD.format("self.linear").replace(
        "        self.head = nn.Linear(8, 2)\n", "        self.head = nn.Linear(8, 2)\n        self.linear = nn.Linear(8, 8, bias=False)\n"
    )
    assert fixed == expected


def test_a_layer_made_from_what_forward_knows_stays_there() -> None:
    with pytest.raises(Refusal, match="`forward` alone"):
        carried_out(FORWARD.format("nn.Linear(x.shape[-1], 8)"), own)


INITIALIZED = {
    "a class": (
        FORWARD.format("nn.Identity()"),
        "        self.head = nn.Linear(8, 2)\n",
        "        self.head = nn.Linear(8, 2)\n        for module in self.modules():\n            if isinstance(module, nn.Linear):\n"
        '                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")\n',
    ),
    "a variable": (
        "net = nn.Sequential(\n    nn.Linear(8, 2),\n    nn.ReLU(),\n)  # net\nprint(net)\n",
        ")  # net\n",
        ')  # net\nfor module in net.modules():\n    if isinstance(module, nn.Linear):\n'
        '        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", INITIALIZED)
def test_the_weights_of_a_class_are_initialised_where_the_network_is_complete(case: str) -> None:
    code, old, new = INITIALIZED[case]

    def lowering(graph: Graph) -> Lowered:
        layers = tuple(layer for layer in graph.layers if layer.kind == "torch.nn.Linear")
        return initialize(Files(), graph, layers, "kaiming_normal_", {"nonlinearity": "relu"})

    assert carried_out(code, lowering) == code.replace(old, new)


def test_an_initialiser_is_called_with_other_arguments() -> None:
    code = "net = nn.Sequential(nn.Linear(8, 2), nn.PReLU())\nnn.init.kaiming_normal_(net[0].weight, nonlinearity='relu')\n"

    def lowering(graph: Graph) -> Lowered:
        initialization: Any = graph.layers[1].parameters["weight"].initialization
        return change_call(Files(), initialization.site, {"a": 0.25, "nonlinearity": "leaky_relu"})

    assert carried_out(code, lowering) == code.replace("nonlinearity='relu'", 'nonlinearity="leaky_relu", a=0.25')
