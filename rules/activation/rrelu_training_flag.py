"""`F.rrelu` that is never random, or random at test too.

What
    A functional RReLU is called without `training`, with `training=False`, or with `training=True` written out.

Why
    RReLU draws its negative slope anew for each element in training and uses the mean slope at test. The functional form does not know
    the module's mode and takes `training=False` unless told otherwise: then it is a LeakyReLU in disguise. With `training=True` the
    predictions of the trained network are random.

Evidence for
    S19, and the signature of `torch.nn.functional.rrelu`. The random slope in training only is RReLU's definition (arXiv 1505.00853).

Evidence against
    None for the default; a fixed True may be meant where predictions are sampled on purpose.

When it is fine
    `nn.RReLU`, and `training=self.training`.

The fix
    Makes the call follow the module's mode.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Fact, Graph, Unknown
from netlint.graph.operators import RReLU

rule = Rule(
    code="NL406",
    name="rrelu-training-flag",
    severity=Severity.WARNING,
    summary="`F.rrelu` that is never random, or random at test too: it does not follow the module's mode by itself.",
    statements=("S19",),
    evidence="torch.nn.functional.rrelu takes training=False unless told otherwise",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
)


@rule.check
def check(rrelu: RReLU, graph: Graph, options: Options) -> Answers:
    if rrelu.training is None or isinstance(rrelu.training, Unknown):
        return rrelu.training
    mean = ""
    if isinstance(rrelu.lower, (int, float)) and isinstance(rrelu.upper, (int, float)):
        mean = f" of slope {(rrelu.lower + rrelu.upper) / 2:.3g}"
    fault = "draws its slopes at random at test too" if rrelu.training else f"never draws its slopes at random: it is a LeakyReLU{mean}"
    return Finding(at=rrelu, message=f"this rrelu {fault}; pass training=self.training, or use nn.RReLU")


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    old = finding.at
    return Replace(old, (RReLU(lower=old.lower, upper=old.upper, training=None),)) if isinstance(old, RReLU) else None


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(16, 16)
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        x = x + {call}
        return self.head(x)
"""

invalid = [
    Example(_NET.format(call="F.rrelu(self.first(x))  # here")),
    Example(_NET.format(call="F.rrelu(self.first(x), 0.1, 0.3, training=True)  # here")),
    Example(_NET.format(call="torch.rrelu(self.first(x), training=False)  # here")),
]
valid = [
    Example(_NET.format(call="F.rrelu(self.first(x), training=self.training)"), because="the call follows the module's mode"),
    Example(sequential("nn.Linear(20, 64)", "nn.RReLU()", "nn.Linear(64, 2)"), because="the module knows its mode"),
    Example(_NET.format(call="F.leaky_relu(self.first(x))"), because="LeakyReLU has a fixed slope"),
]
