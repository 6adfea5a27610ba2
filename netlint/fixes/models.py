"""Fixing a model at hand, a live module or an ONNX model: what of a fix does not depend on which of the two it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.intent import Intent
from netlint.engine.rule import Contract, StateDict
from netlint.fixes.proposal import Judged, Proposal
from netlint.graph import Graph

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Operated(Generic[M]):
    """A changed copy of a model: what was done in words, and what else follows from it (see `Contract` and `Proposal.reasons`)."""

    model: M
    message: str
    state_dict: StateDict | None = None
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models, run on the same inputs with their own weights: whether they keep what a contract says, and that in one line."""

    holds: bool
    line: str
    data: dict[str, object] = field(default_factory=dict)


class Surgeon(Protocol[M]):
    """What can be done with one kind of model."""

    def judged(self, model: M) -> tuple[Sequence[Judged], Sequence[Diagnostic]]:
        """The model's networks with the findings that may be fixed, and all that is reported. Raises NetlintError."""

    def operate(self, model: M, graph: Graph, intent: Intent, contract: Contract) -> Operated[M]:
        """A copy of the model with one intent done; `model` stays as it is, and shares nothing that the copy changes.

        `graph` is the one that `judged` gave for this very model. Raises Refusal with the reason.
        """

    def compare(self, before: M, after: M, contract: Contract) -> Comparison | None:
        """Both models run as wholes; None if they cannot be (no inputs are known, nothing can run them)."""


Wanted = Callable[[Proposal, Diagnostic], bool]
Kinds = Collection[str]
