"""A dropout that goes on dropping in evaluation.

What
    `F.dropout(x, p)` without `training=` (or with the method `self.train` in its place, which is always true), or an `nn.Dropout` that no
    module owns (kept in a plain list, or made anew in every `forward`).

Why
    The functional form cannot know the module's mode: its argument `training` is True unless it is told otherwise. `eval()` reaches only
    submodules that are registered. Either way the mask is drawn at test time too: results are noisy and change from call to call, and the
    noise that was meant for training lowers the measured accuracy.

Evidence for
    S3: the mask is drawn anew in every training step, and at test time there is none. The signature of `torch.nn.functional.dropout` says
    `training=True`.

Evidence against
    None for a plain mistake. Sampling with dropout at test time (Monte-Carlo dropout, Gal and Ghahramani, ICML 2016) is a method of its
    own.

When it is fine
    `training=True` written out says that it is meant, and is not flagged. Nor is a rate of 0.

The fix
    Passes `training=self.training`. Training stays the same; evaluation becomes what it should have been.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Register, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Unknown
from netlint.graph.operators import Dropout

rule = Rule(
    code="NL103",
    name="dropout-ignores-eval",
    severity=Severity.WARNING,
    summary="Dropout stays active in evaluation mode.",
    statements=("S3",),
    evidence="`F.dropout` has `training=True` as its default, and `eval()` reaches registered modules only (PyTorch)",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.SAME),
)


@rule.check
def check(dropout: Dropout, graph: Graph, options: Options) -> Answers:
    if dropout.p == 0 or graph.root is None:
        return None
    rate = "" if isinstance(dropout.p, Unknown) else f" {dropout.p:.0%} of"
    if dropout.layer is not None and not dropout.layer.registered:
        return Finding(
            at=dropout,
            message=f"no module owns this dropout, so `eval()` does not reach it and{rate} its elements are zeroed at test time too; "
            "make it a submodule in `__init__`",
        )
    if dropout.layer is None and dropout.training is True and not dropout.explicit:
        return Finding(
            at=dropout,
            message=f"this functional dropout was not told the mode, so in `eval()` it still zeroes{rate} the elements, at random; "
            "pass `training=self.training`",
        )
    return None


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    dropout = finding.at
    assert isinstance(dropout, Dropout)
    if dropout.layer is not None:
        return Register(dropout.layer)
    return Replace(dropout, (dropout.apply(training=None, explicit=True),))


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = x + F.elu(self.fc1(x))
{body}
        return self.fc2(x)
"""

invalid = [
    Example(_NET.format(body="        x = F.dropout(x, 0.5)  # here")),
    Example(_NET.format(body="        x = F.dropout(x + 1)  # here")),
    Example(_NET.format(body="        x = F.dropout(x, 0.5, training=self.train)  # here")),
    Example(_NET.format(body="        x = nn.Dropout(0.5)(x)  # here")),
]
valid = [
    Example(_NET.format(body="        x = F.dropout(x, 0.5, training=self.training)"), because="it follows the module's mode"),
    Example(_NET.format(body="        x = F.dropout(x, 0.5, self.training)"), because="it follows the module's mode"),
    Example(_NET.format(body="        x = F.dropout(x, 0.5, training=True)"), because="written out: sampling at test time is meant"),
    Example(_NET.format(body="        if self.training:\n            x = F.dropout(x, 0.5)"), because="it is only reached in training"),
    Example("net = nn.Sequential(nn.Linear(64, 64), nn.Dropout(0.5), nn.Linear(64, 10))", because="a registered module follows `eval()`"),
]
