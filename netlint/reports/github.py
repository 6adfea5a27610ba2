"""GitHub's workflow commands: lines on stdout of a job that become annotations of the files.

The syntax and its escapes are those of "Workflow commands for GitHub Actions" and of the runner's `ActionCommand`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports.places import Places
from netlint.reports.terminal import printable

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}


def render(report: Report, places: Places) -> str:
    """A line a finding, and one for each target that could not be used; nothing for an empty report."""
    lines = [_command("error", {"title": "netlint"}, problem) for problem in report.problems]
    for finding in report.findings:
        lines.append(_command(COMMANDS[finding.severity], dict(_properties(finding, places)), _text(finding, places)))
    return "".join(f"{line}\n" for line in lines)


def _properties(finding: Diagnostic, places: Places) -> Iterator[tuple[str, str]]:
    yield "file", places.shown(finding.filename)
    if places.has_lines(finding):
        start, end = finding.location, finding.end_location
        yield "line", str(start.row)
        yield "endLine", str(end.row)
        if start.row == end.row:  # the runner takes columns within one line only
            yield "col", str(start.column)
            yield "endColumn", str(end.column)
    elif finding.frontend != "onnx":
        yield "line", str(places.row(finding))
    yield "title", f"{finding.code} {finding.name}"


def _text(finding: Diagnostic, places: Places) -> str:
    fix = f"\nfix: {finding.fix.message}" if finding.fix is not None and finding.fix.edits else ""
    return places.message(finding) + fix


def _command(name: str, properties: Mapping[str, str], text: str) -> str:
    given = ",".join(f"{key}={_escaped_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_escaped(_printable(text))}"


def _printable(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
