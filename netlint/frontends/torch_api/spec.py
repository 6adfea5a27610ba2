"""What the table of PyTorch's API is made of: signatures as text, and how a layer or function becomes an operator."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from netlint.graph.operator import Operator
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
