"""An L1 penalty on all weights of a network, where nothing says that few of them should matter.

What
    The sum of the absolute values of a network's weights is added to its loss.

Why
    L1 pulls each weight with the same force whatever its size, so that it ends with few weights that are not zero; it
    selects. L2 pulls in proportion to the weight and keeps all of them small. In a deep network most weights do
    matter a little, which is the case for L2.

Evidence for
    S13, S16. Ng (ICML 2004): with L1 the number of samples needed grows with the logarithm of the number of
    irrelevant features, with L2 linearly: L1 is right exactly where most features are irrelevant. Plain (sub)gradient
    descent does not even make the weights zero: each step moves a small weight by lr * lambda across zero and back,
    so the sparsity that is paid for is not obtained without a threshold or a proximal step.

Evidence against
    A sparse network can be pruned and run in less memory, and L1 on scale factors is how whole channels are removed
    (arXiv 1708.06519).

When it is fine
    State it: `intent = "sparse"` under `[tool.netlint.training]`. A linear model, a penalty on chosen layers only,
    and L1 together with L2 (elastic net) are not flagged: there somebody chose.

The fix
    Use the optimizer's weight decay or `p.pow(2).sum()` in place of `p.abs().sum()`; lambda must then be searched
    anew. Not applied by itself.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity, TrainingFacts
from netlint.graph import Fact, Graph, Penalty
from netlint.graph.queries import parameters_behind, trained_losses, weight_depth

rule = Rule(
    code="NL303",
    name="l1-by-default",
    severity=Severity.ADVICE,
    summary="An L1 penalty on all weights of a network: L2 unless few features matter.",
    statements=("S13", "S16"),
    evidence="L1 pays off where most features are irrelevant (Ng, ICML 2004)",
    needs=Fact.TRAINING,
)


@rule.check
def check(penalty: Penalty, graph: Graph, options: Options) -> Answers:
    if penalty.norm != 1 or penalty.blocked_by is not None or options.training.intent == "sparse":
        return None
    if weight_depth(graph) < 2 or not _covers_the_network(penalty, graph) or _has_l2(graph):
        return None
    return Finding(
        at=penalty,
        message="an L1 penalty on all weights drives most of them towards zero, while in a deep network most matter a little; "
        'use weight decay (L2) instead, or state `intent = "sparse"` under `[tool.netlint.training]` if sparse weights are the aim',
    )


def _covers_the_network(penalty: Penalty, graph: Graph) -> bool:
    """All weight matrices are penalised; a choice of layers is a decision, not a default."""
    penalised = {id(parameter) for parameter in penalty.parameters}
    of_network = graph.parameters() or [parameter for loss in trained_losses(graph) for parameter in parameters_behind(graph, loss)]
    weights = [parameter for parameter in of_network if parameter.shape is not None and len(parameter.shape) > 1]
    return bool(weights) and all(id(parameter) in penalised for parameter in weights)


def _has_l2(graph: Graph) -> bool:
    """An L2 penalty, or an optimizer whose weight decay somebody set: with L1 an elastic net."""
    decays = (optimizer.decay for optimizer in graph.training.optimizers if "weight_decay" in optimizer.explicit)
    return any(penalty.norm == 2 for penalty in graph.training.penalties) or any(decay != 0 for decay in decays)


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
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss = loss + 1e-5 * {penalty}
    loss.backward()
    optimizer.step()
"""
_TWO = """
encoder = nn.Sequential(nn.Linear(784, 128), nn.ELU())
head = nn.Sequential(nn.Linear(128, 64), nn.ELU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
for x, y in loader:
    penalty = sum(p.abs().sum() for part in (encoder, head) for p in part.parameters())  # here
    loss = F.cross_entropy(head(encoder(x)), y) + 1e-5 * penalty
    loss.backward()
    optimizer.step()
"""
_L1 = "sum(p.abs().sum() for p in net.parameters())"
_SGD = "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"

invalid = [
    Example(_TWO),
    Example(_RESIDUAL + _SGD + _LOOP.format(penalty=_L1 + "  # here")),
    Example(_NET + _SGD + _LOOP.format(penalty="sum(torch.norm(p, 1) for p in net.parameters())  # here")),
]
valid = [
    Example(
        _NET + _SGD + _LOOP.format(penalty=_L1),
        because="the user says that sparse weights are the aim",
        training=TrainingFacts(intent="sparse"),
    ),
    Example(_NET + _SGD + _LOOP.format(penalty="sum(p.pow(2).sum() for p in net.parameters())"), because="this is L2"),
    Example(_NET + _SGD + _LOOP.format(penalty="net[0].weight.abs().sum()"), because="only the first layer selects features"),
    Example(
        _NET + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=1e-4)" + _LOOP.format(penalty=_L1),
        because="L1 and L2 together are an elastic net, which nobody writes by default",
    ),
    Example(
        _TWO.replace("(encoder, head)", "(encoder,)").replace("  # here", ""),
        because="the penalty is on the first of two networks, which may select features",
    ),
    Example("net = nn.Linear(200, 1)\n" + _SGD + _LOOP.format(penalty=_L1), because="in a linear model L1 selects the features"),
]
