"""Reading and checking bytes as a file of a project, for fixes: which findings stand in it, and are not suppressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.evaluation import Found
from netlint.engine.placement import places_of
from netlint.engine.reading import forget, graphs, read
from netlint.engine.registry import load
from netlint.engine.run import check
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes.convergence import Checked, ReadAndCheck
from netlint.fixes.plan import Judged


def checker(file: InputFile, settings: Settings, kept: Callable[[Diagnostic], bool] = lambda _: True) -> ReadAndCheck:
    """What `fix_source` needs for one source file. `kept` tells which findings may be touched (a baseline says no).

    Raises SourceError, when it is called, for bytes that cannot be read.
    """
    from netlint.engine.evaluation import check_graph

    rules = [rule for rule in load(settings.rule_paths).rules if rule.code in settings.selected - settings.ignored_in(file.path)]

    def read_and_check(source: bytes) -> Checked:
        forget()
        given = replace(file, text=source)
        networks = graphs(given, read(given)).graphs
        report = check([given], lambda _: settings, jobs=1)
        findings = [finding for finding in report.findings if kept(finding)]
        shown = {(one.code, one.location.row, one.location.column, one.end_location.row, one.end_location.column) for one in findings}
        judged = []
        for graph in networks:
            found, _ = check_graph(graph, rules, settings)
            judged.append(Judged(graph, [one for one in found if _shown(one, graph, file) in shown]))
        return Checked(judged, findings)

    return read_and_check


def _shown(one: Found, graph: object, file: InputFile) -> tuple[str, int, int, int, int] | None:
    place = places_of(one.finding.at, graph)[0][0]  # type: ignore[arg-type]
    if place.filename != file.filename:
        return None
    return one.rule.code, place.row, place.column, place.end_row, place.end_column
