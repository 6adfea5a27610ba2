"""The L2 penalty with the square and without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..data import Data
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, mlp, weighted
from ..verdict import Claim

LADDER, WIDTH, STEPS = (0.0, 1e-3, 1e-2, 1e-1, 1.0), 64, 300
FORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "square": lambda weight: weight.square().sum(),
    "root": lambda weight: weight.norm(2),
}


def pull(form: Callable[[Tensor], Tensor], weight: Tensor) -> float:
    """The norm of the penalty's gradient."""
    weight = weight.detach().requires_grad_()
    return float(torch.autograd.grad(form(weight), weight)[0].norm())


def measure(data: Data, seed: int) -> Iterator[Measured]:
    for name, form in FORMS.items():
        for strength in LADDER:
            torch.manual_seed(seed)
            model = mlp([data.features, WIDTH, data.classes], lambda width: [nn.ReLU()])
            weights = [layer.weight for layer in weighted(model)]
            # How much less the penalty pulls at a weight a hundred times smaller: the square's pull shrinks with the weight.
            shrinks = pull(form, weights[0] / 100) / pull(form, weights[0])
            fit(model, data.train, steps=STEPS, seed=seed, penalty=lambda: strength * sum(map(form, weights), torch.zeros(())))  # noqa: B023
            norm = float(torch.stack([weight.norm() for weight in weights]).sum())
            yield Measured(name, strength, {"accuracy": accuracy(model, data.test), "norm": norm, "shrinks": shrinks})


experiment = Experiment(
    slug="l2-root",
    statements=("S14",),
    rules=("NL304",),
    question="Is the root of the sum of squares the same penalty as the sum of squares?",
    axis="coefficient",
    log_axis=True,
    metrics={
        "accuracy": Metric("test accuracy"),
        "norm": Metric("sum of the norms of the weights"),
        "shrinks": Metric("pull at weights / 100 over pull at weights", log=True),
    },
    claims=(
        Claim("The square pulls less at smaller weights", "square", "shrinks", bound=0.02, higher=False, at=(1.0,)),
        Claim("The root pulls at small weights as hard as at large ones", "root", "shrinks", bound=0.98, at=(1.0,)),
        Claim("With one coefficient the two leave other weights", "root", "norm", than="square", at=(1e-2, 1e-1), least=1.0),
    ),
    measure=measure,
)
