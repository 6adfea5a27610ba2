"""Sigmoid or tanh between hidden layers.

What
    A sigmoid or tanh whose input comes from a weighted layer and whose result the next weighted layer reads as features. The more of them
    follow each other on one path, the more severe: a warning from `sigmoid-uses` sigmoids or `tanh-uses` tanhs, advice below.

Why
    Both functions are flat at both ends, so a unit with a large input passes hardly any gradient. The slope of sigmoid is 1/4 at best: n
    sigmoids in a row scale the gradient by 4^-n at most, before any saturation. Tanh has slope 1 at zero and is centred there, so it does
    less harm. Both need an exponential where ReLU and PReLU need a comparison.

Evidence for
    S17, S25, S26. Glorot and Bengio (AISTATS 2010) watch the top hidden sigmoid layer saturate at the start of training and deep networks
    stall on it. Mishkin et al. (arXiv 1606.02228), CaffeNet-128: accuracy .401 with tanh and .471 with ReLU.

Evidence against
    In small on-policy reinforcement learning networks tanh is the best choice of a large study (arXiv 2006.05990). Networks that must be
    smooth in their input, those that solve differential equations for example, need a smooth function.

When it is fine
    Not flagged: outputs, gates (the result is multiplied with other data: squeeze-excite, gated convolutions, recurrent cells written by
    hand), attention scores, results that are returned (a hidden state) or fed back into the same layer, the narrowest layer of an
    autoencoder, images made by a generator, a single unit, and tanh in a network of coordinates (at most three inputs).

The fix
    Replaces it by `nn.PReLU(init=0.1)`: the function that S22 advises. Outputs change, and the PReLU adds a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Contract, Example, Finding, Forward, Option, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph, Int, Operator
from netlint.graph.operators import Conv, Linear, PReLU, Sigmoid, Softmax, Tanh
from netlint.graph.queries import (
    MOVES,
    RECURRENT,
    fed_by,
    feeds,
    in_attention,
    is_gate,
    is_upstream,
    network_of,
    origins,
    reaches,
    reaches_output,
)

rule = Rule(
    code="NL402",
    name="saturating-activation",
    severity=Severity.WARNING,
    summary="Sigmoid or tanh between hidden layers: their gradient vanishes, the more so the deeper the network.",
    statements=("S17", "S25", "S26"),
    evidence="the slope of sigmoid is at most 1/4; CaffeNet-128 accuracy .401 with tanh, .471 with ReLU (arXiv 1606.02228)",
    fix_contract=Contract(Forward.CHANGES, StateDict.BREAKS, TrainingEffect.CHANGES),
    options={
        "sigmoid-uses": Option(3, "From this many hidden sigmoids on one path it is a warning."),
        "tanh-uses": Option(5, "From this many hidden tanhs on one path it is a warning."),
    },
)


@rule.check
def check(graph: Graph, _: Graph, options: Options) -> Iterator[Finding]:
    yield from _findings(graph, [node for node in graph.of(Sigmoid) if _is_hidden(node, graph)], options.sigmoid_uses)
    yield from _findings(graph, [node for node in graph.of(Tanh) if _is_hidden(node, graph)], options.tanh_uses)


def _findings(graph: Graph, hidden: list[Sigmoid] | list[Tanh], limit: int) -> Iterator[Finding]:
    row = _longest_row(graph, hidden)
    for node in hidden:
        effect = "has a slope of at most 1/4" if isinstance(node, Sigmoid) else "has a slope that falls to zero at both ends"
        if row > 1 and isinstance(node, Sigmoid):
            effect += f", and {row} of them on one path scale the gradient by {0.25**row:.2g} at most"
        elif row > 1:
            effect += f", and {row} of them stand on one path"
        yield Finding(
            at=node,
            severity=None if row >= limit else Severity.ADVICE,
            data={"uses": len(hidden), "row": row},
            message=f"{node.name} between hidden layers {effect}; use nn.PReLU(init=0.1)",
        )


def _longest_row(graph: Graph, hidden: list[Sigmoid] | list[Tanh]) -> int:
    """How many of these operators stand on one path of the network, at most."""
    wanted = {id(node) for node in hidden}
    rows: dict[int, int] = {}
    for node in graph.index.order:
        rows[id(node)] = max((rows.get(id(source), 0) for source in node.inputs), default=0) + (id(node) in wanted)
    return max(rows.values(), default=0)


def _is_hidden(node: Operator, graph: Graph) -> bool:
    if graph.outputs and not reaches_output(graph, node):
        return False
    home = network_of(node)
    before, after = fed_by(graph, node), [layer for layer in feeds(graph, node) if home is None or network_of(layer) is home]
    if not before or not after or _is_returned(node, graph) or is_gate(graph, node):
        return False
    if in_attention(graph, node) or any(_is_score(layer, graph) for layer in after):
        return False
    if _is_recurrent(before, node, graph) or _starts_recurrence(node, graph) or any(_is_bounded_by_nature(layer) for layer in before):
        return False
    return not _is_narrowest(before, after, graph) and not (isinstance(node, Tanh) and _reads_coordinates(graph))


def _is_returned(node: Operator, graph: Graph) -> bool:
    """The result, perhaps moved, is an output of the network: a hidden state, a code, an estimate."""
    return node in graph.outputs or any(_is_returned(reader, graph) for reader in graph.consumers(node) if isinstance(reader, MOVES))


def _is_recurrent(before: list[Operator], node: Operator, graph: Graph) -> bool:
    """The result comes back to the layer that made it: one step of a recurrence."""
    return any(
        layer.layer is not None and any(is_upstream(graph, node, again) for again in graph.applications(layer.layer)) for layer in before
    )


def _starts_recurrence(node: Operator, graph: Graph) -> bool:
    """The result is the first hidden state of a recurrent layer, whose states are bounded too."""
    readers = graph.consumers(node, through=MOVES)
    return any(isinstance(reader, RECURRENT) and bool(reader.inputs) and node not in origins(graph, reader.inputs[0]) for reader in readers)


def _is_score(layer: Operator, graph: Graph) -> bool:
    """One number that is compared with others by a softmax: the score of additive attention, whose use may stand in another class."""
    return _width(layer) == 1 and reaches(graph, layer, Softmax)


def _is_bounded_by_nature(layer: Operator) -> bool:
    """A single unit (a probability, a mixing factor), or the few channels of an image or a mask."""
    width = _width(layer)
    return isinstance(width, int) and width <= (3 if isinstance(layer, Conv) else 1)


def _is_narrowest(before: list[Operator], after: list[Operator], graph: Graph) -> bool:
    """The code of an autoencoder: the narrowest layer of a network that is wider before and behind it."""
    widths = [_width(layer) for layer in before]
    around = [_width(layer) for layer in after]
    around += [
        layer.in_features if isinstance(layer, Linear) else layer.in_channels for layer in before if isinstance(layer, Linear | Conv)
    ]
    code = max((width for width in widths if isinstance(width, int)), default=None)
    if code is None or not all(isinstance(width, int) and width > code for width in around):
        return False
    inner = (_width(node) for kind in (Linear, Conv) for node in graph.of(kind) if node not in graph.outputs)
    return code == min(width for width in inner if isinstance(width, int))


def _reads_coordinates(graph: Graph) -> bool:
    """A stack of linear layers on at most three numbers: a function of space and time, which must be smooth."""
    first = next(graph.of(Linear), None)
    dense = first is not None and next(graph.of(Conv), None) is None
    return dense and first is not None and isinstance(first.in_features, int) and first.in_features <= 3


def _width(layer: Operator) -> Int | None:
    if isinstance(layer, Linear):
        return layer.out_features
    return layer.out_channels if isinstance(layer, Conv) else None


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    return Replace(finding.at, (PReLU(init=0.1),)) if isinstance(finding.at, (Sigmoid, Tanh)) else None


invalid = [
    Example(
        sequential(
            "nn.Linear(20, 64)",
            "nn.Sigmoid()  # here",
            "nn.Linear(64, 64)",
            "nn.Sigmoid()  # here",
            "nn.Linear(64, 64)",
            "nn.BatchNorm1d(64)",
            "nn.Sigmoid()  # here",
            "nn.Linear(64, 2)",
        )
    ),
    Example(
        """
