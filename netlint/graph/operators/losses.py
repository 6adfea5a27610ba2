"""Losses: what the network's result is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from netlint.graph.operator import Operator
from netlint.graph.unknown import Float, Unknown


@dataclass(eq=False, kw_only=True)
class Loss(Operator):
    """A loss; `inputs[0]` is the prediction, `inputs[1]` the target. `how` is PyTorch's name for those without a class here."""

    how: str = ""
    reduction: str | Unknown = "mean"


@dataclass(eq=False, kw_only=True)
class CrossEntropy(Loss):
    """Expects logits: it applies log-softmax itself."""

    label_smoothing: Float = 0.0


@dataclass(eq=False, kw_only=True)
class NLL(Loss):
    """Expects log-probabilities."""


@dataclass(eq=False, kw_only=True)
class BCE(Loss):
    """Expects probabilities in [0, 1]."""


@dataclass(eq=False, kw_only=True)
class BCEWithLogits(Loss):
    """Expects logits: it applies the sigmoid itself."""


@dataclass(eq=False, kw_only=True)
class MSE(Loss):
    """Mean squared error."""


@dataclass(eq=False, kw_only=True)
class KLDivergence(Loss):
    """Expects log-probabilities as prediction."""
