"""L1 against L2 over a ladder of coefficients that starts at 0, with all features useful and with few."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..data import Data, Samples
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit
from ..verdict import Claim

BEST = "the coefficient chosen"
LADDER = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
NOISE, TRAIN, STEPS = 20, 60, 250  # columns of noise for each real one; samples to train with
PENALTIES: dict[str, Callable[[Tensor], Tensor]] = {
    "L1": lambda weight: weight.abs().sum(),
    "L2": lambda weight: weight.square().sum(),
}


def with_noise(samples: Samples, seed: int) -> Samples:
    """Adds `NOISE` columns for each real one: its own values in another order, so that they tell nothing about the class."""
    order = torch.Generator().manual_seed(seed)
    noise = [column[torch.randperm(len(samples), generator=order)] for column in samples.x.T for _ in range(NOISE)]
    return Samples(torch.cat([samples.x, torch.stack(noise, 1)], 1), samples.y)


def measure(data: Data, seed: int) -> Iterator[Measured]:
    """The coefficient is chosen on half of the samples that are not trained with, and judged on the other half."""
    for features in ("all useful", "few useful"):
        samples = Samples(torch.cat([data.train.x, data.test.x]), torch.cat([data.train.y, data.test.y]))
        samples = with_noise(samples, seed) if features == "few useful" else samples
        train, rest = samples.first(TRAIN), Samples(samples.x[TRAIN:], samples.y[TRAIN:])
        half = len(rest) // 2
        choose, judge = rest.first(half), Samples(rest.x[half:], rest.y[half:])
        for name, norm in PENALTIES.items():
            found = []
            for strength in LADDER:
                torch.manual_seed(seed)
                model = nn.Linear(samples.x.shape[1], data.classes)
                fit(model, train, steps=STEPS, seed=seed, batch=TRAIN, rate=1e-2, penalty=lambda: strength * norm(model.weight))  # noqa: B023
                zeros = float((model.weight.abs() < 1e-2 * model.weight.abs().max()).float().mean())
                values = {"accuracy": accuracy(model, judge), "zeros": zeros}
                found.append((accuracy(model, choose), values))
                yield Measured(f"{name}, {features}", strength, values)
            best = max(found, key=lambda pair: pair[0])[1]
            yield Measured(f"{name}, {features}", BEST, best)
        yield Measured(f"no penalty, {features}", BEST, found[0][1])


def chosen(says: str, arm: str, than: str, statements: tuple[str, ...], metric: str = "accuracy") -> Claim:
    return Claim(says, arm, metric, than=than, at=(BEST,), statements=statements)


experiment = Experiment(
    slug="l1-l2-ladder",
    statements=("S12", "S13", "S14", "S15", "S16"),
    rules=("NL301", "NL302", "NL303"),
    question="What do L1 and L2 penalties give a linear classifier when all features are useful, and when 1 in 21 is?",
    data="breast-cancer",
    axis="coefficient",
    log_axis=True,
    metrics={"accuracy": Metric("test accuracy"), "zeros": Metric("share of weights below 1 % of the largest")},
    claims=(
        chosen("L1 makes weights sparse, L2 does not", "L1, few useful", "L2, few useful", ("S13", "S14"), "zeros"),
        chosen("With few useful features a penalty helps", "L1, few useful", "no penalty, few useful", ("S12", "S15")),
        chosen("With few useful features L1 is better than L2", "L1, few useful", "L2, few useful", ("S16",)),
        chosen("With all features useful L2 is better than L1", "L2, all useful", "L1, all useful", ("S16",)),
    ),
    measure=measure,
    seeds=10,
)
