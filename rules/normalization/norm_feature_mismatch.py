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
from netlint.graph import Graph, Operator
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
    RMSNorm,
)

rule = Rule(
    code="NL208",
    name="norm-feature-mismatch",
    severity=Severity.ERROR,
    summary="A norm is built for another number of features than it is given.",
    evidence="PyTorch raises an error in the first forward pass",
)

KEEPS_FEATURES = (Activation, Dropout, Identity, MaxPool, AvgPool)


@rule.check
def check(norm: BatchNorm | InstanceNorm | GroupNorm | LayerNorm | RMSNorm, graph: Graph, options: Options) -> Answers:
    match norm:
        case GroupNorm(num_groups=int(groups), num_channels=int(channels)) if groups < 1 or channels % groups:
            return Finding(
                at=norm,
                message=f"{groups} groups do not divide {channels} channels: the constructor raises an error; choose a number that does",
            )
    features, axis = _expected(norm)
    if features is None:
        return None
    given, source = _given(norm, axis, graph)
    if given is None or given == features:
        return None
    return Finding(
        at=norm,
        related=[(source, f"gives {given}")],
        certain=not (isinstance(source, Linear) and axis == 1),
        data={"expected": features, "given": given},
        message=f"{norm.name} is built for {features} features and is given {given}: the first forward pass raises an error; pass {given}",
    )


def _expected(norm: BatchNorm | InstanceNorm | GroupNorm | LayerNorm | RMSNorm) -> tuple[int | None, int]:
    """The number of features that the norm insists on (None: it takes any, or it is not known), and their dimension."""
    number: object = None
    axis = 1
    match norm:
        case BatchNorm(affine=affine, track_running_stats=tracks) | InstanceNorm(affine=affine, track_running_stats=tracks):
            number = norm.num_features if affine is True or tracks is True else None
        case GroupNorm():
            number = norm.num_channels
        case LayerNorm(normalized_shape=(*_, last)) | RMSNorm(normalized_shape=(*_, last)):
            number = last
            axis = 1 if isinstance(norm, LayerNorm) and norm.channels_first else -1
    return (number if isinstance(number, int) else None), axis


def _given(norm: Operator, axis: int, graph: Graph) -> tuple[int | None, Operator]:
    """The number of features that arrive, from the shape or else from the layer that made them, and that layer."""
    source = graph.producer(norm, through=KEEPS_FEATURES) or norm
    shape = norm.inputs[0].shape if norm.inputs else None
    given: object = None
    if shape is not None:
        given = shape[axis] if len(shape) > 1 else None
    elif axis == 1 and isinstance(source, Conv):
        given = source.out_channels
    elif isinstance(source, Linear):
        given = source.out_features
    elif axis == -1 and isinstance(source, Embedding):
        given = source.embedding_dim
    return (given if isinstance(given, int) else None), source


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
]
