"""Putting rules to networks for fixes: which findings stand in a file or model, and are not suppressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.reading import Source
from netlint.engine.run import Task, judge, merged
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes.proposal import Checked, Judged, Reported
from netlint.graph import Graph

Kept = Callable[[Diagnostic], bool]
"""Which findings may be touched (a baseline says no)."""


def everything(_: Diagnostic) -> bool:
    return True


def check_networks(file: InputFile, settings: Settings, networks: Sequence[Graph], source: Source, kept: Kept = everything) -> Checked:
    """What is found in networks that were read from a file or model, and may be fixed. `source` is the file's text, empty for a model."""
    outcome, judged = judge(file, settings, networks, source)
    report = merged([Task(file, settings)], [outcome], lambda _: settings, ())
    findings = [finding for finding in report.findings if kept(finding)]
    reported = Reported(findings)
    return Checked(
        [Judged(graph, [one for one in found if reported.of(one.rule.code, one.finding, graph)]) for graph, found in judged], findings
    )
