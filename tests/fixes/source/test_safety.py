"""Facts that make an innocent change unsafe, or impossible."""

from __future__ import annotations

from typing import Any

import pytest

from netlint.fixes.safety import overwriting
from netlint.graph.operators import ReLU
from netlint.testing.rules import IMPORTS, networks_in

SEQUENTIAL = "nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3))"
CLASS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.act = nn.ReLU({inplace})
        self.pool = nn.MaxPool2d(2{indices})
        self.head = nn.Conv2d(8, 8, 3)

    def forward(self, x):
{body}
"""


def net(*lines: str, inplace: str = "", indices: str = "") -> str:
    return CLASS.format(body="\n".join(f"        {line}" for line in lines), inplace=inplace, indices=indices)


def test_a_plain_swap_is_safe(fixed: Any) -> None:
    proposal = fixed.proposal(f"net = {SEQUENTIAL}\n", "NL501")
    assert proposal.fix.applicability == "safe" and not proposal.reasons


UNSAFE = {
    "an indexed container": (f"net = {SEQUENTIAL}\nfirst = net[0]\n", "indexes into"),
    "a hook": (f"net = {SEQUENTIAL}\nrelu = nn.ReLU()\nrelu.register_forward_hook(print)\n"
               "net = nn.Sequential(nn.Conv2d(3, 8, 3), relu, nn.MaxPool2d(2))\n", "a hook on"),
    "a parameter that changes its key": (
        "net = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5), nn.BatchNorm1d(8))\n", "keys of the state_dict move"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSAFE)
def test_it_is_not_safe_and_says_why(fixed: Any, case: str) -> None:
    code, reason = UNSAFE[case]
    proposals = [one for one in fixed.proposals(code, "NL501", "NL105") if one.fix.applicability == "unsafe"]
    assert any(reason in " ".join(proposal.reasons) for proposal in proposals), fixed.proposals(code, "NL501", "NL105")


def test_an_operator_that_overwrites_what_the_caller_passed_in() -> None:
    [graph] = networks_in(IMPORTS + net("return self.pool(self.act(x))", inplace="inplace=True"))
    [relu] = graph.of(ReLU)
    assert overwriting(graph, relu) == ("the ReLU overwrites the tensor that the caller passed in",)


IMPOSSIBLE = {
    "an overwritten tensor that is read elsewhere": net(
        "y = self.conv(x)", "z = self.pool(self.act(y))", "return self.head(z), y.mean()", inplace="inplace=True"
    ),
    "a view of a tensor that is read elsewhere": net(
        "y = self.conv(x)", "z = self.pool(self.act(y[:, :, 1:]))", "return self.head(z), y.mean()", inplace="inplace=True"
    ),
    "two readers": net("y = self.act(self.conv(x))", "return self.pool(y), self.head(y)"),
    "indices": net("y, where = self.pool(self.act(self.conv(x)))", "return self.head(y), where", indices=", return_indices=True"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_nothing_is_changed(fixed: Any, case: str) -> None:
    code = IMPOSSIBLE[case]
    assert fixed(code, "NL501") == code
    assert all(proposal.fix.applicability == "display" for proposal in fixed.proposals(code, "NL501"))


def test_a_layer_that_serves_another_place_too_is_not_replaced(fixed: Any) -> None:
    code = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three, self.head = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
        self.act = nn.Sigmoid()

    def forward(self, x):
        x = self.act(self.one(x))
        x = self.act(self.two(x))
        x = self.act(self.three(x))
        return self.act(self.head(x))
"""
    assert fixed(code, "NL402") == code
    assert all("serves" in proposal.fix.message for proposal in fixed.proposals(code, "NL402"))


BLOCK = """
class Block(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3)
        self.act = nn.ReLU() if kind == "relu" else nn.GELU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(self.act(self.conv(x)))

net = nn.Sequential(Block("relu"), Block({other}))
"""


def test_a_class_that_is_used_in_several_ways(fixed: Any) -> None:
    same, mixed = BLOCK.format(other='"relu"'), BLOCK.format(other='"gelu"')
    assert "self.act(self.pool(self.conv(x)))" in fixed(same, "NL501", levels=("safe",))
    assert fixed(mixed, "NL501") == mixed
    assert "the same code serves `1" in fixed.proposal(mixed, "NL501").fix.message


def test_networks_that_need_different_numbers_are_only_told(fixed: Any) -> None:
    code = """
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Conv2d(width, 4, 3)

    def forward(self, x):
        return self.head(F.elu(self.norm(self.conv(x))))

def train(net):
    for x, y in torch.utils.data.DataLoader(data, batch_size=4):
        F.cross_entropy(net(x).mean([2, 3]), y).backward()

train(Net(6))
train(Net(64))
"""
    proposals = fixed.proposals(code, "NL202")
    assert proposals and all("different changes" in proposal.fix.message for proposal in proposals)
    assert fixed(code, "NL202") == code
    alone = code.replace("train(Net(6))\n", "")
    assert "nn.GroupNorm(" in fixed(alone, "NL202") and ", width)" in fixed(alone, "NL202")


def test_the_constructor_of_a_removed_call_goes_only_with_an_unsafe_fix(fixed: Any) -> None:
    code = net("x = self.act(self.conv(x))", "return self.head(self.again(x))").replace(
        "        self.pool = nn.MaxPool2d(2)\n", "        self.again = nn.ReLU()\n"
    )
    assert "self.again = nn.ReLU()" in fixed(code, "NL408")
    assert "self.again(" not in fixed(code, "NL408")
