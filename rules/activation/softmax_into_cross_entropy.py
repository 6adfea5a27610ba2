"""A softmax whose result goes into a cross entropy, which applies its own.

What
    The prediction that `nn.CrossEntropyLoss` or `F.cross_entropy` gets is the result of a softmax (error), or of a log-softmax (advice).

Why
    The loss computes -log softmax(z)_y itself. Given probabilities p instead of logits it sees numbers between 0 and 1: the best it can
    reach among K classes is ln(1 + (K - 1) / e), however sure the network is, and the gradient goes through two flat functions. The
    network trains slowly, its confidence is wrong, and nothing fails. A log-softmax of a log-softmax is the same again: work for nothing.

Evidence for
    S18 on squashing functions, and the definition above: with 10 classes the floor is 1.46, where guessing costs ln 10 = 2.30. PyTorch's
    page of CrossEntropyLoss asks for unnormalised logits.

Evidence against
    None known.

When it is fine
    A softmax beside the loss, for accuracy, sampling or a dice term, is not on the way into it. Distillation and soft labels put the
    softmax on the target, which is not flagged.

The fix
    Removes the softmax from the path. Code that reads probabilities from the network must then apply it itself.
"""

from __future__ import annotations

import math

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Operator, Unknown
from netlint.graph.operators import CrossEntropy, LogSoftmax, Softmax
from netlint.graph.queries import KEEPS_MEANING, class_count, origins

rule = Rule(
    code="NL409",
    name="softmax-into-cross-entropy",
    severity=Severity.ERROR,
    summary="A softmax goes into a cross entropy, which applies softmax itself.",
    statements=("S18",),
    evidence="on probabilities the loss of K classes never falls below ln(1 + (K - 1) / e)",
    needs=Fact.TRAINING,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
)


@rule.check
def check(loss: CrossEntropy, graph: Graph, options: Options) -> Answers:
    sources = origins(graph, loss.inputs[0], KEEPS_MEANING) if loss.inputs else []
    squashed = [node for node in sources if isinstance(node, Softmax | LogSoftmax)]
    if squashed and len(squashed) < len(sources):
        return Unknown("on one of two undecided branches there is no softmax")
    return [_finding(node, loss, graph) for node in squashed]


def _finding(node: Operator, loss: CrossEntropy, graph: Graph) -> Finding:
    related = [(loss, "the loss that applies softmax itself")]
    if isinstance(node, LogSoftmax):
        message = "CrossEntropyLoss applies log-softmax itself, and to apply it twice changes nothing; use NLLLoss, or remove this one"
        return Finding(at=node, related=related, severity=Severity.ADVICE, message=message)
    count = class_count(graph, node)
    floor = "far above zero"
    if count is not None and count > 1:
        floor = f"above {math.log(1 + (count - 1) / math.e):.2f} (guessing among {count} classes costs {math.log(count):.2f})"
    message = f"this softmax goes into a cross entropy that applies softmax itself: the loss stays {floor}; pass the logits to the loss"
    return Finding(at=node, related=related, data={"classes": count}, message=message)


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    return Replace(finding.at, ()) if isinstance(finding.at, Operator) else None


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
    {loss}
    loss.backward()
    optimizer.step()
"""
_CRITERION = "loss = nn.CrossEntropyLoss()(net(x), y)"

invalid = [
    Example(_NET.format(result="F.softmax(self.head(x), dim=1)  # here", loss=_CRITERION)),
    Example(_NET.format(result="torch.softmax(self.head(x), dim=-1).squeeze(1)  # here", loss="loss = F.cross_entropy(net(x), y)")),
    Example(
        """
net = nn.Sequential(
    nn.Linear(20, 64),
    nn.ELU(),
    nn.Linear(64, 3),
    nn.Softmax(dim=1),  # here
)
criterion = nn.CrossEntropyLoss()
for x, y in loader:
    loss = criterion(net(x), y)
    loss.backward()
"""
    ),
    Example(_NET.format(result="F.log_softmax(self.head(x), dim=1)  # here", loss=_CRITERION), severity=Severity.ADVICE),
    Example(
        """
net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ELU(), nn.Conv2d(8, 5, 1), nn.Softmax(dim=1))  # here
for x, y in loader:
    pred = net(x)
    if pred.shape[-2:] != y.shape[-2:]:
        pred = F.interpolate(pred, y.shape[-2:], mode="bilinear")
    loss = F.cross_entropy(pred, y)
    loss.backward()
"""
    ),
    Example(
        """
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(20, 5)
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, x, labels=None):
        scores = torch.softmax(self.head(x), dim=-1)  # here
        if labels is None:
            return scores
        return self.criterion(scores.view(-1, 5), labels.view(-1)), scores
"""
    ),
    Example(
        """
import zoo

net = zoo.load("resnet")
optimizer = torch.optim.AdamW(net.parameters())
for x, y in zoo.batches():
    loss = F.cross_entropy(net(x).softmax(1), y)  # here
    loss.backward()
    optimizer.step()
"""
    ),
]
valid = [
    Example(_NET.format(result="self.head(x)", loss=_CRITERION), because="the loss gets logits"),
    Example(
        _NET.format(result="F.log_softmax(self.head(x), dim=1)", loss="loss = F.nll_loss(net(x), y)"),
        because="NLLLoss expects log-probabilities",
    ),
    Example(
        _NET.format(result="self.head(x)", loss="z = net(x); confidence = z.softmax(1).max(); loss = F.cross_entropy(z, y)"),
        because="the softmax is read for a metric only",
    ),
    Example(
        _NET.format(result="self.head(x)", loss="loss = F.cross_entropy(net(x), torch.softmax(teacher(x), dim=1))"),
        because="the softmax is on the target: soft labels",
    ),
]
