"""A sigmoid whose result goes into a binary cross entropy with logits, which applies its own.

What
    The prediction that `nn.BCEWithLogitsLoss` or `F.binary_cross_entropy_with_logits` gets is the result of a sigmoid.

Why
    The loss applies the sigmoid itself. Given a probability p it computes sigmoid(p), which lies between .5 and .73: it can never say no.
    The loss of a negative sample stays above ln 2 = .69, that of a positive one above ln(1 + 1 / e) = .31, however long one trains.

Evidence for
    S18, and the two ranges. PyTorch's page of BCEWithLogitsLoss says that it combines a sigmoid layer and BCELoss.

Evidence against
    None known.

When it is fine
    A sigmoid beside the loss, for accuracy, for a threshold or for a dice term.

The fix
    Removes the sigmoid from the path. Code that reads probabilities from the network must then apply it itself.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Operator, Unknown
from netlint.graph.operators import BCEWithLogits, Hardsigmoid, Sigmoid
from netlint.graph.queries import KEEPS_MEANING, origins

rule = Rule(
    code="NL410",
    name="sigmoid-into-bce-with-logits",
    severity=Severity.ERROR,
    summary="A sigmoid goes into a binary cross entropy with logits, which applies the sigmoid itself.",
    statements=("S18",),
    evidence="sigmoid(sigmoid(z)) lies between .5 and .73: a negative sample never costs less than ln 2",
    needs=Fact.TRAINING,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
)


@rule.check
def check(loss: BCEWithLogits, graph: Graph, options: Options) -> Answers:
    sources = origins(graph, loss.inputs[0], KEEPS_MEANING) if loss.inputs else []
    squashed = [node for node in sources if isinstance(node, Sigmoid | Hardsigmoid)]
    if squashed and len(squashed) < len(sources):
        return Unknown("on one of two undecided branches there is no sigmoid")
    return [
        Finding(
            at=node,
            related=[(loss, "the loss that applies the sigmoid itself")],
            message="this sigmoid goes into a loss that applies the sigmoid itself: the network can never say less than .5, "
            "and a negative sample never costs less than ln 2 = .69; pass the logits to the loss",
        )
        for node in squashed
    ]


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    return Replace(finding.at, ()) if isinstance(finding.at, Operator) else None


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.second = nn.Conv2d(16, 16, 3, padding=1)
        self.head = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        x = F.elu(self.first(x))
        x = x + F.elu(self.second(x))
        return {result}

net = Net()
criterion = nn.{criterion}()
optimizer = torch.optim.AdamW(net.parameters())
for x, y in loader:
    {loss}
    loss.backward()
    optimizer.step()
"""
_LOGITS = "BCEWithLogitsLoss"

invalid = [
    Example(_NET.format(result="torch.sigmoid(self.head(x))  # here", criterion=_LOGITS, loss="loss = criterion(net(x), y)")),
    Example(
        _NET.format(
            result="self.head(x)",
            criterion=_LOGITS,
            loss="p = net(x).sigmoid()  # here\n    loss = F.binary_cross_entropy_with_logits(p.view(-1), y.view(-1))",
        )
    ),
]
valid = [
    Example(_NET.format(result="self.head(x)", criterion=_LOGITS, loss="loss = criterion(net(x), y)"), because="the loss gets logits"),
    Example(
        _NET.format(result="torch.sigmoid(self.head(x))", criterion="BCELoss", loss="loss = criterion(net(x), y)"),
        because="BCELoss expects probabilities",
    ),
    Example(
        _NET.format(
            result="self.head(x)",
            criterion=_LOGITS,
            loss="z = net(x)\n    p = z.sigmoid()\n    loss = criterion(z, y) + 1 - (2 * p * y).sum() / (p + y).sum()",
        ),
        because="the sigmoid feeds the dice term, and the other loss reads the logits",
    ),
]
