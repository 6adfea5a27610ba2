"""What a reference layer is: a pure function of its inputs, parameters and context, and the pull-back of that function.

A layer keeps nothing between calls. `forward` answers with a `Step`, which holds the outputs, the state as it is after the step, and
the backward pass of exactly this application; a tape over a whole network is the list of its steps, walked in reverse.
Arrays are those of any library of the array API standard: NumPy's, or torch's tensors, with the same code. Tensors are
passed without `requires_grad`: the backward pass is written out, and torch need not record it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

Array: TypeAlias = Any
"""An array of an array API library. The standard has no type that is shared by libraries."""
Gradient: TypeAlias = Array | None
"""The gradient of a loss with respect to an array, of its shape; None where there is none (integers, targets, masks)."""
Parameters: TypeAlias = Mapping[str, Array]
"""Learned tensors and buffers by PyTorch's state_dict names (`weight`, `bias`, `running_mean`, ...), in PyTorch's shapes."""

NOTHING: Parameters = MappingProxyType({})


@dataclass(frozen=True)
class Context:
    """How a layer is run: the mode, and the seed of what it draws.

    The same seed gives the same numbers in every library and precision, so two networks can be given the same mask.
    A run over a network gives each application a seed of its own, for example `(seed, number of the application)`.
    """

    training: bool = False
    seed: int | tuple[int, ...] = 0

    def uniform(self, shape: Sequence[int], low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
        """Numbers drawn from U[low, high), in NumPy's double precision."""
        return np.random.default_rng(self.seed).uniform(low, high, tuple(shape))


EVALUATION = Context()


@dataclass(frozen=True)
class Gradients:
    """The gradients that one backward step gives: one an input, in their order, and one a parameter, by name."""

    inputs: tuple[Gradient, ...]
    parameters: dict[str, Array] = field(default_factory=dict)


Pull: TypeAlias = Callable[..., Gradients]
"""The backward pass of one application: takes one gradient an output (None: that output is not used)."""


@dataclass(frozen=True)
class Step:
    """One application of a layer. `state` holds the buffers that it changed, as they are afterwards."""

    outputs: tuple[Array, ...]
    pull: Pull
    state: dict[str, Array] = field(default_factory=dict)

    @property
    def output(self) -> Array:
        """The first result."""
        return self.outputs[0]

    def backward(self, *gradients: Gradient) -> Gradients:
        """The gradients of a loss, from its gradients with respect to the outputs."""
        with quiet():
            return self.pull(*gradients)


class ReferenceLayer(ABC):
    """A layer, written from its equation. Its options are the fields of a frozen dataclass, named as PyTorch names them."""

    arity: ClassVar[int] = 1
    """How many inputs are data; a functional call gives the parameters behind them."""

    def forward(self, inputs: tuple[Array, ...], parameters: Parameters = NOTHING, context: Context = EVALUATION) -> Step:
        """Applies the layer. Raises KeyError for a parameter that is missing, ValueError for inputs that do not fit."""
        with quiet():
            return self.apply(inputs, parameters, context)

    @abstractmethod
    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        """What `forward` does; written by each layer."""


def quiet() -> np.errstate:
    """Overflow, division by zero and NaN are values here, as IEEE 754 has them, and not warnings."""
    return np.errstate(all="ignore")


def namespace(*arrays: object) -> Any:
    """The array API functions of the library that the arrays belong to; Python numbers belong to any."""
    return array_namespace(*arrays)


def alike(values: object, array: Array) -> Array:
    """NumPy's or Python's numbers as an array of the library, data type and device of `array`."""
    return namespace(array).asarray(values, dtype=array.dtype, device=device(array))


def flags(values: object, array: Array) -> Array:
    """NumPy's booleans as an array of the library and device of `array`."""
    return namespace(array).asarray(values, device=device(array))


def doubled(array: Array) -> Array:
    """The array in double precision, in which statistics and sums are formed whatever the precision of the data."""
    xp = namespace(array)
    return xp.astype(array, xp.float64)


def signum(x: Array) -> Array:
    """1, -1 or 0, and 0 for NaN: the derivative of |x|, as PyTorch has it."""
    xp = namespace(x)
    return xp.astype(x > 0, x.dtype) - xp.astype(x < 0, x.dtype)


def per_channel(vector: Array, rank: int) -> Array:
    """A vector with one entry a channel, shaped to broadcast along dimension 1 of an array of this rank."""
    return namespace(vector).reshape(vector, (1, -1) + (1,) * (rank - 2))


def all_but(axis: int, rank: int) -> tuple[int, ...]:
    """The axes over which something that has one entry a position of `axis` is summed."""
    return tuple(other for other in range(rank) if other != axis % rank)


def size(array: Array, axes: Sequence[int] | None = None) -> int:
    """The number of elements, along some axes or in all."""
    return math.prod(array.shape if axes is None else (array.shape[axis] for axis in axes))


def of_one_sample(apply: Callable[[Array], Step], x: Array) -> Step:
    """A layer that takes batches, applied to one sample (an input without a batch dimension)."""
    xp = namespace(x)
    step = apply(xp.expand_dims(x, axis=0))

    def pull(g: Array) -> Gradients:
        gradients = step.pull(xp.expand_dims(g, axis=0))
        (first,) = gradients.inputs
        return Gradients((None if first is None else first[0, ...],), gradients.parameters)

    return Step((step.output[0, ...],), pull, step.state)
