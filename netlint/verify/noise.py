"""How noisy the statistics of a batch are at a batch size (statement S8), measured on the network at its first weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from netlint.graph import Graph, Operator, Unknown
from netlint.graph import operators as ops
from netlint.layers import Array
from netlint.verify.network import Network, Shapes, Unmeasurable

BATCHES = 32
"""How many batches the spread is taken over."""


@dataclass(frozen=True)
class BatchNoise:
    """One batch norm: `values` is how many numbers a channel's statistics are made of. `mean` is the spread of the batch means over the
    batches, in standard deviations of the channel; `variance` the spread of the batch variances, relative to the variance. Both are root
    mean squares over the channels. Independent numbers would give 1 / sqrt(values) and about sqrt(2 / values)."""

    path: str
    batch: int
    values: int
    mean: float
    variance: float

    @property
    def independent(self) -> float:
        """The spread of the mean if all numbers of a channel were independent."""
        return 1 / math.sqrt(self.values)

    def __str__(self) -> str:
        spread = f"batch means spread by {self.mean:.2g} standard deviations, variances by {self.variance:.0%}"
        return f"{self.path}: {spread}, at a batch of {self.batch}"

    def as_json(self) -> dict[str, object]:
        return {"path": self.path, "batch": self.batch, "values": self.values, "mean": self.mean, "variance": self.variance}


def batch_noise(graph: Graph, input_shapes: Shapes, batch: int, seed: int = 0, batches: int = BATCHES) -> tuple[BatchNoise, ...] | Unknown:
    """The noise of each batch norm's statistics at a batch size; the first size of `input_shapes` is replaced by it.

    The inputs are from N(0, 1), independent: neighbouring pixels of images are alike, so there the noise is larger. Unknown where the
    network cannot be run, or where a batch norm has one value a channel, from which PyTorch makes no statistics.
    """
    shapes = [(batch, *shape[1:]) for shape in input_shapes]
    norms = [norm for norm in graph.of(ops.BatchNorm) if not norm.frozen]
    read: dict[int, list[Array]] = {id(norm): [] for norm in norms}
    try:
        network = Network.of(graph, shapes)
        weights = network.weights(seed)
        for number in range(batches):
            run = network.run(seed + number, weights=weights)
            for norm in norms:
                if id(norm) in run.values:
                    read[id(norm)].append(run.values[id(norm.inputs[0])][0])
    except Unmeasurable as error:
        return Unknown(str(error))
    return tuple(_noise(norm, batch, read[id(norm)]) for norm in norms if read[id(norm)])


def _noise(norm: Operator, batch: int, samples: list[Array]) -> BatchNoise:
    axes = tuple(axis for axis in range(samples[0].ndim) if axis != 1)
    means = np.stack([np.mean(x, axis=axes) for x in samples])
    variances = np.stack([np.var(x, axis=axes) for x in samples])
    total = np.var(np.stack(samples), axis=(0, *(axis + 1 for axis in axes)))
    total = np.where(total > 0, total, np.nan)
    spread = np.sqrt(np.nanmean(np.var(means, axis=0, ddof=1) / total))
    relative = np.sqrt(np.nanmean(np.var(variances, axis=0, ddof=1) / total**2))
    return BatchNoise(norm.path, batch, samples[0].size // samples[0].shape[1], float(spread), float(relative))
