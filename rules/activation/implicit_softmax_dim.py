"""A softmax that does not say along which dimension it sums to one.

What
    `F.softmax`, `F.log_softmax`, `F.softmin` or their modules without `dim`.

Why
    PyTorch then guesses from the rank: dimension 0 for tensors of rank 0, 1 and 3, dimension 1 for all others. For a batch of sequences
    (rank 3) that is the batch: the samples compete with each other. The same code changes its meaning when a batch dimension is added.
    The guess is deprecated and warns at run time.

Evidence for
    PyTorch's own deprecation warning, and the rule it applies (`_get_softmax_dim` in torch.nn.functional).

Evidence against
    On matrices of logits the guess is right.

When it is fine
    Never needed: `dim` costs a few characters.

The fix
    Writes down the dimension that PyTorch chooses, where the rank is known; the result stays the same.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, SetOption
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Fact, Graph
from netlint.graph.operators import LogSoftmax, Softmax, Softmin

rule = Rule(
    code="NL414",
    name="implicit-softmax-dim",
    severity=Severity.WARNING,
    summary="A softmax does not say along which dimension it sums to one; PyTorch guesses from the rank.",
    evidence="PyTorch takes dimension 0 for rank 0, 1 and 3, else dimension 1, and warns that this is deprecated",
    needs=Fact.CODE,
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME),
)


@rule.check
def check(softmax: Softmax | LogSoftmax | Softmin, graph: Graph, options: Options) -> Answers:
    if softmax.dim is not None:
        return None
    rank = _rank(softmax)
    guess = "PyTorch guesses it from the rank: 0 for rank 0, 1 and 3, else 1"
    if rank is not None:
        guess = f"for rank {rank} PyTorch takes dimension {_implicit(rank)}" + (", the batch" if rank == 3 else "")
    return Finding(at=softmax, data={"rank": rank}, message=f"{softmax.name} does not say along which dimension: {guess}; pass dim")


def _rank(softmax: Softmax | LogSoftmax | Softmin) -> int | None:
    shape = softmax.inputs[0].shape if softmax.inputs else None
    return len(shape) if shape is not None else None


def _implicit(rank: int) -> int:
    return 0 if rank in (0, 1, 3) else 1


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    softmax = finding.at
    if not isinstance(softmax, (Softmax, LogSoftmax, Softmin)):
        return None
    rank = _rank(softmax)
    return SetOption(softmax, {"dim": _implicit(rank)}) if rank is not None else None


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(20, 20)
        self.head = nn.Linear(20, 5)

    def forward(self, x):
        return {result}
"""
_LOGITS = "self.head(x + F.elu(self.first(x)))"

invalid = [
    Example(sequential("nn.Linear(20, 64)", "nn.ELU()", "nn.Linear(64, 5)", "nn.Softmax()  # here")),
    Example(_NET.format(result=f"F.log_softmax({_LOGITS})  # here")),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.Conv2d(16, 5, 1)", "nn.Softmax()  # here")),
]
valid = [
    Example(sequential("nn.Linear(20, 64)", "nn.ELU()", "nn.Linear(64, 5)", "nn.Softmax(dim=1)"), because="the dimension is given"),
    Example(_NET.format(result=f"F.log_softmax({_LOGITS}, -1)"), because="the dimension is given by position"),
    Example(_NET.format(result=f"torch.softmax({_LOGITS}, dim=1)"), because="torch.softmax requires the dimension"),
]
