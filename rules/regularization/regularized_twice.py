"""The same penalty, twice on the same weights.

What
    An explicit L2 penalty is added to the loss, and the optimizer decays the same parameters too; or two penalties
    with the same norm reach the same loss.

Why
    Weight decay is an L2 penalty: with SGD, `weight_decay=a` and a term b * ||w||^2 together pull a weight by (a +
    2b) w. The effective lambda stands in two places, and whoever tunes one of them searches in the shadow of the
    other. AdamW decays by .01 even where nothing is said.

Evidence for
    S12, S15: one term, one coefficient that is searched. The sum of the two gradients above.

Evidence against
    None for plain SGD. With AdamW the two are not the same: its decay is not normalised by the gradient's size, an
    explicit term is.

When it is fine
    L1 together with L2 (elastic net), a penalty on layers that the optimizer does not decay, one half of the pair
    with coefficient 0.

The fix
    Keep the optimizer's decay and drop the term, or set `weight_decay=0.0`. Which of the two was meant is not in the
    code, so none is applied.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity
from netlint.graph import Fact, Graph, Optimizer, Parameter, Penalty, Unknown
from netlint.graph.queries import trained_totals

rule = Rule(
    code="NL307",
    name="regularized-twice",
    severity=Severity.WARNING,
    summary="An explicit L2 penalty on weights that the optimizer decays too, or the same penalty twice.",
    statements=("S12", "S15"),
    evidence="with SGD, weight_decay=a and b * ||w||^2 together pull by (a + 2b) w",
    needs=Fact.TRAINING,
)


@rule.check
def check(penalty: Penalty, graph: Graph, options: Options) -> Answers:
    if penalty.blocked_by is not None or penalty.coefficient == 0:
        return None
    totals = trained_totals(graph, penalty.term)
    for other in graph.training.penalties[: graph.training.penalties.index(penalty)]:
        same_loss = any(total in totals for total in trained_totals(graph, other.term))
        if (
            other.norm == penalty.norm
            and other.site.key != penalty.site.key
            and same_loss
            and _overlap(other.parameters, penalty.parameters)
        ):
            return Finding(
                at=penalty,
                related=[(other, "the first penalty")],
                message=f"a second L{penalty.norm} penalty on the same weights in the same loss: their coefficients add up; keep one",
            )
    if penalty.norm != 2:
        return None
    answers = [_decayed_too(penalty, optimizer) for optimizer in graph.training.optimizers]
    findings = [answer for answer in answers if isinstance(answer, Finding)]
    return findings[:1] or answers


def _decayed_too(penalty: Penalty, optimizer: Optimizer) -> Finding | Unknown | None:
    for group in optimizer.groups:
        decay = group.options.get("weight_decay", 0.0)
        if decay == 0:
            continue
        if isinstance(decay, Unknown):
            return decay
        if group.parameters is None:
            return Unknown("which parameters the decayed group holds")
        if _overlap(group.parameters, penalty.parameters):
            chosen = "weight_decay" in optimizer.explicit or decay != optimizer.options.get("weight_decay")
            written = "" if chosen else ", its default"
            return Finding(
                at=penalty,
                related=[(optimizer, "the optimizer that decays the same weights")],
                data={"decay": decay},
                message=f"this L2 penalty shrinks weights that {optimizer.kind} decays already (weight_decay={decay}{written}), so "
                "the effective lambda stands in two places; keep one: drop the penalty, or set `weight_decay=0.0`",
            )
    return None


def _overlap(some: tuple[Parameter, ...], others: tuple[Parameter, ...]) -> bool:
    ids = {id(parameter) for parameter in some}
    return any(id(parameter) in ids for parameter in others)


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
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss = loss + 1e-4 * {penalty}
    loss.backward()
    optimizer.step()
"""
_L2 = "sum(p.pow(2).sum() for p in net.parameters())"
_DECAY = "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)"

invalid = [
    Example(
        _NET
        + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"
        + """
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss = loss + 1e-4 * net[0].weight.pow(2).sum()
    loss = loss + 1e-4 * sum(p.pow(2).sum() for p in net.parameters())  # here
    loss.backward()
    optimizer.step()
"""
    ),
    Example(_RESIDUAL + _DECAY + _LOOP.format(penalty=_L2 + "  # here")),
    Example(_NET + "optimizer = torch.optim.AdamW(net.parameters())" + _LOOP.format(penalty=_L2 + "  # here")),
]
valid = [
    Example(
        _RESIDUAL + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)" + _LOOP.format(penalty=_L2),
        because="the optimizer does not decay",
    ),
    Example(_NET + _DECAY + _LOOP.format(penalty="sum(p.abs().sum() for p in net.parameters())"), because="L1 with L2 is an elastic net"),
    Example(
        _NET
        + 'optimizer = torch.optim.SGD([{"params": net[0].parameters(), "weight_decay": 1e-4}, {"params": net[2].parameters()}], lr=0.1)'
        + _LOOP.format(penalty="net[2].weight.pow(2).sum()"),
        because="the penalty is on the layer that the optimizer does not decay",
    ),
    Example(
        _NET
        + _DECAY
        + """
for x, y in loader:
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
print(sum(p.pow(2).sum() for p in net.parameters()))
""",
        because="the norm is only printed",
    ),
]
