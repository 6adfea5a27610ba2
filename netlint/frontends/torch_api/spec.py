"""What the table of PyTorch's API is made of: signatures as text, and how a layer or function becomes an operator."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias, TypeVar

from netlint.graph.operator import Operator
from netlint.graph.parameter import Parameter
from netlint.graph.unknown import Unknown


class Rest(Unknown):
    """What `*` of something unknown passes: any number of arguments."""

    __slots__ = ()


class SignatureError(Exception):
    """A call that does not fit the signature: an unknown, missing or repeated argument. Its text names the argument."""


class TrainingFlag:
    """The value of `self.training`: true, because the graph is the training-mode network, yet told apart from a written `True`."""

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return "self.training"


TRAINING_FLAG: Final = TrainingFlag()


class Uncalled:
    """A method that was given instead of its result (`training=self.train`): as a condition it is always true."""

    def __repr__(self) -> str:
        return "a method"


UNCALLED: Final = Uncalled()


class Several:
    """The type of `SEVERAL`."""

    def __repr__(self) -> str:
        return "SEVERAL"


SEVERAL: Final = Several()
"""The structure of a result that is a tuple or list of tensors of unknown length."""

Structure: TypeAlias = "None | Several | tuple[int | tuple[object, ...], ...]"
"""What a call gives: None for one tensor, a nested tuple of result indices such as (0, (1, 2)) for `output, (h, c)`, or `SEVERAL`."""


# -- signatures ---------------------------------------------------------------------------------------------------------

_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}
"""NumPy's names, which PyTorch's argument parser takes as well (torch/csrc/utils/python_arg_parser.cpp)."""


def is_option(value: object) -> bool:
    """Whether a value is a plain option (or a sequence of them), so not a tensor. A list may contain itself."""
    pending, seen = [value], set()
    while pending:
        item = pending.pop()
        if isinstance(item, (list, tuple)):
            if id(item) not in seen:
                seen.add(id(item))
                pending.extend(item)
        elif item is not None and not isinstance(item, (int, float, str, range, Unknown)):
            return False
    return True


_FITS: Mapping[str, Callable[[object], bool]] = {
    "option": is_option,
    "bool": lambda value: isinstance(value, bool),
    "Tensor": lambda value: not is_option(value),
}
"""The annotations that tell overloads apart."""


@dataclass(frozen=True, slots=True)
class _Overload:
    """One parsed parameter list."""

    positional: tuple[str, ...]
    keyword_only: tuple[str, ...]
    defaults: Mapping[str, object]
    variadic: str | None
    extra: str | None
    kinds: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        tail = tuple(name for name in (self.variadic, self.extra) if name is not None)
        return self.positional + self.keyword_only + tail

    def bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        bound = dict(zip(self.positional, args, strict=False))
        rest = tuple(args[len(self.positional) :])
        if rest and self.variadic is None:
            raise SignatureError(f"{len(args)} positional arguments where at most {len(self.positional)} are taken")
        if self.variadic is not None:
            bound[self.variadic] = tuple(rest[0]) if len(rest) == 1 and isinstance(rest[0], (list, tuple)) else rest
        self._bind_keywords(bound, kwargs, given=bool(rest))
        for name in self.positional + self.keyword_only:
            if name not in bound and name not in self.defaults:
                raise SignatureError(f"missing argument `{name}`")
        for name, kind in self.kinds.items():
            if name in bound and not _FITS[kind](bound[name]):
                raise SignatureError(f"argument `{name}` has the wrong type")
        return {**self.defaults, **bound}

    def _bind_keywords(self, bound: dict[str, object], kwargs: Mapping[str, object], given: bool) -> None:
        surplus: dict[str, object] = {}
        for written, value in kwargs.items():
            known = written in self.positional or written in self.keyword_only or written == self.variadic
            name = written if known else _NUMPY_NAMES.get(written, written)
            if name == self.variadic and not given:
                bound[name] = tuple(value) if isinstance(value, (list, tuple)) else (value,)
            elif name in bound:
                raise SignatureError(f"argument `{written}` is given twice")
            elif name in self.positional or name in self.keyword_only:
                bound[name] = value
            elif self.extra is not None:
                surplus[written] = value
            else:
                raise SignatureError(f"unexpected argument `{written}`")
        if self.extra is not None:
            bound[self.extra] = surplus


def _parse_overload(text: str) -> _Overload:
    function = ast.parse(f"def _({text}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    spec = function.args
    positional, keyword_only = spec.posonlyargs + spec.args, spec.kwonlyargs
    optional = positional[len(positional) - len(spec.defaults) :] + keyword_only
    values = [*spec.defaults, *spec.kw_defaults]
    defaults = {arg.arg: ast.literal_eval(value) for arg, value in zip(optional, values, strict=True) if value is not None}
    return _Overload(
        positional=tuple(arg.arg for arg in positional),
        keyword_only=tuple(arg.arg for arg in keyword_only),
        defaults=defaults,
        variadic=spec.vararg.arg if spec.vararg else None,
        extra=spec.kwarg.arg if spec.kwarg else None,
        kinds={arg.arg: arg.annotation.id for arg in positional + keyword_only if isinstance(arg.annotation, ast.Name)},
    )


@cache
def _parse(text: str) -> tuple[_Overload, ...]:
    return tuple(_parse_overload(overload) for overload in text.split(" | "))


@cache
def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for overload in _parse(text) for name in overload.names))


@cache
def _defaults(text: str) -> Mapping[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for overload in _parse(text):
        left_out: dict[str, object] = {**overload.defaults}
        left_out |= {name: empty for name, empty in ((overload.variadic, ()), (overload.extra, {})) if name is not None}
        for name in overload.names:
            found[name] = (*found.get(name, (None,)), *([left_out[name]] if name in left_out else []))
    return found


@dataclass(frozen=True, slots=True)
class Signature:
    """A parameter list as Python writes it, with literals as defaults: `in_features, out_features, bias=True, *, device=None`.

    Overloads are separated by ` | ` and tried in order; the annotations `option`, `bool` and `Tensor` tell apart those that
    take the same number of arguments (`input, dim: option, keepdim=False | input, other: Tensor`). The text is parsed on first use.
    """

    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of all overloads, in order."""
        return _names(self.text)

    @property
    def defaults(self) -> Mapping[str, tuple[object, ...]]:
        """What each parameter is when it is left out, in one overload or another."""
        return _defaults(self.text)

    def bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        """The value of every parameter; None for those of the overloads that were not taken.

        As PyTorch does, takes one sequence in place of variadic arguments (`view((2, 3))`, `view(size=(2, 3))`) and NumPy's
        names for common parameters (`axis`, `keepdims`). Raises SignatureError, that of the first overload, when none fits.
        """
        error: SignatureError | None = None
        for overload in _parse(self.text):
            try:
                bound = overload.bind(args, kwargs)
            except SignatureError as failure:
                error = error or failure
            else:
                return {**dict.fromkeys(self.names), **bound}
        assert error is not None
        raise error


