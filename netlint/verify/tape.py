"""A piece of a network, run on arrays with the reference layers: forward, then back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netlint.graph import Operator, Unknown
from netlint.graph import operators as ops
from netlint.layers import Array, Context, ReferenceLayer, Step, reference
from netlint.verify.state import State, Values

Results = tuple[Array, ...]


def runnable(operator: Operator) -> Unknown | None:
    """Why an operator cannot be run; None if it can."""
    match operator:
        case ops.Weight():
            return None
        case ops.Constant(value=int() | float()):
            return None
        case ops.Select(index=index):
            return None if isinstance(index, int) else Unknown(f"the result `{index}` of {operator.inputs[0].name}")
        case ops.Opaque():
            return Unknown(operator.reason or f"what `{operator.name}` does was not seen")
        case ops.Alternatives():
            return Unknown(operator.reason or "two branches could not be decided")
        case ops.Input() | ops.Constant():
            return Unknown("a value that is not known")
    layer = reference(operator)
    return layer if isinstance(layer, Unknown) else None


@dataclass
class Run:
    """What one run left: the results of each operator, the steps to go back over, and the buffers as they are afterwards."""

    operators: Sequence[Operator]
    state: State
    values: dict[int, Results]
    steps: dict[int, Step] = field(default_factory=dict)
    changed: Values = field(default_factory=dict)

    def back(self, gradients: Mapping[tuple[int, int], Array]) -> tuple[dict[int, Array], Values]:
        """From gradients of results, by (id of the operator, number of the result), to those of the free inputs and of the weights."""
        arriving: dict[int, dict[int, Array]] = {}
        learned: Values = {}

        def add(operator: Operator, place: int, value: Array) -> None:
            into = arriving.setdefault(id(operator), {})
            into[place] = into[place] + value if place in into else value

        for (number, place), value in gradients.items():
            arriving.setdefault(number, {})[place] = value
        for operator in reversed(self.operators):
            here = arriving.get(id(operator), {})
            if not here:
                continue
            if isinstance(operator, ops.Select):
                assert isinstance(operator.index, int)
                add(operator.inputs[0], operator.index, here[0])
            elif isinstance(operator, ops.Weight):
                key = self.state.key(operator.parameter)
                learned[key] = learned[key] + here[0] if key in learned else here[0]
            elif id(operator) in self.steps:
                self._pull(operator, here, add, learned)
        return {number: places[0] for number, places in arriving.items() if 0 in places}, learned

    def _pull(self, operator: Operator, here: Mapping[int, Array], add: object, learned: Values) -> None:
        step = self.steps[id(operator)]
        pulled = step.backward(*(here.get(place) for place in range(len(step.outputs))))
        for source, value in zip(operator.inputs, pulled.inputs, strict=True):
            if value is not None:
                add(source, 0, value)  # type: ignore[operator]
        names = self.state.names(operator.layer)
        for name, value in pulled.parameters.items():
            key = names[name]
            learned[key] = learned[key] + value if key in learned else value


def play(
    operators: Sequence[Operator],
    free: Mapping[int, Array],
    state: State,
    weights: Values,
    training: bool,
    seeds: Mapping[int, tuple[int, ...]],
) -> Run:
    """Runs operators in their order. `free` gives the results of those that are not run, by id; `seeds` what each draws from.

    Raises ValueError where shapes do not fit, KeyError for a weight that is missing.
    """
    run = Run(operators, state, {number: (value,) for number, value in free.items()})
    current = dict(weights)
    for operator in operators:
        if id(operator) in run.values:
            continue
        match operator:
            case ops.Weight():
                run.values[id(operator)] = (current[state.key(operator.parameter)],)
            case ops.Constant(value=value):
                run.values[id(operator)] = (float(value) if isinstance(value, (int, float)) else value,)
            case ops.Select(index=int() as index):
                run.values[id(operator)] = (run.values[id(operator.inputs[0])][index],)
            case _:
                layer = reference(operator)
                assert isinstance(layer, ReferenceLayer), layer
                names = state.names(operator.layer)
                own = {name: current[key] for name, key in names.items() if key in current}
                given = tuple(run.values[id(source)][0] for source in operator.inputs)
                step = layer.forward(given, own, Context(training, seeds.get(id(operator), 0)))
                run.steps[id(operator)], run.values[id(operator)] = step, step.outputs
                for name, value in step.state.items():
                    current[names[name]] = run.changed[names[name]] = value
    return run


def elements(shape: Sequence[int]) -> int:
    return math.prod(shape)
