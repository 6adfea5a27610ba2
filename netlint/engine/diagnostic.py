"""The finished record of a finding: plain values, ready to print, to send between processes, or to write as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from netlint.engine.rule import Contract, Severity


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A row and a column, both from 1."""

    row: int
    column: int

    def as_json(self) -> dict[str, int]:
        return {"row": self.row, "column": self.column}


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a finding: the constructor, the application, the partner layer."""

    filename: str
    location: Position
    message: str

    def as_json(self) -> dict[str, object]:
        return {"filename": self.filename, "location": self.location.as_json(), "message": self.message}


@dataclass(frozen=True, slots=True)
class Edit:
    """Text to put in the place of a range of the file (the end is exclusive)."""

    content: str
    location: Position
    end_location: Position

    def as_json(self) -> dict[str, object]:
        return {"content": self.content, "location": self.location.as_json(), "end_location": self.end_location.as_json()}


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits with what they promise. `verified` is the verifier's evidence, None where nothing had to be computed."""

    message: str
    applicability: Literal["safe", "unsafe", "display"]
    contract: Contract
    edits: tuple[Edit, ...]
    verified: Mapping[str, object] | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "message": self.message,
            "applicability": self.applicability,
            "contract": self.contract.as_json(),
            "verified": self.verified,
            "edits": [edit.as_json() for edit in self.edits],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding at one place of one file.

    `network` is the network that has most of it, `count` how many layers of that network it concerns, `symbol` the first
    of them, `scope` the class or function it is written in. `confidence` is `likely` where something unseen might excuse it.
    `data` holds only what JSON can. `fingerprint` stays the same when lines move, `identity` also when the file gets another
    name. In a notebook, all rows are those of its code cells as one text, and `cell` is the number of the finding's cell and the line in
    it, from 1.
    """

    code: str
    name: str
    severity: Severity
    message: str
    filename: str
    location: Position
    end_location: Position
    confidence: Literal["certain", "likely"] = "certain"
    related: tuple[Related, ...] = ()
    symbol: str = ""
    network: str = ""
    scope: str = ""
    count: int = 1
    frontend: str = "source"
    identity: str = ""
    fingerprint: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    fix: Fix | None = None
    cell: tuple[int, int] | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """File, row, column, code: the order of every report; in a model file, which has no rows, the node decides last."""
        return self.filename, self.location.row, self.location.column, self.code, self.symbol

    @property
    def url(self) -> str:
        """A name for the rule's page (`netlint rule` shows it) in the form that editors and SARIF expect."""
        return f"urn:netlint:rule:{self.code}"

    def as_json(self) -> dict[str, Any]:
        """The record as other tools read it (field names follow ruff's)."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity.value,
            "confidence": self.confidence,
            "message": self.message,
            "filename": self.filename,
            "location": self.location.as_json(),
            "end_location": self.end_location.as_json(),
            "related": [place.as_json() for place in self.related],
            "symbol": self.symbol,
            "network": self.network,
            "scope": self.scope,
            "count": self.count,
            "frontend": self.frontend,
            "fingerprint": self.fingerprint,
            "url": self.url,
            "data": dict(self.data),
            "fix": self.fix.as_json() if self.fix else None,
        }


def fingerprint(file: str, identity: str) -> str:
    """What a finding is known by in a project: its file, as the project names it, and what it is there."""
    return _digest(f"{file}\0{identity}")


def identity(code: str, surroundings: str, ordinal: int) -> str:
    """What a finding is in its file, whatever the file is called: its rule, what stands around it, and a number that tells equal ones
    apart."""
    return _digest(f"{code}\0{surroundings}\0{ordinal}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def plain(value: object) -> object:
    """A value as JSON can hold it: containers stay containers, numbers numbers, all else its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON has no infinity and no NaN
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    return str(value)
