"""Elements of containers: exchanged, taken out, put in, replaced."""

from __future__ import annotations

from typing import Any

import pytest

SWAPS = {
    "one a line, with comments": (
        """
net = nn.Sequential(
    # the stem
    nn.Conv2d(3, 8, 3),  # wide
    nn.ReLU(inplace=True),  # first
    # between
    nn.MaxPool2d(
        2,
        stride=2,
    ),
    nn.Flatten())  # no comma
""",
        """
net = nn.Sequential(
    # the stem
    nn.Conv2d(3, 8, 3),  # wide
    nn.MaxPool2d(
        2,
        stride=2,
    ),  # first
    # between
    nn.ReLU(inplace=True),
    nn.Flatten())  # no comma
""",
    ),
    "on one line": (
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU( ) ,nn.MaxPool2d(2), )\n",
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2) ,nn.ReLU( ), )\n",
    ),
    "a starred list": (
        "net = nn.Sequential(*[nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2)])\n",
        "net = nn.Sequential(*[nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.ReLU()])\n",
    ),
    "a list that is starred later": (
        "layers = [nn.Conv2d(3, 8, 3)]\nlayers += [nn.ReLU(), nn.MaxPool2d(2)]\nnet = nn.Sequential(*layers)\n",
        "layers = [nn.Conv2d(3, 8, 3)]\nlayers += [nn.MaxPool2d(2), nn.ReLU()]\nnet = nn.Sequential(*layers)\n",
    ),
    "append in one block": (
        """
layers = [nn.Conv2d(3, 8, 3)]
layers.append(nn.ReLU())  # activate

layers.append(nn.MaxPool2d(2))
net = nn.Sequential(*layers)
""",
        """
layers = [nn.Conv2d(3, 8, 3)]
layers.append(nn.MaxPool2d(2))  # activate

layers.append(nn.ReLU())
net = nn.Sequential(*layers)
""",
    ),
    "append in a loop": (
        """
def make(widths):
    layers, width = [], 3
    for w in widths:
        layers.append(nn.Conv2d(width, w, 3))
        layers.append(nn.ReLU())
        layers.append(nn.MaxPool2d(2))
        width = w
    return nn.Sequential(*layers)

net = make([8, 16])
""",
        """
def make(widths):
    layers, width = [], 3
    for w in widths:
        layers.append(nn.Conv2d(width, w, 3))
        layers.append(nn.MaxPool2d(2))
        layers.append(nn.ReLU())
        width = w
    return nn.Sequential(*layers)

net = make([8, 16])
""",
    ),
    "named elements keep their names": (
        """
from collections import OrderedDict
net = nn.Sequential(OrderedDict([
    ("conv", nn.Conv2d(3, 8, 3)),
    ("relu", nn.ReLU()),
    ("pool", nn.MaxPool2d(2)),
]))
""",
        """
from collections import OrderedDict
net = nn.Sequential(OrderedDict([
    ("conv", nn.Conv2d(3, 8, 3)),
    ("pool", nn.MaxPool2d(2)),
    ("relu", nn.ReLU()),
]))
""",
    ),
    "a dictionary": (
        "from collections import OrderedDict\n"
        'net = nn.Sequential(OrderedDict({"c": nn.Conv2d(3, 8, 3), "r": nn.ReLU(), "p": nn.MaxPool2d(2)}))\n',
        "from collections import OrderedDict\n"
        'net = nn.Sequential(OrderedDict({"c": nn.Conv2d(3, 8, 3), "p": nn.MaxPool2d(2), "r": nn.ReLU()}))\n',
    ),
    "add_module": (
        """
net = nn.Sequential()
net.add_module("conv", nn.Conv2d(3, 8, 3))
net.add_module("relu", nn.ReLU())
net.add_module("pool", nn.MaxPool2d(2))
""",
        """
net = nn.Sequential()
net.add_module("conv", nn.Conv2d(3, 8, 3))
net.add_module("pool", nn.MaxPool2d(2))
net.add_module("relu", nn.ReLU())
""",
    ),
    "elements with names": (
        "act, pool = nn.ReLU(), nn.MaxPool2d(2)\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), act, pool)\n",
        "act, pool = nn.ReLU(), nn.MaxPool2d(2)\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), pool, act)\n",
    ),
    "a class derived from Sequential": (
        """
class Block(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Conv2d(3, width, 3), nn.ReLU(), nn.MaxPool2d(2))

net = Block(8)
""",
        """
class Block(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Conv2d(3, width, 3), nn.MaxPool2d(2), nn.ReLU())

net = Block(8)
""",
    ),
}


