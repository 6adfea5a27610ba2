"""A PReLU that starts with a slope above the advised one.

What
    A PReLU whose negative slope starts above `max-init`; PyTorch's default is .25.

Why
    The advice is a very small slope for the negative side, usually .1: enough for a gradient to come back, little enough that the
    function is clearly not linear. The slope is learned, so the start matters most for the first epochs and for short fine-tuning.

Evidence for
    S22 names .1.

Evidence against
    The paper that introduced PReLU starts at .25 (arXiv 1502.01852), and PyTorch follows it. No study known to us compares the two
    starts, and what is learned moves away from both. Hence advice only.

When it is fine
    A slope that is initialised otherwise in the code (`nn.init` on its weight) is somebody's decision and not flagged.

The fix
    Sets `init=0.1`. Same parameters; the network starts out slightly different.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, SetOption
from netlint.engine.rule import (
    Answers,
    Contract,
    Example,
    Finding,
    Forward,
    Option,
    Options,
    Rule,
    Severity,
    StateDict,
    TrainingEffect,
    sequential,
)
from netlint.graph import Fact, Graph, Unknown
from netlint.graph.operators import PReLU

rule = Rule(
    code="NL404",
    name="prelu-slope-init",
    severity=Severity.ADVICE,
    summary="A PReLU starts with a slope above .1.",
    statements=("S22",),
    evidence="S22 advises a very small slope, usually .1; PyTorch's default is .25",
    needs=Fact.INITIALIZATION,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
    options={"max-init": Option(0.1, "The largest slope to start with.")},
)


@rule.check
def check(prelu: PReLU, graph: Graph, options: Options) -> Answers:
    slope = prelu.layer.parameters.get("weight") if prelu.layer is not None else None
    if slope is not None and slope.initialization is not None:
        return None
    if isinstance(prelu.init, Unknown):
        return prelu.init
    if prelu.init <= options.max_init:
        return None
    return Finding(
        at=prelu,
        data={"init": prelu.init},
        message=f"this PReLU starts with a slope of {prelu.init:g}, above the advised {options.max_init:g}; pass init={options.max_init:g}",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    return SetOption(finding.at, {"init": 0.1}) if isinstance(finding.at, PReLU) and finding.at.layer is not None else None


invalid = [
    Example(sequential("nn.Linear(20, 64)", "nn.PReLU()  # here", "nn.Linear(64, 2)")),
    Example(
        """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.act = nn.PReLU(16, init=0.3)

    def forward(self, x):
        return self.act(x + self.conv(x))  # here
"""
    ),
]
valid = [
    Example(sequential("nn.Linear(20, 64)", "nn.PReLU(init=0.1)", "nn.Linear(64, 2)"), because="this is the advised start"),
    Example(sequential("nn.Linear(20, 64)", "nn.PReLU(64, 0.05)", "nn.Linear(64, 2)"), because="a smaller slope is within the advice"),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.act = nn.PReLU()
        nn.init.constant_(self.act.weight, 0.1)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(x + self.act(self.first(x)))
""",
        because="the slope is set by an initialiser",
    ),
]
