"""Batch norm, group norm and layer norm over the size of the training batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, seeded
from ..verdict import Claim

SIZES, CHANNELS, SAMPLES = (1, 2, 4, 8, 16, 32, 64), 16, 1500
NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch norm": nn.BatchNorm2d,
    "group norm": partial(nn.GroupNorm, 4),
    "layer norm": partial(nn.GroupNorm, 1),  # over all features of a sample
}


def network(classes: int, norm: Callable[[int], nn.Module]) -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, stride in ((1, 2), (CHANNELS, 2), (CHANNELS, 1)):
        layers += [nn.Conv2d(inputs, CHANNELS, 3, stride=stride, padding=1, bias=False), norm(CHANNELS), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS, classes))


def measure(data: Data, seed: int) -> Iterator[Measured]:
    """Each batch size sees `SAMPLES` samples in all; the learning rate grows with its root, as suits Adam."""
    images = data.images().first(SAMPLES, 1000)
    for size in SIZES:
        for arm, norm in NORMS.items():
            model = seeded(seed, partial(network, data.classes, norm))
            fit(model, images.train, steps=2 * SAMPLES // size, seed=seed, batch=size, rate=2e-3 * (size / 8) ** 0.5)
            yield Measured(arm, size, {"accuracy": accuracy(model, images.test)})


experiment = Experiment(
    slug="norm-batch-size",
    statements=("S8", "S10"),
    rules=("NL202", "NL206"),
    question="From which batch size on is batch norm as good as the norms that do not look at the batch?",
    axis="samples in a batch",
    log_axis=True,
    metrics={"accuracy": Metric("test accuracy")},
    claims=(
        Claim(
            "Small batches: batch norm is worse than group norm",
            "batch norm",
            "accuracy",
            than="group norm",
            higher=False,
            at=(1, 2, 4),
            statements=("S8",),
        ),
        Claim(
            "Small batches: batch norm is worse than layer norm",
            "batch norm",
            "accuracy",
            than="layer norm",
            higher=False,
            at=(1, 2, 4),
            statements=("S8",),
        ),
        Claim(
            "Large batches: batch norm is better than layer norm on images",
            "batch norm",
            "accuracy",
            than="layer norm",
            at=(32, 64),
            statements=("S10",),
        ),
    ),
    measure=measure,
)
