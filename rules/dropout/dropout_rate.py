"""A dropout rate that cannot do what dropout is for.

What
    A rate p of 1 or more (or below 0), above `max-rate`, or of 0; also the `dropout` of a one-layer `nn.LSTM`, `nn.GRU` or `nn.RNN`.

Why
    p is the share that is dropped, not the share that is kept. At p = 1 nothing passes: the result is zero and so is every gradient.
    Above .8 the survivors are scaled by 1 / (1 - p), more than five times, and the variance of a unit's input grows by the same factor,
    so training is slow and noisy. At p = 0 the layer does nothing. A recurrent layer applies its dropout between its layers: with one
    there is no between.

Evidence for
    S4: dropout costs information and training time, and more so the higher the rate. Srivastava et al. (JMLR 2014) use .5 for hidden
    units and .2 for inputs, and their study of the rate finds that too few kept units underfit.

Evidence against
    Very wide layers can bear high rates, since what counts is how many units survive: raise `max-rate` for them.

When it is fine
    A rate that is not known is not judged. A rate of 0 inside a class or function is usually the default of a setting, and is not named.

The fix
    None: which rate is right is for a validation set to say.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Option, Options, Rule, Severity, sequential
from netlint.graph import Fact, Graph, Unknown
from netlint.graph.operators import Attention, Dropout, MultiheadAttention, Recurrent, Transformer, TransformerLayer
from netlint.graph.unknown import Float

rule = Rule(
    code="NL104",
    name="dropout-rate",
    severity=Severity.WARNING,
    summary="A dropout rate of 1 or more, far too high, or without effect.",
    statements=("S4",),
    evidence="the survivors are scaled by 1 / (1 - p); JMLR 2014 uses .5 for hidden units and .2 for inputs",
    needs=Fact.TRAINING_LAYERS,
    options={"max-rate": Option(0.8, "Rates above this are reported.")},
)


@rule.check
def check(
    operator: Dropout | Recurrent | Attention | MultiheadAttention | TransformerLayer | Transformer, graph: Graph, options: Options
) -> Answers:
    rate = _rate(operator)
    if isinstance(rate, Unknown):
        return rate
    name = operator.name
    if rate < 0 or rate > 1:
        return Finding(
            at=operator,
            severity=Severity.ERROR,
            message=f"{name} has a rate of {rate:g}, which is no probability; choose one between 0 and 0.5",
        )
    if rate == 1:
        return Finding(
            at=operator,
            severity=Severity.ERROR,
            message=f"{name} has a rate of 1 and zeroes everything in training, so nothing before it learns; p is the share dropped: "
            "choose one up to 0.5",
        )
    if isinstance(operator, Recurrent) and operator.num_layers == 1 and rate > 0:
        return Finding(
            at=operator,
            severity=Severity.ADVICE,
            message=f"the dropout of {rate:g} has no effect: {name} applies it between its layers, and there is one; "
            "apply `nn.Dropout` to its result",
        )
    if rate > options.max_rate:
        return Finding(
            at=operator,
            message=f"{name} drops {rate:.0%} of its input and scales the rest by {1 / (1 - rate):.3g}; p is the share dropped, not kept: "
            "choose one up to 0.5",
        )
    if rate == 0 and isinstance(operator, Dropout):
        if operator.site is None or operator.site.scope:
            return Unknown("a rate of 0 in a class or function may be the default of a setting")
        return Finding(at=operator, severity=Severity.ADVICE, message=f"{name} with a rate of 0 does nothing; remove it or choose a rate")
    return None


def _rate(operator: Dropout | Recurrent | Attention | MultiheadAttention | TransformerLayer | Transformer) -> Float:
    match operator:
        case Dropout():
            return operator.p
        case Attention():
            return operator.dropout_p
    return operator.dropout


_NET = """
class Net(nn.Module):
    def __init__(self, drop=0.0):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.drop = nn.Dropout({rate})
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = x + self.drop(F.elu(self.fc1(x))){mark}
        return self.fc2(x)
"""

invalid = [
    Example(_NET.format(rate="1.0", mark="  # here"), severity=Severity.ERROR),
    Example(_NET.format(rate="p=0.9", mark="  # here")),
    Example(sequential("nn.Linear(64, 64)", "nn.Dropout2d(1.5)  # here"), severity=Severity.ERROR),
    Example(sequential("nn.Linear(64, 64)", "nn.Dropout(0)  # here", "nn.Linear(64, 10)"), severity=Severity.ADVICE),
    Example("net = nn.LSTM(32, 64, dropout=0.5)\nout, state = net(x)  # here\n", severity=Severity.ADVICE),
    Example(sequential("nn.Linear(64, 64)", "nn.Dropout(0.6)  # here"), options={"max-rate": 0.5}),
]
valid = [
    Example(_NET.format(rate="0.5", mark=""), because="half of the units is the usual rate for hidden layers"),
    Example(_NET.format(rate="0.8", mark=""), because="high, but not above the limit"),
    Example(_NET.format(rate="drop", mark=""), because="0 is the default of a setting", unknown=True),
    Example("net = nn.LSTM(32, 64, num_layers=2, dropout=0.5)\nout, state = net(x)\n", because="it drops between the two layers"),
    Example("net = nn.LSTM(32, 64)\nout, state = net(x)\n", because="no dropout is asked for"),
]
