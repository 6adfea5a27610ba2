"""What a comparison of two networks found: measured as a contract, printed in one line, written as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect


@dataclass(frozen=True)
class Counterexample:
    """One tensor on which the two networks differ, as small as one was found.

    `inputs` holds the values of the region's inputs where they are few, `before` and `after` the two numbers at `index` of `what`.
    """

    what: str
    tensor: str
    mode: str
    weights: str
    shapes: tuple[tuple[int, ...], ...]
    index: tuple[int, ...]
    before: float | None
    after: float | None
    inputs: tuple[tuple[float, ...], ...] = ()

    def __str__(self) -> str:
        sizes = " and ".join("x".join(map(str, shape)) or "a number" for shape in self.shapes)
        where = f" at {list(self.index)}" if self.index else ""
        weights = "" if self.weights == "ordinary" else f", weights {self.weights}"
        numbers = "" if self.before is None or self.after is None else f": {self.before:.9g} became {self.after:.9g}"
        few = len(self.inputs) == 1 and len(self.inputs[0]) <= 8
        shown = " [" + ", ".join(f"{value:.4g}" for value in self.inputs[0]) + "]" if few else ""
        return f"{self.what}{where}{numbers} on the tensor {self.tensor!r} of {sizes}{shown} (in {self.mode}{weights})"

    def as_json(self) -> dict[str, object]:
        return {
            "what": self.what,
            "tensor": self.tensor,
            "mode": self.mode,
            "weights": self.weights,
            "shapes": [list(shape) for shape in self.shapes],
            "index": list(self.index),
            "before": _json(self.before),
            "after": _json(self.after),
            "inputs": [[_json(value) for value in values] for values in self.inputs],
        }


def _json(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinities: these are strings."""
    return value if value is None or abs(value) < float("inf") else str(value)


@dataclass(frozen=True)
class Distance:
    """How far two results are apart: the largest absolute difference, in units of the last place, and in units of the last place of the
    largest number that takes part (None: one is NaN or infinite where the other is not). `rounding` says that the difference is one of
    rounding: in double precision it is as few units of a much smaller last place. `ties` says that the largest is a gradient that went to
    another of several elements which rounding made equal, so that one is as good as the other.
    """

    max_abs: float | None = 0.0
    ulp: int | None = 0
    ulp_of_largest: float | None = 0.0
    rounding: bool = True
    ties: bool = False

    @property
    def identical(self) -> bool:
        return self.ulp == 0

    def __str__(self) -> str:
        if self.identical:
            return "identical"
        if self.ties:
            return "identical but where rounding makes elements of a window equal"
        if self.max_abs is None:
            return "not equal (one is NaN or infinite where the other is not)"
        if self.rounding and self.ulp_of_largest is not None:
            return f"equal up to rounding (at most {self.max_abs:.2g}, {self.ulp_of_largest:.2g} ulp of the largest number)"
        return f"different (by up to {self.max_abs:.3g})"

    def as_json(self) -> dict[str, object]:
        numbers = {"max_abs": self.max_abs, "ulp": self.ulp, "ulp_of_largest": self.ulp_of_largest}
        return {"identical": self.identical, **numbers, "rounding": self.rounding, "ties": self.ties}


IDENTICAL = Distance()


@dataclass(frozen=True)
class Evidence:
    """What was found about a change of a network, held against what was declared of it.

    `measured` is the contract that the change keeps (None in a place: it could not be measured). `holds` is True when that is at least
    what was declared, and nothing forbids the change (`refused`: structural reasons). `unverified` says why the networks could not be
    compared; then nothing holds that needs the comparison.
    """

    declared: Contract
    forward: Forward | None
    state_dict: StateDict
    training: TrainingEffect | None
    tensors: int = 0
    regions: int = 0
    training_results: Distance = IDENTICAL
    evaluation_results: Distance = IDENTICAL
    gradients: Distance = IDENTICAL
    buffers: Distance = IDENTICAL
    moved: str = ""
    """What the state_dict lost, gained or renamed."""
    differs: tuple[str, ...] = ()
    """What else training does otherwise: initial values, optimizers, loaders."""
    refused: tuple[str, ...] = ()
    unverified: str | None = None
    notes: tuple[str, ...] = ()
    counterexample: Counterexample | None = None

    @property
    def holds(self) -> bool:
        """Whether the change is what it was declared to be."""
        return not self.broken and not self.refused

    @property
    def broken(self) -> tuple[str, ...]:
        """The parts of the declaration that were not kept, or not shown to be."""
        found = []
        for name, declared, measured in (
            ("forward", self.declared.forward, self.forward),
            ("state_dict", self.declared.state_dict, self.state_dict),
            ("training", self.declared.training, self.training),
        ):
            order: list[str] = [member.value for member in type(declared)]
            if declared.value != order[-1] and (measured is None or order.index(measured.value) > order.index(declared.value)):
                found.append(name)
        return tuple(found)

    def __str__(self) -> str:
        parts = []
        if self.unverified is not None:
            parts.append(f"not verified: {self.unverified}")
        elif self.tensors:
            parts.append(self._forward())
            parts.append(f"gradients {self.gradients}")
            if not self.buffers.identical:
                parts.append(f"buffers {self.buffers}")
        elif self.forward is not None:
            parts.append("the same operators on the same values")
        parts.append(_STATE[self.state_dict] + (f" ({self.moved})" if self.moved else ""))
        parts.extend(f"training differs: {what}" for what in self.differs)
        parts.extend(f"refused: {reason}" for reason in self.refused)
        parts.extend(self.notes if self.forward is not Forward.CHANGES else ())
        if self.counterexample is not None and self.broken:
            parts.append(str(self.counterexample))
        return ", ".join(parts)

    def _forward(self) -> str:
        where = f"on {self.tensors} tensors (float32, train and eval)"
        if str(self.training_results) == str(self.evaluation_results):
            return f"forward {self.training_results} {where}"
        return f"forward {self.training_results} in training and {self.evaluation_results} in evaluation {where}"

    def as_json(self) -> dict[str, object]:
        """Everything, for machines; no NaN and no infinity among the numbers."""
        return {
            "holds": self.holds,
            "summary": str(self),
            "declared": contract_json(self.declared.forward, self.declared.state_dict, self.declared.training),
            "measured": contract_json(self.forward, self.state_dict, self.training),
            "broken": list(self.broken),
            "refused": list(self.refused),
            "unverified": self.unverified,
            "tensors": self.tensors,
            "regions": self.regions,
            "results": {"training": self.training_results.as_json(), "evaluation": self.evaluation_results.as_json()},
            "gradients": self.gradients.as_json(),
            "buffers": self.buffers.as_json(),
            "state_dict": self.moved,
            "differs": list(self.differs),
            "notes": list(self.notes),
            "counterexample": None if self.counterexample is None else self.counterexample.as_json(),
        }


_STATE = {
    StateDict.SAME: "state_dict the same",
    StateDict.REMAP: "state_dict can be mapped",
    StateDict.BREAKS: "state_dict no longer fits",
}


def contract_json(forward: Forward | None, state_dict: StateDict, training: TrainingEffect | None) -> dict[str, str | None]:
    """A contract in the words of the JSON output."""
    return {
        "forward": forward.value if forward is not None else None,
        "state_dict": state_dict.value,
        "training": training.value if training is not None else None,
    }
