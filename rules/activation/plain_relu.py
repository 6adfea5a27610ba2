"""Hidden units are activated with plain ReLU.

What
    A ReLU stands behind a weighted layer inside a network. One finding a class, at its first ReLU; the others are counted.

Why
    ReLU passes neither value nor gradient for negative inputs. A unit whose input is negative on all samples, after an unlucky
    initialisation or one large step, gets no gradient any more and stays silent. A PReLU keeps a slope on the negative side, and learns
    it.

Evidence for
    S22. He et al. (arXiv 1502.01852): in their model A on ImageNet, top-1 error 24.02 % with ReLU and 22.97 % with PReLU. Mishkin et al.
    (arXiv 1606.02228), CaffeNet-128 without batch norm: accuracy .471 with ReLU, .485 with PReLU, .488 with ELU, .478 with RReLU.

Evidence against
    In the same study with batch norm the functions are within .4 points or so of each other (.499 ReLU, .503 PReLU, .498 ELU). Compilers
    and quantised kernels fuse a ReLU into its convolution for free. So this is advice, never a warning.

When it is fine
    A ReLU on the network's output (a prediction that cannot be negative), in a loss (hinge), or in a gate is not flagged. In quantised or
    deployed networks, and where pretrained ReLU weights are loaded, ignore the rule.

The fix
    Replaces the ReLU by `nn.PReLU(init=0.1)`. Outputs change, and each PReLU adds a parameter, so that old checkpoints no longer fit.
"""

from __future__ import annotations

from collections.abc import Iterator

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph import Graph
from netlint.graph.operators import Norm, PReLU, ReLU
from netlint.graph.queries import is_gate, is_head, reaches_output, user_class, weighted_after, weighted_before

rule = Rule(
    code="NL401",
    name="plain-relu",
    severity=Severity.ADVICE,
    summary="Hidden units are activated with plain ReLU, which is silent and without gradient for negative inputs.",
    statements=("S22",),
    evidence="ImageNet model A: top-1 error 24.02 % with ReLU, 22.97 % with PReLU (arXiv 1502.01852)",
    fix_contract=Contract(Forward.CHANGES, StateDict.BREAKS, TrainingEffect.CHANGES),
)


@rule.check
def check(graph: Graph, _: Graph, options: Options) -> Iterator[Finding]:
    classes: dict[str, list[ReLU]] = {}
    for relu in graph.of(ReLU):
        if _is_hidden(relu, graph):
            classes.setdefault(user_class(relu), []).append(relu)
    normalised = "; with the norm layers of this network the gain is small" if next(graph.of(Norm), None) else ""
    for owner, uses in classes.items():
        places = len({use.site.key if use.site is not None else id(use) for use in uses})
        where = f"`{owner}`" if owner else f"`{graph.name}`"
        more = f" (and at {places - 1} more place{'s' if places > 2 else ''} of {where})" if places > 1 else ""
        yield Finding(
            at=uses[0],
            data={"count": len(uses), "places": places, "class": owner},
            message=f"ReLU{more} gives units with negative inputs neither value nor gradient; use nn.PReLU(init=0.1){normalised}",
        )


def _is_hidden(relu: ReLU, graph: Graph) -> bool:
    if graph.outputs and not reaches_output(graph, relu):
        return False
    near_weights = weighted_before(graph, relu) or weighted_after(graph, relu)
    return bool(near_weights) and is_head(graph, relu) is not True and not is_gate(graph, relu)


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    uses = [relu for relu in graph.of(ReLU) if user_class(relu) == finding.data["class"] and _is_hidden(relu, graph)]
    return tuple(Replace(relu, (PReLU(init=0.1),)) for relu in uses)


invalid = [
    Example(sequential("nn.Linear(20, 64)", "nn.ReLU()  # here", "nn.Linear(64, 64)", "nn.ReLU()", "nn.Linear(64, 2)")),
    Example(
        """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        y = F.relu(self.first(x))  # here
        return F.relu(x + self.second(y))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3)
        self.blocks = nn.Sequential(Block(16), Block(16))
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))  # here
        return self.head(self.blocks(x).mean([2, 3]))
"""
    ),
]
valid = [
    Example(sequential("nn.Linear(20, 64)", "nn.PReLU(init=0.1)", "nn.Linear(64, 2)"), because="PReLU keeps a slope for negative inputs"),
    Example(sequential("nn.Linear(20, 1)", "nn.ReLU()"), because="the output, say a price, cannot be negative"),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Linear(16, 16)
        self.gate = nn.Linear(16, 16)
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        return self.head(x + self.value(x) * F.relu(self.gate(x)))
""",
        because="this ReLU is a gate: its exact zeros are the point",
    ),
]
