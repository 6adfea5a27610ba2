"""Batch norm after a fully-connected layer.

What
    A batch norm reads the result of a linear layer, directly or through its activation.

Why
    Behind a convolution each channel has one value a position and sample, so that even a small batch gives its mean and variance from
    thousands of values. Behind a linear layer a unit has one value a sample: the statistics are as noisy as the batch is small, each
    sample's result depends on which others happen to be in its batch, and a batch of one cannot be normalised at all.

Evidence for
    S7: the document does not use it there; its reason is that a linear layer has no feature map whose distribution could drift as one.
    The noise of an estimate from n values falls with the square root of n only.

Evidence against
    Networks on tables use it with success, and so do the projection heads of self-supervised learning (SimCLR, BYOL), where it matters
    that samples see each other. With large batches there is little against it. Hence advice.

When it is fine
    With large batches, and where the samples of a batch are meant to interact. A batch norm whose result is reshaped to a feature map
    first (the first layer of many generators), a frozen one, and layer norm are not flagged.

The fix
    Replaces it by `nn.LayerNorm` of the same width, which needs no other sample. The recorded statistics of saved weights have no place
    any more.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph
from netlint.graph.operators import Activation, BatchNorm, Dropout, Identity, LayerNorm, Linear
from netlint.graph.queries import origins, uses_batch_statistics

rule = Rule(
    code="NL201",
    name="batch-norm-after-linear",
    severity=Severity.ADVICE,
    summary="Batch norm after a fully-connected layer: one value a sample is few for statistics.",
    statements=("S7",),
    evidence="a unit has one value a sample here, a channel of a feature map thousands; against: usual in SimCLR and on tables",
    fix_contract=Contract(Forward.CHANGES, StateDict.REMAP, TrainingEffect.CHANGES),
)


@rule.check
def check(norm: BatchNorm, graph: Graph, options: Options) -> Answers:
    if not norm.inputs or not uses_batch_statistics(norm):
        return None
    sources = origins(graph, norm.inputs[0], through=(Activation, Dropout, Identity))
    linear = next((source for source in sources if isinstance(source, Linear)), None)
    if linear is None:
        return None
    width = norm.num_features if isinstance(norm.num_features, int) else "..."
    return Finding(
        at=norm,
        related=[(linear, "the linear layer")],
        certain=len(sources) == 1,
        message=f"{norm.name} after a linear layer estimates each mean and variance from one value a sample, "
        f"so every result depends on the rest of the batch; use `nn.LayerNorm({width})`, or no norm here",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    norm = finding.at
    assert isinstance(norm, BatchNorm)
    return Replace(norm, (LayerNorm(normalized_shape=(norm.num_features,), elementwise_affine=norm.affine),))


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.norm = nn.{norm}
        self.fc2 = nn.Linear(128, 64)

    def forward(self, x):
        y = self.fc1(x)
        y = F.elu(self.norm(y)){mark}
        return x + self.fc2(y)
"""

invalid = [
    Example(_NET.format(norm="BatchNorm1d(128)", mark="  # here")),
    Example(sequential("nn.Linear(64, 128)", "nn.ELU()", "nn.BatchNorm1d(128)  # here", "nn.Linear(128, 10)")),
]
valid = [
    Example(_NET.format(norm="LayerNorm(128)", mark=""), because="layer norm needs no other sample"),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.BatchNorm2d(16)", "nn.ELU()"), because="a convolution comes before it"),
    Example(
        sequential("nn.Linear(100, 1024)", "nn.Unflatten(1, (64, 4, 4))", "nn.BatchNorm2d(64)", "nn.ELU()", "nn.ConvTranspose2d(64, 3, 4)"),
        because="the linear layer's result has become a feature map",
    ),
    Example(sequential("nn.BatchNorm1d(64)", "nn.Linear(64, 10)"), because="it scales the input data, and no linear layer comes before it"),
]
