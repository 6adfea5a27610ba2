"""Fixing a model at hand, a live module or an ONNX model: what of a fix does not depend on which of the two it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from netlint.engine.diagnostic import Diagnostic, Fix
from netlint.engine.errors import NetlintError
from netlint.engine.evaluation import Found
from netlint.engine.intent import Intent
from netlint.engine.placement import path_of, places_of
from netlint.engine.rule import Contract, StateDict
from netlint.fixes.proposal import Checked, GivenUp, Made, Proposal, Refusal, Reported, applicability, effects, words_of
from netlint.fixes.proving import Proof, Prover
from netlint.graph import Graph

M = TypeVar("M")
MAX_FIXES = 1000
"""Fixes of one model; each reads it anew."""


@dataclass(frozen=True, slots=True)
class Operated(Generic[M]):
    """A changed copy of a model: what was done in words, and what else follows from it (see `Contract` and `Proposal.reasons`)."""

    model: M
    message: str
    state_dict: StateDict | None = None
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models, run on the same inputs with their own weights: whether they keep what a contract says, and that in one line."""

    holds: bool
    line: str
    data: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.line


class Surgeon(Protocol[M]):
    """What can be done with one kind of model."""

    def check(self, model: M) -> Checked:
        """The model's networks with the findings that may be fixed, and all that is reported. Raises NetlintError."""

    def operate(self, model: M, graph: Graph, intent: Intent, contract: Contract) -> Operated[M]:
        """A copy of the model with one intent done; `model` stays as it is, and shares nothing that the copy changes.

        `graph` is the one that `check` gave for this very model. Raises Refusal with the reason.
        """

    def compare(self, before: M, after: M, contract: Contract) -> Comparison | None:
        """Both models run as wholes; None if they cannot be (no inputs are known, nothing can run them)."""


@dataclass(frozen=True, slots=True)
class Suggestion(Generic[M]):
    """A finding in a model, what can be done about it, and the changed copy (None if nothing can)."""

    proposal: Proposal
    diagnostic: Diagnostic
    changed: M | None


@dataclass(frozen=True, slots=True)
class ModelProof:
    """The proof on the graphs, and the comparison of the whole models where they can be run."""

    graphs: Proof
    run: Comparison | None

    @property
    def refusal(self) -> str | None:
        """Why the fix is not what it declares; None if all that was compared keeps what was declared."""
        return self.graphs.refusal or self._difference

    @property
    def contradicted(self) -> bool:
        return self.graphs.contradicted or self._difference is not None

    def objection(self, applicability: str) -> str | None:
        """Why a fix of this applicability must not be made."""
        return self.graphs.objection(applicability) or self._difference

    @property
    def _difference(self) -> str | None:
        return f"the models differ when they are run: {self.run}" if self.run is not None and not self.run.holds else None

    def changed(self) -> list[str]:
        return [*self.graphs.changed(), *([str(self.run)] if self.run is not None else [])]

    def lines(self) -> list[str]:
        return [*self.graphs.lines(), *([f"run: {self.run}"] if self.run is not None else [])]

    def as_json(self) -> dict[str, object]:
        return {**self.graphs.as_json(), "holds": self.refusal is None, "run": self.run.data if self.run is not None else None}


@dataclass(slots=True)
class FixedModel(Generic[M]):
    """The result of fixing a model: a copy (the model itself if nothing was done), what was made of it, and what is still reported."""

    model: M
    made: list[Made] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    left: tuple[Diagnostic, ...] = ()
    converged: bool = True
    proofs: dict[int, ModelProof] = field(default_factory=dict)
    """By the id of the proposal."""

    @property
    def changed(self) -> bool:
        return bool(self.made)


def suggestions(surgeon: Surgeon[M], model: M, checked: Checked) -> Iterator[Suggestion[M]]:
    """What can be done about each finding in a model, one after the other; nothing is done to `model`."""
    reported = Reported(checked.diagnostics)
    for judged in checked.judged:
        for found in judged.found:
            diagnostic = reported.of(found.rule.code, found.finding, judged.graph)
            suggestion = _suggestion(surgeon, model, judged.graph, found, diagnostic) if diagnostic is not None else None
            if suggestion is not None:
                yield suggestion


