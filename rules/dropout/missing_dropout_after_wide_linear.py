"""A wide fully-connected layer feeds the next one without dropout.

What
    The result of a linear layer wider than `min-width` goes through an activation into another linear layer, and no dropout stands in
    between.

Why
    Each unit of the next layer reads every unit of the wide one: there are as many weights as the product of both widths, most of a plain
    network's parameters. They can fit single training samples by units that are right only together. Dropping units at random in training
    takes that away: a unit must be useful whichever others are present.

Evidence for
    S1. Srivastava et al. (JMLR 2014): dropout in the fully-connected layers of a convolutional network lowers the test error on CIFAR-10
    from 14.98 to 14.32 %, on SVHN from 3.95 to 3.02 %.

Evidence against
    S4: dropout loses information and needs more training steps. With a batch norm on the path it can hurt (Li et al., arXiv 1801.05134,
    on the shift of variance). The JMLR paper finds no gain on its very smallest training sets, and a network that sees each sample once
    has little to overfit. So the finding is advice, not a warning, with a norm on the path, inside residual and transformer blocks, where
    several layers share the result (multi-task heads, actor and critic), where the network does not narrow to an answer (decoders,
    generators, autoencoders, feed-forward blocks), and when `[tool.netlint.training] samples` says that there is little data.

When it is fine
    Not flagged: output layers, projections without an activation (q, k, v, low-rank adapters), gates and experts (their result is a
    factor of other data), embeddings, projections to a feature map, frozen layers, a dropout of rate 0 (a place where the rate is
    configured).

The fix
    Inserts `nn.Dropout(0.5)` behind the activation. The network in eval mode stays the same; training changes, as meant. In a
    `Sequential` the keys of the layers behind it move by one.
"""

from __future__ import annotations

from netlint.engine.intent import InsertAfter, Intent
from netlint.engine.rule import (
    Answers,
    Contract,
    Example,
    Finding,
    Forward,
    Option,
    Options,
    Rule,
    Severity,
    StateDict,
    TrainingEffect,
    TrainingFacts,
    sequential,
)
from netlint.graph import Fact, Graph, Operator, Unknown
from netlint.graph.operators import Activation, Alternatives, Concat, Dropout, Linear, Norm, Opaque
from netlint.graph.queries import (
    MOVES,
    attention_products,
    between,
    in_attention,
    is_gate,
    is_upstream,
    is_weighted,
    reaches_output,
    residual_around,
    weight_depth,
)

rule = Rule(
    code="NL101",
    name="missing-dropout-after-wide-linear",
    severity=Severity.WARNING,
    summary="A wide fully-connected layer feeds the next one without dropout.",
    statements=("S1", "S4"),
    evidence="dropout in the fully-connected layers: CIFAR-10 error 14.98 -> 14.32 %, SVHN 3.95 -> 3.02 % (JMLR 2014)",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CHANGES, StateDict.REMAP, TrainingEffect.CHANGES),
    options={
        "min-width": Option(256, "Layers with more units than this want dropout."),
        "small-data": Option(5000, "With fewer training samples than this (where known) the finding is advice."),
    },
)

PATH = (Activation, Norm, Concat, *MOVES)
"""What may stand between two layers that are still one dense stack."""


@rule.check
def check(linear: Linear, graph: Graph, options: Options) -> Answers:
    if isinstance(linear.out_features, Unknown):
        return linear.out_features
    if linear.out_features <= options.min_width or (linear.layer is not None and linear.layer.frozen is True):
        return None
    readers = graph.consumers(linear, through=PATH)
    following = [reader for reader in readers if isinstance(reader, Linear) and _is_activated(graph, linear, reader)]
    if not following or any(isinstance(reader, Dropout) for reader in readers):
        return None
    if any(isinstance(reader, (Opaque, Alternatives)) for reader in readers):
        return Unknown("what else reads the activation was not seen")
    if in_attention(graph, linear) or any(is_gate(graph, reader) for reader in (linear, *following)):
        return None
    weights = _weights_behind(linear, following)
    return Finding(
        at=linear,
        related=[(reader, "the next layer") for reader in following],
        severity=None if _is_plain(graph, linear, readers) and not _is_small(graph, options) else Severity.ADVICE,
        certain=graph.concrete,
        data={"width": linear.out_features, "weights": weights},
        message=f"{linear.out_features:,} units feed the next linear layer without dropout"
        + (f", whose {weights:,} weights can fit single samples by units that are right only together" if weights else "")
        + "; insert `nn.Dropout(0.5)` after the activation",
    )


def _is_activated(graph: Graph, linear: Linear, following: Linear) -> bool:
    return any(isinstance(node, Activation) for node in between(graph, linear, following))


def _weights_behind(linear: Linear, following: list[Linear]) -> int | None:
    widths = [reader.out_features for reader in following]
    known = [width for width in widths if isinstance(width, int)]
    if len(known) < len(widths) or isinstance(linear.out_features, Unknown):
        return None
    return linear.out_features * sum(known)


