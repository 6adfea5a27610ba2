"""Weight decay inside Adam's gradient, where Adam normalises it away.

What
    `Adam`, `NAdam`, `RAdam` or `Adamax` with a `weight_decay` that is not 0.

Why
    These optimizers add lambda * w to the gradient and then divide by the running size of the gradient. A weight
    whose gradient is large is therefore decayed less than one whose gradient is small, although lambda was meant for
    both; L2 and weight decay, equal for SGD, come apart. AdamW applies the decay to the weight itself, after the
    normalisation: every weight shrinks by the factor 1 - lr * lambda.

Evidence for
    Loshchilov and Hutter (arXiv 1711.05101): with the decay decoupled, Adam generalises better on their image sets,
    and the best lambda depends less on the learning rate.

Evidence against
    Published recipes (graph networks, say) were tuned with Adam's L2 and are best reproduced with it. The gain is
    small where lambda is small.

When it is fine
    `decoupled_weight_decay=True`, no decay at all, or a recipe that is reproduced as it stands.

The fix
    `torch.optim.AdamW` with the same arguments; for NAdam and RAdam, `decoupled_weight_decay=True`. Lambda must be
    searched anew: PyTorch's default for AdamW, .01, is far above what is used with Adam.
"""

from __future__ import annotations

from netlint.engine.intent import ChangeClass, Intent, SetOption
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Optimizer, Unknown
from netlint.graph.queries import decouples_decay

rule = Rule(
    code="NL308",
    name="adam-l2",
    severity=Severity.ADVICE,
    summary="Adam with weight_decay normalises the decay away: AdamW applies it to the weights.",
    evidence="decoupled decay generalises better with Adam (Loshchilov and Hutter, arXiv 1711.05101)",
    needs=Fact.TRAINING,
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.CHANGES),
)
_FLAG = ("NAdam", "RAdam")
"""Optimizers without a W variant of their own: a flag decouples their decay."""


@rule.check
def check(optimizer: Optimizer, graph: Graph, options: Options) -> Answers:
    if optimizer.kind not in ("Adam", "Adamax", *_FLAG):
        return None
    for fact in (optimizer.decay, decouples_decay(optimizer)):
        if isinstance(fact, Unknown):
            return fact
    if optimizer.decay == 0 or decouples_decay(optimizer):
        return None
    cure = "set `decoupled_weight_decay=True`" if optimizer.kind in _FLAG else "use `torch.optim.AdamW`"
    return Finding(
        at=optimizer,
        data={"decay": optimizer.decay},
        message=f"{optimizer.kind} adds weight_decay={optimizer.decay:g} to the gradient and then normalises it, so weights "
        f"with large gradients are hardly decayed; {cure} and search lambda anew",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    optimizer = finding.at
    if not isinstance(optimizer, Optimizer):
        return None
    if optimizer.kind in _FLAG:
        return SetOption(optimizer, {"decoupled_weight_decay": True})
    return ChangeClass(optimizer, "AdamW") if optimizer.kind == "Adam" else None


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
    loss.backward()
    optimizer.step()
"""

invalid = [
    Example(_RESIDUAL + "optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)  # here" + _LOOP),
    Example(_NET + "optimizer = torch.optim.NAdam(net.parameters(), weight_decay=1e-4)  # here" + _LOOP),
]
valid = [
    Example(
        _RESIDUAL + "optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)" + _LOOP,
        because="AdamW decouples the decay",
    ),
    Example(_NET + "optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)" + _LOOP, because="nothing decays"),
    Example(
        _NET + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)" + _LOOP,
        because="for SGD decay and L2 are the same",
    ),
    Example(
        _NET + "optimizer = torch.optim.RAdam(net.parameters(), weight_decay=1e-4, decoupled_weight_decay=True)" + _LOOP,
        because="the decay is decoupled by the flag",
    ),
]
