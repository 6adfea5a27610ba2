"""How much of the gradient reaches the first layer, with and without norm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import gradient_decades, mlp, seeded, weighted
from ..verdict import Claim

DEPTHS, WIDTH = (5, 10, 20, 40), 64
NORMS: dict[str, Callable[[int], list[nn.Module]]] = {
    "no norm": lambda width: [],
    "batch norm": lambda width: [nn.BatchNorm1d(width)],
    "layer norm": lambda width: [nn.LayerNorm(width)],
}
SCALES = {"default init": 1.0, "5 x larger init": 5.0}


def network(data: Data, depth: int, norm: Callable[[int], list[nn.Module]], scale: float) -> nn.Module:
    model = mlp([data.features, *[WIDTH] * depth, data.classes], lambda width: [*norm(width), nn.ReLU()])
    with torch.no_grad():
        for layer in weighted(model):
            layer.weight *= scale
    return model


def measure(data: Data, seed: int) -> Iterator[Measured]:
    x, y = data.train.x[:128], data.train.y[:128]
    for depth in DEPTHS:
        for init, scale in SCALES.items():
            for name, norm in NORMS.items():
                decades = gradient_decades(seeded(seed, partial(network, data, depth, norm, scale)), x, y)
                yield Measured(f"{name}, {init}", depth, {"decades": decades, "off": abs(decades)})


def curbs(norm: str, init: str, word: str) -> Claim:
    says = f"{norm.capitalize()} curbs {word} gradients ({init})"
    return Claim(says, f"{norm}, {init}", "off", than=f"no norm, {init}", higher=False)


experiment = Experiment(
    slug="norm-gradient",
    statements=("S11",),
    rules=("NL205", "NL403"),
    question="Do batch norm and layer norm keep the gradient of a ReLU network from vanishing and exploding?",
    axis="hidden layers",
    metrics={
        "decades": Metric("log10 (gradient at the first layer / at the last hidden one)"),
        "off": Metric("decades that this is from 0"),
    },
    claims=tuple(
        curbs(norm, init, word)
        for norm in ("batch norm", "layer norm")
        for init, word in (("default init", "vanishing"), ("5 x larger init", "exploding"))
    ),
    measure=measure,
)
