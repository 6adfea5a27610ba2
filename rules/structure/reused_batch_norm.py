"""One BatchNorm layer normalises the results of different layers.

What
    The same `nn.BatchNorm` object is applied several times in one forward pass, behind different weighted layers.

Why
    In training each application normalises with the statistics of its own batch. At test all use the one pair of running statistics,
    which is a mixture of what the different layers gave: right for none of them. Gamma and beta are shared too, though the layers need
    different ones. So a network that trains well is wrong in eval mode.

Evidence for
    S5: the statistics belong to one feature of one layer. Wu and Johnson (arXiv 2105.07576, on sharing layers across domains) show that
    one set of statistics for several inputs of different distribution costs accuracy; Xie et al. (arXiv 1911.09665) keep separate norms
    for that reason.

Evidence against
    Where the distributions happen to be alike the harm is small.

When it is fine
    A whole sub-network that is applied several times (siamese networks, a head shared by several feature maps) takes its norm along: the
    layer before the norm is the same each time. Frozen norms and norms without running statistics and without gamma and beta have nothing
    to share.

The fix
    Make one BatchNorm for each layer. The state dict gets new keys.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity, sequential
from netlint.graph import Graph, Layer, Operator, Unknown
from netlint.graph.operators import Alternatives, BatchNorm
from netlint.graph.queries import unseen_before, weighted_before

rule = Rule(
    code="NL604",
    name="reused-batch-norm",
    severity=Severity.WARNING,
    summary="One BatchNorm layer normalises the results of different layers: its running statistics fit none of them.",
    statements=("S5",),
    evidence="running statistics are one mean and variance a channel, whatever layer the data came from",
)


@rule.check
def check(layer: Layer, graph: Graph, options: Options) -> Answers:
    uses = graph.applications(layer)
    if len(uses) < 2 or not isinstance(layer.operator, BatchNorm) or not _has_state(layer.operator):
        return None
    first, *later = uses
    different = [use for use in later if _sources(use, graph) != _sources(first, graph)]
    if not different:
        return None
    for use in uses:
        if (unseen := unseen_before(graph, use)) is not None:
            return unseen
    if _exclude_each_other(uses, graph):
        return Unknown("the applications may stand on branches that exclude each other")
    return Finding(
        at=different[0],
        related=[(first, "applied here first")],
        data={"uses": len(uses)},
        message=f"`{layer.path}` is applied {len(uses)} times in one forward pass, behind different layers: "
        "its running statistics mix them, so that eval mode is wrong for each; make one BatchNorm for each layer",
    )


def _has_state(norm: BatchNorm) -> bool:
    return not norm.frozen and (norm.track_running_stats is not False or norm.affine is not False)


def _sources(norm: Operator, graph: Graph) -> set[object]:
    """The layers whose results a norm gets; functional ones count each for itself."""
    return {node.layer or node for node in weighted_before(graph, norm)}


def _exclude_each_other(uses: list[Operator], graph: Graph) -> bool:
    """Whether two applications may be the two branches of one undecided condition."""
    index = graph.index
    below = [index.downstream(use) & index.of(Alternatives) for use in uses]
    return any(one & other for position, one in enumerate(below) for other in below[position + 1 :])


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.bn = nn.BatchNorm2d(16)
        self.bn2 = nn.BatchNorm2d(16)
        self.head = nn.Linear(16, 4)

    def forward(self, x, other):
{body}
        return self.head(x.mean([2, 3]))
"""

invalid = [
    Example(_NET.format(body="        x = F.elu(self.bn(self.conv1(x)))\n        x = F.elu(self.bn(self.conv2(x)))  # here")),
    Example(_NET.format(body="        y = F.elu(self.bn(self.conv1(x)))\n        x = x + self.bn(self.conv2(y))  # here")),
]
valid = [
    Example(
        _NET.format(body="        x = F.elu(self.bn(self.conv1(x)))\n        x = x + self.bn2(self.conv2(x))"),
        because="each layer has its own norm",
    ),
    Example(
        _NET.format(body="        x = self.bn(self.conv1(x))\n        other = self.bn(self.conv1(other))\n        x = x - other"),
        because="a siamese network: the layer before the norm is the same",
    ),
    Example(
        _NET.format(body="        for _ in range(3):\n            x = F.elu(self.bn(self.conv1(x)))"),
        because="one layer applied several times, with its norm",
    ),
    Example(
        sequential("nn.Conv2d(3, 16, 3)", "nn.BatchNorm2d(16)", "nn.ELU()", "nn.Conv2d(16, 16, 3)", "nn.BatchNorm2d(16)"),
        because="two norms",
    ),
]
