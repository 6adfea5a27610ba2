"""The values that the weights of a network start from, drawn as PyTorch draws them.

Defaults are those of `torch.nn`'s `reset_parameters`; initialisers those of `torch.nn.init`. Where an initialiser or one of its arguments
is not known, so is the start: Unknown, never a guess. The distribution is PyTorch's, the single numbers are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from netlint.graph import Initialization, Operator, Parameter, Unknown
from netlint.graph import operators as ops
from netlint.verify.tensors import Numbers, Random

Sizes = tuple[int, ...]


def start(name: str, shape: Sizes, operator: Operator | None, parameter: Parameter | None, random: Random) -> Numbers | Unknown:
    """The first value of a learned tensor or buffer: `name` is its own name in its layer (`weight`, `running_var`)."""
    if parameter is not None and parameter.initialization is not None:
        return initialized(parameter.initialization, shape, random)
    return default(name, shape, operator, random)


def default(name: str, shape: Sizes, operator: Operator | None, random: Random) -> Numbers | Unknown:
    """What a layer of `torch.nn` gives its parameters and buffers itself; `shape` of a bias may come with its layer's weight."""
    match operator, name:
        case _, "num_batches_tracked":
            return np.asarray(0, dtype=np.int64)
        case ops.Norm(), "weight" | "running_var":
            return np.ones(shape)
        case ops.Norm(), _:
            return np.zeros(shape)
        case ops.PReLU(), _:
            return operator.init if isinstance(operator.init, Unknown) else np.full(shape, float(operator.init))
        case ops.Embedding(), _:
            table = random.normal(size=shape)
            if isinstance(operator.padding_idx, int):
                table[operator.padding_idx] = 0.0
            return table
        case ops.Bilinear(in1_features=int() as fan), _:
            return _uniform(shape, 1 / math.sqrt(max(fan, 1)), random)
        case ops.RecurrentCell(hidden_size=int() as fan), _:
            return _uniform(shape, 1 / math.sqrt(max(fan, 1)), random)
        case ops.Conv() | ops.Linear(), "weight":
            # kaiming_uniform_(a=sqrt(5)): a bound of sqrt(6 / ((1 + 5) fan_in))
            return _uniform(shape, 1 / math.sqrt(max(fans(shape)[0], 1)), random)
        case ops.Conv() | ops.Linear(), "bias":
            fan_in = _fan_in(operator)
            return fan_in if isinstance(fan_in, Unknown) else _uniform(shape, 1 / math.sqrt(max(fan_in, 1)), random)
    return Unknown(f"what {name} starts from")


def _fan_in(operator: ops.Conv | ops.Linear) -> int | Unknown:
    """The fan-in of a layer by its weight's shape."""
    sizes = operator.parameter_shapes()["weight"]
    unknown = next((size for size in sizes if isinstance(size, Unknown)), None)
    return unknown or fans(tuple(size for size in sizes if isinstance(size, int)))[0]


def fans(shape: Sizes) -> tuple[int, int]:
    """Fan-in and fan-out as `torch.nn.init` counts them: dimension 1 and dimension 0 times the receptive field."""
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _uniform(shape: Sizes, bound: float, random: Random) -> Numbers:
    return random.uniform(-bound, bound, shape)


# -- torch.nn.init --------------------------------------------------------------------------------------------------------


POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "fill_": ("val",),
    "constant_": ("val",),
    "normal_": ("mean", "std"),
    "uniform_": ("a", "b"),
}
"""The names, as `torch.nn.init` has them, of arguments that a tensor's own method takes by position."""
SYNONYMS = {"value": "val", "from_": "a", "from": "a", "to": "b"}


def initialized(initialization: Initialization, shape: Sizes, random: Random) -> Numbers | Unknown:
    """The result of an initialiser."""
    name = initialization.name if initialization.name.endswith("_") else f"{initialization.name}_"
    options = {SYNONYMS.get(key, key): value for key, value in initialization.options.items() if key not in ("generator", "arguments")}
    given = initialization.options.get("arguments", ())
    if isinstance(given, tuple):
        options |= dict(zip(POSITIONAL.get(name, ()), given, strict=False))
    unknown = next((value for value in options.values() if isinstance(value, Unknown)), None)
    build = INITIALIZERS.get(name)
    if unknown is not None:
        return unknown
    if build is None:
        return Unknown(f"what `{initialization.name}` draws")
    try:
        return build(shape, options, random)
    except (ValueError, TypeError, KeyError, IndexError):
        return Unknown(f"what `{initialization.name}` draws for these arguments")


