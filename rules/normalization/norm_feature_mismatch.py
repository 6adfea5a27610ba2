"""A norm is built for another number of features than it is given.

What
    `num_features`, `num_channels` or the last size of `normalized_shape` differs from what the layer before gives, or `nn.GroupNorm`'s
    groups do not divide its channels.

Why
    The norm keeps one mean, variance, weight and bias a feature. With another number of them the first forward pass (for groups: the
    constructor) raises an error.

Evidence for
    PyTorch checks the sizes and raises: there is no network that trains with this.

Evidence against
    None. Where sizes are not known, nothing is said.

When it is fine
    Not flagged: norms without weights and statistics, which take any number of features, and a batch norm over positions instead of
    features, as far as the shape shows it.

The fix
    None: which of both numbers is meant is for the author to say.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity, sequential
from netlint.graph import Graph, Operator, Unknown
from netlint.graph.operators import (
    Activation,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    Embedding,
    GroupNorm,
    Identity,
    InstanceNorm,
    LayerNorm,
    Linear,
    MaxPool,
    Norm,
    RMSNorm,
)
from netlint.graph.queries import stands_on_a_branch
from netlint.graph.shapes import conflicts

rule = Rule(
    code="NL208",
    name="norm-feature-mismatch",
    severity=Severity.ERROR,
    summary="A norm is built for another number of features than it is given.",
    evidence="PyTorch raises an error in the first forward pass",
)

KEEPS_FEATURES = (Activation, Dropout, Identity, MaxPool, AvgPool)


@rule.check
def check(norm: Norm, graph: Graph, options: Options) -> Answers:
    match norm:
        case GroupNorm(num_groups=int(groups), num_channels=int(channels)) if groups < 1 or channels % groups:
            message = f"{groups} groups do not divide {channels} channels: the constructor raises an error; choose a number that does"
            return Finding(at=norm, message=message)
    source = graph.producer(norm, through=KEEPS_FEATURES)
    if norm.inputs and norm.inputs[0].shape is not None:
        conflict = conflicts(norm)
        if conflict and stands_on_a_branch(graph, norm):
            return Unknown("it stands on one of two undecided branches, which may be for other sizes")
        related = [(source, "what it is given")] if source is not None and source.site is not None else []
        return Finding(at=norm, related=related, message=f"{conflict}: this raises an error; make the sizes agree") if conflict else None
    expected, given = _expected(norm), _given(norm, source)
    if source is None or expected is None or given is None or given == expected:
        return None
    if stands_on_a_branch(graph, norm):
        return Unknown("it stands on one of two undecided branches, which may be for other sizes")
    return Finding(
        at=norm,
        related=[(source, f"gives {given}")],
        certain=not (isinstance(norm, BatchNorm) and isinstance(source, Linear)),
        data={"expected": expected, "given": given},
        message=f"{norm.name} is built for {expected} features and is given {given}: the first forward pass raises an error; pass {given}",
    )


def _expected(norm: Norm) -> int | None:
    """The number of features that the norm insists on; None if it takes any, or it is not known."""
    number: object = None
    match norm:
        case BatchNorm(affine=affine, track_running_stats=tracks) | InstanceNorm(affine=affine, track_running_stats=tracks):
            number = norm.num_features if affine is True or tracks is True else None
        case GroupNorm(affine=True):
            number = norm.num_channels
        case LayerNorm(normalized_shape=(*_, last)) | RMSNorm(normalized_shape=(*_, last)):
            number = last
    return number if isinstance(number, int) else None


def _given(norm: Norm, source: Operator | None) -> int | None:
    """The number of features that the layer before gives, if they are in the dimension that the norm looks at."""
    number: object = None
    is_last = isinstance(norm, (LayerNorm, RMSNorm)) and not (isinstance(norm, LayerNorm) and norm.channels_first)
    match source:
        case Conv() if not is_last:
            number = source.out_channels
        case Linear() if is_last or isinstance(norm, BatchNorm):
            number = source.out_features
        case Embedding() if is_last:
            number = source.embedding_dim
    return number if isinstance(number, int) else None


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)
        self.side = nn.Conv2d(3, 32, 3, padding=1)
        self.norm = nn.{norm}
        self.last = nn.Conv2d({width}, 10, 1)

    def forward(self, x):
        y = F.elu(self.conv(x))
        y = {join}
        y = self.norm(y){mark}
        return self.last(y)
"""

invalid = [
    Example(_NET.format(norm="BatchNorm2d(32)", width=16, join="F.max_pool2d(y, 2)", mark="  # here")),
    Example(sequential("nn.Conv2d(3, 48, 3)", "nn.GroupNorm(32, 48)  # here")),
    Example(sequential("nn.Linear(64, 128)", "nn.LayerNorm(64)  # here", "nn.ELU()")),
    Example(sequential("nn.Flatten()", "nn.Linear(64, 128)", "nn.BatchNorm1d(64)  # here", "nn.ELU()")),
]
valid = [
    Example(_NET.format(norm="BatchNorm2d(16)", width=16, join="F.max_pool2d(y, 2)", mark=""), because="both say 16"),
    Example(
        _NET.format(norm="BatchNorm2d(48)", width=48, join="torch.cat([y, self.side(x)], 1)", mark=""),
        because="the concatenation has 16 + 32 channels",
    ),
    Example(
        """
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(8, width)
        self.norm = nn.BatchNorm1d(64)

    def forward(self, x):
        return self.norm(self.fc(x))
""",
        because="the width is not known",
    ),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.InstanceNorm2d(32)"), because="without weights it takes any number of channels"),
    Example(
        """
class Net(nn.Module):
    def __init__(self, dims, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)
        self.norm = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)[dims - 1](channels)

    def forward(self, x):
        return self.norm(self.conv(x))
""",
        because="which of the three norms it is, is not known",
        unknown=True,
    ),
]
