"""Dropout of single elements between convolutions.

What
    A plain dropout stands on a feature map: convolutions made it and a convolution reads it.

Why
    Neighbouring elements of a feature map carry much the same information, and a convolution reads neighbourhoods. What dropout takes
    away at one place is still there beside it: the network is not forced to do without a feature, its signal only becomes noisier. A
    convolution also shares few weights over all positions and has less to overfit with than a fully-connected layer.

Evidence for
    S2. Ghiasi et al. (DropBlock, NeurIPS 2018) find dropout of single elements weak on feature maps, and better what drops whole regions.
    With a batch norm right behind it there is harm too: that case is `dropout-before-batch-norm`.

Evidence against
    Srivastava et al. (JMLR 2014) measured 12.61 % error on CIFAR-10 with dropout in all layers against 14.32 % in the fully-connected
    ones only; wide residual networks use it between the convolutions of a block. Hence advice.

When it is fine
    `Dropout2d`, DropBlock and stochastic depth drop what a convolution cannot fill in and are not flagged; nor is dropout before the
    convolution that gives the network's output (a classifier over positions), nor between 1 x 1 convolutions, which are linear layers.

The fix
    Replaces the layer by the one that drops whole channels at the same rate. In eval mode nothing changes.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Fact, Graph, Unknown
from netlint.graph.operators import ChannelDropout, Conv, Dropout
from netlint.graph.queries import batch_norms_after, feature_map_of, is_head, reads_neighbours, weighted_after

rule = Rule(
    code="NL102",
    name="dropout-between-convs",
    severity=Severity.ADVICE,
    summary="Single elements of a feature map are dropped between convolutions.",
    statements=("S2",),
    evidence="on feature maps dropping regions does better (DropBlock, 2018); against: dropout in all layers, 14.32 -> 12.61 % (JMLR 2014)",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
)


@rule.check
def check(dropout: Dropout, graph: Graph, options: Options) -> Answers:
    if type(dropout) is not Dropout or dropout.p == 0 or dropout.training is False or batch_norms_after(graph, dropout):
        return None
    before = feature_map_of(graph, dropout)
    after = [node for node in weighted_after(graph, dropout) if isinstance(node, Conv)]
    if not before or not after or not any(reads_neighbours(conv) for conv in (*before, *after)):
        return None
    for conv in after:
        head = is_head(graph, conv)
        if head is not False:
            return head if isinstance(head, Unknown) else None
    rate = f"p = {dropout.p:g}" if not isinstance(dropout.p, Unknown) else "its rate"
    return Finding(
        at=dropout,
        related=[(before[0], "the convolution before"), (after[0], "the convolution behind")],
        certain=not isinstance(dropout.p, Unknown),
        message=f"dropout ({rate}) of single elements between two convolutions: what it hides is still there in the neighbours "
        f"that the next kernel reads; drop whole channels with `nn.Dropout{before[0].dims}d`, or drop in the fully-connected layers",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    dropout = finding.at
    assert isinstance(dropout, Dropout)
    channels = ChannelDropout(
        p=dropout.p, training=dropout.training, explicit=dropout.explicit, dims=feature_map_of(graph, dropout)[0].dims
    )
    return Replace(dropout, (channels,))


_BLOCK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, 16, 3, padding=1)
        self.drop = nn.{layer}
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        y = F.elu(self.conv1(x))
        y = self.drop(y)  # here
        x = F.elu(self.conv3(x + self.conv2(y)))
        return self.fc(x.mean([2, 3]))

net = Net()
"""

invalid = [
    Example(
        sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.Dropout(0.3)  # here", "nn.Conv2d(16, 32, 3)", "nn.ELU()", "nn.Conv2d(32, 10, 1)")
    ),
    Example(_BLOCK.format(layer="Dropout(0.3)")),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.conv2 = nn.Conv2d(8, 8, 3)
        self.fc = nn.Linear(200, 10)

    def forward(self, x):
        x = F.elu(F.max_pool2d(self.conv1(x), 2))
        x = F.dropout(x, 0.25, training=self.training)  # here
        x = F.elu(F.max_pool2d(self.conv2(x), 2))
        return self.fc(torch.flatten(x, 1))

net = Net()
"""
    ),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(8, 16, 3, padding=2)
        self.drop = nn.Dropout(0.2)
        self.conv2 = nn.Conv1d(16, 16, 3, padding=2)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        x = F.elu(self.conv1(x)[:, :, :-2])
        x = self.drop(x)  # here
        return self.fc(F.elu(self.conv2(x)[:, :, -1]))

net = Net()
"""
    ),
]
valid = [
    Example(_BLOCK.format(layer="Dropout2d(0.3)").replace("  # here", ""), because="whole channels are dropped"),
    Example(
        sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.Dropout(0.1)", "nn.Conv2d(16, 21, 1)"),
        because="the last convolution is the classifier, and dropout in front of it is what S1 asks for",
    ),
    Example(
        sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.AdaptiveAvgPool2d(1)", "nn.Flatten()", "nn.Dropout(0.5)", "nn.Linear(16, 10)"),
        because="the feature map has been summarised, and a linear layer reads it",
    ),
    Example(
        sequential(
            "nn.Conv2d(3, 16, 3)", "nn.Dropout(0.3)", "nn.BatchNorm2d(16)", "nn.ELU()", "nn.Conv2d(16, 16, 3)", "nn.Conv2d(16, 9, 3)"
        ),
        because="with a batch norm behind it, this is the subject of dropout-before-batch-norm",
    ),
    Example(
        sequential("nn.Conv2d(64, 256, 1)", "nn.ELU()", "nn.Dropout(0.1)", "nn.Conv2d(256, 64, 1)", "nn.Flatten()", "nn.Linear(64, 10)"),
        because="1 x 1 convolutions are linear layers that look at one position",
    ),
]
