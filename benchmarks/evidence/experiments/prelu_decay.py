"""Weight decay on the slopes of PReLU."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, mlp
from ..verdict import Claim

WIDTH, HIDDEN, STEPS, DECAY = 64, 4, 600, 5e-3


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for arm, decay in (("decay on slopes", DECAY), ("no decay on slopes", 0.0)):
        torch.manual_seed(seed)
        model = mlp([data.features, *[WIDTH] * HIDDEN, data.classes], lambda width: [nn.PReLU(width, init=0.25)])
        slopes: list[torch.Tensor] = [module.weight for module in model if isinstance(module, nn.PReLU)]
        others = [parameter for parameter in model.parameters() if all(parameter is not slope for slope in slopes)]
        groups = [{"params": others, "weight_decay": DECAY}, {"params": slopes, "weight_decay": decay}]
        fit(model, data.train, steps=STEPS, seed=seed, optimizer=torch.optim.SGD(groups, lr=0.05, momentum=0.9))
        values = {"accuracy": accuracy(model, data.test), "slope": float(torch.cat(slopes).abs().mean())}
        yield Measured(arm, None, values)


experiment = Experiment(
    slug="prelu-decay",
    statements=("S16+",),
    rules=("NL306",),
    question=f"Does a weight decay of {DECAY} on PReLU's slopes, besides that on the weights, harm?",
    metrics={"accuracy": Metric("test accuracy"), "slope": Metric("mean absolute slope (started at .25)")},
    claims=(
        Claim("Decay pulls the slopes towards 0", "decay on slopes", "slope", than="no decay on slopes", higher=False),
        Claim("Decay on the slopes lowers accuracy", "decay on slopes", "accuracy", than="no decay on slopes", higher=False),
    ),
    measure=measure,
)
