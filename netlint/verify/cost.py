"""What a network costs, and each operator of it: operations, bytes moved, and measured time (statements S23, S24)."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from netlint.graph import Graph, Layer, Operator, Parameter, Unknown
from netlint.graph import operators as ops
from netlint.graph.cost import flops
from netlint.layers import Array, Context, ReferenceLayer, reference
from netlint.verify.kernels import installed, kernel
from netlint.verify.network import Network, Shapes, Unmeasurable
from netlint.verify.state import Values
from netlint.verify.tensors import generator

REPEATS = 7
WIDTH = 4
"""Bytes of a number in single precision."""
REFERENCE = "reference layers"


@dataclass(frozen=True)
class Cost:
    """One operator or a whole network. `flops` count the forward pass (None: not known); `bytes` what the forward pass reads and writes, in
    single precision, weights too; `forward` and `backward` are seconds on one thread of this machine (None: not measured), the least of
    several runs, by what is `measured_with`."""

    path: str
    name: str
    flops: int | None
    bytes: int
    forward: float | None = None
    backward: float | None = None
    measured_with: str = ""

    def __str__(self) -> str:
        seconds = [
            f"{value * 1e3:.3g} ms {name}" for name, value in (("forward", self.forward), ("back", self.backward)) if value is not None
        ]
        timed = f", {' and '.join(seconds)} ({self.measured_with})" if seconds else ""
        operations = "operations not known" if self.flops is None else f"{self.flops:,} operations"
        return f"{self.name}: {operations}, {self.bytes:,} bytes{timed}"

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def costs(graph: Graph, input_shapes: Shapes, measure: bool = True, seed: int = 0) -> tuple[Cost, ...] | Unknown:
    """The cost of each operator of a network, in order. Times are those of PyTorch's functions where PyTorch is installed and has one, else
    of the reference layers. Unknown where the network cannot be run."""
    try:
        network = Network.of(graph, input_shapes)
        weights = network.weights(seed)
        run = network.run(seed, weights=weights)
    except Unmeasurable as error:
        return Unknown(str(error))
    found = []
    for operator in network.operators:
        if isinstance(operator, (ops.Weight, ops.Constant, ops.Select)):
            continue
        given = [run.values[id(source)][0] for source in operator.inputs]
        own = {name: weights[key] for name, key in network.state.names(operator.layer).items() if key in weights}
        found.append(_cost(operator, given, own, run.values[id(operator)][0], measure))
    return tuple(found)


def total(parts: Sequence[Cost], name: str = "the network") -> Cost:
    """The sum of costs. Its time is None if one of them was not measured."""
    operations = [part.flops for part in parts if part.flops is not None]
    forward = [part.forward for part in parts if part.forward is not None]
    backward = [part.backward for part in parts if part.backward is not None]
    return Cost(
        "",
        name,
        sum(operations) if len(operations) == len(parts) else None,
        sum(part.bytes for part in parts),
        sum(forward) if len(forward) == len(parts) else None,
        sum(backward) if len(backward) == len(parts) else None,
        ", ".join(dict.fromkeys(part.measured_with for part in parts if part.measured_with)),
    )


def activation_costs(shape: tuple[int, ...], kinds: Sequence[Operator] | None = None, measure: bool = True) -> tuple[Cost, ...]:
    """What activations cost on a tensor of this shape: by default those that the document weighs against one another (S22, S23, S25)."""
    x = generator("activation", shape).normal(size=shape)
    found = []
    for kind in kinds or (ops.ReLU(), ops.LeakyReLU(), ops.PReLU(init=0.1), ops.RReLU(), ops.ELU(), ops.Sigmoid(), ops.Tanh()):
        names = kind.parameter_shapes()
        layer = Layer("", kind.name, parameters={name: Parameter(name, size) for name, size in names.items()})
        slope = kind.init if isinstance(kind, ops.PReLU) and isinstance(kind.init, float) else 0.1
        own = {name: np.full(tuple(n if isinstance(n, int) else 1 for n in size), slope) for name, size in names.items()}
        operator = kind.apply(ops.Input(shape=shape), layer=layer, shape=shape)
        found.append(_cost(operator, [x], own, x, measure))
    return tuple(found)


def _cost(operator: Operator, given: list[Array], own: Values, result: Array, measure: bool) -> Cost:
    sized = operator.apply(*(_placed(value) for value in given), shape=tuple(np.shape(result)))
    moved = sum(np.size(value) for value in (*given, *own.values())) + np.size(result)
    count = flops(sized)
    if not measure:
        return Cost(operator.path, operator.name, count, moved * WIDTH)
    forward, backward, how = _timed(operator, given, own)
    return Cost(operator.path, operator.name, count, moved * WIDTH, forward, backward, how)


def _placed(value: Array) -> Operator:
    """An operator that stands for a value in a question about shapes."""
    return ops.Constant(value=None, shape=tuple(np.shape(value)))


# -- time -----------------------------------------------------------------------------------------------------------------


def _timed(operator: Operator, given: list[Array], own: Values) -> tuple[float | None, float | None, str]:
    function = kernel(operator) if installed() else None
    return _reference_time(operator, given, own) if function is None else _torch_time(function, given, own)


def _least(function: Callable[[], object]) -> float:
    """The least time of several runs: what else the machine does only adds to it."""
    function()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def _torch_time(function: Callable[..., Any], given: list[Array], own: Values) -> tuple[float, float | None, str]:
    torch = importlib.import_module("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for a busy core would be measured instead
    try:
        return _on_one_thread(torch, function, given, own)
    finally:
        torch.set_num_threads(threads)


def _on_one_thread(torch: Any, function: Callable[..., Any], given: list[Array], own: Values) -> tuple[float, float | None, str]:
    inputs = [_tensor(torch, value) for value in given]
    parameters = {name: _tensor(torch, value) for name, value in own.items() if np.asarray(value).dtype.kind == "f"}
    forward = _least(lambda: function(*inputs, **parameters))
    result = function(*inputs, **parameters)
    leaves = [leaf for leaf in (*inputs, *parameters.values()) if getattr(leaf, "requires_grad", False)]
    backward = None
    if result.requires_grad:
        upstream = torch.ones_like(result)
        backward = _least(lambda: torch.autograd.grad(result, leaves, upstream, retain_graph=True, allow_unused=True))
    return forward, backward, f"PyTorch {torch.__version__}"


def _tensor(torch: Any, value: Array) -> Any:
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return torch.from_numpy(np.ascontiguousarray(array))
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).requires_grad_()


def _reference_time(operator: Operator, given: list[Array], own: Values) -> tuple[float | None, float | None, str]:
    layer = reference(operator)
    if not isinstance(layer, ReferenceLayer):
        return None, None, ""
    inputs = tuple(_single(value) for value in given)
    parameters = {name: _single(value) for name, value in own.items()}
    context = Context(training=True)
    forward = _least(lambda: layer.forward(inputs, parameters, context))
    step = layer.forward(inputs, parameters, context)
    gradients = [np.ones_like(output) if np.asarray(output).dtype.kind == "f" else None for output in step.outputs]
    return forward, _least(lambda: step.backward(*gradients)), f"{REFERENCE} (NumPy {np.__version__})"


def _single(value: Array) -> Array:
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind == "f" else array
