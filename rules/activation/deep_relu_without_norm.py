"""A deep stack of ReLU layers without normalisation and without a shortcut.

What
    On every path from the input, more than `max-depth` weighted layers with ReLU follow each other without a normalisation layer; with
    more than `max-depth-default-init` layers, where they start from PyTorch's default initialisation.

Why
    PyTorch starts weights with variance 1 / (3 fan_in), and ReLU halves the second moment of what it passes. So each layer scales the
    signal, and each backward step the gradient, by about sqrt(1/6) = .41. Over 10 layers that is 1e-4, over 30 layers 2e-12: the first
    layers do not learn. A normalisation layer restores the scale at every layer; He's initialisation keeps it at the start.

Evidence for
    S21. The factor follows from the two variances above. He et al. (arXiv 1502.01852) train a 30-layer ReLU network that their
    initialisation lets converge and the older one does not.

Evidence against
    The cause is the initialisation rather than ReLU: with a gain of sqrt(2) a deep ReLU network does train, though it remains sensitive
    to the learning rate without a norm. LeakyReLU and PReLU with a small slope behave alike; ELU needs the same care.

When it is fine
    Shortcuts: a residual, dense or skip connection gives a short path, and the shortest path is what counts. Weight or spectral
    normalisation, self-normalising networks (SELU), learned or fixed scales (NFNet, SkipInit), frozen layers and networks into which
    pretrained weights are loaded are not flagged.

The fix
    Normalise after each convolution, or initialise each weight with `nn.init.kaiming_normal_(weight, nonlinearity="relu")`.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlint.engine.intent import Initialize, Intent, Rewrite
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Option, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Layer, Operator, Unknown
from netlint.graph.operators import Activation, Conv, Div, LeakyReLU, Linear, Mul, Norm, Opaque, ReLU, ReLU6
from netlint.graph.queries import data_inputs, is_weighted, stands_on_a_branch

rule = Rule(
    code="NL403",
    name="deep-relu-without-norm",
    severity=Severity.WARNING,
    summary="A deep stack of ReLU layers without normalisation and without a shortcut.",
    statements=("S11", "S21"),
    evidence="with PyTorch's default initialisation a ReLU layer scales signal and gradient by about sqrt(1/6)",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
    options={
        "max-depth": Option(30, "More ReLU layers than this in a row want a norm, however they are initialised."),
        "max-depth-default-init": Option(10, "The same for layers that keep PyTorch's default initialisation."),
    },
)


@dataclass(frozen=True, slots=True)
class Row:
    """The shortest row of weighted layers with ReLU that ends at an operator: what every path to it goes through."""

    layers: tuple[Operator, ...] = ()
    relus: tuple[Operator, ...] = ()


@rule.check
def check(graph: Graph, _: Graph, options: Options) -> Answers:
    if graph.training.pretrained or any(_is_frozen(layer) for layer in graph.layers):
        return None  # a partly frozen network starts from weights that were trained before
    rows = _rows(graph)
    longest = max(rows.values(), key=lambda row: len(row.relus), default=Row())
    depth = len(longest.relus)
    default = sum(_keeps_default(layer.layer) for layer in longest.layers)
    if depth <= options.max_depth and min(default, depth) <= options.max_depth_default_init:
        return None
    if any(stands_on_a_branch(graph, node) for node in (longest.relus[0], longest.relus[-1])):
        return Unknown("a part of the row stands on an undecided branch, and may not be there")
    if default > depth / 2:
        effect = f"PyTorch's default initialisation shrinks signal and gradient to about {6 ** (-default / 2):.0e} over them"
    else:
        effect = "nothing keeps the scale of signal and gradient from drifting over them"
    return Finding(
        at=longest.relus[0],
        related=[(longest.relus[-1], f"the last of the {depth}")],
        data={"depth": depth, "default": default},
        message=f"{depth} weighted layers with ReLU in a row without a norm or a shortcut: {effect}; "
        "normalise after each of them, or initialise their weights with nn.init.kaiming_normal_(weight, nonlinearity='relu')",
    )


def _rows(graph: Graph) -> dict[int, Row]:
    rows: dict[int, Row] = {}
    for node in graph.index.order:
        before = [rows.get(id(source), Row()) for source in data_inputs(graph, node)]
        row = min(before, key=lambda row: len(row.relus), default=Row())
        if _restores_scale(node, graph):
            row = Row()
        elif isinstance(node, (Conv, Linear)) and is_weighted(graph, node):
            row = Row((*row.layers, node), row.relus)
        elif isinstance(node, ReLU | ReLU6 | LeakyReLU) and len(row.layers) > len(row.relus):
            row = Row(row.layers, (*row.relus, node))
        rows[id(node)] = row
    return rows


def _restores_scale(node: Operator, graph: Graph) -> bool:
    """Behind a norm, a scale, another activation or something unseen a new row begins."""
    if isinstance(node, (Conv, Linear)):
        layer = node.layer
        return layer is not None and bool(layer.wrapped)
    if isinstance(node, Activation):
        return not isinstance(node, (ReLU, ReLU6, LeakyReLU))
    return isinstance(node, (Norm, Mul, Div, Opaque)) or is_weighted(graph, node)


def _is_frozen(layer: Layer) -> bool:
    return layer.frozen is not False or any(parameter.trainable is not True for parameter in layer.parameters.values())


def _keeps_default(layer: Layer | None) -> bool:
    weight = layer.parameters.get("weight") if layer is not None else None
    return weight is not None and weight.initialization is None


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    row = max(_rows(graph).values(), key=lambda row: len(row.relus), default=Row())
    layers = tuple(operator.layer for operator in row.layers if operator.layer is not None)
    if sum(map(_keeps_default, layers)) > len(row.relus) / 2:
        return Initialize(layers, "kaiming_normal_", {"nonlinearity": "relu"})
    return Rewrite(finding.at, "put a norm behind each layer of this row, or shortcuts around them", "which of them is yours to choose")


_STACK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(20, 64)
        self.layers = nn.ModuleList([nn.Linear(64, 64) for _ in range({depth})])
        self.head = nn.Linear(64, 2)
{init}
    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
{step}
        return self.head(x)
"""
_PLAIN = "            x = F.relu(layer(x))"
_HE = """
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
"""

