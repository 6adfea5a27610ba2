"""A penalty so strong that it, and not the data, decides the weights.

What
    The optimizer's `weight_decay`, or the coefficient of an explicit L1 or L2 penalty, lies above the range in which
    networks are trained.

Why
    Lambda weighs small weights against a small training error. Where it is too large, every weight is pulled to zero
    faster than the data can push it away, and the network predicts little more than the average. Plain gradient
    descent and AdamW multiply each weight by 1 - lr * lambda at every step, so a weight that the loss ignores is
    halved in ln 2 / (lr * lambda) steps. Adam and its relatives put the penalty's gradient through the same
    normalisation as the loss's; an L1 penalty pulls with the constant force lambda however small the weight is.

Evidence for
    S15: the coefficient is chosen by starting at 0 and raising it. Published recipes stay below the limits here: 1e-4
    for ResNet (arXiv 1512.03385), 5e-4 for VGG (arXiv 1409.1556) with SGD, up to 0.3 for vision transformers with
    AdamW-like decay (arXiv 2010.11929).

Evidence against
    The right lambda depends on data, depth and learning rate. Tiny data sets and linear probes can want more, and a
    loss that is summed over the batch instead of averaged shifts the scale; such losses are left alone.

When it is fine
    A value that is not constant, one step of a sweep, a penalty on a mean instead of a sum, an L1 penalty on scale
    factors alone.

The fix
    None is applied: go back to 0 and raise lambda by factors of ten while the validation error falls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from netlint.engine.rule import Answers, Example, Finding, Option, Options, Rule, Severity
from netlint.graph import Fact, Graph, Optimizer, Penalty, Unknown
from netlint.graph.operators import Reduce
from netlint.graph.queries import decouples_decay, trained_losses

rule = Rule(
    code="NL302",
    name="penalty-too-large",
    severity=Severity.WARNING,
    summary="A weight decay or penalty coefficient above the usual range.",
    statements=("S15",),
    evidence="recipes with SGD use 1e-4 (ResNet, arXiv 1512.03385) to 5e-4 (VGG, arXiv 1409.1556); lambda is raised from 0",
    needs=Fact.TRAINING,
    options={
        "max-decay": Option(1e-2, "Largest weight decay of SGD, Adam and the others that add it to the gradient."),
        "max-decoupled-decay": Option(0.3, "Largest weight decay of AdamW and the others that apply it to the weights."),
        "max-l1": Option(1e-3, "Largest coefficient of an explicit L1 penalty."),
        "max-l2": Option(1e-2, "Largest coefficient of an explicit squared L2 penalty."),
    },
)


@rule.check
def check(subject: Optimizer | Penalty, graph: Graph, options: Options) -> Answers:
    if any(loss.reduction == "sum" for loss in trained_losses(graph)):
        return None
    return _of_penalty(subject, graph, options) if isinstance(subject, Penalty) else _of_optimizer(subject, graph, options)


def _of_optimizer(optimizer: Optimizer, graph: Graph, options: Options) -> Answers:
    decoupled = decouples_decay(optimizer) is not False
    limit: float = options.max_decoupled_decay if decoupled else options.max_decay
    decay = optimizer.decay
    if isinstance(decay, Unknown):
        return decay
    if decay <= limit:
        return None
    twins = [other for other in graph.training.optimizers if other.site.key == optimizer.site.key]
    if len({other.decay for other in twins}) > 1:
        return Unknown("the weight decay takes several values here, as in a sweep")
    group = next(group for group in optimizer.groups if group.options.get("weight_decay") == decay)
    effect = (
        _halving(decay, group.options) if decoupled or optimizer.kind in ("SGD", "ASGD") else f"a weight of 1 gets {decay:g} from it alone"
    )
    return Finding(
        at=optimizer,
        data={"decay": decay, "limit": limit},
        message=f"a weight decay of {decay:g} is above the usual range of {optimizer.kind} (up to {limit:g}): {effect}, so the "
        f"penalty and not the data decides the weights; lower it, starting near 0 and raising it while the validation error falls",
    )


def _halving(decay: float, options: Mapping[str, object]) -> str:
    """Steps in which a weight that only decays is halved, from (1 - lr * decay)^n = 1/2."""
    rate = options.get("lr")
    if not isinstance(rate, (int, float)) or not 0 < rate * decay < 1:
        return "every step shrinks each weight in proportion to it"
    return f"at lr={rate:g} it alone halves every weight in {math.ceil(math.log(0.5) / math.log1p(-rate * decay)):,} steps"


def _of_penalty(penalty: Penalty, graph: Graph, options: Options) -> Answers:
    if penalty.blocked_by is not None or not (penalty.norm == 1 or penalty.squared):
        return None
    if isinstance(penalty.coefficient, Unknown):
        return penalty.coefficient
    limit: float = options.max_l1 if penalty.norm == 1 else options.max_l2
    if penalty.coefficient <= limit or _is_of_another_scale(penalty, graph):
        return None
    value = penalty.coefficient
    force = f"{value:g} on every weight, however small" if penalty.norm == 1 else f"{2 * value:g} w on every weight w"
    return Finding(
        at=penalty,
        data={"coefficient": value, "limit": limit},
        message=f"a coefficient of {value:g} is above the usual range of an L{penalty.norm} penalty (up to {limit:g}): its gradient is "
        f"{force}, so it and not the data decides the weights; lower it, starting near 0 and raising it while the validation error falls",
    )


def _is_of_another_scale(penalty: Penalty, graph: Graph) -> bool:
    """A mean over the weights, or a penalty on vectors (scales, gates) only: the usual limits are for sums over weight matrices."""
    if any(isinstance(node, Reduce) and node.how == "mean" for node in (penalty.term, *graph.upstream(penalty.term))):
        return True
    return bool(penalty.parameters) and all(parameter.shape is not None and len(parameter.shape) <= 1 for parameter in penalty.parameters)


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
    loss.backward()
    optimizer.step()
"""
_PENALISED = """
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss = loss + {penalty}
    loss.backward()
    optimizer.step()
"""

invalid = [
    Example(
        """
import lightning as L

class Digits(L.LightningModule):
    def __init__(self, width=128, weight_decay=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(784, self.hparams.width), nn.ELU(), nn.Linear(width, 10))

    def training_step(self, batch, index):
        x, y = batch
        return {"loss": F.cross_entropy(self.net(x), y)}

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, weight_decay=self.hparams.weight_decay)  # here
"""
    ),
    Example(_RESIDUAL + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.1)  # here" + _LOOP),
    Example(_NET + "optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=0.5)  # here" + _LOOP),
    Example(_NET + "optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1.0)  # here" + _LOOP),
    Example(_NET + _PENALISED.format(penalty="0.1 * sum(p.abs().sum() for p in net.parameters())  # here")),
]
valid = [
    Example(_NET + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)" + _LOOP, because="a usual value"),
    Example(
        _NET + "optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.1)" + _LOOP,
        because="AdamW multiplies the decay by the learning rate and does not normalise it",
    ),
    Example(
        _NET + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=float(input()))" + _LOOP,
        because="the value is not constant",
        unknown=True,
    ),
    Example(
        _NET + _PENALISED.format(penalty="0.1 * sum(p.pow(2).mean() for p in net.parameters())"),
        because="a mean over the weights is of another scale than a sum",
    ),
]
