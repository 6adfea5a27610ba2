"""The tensors on which two networks are compared: ordinary ones, and those at which innocent changes break.

Every tensor has a name that a counterexample can quote. Numbers come from a generator that is seeded by that name, so that a run is
repeatable and both networks get the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
Random = np.random.Generator


@dataclass(frozen=True)
class Kind:
    """A way to fill a tensor. `ordinary` ones are what a network sees; the others are at the edges of the number format, or (`finite` is
    False) hold NaN and infinities, on which gradients mean nothing."""

    name: str
    fill: Callable[[Random, tuple[int, ...], Any], Numbers]
    ordinary: bool = False
    finite: bool = True


def generator(*names: object) -> Random:
    """Random numbers that depend on the names alone."""
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


def _normal(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return random.normal(size=shape)


def _negative(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    """A padding of 0 in the place of -inf shows here: it would win every border."""
    return -np.abs(random.normal(size=shape)) - 0.01


def _ties(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return random.integers(-2, 3, size=shape).astype(float)


def _constant(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return np.full(shape, -1.5)


def _ramp(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    """The largest element of every window is its last one, at the border that ceil mode and padding treat their own way."""
    rising: Numbers = np.reshape(np.linspace(-3, 3, int(np.prod(shape))), shape)
    return rising


def _falling(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return -_ramp(random, shape, info)


def _zeros(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return np.where(random.random(shape) < 0.5, 0.0, -0.0)


def _neighbours(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    """Numbers that differ in their last place: rounding makes ties of them."""
    base: Numbers = random.choice(np.array([-1.75, -0.7, 0.3, 1.9]), size=shape)
    steps: Numbers = 1 + random.integers(0, 4, size=shape) * float(info.eps)
    return base * steps


def _saturating(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return random.normal(size=shape) * 60


def _huge(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return random.uniform(-1, 1, shape) * float(info.max)


def _tiny(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return random.integers(-40, 41, shape) * float(info.smallest_subnormal)


def _spread(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
    return random.choice(np.array([-1.0, 1.0]), shape) * 10.0 ** random.uniform(-20, 20, shape)


def _sprinkled(*values: float) -> Callable[[Random, tuple[int, ...], Any], Numbers]:
    """Ordinary numbers, a fifth of them overwritten."""

    def fill(random: Random, shape: tuple[int, ...], info: Any) -> Numbers:
        return np.where(random.random(shape) < 0.2, random.choice(np.array(values), size=shape), random.normal(size=shape))

    return fill


KINDS: tuple[Kind, ...] = (
    Kind("normal", _normal, ordinary=True),
    Kind("negative", _negative, ordinary=True),
    Kind("ties", _ties, ordinary=True),
    Kind("rising", _ramp, ordinary=True),
    Kind("falling", _falling, ordinary=True),
    Kind("constant", _constant),
    Kind("signed zeros", _zeros),
    Kind("neighbouring numbers", _neighbours),
    Kind("saturating", _saturating),
    Kind("huge", _huge),
    Kind("tiny", _tiny),
    Kind("of all magnitudes", _spread),
    Kind("with infinities", _sprinkled(np.inf, -np.inf), finite=False),
    Kind("with NaN", _sprinkled(np.nan), finite=False),
    Kind("with NaN and infinities", _sprinkled(np.nan, np.inf, -np.inf), finite=False),
)

WEIGHTS = ("ordinary", "trained away", "zero")
"""How weights are drawn. "Trained away" from their start: slopes that became negative, large and negative scales."""

UNIT = (-np.inf, np.inf)


def tensor(kind: Kind, shape: tuple[int, ...], dtype: Any, *names: object, bounds: tuple[float, float] = UNIT) -> Numbers:
    """A tensor of this kind, no element outside `bounds`."""
    with np.errstate(all="ignore"):
        values = kind.fill(generator(kind.name, shape, *names), shape, np.finfo(np.float32))
        return np.clip(values.astype(dtype), *bounds) if bounds != UNIT else values.astype(dtype)


def weight(kind: str, shape: tuple[int, ...], dtype: Any, role: str, *names: object) -> Numbers:
    """A learned tensor or buffer. `role` is its own name in its layer (`weight`, `bias`, `running_var`), or `slope` for a PReLU's."""
    random = generator(kind, shape, role, *names)
    if role == "num_batches_tracked":
        return np.asarray(3, dtype=np.int64)
    drawn = random.normal(size=shape)
    if role == "running_var":
        values = np.exp(drawn)
    elif role == "slope":
        values = drawn * 0.5 if kind == "trained away" else random.uniform(0.05, 0.5, shape)
        if kind == "trained away" and values.size:
            values.flat[0] = -abs(values.flat[0]) - 0.1
    elif len(shape) > 1:
        values = drawn / np.sqrt(max(int(np.prod(shape[1:])), 1))
    else:
        values = drawn * (3.0 if kind == "trained away" else 1.0)
    if kind == "zero" and role != "running_var":
        values = values * 0
    return values.astype(np.float32).astype(dtype)
