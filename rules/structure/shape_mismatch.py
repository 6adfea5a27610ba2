"""Two layers whose sizes do not fit.

What
    A layer gets a tensor with another number of channels or features than it was made for, or two tensors are combined whose sizes
    contradict each other. Normalisation layers have their own rule, NL208.

Why
    The forward pass raises an error at this place, with the first batch at the latest.

Evidence for
    The sizes in the constructors.

Evidence against
    None: only known sizes are compared.

When it is fine
    Sizes that depend on arguments without a default, or on an input whose shape is not known, are not compared; nor are layers on one of
    two undecided branches, and arithmetic on what no layer has computed (boxes, masks, indices).

The fix
    Which of the two sizes is meant only the author knows.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity, sequential
from netlint.graph import Graph, Operator, Unknown
from netlint.graph.operators import Linear, Loss, Norm
from netlint.graph.queries import depth_of, feature_size, stands_on_a_branch
from netlint.graph.shapes import conflicts

rule = Rule(
    code="NL602",
    name="shape-mismatch",
    severity=Severity.ERROR,
    summary="Two layers whose sizes do not fit: the forward pass raises an error.",
    evidence="the sizes in the constructors",
)


@rule.check
def check(operator: Operator, graph: Graph, options: Options) -> Answers:
    if isinstance(operator, Norm | Loss) or not _computes_with_features(operator, graph):
        return None
    conflict = conflicts(operator) or _feature_conflict(operator)
    if conflict is None:
        return None
    if stands_on_a_branch(graph, operator):
        return Unknown("it stands on one of two undecided branches, which may be for other sizes")
    return Finding(
        at=operator,
        related=[(source, "one of its inputs") for source in operator.inputs if source.site is not None],
        message=f"{conflict}, so that this raises an error; make the sizes agree",
    )


def _computes_with_features(operator: Operator, graph: Graph) -> bool:
    """A layer, or an operation on the results of layers: not arithmetic on boxes, masks and indices."""
    return operator.layer is not None or all(depth_of(graph, source) > 0 for source in operator.inputs)


def _feature_conflict(operator: Operator) -> str | None:
    """A linear layer behind another, or behind an embedding: the width is known even where the rank of the tensor is not."""
    if not isinstance(operator, Linear) or operator.layer is None or not operator.inputs:
        return None
    width, wanted = feature_size(operator.inputs[0]), operator.in_features
    if width is None or not isinstance(wanted, int) or width == wanted:
        return None
    return f"{operator.name} takes {wanted} features and gets {width}"


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)
        self.side = nn.Conv2d(3, {side}, 3, padding=1)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = F.elu(self.conv(x)) + self.side(x){mark}
        return self.head(x.mean([2, 3]))
"""

invalid = [
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.Conv2d(32, 64, 3)  # here")),
    Example(sequential("nn.Linear(784, 256)", "nn.ELU()", "nn.Linear(128, 10)  # here")),
    Example(_NET.format(side=24, mark="  # here")),
]
valid = [
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.ELU()", "nn.Conv2d(16, 64, 3)"), because="the channels agree"),
    Example(_NET.format(side=16, mark=""), because="the operands of the sum agree"),
    Example(_NET.format(side=1, mark=""), because="one channel is broadcast to all"),
    Example(sequential("nn.Conv2d(3, 16, 3)", "nn.Flatten()", "nn.Linear(2704, 10)"), because="the size of the picture is not known"),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        b, c, *rest = x.shape
        y = x.reshape(b, c, -1)
        return self.conv((y + y.mean(1, keepdim=True)).reshape(b, c, *rest))
""",
        because="how many sizes the star stands for is not known",
    ),
    Example(
        """
class Block(nn.Module):
    def __init__(self, width, skipped=0):
        super().__init__()
        self.mix = nn.Linear(width + skipped, width)

    def forward(self, x, skipped=None):
        if skipped is not None:
            x = torch.cat([x, skipped], dim=-1)
        return F.elu(self.mix(x))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([Block(8), Block(8)])
        self.up = nn.ModuleList([Block(8, 8), Block(8, 8)])

    def _climb(self, levels, x):
        for block, level in zip(self.up, levels):
            x = block(F.dropout(x, 0.1, self.training), level)
        return x

    def forward(self, x):
        levels = []
        for block in self.down:
            x = block(x)
            levels.append(x)
        return self._climb(levels, x)
""",
        because="a block is judged as the network uses it, with its second input",
    ),
    Example(
        """
class Net(nn.Module):
    def __init__(self, patch_size):
        super().__init__()
        self.patch_size = tuple(patch_size)
        self.conv = nn.ConvTranspose3d(4, 4, 3)

    def forward(self, x, sizes):
        x = torch.flatten(x, 2)
        return self.conv(torch.reshape(x, [x.shape[0], x.shape[1], *[a // p for a, p in zip(sizes, self.patch_size)]]))
""",
        because="how many sizes there are is not known",
    ),
]
