"""Batch norm against layer norm in a transformer that reads sequences of different lengths."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data import Data, Samples
from ..experiment import Experiment, Measured, Metric
from ..training import accuracy, fit, seeded
from ..verdict import Claim

WIDTH, BLOCKS, STEPS = 32, 2, 300
BATCHES = (4, 16, 64)


class OverTime(nn.BatchNorm1d):
    """Batch norm of (N, T, C): statistics over all samples and places, as it is used in transformers."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Block(nn.Module):
    def __init__(self, norm: type[nn.Module]) -> None:
        super().__init__()
        self.qkv, self.out, self.norm1, self.norm2 = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH), norm(WIDTH), norm(WIDTH)
        self.feed = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).chunk(3, dim=-1)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, attn_mask=seen[:, None, :]))
        x = x + self.feed(self.norm2(x))
        return x


class Transformer(nn.Module):
    """Rows of an image as the words of a sentence; a row of zeros is padding."""

    def __init__(self, features: int, classes: int, norm: type[nn.Module]) -> None:
        super().__init__()
        self.side = round(features**0.5)
        self.embed, self.places = nn.Linear(self.side, WIDTH), nn.Parameter(0.1 * torch.randn(self.side, WIDTH))
        self.blocks, self.head = nn.ModuleList(Block(norm) for _ in range(BLOCKS)), nn.Linear(WIDTH, classes)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(len(x), -1, self.side)
        seen = rows.abs().sum(-1) > 0
        x = (self.embed(rows) + self.places) * seen[..., None]
        for block in self.blocks:
            x = block(x, seen)
        logits: Tensor = self.head((x * seen[..., None]).sum(1) / seen.sum(1, keepdim=True))
        return logits


def shortened(samples: Samples, seed: int) -> Samples:
    """Each image is cut behind a row between its middle and its end: sequences of different lengths, padded with zeros."""
    side = round(samples.x.shape[1] ** 0.5)
    lengths = torch.randint(side // 2, side + 1, (len(samples), 1), generator=torch.Generator().manual_seed(seed))
    kept = torch.arange(side).repeat_interleave(side) < lengths
    return Samples(samples.x * kept, samples.y)


def measure(data: Data, seed: int) -> Iterator[Measured]:
    train, test = shortened(data.train, seed), shortened(data.test, seed + 1000)
    for size in BATCHES:
        for arm, norm in (("batch norm", OverTime), ("layer norm", nn.LayerNorm)):
            model = seeded(seed, partial(Transformer, data.features, data.classes, norm))
            fit(model, train, steps=STEPS, seed=seed, batch=size, rate=2e-3)
            yield Measured(arm, size, {"accuracy": accuracy(model, test)})


experiment = Experiment(
    slug="norm-sequence",
    statements=("S9",),
    rules=("NL203",),
    question="Is layer norm better than batch norm in a transformer over sequences of different lengths?",
    axis="sequences in a batch",
    log_axis=True,
    metrics={"accuracy": Metric("test accuracy")},
    claims=(Claim("Layer norm is better than batch norm on sequences", "layer norm", "accuracy", than="batch norm"),),
    measure=measure,
)
