"""Reading and checking bytes as a file of a project, for fixes: which findings stand in it, and are not suppressed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.evaluation import Found, check_graph
from netlint.engine.placement import candidates, places_of
from netlint.engine.reading import forget, graphs, read
from netlint.engine.registry import load
from netlint.engine.run import Outcome, Task, merged
from netlint.engine.settings import Settings
from netlint.engine.suppression import comments
from netlint.engine.targets import InputFile
from netlint.fixes.proposal import Judged
from netlint.fixes.source.convergence import Checked, ReadAndCheck
from netlint.graph import Graph


def checker(file: InputFile, settings: Settings, kept: Callable[[Diagnostic], bool] = lambda _: True) -> ReadAndCheck:
    """What `fix_source` needs for one source file. `kept` tells which findings may be touched (a baseline says no).

    What the file imports is read once: nobody else changes it meanwhile. Raises SourceError, when it is called, for bytes that cannot
    be read.
    """
    forget()
    rules = [rule for rule in load(settings.rule_paths).rules if rule.code in settings.selected]

    def read_and_check(source: bytes) -> Checked:
        given = replace(file, text=source)
        text = read(given)
        networks = graphs(given, text).graphs
        found: dict[int, list[Found]] = {}
        outcome = Outcome(networks=tuple(graph.name for graph in networks), comments=comments(text.text), source=text)
        for graph in networks:
            found[id(graph)], unanswered = check_graph(graph, rules, settings)
            outcome.candidates += candidates(found[id(graph)], graph)
            for question in unanswered:
                outcome.unanswered.setdefault(question.rule.code, Counter())[question.reason] += 1
        report = merged([Task(given, settings)], [outcome], lambda _: settings, ())
        findings = [finding for finding in report.findings if kept(finding)]
        shown = {(one.code, one.location.row, one.location.column, one.end_location.row, one.end_location.column) for one in findings}
        return Checked(
            [Judged(graph, [one for one in found[id(graph)] if _shown(one, graph, file) in shown]) for graph in networks], findings
        )

    return read_and_check


def _shown(one: Found, graph: Graph, file: InputFile) -> tuple[str, int, int, int, int] | None:
    """Where a finding is reported; None outside the file."""
    place = places_of(one.finding.at, graph)[0][0]
    if place.filename != file.filename:
        return None
    return one.rule.code, place.row, place.column, place.end_row, place.end_column
