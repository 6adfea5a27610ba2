"""Putting rules to a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from netlint.engine.notices import NOT_CHECKED
from netlint.engine.rule import Finding, Rule
from netlint.engine.settings import Settings
from netlint.graph import Graph, Layer, Loader, Operator, Optimizer, Penalty, Unknown

_INPUT = {"source": "this source", "module": "a live module", "onnx": "an ONNX model"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule said of one subject: findings, unknowns, or nothing (clear); `crash` if it failed instead."""

    rule: Rule
    subject: object
    answers: tuple[Finding | Unknown, ...] = ()
    crash: Exception | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and the rule that made it."""

    rule: Rule
    finding: Finding


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that the graph could not answer, and what was asked about."""

    rule: Rule
    subject: object
    reason: str


@dataclass(slots=True)
class Subjects:
    """The things of a graph by type, each list made once."""

    graph: Graph
    _lists: dict[type, list[object]] = field(default_factory=dict)
    _operators: dict[type, list[tuple[int, Operator]]] = field(default_factory=dict)
    """The operators by their own class, with their places in the graph."""

    def of(self, kind: type) -> list[object]:
        """Everything of a kind that is judged in this graph, in its order."""
        if kind not in self._lists:
            elsewhere = self.graph.elsewhere
            self._lists[kind] = [thing for thing in self._room(kind) if id(thing) not in elsewhere]
        return self._lists[kind]

    def _room(self, kind: type) -> Iterable[object]:
        if kind is Graph:
            return (self.graph,)
        if kind is Layer:
            return self.graph.layers
        if kind is Optimizer:
            return self.graph.training.optimizers
        if kind is Loader:
            return self.graph.training.loaders
        if kind is Penalty:
            return self.graph.training.penalties
        if issubclass(kind, Operator):
            return self._of_class(kind)
        raise TypeError(f"a check cannot ask for {kind.__name__}")

    def _of_class(self, kind: type[Operator]) -> list[Operator]:
        """The operators of a class and its subclasses: a rule asks for few of many, so they are sorted by class once."""
        if not self._operators:
            for place, operator in enumerate(self.graph.operators):
                self._operators.setdefault(type(operator), []).append((place, operator))
        found = [placed for own, several in self._operators.items() if issubclass(own, kind) for placed in several]
        return [operator for _, operator in sorted(found, key=itemgetter(0))]


def evaluate(graph: Graph, rules: Iterable[Rule], settings: Settings) -> Iterator[Verdict]:
    """Each rule's verdict on each of its subjects, in the order of the rules. A rule that fails is left there; the others go on."""
    subjects = Subjects(graph)
    for rule in rules:
        if rule.needs not in graph.facts:
            yield Verdict(rule, graph, (Unknown(f"{_INPUT[graph.frontend]} does not tell {rule.needs.value}"),))
            continue
        options = settings.options_of(rule)
        try:
            things = [thing for kind in rule.subjects for thing in subjects.of(kind)]
        except TypeError as error:
            yield Verdict(rule, graph, crash=error)
            continue
        for thing in dict.fromkeys(things):
            try:
                verdict = Verdict(rule, thing, tuple(rule.answers(thing, graph, options)))
            except Exception as error:  # whatever a rule does, the others must be heard
                yield Verdict(rule, thing, crash=error)
                break
            yield verdict


def check_graph(graph: Graph, rules: Iterable[Rule], settings: Settings) -> tuple[list[Found], list[Unanswered]]:
    """The findings of all rules on a graph, and the questions it could not answer. A crash is a finding of NL000."""
    found: list[Found] = []
    unanswered: list[Unanswered] = []
    for verdict in evaluate(graph, rules, settings):
        if verdict.crash is not None:
            found.append(Found(NOT_CHECKED, crash_report(verdict, graph)))
        for answer in verdict.answers:
            if isinstance(answer, Unknown):
                unanswered.append(Unanswered(verdict.rule, verdict.subject, answer.reason))
            else:
                found.append(Found(verdict.rule, answer))
    return found, unanswered


def crash_report(verdict: Verdict, graph: Graph) -> Finding:
    """The NL000 finding for a rule that failed, at the subject it failed on."""
    rule, error, subject = verdict.rule, verdict.crash, verdict.subject
    at = graph.root if isinstance(subject, Graph) else subject
    return Finding(
        at=at if at is not None else graph.site,  # type: ignore[arg-type]  # subjects are what rules can point at
        message=f"rule {rule.code} ({rule.name}) failed on `{graph.name}`: {type(error).__name__}: {error}. "
        "This is a defect of the rule; report it, or leave the rule out with `--ignore`.",
        data={"rule": rule.code, "error": type(error).__name__},
    )
