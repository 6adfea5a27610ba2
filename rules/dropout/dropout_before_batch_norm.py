"""A batch norm reads what dropout has just thinned out.

What
    A dropout with a rate of `min-rate` or more stands before a batch norm, with no weighted layer between them.

Why
    Dropout keeps the mean and raises the variance: with x -> m x / (1 - p), a share p of the masks m being zero, E[x^2] becomes E[x^2] /
    (1 - p). The batch norm records the raised variance in training, and divides by it in evaluation, where the dropout is gone:
    everything behind it sees another scale than it was trained on. At p = .5 the recorded variance of a centred feature is twice the true
    one.

Evidence for
    Li et al. (arXiv 1801.05134) name this the variance shift and measure it: a DenseNet with a dropout of .5 in every bottleneck falls
    from 77.42 to 68.55 % accuracy on CIFAR-100.

Evidence against
    A low rate shifts little, which is what `min-rate` is for, and a long fine-tuning with frozen statistics can absorb the rest.

When it is fine
    Layer, group and instance norm compute their statistics anew in evaluation: there is nothing recorded that could be wrong. So does a
    batch norm with `track_running_stats=False`. AlphaDropout keeps the variance; stochastic depth drops whole branches. A linear layer or
    convolution in between mixes many units, which dampens the shift: that common order is not flagged.

The fix
    Swaps the two where they stand next to each other: the batch norm then sees the same data in both modes. In a `Sequential` the keys
    move.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Rewrite, Swap
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
from netlint.graph.operators import AlphaDropout, BatchNorm, DropBlock, Dropout, DropPath
from netlint.graph.queries import batch_norms_after

rule = Rule(
    code="NL105",
    name="dropout-before-batch-norm",
    severity=Severity.WARNING,
    summary="Dropout before batch norm: the recorded variance is wrong at test time.",
    evidence="variance shift: DenseNet with a dropout of .5 in every bottleneck falls from 77.42 to 68.55 %, CIFAR-100 (arXiv 1801.05134)",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CHANGES, StateDict.REMAP, TrainingEffect.CHANGES),
    options={"min-rate": Option(0.1, "Rates below this shift the variance too little to matter.")},
)

KEEPS_VARIANCE = (AlphaDropout, DropBlock, DropPath)
"""Relatives of dropout that keep a unit's variance, or are made for networks with batch norm."""


@rule.check
def check(dropout: Dropout, graph: Graph, options: Options) -> Answers:
    norms = [] if isinstance(dropout, KEEPS_VARIANCE) else batch_norms_after(graph, dropout)
    if not norms:
        return None
    if isinstance(dropout.p, Unknown):
        return dropout.p
    if not options.min_rate <= dropout.p < 1:
        return None
    inflation = 1 / (1 - dropout.p)
    return Finding(
        at=dropout,
        related=[(norms[0], "the batch norm that reads it")],
        data={"inflation": inflation},
        message=f"dropout (p = {dropout.p:g}) in front of {norms[0].name} inflates the variance it records about {inflation:.2f} times, "
        "which is wrong in `eval()`, where nothing is dropped; put the dropout behind the batch norm and its activation",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    dropout = finding.at
    assert isinstance(dropout, Dropout)
    norm = graph.only_consumer(dropout)
    if isinstance(norm, BatchNorm):
        return Swap(dropout, norm)
    return Rewrite(dropout, "apply the dropout behind the batch norm", "other operators stand between the two")


_DENSE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.drop = nn.Dropout({rate})
        self.norm = nn.{norm}
        self.last = nn.Conv2d(32, 10, 3)

    def forward(self, x):
        x = self.stem(x)
        new = self.drop(self.conv(x)){mark}
        x = torch.cat([x, new], 1)
        return self.last(F.elu(self.norm(x)))
"""

invalid = [
    Example(sequential("nn.Linear(64, 64)", "nn.Dropout(0.5)  # here", "nn.BatchNorm1d(64)", "nn.ELU()", "nn.Linear(64, 10)")),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.Dropout2d(0.2)  # here", "nn.BatchNorm2d(16)", "nn.Conv2d(16, 16, 3)")),
    Example(sequential("nn.Linear(64, 64)", "nn.Dropout(0.5)  # here", "nn.ELU()", "nn.BatchNorm1d(64)", "nn.Linear(64, 10)")),
    Example(_DENSE.format(rate=0.5, norm="BatchNorm2d(32)", mark="  # here")),
]
valid = [
    Example(
        sequential("nn.Linear(64, 64)", "nn.BatchNorm1d(64)", "nn.ELU()", "nn.Dropout(0.5)", "nn.Linear(64, 10)"),
        because="the batch norm comes first",
    ),
    Example(
        sequential("nn.Linear(64, 64)", "nn.Dropout(0.05)", "nn.BatchNorm1d(64)", "nn.Linear(64, 10)"),
        because="so low a rate raises the variance by 5 % only",
    ),
    Example(_DENSE.format(rate=0.5, norm="GroupNorm(4, 32)", mark=""), because="group norm records nothing"),
    Example(
        sequential("nn.Dropout(0.5)", "nn.Linear(64, 64)", "nn.BatchNorm1d(64)", "nn.ELU()", "nn.Linear(64, 10)"),
        because="a linear layer mixes the units in between",
    ),
    Example(
        sequential("nn.Linear(64, 64)", "nn.AlphaDropout(0.5)", "nn.BatchNorm1d(64)", "nn.Linear(64, 10)"),
        because="AlphaDropout keeps mean and variance",
    ),
]