# -- layers and functions -----------------------------------------------------------------------------------------------

Arguments: TypeAlias = "dict[str, object]"
"""The bound arguments of one call, by parameter name."""

INERT: Mapping[str, str] = {
    "device": "where tensors lie",
    "dtype": "networks are compared in one precision (conversions to integers are operators of their own)",
    "out_dtype": "networks are compared in one precision",
    "out": "the result is given as well",
    "memory_format": "how elements lie in memory",
    "non_blocking": "when a copy is done",
    "generator": "where random numbers come from",
    "args": "of an identity, or of a conversion",
    "kwargs": "of an identity, or of a conversion",
    "cudnn_enabled": "which library computes it",
    "cudnn_enable": "which library computes it",
    "driver": "which routine computes it",
    "compute_mode": "which routine computes it",
    "check_errors": "whether a failure raises",
    "process_group": "which processes share their statistics",
    "sparse": "how a gradient is stored",
    "sparse_grad": "how a gradient is stored",
    "masked_grad": "how a gradient is stored",
    "_stacklevel": "where a warning points",
    "inplace": "a field of every operator",
    "need_weights": "whether attention gives its weights as a second result",
}
"""The options that change no result, and why."""


class Read(dict[str, object]):
    """The arguments of a call that note which of them are asked for."""

    def __init__(self, arguments: Mapping[str, object]) -> None:
        super().__init__(arguments)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:
        self.read.add(name)
        return super().get(name, default)


B = TypeVar("B", bound="Operator | None")


Kept: TypeAlias = "tuple[tuple[str, object], ...]"
"""Options by name."""


def left(arguments: Arguments, signature: str, but: Container[str]) -> Kept:
    """The options of a call, besides those that someone takes, that are not as they are when they are left out."""
    defaults = Signature(signature).defaults
    names = (name for name in arguments if name not in but and name not in INERT)
    return tuple((name, _kept(arguments[name])) for name in names if not _left_out(arguments[name], defaults[name]))


def keeping(build: Callable[[Arguments], B], signature: str, tensors: tuple[str, ...]) -> Callable[[Arguments], B]:
    """`build`, and what it does not ask for is kept in `Operator.further`, so that no option of a call is lost."""

    def built(arguments: Arguments) -> B:
        if isinstance(arguments, Read):  # within another: that one sees to it
            return build(arguments)
        noted = Read(arguments)
        operator = build(noted)
        if operator is not None:
            operator.further = left(arguments, signature, noted.read.union(tensors))
        return operator

    return built


def _left_out(value: object, defaults: tuple[object, ...]) -> bool:
    """Whether an option is what it is when it is left out; what is no plain value (a tensor) is not even compared."""
    return (is_option(value) or (isinstance(value, dict) and not value)) and value in defaults


def _kept(value: object) -> object:
    """An option in a form that a graph can hold: a tensor as the operator that gives it."""
    if isinstance(value, dict):
        return tuple((str(key), _kept(value[key])) for key in sorted(value, key=str))
    if is_option(value):
        return value
    for name, kind in (("operator", Operator), ("parameter", Parameter)):
        found = getattr(value, name, None)
        if isinstance(found, kind):
            return found
    return Unknown("an object that was not looked into")


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A leaf module class.

    `signature` is its constructor's, `call` its forward's, whose parameters in `tensors` are the operands, in order. `build` makes the
    template operator from the constructor's bound arguments; None when no operator describes this layer (its parameters
    are then unknown). `results` tells the structure of what a call gives, from the template.
    """

    signature: str
    build: Callable[[Arguments], Operator | None]
    call: str = "input"
    tensors: tuple[str, ...] = ("input",)
    results: Callable[[Operator], Structure] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "build", keeping(self.build, self.signature, ()))

    def called(self, template: Operator, arguments: Arguments) -> Operator:
        """The template with the options of one call of the layer: `convolution(x, output_size=(9, 9))`."""
        more = left(arguments, self.call, self.tensors)
        return template.apply(*template.inputs, further=template.further + more) if more else template


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A function of torch or a tensor method (its first parameter, `input`, is then the tensor itself).

    The parameters named in `tensors` are the operands, in order. `build` makes the operator from the other bound arguments:
    of an operand it may at most ask whether it is None.
    """

    signature: str
    tensors: tuple[str, ...]
    build: Callable[[Arguments], Operator]
    results: Callable[[Arguments], Structure] | None = field(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "build", keeping(self.build, self.signature, self.tensors))
