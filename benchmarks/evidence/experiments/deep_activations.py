"""Deep networks without shortcuts: which activation, initialisation and norm let them learn?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, gradient_decades, he_init, mlp, seeded
from ..verdict import Claim

DEPTHS, WIDTH, STEPS = (5, 10, 30, 50), 32, 300
ACTIVATIONS: dict[str, tuple[Callable[[], nn.Module], float]] = {
    "ReLU": (nn.ReLU, 0.0),
    "PReLU": (partial(nn.PReLU, init=0.1), 0.1),
    "ELU": (nn.ELU, 0.0),
}


def network(data: Data, depth: int, name: str, init: str, norm: bool) -> nn.Module:
    """`depth` weighted layers; "he": variance for the slope at the start, "default": PyTorch's."""
    activation, slope = ACTIVATIONS[name]
    widths = [data.features, *[WIDTH] * (depth - 1), data.classes]
    model = mlp(widths, lambda width: [nn.BatchNorm1d(width), activation()] if norm else [activation()])
    return he_init(model, slope) if init == "he" else model


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for depth in DEPTHS:
        for init, norm in (("default", False), ("he", False), ("default", True)):
            for name in ACTIVATIONS:
                model = seeded(seed, partial(network, data, depth, name, init, norm))
                decades = gradient_decades(model, data.train.x[:128], data.train.y[:128])
                fit(model, data.train, steps=STEPS, seed=seed)
                arm = f"{name}, {'batch norm' if norm else f'{init} init'}"
                yield Measured(arm, depth, {"accuracy": accuracy(model, data.train), "decades": decades})


experiment = Experiment(
    slug="deep-activations",
    statements=("S21",),
    rules=("NL403", "NL405"),
    question=f"Which plain networks of 5 to 50 layers learn within {STEPS} steps?",
    axis="weighted layers",
    metrics={
        "accuracy": Metric("training accuracy"),
        "decades": Metric("log10 (gradient at the first layer / at the last hidden one)"),
    },
    claims=(
        Claim("ReLU without norm, default init: does not learn", "ReLU, default init", "accuracy", bound=0.5, higher=False, at=(30, 50)),
        Claim("ReLU without norm, He init: does not learn", "ReLU, he init", "accuracy", bound=0.5, higher=False, at=(30, 50)),
        Claim("PReLU without norm, He init: does not learn", "PReLU, he init", "accuracy", bound=0.5, higher=False, at=(30, 50)),
        Claim("ELU without norm, He init: learns", "ELU, he init", "accuracy", bound=0.5, at=(30, 50)),
        Claim("ELU is better than ReLU, He init", "ELU, he init", "accuracy", than="ReLU, he init", at=(30, 50)),
        Claim("ReLU with batch norm: learns", "ReLU, batch norm", "accuracy", bound=0.5, at=(30, 50)),
    ),
    measure=measure,
)
