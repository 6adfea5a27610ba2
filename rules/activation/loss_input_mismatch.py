"""A loss gets numbers of a kind that it does not take.

What
    `BCELoss` gets logits or other unbounded numbers instead of probabilities; `NLLLoss` or `KLDivLoss` gets logits or probabilities
    instead of log-probabilities; `BCEWithLogitsLoss` gets the result of a softmax.

Why
    Each loss is one formula on one kind of number. BCELoss takes the logarithm of its input: numbers outside [0, 1] raise an error or
    give NaN. NLLLoss returns minus the number at the target: on probabilities it goes down to -1 and has the weakest gradient where the
    network is most wrong, on logits it goes to minus infinity without learning anything.

Evidence for
    S18 on ranges, and the definitions of the losses.

Evidence against
    None known. What cannot be followed from the network into the loss is not judged.

When it is fine
    A clamp, a product or any other computation between the network and the loss makes the range unknown: not flagged.

The fix
    Use the loss that fits the numbers (`BCEWithLogitsLoss`, `CrossEntropyLoss`), or put the function before it that makes them fit.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity
from netlint.graph import Fact, Graph, Operator, Unknown
from netlint.graph.operators import (
    BCE,
    ELU,
    GELU,
    NLL,
    Add,
    BCEWithLogits,
    Conv,
    KLDivergence,
    LeakyReLU,
    Linear,
    LogSigmoid,
    LogSoftmax,
    Loss,
    MatMul,
    Norm,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    Weight,
)
from netlint.graph.queries import KEEPS_MEANING, origins

rule = Rule(
    code="NL413",
    name="loss-input-mismatch",
    severity=Severity.ERROR,
    summary="A loss gets logits where it takes probabilities, or probabilities where it takes their logarithms.",
    statements=("S18",),
    evidence="the loss's own definition",
    needs=Fact.TRAINING,
)

LOGITS = (Linear, Conv, Norm)
OTHER_NUMBERS = (ReLU, ReLU6, LeakyReLU, PReLU, ELU, GELU, SiLU, Softplus, Tanh)
PROBABILITIES = (Softmax, Sigmoid)
LOGARITHMS = (LogSoftmax, LogSigmoid)


@rule.check
def check(loss: BCE | NLL | KLDivergence | BCEWithLogits, graph: Graph, options: Options) -> Answers:
    sources = origins(graph, loss.inputs[0], KEEPS_MEANING) if loss.inputs else []
    wrong = [(node, advice) for node in sources if (advice := _mismatch(loss, node, graph)) is not None]
    if not wrong:
        return None
    if len(wrong) < len(sources):
        return Unknown("on one of two undecided branches the loss gets what it takes")
    node, advice = wrong[0]
    return Finding(at=loss, related=[(node, "what the loss gets")], message=f"{loss.name} gets the result of {node.name}: {advice}")


def _mismatch(loss: Loss, node: Operator, graph: Graph) -> str | None:
    is_logit = _is_logit(node, graph)
    match loss:
        case BCE() if is_logit or isinstance(node, OTHER_NUMBERS):
            return "it takes probabilities, and numbers outside [0, 1] raise an error or give NaN; use BCEWithLogitsLoss on the logits"
        case BCE() if isinstance(node, LOGARITHMS):
            return "it takes probabilities, and logarithms are negative; use BCEWithLogitsLoss on the logits"
        case NLL() | KLDivergence() if isinstance(node, PROBABILITIES):
            return "it takes log-probabilities, and on probabilities its gradient is weakest where it is most needed; use log_softmax"
        case NLL() if is_logit or isinstance(node, OTHER_NUMBERS):
            return "it takes log-probabilities, and on other numbers it has no lower bound; use CrossEntropyLoss on the logits"
        case KLDivergence() if is_logit:
            return "it takes log-probabilities; apply log_softmax first"
        case BCEWithLogits() if isinstance(node, Softmax):
            return "it takes logits and applies a sigmoid, which maps probabilities to [.5, .73]; pass the logits, or use CrossEntropyLoss"
    return None


def _is_logit(node: Operator, graph: Graph, depth: int = 3) -> bool:
    """Whether a result may be any number: a layer's, with a learned shift added, or mixed by a product with given data."""
    if isinstance(node, LOGITS):
        return True
    if depth == 0 or not isinstance(node, (Add, MatMul)) or len(node.inputs) < 2:
        return False
    operands = [origin for source in node.inputs for origin in origins(graph, source, KEEPS_MEANING)]
    rest = [origin for origin in operands if not _is_logit(origin, graph, depth - 1)]
    return len(rest) < len(operands) and all(
        isinstance(origin, Weight) or (isinstance(node, MatMul) and not origin.inputs) for origin in rest
    )


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(20, 64)
        self.second = nn.Linear(64, 64)
        self.head = nn.Linear(64, {classes})

    def forward(self, x):
        x = F.elu(self.first(x))
        x = x + F.elu(self.second(x))
        return {result}

net = Net()
optimizer = torch.optim.AdamW(net.parameters())
for x, y in loader:
    loss = {loss}
    loss.backward()
    optimizer.step()
"""

_GRAPH_CONVOLUTION = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(20, 10, bias=False)
        self.shift = nn.Parameter(torch.zeros(10))

    def forward(self, x, adjacency):
        return {result}

net = Net()
for x, adjacency, y in loader:
    loss = F.nll_loss(net(x, adjacency), y){mark}
    loss.backward()
"""

invalid = [
    Example(_NET.format(classes=1, result="self.head(x)", loss="nn.BCELoss()(net(x), y)  # here")),
    Example(_NET.format(classes=10, result="F.softmax(self.head(x), dim=1)", loss="F.nll_loss(net(x), y)  # here")),
    Example(_GRAPH_CONVOLUTION.format(result="adjacency @ self.linear(x) + self.shift", mark="  # here")),
    Example(_NET.format(classes=10, result="self.head(x)", loss="nn.NLLLoss()(net(x), y)  # here")),
    Example(_NET.format(classes=10, result="self.head(x)", loss="F.kl_div(F.softmax(net(x), dim=1), y)  # here")),
]
valid = [
    Example(
        _GRAPH_CONVOLUTION.format(result="F.log_softmax(adjacency @ self.linear(x) + self.shift, dim=1)", mark=""),
        because="log-probabilities, however their logits are made",
    ),
    Example(
        _NET.format(classes=1, result="torch.sigmoid(self.head(x))", loss="nn.BCELoss()(net(x), y)"),
        because="probabilities, as it takes them",
    ),
    Example(
        _NET.format(classes=10, result="F.log_softmax(self.head(x), dim=1)", loss="F.nll_loss(net(x), y)"),
        because="log-probabilities, as it takes them",
    ),
    Example(
        _NET.format(classes=1, result="self.head(x).clamp(0, 1)", loss="F.binary_cross_entropy(net(x), y)"),
        because="a clamp keeps the numbers in range",
    ),
]
