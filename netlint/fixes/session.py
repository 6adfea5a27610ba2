"""Fixing and verifying a file or a model: what `netlint check --fix` and `netlint verify` do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.errors import NetlintError
from netlint.engine.reading import live_model, onnx_model
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes.models import FixedModel, ModelProof, Surgeon, fix_model, prove, suggestions
from netlint.fixes.proposal import Checked, Proposal
from netlint.fixes.proving import Proof, Prover
from netlint.fixes.source.applying import apply
from netlint.fixes.source.checking import checker
from netlint.fixes.source.convergence import Fixed, fix_source
from netlint.fixes.source.plan import plan
from netlint.frontends.errors import SourceError

Wanted = Callable[[Proposal, Diagnostic], bool]


@dataclass(slots=True)
class FixedFile:
    """A file with its fixes, not yet written: what it was, and what became of each fix."""

    file: InputFile
    before: bytes
    fixed: Fixed
    proofs: Mapping[int, Proof] = field(default_factory=dict)
    """By the id of the proposal."""

    @property
    def source(self) -> bytes:
        return self.fixed.source

    @property
    def changed(self) -> bool:
        return self.fixed.source != self.before


@dataclass(frozen=True, slots=True)
class Verification:
    """What a suggestion would do: the finding, the proposal, and the proof, or why there is none."""

    diagnostic: Diagnostic
    proposal: Proposal
    proof: Proof | ModelProof | None
    reason: str = ""


def fix_file(file: InputFile, settings: Settings, applicabilities: Collection[str], wanted: Wanted | None = None) -> FixedFile:
    """Fixes a source file in memory. A safe fix is made only if it is proved. Raises SourceError and OSError if it cannot be read."""
    before = file.text if file.text is not None else file.path.read_bytes()
    prover = Prover()
    proofs: dict[int, Proof] = {}

    def accept(proposal: Proposal, old: Checked, new: Checked) -> str | None:
        proofs[id(proposal)] = prover.prove(proposal, old, new)
        return prover.accept(proposal, old, new)

    fixed = fix_source(checker(file, settings), before, file.filename, applicabilities, accept, wanted)
    return FixedFile(file, before, fixed, proofs)


def verify_file(file: InputFile, settings: Settings) -> list[Verification]:
    """Makes each fix of a file alone, in memory, and compares the networks before and after. Raises SourceError and OSError."""
    source = file.text if file.text is not None else file.path.read_bytes()
    read_and_check = checker(file, settings)
    before = read_and_check(source)
    prover = Prover()
    results = []
    for proposal in plan(before.judged, before.source):
        diagnostic = before.diagnostic_of(proposal)
        if diagnostic is None:
            continue
        if not proposal.fix.edits:
            results.append(Verification(diagnostic, proposal, None, "there is no edit to verify"))
        elif proposal.filename != file.filename:
            results.append(Verification(diagnostic, proposal, None, f"its edit is in {proposal.filename}"))
        else:
            results.append(_verified(diagnostic, proposal, source, before, read_and_check, prover))
    return results


def _verified(
    diagnostic: Diagnostic,
    proposal: Proposal,
    source: bytes,
    before: Checked,
    read_and_check: Callable[[bytes], Checked],
    prover: Prover,
) -> Verification:
    try:
        after = read_and_check(apply(source, [proposal.fix], proposal.filename))
    except SourceError as error:
        return Verification(diagnostic, proposal, None, f"the file cannot be read with it: {error.message}")
    return Verification(diagnostic, proposal, prover.prove(proposal, before, after))


# -- models ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operation:
    """A model with what can change copies of it."""

    surgeon: Surgeon[Any]
    model: Any

    def fix(self, kinds: Collection[str], wanted: Wanted | None = None) -> FixedModel[Any]:
        """The fixes made in a copy, one after the other. Raises NetlintError for a model that cannot be read or run."""
        return fix_model(self.surgeon, self.model, kinds, wanted)

    def verify(self) -> list[Verification]:
        """What each suggestion alone would do. Raises NetlintError for a model that cannot be read or run."""
        checked, prover = self.surgeon.check(self.model), Prover()
        results = []
        for one in suggestions(self.surgeon, self.model, checked):
            if one.changed is None:
                results.append(Verification(one.diagnostic, one.proposal, None, "there is nothing to compare"))
                continue
            try:
                after = self.surgeon.check(one.changed)
            except NetlintError as error:
                results.append(Verification(one.diagnostic, one.proposal, None, f"the model cannot be read with it: {error}"))
                continue
            proof = prove(self.surgeon, prover, one, self.model, checked, after)
            results.append(Verification(one.diagnostic, one.proposal, proof))
        return results


def operation(file: InputFile, settings: Settings) -> Operation:
    """The model that a target is, ready to be changed. Raises NetlintError, and SourceError for a file that cannot be read."""
    if file.kind == "onnx":
        model = onnx_model(file)
        from netlint.fixes.onnx import OnnxSurgeon

        return Operation(OnnxSurgeon(file, settings), model)
    if file.is_program:
        raise NetlintError(f"`{file.filename}`: an exported program cannot be changed; fix the code that it was exported from")
    module, example_inputs = live_model(file)
    from netlint.fixes.module import ModuleSurgeon

    return Operation(ModuleSurgeon(settings, example_inputs), module)
