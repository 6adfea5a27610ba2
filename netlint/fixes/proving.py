"""Proof for a fix: the networks it changes, before and after, held against what it declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netlint.engine.rule import Contract
from netlint.fixes.proposal import Checked, Proposal
from netlint.graph import Graph
from netlint.verify import Evidence, equivalence


@dataclass(frozen=True, slots=True)
class Proof:
    """The evidence for each network that a fix changes; `missing` names those that are not there any more."""

    evidence: tuple[tuple[str, Evidence], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def refusal(self) -> str | None:
        """Why the fix must not be made as it is declared; None if every network was compared, and keeps what was declared."""
        if self.missing:
            return f"`{self.missing[0]}` cannot be read after the change"
        for name, evidence in self.evidence:
            if evidence.unverified is not None:
                return f"`{name}` could not be compared: {evidence.unverified}"
            if not evidence.holds:
                return f"it does not keep what it declares for `{name}`: {evidence}"
        return None

    @property
    def contradicted(self) -> bool:
        """Whether something was measured that is not what the fix declares."""
        return not all(evidence.holds for _, evidence in self.evidence)

    def objection(self, applicability: str) -> str | None:
        """Why a fix of this applicability must not be made: a safe one must be proved; an unsafe one is meant to change something, and
        only must be what it says."""
        if applicability == "safe" or self.missing or any(evidence.refused for _, evidence in self.evidence):
            return self.refusal
        return None

    def changed(self) -> list[str]:
        """One line a network in which something is not alike."""
        return [f"{name}: {evidence}" for name, evidence in self.evidence if evidence.regions]

    def lines(self) -> list[str]:
        """One line a network."""
        return [f"{name}: {evidence}" for name, evidence in self.evidence] + [f"{name}: cannot be read any more" for name in self.missing]

    def as_json(self) -> dict[str, object]:
        return {"holds": self.refusal is None, "networks": {name: evidence.as_json() for name, evidence in self.evidence}}


class Prover:
    """Compares the networks of a file before and after a change; remembers what it has compared."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, Contract], Proof] = {}
        self._kept: list[Checked] = []  # so that an id stays theirs

    def prove(self, proposal: Proposal, before: Checked, after: Checked) -> Proof:
        """The proof for the change from `before` to `after`, as a fix that changes nothing but what `proposal` is for."""
        key = (id(before), id(after), proposal.fix.contract)
        if key not in self._known:
            self._kept += [before, after]
            self._known[key] = self._compared(before.graphs, after.graphs, proposal.fix.contract)
        return self._known[key]

    @staticmethod
    def _compared(before: Sequence[Graph], after: Sequence[Graph], contract: Contract) -> Proof:
        found: list[tuple[str, Evidence]] = []
        missing: list[str] = []
        waiting = list(after)
        for graph in before:
            twin = next((other for other in waiting if other.name == graph.name and (other.root is None) == (graph.root is None)), None)
            if twin is None:
                missing.append(graph.name)
                continue
            waiting.remove(twin)
            found.append((graph.name, equivalence(graph, twin, contract)))
        return Proof(tuple(found), tuple(missing))

    def accept(self, proposal: Proposal, before: Checked, after: Checked) -> str | None:
        """For `fix_source`: why a fix must not be made."""
        return self.prove(proposal, before, after).objection(proposal.fix.applicability)
