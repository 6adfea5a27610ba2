"""How a signal goes through a network at its own initialisation: the scale of each layer's results, and of the gradients that come back
to it (statements S11, S21, S25)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netlint.graph import Graph, Initialization, Operator, Unknown
from netlint.graph import operators as ops
from netlint.graph.queries import is_weighted
from netlint.layers import Array
from netlint.verify.network import Network, Shapes, Unmeasurable, rewritten
from netlint.verify.state import State
from netlint.verify.tape import Run, play
from netlint.verify.tensors import generator

_NO_STATE = State()
SATURATED = 0.05
"""An activation is saturated where its slope is less than this share of its steepest one."""


@dataclass(frozen=True)
class LayerSignal:
    """One weight layer: `activation` is the standard deviation of its results, `gradient` the norm of the gradient of its weight. Both are
    geometric means over several initialisations; a gradient of 0 is one that vanished altogether."""

    path: str
    name: str
    activation: float
    gradient: float

    def as_json(self) -> dict[str, object]:
        return {"path": self.path, "name": self.name, "activation": self.activation, "gradient": self.gradient}


@dataclass(frozen=True)
class Units:
    """One activation: which share of its units never passes a gradient in the batch (`dead`), and of its values which lie where it is flat
    (`saturated`; None if it has no flat ends)."""

    path: str
    name: str
    dead: float
    saturated: float | None

    def as_json(self) -> dict[str, object]:
        return {"path": self.path, "name": self.name, "dead": self.dead, "saturated": self.saturated}


@dataclass(frozen=True)
class Propagation:
    """A measurement of one network, over `n` initialisations and batches. The loss is sum(r y) / batch with r from N(0, 1) for results y,
    the inputs are from N(0, 1)."""

    layers: tuple[LayerSignal, ...]
    activations: tuple[Units, ...]
    shapes: tuple[tuple[int, ...], ...]
    seed: int
    n: int

    @property
    def ratio(self) -> float | None:
        """The first layer's gradient over the last one's: far below 1 it vanishes on the way, far above it explodes."""
        if len(self.layers) < 2 or not self.layers[-1].gradient:
            return None
        return self.layers[0].gradient / self.layers[-1].gradient

    @property
    def growth(self) -> float | None:
        """The last layer's results over the first one's."""
        if len(self.layers) < 2 or not self.layers[0].activation:
            return None
        return self.layers[-1].activation / self.layers[0].activation

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"first/last gradient {self.ratio:.2g}, "
        dead = max((units.dead for units in self.activations), default=0.0)
        flat = max((units.saturated for units in self.activations if units.saturated is not None), default=0.0)
        return f"{ratio}{len(self.layers)} weight layers, up to {dead:.0%} dead and {flat:.0%} saturated units ({self.n} initialisations)"

    def as_json(self) -> dict[str, object]:
        return {
            "ratio": self.ratio,
            "growth": self.growth,
            "layers": [layer.as_json() for layer in self.layers],
            "activations": [units.as_json() for units in self.activations],
            "shapes": [list(shape) for shape in self.shapes],
            "seed": self.seed,
            "n": self.n,
        }


def propagation(graph: Graph, input_shapes: Shapes, seed: int = 0, n: int = 3) -> Propagation | Unknown:
    """Measures a network in training mode at `n` initialisations of its own. `input_shapes` are those of its inputs, the batch first.

    Unknown where an operator has no reference layer, or where it is not known what the weights start from.
    """
    try:
        network = Network.of(graph, input_shapes)
        passes = [_pass(network, seed + number) for number in range(n)]
    except Unmeasurable as error:
        return Unknown(str(error))
    signals = [
        LayerSignal(same[0].path, same[0].name, _mean([one.activation for one in same]), _mean([one.gradient for one in same]))
        for same in zip(*(layers for layers, _ in passes), strict=True)
    ]
    units = [
        Units(same[0].path, same[0].name, float(np.mean([one.dead for one in same])), _average([one.saturated for one in same]))
        for same in zip(*(activations for _, activations in passes), strict=True)
    ]
    return Propagation(tuple(signals), tuple(units), network.shapes, seed, n)


def _mean(values: Sequence[float]) -> float:
    """The geometric mean: gradients of different initialisations differ by factors."""
    if not all(value > 0 and math.isfinite(value) for value in values):
        return float(np.median(values))
    return math.exp(float(np.mean(np.log(values))))


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _pass(network: Network, seed: int) -> tuple[list[LayerSignal], list[Units]]:
    """One forward and backward pass."""
    run = network.run(seed)
    upstream: dict[tuple[int, int], Array] = {}
    for number, output in enumerate(network.graph.outputs):
        for place, value in enumerate(run.values[id(output)]):
            if value.dtype.kind == "f":
                drawn = generator("loss", number, place, seed).normal(size=value.shape)
                upstream[(id(output), place)] = drawn / (value.shape[0] if value.ndim else 1)
    gradients = run.back(upstream).weights
    signals = [_signal(network, operator, run, gradients) for operator in network.operators if is_weighted(network.graph, operator)]
    activations = [_units(operator, run) for operator in network.operators if isinstance(operator, ops.Activation)]
    return signals, activations


def _signal(network: Network, operator: Operator, run: Run, gradients: Mapping[str, Array]) -> LayerSignal:
    result = run.values[id(operator)][0]
    keys = [key for name, key in network.state.names(operator.layer).items() if name.startswith("weight")]
    keys += [network.state.key(source.parameter) for source in operator.inputs if isinstance(source, ops.Weight)]
    norm = math.sqrt(sum(float(np.sum(gradients[key] ** 2)) for key in keys if key in gradients))
    return LayerSignal(operator.path, operator.name, float(np.std(result)), norm)


def _units(operator: Operator, run: Run) -> Units:
    """The slope of an activation at each of its inputs, from its own backward pass."""
    step = run.steps[id(operator)]
    slope = np.abs(np.asarray(step.backward(np.ones_like(step.output)).inputs[0]))
    axes = tuple(axis for axis in range(slope.ndim) if axis != (1 if slope.ndim > 1 else 0))
    dead = float(np.mean(np.all(slope == 0, axis=axes))) if slope.size else 0.0
    assert isinstance(operator, ops.Activation)
    if operator.saturating is not True:
        return Units(operator.path, operator.name, dead, None)
    return Units(operator.path, operator.name, dead, float(np.mean(slope < SATURATED * _steepest(operator))))


def _steepest(operator: Operator) -> float:
    """The largest slope of an activation."""
    grid = np.linspace(-6, 6, 1201)
    template = operator.apply(ops.Input(), layer=None)
    run = play([template], {id(template.inputs[0]): grid}, _NO_STATE, {}, False, {})
    return float(np.max(np.abs(np.asarray(run.steps[id(template)].backward(np.ones_like(grid)).inputs[0]))))


# -- alternatives ---------------------------------------------------------------------------------------------------------


def alternatives(graph: Graph) -> dict[str, Graph]:
    """The network with each of the usual cures, by name; those that would change nothing are left out."""
    present = {type(operator) for operator in graph.index.members(graph.index.network)}
    found: dict[str, Graph] = {}
    for old, new in _REPLACEMENTS:
        if old in present:
            found[f"{_written(new)} for {old.__name__}"] = rewritten(graph, _replaced(old, new))
    for old in (ops.Sigmoid, ops.Tanh):
        if old in present:
            found[f"ReLU for {old.__name__}, He initialisation"] = rewritten(graph, _replaced(old, ops.ReLU()), _he)
    if present & {ops.ReLU, ops.LeakyReLU, ops.PReLU, ops.ELU}:
        found["He initialisation"] = rewritten(graph, start=_he)
    if present & {ops.Sigmoid, ops.Tanh}:
        found["Xavier initialisation"] = rewritten(graph, start=_xavier)
    if not present & {ops.BatchNorm, ops.LayerNorm, ops.GroupNorm, ops.InstanceNorm}:
        normed = rewritten(graph, _normed(graph))
        if len(normed.operators) > len(graph.operators):
            found["BatchNorm before every activation"] = normed
    return found


_REPLACEMENTS: tuple[tuple[type[Operator], Operator], ...] = (
    (ops.ReLU, ops.PReLU(init=0.1)),
    (ops.ReLU, ops.ELU()),
    (ops.Sigmoid, ops.ReLU()),
    (ops.Sigmoid, ops.Tanh()),
    (ops.Sigmoid, ops.PReLU(init=0.1)),
    (ops.Sigmoid, ops.ELU()),
    (ops.Tanh, ops.ReLU()),
    (ops.Tanh, ops.PReLU(init=0.1)),
    (ops.Tanh, ops.ELU()),
)


def _written(operator: Operator) -> str:
    return f"PReLU({operator.init})" if isinstance(operator, ops.PReLU) else operator.name


def _replaced(old: type[Operator], new: Operator) -> Callable[[Operator], tuple[Operator, ...] | None]:
    return lambda operator: (new,) if type(operator) is old else None


def _normed(graph: Graph) -> Callable[[Operator], tuple[Operator, ...] | None]:
    """A batch norm before each activation of what a convolution or linear layer gives."""

    def change(operator: Operator) -> tuple[Operator, ...] | None:
        if not isinstance(operator, ops.Activation):
            return None
        source = graph.producer(operator, through=(ops.Identity, ops.Dropout))
        if isinstance(source, ops.Conv):
            return (ops.BatchNorm(num_features=source.out_channels, dims=source.dims), operator)
        if isinstance(source, ops.Linear) and (source.shape is None or len(source.shape) == 2):
            return (ops.BatchNorm(num_features=source.out_features, dims=1), operator)
        return None

    return change


def _he(operator: Operator, name: str) -> Initialization | None:
    """Weights from N(0, 2 / fan_in), biases zero (arXiv 1502.01852)."""
    if not isinstance(operator, (ops.Conv, ops.Linear)):
        return None
    return Initialization("kaiming_normal_", {"nonlinearity": "relu"}) if name == "weight" else Initialization("zeros_")


def _xavier(operator: Operator, name: str) -> Initialization | None:
    """Weights with variance 2 / (fan_in + fan_out), biases zero (Glorot 2010)."""
    if not isinstance(operator, (ops.Conv, ops.Linear)):
        return None
    return Initialization("xavier_uniform_") if name == "weight" else Initialization("zeros_")
