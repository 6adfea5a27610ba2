"""A piece of a network, run on arrays with the reference layers: forward, then back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from netlint.graph import Operator, Unknown
from netlint.graph import operators as ops
from netlint.layers import Array, Context, ReferenceLayer, Step, reference
from netlint.layers.layer import quiet
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
class Pulled:
    """The gradients of one backward pass: of results by the operator's id, of weights by key; and, by the same, the largest of the n terms
    that each is a sum of, times sqrt(n): the number whose last place its rounding is measured in."""

    inputs: dict[int, Array]
    weights: Values
    terms: dict[str | int, float]


@dataclass
class Run:
    """What one run left: the results of each operator, the steps to go back over, and the buffers as they are afterwards."""

    operators: Sequence[Operator]
    state: State
    weights: Values
    values: dict[int, Results]
    steps: dict[int, Step] = field(default_factory=dict)
    changed: Values = field(default_factory=dict)

    def back(self, gradients: Mapping[tuple[int, int], Array]) -> Pulled:
        """From gradients of results, by (id of the operator, number of the result), to those of the free inputs and of the weights."""
        arriving: dict[int, dict[int, Array]] = {}
        learned: Values = {}
        terms: dict[str | int, float] = {}

        def add(operator: Operator, place: int, value: Array) -> None:
            into = arriving.setdefault(id(operator), {})
            with quiet():
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
                self._pull(operator, here, add, learned, terms)
        return Pulled({number: places[0] for number, places in arriving.items() if 0 in places}, learned, terms)

    def _pull(
        self,
        operator: Operator,
        here: Mapping[int, Array],
        add: Callable[[Operator, int, Array], None],
        learned: Values,
        terms: dict[str | int, float],
    ) -> None:
        step = self.steps[id(operator)]
        arriving = max(map(largest, here.values()))
        read = max((largest(self.values[id(source)][0]) for source in operator.inputs), default=0.0)
        own = max((largest(self.weights[key]) for name, key in self.state.names(operator.layer).items() if name == "weight"), default=1.0)
        pulled = step.backward(*(here.get(place) for place in range(len(step.outputs))))
        for source, value in zip(operator.inputs, pulled.inputs, strict=True):
            if value is not None:
                add(source, 0, value)
                terms[id(source)] = max(terms.get(id(source), 0.0), arriving * own)
        names = self.state.names(operator.layer)
        for name, value in pulled.parameters.items():
            key = names[name]
            learned[key] = learned[key] + value if key in learned else value
            summed = elements(here[0].shape) / max(value.shape[0], 1) if 0 in here and value.ndim else 1.0
            terms[key] = max(terms.get(key, 0.0), arriving * (1.0 if name == "bias" else read) * math.sqrt(summed))


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
    run = Run(operators, state, weights, {number: (np.asarray(value),) for number, value in free.items()})
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
                run.steps[id(operator)] = step
                run.values[id(operator)] = tuple(np.asarray(output) for output in step.outputs)  # sums over everything are scalars
                for name, value in step.state.items():
                    current[names[name]] = run.changed[names[name]] = value
    return run


def elements(shape: Sequence[int]) -> int:
    return math.prod(shape)


def largest(values: Array | float) -> float:
    """The largest finite number of an array, without its sign."""
    array = np.abs(np.asarray(values, dtype=np.float64))
    return float(np.max(array, where=np.isfinite(array), initial=0.0))
