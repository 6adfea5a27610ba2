"""ReLU and the functions that are advised instead: convergence, accuracy, dead units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, mlp, seeded
from ..verdict import Claim

WIDTH, HIDDEN, STEPS = 64, 4, 400
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "ReLU": nn.ReLU,
    "Leaky ReLU .01": nn.LeakyReLU,
    "PReLU .1": partial(nn.PReLU, init=0.1),
    "PReLU .25": partial(nn.PReLU, init=0.25),
    "RReLU": nn.RReLU,
    "ELU": nn.ELU,
}


def network(data: Data, activation: Callable[[], nn.Module]) -> nn.Sequential:
    return mlp([data.features, *[WIDTH] * HIDDEN, data.classes], lambda width: [activation()])


@torch.no_grad()
def hidden(model: nn.Sequential, x: Tensor) -> tuple[float, float]:
    """The share of hidden units whose input is negative for every sample, and the mean of all hidden outputs."""
    silent, means = [], []
    for layer in model:
        if not isinstance(layer, nn.Linear):
            silent.append((x <= 0).all(0).float().mean())
        x = layer(x)
        if not isinstance(layer, nn.Linear):
            means.append(x.mean())
    return float(torch.stack(silent).mean()), float(torch.stack(means).mean())


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for arm, activation in ACTIVATIONS.items():
        model = seeded(seed, partial(network, data, activation))
        losses = fit(model, data.train, steps=STEPS, seed=seed)
        dead, mean = hidden(model, data.train.x)
        early = sum(losses[40:60]) / 20
        yield Measured(arm, None, {"accuracy": accuracy(model, data.test), "early loss": early, "dead": dead, "mean": abs(mean)})


experiment = Experiment(
    slug="activations",
    statements=("S20", "S22", "S26"),
    rules=("NL401", "NL404"),
    question="Are PReLU, RReLU and ELU better than ReLU in a plain network?",
    metrics={
        "accuracy": Metric("test accuracy"),
        "early loss": Metric("training loss around step 50"),
        "dead": Metric("share of hidden units that are silent for every sample"),
        "mean": Metric("absolute mean of the hidden outputs"),
    },
    claims=(
        Claim("PReLU with slope .1 is more accurate than ReLU", "PReLU .1", "accuracy", than="ReLU", statements=("S22", "S26")),
        Claim("A slope of .1 is better than PyTorch's .25", "PReLU .1", "accuracy", than="PReLU .25", statements=("S22",)),
        Claim("PReLU converges faster than ReLU", "PReLU .1", "early loss", than="ReLU", higher=False, statements=("S22", "S26")),
        Claim("ELU converges faster than ReLU", "ELU", "early loss", than="ReLU", higher=False, statements=("S20",)),
        Claim("ELU's outputs have a mean nearer to zero", "ELU", "mean", than="ReLU", higher=False, statements=("S20",)),
    ),
    measure=measure,
    seeds=10,
)
