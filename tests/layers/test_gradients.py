"""The backward pass of every case against differences of its forward pass, in double precision and with NumPy alone."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np

from netlint.graph import operators as ops
from netlint.layers import Context, Gradients

STEP = 1e-6
"""The truncation error is its square, the rounding error 2^-52 over it: 2e-10 of the terms of the sum."""
TOLERANCE = 1e-7


def pulled(step: Any, bench: ModuleType) -> Gradients:
    """The gradients of the sum of all outputs, each weighted by its upstream gradient."""
    return step.backward(*(bench.upstream(y.shape, n) if y.dtype == np.float64 else None for n, y in enumerate(step.outputs)))


def loss(step: Any, bench: ModuleType) -> tuple[float, float]:
    """That sum, and the size of its terms."""
    terms = [bench.upstream(y.shape, n) * y for n, y in enumerate(step.outputs) if y.dtype == np.float64]
    return sum(float(np.sum(part)) for part in terms), sum(float(np.sum(np.abs(part))) for part in terms)


def test_the_gradient_is_the_slope(case: Any, bench: ModuleType) -> None:
    numbers = bench.data(case, "ordinary", "float64", seed=5)
    inputs = [np.where(np.isfinite(x) & (np.abs(x) < 50), x, 0.3) if x.dtype == np.float64 else x for x in numbers.inputs]
    if isinstance(case.subject, ops.BCE):
        inputs[0] = np.clip(inputs[0], 0.05, 0.95)
    if case.inputs[0] is bench.EDGES:  # away from where f overflows
        inputs[0] = np.linspace(-9, 9, 401) + 0.00123
    parameters = dict(numbers.parameters)
    run = lambda x, p: case.layer.forward(tuple(x), p, Context(case.training, seed=11))  # noqa: E731
    gradients = pulled(run(inputs, parameters), bench)
    rng = np.random.default_rng(1)
    for place, gradient in enumerate(gradients.inputs):
        if gradient is None:
            continue
        assert gradient.shape == inputs[place].shape
        way = rng.normal(size=inputs[place].shape)
        moved = [[x + sign * STEP * way if n == place else x for n, x in enumerate(inputs)] for sign in (1, -1)]
        check(*(loss(run(x, parameters), bench) for x in moved), expected=gradient * way)
    for name, gradient in gradients.parameters.items():
        assert gradient.shape == parameters[name].shape
        way = rng.normal(size=gradient.shape)
        if isinstance(case.subject, ops.Embedding) and case.subject.padding_idx is not None:
            way[case.subject.padding_idx] = 0  # by definition without a gradient
        changed = [{**parameters, name: parameters[name] + sign * STEP * way} for sign in (1, -1)]
        check(*(loss(run(inputs, p), bench) for p in changed), expected=gradient * way)


def check(ahead: tuple[float, float], behind: tuple[float, float], expected: np.ndarray[Any, Any]) -> None:
    slope = (ahead[0] - behind[0]) / (2 * STEP)
    scale = max(1.0, ahead[1], float(np.sum(np.abs(expected))))
    assert abs(slope - float(np.sum(expected))) <= TOLERANCE * scale


def test_no_warning_whatever_the_numbers(case: Any, bench: ModuleType) -> None:
    make = bench.makers()["numpy"]("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in case.kinds:
            with np.errstate(all="warn"):
                bench.run_layer(case, bench.data(case, kind, "float32"), make)


def test_single_precision_is_kept(case: Any, bench: ModuleType) -> None:
    make = bench.makers()["numpy"]("float32")
    numbers = bench.data(case, "ordinary", "float32")
    parameters = {name: make(values) for name, values in numbers.parameters.items()}
    step = case.layer.forward(tuple(map(make, numbers.inputs)), parameters, Context(case.training))
    gradients = step.backward(*(make(bench.upstream(y.shape, n)) if "float" in str(y.dtype) else None for n, y in enumerate(step.outputs)))
    values = [*step.outputs, *step.state.values(), *gradients.inputs, *gradients.parameters.values()]
    assert {str(x.dtype) for x in values if x is not None} <= {"float32", "int64"}
