"""ReLU units that a bad initialisation makes silent: do they come back?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, mlp, seeded, weighted
from ..verdict import Claim
from .activations import ACTIVATIONS, hidden

WIDTH, STEPS = 64, 400
BIASES = (0.0, -0.5, -1.0, -2.0)


def network(data: Data, arm: str, bias: float) -> nn.Sequential:
    """Two hidden layers whose biases start at `bias`: the lower, the more units are silent for every sample."""
    model = mlp([data.features, WIDTH, WIDTH, data.classes], lambda width: [ACTIVATIONS[arm]()])
    for layer in weighted(model)[:-1]:
        assert layer.bias is not None
        nn.init.constant_(layer.bias, bias)
    return model


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for bias in BIASES:
        for arm in ("ReLU", "PReLU .1", "ELU"):
            model = seeded(seed, partial(network, data, arm, bias))
            before = hidden(model, data.train.x)[0]
            fit(model, data.train, steps=STEPS, seed=seed, optimizer=torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9))
            values = {"accuracy": accuracy(model, data.test), "dead before": before, "dead after": hidden(model, data.train.x)[0]}
            yield Measured(arm, bias, values)


experiment = Experiment(
    slug="stuck-units",
    statements=("S22",),
    rules=("NL401",),
    question="Do units that start silent stay silent with ReLU, and learn with PReLU?",
    axis="bias at the start",
    metrics={
        "accuracy": Metric("test accuracy"),
        "dead before": Metric("silent hidden units before training"),
        "dead after": Metric("silent hidden units after training"),
    },
    claims=(
        Claim("Badly initialised, ReLU stays stuck where PReLU learns", "ReLU", "accuracy", than="PReLU .1", higher=False, at=(-1.0, -2.0)),
        Claim("Well initialised, PReLU is better too", "PReLU .1", "accuracy", than="ReLU", at=(0.0,)),
    ),
    measure=measure,
    seeds=10,
)
