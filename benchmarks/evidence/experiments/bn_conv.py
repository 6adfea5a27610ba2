"""Batch norm after convolutions, by depth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, seeded
from ..verdict import Claim

DEPTHS, CHANNELS, STEPS = (2, 4, 8), 8, 300


def network(classes: int, depth: int, norm: bool) -> nn.Module:
    layers: list[nn.Module] = []
    for place in range(depth):
        layers += [nn.Conv2d(CHANNELS if place else 1, CHANNELS, 3, padding=1)]
        layers += [nn.BatchNorm2d(CHANNELS), nn.ReLU()] if norm else [nn.ReLU()]
        if place < 2:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * CHANNELS, classes))


def measure(data: Data, seed: int) -> Iterator[Measured]:
    images = data.images().first(2000, 1000)
    for depth in DEPTHS:
        for arm, norm in (("no norm", False), ("batch norm", True)):
            model = seeded(seed, partial(network, data.classes, depth, norm))
            losses = fit(model, images.train, steps=STEPS, seed=seed, batch=32, rate=3e-3)
            yield Measured(arm, depth, {"accuracy": accuracy(model, images.test), "loss": sum(losses[-20:]) / 20})


experiment = Experiment(
    slug="bn-conv",
    statements=("S6", "S10"),
    rules=("NL205",),
    question=f"Does batch norm after convolutions raise test accuracy after {STEPS} steps?",
    data="mnist",
    axis="convolutions",
    metrics={"accuracy": Metric("test accuracy"), "loss": Metric("training loss of the last 20 steps", log=True)},
    claims=(
        Claim("Batch norm after convolutions raises accuracy", "batch norm", "accuracy", than="no norm"),
        Claim("It lowers the training loss after as many steps", "batch norm", "loss", than="no norm", higher=False),
    ),
    measure=measure,
)
