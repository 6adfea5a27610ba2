"""Dropout on the network's output.

What
    A dropout is applied to the result of the output layer: no weighted layer comes behind it, an output or a loss does.

Why
    Dropout trains units of a hidden layer to do without each other, because a later layer combines them. Nothing combines the outputs: a
    dropped logit is simply wrong, zero instead of the network's answer, and its loss teaches nothing about the weights that it cut off.
    In a softmax, dropping the largest logit punishes a right answer. With p = .5 half of all answers are erased in every step.

Evidence for
    Follows from the definition: the loss compares the output itself with the target, and dropout replaces a share p of it by zeros.
    Srivastava et al. (JMLR 2014) drop input and hidden units, never the outputs.

Evidence against
    None is known. A network whose result is only a feature vector for another network is another matter (below).

When it is fine
    A class that may be a part of a larger network (an encoder, a feed-forward block) ends in features, not in an answer: it is flagged
    only when a softmax or a loss shows that the result is the answer, or, as likely, when a whole network narrows to its last linear
    layer. Dropout on attention weights and stochastic depth are not flagged.

The fix
    Removes the dropout. In eval mode nothing changes.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Fact, Graph, Operator, Unknown
from netlint.graph.operators import (
    Activation,
    Conv,
    DropBlock,
    Dropout,
    DropPath,
    Linear,
    LogSoftmax,
    Loss,
    Reduce,
    Sigmoid,
    Softmax,
)
from netlint.graph.queries import MOVES, origins, reaches_output, unseen_after, weight_depth, weighted_after

rule = Rule(
    code="NL106",
    name="dropout-on-output",
    severity=Severity.WARNING,
    summary="Dropout erases a share of the network's answers.",
    evidence="the loss compares the output itself with the target; JMLR 2014 drops inputs and hidden units only",
    needs=Fact.TRAINING_LAYERS,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
)

ANSWERS = (Softmax, LogSoftmax, Sigmoid)
"""What, besides a loss, makes a result the answer of a network."""
BEHIND = (Activation, Softmax, LogSoftmax, Reduce, *MOVES)
"""What may stand between the output layer's dropout and the output or loss."""


@rule.check
def check(dropout: Dropout, graph: Graph, options: Options) -> Answers:
    if not dropout.inputs or isinstance(dropout, (DropPath, DropBlock)) or dropout.p == 0 or weighted_after(graph, dropout):
        return None
    sources = origins(graph, dropout.inputs[0], through=(Activation, Softmax, LogSoftmax, *MOVES))
    output_layer = next((source for source in sources if isinstance(source, (Linear, Conv))), None)
    if output_layer is None:
        return None
    hidden = unseen_after(graph, dropout)
    if hidden is not None:
        return hidden
    inside = [node for node in graph.downstream(dropout) if reaches_output(graph, node)]
    losses = [reader for reader in graph.consumers(dropout, through=BEHIND) if isinstance(reader, Loss)]
    if not all(isinstance(node, BEHIND) for node in inside) or not (reaches_output(graph, dropout) or losses):
        return None
    answers = [node for node in (*_before(dropout, output_layer), *inside) if isinstance(node, ANSWERS)] + losses
    if not answers and not _is_whole_network(graph, dropout, output_layer):
        return None if graph.concrete else Unknown(f"`{graph.name}` may be a piece of a larger network")
    share = "a share" if isinstance(dropout.p, Unknown) else f"{dropout.p:.0%}"
    return Finding(
        at=dropout,
        related=[(output_layer, "the output layer"), *((node, "what reads it as the answer") for node in answers[:1])],
        certain=bool(answers),
        message=f"dropout stands behind the output layer and erases {share} of the network's answers in every training step; remove it, "
        "or put it in front of the output layer",
    )


def _before(dropout: Dropout, output_layer: Operator) -> list[Operator]:
    """What is applied to the output layer's result before the dropout."""
    node, found = dropout.inputs[0], list[Operator]()
    while node is not output_layer and node.inputs:
        found.append(node)
        node = node.inputs[0]
    return found


def _is_whole_network(graph: Graph, dropout: Dropout, output_layer: Operator) -> bool:
    """A deep enough network of known sizes that narrows to a last linear layer, whose bare result is the output."""
    if not graph.concrete or graph.producer(dropout, through=MOVES) is not output_layer:
        return False
    match output_layer:
        case Linear(in_features=int(wide), out_features=int(narrow)):
            return narrow < wide and weight_depth(graph) > 2
    return False


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    assert isinstance(finding.at, Dropout)
    return Replace(finding.at, ())


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(64, 64)
        self.body = nn.Linear(64, 64)
        self.head = nn.Linear(64, 10)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        x = F.elu(self.stem(x))
        x = x + F.elu(self.body(x))
{body}

net = Net()
"""

invalid = [
    Example(_NET.format(body="        x = self.drop(self.head(x))  # here\n        return F.log_softmax(x, dim=1)")),
    Example(_NET.format(body="        return self.drop(self.head(x))  # here")),
    Example(sequential("nn.Linear(64, 32)", "nn.ELU()", "nn.Linear(32, 10)", "nn.Dropout(0.5)  # here", "nn.Softmax(dim=1)")),
    Example(
        "net = nn.Sequential(nn.Linear(64, 10), nn.Dropout(0.2))  # here\nfor x, y in loader:\n    F.cross_entropy(net(x), y).backward()\n",
    ),
]
valid = [
    Example(_NET.format(body="        return self.head(self.drop(x))"), because="dropout stands before the output layer"),
    Example(
        """
class FeedForward(nn.Module):
    def __init__(self, width, drop):
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.drop = nn.Dropout(drop)

    def forward(self, x):
        return self.drop(self.down(F.elu(self.up(x))))
""",
        because="a block of a larger network ends in features",
        unknown=True,
    ),
    Example(
        """
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 64)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        weights = self.drop(torch.softmax(self.q(x) @ self.k(x).transpose(1, 2) / 8, dim=-1))
        return weights @ self.v(x)

net = Attention()
""",
        because="attention weights are no answer: a product with the values follows",
    ),
    Example(
        sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.Dropout(0.1)"),
        because="the result is a feature map, not an answer",
    ),
]
