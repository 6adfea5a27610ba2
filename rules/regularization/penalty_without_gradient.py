"""A penalty that is added to the loss but cannot move a weight.

What
    The penalty is computed from `p.data`, `p.detach()` or `p.item()`, or under `torch.no_grad()`, and then added to
    the loss that is trained.

Why
    A penalty works through its gradient. Cut off from the weights it is a constant: it raises the loss that is
    printed, and the training is the one without regularisation.

Evidence for
    S12: the penalty is a term of the function that is minimised. The derivative of a detached term is zero by
    definition.

Evidence against
    None.

When it is fine
    The value is only printed or logged, or it is added to a validation loss on which `backward()` is never called.

The fix
    Read the parameter itself (`p.pow(2).sum()`), outside `no_grad`. Not applied by itself, because the training
    changes as soon as the penalty works.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity
from netlint.graph import Fact, Graph, Penalty

rule = Rule(
    code="NL305",
    name="penalty-without-gradient",
    severity=Severity.ERROR,
    summary="A penalty in the loss whose gradient is cut off by `.data`, `.item()`, `.detach()` or `no_grad`.",
    statements=("S12",),
    evidence="the gradient of a detached term is zero: the penalty changes the printed loss and nothing else",
    needs=Fact.TRAINING,
)


@rule.check
def check(penalty: Penalty, graph: Graph, options: Options) -> Answers:
    if penalty.blocked_by is None:
        return None
    return Finding(
        at=penalty,
        certain=bool(graph.training.backward or graph.training.optimizers),
        data={"blocked_by": penalty.blocked_by},
        message=f"this L{penalty.norm} penalty has no gradient (`{penalty.blocked_by}` cuts it off), so it raises the loss but "
        "regularises nothing; compute it from the parameters themselves, with gradients enabled",
    )


_NET = "net = nn.Sequential(nn.Linear(784, 128), nn.ELU(), nn.Linear(128, 10))\n"
_RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Linear(784, 784), nn.Linear(784, 10)

    def forward(self, x):
        return self.head(x + F.elu(self.stem(x)))

net = Net()
"""
_LOOP = """
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss = loss + 1e-4 * {penalty}
    loss.backward()
    optimizer.step()
"""

invalid = [
    Example(_RESIDUAL + _LOOP.format(penalty="sum(p.data.pow(2).sum() for p in net.parameters())  # here")),
    Example(_NET + _LOOP.format(penalty="sum(p.abs().sum().item() for p in net.parameters())  # here")),
    Example(_NET + _LOOP.format(penalty="net[0].weight.detach().pow(2).sum()  # here")),
    Example(
        _NET
        + """
def loss_of(x, y):
    penalty = sum(p.detach().pow(2).sum() for p in net.parameters())  # here
    return F.cross_entropy(net(x), y) + 1e-4 * penalty
"""
    ),
]
valid = [
    Example(
        _NET
        + """
@torch.no_grad()
def validation_loss(x, y):
    return F.cross_entropy(net(x), y) + 1e-4 * sum(p.detach().pow(2).sum() for p in net.parameters())
""",
        because="nothing in this total has a gradient",
    ),
    Example(
        _NET
        + """
def report(x, y):
    return F.cross_entropy(net(x), y).item() + 1e-4 * sum(p.pow(2).sum().item() for p in net.parameters())
""",
        because="a number to print: the loss itself is cut off too",
    ),
    Example(_NET + _LOOP.format(penalty="sum(p.pow(2).sum() for p in net.parameters())"), because="the gradient reaches the weights"),
    Example(
        _NET
        + """
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    print(loss.item() + 1e-4 * sum(p.data.pow(2).sum() for p in net.parameters()))
""",
        because="the penalty is only printed",
    ),
    Example(
        _NET
        + """
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    loss = F.cross_entropy(net(x), y) + 1e-4 * sum(p.pow(2).sum() for p in net.parameters())
    loss.backward()
    optimizer.step()
with torch.no_grad():
    for x, y in held_out:
        total = F.cross_entropy(net(x), y) + 1e-4 * sum(p.pow(2).sum() for p in net.parameters())
""",
        because="the validation loss is not trained on",
    ),
]
