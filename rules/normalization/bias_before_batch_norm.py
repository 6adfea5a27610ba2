"""A layer's bias is cancelled by the batch norm that follows.

What
    A convolution or linear layer with a bias is read by a batch norm, and by nothing else.

Why
    Batch norm subtracts each channel's mean over the batch, and a constant added to a channel is part of that mean: (y + b) - mean(y + b)
    = y - mean(y). The bias changes nothing, its gradient is zero up to rounding, and what it was meant to do is done by the batch norm's
    own beta. It costs memory, optimizer state and, with weight decay, attention.

Evidence for
    Part of S5: the definition, as above. Ioffe and Szegedy (arXiv 1502.03167, section 3.2) leave out the bias for this reason.

Evidence against
    The cost is one number a channel, and a checkpoint with the bias does not load without it. Advice.

When it is fine
    Layer and group norm take their mean over several channels, and do not cancel a bias of one. A frozen batch norm subtracts a constant,
    and the bias counts. So it does where something else reads the layer's result as well.

The fix
    Sets `bias=False`. A network with trained statistics must also lower `running_mean` by the bias: the keys are remapped, not kept.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, SetOption
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Fact, Graph, Operator, Unknown
from netlint.graph.operators import BatchNorm, Conv, Identity, Linear, MaxPool
from netlint.graph.queries import uses_batch_statistics

rule = Rule(
    code="NL204",
    name="bias-before-batch-norm",
    severity=Severity.ADVICE,
    summary="The batch norm that follows cancels this layer's bias.",
    statements=("S5",),
    evidence="(y + b) - mean(y + b) = y - mean(y); the batch norm's beta takes the bias's place (arXiv 1502.03167)",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CLOSE, StateDict.REMAP, TrainingEffect.SAME),
)

SHIFTS_ALONG = (Identity, MaxPool)
"""Operators that a constant added to a channel passes unchanged: max(y) + b = max(y + b)."""


@rule.check
def check(norm: BatchNorm, graph: Graph, options: Options) -> Answers:
    layer = graph.producer(norm, through=SHIFTS_ALONG)
    if not isinstance(layer, (Conv, Linear)) or layer.bias is False or not uses_batch_statistics(norm):
        return None
    uses = _uses(layer, graph)
    if layer is not uses[0] or not all(_is_cancelled(use, graph.only_consumer(use, through=SHIFTS_ALONG)) for use in uses):
        return None
    if isinstance(layer.bias, Unknown):
        return layer.bias
    width = layer.out_channels if isinstance(layer, Conv) else layer.out_features
    numbers = f"{width} learned numbers have" if isinstance(width, int) else "the bias has"
    return Finding(
        at=layer,
        related=[(norm, "the batch norm that subtracts it")],
        message=f"{norm.name} subtracts the mean and with it the bias of {layer.name}: {numbers} no effect; pass `bias=False`",
    )


def _uses(layer: Conv | Linear, graph: Graph) -> list[Conv | Linear]:
    """All applications that share this bias. What is said of them is said once, of the first."""
    if layer.layer is None:
        return [layer]
    return [use for use in graph.applications(layer.layer) if isinstance(use, (Conv, Linear))]


def _is_cancelled(layer: Conv | Linear, reader: Operator | None) -> bool:
    """Whether what reads a result takes its mean away, and with it the bias."""
    return isinstance(reader, BatchNorm) and uses_batch_statistics(reader) and _is_same_axis(layer, reader)


def _is_same_axis(layer: Conv | Linear, norm: BatchNorm) -> bool:
    """Whether the bias and the statistics run along the same dimension: not for a linear layer on (batch, length, features)."""
    if isinstance(layer, Conv):
        return True
    return len(layer.shape) == 2 if layer.shape is not None else layer.out_features == norm.num_features


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    assert isinstance(finding.at, (Conv, Linear))
    return SetOption(finding.at, {"bias": False})


_BLOCK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(16, 16, 3, padding=1{bias})
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.norm = nn.{norm}

    def forward(self, x):
{body}
"""

invalid = [
    Example(sequential("nn.Conv2d(3, 16, 3)  # here", "nn.BatchNorm2d(16)", "nn.ELU()")),
    Example(sequential("nn.Linear(64, 32)  # here", "nn.BatchNorm1d(32)", "nn.ELU()")),
    Example(
        _BLOCK.format(bias="", norm="BatchNorm2d(16)", body="        y = self.conv1(x)  # here\n        return x + F.elu(self.norm(y))")
    ),
]
valid = [
    Example(
        _BLOCK.format(bias=", bias=False", norm="BatchNorm2d(16)", body="        return x + F.elu(self.norm(self.conv1(x)))"),
        because="the convolution has no bias",
    ),
    Example(
        _BLOCK.format(bias="", norm="BatchNorm2d(16)", body="        y = self.conv1(x)\n        return self.conv2(y) + self.norm(y)"),
        because="the second convolution reads the biased result too",
    ),
    Example(
        _BLOCK.format(bias="", norm="GroupNorm(4, 16)", body="        return self.norm(self.conv1(x))"),
        because="group norm takes its mean over four channels with four biases",
    ),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ReLU()", "nn.BatchNorm2d(16)"), because="the bias decides what the ReLU cuts off"),
]
