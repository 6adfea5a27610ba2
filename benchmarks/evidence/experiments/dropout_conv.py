"""Dropout between convolutions, with and without batch norm."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, seeded
from ..verdict import Claim

STEPS, CHANNELS = 500, 8
ARMS = {
    "no dropout": (nn.Dropout, 0.0),
    "dropout .2": (nn.Dropout, 0.2),
    "dropout .5": (nn.Dropout, 0.5),
    "Dropout2d .2": (nn.Dropout2d, 0.2),
}


def network(classes: int, kind: type[nn.Module], p: float, norm: bool) -> nn.Module:
    """Four convolutions; dropout stands before all but the first."""
    layers: list[nn.Module] = []
    for place, (inputs, outputs) in enumerate(
        [(1, CHANNELS), (CHANNELS, CHANNELS), (CHANNELS, 2 * CHANNELS), (2 * CHANNELS, 2 * CHANNELS)]
    ):
        drop = [kind(p)] if place else []
        layers += [*drop, nn.Conv2d(inputs, outputs, 3, padding=1), *([nn.BatchNorm2d(outputs)] if norm else []), nn.ReLU()]
        if place in (0, 2):
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8 * CHANNELS, classes))


def measure(data: Data, seed: int) -> Iterator[Measured]:
    images = data.images().first(1000, 1000)
    for norm in (False, True):
        for arm, (kind, p) in ARMS.items():
            model = seeded(seed, partial(network, data.classes, kind, p, norm))
            fit(model, images.train, steps=STEPS, seed=seed, batch=32, rate=2e-3)
            yield Measured(arm, "batch norm" if norm else "no norm", {"accuracy": accuracy(model, images.test)})


experiment = Experiment(
    slug="dropout-conv",
    statements=("S2",),
    rules=("NL102", "NL105"),
    question="Does dropout between convolutions lower test accuracy?",
    metrics={"accuracy": Metric("test accuracy")},
    claims=(
        Claim("Dropout of .2 between convolutions lowers accuracy", "dropout .2", "accuracy", than="no dropout", higher=False),
        Claim("Dropout of .5 between convolutions lowers accuracy", "dropout .5", "accuracy", than="no dropout", higher=False),
    ),
    measure=measure,
)
