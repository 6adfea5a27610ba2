"""He initialisation computed for ReLU in front of a PReLU.

What
    A weight whose layer feeds a PReLU is drawn with `kaiming_normal_` or `kaiming_uniform_`, fan-in mode, and a gain that takes the
    negative slope for zero (`nonlinearity="relu"`, or the default `a=0`). No norm stands between this layer and the next.

Why
    A PReLU with slope a passes (1 + a^2) / 2 of the second moment, not 1/2. A gain of sqrt(2) is then too large by sqrt(1 + a^2) for each
    layer: 3 % at PyTorch's slope of .25, which 30 layers make a factor of 2.5.

Evidence for
    S21: PReLU networks deeper than 30 layers diverge under MSRA's fan-in initialisation without batch norm. The right gain, sqrt(2 / (1 +
    a^2)), is equation 15 of He et al. (arXiv 1502.01852).

Evidence against
    In a shallow network the factor is lost among others, and at the advised slope of .1 it is half a per cent a layer: this is not
    flagged.

When it is fine
    A normalisation layer before or behind the PReLU takes the scale out; fan-out mode is chosen for the backward pass.

The fix
    Pass the slope: `a=0.25, nonlinearity="leaky_relu"`.
"""

from __future__ import annotations

import math

from netlint.engine.intent import Intent, SetOption
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Option, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Initialization, Operator, Site, Unknown
from netlint.graph.operators import Norm, PReLU
from netlint.graph.queries import fed_by, stretch_after, stretch_before

rule = Rule(
    code="NL405",
    name="prelu-init-gain",
    severity=Severity.ADVICE,
    summary="He initialisation computed for ReLU in front of a PReLU: too large by sqrt(1 + a^2) a layer.",
    statements=("S21",),
    evidence="the gain for slope a is sqrt(2 / (1 + a^2)) (arXiv 1502.01852, equation 15)",
    needs=Fact.INITIALIZATION,
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES),
    options={"max-excess": Option(0.01, "How much too large the gain of a layer may be, as a fraction.")},
)


@rule.check
def check(prelu: PReLU, graph: Graph, options: Options) -> Answers:
    if isinstance(prelu.init, Unknown):
        return prelu.init
    if any(isinstance(node, Norm) for node in (*stretch_before(graph, prelu), *stretch_after(graph, prelu))):
        return None
    return [_judge(layer, prelu, prelu.init, options.max_excess) for layer in fed_by(graph, prelu)]


def _judge(layer: Operator, prelu: PReLU, slope: float, limit: float) -> Finding | Unknown | None:
    init = _initialization(layer)
    if init is not None and init.name == "unknown":
        return Unknown("what its weights start from is not known")
    if init is None or not init.name.startswith("kaiming"):
        return None
    assumed = _assumed_slope(init)
    if isinstance(assumed, Unknown) or assumed is None:
        return assumed
    excess = math.sqrt((1 + slope**2) / (1 + assumed**2)) - 1
    if excess <= limit:
        return None
    return Finding(
        at=init.site or layer,
        related=[(prelu, f"the PReLU with slope {slope:g}"), (layer, "the layer that is initialised")],
        data={"excess": excess, "slope": slope},
        message=f"this gain takes the slope of the PReLU behind `{layer.path}` for {assumed:g}, but it starts at {slope:g}: "
        f"the signal grows by {excess:.1%} a layer, {(1 + excess) ** 30:.2g} times over 30 layers; "
        f"pass a={slope:g} with nonlinearity='leaky_relu'",
    )


def _initialization(layer: Operator) -> Initialization | None:
    weight = layer.layer.parameters.get("weight") if layer.layer is not None else None
    return weight.initialization if weight is not None else None


def _assumed_slope(init: Initialization) -> float | Unknown | None:
    """The negative slope that the initialiser's gain is computed for; None where it does not aim at the forward signal."""
    mode, nonlinearity = init.options.get("mode", "fan_in"), init.options.get("nonlinearity", "leaky_relu")
    slope = 0.0 if nonlinearity == "relu" else init.options.get("a", 0)
    for value in (mode, nonlinearity, slope):
        if isinstance(value, Unknown):
            return value
    if mode != "fan_in" or nonlinearity not in ("relu", "leaky_relu") or not isinstance(slope, (int, float)):
        return None
    return float(slope)


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    options = {"a": finding.data["slope"], "nonlinearity": "leaky_relu"}
    return SetOption(finding.at, options) if isinstance(finding.at, Site) else None


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(8, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.act = nn.PReLU({slope})
        for layer in (self.first, self.second):
            nn.init.{init}

    def forward(self, x):
        y = self.act(self.first(x))
        return x + self.act(self.second(y))
"""

invalid = [
    Example(_NET.format(slope="", init="kaiming_normal_(layer.weight, nonlinearity='relu')  # here")),
    Example(_NET.format(slope="8, init=0.25", init="kaiming_uniform_(layer.weight)  # here")),
]
valid = [
    Example(_NET.format(slope="", init="kaiming_normal_(layer.weight, a=0.25)"), because="the gain is computed for this slope"),
    Example(
        _NET.format(slope="init=0.1", init="kaiming_normal_(layer.weight)"), because="at a slope of .1 the gain is off by half a per cent"
    ),
    Example(_NET.format(slope="", init="kaiming_normal_(layer.weight, mode='fan_out')"), because="fan-out mode aims at the backward pass"),
    Example(_NET.format(slope="", init="xavier_normal_(layer.weight)"), because="not He's initialisation"),
]
