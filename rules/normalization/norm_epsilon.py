"""A norm's epsilon guards nothing.

What
    `eps` is 0, negative, or smaller than what rounding alone makes of a constant feature's variance.

Why
    A norm divides by sqrt(var + eps). A feature that is constant (a dead unit, padding, a blank picture) has variance 0: with eps = 0 the
    result is 0 / 0 = NaN, which the next step spreads to every weight. In float32 numbers near 1 are off by up to 1.2e-7, so that a
    constant feature's computed variance is about the square of that, 1.4e-14: an eps below it turns rounding errors into features of size
    1.

Evidence for
    Part of S5: the document names eps as the guard of the division. The figures follow from float32's 24 binary digits.

Evidence against
    Where no feature is ever constant, eps does not matter.

When it is fine
    PyTorch's 1e-5, and 1e-12 as in BERT: both are far above the limit. For training in half precision without a float32 norm set
    `min-eps` to 6e-8, the smallest number that half precision has.

The fix
    None is applied: leaving out the argument gives PyTorch's 1e-5, a change of results for trained weights.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Option, Options, Rule, Severity, sequential
from netlint.graph import Graph, Unknown
from netlint.graph.operators import Norm

rule = Rule(
    code="NL209",
    name="norm-epsilon",
    severity=Severity.WARNING,
    summary="A norm's eps is too small to guard its division.",
    statements=("S5",),
    evidence="a constant feature has variance 0, in float32 up to about 1.4e-14 by rounding, and is divided by sqrt(var + eps)",
    options={"min-eps": Option(1.4e-14, "Smaller values are reported; the square of the resolution of float32.")},
)


@rule.check
def check(norm: Norm, graph: Graph, options: Options) -> Answers:
    if norm.eps is None or isinstance(norm.eps, Unknown):
        return norm.eps
    if norm.eps >= options.min_eps:
        return None
    if norm.eps < 0:
        consequence = "a feature of small variance gives the square root of a negative number, NaN"
    elif norm.eps == 0:
        consequence = "a constant feature is divided by zero, and NaN spreads to every weight"
    else:
        consequence = "it is below what rounding makes of a constant feature's variance, which is then blown up to noise of size 1"
    return Finding(
        at=norm,
        severity=Severity.ERROR if norm.eps < 0 else None,
        message=f"{norm.name} has eps = {norm.eps:g}: {consequence}; leave out the argument (1e-5)",
    )


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)
        self.norm = nn.LayerNorm(64, eps={eps})

    def forward(self, x):
        y = self.norm(self.fc(x)){mark}
        return x + y
"""

invalid = [
    Example(_NET.format(eps="0.0", mark="  # here")),
    Example(_NET.format(eps="1e-20", mark="  # here")),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.BatchNorm2d(16, eps=-1e-5)  # here", "nn.ELU()"), severity=Severity.ERROR),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.GroupNorm(4, 16, eps=1e-9)  # here"), options={"min-eps": 6e-8}),
]
valid = [
    Example(_NET.format(eps="1e-5", mark=""), because="PyTorch's default"),
    Example(_NET.format(eps="1e-12", mark=""), because="small, but a hundred times what rounding makes"),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.BatchNorm2d(16)", "nn.ELU()"), because="the default is used"),
]
