"""Sigmoid and tanh against ReLU and PReLU, by depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, gradient_decades, he_init, mlp, seeded, xavier_init
from ..verdict import Claim

DEPTHS, WIDTH, STEPS = (1, 3, 5, 10, 20), 48, 250
ACTIVATIONS: dict[str, tuple[Callable[[], nn.Module], Callable[[nn.Module], nn.Module]]] = {
    "sigmoid": (nn.Sigmoid, xavier_init),
    "tanh": (nn.Tanh, xavier_init),
    "ReLU": (nn.ReLU, he_init),
    "PReLU .1": (partial(nn.PReLU, init=0.1), he_init),
}


def measure(data: Data, seed: int) -> Iterator[Measured]:
    """Each activation with the initialisation that suits it."""
    for depth in DEPTHS:
        widths = [data.features, *[WIDTH] * depth, data.classes]
        for arm, (activation, initialised) in ACTIVATIONS.items():
            model = seeded(seed, lambda: initialised(mlp(widths, lambda width: [activation()])))  # noqa: B023
            decades = 0.0 if depth == 1 else gradient_decades(model, data.train.x[:128], data.train.y[:128])
            fit(model, data.train, steps=STEPS, seed=seed)
            yield Measured(arm, depth, {"accuracy": accuracy(model, data.test), "decades": decades})


DEEP = (5, 10, 20)
experiment = Experiment(
    slug="saturating-depth",
    statements=("S17", "S25", "S26"),
    rules=("NL402",),
    question="Do sigmoid and tanh stop the gradient, and cost accuracy, as a network gets deeper?",
    axis="hidden layers",
    metrics={
        "accuracy": Metric("test accuracy"),
        "decades": Metric("log10 (gradient at the first layer / at the last hidden one)"),
    },
    claims=(
        Claim("Sigmoid stops the gradient", "sigmoid", "decades", than="ReLU", higher=False, at=DEEP),
        Claim("Sigmoid is less accurate than ReLU", "sigmoid", "accuracy", than="ReLU", higher=False, at=DEEP),
        Claim("Tanh stops the gradient", "tanh", "decades", than="ReLU", higher=False, at=DEEP),
        Claim("Tanh is less accurate than ReLU", "tanh", "accuracy", than="ReLU", higher=False, at=DEEP),
    ),
    measure=measure,
)
