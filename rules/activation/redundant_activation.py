"""An activation on the result of another that leaves it nothing to do, or nothing but a corner of its range.

What
    Two activations follow each other (dropout, pooling and reshaping may stand between), and the second gets only values that it gives
    back unchanged, or only values for which its own range is cut to a part; likewise a softmax on the result of a softmax.

Why
    The ReLU of something that is never negative is that thing: a pass over memory for nothing. A sigmoid of something that is never
    negative cannot fall below 1/2, so half of its outputs are lost; a second sigmoid gives values between .5 and .73 only. A softmax of
    probabilities is nearly uniform: among K classes none can get more than e / (e + K - 1).

Evidence for
    The ranges of the functions; S17 and S18 give those of sigmoid and tanh.

Evidence against
    None known for the pairs that change nothing. A tanh of a ReLU, whose range is [0, 1), can be meant; where it is multiplied with other
    data it is a gate and not flagged.

When it is fine
    A block that is used several times, and whose first activation is redundant only behind some of them, is not flagged. Two different
    activations without such a relation (a ReLU of a GELU) are not either.

The fix
    Removes the second activation where it changes nothing. For the other pairs one of the two has to go, and which one only the author
    knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph, Operator, Unknown
from netlint.graph.operators import (
    CELU,
    ELU,
    Activation,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AlphaDropout,
    AvgPool,
    Dropout,
    Flatten,
    Hardsigmoid,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSoftmax,
    MaxPool,
    Permute,
    PReLU,
    ReLU,
    ReLU6,
    Reshape,
    RReLU,
    Sigmoid,
    Softmax,
    Softsign,
    Squeeze,
    Tanh,
    Unsqueeze,
)
from netlint.graph.queries import is_gate, same_place

rule = Rule(
    code="NL408",
    name="redundant-activation",
    severity=Severity.WARNING,
    summary="An activation on the result of another that leaves it nothing to do, or only a part of its range.",
    statements=("S17",),
    evidence="follows from the ranges: relu(x) = x for x >= 0, and sigmoid(x) >= 1/2 for x >= 0",
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME),
)

KEEPS_POSITIVE = (LeakyReLU, RReLU, ELU, CELU)
"""Activations that give back what is above zero, and something below zero for what is below."""

KEEPS_RANGE = (
    *(Identity, Flatten, Reshape, Permute, Squeeze, Unsqueeze),
    *(MaxPool, AdaptiveMaxPool, AvgPool, AdaptiveAvgPool),
)
IDENTITY_ABOVE_ZERO = (ReLU, LeakyReLU, PReLU, RReLU, ELU, CELU)
SQUASH: dict[type[Operator], Callable[[float], float]] = {
    Sigmoid: lambda x: 1 / (1 + math.exp(-x)),
    Hardsigmoid: lambda x: min(max(x + 3, 0), 6) / 6,
    Tanh: math.tanh,
    Softsign: lambda x: math.copysign(1 - 1 / (1 + abs(x)), x),
}
SHARE = 0.8
"""With less than this part of its range an activation is taken for a mistake: .5 behind a ReLU, .76 for a tanh of a tanh."""
NOTHING = "changes nothing"


@rule.check
def check(second: Activation | Softmax | LogSoftmax, graph: Graph, options: Options) -> Answers:
    effect, first = _effect(second)
    if effect is None or first is None or (effect != NOTHING and is_gate(graph, second)):
        return None
    if effect != NOTHING and not graph.sees_all_consumers(second):
        return Unknown("what reads it cannot be seen: it may be a gate")
    if any(_effect(again)[0] != effect for again in same_place(graph, second)):
        return None
    cure = "remove it" if effect == NOTHING else "keep one of the two"
    return Finding(
        at=second,
        related=[(first, "the activation before it")],
        data={"no-op": effect == NOTHING},
        message=f"{second.name} behind {first.name} {effect}; {cure}",
    )


def _effect(second: Operator) -> tuple[str | None, Operator | None]:
    """What the second of two activations does, if it is not what an activation is for, and the first of them."""
    first, dropped = _before(second)
    if isinstance(second, Softmax | LogSoftmax):
        return _effect_of_softmax(first, second), first
    if isinstance(second, ReLU) and isinstance(first, KEEPS_POSITIVE) and not dropped:
        return "cuts off all that it gives below zero: the two are one ReLU", first
    if not isinstance(first, Activation) or first.range is None:
        return None, first
    low, high = first.range
    if dropped:  # what dropout keeps it scales up
        low, high = (0.0 if low >= 0 else -math.inf), math.inf
    if _is_identity(second, low, high):
        return NOTHING, first
    squash = SQUASH.get(type(second))
    if squash is None or (squash(high) - squash(low)) >= SHARE * (squash(math.inf) - squash(-math.inf)):
        return None, first
    return f"can only give values between {squash(low):.2g} and {squash(high):.2g}", first


def _before(second: Operator) -> tuple[Operator | None, bool]:
    """The operator whose values an activation gets, and whether a dropout stands between."""
    node, dropped = second, False
    while node.inputs:
        node = node.inputs[0]
        is_dropout = isinstance(node, Dropout) and not isinstance(node, AlphaDropout)
        dropped = dropped or is_dropout
        if not is_dropout and not isinstance(node, KEEPS_RANGE):
            return node, dropped
    return None, dropped


def _is_identity(activation: Operator, low: float, high: float) -> bool:
    """Whether an activation gives back every value between two bounds."""
    match activation:
        case ReLU6():
            return low >= 0 and high <= 6
        case Hardtanh(min_val=least, max_val=most) if not isinstance(least, Unknown) and not isinstance(most, Unknown):
            return least <= low and high <= most
        case _:
            return isinstance(activation, IDENTITY_ABOVE_ZERO) and low >= 0


def _effect_of_softmax(first: Operator | None, second: Softmax | LogSoftmax) -> str | None:
    if (
        not isinstance(first, Softmax | LogSoftmax)
        or first is not second.inputs[0]
        or not isinstance(first.dim, int)
        or first.dim != second.dim
    ):
        return None
    if isinstance(first, LogSoftmax):
        return NOTHING if isinstance(second, LogSoftmax) else None
    return "gets probabilities, none above 1, so that it gives nearly equal ones: at most e / (e + K - 1) among K classes"


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    second = finding.at
    if not isinstance(second, (Activation, LogSoftmax)) or not finding.data["no-op"]:
        return None
    return None if isinstance(second, PReLU) else Replace(second, ())  # removing a PReLU removes its parameter


_BLOCKS = """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x):
        return x + self.conv(F.relu(x)){mark}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3)
        self.blocks = nn.Sequential({blocks})

    def forward(self, x):
        return self.blocks(F.relu(self.stem(x)))
