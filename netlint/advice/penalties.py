"""A ladder of coefficients for weight penalties (S12, S15): it starts at 0, and says what each rung means for this network.

What can be said without data and without training: how large the penalty is at the network's first weights, and how fast it would shrink
them if nothing worked against it. How it compares with the gradient of the loss depends on the data, and is not said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from netlint.graph import Graph, Operator, Unknown
from netlint.graph import operators as ops
from netlint.graph.queries import class_count, is_weighted, trained_losses
from netlint.layers import Array
from netlint.verify.network import Network, Unmeasurable

LAMBDAS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
ASSUMED_RATE = 0.01
"""The learning rate that is taken where the code does not say one; the report says so."""
ADAPTIVE = ("Adam", "NAdam", "RAdam", "Adamax", "Adagrad", "Adadelta", "RMSprop", "Rprop")
"""Optimizers that divide a penalty's gradient by its own size: what shrinks a weight there is not lambda."""


@dataclass(frozen=True)
class Rung:
    """One lambda: the penalties lambda sum |w| and lambda sum w^2 at the first weights; the steps in which L1 takes a typical weight to 0,
    and in which L2 halves every weight, if the loss does not pull at them (None at lambda 0: never)."""

    coefficient: float
    l1: float
    l2: float
    l1_steps: float | None
    l2_steps: float | None

    def as_json(self) -> dict[str, object]:
        return {
            "lambda": self.coefficient,
            "l1_penalty": self.l1,
            "l2_penalty": self.l2,
            "l1_steps_to_zero": self.l1_steps,
            "l2_steps_to_half": self.l2_steps,
        }


@dataclass(frozen=True)
class Ladder:
    """`weights` is how many weights are penalised (those of linear maps and convolutions: no biases, slopes or norms, NL306), `rate` the
    learning rate of plain gradient descent, `seen` whether the code says it. `loss` is what the loss is about at the start (None: not
    known)."""

    rungs: tuple[Rung, ...]
    weights: int
    rate: float
    seen: bool
    loss: float | None
    caution: str = ""

    def as_json(self) -> dict[str, object]:
        return {
            "weights": self.weights,
            "learning_rate": self.rate,
            "learning_rate_seen": self.seen,
            "initial_loss": self.loss,
            "caution": self.caution or None,
            "rungs": [rung.as_json() for rung in self.rungs],
        }


def ladder(graph: Graph) -> Ladder | Unknown:
    """The ladder for the weights that a network starts from. Unknown where it is not known what they are."""
    try:
        weights = _weights(graph)
    except Unmeasurable as error:
        return Unknown(str(error))
    count = sum(value.size for value in weights)
    if not count:
        return Unknown("the network has no weights to penalise")
    absolute = sum(float(np.sum(np.abs(value))) for value in weights)
    squares = sum(float(np.sum(value**2)) for value in weights)
    rate = _rate(graph)
    used = ASSUMED_RATE if rate is None else rate
    rungs = tuple(_rung(coefficient, absolute, squares, count, used) for coefficient in LAMBDAS)
    kinds = [one.kind for one in graph.training.optimizers if one.kind in ADAPTIVE]
    caution = f"{kinds[0]} divides the penalty's gradient by its own size, so the steps do not hold for it; AdamW's do" if kinds else ""
    return Ladder(rungs, count, used, rate is not None, _initial_loss(graph), caution)


def _rung(coefficient: float, absolute: float, squares: float, count: int, rate: float) -> Rung:
    """Gradient descent: w -= rate lambda sign(w) for L1, w -= rate lambda 2 w for the squared L2."""
    if not coefficient:
        return Rung(0.0, 0.0, 0.0, None, None)
    pull = rate * coefficient
    halving = math.log(2) / -math.log1p(-2 * pull) if 2 * pull < 1 else 1.0
    return Rung(coefficient, coefficient * absolute, coefficient * squares, absolute / count / pull, halving)


def _weights(graph: Graph) -> list[Array]:
    shapes = [() for operator in graph.inputs if graph.index.bit(operator) & graph.index.network]  # weights do not depend on them
    network = Network.of(graph, shapes)
    drawn = network.weights(0)
    keys: dict[str, None] = {}
    for operator in network.operators:
        if is_weighted(graph, operator):
            keys.update(dict.fromkeys(_keys(network, operator)))
    return [drawn[key] for key in keys if key in drawn]


def _keys(network: Network, operator: Operator) -> list[str]:
    own = [key for name, key in network.state.names(operator.layer).items() if name.startswith("weight")]
    return own + [network.state.key(source.parameter) for source in operator.inputs if isinstance(source, ops.Weight)]


def _rate(graph: Graph) -> float | None:
    """The learning rate, where all optimizers of the network agree on one."""
    given = [group.options.get("lr") for optimizer in graph.training.optimizers for group in optimizer.groups]
    rates = {float(rate) for rate in given if isinstance(rate, (int, float)) and rate > 0}
    return rates.pop() if len(rates) == 1 and all(isinstance(rate, (int, float)) for rate in given) else None


def _initial_loss(graph: Graph) -> float | None:
    """ln C for cross entropy over C classes: what a network that knows nothing has."""
    losses = trained_losses(graph)
    if len(losses) != 1 or not isinstance(losses[0], ops.CrossEntropy) or not losses[0].inputs:
        return None
    classes = class_count(graph, losses[0].inputs[0])
    return math.log(classes) if classes is not None and classes > 1 else None
