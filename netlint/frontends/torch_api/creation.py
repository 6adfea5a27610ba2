"""Tensors made from nothing: the shape that each creator gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from netlint.frontends.torch_api.spec import Arguments, Signature, SignatureError
from netlint.graph.unknown import Dim, Shape, Unknown

Creator: TypeAlias = Callable[[Sequence[object], Mapping[str, object]], "Shape | None"]
"""The shape of the new tensor from the call's arguments; None when not even the rank is known."""

_TENSOR_OPTIONS = "out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, memory_format=None, names=None"


_DEEPEST = 64
"""The most dimensions that a tensor can have."""


def _creator(signature: str, shape: Callable[[Arguments], Shape | None]) -> Creator:
    parameters = Signature(signature)

    def create(args: Sequence[object], kwargs: Mapping[str, object]) -> Shape | None:
        try:
            return shape(parameters.bind(args, kwargs))
        except SignatureError:
            return None

    return create


def _dim(value: object, name: str) -> Dim:
    return value if isinstance(value, (int, Unknown)) else Unknown(f"argument `{name}`")


def _size(arguments: Arguments) -> Shape | None:
    """`size` as a sequence, or as one number where that stands alone; a single unknown may be either."""
    size = arguments["size"]
    if isinstance(size, int):
        return (size,)
    if not isinstance(size, (list, tuple)) or (len(size) == 1 and not isinstance(size[0], int)):
        return None
    return tuple(_dim(item, "size") for item in size)


def _length(name: str) -> Callable[[Arguments], Shape | None]:
    return lambda arguments: (_dim(arguments[name], name),)


def _range(inclusive: bool) -> Callable[[Arguments], Shape | None]:
    """ceil((end - start) / step) elements; `torch.range`, which is deprecated, has its end too."""

    def shape(arguments: Arguments) -> Shape:
        start, end, step = (arguments[name] for name in ("start", "end", "step"))
        start, step = 0 if start is None else start, 1 if step is None else step
        for value in (start, end, step):
            if isinstance(value, Unknown):
                return (value,)
        if not isinstance(start, (int, float)) or not isinstance(end, (int, float)) or not isinstance(step, (int, float)) or step == 0:
            return (Unknown("the bounds of a range"),)
        length = math.floor((end - start) / step) + 1 if inclusive else math.ceil((end - start) / step)
        return (max(length, 0),)

    return shape


def _eye(arguments: Arguments) -> Shape:
    rows, columns = arguments["n"], arguments["m"]
    return (_dim(rows, "n"), _dim(rows if columns is None else columns, "m"))


def _half(n: object) -> Dim:
    """A real signal of n samples has n // 2 + 1 frequencies."""
    return n // 2 + 1 if isinstance(n, int) else _dim(n, "n")


def _side_of_diagonal(_: Arguments) -> Shape:
    return (2, Unknown("the number of elements on one side of a diagonal"))


def _data(arguments: Arguments) -> Shape | None:
    """The shape of nested lists of numbers."""
    return _nested(arguments["data"], {})


def _nested(data: object, known: dict[int, Shape | None], depth: int = 0) -> Shape | None:
    """Each list is looked at once (`known`, by identity): a program may put one into itself, or many times into others."""
    if isinstance(data, (int, float)):
        return ()
    if isinstance(data, range):
        return (len(data),)
    if not isinstance(data, (list, tuple)) or depth > _DEEPEST:
        return None
    if id(data) not in known:
        known[id(data)] = None
        inner = [_nested(item, known, depth + 1) for item in data]
        first = inner[0] if inner else ()
        known[id(data)] = None if first is None or any(shape != first for shape in inner) else (len(data), *first)
    return known[id(data)]


def _legacy(args: Sequence[object], kwargs: Mapping[str, object]) -> Shape | None:
    """`torch.Tensor(2, 3)` takes sizes, `torch.Tensor([2, 3])` takes data."""
    if len(args) == 1 and isinstance(args[0], (list, tuple, range)):
        return _nested(args[0], {})
    return (0,) if not args else _size({"size": args})


def _unseen(args: Sequence[object], kwargs: Mapping[str, object]) -> Shape | None:
    """Made from data that are not Python numbers."""
    return None


_by_size = _creator(f"*size, {_TENSOR_OPTIONS}, generator=None", _size)
_window = _creator(f"window_length, periodic=True, alpha=None, beta=None, *, {_TENSOR_OPTIONS}", _length("window_length"))
_data_creator = _creator("data, dtype=None, device=None, requires_grad=False, pin_memory=False", _data)
_full = _creator(f"size, fill_value, *, {_TENSOR_OPTIONS}", _size)
_LEGACY_TYPES = "FloatTensor DoubleTensor HalfTensor BFloat16Tensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor"