"""

invalid = [
    Example(sequential("nn.Linear(20, 64)", "nn.ReLU()", "nn.Dropout(0.5)", "nn.ReLU()  # here", "nn.Linear(64, 2)")),
    Example(sequential("nn.Linear(20, 64)", "nn.ELU()", "nn.Linear(64, 1)", "nn.ReLU()", "nn.Sigmoid()  # here")),
    Example(sequential("nn.Linear(20, 64)", "nn.ELU()", "nn.Linear(64, 5)", "nn.Softmax(dim=1)", "nn.Softmax(dim=1)  # here")),
    Example(_BLOCKS.format(blocks="Block()", mark="  # here") + "\nnet = Net()\n"),
    Example(sequential("nn.Linear(20, 64)", "nn.LeakyReLU(0.1)", "nn.ReLU()  # here", "nn.Linear(64, 2)")),
]
valid = [
    Example(sequential("nn.Linear(20, 64)", "nn.ReLU()", "nn.Linear(64, 1)", "nn.Sigmoid()"), because="a layer stands between"),
    Example(_BLOCKS.format(blocks="Block(), Block()", mark=""), because="behind the residual sum of the first block the ReLU is needed"),
    Example(sequential("nn.Linear(20, 64)", "nn.GELU()", "nn.ReLU()", "nn.Linear(64, 2)"), because="GELU has negative values"),
    Example(
        """
class Mish(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)

    def forward(self, x):
        x = self.conv(x)
        return x * torch.tanh(F.softplus(x))
""",
        because="the tanh is a gate between 0 and 1",
    ),
    Example(
        """
def mish(x):
    return x.mul(F.softplus(x).tanh())
""",
        because="what x is cannot be seen here, and the tanh may be its gate",
        unknown=True,
    ),
]