def _is_small(graph: Graph, options: Options) -> bool:
    stated = options.training.samples
    sizes = [loader.samples for loader in graph.training.loaders if loader.feeds_training] if stated is None else [stated]
    return any(isinstance(size, int) and size < options.small_data for size in sizes)


def _is_plain(graph: Graph, linear: Linear, readers: list[Operator]) -> bool:
    """A dense stack that narrows to an answer: one reader, no norm, no shortcut, no attention, only linear layers up to the outputs."""
    if len(readers) != 1 or any(isinstance(node, Norm) for node in between(graph, linear, readers[0])):
        return False
    if residual_around(graph, linear) is not None or any(is_upstream(graph, core, linear) for core in attention_products(graph)):
        return False
    rest = [node for node in graph.downstream(linear) if is_weighted(graph, node) and (reaches_output(graph, node) or not graph.outputs)]
    last = [node for node in rest if not any(is_upstream(graph, node, other) for other in rest)]
    return all(isinstance(node, Linear) for node in rest) and all(
        isinstance(node, Linear) and _narrows(graph, linear, node) for node in last
    )


def _narrows(graph: Graph, linear: Linear, last: Linear) -> bool:
    """Whether the last layer decides between fewer values than the wide one has, and does not rebuild the block's own input."""
    if last.out_features is linear.in_features or last.out_features == linear.in_features:
        return False
    if isinstance(last.out_features, int) and isinstance(linear.out_features, int):
        return last.out_features < linear.out_features
    return isinstance(linear.in_features, int) or weight_depth(graph) > 2


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    node = finding.at
    assert isinstance(node, Linear)
    reader = graph.only_consumer(node)
    while isinstance(reader, (Activation, Norm)):
        node, reader = reader, graph.only_consumer(reader)
    return InsertAfter(node, Dropout(p=0.5)) if reader is not None else None


_BLOCK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(64, 128)
        self.wide = nn.Linear(128, 512)
        self.back = nn.Linear(512, 128)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        x = F.elu(self.stem(x))
{body}
        return self.head(x)

net = Net()
"""

invalid = [
    Example(
        sequential(
            "nn.Flatten()",
            "nn.Dropout()",
            "nn.Linear(9216, 4096)",
            "nn.ReLU()",
            "nn.Dropout()",
            "nn.Linear(4096, 4096)  # here",
            "nn.ReLU()",
            "nn.Linear(4096, 1000)",
        )
    ),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.fc1 = nn.Linear(8 * 26 * 26, 512)
        self.fc2 = nn.Linear(512, 10)

    def forward(self, x):
        x = torch.flatten(F.elu(self.conv(x)), 1)
        x = F.elu(self.fc1(x))  # here
        return F.log_softmax(self.fc2(x), dim=1)

net = Net()
"""
    ),
    Example(_BLOCK.format(body="        x = x + self.back(F.elu(self.wide(x)))  # here"), severity=Severity.ADVICE),
    Example(sequential("nn.Linear(64, 512)  # here", "nn.BatchNorm1d(512)", "nn.ELU()", "nn.Linear(512, 10)"), severity=Severity.ADVICE),
    Example(
        sequential("nn.Linear(64, 512)  # here", "nn.ELU()", "nn.Linear(512, 10)"),
        training=TrainingFacts(samples=400),
        severity=Severity.ADVICE,
    ),
    Example(sequential("nn.Linear(784, 512)  # here", "nn.ELU()", "nn.Linear(512, 784)"), severity=Severity.ADVICE),
]
valid = [
    Example(
        sequential("nn.Linear(784, 512)", "nn.ELU()", "nn.Dropout(0.5)", "nn.Linear(512, 10)"), because="dropout follows the activation"
    ),
    Example(
        sequential("nn.Linear(784, 512)", "nn.Dropout(0.5)", "nn.ELU()", "nn.Linear(512, 10)"),
        because="dropout stands before the activation",
    ),
    Example(sequential("nn.Linear(784, 256)", "nn.ELU()", "nn.Linear(256, 10)"), because="256 units are not wider than 256"),
    Example(sequential("nn.Linear(784, 128)", "nn.ELU()", "nn.Linear(128, 1000)"), because="the wide layer is the output"),
    Example(
        sequential("nn.Linear(784, 512)", "nn.ELU()", "nn.Dropout(0.0)", "nn.Linear(512, 10)"),
        because="the place for dropout is there, and its rate is a matter of configuration",
    ),
    Example(
        _BLOCK.format(body="        x = x + self.back(self.drop(F.elu(self.wide(x))))"),
        because="dropout stands on the residual branch, between the wide layer and the next",
    ),
    Example(
        """
class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(100, 8192)
        self.up = nn.ConvTranspose2d(512, 3, 4)

    def forward(self, z):
        return self.up(F.elu(self.project(z)).view(-1, 512, 4, 4))

net = Generator()
""",
        because="the result becomes a feature map, which a convolution reads",
    ),
    Example(sequential("nn.Linear(512, 512, bias=False)", "nn.Linear(512, 10)"), because="a projection without an activation"),
]
