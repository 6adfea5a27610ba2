"""A layer that changes nothing, or undoes nothing but what the layer before it did.

What
    A pooling with a window and stride of 1, an adaptive pooling to 1 behind a global one, an upsampling by a factor of 1, or a batch norm
    directly behind a batch norm.

Why
    The maximum or mean of one element is that element. A batch norm of a batch norm normalises what is normalised: up to eps only its
    gamma and beta have an effect, and those of the first are lost. Each costs a pass over the feature map and says something to the
    reader that is not so.

Evidence for
    The definitions; for batch norm S5: the result has mean 0 and variance 1 for each feature whatever scale it gets.

Evidence against
    A placeholder can be meant, so that another configuration has the same layers.

When it is fine
    `nn.Identity` is a stated placeholder. A window of 1 with a stride of 2 picks every second element. The same code that builds a real
    pooling elsewhere in the network is not flagged, and dropout with rate 0 is NL104.

The fix
    Removes a pooling or an upsampling; the outputs stay the same. Of two batch norms, which one goes only the author knows.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph, Operator, Unknown
from netlint.graph.operators import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, BatchNorm, Identity, MaxPool, Resample
from netlint.graph.queries import same_place, uses_batch_statistics

rule = Rule(
    code="NL605",
    name="no-op-layer",
    severity=Severity.ADVICE,
    summary="A layer that changes nothing: a pooling over one element, a batch norm of a batch norm.",
    evidence="the mean or maximum of one element is that element",
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME),
)

ADAPTIVE = (AdaptiveAvgPool, AdaptiveMaxPool)


@rule.check
def check(layer: MaxPool | AvgPool | AdaptiveAvgPool | AdaptiveMaxPool | Resample | BatchNorm, graph: Graph, options: Options) -> Answers:
    reason = _reason(layer, graph)
    if reason is None or any(_reason(again, graph) is None for again in same_place(graph, layer)):
        return None
    return Finding(at=layer, message=f"{layer.name} {reason}; remove it")


def _reason(layer: Operator, graph: Graph) -> str | None:
    """Why a layer has no effect, in words; None if it has one or might have."""
    match layer:
        case MaxPool(return_indices=False) | AvgPool() if (
            _all(layer.kernel_size, 1) and _all(layer.stride, 1) and _all(layer.padding, 0) and layer.ceil_mode is False
        ):
            return "over windows of one element at stride 1 gives back its input"
        case Resample(size=None, scale_factor=1 | 1.0):
            return "by a factor of 1 gives back its input"
        case AdaptiveAvgPool() | AdaptiveMaxPool(return_indices=False) if _is_pooled_already(layer, graph):
            return "to one element gets one element and gives it back"
        case BatchNorm() if uses_batch_statistics(layer) and _is_normalised_already(layer, graph):
            return "normalises what the batch norm before it has normalised"
    return None


def _all(sizes: tuple[object, ...] | Unknown, wanted: int) -> bool:
    return not isinstance(sizes, Unknown) and all(size == wanted for size in sizes)


def _is_pooled_already(pool: AdaptiveAvgPool | AdaptiveMaxPool, graph: Graph) -> bool:
    before = graph.producer(pool, through=Identity)
    return isinstance(before, ADAPTIVE) and all(_all(one.output_size, 1) for one in (pool, before)) and pool.dims == before.dims


def _is_normalised_already(norm: BatchNorm, graph: Graph) -> bool:
    before = graph.producer(norm, through=Identity)
    return isinstance(before, BatchNorm) and before.layer is not norm.layer and uses_batch_statistics(before)


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    return Replace(finding.at, ()) if isinstance(finding.at, (MaxPool, AvgPool, *ADAPTIVE, Resample)) else None


_BLOCKS = """
class Block(nn.Module):
    def __init__(self, window):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.pool = nn.AvgPool2d(window)

    def forward(self, x):
        return self.pool(x + self.conv(x)){mark}

net = nn.Sequential(nn.Conv2d(3, 16, 3), Block({first}), Block({second}))
"""

invalid = [
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.AvgPool2d(kernel_size=1, stride=1)  # here", "nn.Flatten()")),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.BatchNorm2d(16)", "nn.BatchNorm2d(16)  # here", "nn.ELU()")),
    Example(_BLOCKS.format(first=1, second=1, mark="  # here")),
]
valid = [
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.AvgPool2d(2)", "nn.Flatten()"), because="this pooling pools"),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.MaxPool2d(1, stride=2)"), because="it picks every second element"),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.Identity()", "nn.ELU()"), because="Identity is a stated placeholder"),
    Example(_BLOCKS.format(first=2, second=1, mark=""), because="the same code pools elsewhere in the network"),
]
