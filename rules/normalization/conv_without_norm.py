"""A deep stack of convolutions without any normalisation.

What
    More than `max-depth` convolutions with kernels larger than 1 follow each other, and no norm is in the whole network.

Why
    The scale of a layer's input depends on all weights before it. Over many layers it drifts towards zero or infinity, and with it the
    gradients, so that only a careful initialisation and a small learning rate train such a stack. A norm behind each convolution resets
    the scale in every layer.

Evidence for
    S6, S11. Wu and He (ECCV 2018) train the same ResNet-50 to 23.6 % error with batch norm and 24.1 % with group norm; neither is usual
    without one. The torchvision VGG variants come with and without batch norm.

Evidence against
    He initialisation alone trains stacks of moderate depth. Networks can be made to do without: Fixup (arXiv 1901.09321) and SkipInit by
    scaled residual branches, NFNets (arXiv 2102.06171) by standardised weights. In super-resolution norms are left out on purpose. Hence
    advice.

When it is fine
    Not flagged: weight or spectral norm and other parametrised weights, scaled residual branches, SELU networks (which keep their scale
    themselves), networks that load trained weights, stacks of few layers, and networks that have any norm at all.

The fix
    None is applied, since it changes the architecture: put `nn.BatchNorm2d` (or `nn.GroupNorm` for small batches) behind each
    convolution.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Option, Options, Rule, Severity, sequential
from netlint.graph import Fact, Graph, Operator, Unknown
from netlint.graph.operators import (
    SELU,
    Add,
    Alternatives,
    Conv,
    Div,
    LocalResponseNorm,
    Mul,
    Norm,
    Opaque,
    Select,
    Sigmoid,
    Slice,
    Split,
    Tanh,
    Weight,
)
from netlint.graph.queries import data_inputs, reaches_output, reads_neighbours

rule = Rule(
    code="NL205",
    name="conv-without-norm",
    severity=Severity.ADVICE,
    summary="A deep stack of convolutions without any normalisation.",
    statements=("S6", "S11"),
    evidence="a norm resets the scale in every layer; against: Fixup and NFNets do without (arXiv 1901.09321, 2102.06171)",
    needs=Fact.TRAINING_LAYERS,
    options={"max-depth": Option(5, "Stacks of up to this many convolutions are left alone.")},
)


@rule.check
def check(_: Graph, graph: Graph, options: Options) -> Answers:
    network = [node for node in graph.operators if reaches_output(graph, node) or not graph.outputs]
    if graph.training.pretrained or any(isinstance(node, (Norm, LocalResponseNorm, SELU)) for node in network):
        return None
    convolutions = [node for node in network if isinstance(node, Conv) and reads_neighbours(node) and not _is_squashed(node, graph)]
    depth = _depth(convolutions, network)
    if depth <= options.max_depth:
        return None
    if any(_keeps_its_scale(conv) for conv in convolutions) or any(_is_scaled_branch(node, graph) for node in network):
        return None
    unseen = next((node for node in network if isinstance(node, (Opaque, Alternatives))), None)
    if unseen is not None:
        return Unknown(f"what was not seen may normalise: {unseen.reason}")
    return Finding(
        at=convolutions[0],
        data={"depth": depth},
        message=f"{depth} convolutions follow each other and the network has no norm, so their scale drifts with depth; "
        f"put `nn.BatchNorm{convolutions[0].dims}d` behind each convolution",
    )


def _depth(convolutions: list[Conv], network: list[Operator]) -> int:
    """The number of the given convolutions on the longest path."""
    counted = {id(conv) for conv in convolutions}
    depths: dict[int, int] = {}
    for node in network:
        depths[id(node)] = max((depths.get(id(source), 0) for source in node.inputs), default=0) + (id(node) in counted)
    return max(depths.values(), default=0)


def _is_squashed(conv: Conv, graph: Graph) -> bool:
    """All that reads it gives numbers between fixed bounds, as the two halves of a WaveNet's gated unit do: its scale cannot drift."""
    readers = graph.consumers(conv, through=(Slice, Select, Split))
    return bool(readers) and all(isinstance(reader, (Tanh, Sigmoid)) for reader in readers)


def _keeps_its_scale(conv: Conv) -> bool:
    """Its weights are normalised or otherwise computed (weight norm, spectral norm, standardisation)."""
    computed = len(conv.inputs) > 1 and not isinstance(conv.inputs[1], Weight)
    return computed or (conv.layer is not None and bool(conv.layer.wrapped))


def _is_scaled_branch(node: Operator, graph: Graph) -> bool:
    """A residual branch times a number or learned scalar, as in Fixup, SkipInit and LayerScale."""
    if not isinstance(node, (Mul, Div)) or len(data_inputs(graph, node)) != 1:
        return False
    return any(isinstance(reader, Add) for reader in graph.consumers(node))


def _stack(*between: str, depth: int = 7) -> str:
    return sequential(*("nn.Conv2d(16, 16, 3, padding=1)", *between, "nn.ELU()") * depth)


_RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.convs = nn.ModuleList([nn.Conv2d(16, 16, 3, padding=1) for _ in range(8)])
        self.scale = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        x = self.stem(x){mark}
        for conv in self.convs:
            x = x + {branch}
        return x
"""

invalid = [
    Example(_stack().replace("padding=1),", "padding=1),  # here", 1)),
    Example(_RESIDUAL.format(mark="  # here", branch="F.elu(conv(x))")),
]
valid = [
    Example(_stack("nn.BatchNorm2d(16)"), because="each convolution has its batch norm"),
    Example(_stack("nn.GroupNorm(4, 16)"), because="group norm is a norm too"),
    Example(_stack(depth=5), because="five layers train without"),
    Example(
        _RESIDUAL.format(mark="", branch="torch.tanh(conv(x)) * torch.sigmoid(conv(x))"),
        because="a gated unit gives numbers between -1 and 1, whatever the scale of its convolution",
    ),
    Example(_RESIDUAL.format(mark="", branch="self.scale * F.elu(conv(x))"), because="the residual branches are scaled, as in SkipInit"),
    Example(
        "net = nn.Sequential(*[nn.utils.parametrizations.weight_norm(nn.Conv2d(16, 16, 3)) for _ in range(8)])",
        because="weight norm keeps the scale",
    ),
]
