"""What server and worker say to each other: plain values, and no more imports than they need, so that the server starts at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netlint.engine.diagnostic import Diagnostic, Position
from netlint.engine.targets import ExampleInput

SETTINGS = ("netlint.toml", "pyproject.toml", "netlint-baseline.json")
"""The files on which settings depend, in the folder of a document or above it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the user said when the server was started.

    `folders` are the opened ones. `trusted`: their settings may name `rule-paths`, which are imported.
    """

    folders: tuple[Path, ...] = ()
    config: Path | None = None
    isolated: bool = False
    trusted: bool = False
    inputs: tuple[ExampleInput, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The findings of one version of a document, in its rows. `told` are sentences for the user, each to be shown once; `pages` the files
    of their rules, as URIs."""

    version: int
    findings: tuple[Diagnostic, ...] = ()
    told: tuple[str, ...] = ()
    pages: tuple[tuple[str, str], ...] = ()
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A fix that can be made of a finding: what it does, and what it gives up where it is not safe."""

    code: str
    message: str
    safe: bool
    caveat: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a document would be after a fix; or why it stays as it is."""

    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A range of a document; the end is exclusive."""

    start: Position
    end: Position

    @property
    def size(self) -> tuple[int, int]:
        """What orders ranges that hold the same position from small to large."""
        return self.end.row - self.start.row, self.end.column - self.start.column


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown, and the range that it is about (the end is exclusive)."""

    markdown: str
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Symbol:
    """A network, a container or a layer, with what it is in a few words."""

    name: str
    kind: Literal["network", "container", "layer"]
    detail: str
    place: Place
    children: tuple[Symbol, ...] = ()