def fix_model(
    surgeon: Surgeon[M],
    model: M,
    kinds: Collection[str] = ("safe",),
    wanted: Callable[[Proposal, Diagnostic], bool] | None = None,
) -> FixedModel[M]:
    """Makes the fixes of the given applicabilities in a copy of a model, one after the other, until none is left.

    A safe one is kept only if the networks' graphs prove it and the models, run as wholes, agree; an unsafe one if it is what it
    declares. One whose finding is still there is taken back. Raises NetlintError for a model that cannot be read.
    """
    result = FixedModel(model)
    prover = Prover()
    checked = surgeon.check(model)
    tried: set[tuple[str, str]] = set()
    while True:
        offers = (
            one
            for kind in sorted(kinds)  # the safe ones first: they keep what the others may change
            for one in suggestions(surgeon, result.model, checked)
            if one.changed is not None
            and one.proposal.fix.applicability == kind
            and _identity(one) not in tried
            and (wanted is None or wanted(one.proposal, one.diagnostic))
        )
        offer = next(offers, None)
        if offer is None or offer.changed is None:
            break
        if len(result.made) == MAX_FIXES:
            result.converged = False
            break
        tried.add(_identity(offer))
        try:
            after = surgeon.check(offer.changed)
        except NetlintError as error:
            result.given_up.append(GivenUp(offer.proposal, offer.diagnostic, f"the model cannot be read with it: {error}"))
            continue
        proof = prove(surgeon, prover, offer, result.model, checked, after)
        reason = _still_there(offer, after) or proof.objection(offer.proposal.fix.applicability)
        if reason is not None:
            result.given_up.append(GivenUp(offer.proposal, offer.diagnostic, reason))
            continue
        result.proofs[id(offer.proposal)] = proof
        result.made.append(Made(offer.proposal, offer.diagnostic))
        result.model, checked = offer.changed, after
    result.left = tuple(checked.diagnostics)
    return result


def prove(surgeon: Surgeon[M], prover: Prover, suggestion: Suggestion[M], model: M, before: Checked, after: Checked) -> ModelProof:
    """The proof for a suggestion; `after` is the check of its changed copy."""
    assert suggestion.changed is not None
    contract = suggestion.proposal.fix.contract
    return ModelProof(prover.prove(suggestion.proposal, before, after), surgeon.compare(model, suggestion.changed, contract))


def _suggestion(surgeon: Surgeon[M], model: M, graph: Graph, found: Found, diagnostic: Diagnostic) -> Suggestion[M] | None:
    rule, finding = found.rule, found.finding
    intent = rule.intent(finding, graph)
    if intent is None or rule.fix_contract is None:
        return None
    place = places_of(finding.at, graph)[0][0]
    try:
        operated = surgeon.operate(model, graph, intent, rule.fix_contract)
    except Refusal as refusal:
        words = words_of(intent)
        fix = Fix(f"{words} (not done: {refusal})" if str(refusal) else words, "display", rule.fix_contract, ())
        refused = Proposal(rule, place, fix, diagnostic.filename, (str(refusal),) if str(refusal) else (), ((finding, graph),))
        return Suggestion(refused, diagnostic, None)
    contract = Contract(rule.fix_contract.forward, operated.state_dict or rule.fix_contract.state_dict, rule.fix_contract.training)
    fix = Fix(operated.message, applicability(contract, operated.caveats), contract, ())
    reasons = (*effects(contract), *operated.caveats)
    proposal = Proposal(rule, place, fix, diagnostic.filename, reasons, ((finding, graph),))
    return Suggestion(proposal, diagnostic, operated.model)


def _identity(suggestion: Suggestion[M]) -> tuple[str, str]:
    [(finding, graph)] = suggestion.proposal.findings
    return suggestion.proposal.rule.code, f"{graph.name}.{path_of(finding.at)} {suggestion.diagnostic.location}"


def _still_there(suggestion: Suggestion[M], after: Checked) -> str | None:
    same = (
        one
        for judged in after.judged
        for one in judged.found
        if one.rule.code == suggestion.proposal.rule.code
        and path_of(one.finding.at) == path_of(suggestion.proposal.findings[0][0].at)
        and judged.graph.name == suggestion.proposal.findings[0][1].name
    )
    return "the finding is still there" if next(same, None) is not None else None
