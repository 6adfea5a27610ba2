"""Functional dropout that stays on in eval mode."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, seeded
from ..verdict import Claim

RATES = (0.2, 0.5, 0.8)


class Network(nn.Module):
    """`always`: `F.dropout(x, p)`, whose `training` is True by default, as the rule finds it."""

    def __init__(self, features: int, classes: int, p: float) -> None:
        super().__init__()
        self.hidden, self.out, self.p, self.always = nn.Linear(features, 256), nn.Linear(256, classes), p, False

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.hidden(x))
        x = F.dropout(x, self.p) if self.always else F.dropout(x, self.p, training=self.training)
        logits: Tensor = self.out(x)
        return logits


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for p in RATES:
        model = seeded(seed, partial(Network, data.features, data.classes, p))
        fit(model, data.train, steps=300, seed=seed)  # leaves the model in eval mode
        for arm, always in (("off in eval", False), ("on in eval", True)):
            model.always = always
            with torch.no_grad():
                once, again = (model(data.test.x).argmax(1) for _ in range(2))
            values = {"accuracy": accuracy(model, data.test), "differ": float((once != again).float().mean())}
            yield Measured(arm, p, values)


experiment = Experiment(
    slug="dropout-eval",
    statements=("S3",),
    rules=("NL103",),
    question="What does functional dropout without `training=self.training` cost at test time?",
    axis="dropout rate",
    metrics={"accuracy": Metric("test accuracy"), "differ": Metric("share of answers that change when asked again")},
    claims=(
        Claim("Dropout left on in eval lowers accuracy", "on in eval", "accuracy", than="off in eval", higher=False),
        Claim("Dropout left on in eval gives other answers when asked again", "on in eval", "differ", than="off in eval"),
    ),
    measure=measure,
)
