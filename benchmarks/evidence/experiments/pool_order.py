"""An activation before max pooling and behind it: results, time, memory; in training and in onnxruntime."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..verdict import Claim

CHANNELS, SIDE, BATCH, REPEATS = 16, 48, 8, 9
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"ReLU": nn.ReLU, "PReLU": partial(nn.PReLU, init=0.1), "ELU": nn.ELU, "GELU": nn.GELU}
ORDERS = ("activation first", "pooling first")


def fastest(run: Callable[[], object]) -> float:
    """Milliseconds of processor time of the fastest of some runs."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return 1e3 * min(taken)


def saved_bytes(model: nn.Module, x: Tensor) -> int:
    """Bytes that the forward pass keeps for the backward pass, each piece of memory once."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(x)  # held until the sum is taken, so that no memory is used twice
    assert output is not None
    return sum(kept.values())


def session(model: nn.Sequential, order: str, x: Tensor) -> Callable[[], object]:
    """The ReLU block as an ONNX model, run by onnxruntime in one thread with its own graph optimisations."""
    import onnxruntime

    weight, bias = (parameter.detach().numpy() for parameter in model[0].parameters())
    relu, pool = partial(helper.make_node, "Relu"), partial(helper.make_node, "MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    first, second = (relu, pool) if order == ORDERS[0] else (pool, relu)
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), first(["c"], ["d"]), second(["d"], ["y"])]
    tensors = [helper.make_tensor(name, TensorProto.FLOAT, value.shape, value.ravel()) for name, value in (("w", weight), ("b", bias))]
    inputs, outputs = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4)] for name in ("x", "y"))
    graph = helper.make_graph(nodes, "block", inputs, outputs, tensors)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    run = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return partial(run.run, None, {"x": x.numpy()})


def gradients(model: nn.Module, x: Tensor) -> list[Tensor]:
    """The output, and the gradients of the sum of its squares with respect to the parameters."""
    output = model(x)
    return [output.detach(), *torch.autograd.grad(output.square().sum(), list(model.parameters()))]


def measure(data: Data, seed: int) -> Iterator[Measured]:
    torch.manual_seed(seed)
    x = nn.functional.interpolate(data.images().train.x[:BATCH], size=SIDE)
    for name, activation in ACTIVATIONS.items():
        conv, act, pool = nn.Conv2d(1, CHANNELS, 3, padding=1), activation(), nn.MaxPool2d(2)
        models = dict(zip(ORDERS, (nn.Sequential(conv, act, pool), nn.Sequential(conv, pool, act)), strict=True))
        first, second = (gradients(model, x) for model in models.values())
        difference = max(float((a - b).abs().max()) for a, b in zip(first, second, strict=True))
        for order, model in models.items():
            values = {
                "difference": difference,
                "time": fastest(lambda: gradients(model, x)),  # noqa: B023
                "memory": saved_bytes(model, x) / 1e6,
            }
            if name == "ReLU":
                values["onnxruntime"] = fastest(session(model, order, x))
            yield Measured(f"{name}, {order}", None, values)


def gains(says: str, name: str, metric: str) -> Claim:
    return Claim(says, f"{name}, pooling first", metric, than=f"{name}, activation first", higher=False)


experiment = Experiment(
    slug="pool-order",
    statements=("S24",),
    rules=("NL501",),
    question="Is max pooling before the activation the same, faster, and smaller in memory?",
    metrics={
        "difference": Metric("largest difference of outputs and gradients between the orders"),
        "time": Metric("ms a step of convolution, activation, pooling"),
        "memory": Metric("MB kept for the backward pass"),
        "onnxruntime": Metric("ms in onnxruntime, inference"),
    },
    claims=(
        Claim("ReLU: both orders give the same", "ReLU, pooling first", "difference", bound=1e-4, higher=False),
        Claim("GELU: they do not", "GELU, pooling first", "difference", bound=1e-4),
        gains("ReLU: pooling first is faster in training", "ReLU", "time"),
        gains("PReLU: pooling first is faster in training", "PReLU", "time"),
        gains("ReLU: pooling first keeps less memory", "ReLU", "memory"),
        gains("PReLU: pooling first keeps less memory", "PReLU", "memory"),
        gains("ReLU: pooling first is faster in onnxruntime", "ReLU", "onnxruntime"),
    ),
    measure=measure,
)
