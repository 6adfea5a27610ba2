"""What an experiment is, and the rows that its runs become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from .data import Data
from .verdict import Claim, Place


@dataclass(frozen=True)
class Measured:
    """What one seed gave for one variant (`arm`) at one place on the x axis (None: there is no axis)."""

    arm: str
    at: Place
    values: Mapping[str, float]


@dataclass(frozen=True)
class Metric:
    """How a measured value is called in a plot and in a sentence; `log`: its axis is logarithmic."""

    label: str
    log: bool = False


@dataclass(frozen=True)
class Experiment:
    """A question about statements of the document, how it is measured, and what the document predicts.

    `measure` is called once a seed. All variants of one seed see the same samples in the same order, so that they are compared in pairs.
    """

    slug: str
    statements: tuple[str, ...]
    rules: tuple[str, ...]
    question: str
    metrics: Mapping[str, Metric]
    claims: tuple[Claim, ...]
    measure: Callable[[Data, int], Iterator[Measured]]
    axis: str = ""
    """What `Measured.at` counts."""
    data: str = "digits"
    """The data set of the committed result."""
    log_axis: bool = False
    seeds: int = 5
    """How many the committed result has."""


@dataclass(frozen=True)
class Row:
    """One metric of one variant at one place, over all seeds. `spread` is the standard deviation of the values."""

    arm: str
    at: Place
    metric: str
    mean: float
    spread: float
    values: tuple[float, ...]

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Row:
        return cls(**{**record, "values": tuple(record["values"])})


def rows(runs: Iterable[Iterable[Measured]]) -> list[Row]:
    """The runs, one a seed, gathered by variant, place and metric, in the order in which the first run measured them."""
    gathered: dict[tuple[str, Place, str], list[float]] = {}
    for run in runs:
        for measured in run:
            for metric, value in measured.values.items():
                gathered.setdefault((measured.arm, measured.at, metric), []).append(_digits(value))
    return [
        Row(arm, at, metric, _digits(fmean(values)), _digits(stdev(values)) if len(values) > 1 else 0.0, tuple(values))
        for (arm, at, metric), values in gathered.items()
    ]


def _digits(value: float) -> float:
    """Six significant digits: more are noise, and would make the committed results long."""
    return float(f"{value:.6g}")
