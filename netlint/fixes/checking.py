"""Putting rules to networks for fixes: which findings stand in a file or model, and are neither suppressed nor accepted."""

from __future__ import annotations

from collections.abc import Sequence

from netlint.engine.reading import Source
from netlint.engine.run import Task, judge, merged
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes.proposal import Checked, Judged, Reported
from netlint.graph import Graph


def check_networks(file: InputFile, settings: Settings, networks: Sequence[Graph], source: Source) -> Checked:
    """What is found in networks that were read from a file or model, and may be fixed. `source` is the file's text, empty for a model."""
    outcome, results = judge(file, settings, networks, source)
    report = merged([Task(file, settings)], [outcome], lambda _: settings, ())
    reported = Reported(report.findings)
    judged = [Judged(graph, [one for one in found if reported.of(one.rule.code, one.finding, graph)]) for graph, found in results]
    return Checked(judged, report.findings, source)
