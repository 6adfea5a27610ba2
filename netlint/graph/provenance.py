"""Where a thing in a network comes from: a range of a source file, or a name in a model file."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, order=True, slots=True)
class Location:
    """A range of a file. Rows and columns count from 1; the end column is exclusive."""

    filename: str
    row: int
    column: int
    end_row: int
    end_column: int


@runtime_checkable
class Site(Protocol):
    """A place in the user's input. Comparing sites is free; asking for the location may cost a little.

    A site in an exported model may have an attribute `written`: the site of the source that it was exported from.
    """

    @property
    def key(self) -> Hashable:
        """Equal for two sites exactly when they are the same place."""

    @property
    def scope(self) -> str:
        """The class or function the place stands in, as written (`AlexNet`, `AlexNet.forward`, `""` at module level)."""

    def location(self) -> Location: ...


@dataclass(frozen=True, slots=True)
class FixedSite:
    """A site whose location is known from the start."""

    place: Location
    scope: str = ""

    @property
    def key(self) -> Hashable:
        return self.place

    def location(self) -> Location:
        return self.place
