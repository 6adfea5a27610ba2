"""Layer norm over whole feature maps.

What
    `nn.LayerNorm([C, H, W])` (or `[C, L]` behind a 1-d convolution) normalises a convolution's result over channels and all positions,
    with a weight and a bias for each element.

Why
    The layer has its own gamma and beta for every position: height and width are built into it, and a picture of another size fails. It
    also has 2 C H W learned numbers where a batch or group norm has 2 C, and treats positions differently, which a convolution does not.

Evidence for
    S10: for convolutional networks the document names batch norm. Wu and He (ECCV 2018) report that normalising all channels together is
    worse than groups of channels on pictures.

Evidence against
    With pictures of one size it works; some generators and value networks are built so. Hence advice.

When it is fine
    Layer norm over the channels alone (ConvNeXt), over the features of tokens, or without learned weights is not flagged.

The fix
    None is applied, as the weights do not fit: `nn.GroupNorm(1, C)` has the same statistics with a gamma and beta a channel, for any
    size.
"""

from __future__ import annotations

import math

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity, sequential
from netlint.graph import Fact, Graph, Unknown
from netlint.graph.operators import LayerNorm
from netlint.graph.queries import feature_map_of

rule = Rule(
    code="NL207",
    name="layer-norm-over-feature-map",
    severity=Severity.ADVICE,
    summary="Layer norm over channels and positions fixes the size of the picture.",
    statements=("S10",),
    evidence="gamma and beta have one number for each position; on pictures groups of channels do better (Wu and He 2018)",
    needs=Fact.CODE,  # an export writes constants for a norm without weights of its own
)


@rule.check
def check(norm: LayerNorm, graph: Graph, options: Options) -> Answers:
    if isinstance(norm.normalized_shape, Unknown):
        return norm.normalized_shape
    if norm.layer is None or norm.elementwise_affine is False or len(norm.normalized_shape) < 2:
        return None
    sources = feature_map_of(graph, norm)
    if not sources or len(norm.normalized_shape) != sources[0].dims + 1:
        return None
    sizes = [size for size in norm.normalized_shape if isinstance(size, int)]
    whole = len(sizes) == len(norm.normalized_shape)
    numbers = f" and {2 * math.prod(sizes):,} learned numbers where {2 * sizes[0]:,} would do" if whole else ""
    return Finding(
        at=norm,
        related=[(sources[0], "the convolution")],
        message=f"layer norm over channels and positions has a weight for each position: only one size of input fits{numbers}; "
        f"use `nn.GroupNorm(1, {sizes[0] if whole else '...'})`",
    )


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.norm = nn.{norm}
        self.last = nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x):
        y = self.norm(self.conv(x)){mark}
        return x + self.last(F.elu(y))
"""

invalid = [
    Example(_NET.format(norm="LayerNorm([16, 32, 32])", mark="  # here")),
    Example(sequential("nn.Conv1d(8, 16, 3, padding=1)", "nn.LayerNorm((16, 100))  # here", "nn.ELU()", "nn.Conv1d(16, 4, 3)")),
]
valid = [
    Example(_NET.format(norm="GroupNorm(1, 16)", mark=""), because="one gamma and beta a channel, for any size"),
    Example(
        _NET.format(norm="LayerNorm([16, 32, 32], elementwise_affine=False)", mark=""), because="it has no weights that belong to positions"
    ),
    Example(sequential("nn.Linear(64, 128)", "nn.LayerNorm(128)", "nn.ELU()"), because="features of one sample or token"),
    Example(sequential("nn.Linear(64, 128)", "nn.LayerNorm([10, 128])", "nn.ELU()"), because="no convolution: tokens of a fixed number"),
]