@pytest.mark.parametrize("case", SWAPS)
def test_neighbours_change_places(fixed: Any, case: str) -> None:
    before, after = SWAPS[case]
    assert fixed(before, "NL501", levels=("safe",)) == after


REFUSED = {
    "the pool is appended in another branch": (
        """
layers = []
for v in [8, "M", 16, "M"]:
    if v == "M":
        layers += [nn.MaxPool2d(2)]
    else:
        layers += [nn.Conv2d(3 if v == 8 else 8, v, 3), nn.ReLU()]
net = nn.Sequential(*layers)
""",
        "not local",
    ),
    "two containers": (
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.pool = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 8, 3))

    def forward(self, x):
        return self.pool(self.stem(x))
""",
        "different containers",
    ),
    "a container and a call": (
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(self.stem(x))
""",
        "called in `forward`",
    ),
    "something is done to the list between the two": (
        """
layers = [nn.Conv2d(3, 8, 3)]
layers.append(nn.ReLU())
print(len(layers))
layers.append(nn.MaxPool2d(2))
net = nn.Sequential(*layers)
""",
        "something else is done",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_local_is_only_shown_with_the_reason(fixed: Any, case: str) -> None:
    code, reason = REFUSED[case]
    assert fixed(code, "NL501") == code
    for proposal in fixed.proposals(code, "NL501"):
        assert proposal.fix.applicability == "display"
        assert reason in proposal.fix.message


DROPOUT = {
    "one a line": (
        "net = nn.Sequential(\n    nn.Linear(64, 512),\n    nn.ELU(),  # act\n    nn.Linear(512, 10),\n)\n",
        "net = nn.Sequential(\n    nn.Linear(64, 512),\n    nn.ELU(),  # act\n    nn.Dropout(0.5),\n    nn.Linear(512, 10),\n)\n",
    ),
    "on one line": (
        "net = nn.Sequential(nn.Linear(64, 512), nn.ELU(), nn.Linear(512, 10))\n",
        "net = nn.Sequential(nn.Linear(64, 512), nn.ELU(), nn.Dropout(0.5), nn.Linear(512, 10))\n",
    ),
    "two a line": (
        "net = nn.Sequential(\n    nn.Linear(64, 512), nn.ELU(),\n    nn.Linear(512, 10),\n)\n",
        "net = nn.Sequential(\n    nn.Linear(64, 512), nn.ELU(), nn.Dropout(0.5),\n    nn.Linear(512, 10),\n)\n",
    ),
    "appended": (
        """
layers = []
layers.append(nn.Linear(64, 512))
layers.append(nn.ELU())  # act
layers.append(nn.Linear(512, 10))
net = nn.Sequential(*layers)
""",
        """
layers = []
layers.append(nn.Linear(64, 512))
layers.append(nn.ELU())  # act
layers.append(nn.Dropout(0.5))
layers.append(nn.Linear(512, 10))
net = nn.Sequential(*layers)
""",
    ),
    "last of a nested one, without a comma": (
        "net = nn.Sequential(\n    nn.Sequential(\n        nn.Linear(64, 512),\n        nn.ELU()  # act\n    ),\n"
        "    nn.Linear(512, 10),\n)\n",
        "net = nn.Sequential(\n    nn.Sequential(\n        nn.Linear(64, 512),\n        nn.ELU(),  # act\n        nn.Dropout(0.5)\n    ),\n"
        "    nn.Linear(512, 10),\n)\n",
    ),
}


@pytest.mark.parametrize("case", DROPOUT)
def test_a_new_element_is_written_as_its_neighbours_are(fixed: Any, case: str) -> None:
    before, after = DROPOUT[case]
    assert fixed(before, "NL101") == after


def test_an_element_that_shifts_keys_says_so(fixed: Any) -> None:
    proposal = fixed.proposal(DROPOUT["one a line"][0], "NL101")
    assert proposal.fix.applicability == "unsafe"
    assert proposal.fix.contract.state_dict.value == "remap"
    nested = fixed.proposal(DROPOUT["last of a nested one, without a comma"][0], "NL101")
    assert nested.fix.contract.state_dict.value == "same"


def test_an_element_among_named_ones_is_only_shown(fixed: Any) -> None:
    code = """
from collections import OrderedDict
net = nn.Sequential(OrderedDict([("one", nn.Linear(64, 512)), ("act", nn.ELU()), ("two", nn.Linear(512, 10))]))
"""
    assert "need a name" in fixed.proposal(code, "NL101").fix.message


REMOVED = {
    "the last one": (
        "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    nn.ELU(),\n    nn.AvgPool2d(1),  # nothing\n)\n",
        "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    nn.ELU(),\n)\n",
    ),
    "the last one on its line": (
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ELU(), nn.AvgPool2d(1))\n",
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ELU())\n",
    ),
    "nothing with keys behind it": (
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AvgPool2d(1), nn.ELU())\n",
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ELU())\n",
    ),
    "keys behind it": (
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AvgPool2d(1), nn.Conv2d(8, 8, 3))\n",
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Identity(), nn.Conv2d(8, 8, 3))\n",
    ),
    "named": (
        'from collections import OrderedDict\nnet = nn.Sequential(OrderedDict([("a", nn.Conv2d(3, 8, 3)), ("b", nn.AvgPool2d(1)), '
        '("c", nn.Conv2d(8, 8, 3))]))\n',
        'from collections import OrderedDict\nnet = nn.Sequential(OrderedDict([("a", nn.Conv2d(3, 8, 3)), ("c", nn.Conv2d(8, 8, 3))]))\n',
    ),
    "appended": (
        "layers = [nn.Conv2d(3, 8, 3)]\nlayers.append(nn.AvgPool2d(1))\nlayers.append(nn.ELU())\nnet = nn.Sequential(*layers)\n",
        "layers = [nn.Conv2d(3, 8, 3)]\nlayers.append(nn.ELU())\nnet = nn.Sequential(*layers)\n",
    ),
    "between comments": (
        "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    # pool\n    nn.AvgPool2d(1),\n    # flat\n    nn.Flatten(),\n)\n",
        "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    # pool\n    # flat\n    nn.Flatten(),\n)\n",
    ),
}


