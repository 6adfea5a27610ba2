"""The weights of a hidden layer all start with the same number.

What
    The weight of a hidden linear layer or convolution (an activation and another layer follow) is filled with a constant: `zeros_`,
    `ones_`, `constant_`, `fill_`.

Why
    All units of the layer then compute the same number. They differ in training only as far as the layer behind them tells them apart:
    where that layer starts from a constant too, equal units get equal gradients and stay equal, and the layer is as wide as one unit for
    good. With zeros nothing of the input passes at first, and a ReLU behind a zero bias never gets a gradient.

Evidence for
    Symmetry: equal units with equal gradients stay equal. Goodfellow, Bengio and Courville (Deep Learning, 2016, section 8.4) name
    breaking it as the one sure duty of an initialisation.

Evidence against
    Zeros are a good start where the layer is added to something: the last layer of a residual branch (arXiv 1901.09321) and low-rank
    adapters start as the identity.

When it is fine
    Output layers, the last layer of a residual branch, gates, projections in attention, frozen layers (fixed filters), depthwise and
    grouped convolutions, biases, norm weights and single units are not flagged.

The fix
    Draw the weights: `nn.init.kaiming_normal_`, or leave PyTorch's default.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Options, Rule, Severity
from netlint.graph import Fact, Graph, Initialization, Operator
from netlint.graph.operators import Activation, Conv, Linear
from netlint.graph.queries import PASSES, feeds, in_attention, is_gate

rule = Rule(
    code="NL603",
    name="constant-init",
    severity=Severity.WARNING,
    summary="The weights of a hidden layer all start with the same number, so its units start out equal.",
    evidence="equal units with equal gradients stay equal",
    needs=Fact.INITIALIZATION,
)

CONSTANTS = ("zeros_", "zero_", "ones_", "constant_", "fill_")


@rule.check
def check(layer: Linear | Conv, graph: Graph, options: Options) -> Answers:
    init = _constant_init(layer)
    units = layer.out_features if isinstance(layer, Linear) else layer.out_channels
    if init is None or units == 1 or (isinstance(layer, Conv) and layer.groups != 1):
        return None
    readers = _behind_activation(layer, graph)
    if not readers or is_gate(graph, layer) or in_attention(graph, layer):
        return None
    width = f"all {units} units" if isinstance(units, int) else "all units"
    forever = all(isinstance(reader, Linear | Conv) and _constant_init(reader) is not None for reader in readers)
    effect = "and stay equal, since the layer behind them is constant too" if forever else "and only the layer behind them tells them apart"
    return Finding(
        at=init.site or layer,
        related=[(layer, "the layer that is initialised")],
        severity=Severity.ERROR if forever else None,
        data={"units": units, "layer": layer.path},
        message=f"the weights of `{layer.path}` all start with the same number: {width} start out equal, {effect}; "
        "draw them, with nn.init.kaiming_normal_ for example",
    )


def _constant_init(layer: Operator) -> Initialization | None:
    """The constant fill of a layer's weight, unless the weight is frozen."""
    weight = layer.layer.parameters.get("weight") if layer.layer is not None else None
    if weight is None or weight.trainable is not True or weight.initialization is None:
        return None
    return weight.initialization if weight.initialization.name in CONSTANTS else None


def _behind_activation(layer: Operator, graph: Graph) -> list[Operator]:
    """The weighted layers that read a layer's result through an activation: what makes it a hidden layer."""
    readers = graph.consumers(layer, through=PASSES)
    return [after for node in readers if isinstance(node, Activation) and not is_gate(graph, node) for after in feeds(graph, node)]


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(20, 64)
        self.second = nn.Linear(64, 20)
        self.head = nn.Linear(20, 2)
{init}

    def forward(self, x):
        x = x + self.second(F.elu(self.first(x)))
        return self.head(x)
"""

invalid = [
    Example(_NET.format(init="        nn.init.constant_(self.first.weight, 0.1)  # here")),
    Example(
        _NET.format(init="        for layer in (self.first, self.second):\n            nn.init.zeros_(layer.weight)  # here"),
        severity=Severity.ERROR,
    ),
    Example(
        """
net = nn.Sequential(nn.Linear(20, 64), nn.ELU(), nn.Linear(64, 2))
nn.init.ones_(net[0].weight)  # here
"""
    ),
]
valid = [
    Example(
        _NET.format(init="        nn.init.zeros_(self.second.weight)"), because="the last layer of a residual branch starts as nothing"
    ),
    Example(_NET.format(init="        nn.init.zeros_(self.head.weight)"), because="the output layer has no layer behind it"),
    Example(_NET.format(init="        nn.init.zeros_(self.first.bias)"), because="a bias does not tell units apart"),
    Example(
        _NET.format(init="        nn.init.constant_(self.first.weight, 0.1)\n        self.first.weight.requires_grad = False"),
        because="a frozen layer computes what it was set to",
    ),
]
