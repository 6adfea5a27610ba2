"""Operators without a mathematical operation of their own: where data enters, what could not be seen, what joins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netlint.graph.operator import Operator
from netlint.graph.parameter import Parameter
from netlint.graph.shapes import alternative
from netlint.graph.unknown import Shape

if TYPE_CHECKING:
    from netlint.graph.training import Loader


@dataclass(eq=False, kw_only=True)
class Input(Operator):
    """Data that enters the network: an argument of `forward`, or a batch drawn from `loader` when that is known."""

    label: str = ""
    loader: Loader | None = None


@dataclass(eq=False, kw_only=True)
class Weight(Operator):
    """The value of a learned parameter read directly (a penalty, a tied projection, `x @ self.weight`)."""

    parameter: Parameter

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return self.parameter.shape


@dataclass(eq=False, kw_only=True)
class Constant(Operator):
    """A tensor that does not depend on the input: a buffer, `torch.zeros(...)`, a Python number (`value`, if known)."""

    value: object = None

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return () if isinstance(self.value, (int, float, complex)) else None


@dataclass(eq=False, kw_only=True)
class Opaque(Operator):
    """An operation that could not be seen. Nothing may be concluded across it. `label` is what was called."""

    label: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        return self.label or "Opaque"


@dataclass(eq=False, kw_only=True)
class Alternatives(Operator):
    """The result is one of the inputs: two branches of code that could not be decided. `reason` names the condition."""

    reason: str = ""

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return alternative(inputs)


@dataclass(eq=False, kw_only=True)
class Select(Operator):
    """One of the results of an operator that gives several (`out, state = lstm(x)`; a chunk of a split)."""

    index: int | str = 0

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if not self.inputs:
            return None
        several = self.inputs[0]
        return several.infer_result(self.index, tuple(source.shape for source in several.inputs))
