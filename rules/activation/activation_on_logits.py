"""An activation on the logits that a softmax, a cross entropy or a binary cross entropy reads.

What
    The scores that `CrossEntropyLoss`, `BCEWithLogitsLoss`, a log-softmax, or the softmax at the network's output get are the result of
    an activation that cuts off the negative numbers (ReLU and its like), or bounds them (sigmoid, tanh).

Why
    A logit says for or against: any real number. Behind a ReLU nothing can be against: a binary classifier never goes below .5, and a
    class whose score is negative for all samples gets no gradient any more. Behind a sigmoid or a tanh the scores differ by 1 or 2 at
    most, so no class can win clearly, and a large score has no gradient.

Evidence for
    S17 and S18 for the bounded ones. With scores in [0, 1] the largest probability among K classes is e / (e + K - 1), with scores in
    [-1, 1] it is e^2 / (e^2 + K - 1): .23 and .45 for 10 classes.

Evidence against
    SqueezeNet (arXiv 1602.07360) has a ReLU between its last convolution and the average pooling that makes the scores, and trains well:
    the mean over positions softens the cut. So a ReLU before a pooling is not flagged.

When it is fine
    Activations without a bound (LeakyReLU, PReLU) lose nothing. Scores of attention are not logits. A sigmoid before BCEWithLogitsLoss is
    NL410, a softmax before a cross entropy NL409.

The fix
    Remove the activation. The network's outputs change, as meant; not applied by itself, for the class may have other uses.
"""

from __future__ import annotations

import math

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity, sequential
from netlint.graph import Graph, Operator, Unknown
from netlint.graph.operators import Activation, BCEWithLogits, CrossEntropy, Dropout, LogSoftmax, Softmax
from netlint.graph.queries import KEEPS_MEANING, class_count, in_attention, is_gate, is_head, origins

rule = Rule(
    code="NL411",
    name="activation-on-logits",
    severity=Severity.WARNING,
    summary="An activation cuts off or bounds the logits that a softmax or a loss reads.",
    statements=("S17", "S18"),
    evidence="with scores in [0, 1] no class among K can get more than e / (e + K - 1)",
)

PROBABILITY = (0.0, 1.0)
LOWEST = -2.0
"""An activation that can give numbers below this cuts off none that matter."""


@rule.check
def check(reader: CrossEntropy | BCEWithLogits | LogSoftmax | Softmax, graph: Graph, options: Options) -> Answers:
    sources = origins(graph, reader.inputs[0], (*KEEPS_MEANING, Dropout)) if reader.inputs else []
    suspects = [node for node in sources if isinstance(node, Activation) and node.range is not None and node.range[0] > LOWEST]
    if isinstance(reader, BCEWithLogits):
        suspects = [node for node in suspects if node.range != PROBABILITY]
    if not suspects:
        return None
    if len(suspects) < len(sources):
        return Unknown("on one of two undecided branches there is no activation")
    if isinstance(reader, Softmax):
        makes_output = _makes_output(reader, graph)
        if makes_output is not True:
            return makes_output or None
    return [
        Finding(
            at=node,
            related=[(reader, "what reads the logits")],
            message=f"{node.name} on the logits of {reader.name}: {_effect(node, reader, graph)}; remove the activation",
        )
        for node in suspects
    ]


def _makes_output(softmax: Softmax, graph: Graph) -> bool | Unknown:
    """Whether a softmax makes the network's answer: attention weights and mixing factors are scores of another kind."""
    if is_gate(graph, softmax) or in_attention(graph, softmax):
        return False
    return is_head(graph, softmax)


def _effect(node: Activation, reader: Operator, graph: Graph) -> str:
    low, high = node.range or (-math.inf, math.inf)
    if isinstance(reader, BCEWithLogits):
        least, most = (1 / (1 + math.exp(-bound)) for bound in (low, high))
        return f"the probability stays between {least:.2g} and {most:.2g}"
    if high == math.inf:
        return f"no score can be below {low:g}, and a class whose scores are all negative gets little gradient or none"
    spread, classes = high - low, class_count(graph, node)
    if classes is None or classes < 2:
        return f"the scores differ by {spread:g} at most, so that no class can win clearly"
    best = math.exp(spread) / (math.exp(spread) + classes - 1)
    return f"the scores differ by {spread:g} at most, so that none of {classes} classes can get more than {best:.2f}"


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(20, 64)
        self.second = nn.Linear(64, 64)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        x = F.elu(self.first(x))
        x = x + F.elu(self.second(x))
        return {result}

net = Net()
optimizer = torch.optim.AdamW(net.parameters())
for x, y in loader:
    loss = {loss}(net(x), y)
    loss.backward()
    optimizer.step()
"""

invalid = [
    Example(_NET.format(result="F.relu(self.head(x))  # here", loss="F.cross_entropy")),
    Example(_NET.format(result="torch.tanh(self.head(x))  # here", loss="nn.CrossEntropyLoss()")),
    Example(_NET.format(result="F.relu(self.head(x))  # here", loss="nn.BCEWithLogitsLoss()")),
    Example(sequential("nn.Linear(20, 64)", "nn.ELU()", "nn.Linear(64, 5)", "nn.ReLU()  # here", "nn.LogSoftmax(dim=1)")),
    Example(sequential("nn.Linear(20, 64)", "nn.ELU()", "nn.Linear(64, 5)", "nn.Sigmoid()  # here", "nn.Softmax(dim=1)")),
]
valid = [
    Example(_NET.format(result="self.head(x)", loss="F.cross_entropy"), because="the loss gets logits"),
    Example(_NET.format(result="F.leaky_relu(self.head(x), 0.1)", loss="F.cross_entropy"), because="LeakyReLU loses nothing"),
    Example(_NET.format(result="F.softplus(self.head(x))", loss="F.mse_loss"), because="a regression with non-negative targets"),
    Example(
        """
class Pool(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(32, 1)
        self.head = nn.Linear(32, 2)

    def forward(self, x):
        weights = torch.softmax(torch.tanh(self.score(x)), dim=1)
        return self.head((weights * x).sum(1))
""",
        because="scores of attention, which are multiplied with the features",
    ),
    Example(
        sequential("nn.Conv2d(8, 10, 1)", "nn.ReLU()", "nn.AdaptiveAvgPool2d(1)", "nn.Flatten()", "nn.LogSoftmax(dim=1)"),
        because="the mean over positions is taken after the ReLU, as in SqueezeNet",
    ),
]
