"""The logarithm of a softmax, computed in two steps.

What
    `torch.log` is applied to the result of a softmax, directly or after elements were picked from it.

Why
    A probability below 2^-149 is zero in single precision: a logit that is 104 below the largest one, or 17 below it in half precision,
    becomes log(0) = -inf, and its gradient NaN. Log-softmax computes z - max - log(sum(exp(z - max))): exact where the two steps fail,
    and one pass less. A small constant inside the logarithm hides the infinity and changes the gradient of every rare class instead.

Evidence for
    The smallest number of each format. Blanchard, Higham and Higham (IMA Journal of Numerical Analysis 41, 2021) give error bounds of
    both ways. PyTorch's page of log_softmax says the same of the two operations done separately.

Evidence against
    None where the logits are at hand.

When it is fine
    A logarithm of probabilities that were averaged, multiplied or renormalised after the softmax is another quantity and not flagged.

The fix
    Use `log_softmax` on the logits: the same values up to rounding, and finite ones where the two steps give -inf and NaN. Those change, so
    it is made when unsafe fixes are asked for.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace, Rewrite
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph, Operator
from netlint.graph.operators import Add, Constant, Elementwise, LogSoftmax, Softmax
from netlint.graph.queries import origins

rule = Rule(
    code="NL412",
    name="log-of-softmax",
    severity=Severity.WARNING,
    summary="The logarithm of a softmax in two steps: infinite where log_softmax is exact.",
    evidence="exp(-104) is zero in single precision, so the logarithm of that probability is -inf",
    fix_contract=Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.SAME),
)


@rule.check
def check(log: Elementwise, graph: Graph, options: Options) -> Answers:
    if log.how != "log" or not log.inputs:
        return None
    probability, guarded = _behind_constant(log.inputs[0])
    softmaxes = [node for node in origins(graph, probability) if isinstance(node, Softmax)]
    if not softmaxes:
        return None
    effect = "a logit 104 below the largest gives -inf"
    if guarded:
        effect = "the constant inside keeps it finite and bends the gradient of rare classes"
    return Finding(
        at=log,
        related=[(softmaxes[0], "the softmax")],
        severity=Severity.ADVICE if guarded else None,
        message=f"the logarithm of a softmax: {effect}; use log_softmax on the logits",
    )


def _behind_constant(operator: Operator) -> tuple[Operator, bool]:
    """The probability in `probability + 1e-8`, and whether there was such a constant."""
    if isinstance(operator, Add) and any(isinstance(source, Constant) for source in operator.inputs):
        rest = [source for source in operator.inputs if not isinstance(source, Constant)]
        if len(rest) == 1:
            return rest[0], True
    return operator, False


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    log = finding.at
    assert isinstance(log, Operator)
    softmax = log.inputs[0]
    if isinstance(softmax, Softmax) and graph.only_consumer(softmax) is log:
        return Replace(softmax, (LogSoftmax(dim=softmax.dim),)), Replace(log, ())
    return Rewrite(log, "use log_softmax on the logits in place of softmax and log", "the probabilities are used in between")


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(20, 20)
        self.head = nn.Linear(20, 5)

    def forward(self, x):
        z = self.head(x + F.elu(self.first(x)))
{body}
"""

invalid = [
    Example(_NET.format(body="        return torch.log(F.softmax(z, dim=1))  # here")),
    Example(_NET.format(body="        p = z.softmax(-1)\n        return p, p.log()  # here")),
    Example(_NET.format(body="        return torch.log(F.softmax(z, dim=1) + 1e-8)  # here"), severity=Severity.ADVICE),
]
valid = [
    Example(_NET.format(body="        return F.log_softmax(z, dim=1)"), because="computed in one step"),
    Example(_NET.format(body="        return torch.log(F.softmax(z, dim=1).mean(0))"), because="the logarithm of a mean of probabilities"),
    Example(_NET.format(body="        return torch.log(1 + z * z)"), because="no softmax"),
    Example(sequential("nn.Linear(20, 5)", "nn.LogSoftmax(dim=1)"), because="the layer form of the same"),
]
