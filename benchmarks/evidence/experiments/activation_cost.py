"""What activations cost, alone and in a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import mlp
from ..verdict import Claim

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "ReLU": nn.ReLU,
    "Leaky ReLU": nn.LeakyReLU,
    "PReLU": nn.PReLU,
    "RReLU": nn.RReLU,
    "ELU": nn.ELU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}
ELEMENTS, REPEATS = 1 << 18, 15


def seconds(run: Callable[[], object]) -> float:
    """Processor time of the fastest of `REPEATS` runs: what else the machine does hardly counts."""
    run()
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


def step(module: nn.Module, x: Tensor) -> None:
    """Forward and backward."""
    torch.autograd.backward(module(x).sum())


def measure(data: Data, seed: int) -> Iterator[Measured]:
    torch.manual_seed(seed)
    x = torch.randn(ELEMENTS, requires_grad=True)
    for arm, activation in ACTIVATIONS.items():
        layer, model = activation(), mlp([data.features, 256, 256, data.classes], lambda width: [activation()])  # noqa: B023
        alone = seconds(lambda: step(layer, x))  # noqa: B023
        whole = seconds(lambda: step(model, data.train.x[:512]))  # noqa: B023
        yield Measured(arm, None, {"alone": 1e9 * alone / ELEMENTS, "network": 1e3 * whole})


experiment = Experiment(
    slug="activation-cost",
    statements=("S23", "S25"),
    rules=("NL401", "NL402"),
    question="How much longer do the other activations take than ReLU, forward and backward?",
    metrics={"alone": Metric("ns an element"), "network": Metric("ms a step of a network with 2 x 256 units")},
    claims=(
        Claim("ELU costs more than ReLU", "ELU", "alone", than="ReLU", statements=("S23",)),
        Claim("ELU costs more than PReLU", "ELU", "alone", than="PReLU", statements=("S23",)),
        Claim("Sigmoid costs more than ReLU", "sigmoid", "alone", than="ReLU", statements=("S25",)),
        Claim("Tanh costs more than ReLU", "tanh", "alone", than="ReLU", statements=("S25",)),
    ),
    measure=measure,
)
