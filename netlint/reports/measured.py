"""What netlint's own experiments say about a rule, beside what its page tells of others'.

`measured.json` holds the verdicts of `benchmarks/evidence/`; `python -m benchmarks.evidence` writes it with the results themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, slots=True)
class Measured:
    """One experiment: what it asked, on which data, what came of it, and the command that makes it again.

    `verdicts` holds, for each statement of the document (S-number), one of supports, contradicts, mixed and no effect.
    """

    experiment: str
    question: str
    data: str
    verdicts: Mapping[str, str]
    summary: str
    command: str
    date: str

    def as_json(self) -> dict[str, object]:
        return {
            "experiment": self.experiment,
            "question": self.question,
            "data": self.data,
            "verdicts": dict(self.verdicts),
            "summary": self.summary,
            "command": self.command,
            "date": self.date,
        }


def measured(code: str) -> tuple[Measured, ...]:
    """The experiments on a rule, by the rule's code; none for most rules beyond the document."""
    return _all().get(code, ())


@cache
def _all() -> dict[str, tuple[Measured, ...]]:
    found: dict[str, tuple[Measured, ...]] = {}
    for rules, record in ((record.pop("rules"), record) for record in json.loads(_FILE.read_text(encoding="utf-8"))):
        for code in rules:
            found[code] = (*found.get(code, ()), Measured(**record))
    return found
