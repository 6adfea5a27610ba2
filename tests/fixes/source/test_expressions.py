"""Calls in expressions and in consecutive statements."""

from __future__ import annotations

from typing import Any

import pytest

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.act = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(8, 8, 3)

    def forward(self, x):
{body}
"""


def net(body: str) -> str:
    return NET.format(body="\n".join(f"        {line}" if line else "" for line in body.strip("\n").split("\n")))


SWAPS = {
    "modules and functions, nested": ("return self.pool(F.relu(self.conv(x)))", "return F.relu(self.pool(self.conv(x)))"),
    "functions with options": (
        "return F.max_pool2d(F.relu(self.conv(x), inplace=True), 2, stride = 2)",
        "return F.relu(F.max_pool2d(self.conv(x), 2, stride = 2), inplace=True)",
    ),
    "a method": ("return self.pool(self.conv(x).relu())", "return self.pool(self.conv(x)).relu()"),
    "keywords": (
        "return F.max_pool2d(kernel_size=2, input=F.relu(self.conv(x)))",
        "return F.relu(F.max_pool2d(kernel_size=2, input=self.conv(x)))",
    ),
    "parentheses": ("return self.pool((F.relu(self.conv(x))))", "return (F.relu(self.pool(self.conv(x))))"),
    "an expression inside": ("return self.pool(F.relu(x + self.conv(x)))", "return F.relu(self.pool(x + self.conv(x)))"),
    "a method of an expression": ("return self.pool((x + self.conv(x)).relu())", "return self.pool((x + self.conv(x))).relu()"),
    "several lines": (
        """
return self.pool(  # pool
    F.relu(
        self.conv(x),  # convolve
    )
)
""",
        """
return F.relu(
        self.pool(  # pool
    self.conv(x)
),  # convolve
    )
""",
    ),
    "within more": ("return self.head(self.pool(self.act(self.conv(x))))", "return self.head(self.act(self.pool(self.conv(x))))"),
    "two statements": ("x = self.act(self.conv(x))\nx = self.pool(x)\nreturn x", "x = self.pool(self.conv(x))\nx = self.act(x)\nreturn x"),
    "three statements": (
        "x = self.conv(x)\nx = F.relu(x)  # act\n\n# pool\nx = F.max_pool2d(x, 2)\nreturn x",
        "x = self.conv(x)\nx = F.max_pool2d(x, 2)  # act\n\n# pool\nx = F.relu(x)\nreturn x",
    ),
    "other names": (
        "h1 = F.relu(self.conv(x))\nh2 = self.pool(h1)\nreturn self.head(h2)",
        "h1 = self.pool(self.conv(x))\nh2 = F.relu(h1)\nreturn self.head(h2)",
    ),
    "read by a return": (
        "x = F.relu(self.conv(x))\nreturn self.head(self.pool(x))",
        "x = self.pool(self.conv(x))\nreturn self.head(F.relu(x))",
    ),
    "something else between": (
        "y = F.relu(self.conv(x))\nprint('half way')\ny = self.pool(y)\nreturn y",
        "y = self.pool(self.conv(x))\nprint('half way')\ny = F.relu(y)\nreturn y",
    ),
    "in a branch": (
        "if x.dim() == 4:\n    x = F.relu(self.conv(x))\n    x = self.pool(x)\nreturn x",
        "if x.dim() == 4:\n    x = self.pool(self.conv(x))\n    x = F.relu(x)\nreturn x",
    ),
    "an annotation": (
        "x: torch.Tensor = F.relu(self.conv(x))\nx = self.pool(x)\nreturn x",
        "x: torch.Tensor = self.pool(self.conv(x))\nx = F.relu(x)\nreturn x",
    ),
    "tabs": (
        "if True:\n\tx = F.relu(self.conv(x))\n\tx = self.pool(x)\nreturn x",
        "if True:\n\tx = self.pool(self.conv(x))\n\tx = F.relu(x)\nreturn x",
    ),
}


@pytest.mark.parametrize("case", SWAPS)
def test_the_pool_comes_first(fixed: Any, case: str) -> None:
    before, after = SWAPS[case]
    assert fixed(net(before), "NL501", levels=("safe",)) == net(after)


REFUSED = {
    "the size is read between": (
        "y = F.relu(self.conv(x))\nn = y.size(2)\nz = self.pool(y)\nreturn z * n",
        "`y` is used for something else",
    ),
    "read again later": ("y = F.relu(self.conv(x))\nz = self.pool(y)\nprint(y.shape)\nreturn z", "`y` is read again later"),
    "in another block": ("y = F.relu(self.conv(x))\nif True:\n    y = self.pool(y)\nreturn y", "different blocks"),
    "part of a sum": ("y = self.pool(0 + F.relu(self.conv(x)))\nreturn y", None),
    "unpacked arguments": ("a = (2,)\nreturn F.max_pool2d(F.relu(self.conv(x)), *a)", "unpacked"),
    "in a loop with another name": (
        "for i in range(2):\n    y = F.relu(self.conv(x))\n    z = self.pool(y)\nreturn z",
        "`y` lives on in a loop",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_local_is_left_alone(fixed: Any, case: str) -> None:
    body, reason = REFUSED[case]
    code = net(body)
    assert fixed(code, "NL501") == code
    if reason:
        assert reason in fixed.proposal(code, "NL501").fix.message


REMOVALS = {
    "nested": ("return F.log_softmax(F.softmax(self.conv(x), dim=1), dim=1)", None),
    "a call around an expression": ("return F.relu(self.act(x + self.conv(x)))", "return self.act(x + self.conv(x))"),
    "a method": ("return self.head(F.relu(self.conv(x)).relu())", "return self.head(F.relu(self.conv(x)))"),
    "a statement that would say nothing": (
        "x = F.relu(self.conv(x))\nx = F.relu(x)\nreturn self.head(x)",
        "x = F.relu(self.conv(x))\nreturn self.head(x)",
    ),
    "another name": (
        "y = F.relu(self.conv(x))\nz = F.relu(y)\nreturn self.head(z)",
        "y = F.relu(self.conv(x))\nz = y\nreturn self.head(z)",
    ),
    "with a comment in its line": (
        "x = F.relu(self.conv(x))\nx = self.act(x)  # again\n# then\nreturn self.head(x)",
        "x = F.relu(self.conv(x))\n# then\nreturn self.head(x)",
    ),
    "alone in its block": (
        "x = F.relu(self.conv(x))\nif True:\n    x = F.relu(x)\nreturn self.head(x)",
        "x = F.relu(self.conv(x))\nif True:\n    x = x\nreturn self.head(x)",
    ),
}


@pytest.mark.parametrize("case", REMOVALS)
def test_a_call_is_removed(fixed: Any, case: str) -> None:
    before, after = REMOVALS[case]
    assert fixed(net(before), "NL408") == net(after if after is not None else before)


def test_an_expression_that_loses_its_call_gets_parentheses(fixed: Any) -> None:
    code = net("return 2 * F.avg_pool2d(x + self.conv(x), 1)")
    assert fixed(code, "NL605") == net("return 2 * (x + self.conv(x))")
