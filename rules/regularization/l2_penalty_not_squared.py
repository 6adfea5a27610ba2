"""An L2 penalty without the square, which is another regulariser.

What
    The 2-norm of the weights, with its root, is added to the loss: `torch.norm(p)`, `p.norm(2)` or
    `p.pow(2).sum().sqrt()` for whole tensors.

Why
    The gradient of lambda * ||w||^2 is 2 lambda w: it shrinks with the weights, and large weights pay most. The
    gradient of lambda * ||w|| is lambda * w / ||w||: its length is lambda however small the tensor has become, so the
    pull is too weak far from zero and too strong near it, and at zero it has no direction at all (the explicit root
    gives NaN there, and biases usually start at zero).

Evidence for
    S14 gives the penalty as the squared norm in its formula, though its words speak of the root. The two gradients
    above; the square is also what `weight_decay` implements for SGD.

Evidence against
    The norm of a group of weights is the group lasso (Yuan and Lin, 2006), which removes whole groups; that is a
    different aim.

When it is fine
    Norms taken along a dimension (`w.norm(dim=1).sum()`: rows or filters are the groups), and `intent = "sparse"`
    under `[tool.netlint.training]`.

The fix
    Square the norm. The penalty changes its size, so lambda must be searched anew.
"""

from __future__ import annotations

from netlint.engine.intent import InsertAfter, Intent, Replace
from netlint.engine.rule import (
    Answers,
    Contract,
    Example,
    Finding,
    Forward,
    Options,
    Rule,
    Severity,
    StateDict,
    TrainingEffect,
    TrainingFacts,
)
from netlint.graph import Fact, Graph, Operator, Penalty, Unknown
from netlint.graph.operators import Elementwise, Pow, Reduce

rule = Rule(
    code="NL304",
    name="l2-penalty-not-squared",
    severity=Severity.WARNING,
    summary="An L2 penalty on the norm without the square: its pull does not shrink with the weights.",
    statements=("S14",),
    evidence="the gradient of ||w|| has length 1 at every w, that of ||w||^2 is 2w",
    needs=Fact.TRAINING,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
)


@rule.check
def check(penalty: Penalty, graph: Graph, options: Options) -> Answers:
    if penalty.norm != 2 or penalty.squared or penalty.blocked_by is not None or options.training.intent == "sparse":
        return None
    reductions = [node for node in _parts(penalty, graph) if isinstance(node, Reduce)]
    if any(isinstance(node.dim, Unknown) for node in reductions):
        return Unknown("the norm may be taken along a dimension, as in the group lasso")
    if any(node.dim is not None for node in reductions):
        return None
    known = isinstance(penalty.coefficient, (int, float))
    length = f"{penalty.coefficient:g} for each norm" if known else "the same"
    return Finding(
        at=penalty,
        message=f"this penalty is the 2-norm without the square: the length of its gradient stays {length} however small "
        "the weights become, and it has no direction at zero; square the norm (`p.pow(2).sum()`), or use the optimizer's `weight_decay`",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    if not isinstance(finding.at, Penalty):
        return None
    for node in _parts(finding.at, graph):
        if isinstance(node, Reduce) and node.how == "norm":
            return InsertAfter(node, Pow(exponent=2.0))
        if (isinstance(node, Pow) and node.exponent == 0.5) or (isinstance(node, Elementwise) and node.how == "sqrt"):
            return Replace(node, ())
    return None


def _parts(penalty: Penalty, graph: Graph) -> list[Operator]:
    """The operators of the term, the last one first."""
    return [penalty.term, *graph.upstream(penalty.term)]


_NET = "net = nn.Sequential(nn.Linear(784, 128), nn.ELU(), nn.Linear(128, 10))\n"
_RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Linear(784, 784), nn.Linear(784, 10)

    def forward(self, x):
        return self.head(x + F.elu(self.stem(x)))

net = Net()
"""
_LOOP = """
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss = loss + 1e-4 * {penalty}
    loss.backward()
    optimizer.step()
"""

invalid = [
    Example(_RESIDUAL + _LOOP.replace("loss.backward()", "scaler.scale(loss).backward()").format(penalty="net.stem.weight.norm()  # here")),
    Example(_NET + _LOOP.replace("loss.backward()", "engine.backward(loss)").format(penalty="net[0].weight.norm()  # here")),
    Example(_NET + _LOOP.format(penalty="torch.nn.utils.parameters_to_vector(net.parameters()).norm()  # here")),
    Example(
        _NET
        + """
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    penalty = None
    for p in net.parameters():
        norm = torch.linalg.norm(p)  # here
        penalty = norm if penalty is None else penalty + norm
    loss = F.cross_entropy(net(x), y) + 1e-4 * penalty
    loss.backward()
    optimizer.step()
"""
    ),
    Example(_RESIDUAL + _LOOP.format(penalty="sum(torch.norm(p, 2) for p in net.parameters())  # here")),
    Example(_NET + _LOOP.format(penalty="net[0].weight.norm()  # here")),
    Example(_NET + _LOOP.format(penalty="net[0].weight.pow(2).sum().sqrt()  # here")),
]
valid = [
    Example(
        _NET + _LOOP.format(penalty="sum(p.pow(2).sum() for p in net.parameters())"), because="the squares are summed and no root is taken"
    ),
    Example(_NET + _LOOP.format(penalty="sum(torch.norm(p, 2) ** 2 for p in net.parameters())"), because="the norm is squared"),
    Example(
        _NET + _LOOP.format(penalty="net[0].weight.norm(dim=0).sum()"),
        because="the columns are groups: a group lasso over the input features",
    ),
    Example(
        _NET + _LOOP.format(penalty="sum(p.norm(2) for p in net.parameters())"),
        because="the user says that sparse weights are the aim, and the norm of a layer can switch it off",
        training=TrainingFacts(intent="sparse"),
    ),
]