CREATORS: Mapping[str, Creator] = {
    **{f"torch.{name}": _by_size for name in ("zeros", "ones", "empty", "rand", "randn")},
    "torch.Tensor": _legacy,
    **{f"{package}.{name}": _legacy for package in ("torch", "torch.cuda") for name in _LEGACY_TYPES.split()},
    **{f"torch.{name}_window": _window for name in ("bartlett", "blackman", "hamming", "hann", "kaiser")},
    "torch.full": _full,
    "torch.empty_strided": _creator(f"size, stride, *, {_TENSOR_OPTIONS}", _size),
    "torch.empty_permuted": _creator(f"size, physical_layout, *, {_TENSOR_OPTIONS}", _size),
    "torch.arange": _creator(f"end, *, {_TENSOR_OPTIONS}, start=None, step=None | start, end, step=1, *, {_TENSOR_OPTIONS}", _range(False)),
    "torch.range": _creator(f"start, end, step=1, *, {_TENSOR_OPTIONS}", _range(True)),
    "torch.linspace": _creator(f"start, end, steps=None, *, {_TENSOR_OPTIONS}", _length("steps")),
    "torch.logspace": _creator(f"start, end, steps=None, base=10.0, *, {_TENSOR_OPTIONS}", _length("steps")),
    "torch.eye": _creator(f"n, m=None, *, {_TENSOR_OPTIONS}", _eye),
    "torch.randint": _creator(
        f"high, size, *, generator=None, {_TENSOR_OPTIONS} | low, high, size, *, generator=None, {_TENSOR_OPTIONS}", _size
    ),
    "torch.randperm": _creator(f"n, *, generator=None, {_TENSOR_OPTIONS}", _length("n")),
    "torch.normal": _creator(f"mean, std=1, size=None, *, generator=None, {_TENSOR_OPTIONS}", _size),
    "torch.tensor": _data_creator,
    "torch.as_tensor": _data_creator,
    "torch.asarray": _creator("data, *, dtype=None, device=None, copy=None, requires_grad=None", _data),
    "torch.scalar_tensor": _creator(f"s, *, {_TENSOR_OPTIONS}", lambda _: ()),
    "torch.tril_indices": _creator(f"row, col, offset=0, *, {_TENSOR_OPTIONS}", _side_of_diagonal),
    "torch.triu_indices": _creator(f"row, col, offset=0, *, {_TENSOR_OPTIONS}", _side_of_diagonal),
    "torch.fft.fftfreq": _creator(f"n, d=1.0, *, {_TENSOR_OPTIONS}", _length("n")),
    "torch.fft.rfftfreq": _creator(f"n, d=1.0, *, {_TENSOR_OPTIONS}", lambda arguments: (_half(arguments["n"]),)),
    **{f"torch.{name}": _unseen for name in ("from_numpy", "frombuffer", "from_dlpack", "from_file", "sparse_coo_tensor")},
    # The tensor before the dot only gives its type and device.
    **{f"torch.Tensor.new_{name}": _by_size for name in ("zeros", "ones", "empty")},
    "torch.Tensor.new_full": _full,
    "torch.Tensor.new_tensor": _data_creator,
    "torch.Tensor.new": _legacy,
}
"""The functions that make a tensor from nothing, and the tensor methods that do (`torch.Tensor.new_zeros`, called without the tensor)."""


CREATORS_LIKE: Mapping[str, str] = {
    **{f"torch.{name}_like": f"input, *, {_TENSOR_OPTIONS}" for name in ("zeros", "ones", "empty")},
    **{f"torch.{name}_like": f"input, *, generator=None, {_TENSOR_OPTIONS}" for name in ("rand", "randn")},
    "torch.full_like": f"input, fill_value, *, {_TENSOR_OPTIONS}",
    "torch.randint_like": f"input, high, *, {_TENSOR_OPTIONS} | input, low, high, *, {_TENSOR_OPTIONS}",
    "torch.bernoulli": "input, p=None, *, generator=None, out=None",
    "torch.poisson": "input, generator=None",
}
"""The functions whose new tensor has the shape of their first argument, with their signatures."""

_RANDOM = "rand randn randint randperm normal rand_like randn_like randint_like bernoulli poisson"

RANDOM_CREATORS: frozenset[str] = frozenset(f"torch.{name}" for name in _RANDOM.split())
"""Those that draw random numbers."""
