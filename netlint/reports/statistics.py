"""How many findings each rule has."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from netlint.engine.diagnostic import Diagnostic
from netlint.reports.terminal import Paint, table


def render_text(findings: Sequence[Diagnostic], paint: Paint) -> str:
    """A table of rules, the most frequent first."""
    rows = [(f"{count:,}", code, name, severity) for (code, name, severity), count in _counts(findings)]
    return "".join(f"{line}\n" for line in table(rows, right=(0,))) if rows else "No findings.\n"


def render_json(findings: Sequence[Diagnostic]) -> str:
    """The same as a JSON list."""
    rows = [{"code": code, "name": name, "severity": severity, "count": count} for (code, name, severity), count in _counts(findings)]
    return json.dumps(rows, indent=2) + "\n"


def _counts(findings: Sequence[Diagnostic]) -> list[tuple[tuple[str, str, str], int]]:
    counts = Counter((finding.code, finding.name, finding.severity.value) for finding in findings)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
