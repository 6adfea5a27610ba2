"""The formats of `netlint check`: one table says how each is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from netlint.engine.registry import Entry
from netlint.engine.run import Depict, Report
from netlint.reports import github, gitlab, json, junit, sarif, statistics
from netlint.reports.places import Places
from netlint.reports.terminal import Paint
from netlint.reports.text import TextReport

if TYPE_CHECKING:
    from netlint.engine.evaluation import Found
    from netlint.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a format may want to know beside the report: how it is shown, the names of the checked files, and the rules' pages by code."""

    paint: Paint = field(default_factory=Paint)
    columns: int = 100
    verbose: bool = False
    quiet: bool = False
    files: Sequence[str] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    places: Places = field(default_factory=lambda: Places(Path.cwd(), Path.cwd()))


Render = Callable[[Report, View], str]


@dataclass(frozen=True, slots=True)
class Format:
    """How a report is rendered, how its statistics are (None: it has none), and what it wants kept of each network."""

    render: Render
    statistics: Render | None = None
    depict: Depict | None = None


def _html(report: Report, view: View) -> str:
    from netlint.reports.html.check import render

    return render(report, view.places, view.entries)


def _picture(judged: Sequence[tuple[Graph, Sequence[Found]]], filename: str) -> Sequence[object]:
    from netlint.reports.html.picture import depict

    return depict(judged, filename)


def _text(report: Report, view: View) -> str:
    if not report.findings and (report.problems or not report.files):
        return ""  # nothing good can be said of a run that lacked a target, or had nothing to check
    writer = TextReport(report, view.paint, view.columns, view.verbose)
    if view.quiet:
        return f"{writer.counts()}\n" if report.findings else ""
    return writer.render()


FORMATS: Mapping[str, Format] = {
    "text": Format(_text, lambda report, view: statistics.render_text(report.findings, view.paint)),
    "json": Format(
        lambda report, _: json.render(report.findings, report.sources), lambda report, _: statistics.render_json(report.findings)
    ),
    "sarif": Format(lambda report, view: sarif.render(report, view.places, view.entries)),
    "github": Format(lambda report, view: github.render(report, view.places)),
    "gitlab": Format(lambda report, view: gitlab.render(report, view.places)),
    "junit": Format(lambda report, view: junit.render(report, view.places, view.files)),
    "html": Format(_html, depict=_picture),
}
"""By the names in `netlint.config.OUTPUT_FORMATS`."""
