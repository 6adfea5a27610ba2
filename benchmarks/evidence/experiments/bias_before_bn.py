"""The bias of a layer that a batch norm follows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, seeded
from ..verdict import Claim

NORMS = {"batch norm": nn.BatchNorm1d, "layer norm": nn.LayerNorm}
WIDTH, SHIFT = 64, 5.0


def network(data: Data, norm: type[nn.Module], bias: bool) -> nn.Sequential:
    return nn.Sequential(nn.Linear(data.features, WIDTH, bias=bias), norm(WIDTH), nn.ReLU(), nn.Linear(WIDTH, data.classes))


def measure(data: Data, seed: int) -> Iterator[Measured]:
    x, y = data.train.x[:64], data.train.y[:64]
    for name, norm in NORMS.items():
        model = seeded(seed, partial(network, data, norm, True))
        before = model(x)
        torch.autograd.backward(F.cross_entropy(before, y))
        layer = model.get_submodule("0")
        assert isinstance(layer, nn.Linear) and layer.bias.grad is not None and layer.weight.grad is not None
        ratio = float(layer.bias.grad.norm() / layer.weight.grad.norm())
        with torch.no_grad():
            layer.bias.add_(SHIFT * torch.randn(WIDTH, generator=torch.Generator().manual_seed(seed)))
            change = float((model(x) - before).abs().max())
        yield Measured(f"{name}, bias", None, {"change": change, "gradient": ratio})
    for arm, bias in (("batch norm, bias", True), ("batch norm, no bias", False)):
        model = seeded(seed, partial(network, data, nn.BatchNorm1d, bias))
        fit(model, data.train, steps=300, seed=seed)
        yield Measured(arm, None, {"accuracy": accuracy(model, data.test)})


experiment = Experiment(
    slug="bias-before-bn",
    statements=("S5",),
    rules=("NL204",),
    question="Does a bias before batch norm change anything in training?",
    metrics={
        "change": Metric("largest change of the output when biases move by about 5", log=True),
        "gradient": Metric("gradient of the bias / gradient of the weight", log=True),
        "accuracy": Metric("test accuracy"),
    },
    claims=(
        Claim("Behind batch norm the output does not depend on the bias", "batch norm, bias", "change", bound=1e-4, higher=False),
        Claim("The bias gets no gradient", "batch norm, bias", "gradient", bound=1e-5, higher=False),
        Claim("With layer norm the bias matters", "layer norm, bias", "change", bound=0.1),
    ),
    measure=measure,
)
