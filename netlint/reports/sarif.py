"""SARIF 2.1.0, the format of code scanning services and editors (OASIS, "Static Analysis Results Interchange Format")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from netlint import __version__
from netlint.engine.diagnostic import Diagnostic, Edit, Fix, Position, Related
from netlint.engine.notices import NOT_CHECKED
from netlint.engine.registry import Entry
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports.page import markdown, section
from netlint.reports.places import Places

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""The name that services know for the top of the checkout."""
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "recommendation"}
"""GitHub's words, which it orders alerts by."""

Json = dict[str, Any]


def render(report: Report, places: Places, entries: Mapping[str, Entry]) -> str:
    """One run. `entries` hold the rules that have findings, with their pages, by code."""
    codes = sorted({finding.code for finding in report.findings})
    writer = _Writer(report, places, {code: index for index, code in enumerate(codes)})
    run = {
        "tool": {"driver": {"name": "netlint", "version": __version__, "rules": [_rule(entries[code]) for code in codes]}},
        "invocations": [writer.invocation()],
        "originalUriBaseIds": {ROOT: {"uri": places.root.as_uri().rstrip("/") + "/"}},
        "columnKind": "unicodeCodePoints",
        "results": [writer.result(finding) for finding in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _rule(entry: Entry) -> Json:
    rule = entry.rule
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": section(entry.page, "What") or rule.summary},
        "help": {"text": entry.page.strip(), "markdown": markdown(entry.page)},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": list(dict.fromkeys((entry.chapter, *rule.statements))), "problem.severity": _PROBLEM[rule.severity]},
    }


@dataclass(frozen=True, slots=True)
class _Writer:
    report: Report
    places: Places
    indexes: Mapping[str, int]

    def result(self, finding: Diagnostic) -> Json:
        result: Json = {
            "ruleId": finding.code,
            "ruleIndex": self.indexes[finding.code],
            "level": LEVELS[finding.severity],
            "message": _message(self.places.message(finding)),
            "locations": [self.location(finding)],
            "partialFingerprints": {"netlint/v1": finding.fingerprint},
            "properties": {
                "confidence": finding.confidence,
                "network": finding.network,
                "symbol": finding.symbol,
                "scope": finding.scope,
                "count": finding.count,
                "frontend": finding.frontend,
            },
        }
        if finding.related:
            result["relatedLocations"] = [self.related(number, place) for number, place in enumerate(finding.related, start=1)]
        if finding.fix is not None and finding.fix.edits and self.places.has_lines(finding):
            result["fixes"] = [self.fix(finding.fix, finding.filename)]
        return result

    def location(self, finding: Diagnostic) -> Json:
        location: Json = {"physicalLocation": {"artifactLocation": self.artifact(finding.filename)}}
        if self.places.has_lines(finding):
            location["physicalLocation"]["region"] = _region(finding.location, finding.end_location)
        else:  # GitHub takes no result without a line
            location["physicalLocation"]["region"] = {"startLine": self.places.row(finding)}
        if finding.symbol:
            kind = "network" if finding.symbol == finding.network else "node" if finding.frontend == "onnx" else "layer"
            location["logicalLocations"] = [{"fullyQualifiedName": finding.symbol, "kind": kind}]
        return location

    def related(self, number: int, place: Related) -> Json:
        cell = self.places.cell(place.filename, place.location.row)
        has_lines = not cell and not place.filename.endswith(".onnx")
        line = {"startLine": self.places.file_row(place.filename, place.location.row)}
        region = _region(place.location, place.location) if has_lines else line
        physical: Json = {"artifactLocation": self.artifact(place.filename), "region": region}
        return {"id": number, "physicalLocation": physical, "message": _message(f"{place.message}: {cell}" if cell else place.message)}

    def fix(self, fix: Fix, filename: str) -> Json:
        change = {"artifactLocation": self.artifact(filename), "replacements": [_replacement(edit) for edit in fix.edits]}
        promises = {name: value for name, value in fix.as_json().items() if name in ("applicability", "contract", "verified")}
        return {"description": _message(fix.message), "artifactChanges": [change], "properties": promises}

    def invocation(self) -> Json:
        """How the run went: what could not be checked, and how models were read."""
        broken = [finding for finding in self.report.findings if finding.code == NOT_CHECKED.code]
        return {
            "executionSuccessful": not self.report.broken,
            "toolExecutionNotifications": [
                *({"level": "error", "message": _message(problem)} for problem in self.report.problems),
                *(
                    {"level": "error", "message": _message(self.places.message(finding)), "locations": [self.location(finding)]}
                    for finding in broken
                ),
                *({"level": "note", "message": _message(note)} for note in self.report.notes),
            ],
        }

    def artifact(self, filename: str) -> Json:
        inside = self.places.in_checkout(filename)
        if inside is None:
            return {"uri": self.places.absolute(filename).as_uri()}
        return {"uri": quote(inside, errors="surrogateescape"), "uriBaseId": ROOT}


def _message(text: str) -> Json:
    """Braces would be places for arguments (SARIF 3.11.5)."""
    return {"text": text.replace("{", "{{").replace("}", "}}")}


def _region(start: Position, end: Position) -> Json:
    """A range, its end exclusive as in netlint; a mere place has no end."""
    region = {"startLine": start.row, "startColumn": start.column}
    return {**region, "endLine": end.row, "endColumn": end.column} if end != start else region


def _replacement(edit: Edit) -> Json:
    start, end = edit.location, edit.end_location
    deleted = {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}
    return {"deletedRegion": deleted, **({"insertedContent": {"text": edit.content}} if edit.content else {})}
