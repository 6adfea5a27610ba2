"""Arguments of constructors, functions, optimizers and loaders."""

from __future__ import annotations

from typing import Any

import pytest

BIAS = {
    "added": ("nn.Conv2d(3, 8, 3)", "nn.Conv2d(3, 8, 3, bias=False)"),
    "added behind a comma": ("nn.Conv2d(3, 8, 3,)", "nn.Conv2d(3, 8, 3, bias=False,)"),
    "added behind keywords": ("nn.Conv2d(3, 8, kernel_size=3)", "nn.Conv2d(3, 8, kernel_size=3, bias=False)"),
    "changed": ("nn.Conv2d(3, 8, 3, bias = True)", "nn.Conv2d(3, 8, 3, bias = False)"),
    "changed by its position": ("nn.Conv2d(3, 8, 3, 1, 1, 1, 1, True)", "nn.Conv2d(3, 8, 3, 1, 1, 1, 1, False)"),
    "on a line of its own": (
        "nn.Conv2d(\n        3,\n        8,  # wide\n        kernel_size=3,  # small\n    )",
        "nn.Conv2d(\n        3,\n        8,  # wide\n        kernel_size=3,\n        bias=False,  # small\n    )",
    ),
    "within parentheses": ("(nn.Conv2d(3, 8, 3) )", "(nn.Conv2d(3, 8, 3, bias=False) )"),
}


@pytest.mark.parametrize("case", BIAS)
def test_an_option_of_a_constructor(fixed: Any, case: str) -> None:
    before, after = BIAS[case]
    code = "net = nn.Sequential(\n    {},\n    nn.BatchNorm2d(8),\n    nn.ELU(),\n)\n"
    assert fixed(code.format(before), "NL204") == code.format(after)


REFUSED = {
    "an expression": (
        "use_bias = True\nnet = nn.Sequential(nn.Conv2d(3, 8, 3, bias=use_bias), nn.BatchNorm2d(8))\n",
        "set by the expression",
    ),
    "unpacked": ("options = {}\nnet = nn.Sequential(nn.Conv2d(3, 8, 3, **options), nn.BatchNorm2d(8))\n", "does not show whether `bias`"),
    "a class of the user": (
        "class Conv(nn.Conv2d):\n    pass\n\nnet = nn.Sequential(Conv(3, 8, 3), nn.BatchNorm2d(8))\n",
        "not torch's own class",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_option_that_is_not_a_literal_is_left_alone(fixed: Any, case: str) -> None:
    code, reason = REFUSED[case]
    assert fixed(code, "NL204") == code
    assert reason in fixed.proposal(code, "NL204").fix.message


def test_an_empty_call_gets_its_first_argument(fixed: Any) -> None:
    code = "net = nn.Sequential(nn.Linear(4, 4), nn.PReLU( ), nn.Linear(4, 4))\n"
    assert fixed(code, "NL404") == code.replace("nn.PReLU( )", "nn.PReLU( init=0.1)")


MODES = {
    "a function": ("F.dropout(x, 0.5)", "F.dropout(x, 0.5, training=self.training)"),
    "under another name": ("functional.dropout(x)", "functional.dropout(x, training=self.training)"),
    "written out": ("F.dropout(x, p=0.5, training=True)", None),
    "of torch": ("torch.dropout(x, 0.5, True)", None),
}


@pytest.mark.parametrize("case", MODES)
def test_a_function_follows_the_mode_of_its_module(fixed: Any, case: str) -> None:
    code = """
import torch.nn.functional as functional

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)

    def forward(self, x):
        x = F.elu(self.fc(x))
        x = {}
        return self.fc(x)
"""
    before, after = MODES[case]
    assert fixed(code.format(before), "NL103") == code.format(after or before)


def test_the_object_of_a_method_is_called_as_it_is_there(fixed: Any) -> None:
    code = """
class Net(nn.Module):
    def __init__(me):
        super().__init__()
        me.fc = nn.Linear(64, 64)

    def forward(me, x):
        return me.fc(F.dropout(F.elu(me.fc(x))))
"""
    assert "F.dropout(F.elu(me.fc(x)), training=me.training)" in fixed(code, "NL103")


def test_a_function_outside_a_module_has_no_mode_to_follow(fixed: Any) -> None:
    code = """
def drop(x):
    return F.dropout(x)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)

    def forward(self, x):
        return self.fc(drop(F.elu(self.fc(x))))
"""
    assert fixed(code, "NL103") == code
    assert "does not stand in a method" in fixed.proposal(code, "NL103").fix.message
