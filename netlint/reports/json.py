"""JSON, in field names that tools which read ruff's output can read."""

from __future__ import annotations

import json
from collections.abc import Iterable

from netlint.engine.diagnostic import Diagnostic


def render(findings: Iterable[Diagnostic]) -> str:
    """The findings as a JSON list."""
    return json.dumps([finding.as_json() for finding in findings], indent=2, ensure_ascii=False, allow_nan=False) + "\n"
