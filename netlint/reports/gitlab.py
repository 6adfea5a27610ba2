"""GitLab's Code Quality report: the part of the Code Climate format that its documentation asks for."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.notices import NOT_CHECKED
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports.places import Places

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.ADVICE: "info"}
"""A file that was not checked is a `blocker`: nothing is known of it."""


def render(report: Report, places: Places) -> str:
    """A JSON list, a record a finding."""
    seen: Counter[tuple[str, str]] = Counter()
    records = [_record(finding, places, seen) for finding in report.findings]
    return json.dumps(records, indent=2) + "\n"


def _record(finding: Diagnostic, places: Places, seen: Counter[tuple[str, str]]) -> dict[str, object]:
    path = places.shown(finding.filename)
    key = path, finding.fingerprint
    seen[key] += 1
    return {
        "description": f"{finding.code} {finding.name}: {places.message(finding)}",
        "check_name": finding.code,
        "fingerprint": hashlib.sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "surrogateescape")).hexdigest(),
        "severity": "blocker" if finding.code == NOT_CHECKED.code else SEVERITIES[finding.severity],
        "location": {"path": path, "lines": {"begin": places.row(finding)}},
    }
