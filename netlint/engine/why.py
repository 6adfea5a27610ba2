"""Why a rule did or did not fire on the things of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netlint.engine.evaluation import Found, Verdict, evaluate
from netlint.engine.placement import candidates, path_of, places_of
from netlint.engine.reading import read, reading_of
from netlint.engine.registry import load
from netlint.engine.rule import Finding, Rule
from netlint.engine.settings import Settings
from netlint.engine.suppression import Suppressions
from netlint.engine.targets import InputFile
from netlint.graph import Graph, Location, Operator, Unknown


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule's verdict on one thing: fired, suppressed, clear, unknown or failed, with the message or reason, and the thing's place."""

    network: str
    subject: str
    row: int
    column: int
    verdict: str
    reason: str = ""


def explain_file(rule: Rule, file: InputFile, settings: Settings, rows: range | None) -> tuple[list[str], list[Explanation]]:
    """The names of a file's networks, and the verdicts of a rule on them. Raises NetlintError when the file cannot be read."""
    networks = reading_of(file, settings.limits).graphs
    silencers = Suppressions.of(file.filename, read(file), load(settings.rule_paths))
    return [graph.name for graph in networks], explain(rule, networks, settings, silencers, rows)


def explain(rule: Rule, graphs: Sequence[Graph], settings: Settings, silencers: Suppressions, rows: range | None) -> list[Explanation]:
    """The verdicts of a rule on everything it looks at in some networks; with `rows`, on what stands or is flagged there."""
    return [
        explanation
        for graph in graphs
        for verdict in evaluate(graph, [rule], settings)
        for place, explanation in _explanations(verdict, graph, settings, silencers)
        if rows is None or explanation.row in rows or (place.row < rows.stop and place.end_row >= rows.start)
    ]


def _explanations(verdict: Verdict, graph: Graph, settings: Settings, silencers: Suppressions) -> Iterator[tuple[Location, Explanation]]:
    """Each answer of a verdict with the place it speaks of."""
    own_place = places_of(verdict.subject, graph)[0][0]

    def explanation(word: str, reason: str = "", place: Location = own_place) -> tuple[Location, Explanation]:
        return place, Explanation(graph.name, _called(verdict.subject, graph), own_place.row, own_place.column, word, reason)

    if verdict.crash is not None:
        yield explanation("failed", f"{type(verdict.crash).__name__}: {verdict.crash}")
    elif not verdict.answers:
        yield explanation("clear")
    for answer in verdict.answers:
        if isinstance(answer, Unknown):
            yield explanation("unknown", answer.reason)
        else:
            silenced = _silenced(verdict.rule, answer, graph, settings, silencers)
            place = places_of(answer.at, graph)[0][0]
            yield explanation("suppressed" if silenced else "fired", silenced or answer.message, place)


def _silenced(rule: Rule, finding: Finding, graph: Graph, settings: Settings, silencers: Suppressions) -> str:
    """What keeps a finding out of the report; empty if nothing does."""
    if settings.ignores_module(graph.name, path_of(finding.at)):
        return "by `ignore-modules` in the settings"
    if rule.code not in settings.selected:
        return "the rule is not selected in the settings"
    comment = silencers.takes(candidates([Found(rule, finding)], graph)[0].diagnostic)
    return f"by the comment in {silencers.place(comment)}" if comment else ""


def _called(subject: object, graph: Graph) -> str:
    path = path_of(subject)
    name = graph.name if isinstance(subject, Graph) else subject.name if isinstance(subject, Operator) else type(subject).__name__
    return f"{path} ({name})" if path else name
