"""JSON, in field names that tools which read ruff's output can read.

In a notebook, `cell` is the number of a code cell, from 1, and the rows are those of the cell; an edit ends where its cell ends at the
latest. Related places and edits have a `cell` of their own there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.reading import Source


def render(findings: Iterable[Diagnostic], sources: Mapping[str, Source] | None = None) -> str:
    """The findings as a JSON list. `sources` are the texts of notebooks, by file name."""
    records = [record(finding, (sources or {}).get(finding.filename), sources) for finding in findings]
    return json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def record(finding: Diagnostic, source: Source | None, sources: Mapping[str, Source] | None = None) -> dict[str, Any]:
    """One finding; `source` is the text of its file, if that is a notebook."""
    found = finding.as_json()
    found["cell"] = finding.cell[0] if finding.cell is not None else None
    if source is not None and source.cells:
        _in_cells([found, *(found["fix"]["edits"] if found["fix"] else ())], source)
    for place in found["related"]:
        other = (sources or {}).get(place["filename"], source if place["filename"] == finding.filename else None)
        if other is not None and other.cells:
            _in_cells([place], other)
    return found


def _in_cells(records: Iterable[dict[str, Any]], source: Source) -> None:
    """Rows of the whole text become rows of the cells."""
    for one in records:
        cell, row = source.cell_of(one["location"]["row"]) or (0, 0)
        one["cell"] = cell
        shift = one["location"]["row"] - row
        one["location"]["row"] = row
        if "end_location" in one:
            one["end_location"]["row"] -= shift
