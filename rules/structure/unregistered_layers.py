"""Layers that no module owns: they stand in a plain Python list, or are made anew in each forward pass.

What
    A layer with learned parameters, or with a training mode (dropout, batch norm), is applied in `forward` but is not registered: it was
    put into a list, tuple or dictionary instead of `nn.ModuleList` or `nn.ModuleDict`, or constructed inside `forward`.

Why
    A module knows its children only when they are attributes or stand in a container module. Parameters of others are missing in
    `parameters()`, so the optimizer never trains them; in `state_dict()`, so they are not saved; and in `.to(device)`. `eval()` does not
    reach them, so a dropout goes on dropping. A layer made in `forward` has new random weights at each call.

Evidence for
    The definition of `nn.Module.__setattr__`. PyTorch's page of ModuleList names this as its purpose.

Evidence against
    None for layers that are to be trained.

When it is fine
    Frozen layers (a reference network hidden on purpose), layers whose parameters an optimizer is given explicitly, and layers without
    parameters and without a mode (ReLU, max pooling) are not flagged. A list that later becomes `nn.Sequential(*layers)` is registered.

The fix
    Wrap the list in `nn.ModuleList`, or construct the layer in `__init__`. The keys of the state dict grow by the new layers.
"""

from __future__ import annotations

from collections.abc import Iterator

from netlint.engine.intent import Intent, Register
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Fact, Graph, Layer, Operator, Parameter, Unknown
from netlint.graph.operators import BatchNorm, Dropout

rule = Rule(
    code="NL601",
    name="unregistered-layers",
    severity=Severity.ERROR,
    summary="Layers that no module owns (a plain list): they are not trained, saved or moved to the device.",
    evidence="nn.Module registers attributes and the children of container modules, nothing else",
    needs=Fact.CODE,
    fix_contract=Contract(Forward.EXACT, StateDict.BREAKS, TrainingEffect.CHANGES),
)


@rule.check
def check(layer: Layer, graph: Graph, options: Options) -> Answers:
    if layer.registered or (layer.parent is not None and not layer.parent.registered) or not _stands_in_a_class(layer, graph):
        return None
    family = list(_family(layer))
    applied = [operator for member in family for operator in graph.applications(member)]
    if not applied:
        return None
    if layer.parent is None and not _is_made_where_applied(layer, applied[0]):
        return Unknown("where this layer is kept was not seen")
    parameters = [parameter for member in family for parameter in member.parameters.values()]
    trainable = [parameter for parameter in parameters if parameter.trainable is True]
    if trainable and not any(member.frozen is not False for member in family):
        return None if _is_optimized(trainable, graph) else _finding(layer, applied[0], _lost_training(trainable))
    if not parameters and any(_has_mode(operator) for operator in applied):
        return _finding(layer, applied[0], "`eval()` does not reach it, so it stays in training mode", Severity.WARNING)
    return None


def _finding(layer: Layer, applied: Operator, effect: str, severity: Severity | None = None) -> Finding:
    return Finding(
        at=layer.site or layer,
        related=[(applied, "applied here")],
        severity=severity,
        data={"path": layer.path, "kind": layer.kind},
        message=f"no module owns this {layer.kind.rpartition('.')[2]}: {effect}; "
        "put it into an nn.ModuleList, or make it an attribute in __init__",
    )


def _stands_in_a_class(layer: Layer, graph: Graph) -> bool:
    """At module level and in plain functions nothing is registered anyway: the script holds its layers itself."""
    return graph.root is not None and graph.root.operator is None and layer is not graph.root


def _is_made_where_applied(layer: Layer, application: Operator) -> bool:
    """Constructor and application stand in one function: the layer lives no longer than the call."""
    return layer.site is not None and application.site is not None and layer.site.scope == application.site.scope


def _family(layer: Layer) -> Iterator[Layer]:
    yield layer
    for child in layer.children.values():
        yield from _family(child)


def _is_optimized(parameters: list[Parameter], graph: Graph) -> bool:
    groups = (group for optimizer in graph.training.optimizers for group in optimizer.groups)
    given = {id(parameter) for group in groups for parameter in group.parameters or ()}
    return all(id(parameter) in given for parameter in parameters)


def _lost_training(parameters: list[Parameter]) -> str:
    counts = [parameter.count() for parameter in parameters]
    total = sum(count for count in counts if isinstance(count, int))
    known = all(isinstance(count, int) for count in counts)
    size = f"{total:,} " if known else ""
    return f"its {size}parameters are missing in parameters(), so they are not trained, saved or moved to the device"


def _has_mode(operator: Operator) -> bool:
    return isinstance(operator, BatchNorm) or (isinstance(operator, Dropout) and operator.p != 0)


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    layers = [layer for layer in graph.layers if layer.site is finding.at or layer is finding.at]
    return Register(layers[0]) if layers else None


_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(20, 64)
        self.layers = {layers}
        self.head = nn.Linear(64, 2)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = x + F.elu(layer(x))
        return self.head(x)
"""

invalid = [
    Example(_NET.format(layers="[nn.Linear(64, 64) for _ in range(3)]  # here")),
    Example(_NET.format(layers="(nn.Linear(64, 64), nn.Linear(64, 64))  # here")),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(64, 2)

    def forward(self, x):
        x = nn.Linear(20, 64)(x)  # here
        return self.head(F.elu(x))
"""
    ),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pairs = [(nn.Linear(8, 8), nn.Linear(8, 8)) for _ in range(2)]  # here
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        for first, second in self.pairs:
            x = x + second(F.elu(first(x)))
        return self.head(x)
"""
    ),
]
valid = [
    Example(_NET.format(layers="nn.ModuleList([nn.Linear(64, 64) for _ in range(3)])"), because="ModuleList registers them"),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for _ in range(3):
            layers.append(nn.Linear(64, 64))
            layers.append(nn.ELU())
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.body(x)
""",
        because="the list becomes a Sequential",
    ),
    Example(_NET.format(layers="[nn.ELU(), nn.Tanh()]"), because="these layers have neither parameters nor a mode"),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(20, 64)
        self.head = nn.Linear(64, 2)
        self.order = [self.stem, self.head]

    def forward(self, x):
        for layer in self.order:
            x = F.elu(layer(x))
        return x
""",
        because="the same layers are attributes too",
    ),
]