class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(256, 120)
        self.fc2 = nn.Linear(120, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)  # here
        x = F.avg_pool2d(self.conv2(x).tanh(), 2)  # here
        x = torch.tanh(self.fc1(torch.flatten(x, 1)))  # here
        return self.fc2(x)
""",
        severity=Severity.ADVICE,
    ),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(16, 16)
        self.second = nn.Linear(16, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        x = x + torch.sigmoid(self.first(x))  # here
        x = x + torch.sigmoid(self.second(x))  # here
        return self.head(x)
""",
        severity=Severity.ADVICE,
    ),
    Example(
        """
x, y = torch.randn(100, 12), torch.randn(100, 1)
net = nn.Sequential(
    nn.Linear(12, 64),
    nn.Sigmoid(),  # here
    nn.Linear(64, 64),
    nn.Sigmoid(),  # here
    nn.Linear(64, 32),
    nn.Sigmoid(),  # here
    nn.Linear(32, 1),
)
loss = nn.MSELoss()(net(x), y)
loss.backward()
"""
    ),
]
valid = [
    Example(sequential("nn.Linear(20, 64)", "nn.PReLU(init=0.1)", "nn.Linear(64, 1)", "nn.Sigmoid()"), because="the sigmoid is the output"),
    Example(
        """
class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(32, 32, 3, padding=1)
        self.down = nn.Conv2d(32, 8, 1)
        self.up = nn.Conv2d(8, 32, 1)
        self.head = nn.Conv2d(32, 4, 1)

    def forward(self, x):
        x = F.elu(self.conv(x))
        scale = F.adaptive_avg_pool2d(x, 1)
        scale = torch.sigmoid(self.up(F.elu(self.down(scale))))
        return self.head(x * scale)
""",
        because="a gate: its result is a factor of the features",
    ),
    Example(
        """
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.read = nn.Linear(8, 32)
        self.keep = nn.Linear(32, 32)
        self.head = nn.Linear(32, 4)

    def forward(self, x, state):
        state = torch.tanh(self.read(x) + self.keep(state))
        return self.head(state), state
""",
        because="a recurrent cell: the bounded state is returned and read again",
    ),
    Example(
        sequential(
            "nn.Linear(64, 32)", "nn.ELU()", "nn.Linear(32, 8)", "nn.Sigmoid()", "nn.Linear(8, 32)", "nn.ELU()", "nn.Linear(32, 64)"
        ),
        because="the code of an autoencoder is squashed on purpose",
    ),
    Example(
        sequential("nn.ConvTranspose2d(64, 32, 4)", "nn.ELU()", "nn.ConvTranspose2d(32, 3, 4)", "nn.Tanh()"),
        because="the output of a generator is an image in [-1, 1]",
    ),
    Example(
        """
class Score(nn.Module):
    def __init__(self):
        super().__init__()
        self.keys = nn.Linear(32, 32)
        self.score = nn.Linear(32, 1)
        self.head = nn.Linear(32, 2)

    def forward(self, x):
        weights = torch.softmax(self.score(torch.tanh(self.keys(x))), dim=1)
        return self.head((weights * x).sum(1))
""",
        because="the scoring network of additive attention",
    ),
    Example(
        """
class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.read = nn.GRU(32, 64, bidirectional=True)
        self.bridge = nn.Linear(128, 64)
        self.write = nn.GRU(32, 64)
        self.head = nn.Linear(64, 100)

    def forward(self, source, target):
        _, state = self.read(source)
        state = torch.tanh(self.bridge(torch.cat([state[0], state[1]], dim=1)))
        out, _ = self.write(target, state.unsqueeze(0))
        return self.head(out)
""",
        because="the first state of a recurrent layer is bounded like the others",
    ),
]
