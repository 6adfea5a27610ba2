"""Losses: what the network's result is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Float, Int, Shape, Unknown


@dataclass(eq=False, kw_only=True)
class Loss(Operator):
    """A loss; `inputs[0]` is the prediction, `inputs[1]` the target. `how` is PyTorch's name for those without a class here."""

    title: ClassVar[str] = "Loss"
    how: str = ""
    reduction: str | Unknown = "mean"

    @property
    def name(self) -> str:
        return self.how or self.title

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return () if self.reduction in ("mean", "sum", "batchmean") else None


@dataclass(eq=False, kw_only=True)
class CrossEntropy(Loss):
    """Expects logits: it applies log-softmax itself."""

    title: ClassVar[str] = "CrossEntropyLoss"
    label_smoothing: Float = 0.0
    ignore_index: Int = -100


@dataclass(eq=False, kw_only=True)
class NLL(Loss):
    """Expects log-probabilities."""

    title: ClassVar[str] = "NLLLoss"
    ignore_index: Int = -100


@dataclass(eq=False, kw_only=True)
class BCE(Loss):
    """Expects probabilities in [0, 1]."""

    title: ClassVar[str] = "BCELoss"


@dataclass(eq=False, kw_only=True)
class BCEWithLogits(Loss):
    """Expects logits: it applies the sigmoid itself."""

    title: ClassVar[str] = "BCEWithLogitsLoss"


@dataclass(eq=False, kw_only=True)
class MSE(Loss):
    """Mean squared error."""

    title: ClassVar[str] = "MSELoss"


@dataclass(eq=False, kw_only=True)
class KLDivergence(Loss):
    """Expects log-probabilities as prediction; as target, too, if `log_target`."""

    title: ClassVar[str] = "KLDivLoss"
    log_target: Bool = False
