"""Two layers in a row with nothing non-linear between them.

What
    A linear layer feeds another linear layer, or a convolution another convolution, directly or through dropout and reshaping only.

Why
    W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2): the two layers compute what one could, with more parameters and more work. The layer
    that was meant to make the network deeper adds nothing that it can express.

Evidence for
    The equation above. For two convolutions the composition is one convolution with a larger kernel (up to the border), so they are
    advice.

Evidence against
    Training a product of matrices differs from training one matrix (Saxe et al., arXiv 1312.6120), which some use on purpose.

When it is fine
    Low-rank factors (the middle is narrower than both ends) save parameters. Projections of attention, gates, a result that several
    layers or the caller read, one layer applied again, and layers on different axes are not flagged; nor are 1 x 1, grouped, depthwise,
    factorised, strided and transposed convolutions, whose pairs are designs of their own. Where an `nn.Identity` was put between the two,
    it is advice.

The fix
    Activate the first layer, or merge the two. Which one was meant only the author knows, so nothing is applied.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity, sequential
from netlint.graph import Graph, Int, Operator, Unknown
from netlint.graph.operators import Conv, Dropout, Flatten, Identity, Linear, Reshape, Squeeze, Unsqueeze
from netlint.graph.queries import between, in_attention, is_gate, network_of, same_place

rule = Rule(
    code="NL407",
    name="missing-activation",
    severity=Severity.WARNING,
    summary="Two layers in a row with nothing non-linear between them compute what one could.",
    evidence="W2 (W1 x) = (W2 W1) x: two linear maps in a row are one linear map",
)

LINEAR_ON_THE_WAY = (Identity, Dropout, Reshape, Flatten, Squeeze, Unsqueeze)


@rule.check
def check(first: Linear | Conv, graph: Graph, options: Options) -> Answers:
    second = graph.only_consumer(first, through=LINEAR_ON_THE_WAY)
    if not isinstance(second, Linear | Conv) or not _is_same_kind_of_map(first, second, graph):
        return None
    if in_attention(graph, first) or in_attention(graph, second) or is_gate(graph, second):
        return None
    middle, start, end = _width(first), _input_width(first), _width(second)
    if _is_below(middle, start) is True and _is_below(middle, end) is True:
        return None
    if _is_below(middle, start) is not False and _is_below(middle, end) is not False:
        return Unknown("whether the middle is narrower than both ends (low-rank factors) depends on sizes that are not known")
    elsewhere = [*same_place(graph, first), *(graph.applications(first.layer) if first.layer is not None else ())]
    if any(_is_activated(again, graph) for again in elsewhere):
        return None
    way = between(graph, first, second)
    merged = f"one map from {start} to {end} features" if isinstance(first, Linear) else "one convolution with a larger kernel"
    return Finding(
        at=first,
        related=[(second, "the layer that reads it")],
        severity=Severity.ADVICE if isinstance(first, Conv) or any(map(_is_placeholder, way)) else None,
        certain=not any(isinstance(node, Dropout) for node in way),
        message=f"{first.name} feeds {second.name} without an activation, so the two are {_known(merged)}; "
        "activate the first, nn.PReLU(init=0.1) for example, or merge them",
    )


def _is_placeholder(node: Operator) -> bool:
    """An `nn.Identity` where an activation could stand: a configuration that was chosen."""
    return isinstance(node, Identity) and node.layer is not None


def _is_activated(layer: Operator, graph: Graph) -> bool:
    """Whether something other than a layer reads the result; a pair that does so elsewhere is the end of a loop, or a side path."""
    return any(not isinstance(reader, Linear | Conv) for reader in graph.consumers(layer, through=LINEAR_ON_THE_WAY))


def _is_same_kind_of_map(first: Linear | Conv, second: Linear | Conv, graph: Graph) -> bool:
    """Both mix the same axis in full, and they are two layers of one network."""
    if first.layer is None or second.layer is None or first.layer is second.layer or network_of(first) is not network_of(second):
        return False
    if isinstance(first, Linear) and isinstance(second, Linear):
        return first.out_features == second.in_features
    if not isinstance(first, Conv) or not isinstance(second, Conv) or not _is_plain(first) or not _is_plain(second):
        return False
    if isinstance(first.stride, Unknown) or any(step != 1 for step in first.stride):
        return False  # a learned downsampling
    return not {*first.layer.ancestors[:2]}.isdisjoint(second.layer.ancestors[:2])  # a neck and a head are two designs


def _is_plain(conv: Conv) -> bool:
    """A full convolution with a window in every dimension."""
    window = not isinstance(conv.kernel_size, Unknown) and all(isinstance(size, int) and size > 1 for size in conv.kernel_size)
    return window and conv.groups == 1 and not conv.transposed


def _width(layer: Linear | Conv) -> Int:
    return layer.out_features if isinstance(layer, Linear) else layer.out_channels


def _input_width(layer: Linear | Conv) -> Int:
    return layer.in_features if isinstance(layer, Linear) else layer.in_channels


def _is_below(small: Int, large: Int) -> bool | None:
    """Whether a size is smaller than another; None when that is not known."""
    if small is large:
        return False
    return small < large if isinstance(small, int) and isinstance(large, int) else None


def _known(words: str) -> str:
    return words if "Unknown(" not in words else "one linear map"


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.second = nn.Linear(64, 64)
        self.head = nn.Linear(64, 4)

    def forward(self, x):
{body}
"""

invalid = [
    Example(sequential("nn.Linear(784, 128)  # here", "nn.Linear(128, 64)", "nn.ELU()", "nn.Linear(64, 10)")),
    Example(sequential("nn.Flatten()", "nn.Linear(784, 128)  # here", "nn.Dropout(0.5)", "nn.Linear(128, 10)")),
    Example(_NET.format(body="        y = self.first(x)  # here\n        x = x + F.elu(self.second(y))\n        return self.head(x)")),
    Example(
        sequential("nn.Conv2d(3, 32, 3)  # here", "nn.Conv2d(32, 32, 3)", "nn.ELU()", "nn.Conv2d(32, 4, 1)"),
        severity=Severity.ADVICE,
    ),
    Example(
        sequential("nn.Linear(64, 64)  # here", "nn.Identity()", "nn.Linear(64, 64)", "nn.ELU()", "nn.Linear(64, 10)"),
        severity=Severity.ADVICE,
    ),
]
valid = [
    Example(sequential("nn.Linear(784, 128)", "nn.ELU()", "nn.Linear(128, 10)"), because="an activation stands between"),
    Example(sequential("nn.Linear(512, 16)", "nn.Linear(16, 512)"), because="low-rank factors have fewer parameters than one layer"),
    Example(
        _NET.format(body="        x = self.first(x)\n        return self.head(x), self.second(x)"),
        because="two heads share the first layer's result",
    ),
    Example(
        _NET.format(body="        x = x + self.first(x)\n        return self.head(x)"),
        because="a residual sum, whose other operand the second layer reads too",
    ),
    Example(
        sequential("nn.Conv2d(32, 32, 3, groups=32)", "nn.Conv2d(32, 64, 1)", "nn.ELU()", "nn.Conv2d(64, 4, 1)"),
        because="a depthwise separable convolution is a factorisation",
    ),
    Example(
        """
class Adapter(nn.Module):
    def __init__(self, width, rank):
        super().__init__()
        self.down = nn.Linear(width, rank)
        self.up = nn.Linear(rank, width)

    def forward(self, x):
        return self.up(self.down(x))
""",
        because="whether the rank is smaller than the width is not known",
        unknown=True,
    ),
]
