"""The slope of RReLU: drawn in training, fixed at test."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit
from ..verdict import Claim

LOWER, UPPER, STEPS = 0.125, 1 / 3, 400
FLAGS = {"as the module": None, "training=False (default)": False, "training=True": True}


class RReLU(nn.Module):
    """`F.rrelu` with the training flag as written; None: `training=self.training`."""

    def __init__(self, flag: bool | None) -> None:
        super().__init__()
        self.flag = flag

    def forward(self, x: Tensor) -> Tensor:
        return F.rrelu(x, LOWER, UPPER, training=self.training if self.flag is None else self.flag)


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for arm, flag in FLAGS.items():
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(data.features, 128), RReLU(flag), nn.Linear(128, 128), RReLU(flag), nn.Linear(128, data.classes))
        fit(model, data.train, steps=STEPS, seed=seed)
        values = {"accuracy": accuracy(model, data.test)}
        for mode in ("training", "test"):
            model.train(mode == "training")
            with torch.no_grad():
                once, again = (model(data.test.x) for _ in range(2))
            values[f"varies in {mode}"] = float((once - again).abs().mean())
        yield Measured(arm, None, values)


experiment = Experiment(
    slug="rrelu",
    statements=("S19",),
    rules=("NL406",),
    question="Is functional RReLU random in training and fixed at test, as RReLU is meant to be?",
    metrics={
        "accuracy": Metric("test accuracy"),
        "varies in training": Metric("change of a logit when asked again, train mode"),
        "varies in test": Metric("change of a logit when asked again, eval mode"),
    },
    claims=(
        Claim("The module draws slopes in training", "as the module", "varies in training", bound=1e-3),
        Claim("The module is fixed at test", "as the module", "varies in test", bound=1e-3, higher=False),
        Claim("Without the flag nothing is drawn in training", "training=False (default)", "varies in training", bound=1e-3, higher=False),
        Claim("With training=True answers vary at test", "training=True", "varies in test", bound=1e-3),
    ),
    measure=measure,
)
