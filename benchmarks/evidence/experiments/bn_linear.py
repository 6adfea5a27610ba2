"""Batch norm after fully-connected layers, by depth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, mlp, seeded
from ..verdict import Claim

DEPTHS, WIDTH, STEPS = (1, 3, 6), 64, 400


def network(data: Data, depth: int, norm: bool) -> nn.Module:
    widths = [data.features, *[WIDTH] * depth, data.classes]
    return mlp(widths, lambda width: [nn.BatchNorm1d(width), nn.ReLU()] if norm else [nn.ReLU()])


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for depth in DEPTHS:
        for arm, norm in (("no norm", False), ("batch norm", True)):
            model = seeded(seed, partial(network, data, depth, norm))
            losses = fit(model, data.train, steps=STEPS, seed=seed)
            yield Measured(arm, depth, {"accuracy": accuracy(model, data.test), "loss": sum(losses[90:110]) / 20})


experiment = Experiment(
    slug="bn-linear",
    statements=("S7",),
    rules=("NL201",),
    question="Is a multi-layer perceptron without batch norm as good as one with it?",
    axis="hidden layers",
    metrics={"accuracy": Metric("test accuracy"), "loss": Metric("training loss around step 100", log=True)},
    claims=(
        Claim("After fully-connected layers no norm is more accurate than batch norm", "no norm", "accuracy", than="batch norm"),
        Claim("It also trains faster", "no norm", "loss", than="batch norm", higher=False),
    ),
    measure=measure,
)