@pytest.mark.parametrize("case", REMOVED)
def test_an_element_is_taken_out(fixed: Any, case: str) -> None:
    before, after = REMOVED[case]
    assert fixed(before, "NL605", levels=("safe",)) == after


REPLACED = {
    "by another class": ("nn.Sigmoid()", "nn.PReLU(init=0.1)"),
    "written out": ("torch.nn.Sigmoid()", "nn.PReLU(init=0.1)"),
}


@pytest.mark.parametrize("case", REPLACED)
def test_an_activation_is_replaced(fixed: Any, case: str) -> None:
    old, new = REPLACED[case]
    code = "net = nn.Sequential(nn.Linear(2, 8), {0}, nn.Linear(8, 8), {0}, nn.Linear(8, 8), {0}, nn.Linear(8, 2))\n"
    assert fixed(code.format(old), "NL402") == code.format(new)


def test_a_norm_is_replaced_with_the_width_as_it_is_written(fixed: Any) -> None:
    code = """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(8, width)
        self.norm = nn.BatchNorm1d(num_features=width)
        self.out = nn.Linear(width, 8)

    def forward(self, x):
        return x + self.out(F.elu(self.norm(self.fc(x))))

net = nn.Sequential(Block(16), Block(32))
"""
    assert fixed(code, "NL201") == code.replace("nn.BatchNorm1d(num_features=width)", "nn.LayerNorm(width)")
