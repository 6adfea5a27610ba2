"""Python's own values: which are plain and known, and pure functions applied to them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from netlint.frontends.source.heap import ADict, AList, ASet, leaves
from netlint.frontends.source.interpreter import Interpreter
from netlint.frontends.source.values import (
    ABSENT,
    Either,
)
from netlint.graph.unknown import Unknown

Call = Callable[[Interpreter, list[Any], dict[str, Any]], Any]


PLAIN = (bool, int, float, complex, str, bytes, type(None))


def is_known_package(path: str) -> bool:
    """Whether a module is Python's own or part of PyTorch, so that importing it cannot fail."""
    top = path.partition(".")[0]
    return top in sys.stdlib_module_names or top in ("torch", "numpy")


def is_plain(value: Any) -> bool:
    """Whether a value and its elements are plain known values."""
    found = leaves(value)
    return found is not None and all(isinstance(item, (*PLAIN, range, slice)) for item in found)


def wrap(value: Any) -> Any:
    """A result of Python's own as a value of the interpreted program."""
    if type(value) is list:
        return AList(wrap(item) for item in value)
    if type(value) is dict:
        return ADict({key: wrap(item) for key, item in value.items()})
    if type(value) is set:
        return ASet(value)
    return tuple(wrap(item) for item in value) if type(value) is tuple else value


MAX_BITS = 64
"""Bits of a whole number, and MAX_ELEMENTS of a sequence, that a function of Python's own is given: its time may grow with them."""
MAX_ELEMENTS = 10_000


def is_small(value: Any) -> bool:
    """Whether a plain value is of a size that any function deals with at once."""
    if isinstance(value, int):
        return value.bit_length() <= MAX_BITS
    if isinstance(value, (list, tuple, set)):
        return len(value) <= MAX_ELEMENTS and all(is_small(item) for item in value)
    return not isinstance(value, (str, bytes, range, dict)) or len(value) <= MAX_ELEMENTS


def pure(function: Callable[..., Any]) -> Call:
    """A function of Python's own that is applied to known values; Unknown if one is not."""

    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, Unknown):
                return Unknown(value.reason)
            if not is_plain(value):
                return Unknown("a computation on objects that are not followed")
            if not is_small(value):
                return Unknown("a computation on values too large to follow")
        try:
            return wrap(function(*args, **kwargs))
        except (ValueError, TypeError, ArithmeticError, KeyError, IndexError, AttributeError, MemoryError, RecursionError):
            return Unknown("a computation that fails")

    return call


def each_option(interpreter: Interpreter, value: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(value, Either):
        return interpreter.join([function(option) for option in value.options if option is not ABSENT], "which value it is")
    return function(value)
