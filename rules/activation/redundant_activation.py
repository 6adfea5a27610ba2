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

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph, Operator
from netlint.graph.operators import (
    CELU,
    ELU,
    Activation,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
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
    Softplus,
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

NON_NEGATIVE = (ReLU, ReLU6, Sigmoid, Hardsigmoid, Softplus)
IDENTITY_ABOVE_ZERO = (ReLU, LeakyReLU, PReLU, RReLU, ELU, CELU)
CUT_BY_A_SIGN = (Sigmoid, Tanh, Hardsigmoid, Softsign)
MOVED = (Identity, Flatten, Reshape, Permute, Squeeze, Unsqueeze)
KEEPS_SIGN = (*MOVED, Dropout, MaxPool, AdaptiveMaxPool, AvgPool, AdaptiveAvgPool)


@rule.check
def check(second: Activation | Softmax | LogSoftmax, graph: Graph, options: Options) -> Answers:
    first = _before(second, graph)
    effect = _effect(first, second)
    if first is None or effect is None or (effect != NOTHING and is_gate(graph, second)):
        return None
    if any(_effect(_before(again, graph), again) != effect for again in same_place(graph, second)):
        return None
    cure = "remove it" if effect == NOTHING else "keep one of the two"
    return Finding(
        at=second,
        related=[(first, "the activation before it")],
        data={"no-op": effect == NOTHING},
        message=f"{second.name} behind {first.name} {effect}; {cure}",
    )


NOTHING = "changes nothing"


def _before(second: Operator, graph: Graph) -> Operator | None:
    return graph.producer(second, through=KEEPS_SIGN if isinstance(second, Activation) else Identity)


def _effect(first: Operator | None, second: Operator) -> str | None:
    """What the second activation does to the result of the first, if it is not what an activation is for."""
    match first, second:
        case (Softmax() | LogSoftmax(), Softmax() | LogSoftmax()):
            return _effect_of_softmax(first, second)
        case (ReLU6(), ReLU6() | Hardtanh(min_val=0 | 0.0, max_val=6 | 6.0)):
            return NOTHING
        case (Sigmoid() | Hardsigmoid(), ReLU6()):
            return NOTHING
        case (Sigmoid(), Sigmoid()):
            return "gives values between .5 and .73 only"
        case (Activation(), _) if isinstance(first, NON_NEGATIVE) and isinstance(second, IDENTITY_ABOVE_ZERO):
            return NOTHING
        case (Activation(), _) if isinstance(first, NON_NEGATIVE) and isinstance(second, CUT_BY_A_SIGN):
            return f"gets no negative values, so the lower half of its range {_lower_half(second)} is never reached"
        case (Tanh(), Sigmoid()):
            return "gets values between -1 and 1, so it gives values between .27 and .73 only"
        case (Tanh(), Tanh()):
            return "gets values between -1 and 1, so it gives values between -.76 and .76 only"
    return None


def _effect_of_softmax(first: Softmax | LogSoftmax, second: Softmax | LogSoftmax) -> str | None:
    if not isinstance(first.dim, int) or first.dim != second.dim:
        return None
    if isinstance(first, LogSoftmax):
        return NOTHING if isinstance(second, LogSoftmax) else None
    return "gets probabilities, none above 1, so that it gives nearly equal ones: at most e / (e + K - 1) among K classes"


def _lower_half(activation: Operator) -> str:
    return "[0, .5)" if isinstance(activation, (Sigmoid, Hardsigmoid)) else "[-1, 0)"


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
]
