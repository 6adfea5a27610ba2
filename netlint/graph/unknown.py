"""A fact that could not be known, and why.

Unknown is a value: it flows through arithmetic, operator attributes and shapes, and it ends up in front of the
user as a reason, never as a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


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
