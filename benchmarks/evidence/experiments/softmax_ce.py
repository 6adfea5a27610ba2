"""A softmax in front of the cross entropy, which has one of its own; a sigmoid in front of the binary one."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, mlp, seeded
from ..verdict import Claim

WIDTH, STEPS = 64, 400


def measure(data: Data, seed: int) -> Iterator[Measured]:
    """The floor is the loss of a perfect answer; the one of the binary cross entropy is for a sample of class 0."""
    certain = 100 * torch.eye(data.classes)
    floors = {"logits": certain, "softmax": certain.softmax(1)}
    for arm, perfect in floors.items():
        model = seeded(seed, lambda: mlp([data.features, WIDTH, data.classes], lambda width: [nn.ReLU()]))
        if arm == "softmax":
            model.append(nn.Softmax(dim=1))
        losses = fit(model, data.train, steps=STEPS, seed=seed)
        floor = float(F.cross_entropy(perfect, torch.arange(data.classes)))
        values = {"loss": sum(losses[-20:]) / 20, "floor": floor, "accuracy": accuracy(model, data.test)}
        yield Measured(arm, None, values)
    negative, logit = torch.zeros(1), torch.tensor([-100.0])
    yield Measured("binary, logits", None, {"floor": float(F.binary_cross_entropy_with_logits(logit, negative))})
    yield Measured("binary, sigmoid", None, {"floor": float(F.binary_cross_entropy_with_logits(logit.sigmoid(), negative))})


experiment = Experiment(
    slug="softmax-ce",
    statements=("S18",),
    rules=("NL409", "NL410"),
    question="What does a second softmax before the cross entropy cost?",
    metrics={
        "loss": Metric("training loss of the last 20 steps"),
        "floor": Metric("loss of a perfect answer"),
        "accuracy": Metric("test accuracy"),
    },
    claims=(
        Claim("The loss cannot come near 0", "softmax", "floor", bound=0.5),
        Claim("Training ends at a higher loss", "softmax", "loss", than="logits"),
        Claim("It lowers accuracy", "softmax", "accuracy", than="logits", higher=False),
        Claim("A sigmoid before the binary cross entropy keeps the loss of negatives up", "binary, sigmoid", "floor", bound=0.5),
    ),
    measure=measure,
)
