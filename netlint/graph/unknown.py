"""A fact that could not be known, and why.

Unknown is a value: it flows through arithmetic, operator attributes and shapes, and it ends up in front of the
user as a reason, never as a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, eq=False, slots=True)
class Unknown:
    """A value that is not known. Two unknowns are equal only if they are the same object.

    `reason` completes the sentence "not known: ..." (for example "parameter `width` has no default").
    """

    reason: str

    def __repr__(self) -> str:
        return f"Unknown({self.reason})"


Int: TypeAlias = int | Unknown
Float: TypeAlias = float | Unknown
Bool: TypeAlias = bool | Unknown
Dim: TypeAlias = int | Unknown
"""One dimension of a tensor: a known size, or an unknown one (the batch, usually)."""
Shape: TypeAlias = tuple[Dim, ...]
"""The sizes of a tensor, outermost first. A tensor of unknown rank has shape `None`."""


def when_known(function: Callable[..., T], *values: object) -> T | Unknown:
    """`function(*values)`; where one of the values is Unknown, a new Unknown with its reason.

    It is a new one because what is computed from an unknown value need not equal it.
    """
    for value in values:
        if isinstance(value, Unknown):
            return Unknown(value.reason)
    try:
        return function(*values)
    except ArithmeticError:
        return Unknown("it cannot be computed")


def both(first: Bool, second: Bool) -> Bool:
    """Logical and: False as soon as one is False, Unknown if that decides."""
    if first is False or second is False:
        return False
    return second if first is True else first
