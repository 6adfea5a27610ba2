"""Safe fixes as torch sees them: the same bits, the same keys."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from netlint.testing.rules import IMPORTS  # noqa: E402

SEQUENTIALS = {
    "relu and pool": ("nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(8, 4, 3)", "NL501"),
    "tanh and a padded pool": ("nn.Conv2d(3, 8, 3), nn.Tanh(), nn.MaxPool2d(3, 2, 1, ceil_mode=True)", "NL501"),
    "a leaky one, adaptive": ("nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.2), nn.AdaptiveMaxPool2d(4), nn.Conv2d(8, 4, 3)", "NL501"),
    "a second relu": ("nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ReLU(), nn.Conv2d(8, 4, 3)", "NL408"),
    "a pool of one": ("nn.Conv2d(3, 8, 3), nn.AvgPool2d(1), nn.Conv2d(8, 4, 3), nn.AvgPool2d(1, 1)", "NL605"),
}
CLASS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.act = nn.ELU()
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(8, 4, 3)

    def forward(self, x):
{body}

net = Net()
"""
BODIES = {
    "nested": ("return self.head(self.pool(F.relu(self.conv(x))))", "NL501"),
    "statements": ("x = self.act(self.conv(x))\nx = F.max_pool2d(x, 2)\nreturn self.head(x)", "NL501"),
    "other names": ("y = self.conv(x).sigmoid()\nz = self.pool(y)\nreturn self.head(z)", "NL501"),
    "methods": ("return self.head(self.pool((self.conv(x)).relu_()))", "NL501"),
    "removed": ("y = F.relu(self.conv(x))\ny = F.relu(y)\nreturn 2 * self.head(y).relu().relu()", "NL408"),
    "pools removed": ("y = F.avg_pool2d(self.conv(x) + 1, 1)\nreturn 2 * F.avg_pool2d(self.head(y) - 1, 1, 1)", "NL605"),
}
CASES = {name: (f"net = nn.Sequential({layers})\n", code) for name, (layers, code) in SEQUENTIALS.items()}
CASES |= {
    name: (CLASS.format(body="\n".join(f"        {line}" for line in body.split("\n"))), code) for name, (body, code) in BODIES.items()
}


def run(source: str, training: bool) -> tuple[Any, list[str], list[Any]]:
    """The result, the keys and the gradients of `net`."""
    space: dict[str, Any] = {}
    torch.manual_seed(0)
    exec(compile(source, "model.py", "exec"), space)
    net = space["net"].train(training)
    result = net(torch.randn(2, 3, 19, 19))
    result.square().sum().backward()
    return result, list(net.state_dict()), [parameter.grad for parameter in net.parameters()]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("training", [True, False])
def test_a_safe_fix_changes_nothing_but_the_order(fixed: Any, case: str, training: bool) -> None:
    code, rule = CASES[case]
    result = fixed.run(code, rule, levels=("safe",))
    assert result.made and not result.left
    before, after = run(IMPORTS + code, training), run(result.source.decode(), training)
    assert torch.equal(before[0], after[0])
    assert before[1] == after[1]
    assert all(torch.allclose(one, two, rtol=1e-4, atol=1e-5) for one, two in zip(before[2], after[2], strict=True))


UNSAFE = {
    "dropout in a Sequential": ("net = nn.Sequential(nn.Flatten(), nn.Linear(1083, 512), nn.ELU(), nn.Linear(512, 10))\n", "NL101"),
    "new activations": (
        CLASS.format(body="        x = torch.sigmoid(self.conv(x))\n        x = self.head(x).sigmoid()\n        return self.pool(x.tanh())")
        .replace("nn.MaxPool2d(2)", "nn.Conv2d(4, 4, 3)"),
        "NL402",
    ),
    "plain relu": (CLASS.format(body="        return self.head(F.relu(self.conv(x)))"), "NL401"),
    "no bias": ("net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ELU())\n", "NL204"),
    "the mode": (CLASS.format(body="        return self.head(F.dropout(F.elu(self.conv(x)), 0.5))"), "NL103"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSAFE)
def test_what_an_unsafe_fix_writes_runs(fixed: Any, case: str) -> None:
    code, rule = UNSAFE[case]
    result = fixed.run(code, rule)
    assert result.made
    run(result.source.decode(), True)