invalid = [
    Example(_STACK.format(depth=16, init="", step=_PLAIN + "  # here")),
    Example(_STACK.format(depth=40, init=_HE, step=_PLAIN + "  # here")),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.body = nn.Sequential(*[nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()) for _ in range(14)])  # here
        self.side = nn.Conv2d(16, 16, 1)
        self.head = nn.Conv2d(32, 4, 1)

    def forward(self, x):
        x = self.body(self.stem(x))
        return self.head(torch.cat([x, self.side(x)], dim=1))
"""
    ),
]
valid = [
    Example(
        _STACK.format(depth=16, init="", step="            x = x + F.relu(layer(x))"), because="a residual connection passes each layer"
    ),
    Example(_STACK.format(depth=16, init=_HE, step=_PLAIN), because="He's initialisation keeps the scale at this depth"),
    Example(_STACK.format(depth=6, init="", step=_PLAIN), because="the stack is not deep"),
    Example(
        _STACK.format(depth=16, init="", step="            x = F.layer_norm(F.relu(layer(x)), (64,))"), because="a norm stands between"
    ),
    Example(_STACK.format(depth=16, init="", step="            x = F.selu(layer(x))"), because="SELU normalises itself"),
    Example(
        """
def block(channels, depth):
    below = block(channels, depth - 1) if depth > 0 else nn.Identity()
    return nn.Sequential(nn.Conv2d(channels, channels, 3), nn.ReLU(), below)

class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.blocks = block(8, depth)
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        return self.head(self.blocks(x))
""",
        because="how often the function calls itself is not known",
    ),
]
