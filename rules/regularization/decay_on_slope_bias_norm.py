"""Weight decay on parameters that are not weights: PReLU slopes, biases, the scales and shifts of norm layers.

What
    A parameter group with weight decay holds vectors as well as weight matrices: slopes of PReLU, biases, gamma and
    beta of norm layers. It is what `model.parameters()` gives.

Why
    Decay prefers the value 0. For a weight that means "no influence". For the slope of PReLU it means ReLU, which
    PReLU was chosen to replace; for gamma it means a channel that is switched off; for a bias, a threshold at the
    origin. None of these makes the function simpler in the sense in which small weights do.

Evidence for
    The PReLU paper (arXiv 1502.01852) trains its slopes without decay, and PyTorch's page for PReLU asks for the
    same. Van Laarhoven (arXiv 1706.05350) shows that the decay of weights before a norm layer acts as a learning
    rate, not as a penalty, so what it does to the norm's own gamma is of another kind.

Evidence against
    For biases and norm layers several ablations find next to no difference in accuracy; hence advice. With PReLU it
    is a warning.

When it is fine
    The parameters are already split into groups, the decayed group holding weights only, or the decay is 0.

The fix
    Split the parameters: those with fewer than two dimensions into a group with `weight_decay=0.0`, the rest as
    before.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, SplitGroups
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Optimizer, Parameter, Unknown
from netlint.graph.operators import Norm, PReLU

rule = Rule(
    code="NL306",
    name="decay-on-slope-bias-norm",
    severity=Severity.ADVICE,
    summary="Weight decay also shrinks PReLU slopes, biases and norm scales.",
    evidence="decay pulls a PReLU slope to 0, that is to ReLU; the PReLU paper (arXiv 1502.01852) trains slopes without it",
    needs=Fact.TRAINING,
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.CHANGES),
)


@rule.check
def check(optimizer: Optimizer, graph: Graph, options: Options) -> Answers:
    decay = optimizer.decay
    if isinstance(decay, Unknown):
        return decay
    if decay == 0:
        return None
    decayed: list[Parameter] = []
    for group in optimizer.groups:
        if group.options.get("weight_decay", 0.0) == 0:
            continue
        if group.parameters is None:
            return Unknown("which parameters this group holds")
        decayed += [parameter for parameter in group.parameters if _is_no_weight(parameter)]
    slopes = [parameter for parameter in decayed if _belongs_to(parameter, PReLU)]
    norms = [parameter for parameter in decayed if _belongs_to(parameter, Norm)]
    biases = len(decayed) - len(slopes) - len(norms)
    counts = {"PReLU slopes": len(slopes), "norm scales and shifts": len(norms), "biases and other vectors": biases}
    if not decayed:
        return None
    listed = ", ".join(f"{what}: {count}" for what, count in counts.items() if count)
    tall = any(parameter.shape is not None and len(parameter.shape) > 1 for parameter in decayed)
    which = "these" if tall else "parameters with fewer than two dimensions"
    return Finding(
        at=optimizer,
        severity=Severity.WARNING if slopes else None,
        related=[(slopes[0].owner, "a decayed slope")] if slopes and slopes[0].owner is not None else (),
        data={"slopes": len(slopes), "norms": len(norms), "biases": biases, "tall": tall},
        message=f"weight decay {decay:g} also shrinks what is no weight ({listed})"
        + (": it pulls the slopes towards 0, which is ReLU" if slopes else "")
        + f"; put {which} into a group with `weight_decay=0.0`",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    if finding.data["tall"] or not isinstance(finding.at, Optimizer):
        return None  # groups are told apart by dimensions, and the scales of a LayerNorm([C, H, W]) have three
    return SplitGroups(finding.at, {"weight_decay": 0.0})


def _is_no_weight(parameter: Parameter) -> bool:
    """Whether a trained parameter scales or shifts: it belongs to a norm or PReLU, whatever its shape, or it is a vector."""
    if parameter.owner is None or parameter.trainable is False or parameter.shape is None:
        return False
    return _belongs_to(parameter, PReLU) or _belongs_to(parameter, Norm) or len(parameter.shape) < 2


def _belongs_to(parameter: Parameter, kind: type[PReLU] | type[Norm]) -> bool:
    return parameter.owner is not None and isinstance(parameter.owner.operator, kind)


_PRELU = "net = nn.Sequential(nn.Linear(784, 128), nn.PReLU(init=0.1), nn.Linear(128, 10))\n"
_RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, padding=1)
        self.norm = nn.BatchNorm2d(32)
        self.body = nn.Conv2d(32, 32, 3, padding=1)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.norm(self.stem(x))
        x = x + F.elu(self.body(x))
        return self.head(x.mean([2, 3]))

net = Net()
"""
_LOOP = """
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
"""
_TWO = """
judge = nn.Sequential(nn.Linear(784, 128), nn.ELU(), nn.Linear(128, 1))
painter = nn.Sequential(nn.Linear(100, 128), nn.ELU(), nn.Linear(128, 784))
first = torch.optim.SGD(painter.parameters(), lr=0.1)
second = torch.optim.SGD(judge.parameters(), lr=0.1, weight_decay=1e-4)  # here
for real in loader:
    loss = judge(painter(torch.randn(8, 100))).mean() - judge(real).mean()
    loss.backward()
    second.step()
"""

invalid = [
    Example(_TWO),
    Example(_PRELU + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)  # here" + _LOOP, severity=Severity.WARNING),
    Example(_PRELU + "optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)  # here" + _LOOP, severity=Severity.WARNING),
    Example(_RESIDUAL + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)  # here" + _LOOP),
    Example(
        "net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.LayerNorm([8, 26, 26]), nn.Flatten(), nn.Linear(5408, 10, bias=False))\n"
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)  # here" + _LOOP
    ),
]
valid = [
    Example(
        _PRELU
        + """
weights = [p for p in net.parameters() if p.ndim > 1]
others = [p for p in net.parameters() if p.ndim < 2]
groups = [{"params": weights, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.SGD(groups, lr=0.1)
"""
        + _LOOP,
        because="the parameters are split: only matrices decay",
    ),
    Example(_PRELU + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)" + _LOOP, because="nothing decays"),
    Example(
        "net = nn.Sequential(nn.Linear(784, 128, bias=False), nn.ELU(), nn.Linear(128, 10, bias=False))\n"
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)" + _LOOP,
        because="the network has weight matrices only",
    ),
    Example(
        _RESIDUAL + "optimizer = torch.optim.SGD([net.stem.weight, net.body.weight, net.head.weight], lr=0.1, weight_decay=5e-4)" + _LOOP,
        because="the optimizer was given the weights alone",
    ),
]
