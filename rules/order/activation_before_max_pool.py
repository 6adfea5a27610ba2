"""A convolution's activation is applied before max pooling instead of after it.

What
    The result of a convolution (perhaps normalised, or added to a shortcut) goes through an activation whose only reader is a max
    pooling.

Why
    A function that never decreases does not change which element of a window is the largest: max(f(a), f(b)) = f(max(a, b)). So both
    orders give the same result, and with pooling first the activation is computed for the elements that survive only: a fourth of them at
    a stride of 2 x 2. In training, an activation that keeps its input for the backward pass (PReLU, ELU) keeps that much less.

Evidence for
    S24. Exact by the equation above for every non-decreasing activation: pooling picks elements and computes nothing. Where several
    elements of a window tie after the activation (ReLU makes zeros of all negative ones), the gradient that reaches them is zero in both
    orders.

Evidence against
    An activation is cheap beside its convolution, so the gain for the whole network is small, least with in-place ReLU. In training, ReLU
    keeps its result, which the pooling behind it keeps anyway; pooling first, the pooling keeps the convolution's result and ReLU a small
    one besides, so that a little more is kept, not less. A compiler that
    fuses convolution and ReLU into one kernel may lose that fusion: after such a compiler, measure before you keep the change.

When it is fine
    GELU, SiLU, Mish and Hardswish fall before they rise, so the orders differ. So they do with a norm in between, with average pooling,
    and with `return_indices=True`, where ties decide which index is kept. An activation that something else reads too has to be computed
    in full anyway, and at a stride of 1 pooling first saves nothing: none of these is flagged.

The fix
    Swaps the two. The forward result and all parameters stay the same. A PReLU's slope may turn negative in training, and RReLU draws a
    slope for each element, so for these the swap is shown but not applied.
"""

from __future__ import annotations

import math

from netlint.engine.intent import Intent, Rewrite, Swap
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph, Shape, Unknown
from netlint.graph.operators import Activation, AdaptiveMaxPool, Alternatives, Conv, Dropout, Identity, MaxPool, Opaque, PReLU, Squeeze
from netlint.graph.queries import fed_by, unseen_before

rule = Rule(
    code="NL501",
    name="activation-before-max-pool",
    severity=Severity.WARNING,
    summary="A convolution's activation is computed before max pooling throws most of its results away.",
    statements=("S24",),
    evidence="max(f(a), f(b)) = f(max(a, b)) for every non-decreasing f: pooling first gives the same result with less work",
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME),
)

TRANSPARENT = (Dropout, Identity, Squeeze)


@rule.check
def check(pool: MaxPool | AdaptiveMaxPool, graph: Graph, options: Options) -> Answers:
    saving = _saving(pool)
    if saving == 1:
        return None
    activation = graph.producer(pool, through=TRANSPARENT)
    if isinstance(activation, (Opaque, Alternatives)):
        return unseen_before(graph, pool)
    if not isinstance(activation, Activation) or graph.only_consumer(activation, through=TRANSPARENT) is not pool:
        return None
    if not any(isinstance(source, Conv) for source in fed_by(graph, activation)):
        return unseen_before(graph, activation)
    if pool.return_indices is not False:
        return Unknown("the indices of tied elements may change with the order")
    if activation.monotone is False:
        return Unknown(f"{activation.name} is not monotone: it does not commute with max pooling")
    if isinstance(activation, PReLU) and graph.training.pretrained:
        return Unknown("its learned slopes are loaded, and may be negative: then it does not commute with max pooling")
    waste = f"on {saving:g} times the elements it needs" if saving else "on every element of each window"
    return Finding(
        at=activation,
        related=[(pool, "the pooling that reads it")],
        severity=Severity.ADVICE if graph.frontend == "onnx" else None,
        data={"saving": saving},
        message=f"{activation.name} stands before {pool.name}, which keeps only the largest element of each window, so it runs {waste}; "
        "pool first, then activate",
    )


def _saving(pool: MaxPool | AdaptiveMaxPool) -> float | None:
    """How many times fewer elements there are behind the pooling, if known."""
    if isinstance(pool, MaxPool):
        strides = () if isinstance(pool.stride, Unknown) else pool.stride * (pool.dims // len(pool.stride))
        return _product(strides)
    before, after = (_product((node.shape or ())[-pool.dims :]) for node in (pool.inputs[0], pool))
    return before / after if before and after else None


def _product(sizes: Shape) -> int | None:
    known = [size for size in sizes if isinstance(size, int)]
    return math.prod(known) if known and len(known) == len(sizes) else None


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    activation = finding.at
    assert isinstance(activation, Activation)
    pool = graph.only_consumer(activation)
    if isinstance(pool, (MaxPool, AdaptiveMaxPool)) and activation.monotone is True and not activation.random_in_training:
        return Swap(activation, pool)
    reason = "it is random in training" if activation.random_in_training else "other operators stand between the two"
    return Rewrite(activation, f"apply the {activation.name} behind the pooling", reason)


_RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(16, 4, 1)

    def forward(self, x):
        x = self.stem(x)
{body}
        return self.head(x)
"""

invalid = [
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ReLU()  # here", "nn.MaxPool2d(2)", "nn.Conv2d(16, 16, 3)")),
    Example(
        sequential(
            "nn.Conv2d(3, 16, 3)", "nn.BatchNorm2d(16)", "nn.LeakyReLU(0.1)  # here", "nn.Dropout(0.2)", "nn.MaxPool2d(3, stride=2)"
        ),
    ),
    Example(_RESIDUAL.format(body="        x = x + self.norm(self.conv(x))\n        x = F.relu(x)  # here\n        x = self.pool(x)")),
    Example(sequential("nn.Conv1d(8, 16, 5)", "nn.PReLU(16)  # here", "nn.MaxPool1d(4)")),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc = nn.Linear(400, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # here
        x = F.max_pool2d(torch.tanh(self.conv2(x)), (2, 2))  # here
        return self.fc(torch.flatten(x, 1))
"""
    ),
]
valid = [
    Example(
        sequential("nn.Conv2d(1, 8, 3)", "nn.PReLU(8)", "nn.MaxPool2d(2)") + "net.load_state_dict(torch.load('weights.pt'))\n",
        because="the slopes that are loaded may be negative, and then pooling first gives other results",
        unknown=True,
    ),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.MaxPool2d(2)", "nn.ReLU()"), because="pooling comes first"),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.GELU()", "nn.MaxPool2d(2)"), because="GELU falls before it rises", unknown=True),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ReLU()", "nn.AvgPool2d(2)"), because="a mean does not commute with ReLU"),
    Example(
        sequential("nn.Conv2d(3, 16, 3)", "nn.ReLU()", "nn.BatchNorm2d(16)", "nn.MaxPool2d(2)"),
        because="the norm may have a negative weight, which turns the largest element into the smallest",
    ),
    Example(
        _RESIDUAL.format(body="        x = F.relu(self.norm(x))\n        x = self.pool(x) + self.conv(x)[:, :, ::2, ::2]"),
        because="the convolution reads the activation too, so that all of it is needed",
    ),
    Example(sequential("nn.Linear(64, 64)", "nn.ReLU()", "nn.MaxPool1d(2)"), because="no convolution made these elements"),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ReLU()", "nn.MaxPool2d(3, stride=1, padding=1)"), because="at stride 1 nothing is saved"),
]