def gain(nonlinearity: str, slope: float = 0.01) -> float:
    """`torch.nn.init.calculate_gain`; KeyError for a name that it does not know."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + slope**2))
    plain = dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "sigmoid"), 1.0)
    return {**plain, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}[nonlinearity]


Options = Mapping[str, object]
Draw = Callable[[Sizes, Options, Random], Numbers]


def _number(options: Options, name: str, otherwise: float) -> float:
    value = options.get(name, otherwise)
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name} is {value!r}")
    return float(value)


def _matrix(shape: Sizes) -> Sizes:
    if len(shape) < 2:
        raise ValueError("fans of a vector")
    return shape


def _kaiming(shape: Sizes, options: Options) -> float:
    """The standard deviation, gain / sqrt(fan)."""
    fan = fans(_matrix(shape))[0 if options.get("mode", "fan_in") == "fan_in" else 1]
    return gain(str(options.get("nonlinearity", "leaky_relu")), _number(options, "a", 0.0)) / math.sqrt(fan)


def _xavier(shape: Sizes, options: Options) -> float:
    """The standard deviation, gain sqrt(2 / (fan_in + fan_out))."""
    return _number(options, "gain", 1.0) * math.sqrt(2 / sum(fans(_matrix(shape))))


def _orthogonal(shape: Sizes, options: Options, random: Random) -> Numbers:
    rows, columns = _matrix(shape)[0], math.prod(shape[1:])
    tall = random.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    values: Numbers = np.reshape(q if rows >= columns else q.T, shape)
    return values * _number(options, "gain", 1.0)


def _truncated(shape: Sizes, options: Options, random: Random) -> Numbers:
    mean, std = _number(options, "mean", 0.0), _number(options, "std", 1.0)
    low, high = _number(options, "a", -2.0), _number(options, "b", 2.0)
    values = random.normal(mean, std, shape)
    for _ in range(100):
        outside = (values < low) | (values > high)
        if not outside.any():
            break
        values[outside] = random.normal(mean, std, int(outside.sum()))
    return np.clip(values, low, high)


def _eye(shape: Sizes, options: Options, random: Random) -> Numbers:
    rows, columns = _matrix(shape)
    return np.eye(rows, columns)


def _dirac(shape: Sizes, options: Options, random: Random) -> Numbers:
    """One at the middle tap of the filter that leads from a channel to its like, in each group."""
    groups = int(_number(options, "groups", 1))
    values = np.zeros(_matrix(shape))
    outputs = shape[0] // groups
    middle = tuple(size // 2 for size in shape[2:])
    for group in range(groups):
        for channel in range(min(outputs, shape[1])):
            tap = (group * outputs + channel, channel, *middle)
            values[tap] = 1.0
    return values


def _constant(value: float) -> Draw:
    return lambda shape, options, random: np.full(shape, value)


INITIALIZERS: Mapping[str, Draw] = {
    "zeros_": _constant(0.0),
    "zero_": _constant(0.0),
    "ones_": _constant(1.0),
    "constant_": lambda shape, options, random: np.full(shape, _number(options, "val", math.nan)),
    "fill_": lambda shape, options, random: np.full(shape, _number(options, "val", math.nan)),
    "normal_": lambda shape, options, random: random.normal(_number(options, "mean", 0.0), _number(options, "std", 1.0), shape),
    "randn_": lambda shape, options, random: random.normal(size=shape),
    "uniform_": lambda shape, options, random: random.uniform(_number(options, "a", 0.0), _number(options, "b", 1.0), shape),
    "rand_": lambda shape, options, random: random.uniform(size=shape),
    "xavier_normal_": lambda shape, options, random: random.normal(size=shape) * _xavier(shape, options),
    "xavier_uniform_": lambda shape, options, random: _uniform(shape, math.sqrt(3) * _xavier(shape, options), random),
    "kaiming_normal_": lambda shape, options, random: random.normal(size=shape) * _kaiming(shape, options),
    "kaiming_uniform_": lambda shape, options, random: _uniform(shape, math.sqrt(3) * _kaiming(shape, options), random),
    "orthogonal_": _orthogonal,
    "trunc_normal_": _truncated,
    "eye_": _eye,
    "dirac_": _dirac,
}
"""Initialisers by name: (shape, options, random numbers) to values."""
