"""Dropout after wide fully-connected layers, over training-set sizes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, mlp, seeded
from ..verdict import Claim

WIDTH, STEPS = 512, 800
SIZES = (100, 1000, 4000)
ARMS = {"no dropout": 0.0, "dropout .5": 0.5}


def network(data: Data, p: float) -> nn.Module:
    return mlp([data.features, WIDTH, WIDTH, data.classes], lambda width: [nn.ReLU(), nn.Dropout(p)])


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for size in sorted({min(size, len(data.train)) for size in SIZES}):
        train = data.train.first(size)
        for arm, p in ARMS.items():
            model = seeded(seed, partial(network, data, p))
            losses = fit(model, train, steps=STEPS, seed=seed)
            values = {"accuracy": accuracy(model, data.test), "loss": sum(losses[40:60]) / 20}
            yield Measured(arm, size, values)


experiment = Experiment(
    slug="dropout-wide",
    statements=("S1", "S4"),
    rules=("NL101", "NL104"),
    question="Does dropout of .5 behind two layers of 512 units raise test accuracy, and with how many training samples?",
    data="mnist",
    axis="training samples",
    log_axis=True,
    metrics={"accuracy": Metric("test accuracy"), "loss": Metric("training loss around step 50", log=True)},
    claims=(
        Claim("Dropout behind wide layers raises accuracy", "dropout .5", "accuracy", than="no dropout", statements=("S1",)),
        Claim(
            "Dropout costs training time: the loss is higher after as many steps",
            "dropout .5",
            "loss",
            than="no dropout",
            statements=("S4",),
        ),
    ),
    measure=measure,
)
