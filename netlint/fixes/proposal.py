"""What can be done about a finding, whatever the network was read from: the fix, why it is not safe, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from netlint.engine.diagnostic import Diagnostic, Fix
from netlint.engine.evaluation import Found
from netlint.engine.intent import ChangeClass, Initialize, InsertAfter, Intent, Register, Replace, Rewrite, SetOption, SplitGroups, Swap
from netlint.engine.placement import path_of, places_of
from netlint.engine.reading import Source
from netlint.engine.rule import Contract, Finding, Forward, Rule, StateDict, TrainingEffect
from netlint.graph import Graph, Location


class Refusal(Exception):
    """A fix that cannot be made; the text completes "not done: ...", and is empty for what is only meant to be shown."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A network and what the rules found in it."""

    graph: Graph
    found: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What can be done about the findings of one rule at one place.

    `fix.edits` are empty and its applicability is `display` where no edit can be written. `reasons` say why it is not safe, or why
    there is no edit. `findings` are those that it is for, one or more a network, `filename` is the file that the edits are of.
    """

    rule: Rule
    place: Location
    fix: Fix
    filename: str
    reasons: tuple[str, ...] = ()
    findings: tuple[tuple[Finding, Graph], ...] = field(default=(), repr=False)


class Reported:
    """Diagnostics, to be found by what they report: one stands for all findings of a rule at a place in the code; a model file has no
    lines, so there its node tells."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._by_place: dict[tuple[object, ...], Diagnostic] = {}
        self._by_symbol: dict[tuple[str, str], Diagnostic] = {}
        for one in diagnostics:
            if one.frontend != "source":
                self._by_symbol.setdefault((one.code, one.symbol), one)
            if one.frontend != "onnx":
                start, end = one.location, one.end_location
                self._by_place.setdefault((one.code, Path(one.filename).absolute(), start.row, start.column, end.row, end.column), one)

    def of(self, code: str, finding: Finding, graph: Graph) -> Diagnostic | None:
        """What reports a finding; None if it is suppressed, or stands in another file."""
        if graph.frontend != "source":
            path = path_of(finding.at)
            named = self._by_symbol.get((code, f"{graph.name}.{path}" if path else graph.name))
            if named is not None or graph.frontend == "onnx":
                return named
        place = places_of(finding.at, graph)[0][0]
        return self._by_place.get((code, Path(place.filename).absolute(), place.row, place.column, place.end_row, place.end_column))


@dataclass(frozen=True, slots=True)
class Checked:
    """One check of a file or model.

    `judged` holds each network with those of its findings that stand in the file (or model) and that nothing suppresses: what may be fixed.
    `diagnostics` are all that would be reported for it, suppressed ones left out.
    """

    judged: Sequence[Judged]
    diagnostics: Sequence[Diagnostic]
    source: Source | None = None
    """The text that was read."""

    def diagnostic_of(self, proposal: Proposal) -> Diagnostic | None:
        """What is reported of a proposal's findings; None if nothing is."""
        reported = Reported(self.diagnostics)
        found = (reported.of(proposal.rule.code, finding, graph) for finding, graph in proposal.findings)
        return next((diagnostic for diagnostic in found if diagnostic is not None), None)

    @property
    def graphs(self) -> list[Graph]:
        return [one.graph for one in self.judged]


@dataclass(frozen=True, slots=True)
class Made:
    """A fix that was made: its proposal, and the finding as it was reported."""

    proposal: Proposal
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A fix that did not hold, and why."""

    proposal: Proposal
    diagnostic: Diagnostic
    reason: str


def words_of(intent: Intent) -> str:
    """The intent in words, for a fix that is only shown."""
    match intent:
        case tuple():
            return "; ".join(dict.fromkeys(map(words_of, intent)))
        case Swap(first, second):
            return f"Apply the {second.name} before the {first.name}"
        case Replace(old, new):
            return f"Use {', '.join(operator.name for operator in new)} in the place of {old.name}" if new else f"Remove the {old.name}"
        case InsertAfter(after, new):
            return f"Apply a {new.name} to the result of the {after.name}"
        case SetOption(_, values):
            return f"Set {', '.join(f'{name}={value!r}' for name, value in values.items())}"
        case ChangeClass(_, kind):
            return f"Use torch.optim.{kind} with the same arguments"
        case SplitGroups():
            return "Put the parameters with fewer than two dimensions into a group of their own"
        case Register(layer):
            return f"Let the module own this {layer.kind.rpartition('.')[2]}"
        case Initialize(_, name, _):
            return f"Initialise the weights with torch.nn.init.{name}"
        case Rewrite(_, words, _):
            return words[:1].upper() + words[1:]


def applicability(contract: Contract, caveats: Sequence[str]) -> Literal["safe", "unsafe", "display"]:
    """safe: the same results, keys and training; unsafe: keys that can be mapped, or a change that is meant; display: the rest."""
    meant = contract.forward is Forward.CHANGES or contract.training is TrainingEffect.CHANGES
    if contract.state_dict is StateDict.BREAKS and not meant:
        return "display"
    return "unsafe" if meant or contract.state_dict is not StateDict.SAME or caveats else "safe"


def effects(contract: Contract) -> tuple[str, ...]:
    """What a contract gives up, in words."""
    effects = {
        "the network's results change": contract.forward is Forward.CHANGES,
        "keys of the state_dict move": contract.state_dict is StateDict.REMAP,
        "saved weights no longer fit": contract.state_dict is StateDict.BREAKS,
        "training changes": contract.training is TrainingEffect.CHANGES,
    }
    return tuple(words for words, given_up in effects.items() if given_up)
