"""What fixes did, and what they would do: for `check --fix` and for `verify`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.reading import Source
from netlint.fixes import GivenUp, Made, Proposal
from netlint.fixes.models import FixedModel, ModelProof
from netlint.fixes.proving import Proof
from netlint.fixes.session import FixedFile, Verification
from netlint.reports.json import record
from netlint.reports.places import place
from netlint.reports.terminal import Paint, counted, printable


def told(files: Sequence[FixedFile], done: str = "fixed") -> Iterator[str]:
    """One line for each fix that was made (`done`) or would be, with its proof, and for each that was not, with the reason."""
    for one in files:
        fixed = one.fixed
        yield from _told(fixed.made, fixed.given_up, one.proofs, done)
        if not fixed.converged:
            yield f"{one.file.filename}: fixes were left after {fixed.passes} passes; run it again"


def told_of_model(fixed: FixedModel[Any], filename: str, done: str = "fixed") -> Iterator[str]:
    """The same for the fixes of a model."""
    yield from _told(fixed.made, fixed.given_up, fixed.proofs, done)
    if not fixed.converged:
        yield f"{filename}: fixes were left after {len(fixed.made)}; run it again"


def _told(made: Sequence[Made], given_up: Sequence[GivenUp], proofs: Mapping[int, Proof | ModelProof], done: str) -> Iterator[str]:
    for one in made:
        proof = proofs.get(id(one.proposal))
        yield f"{done} {_place(one.diagnostic)}: {one.proposal.fix.message}{_proved(proof) if proof is not None else ''}"
    for lost in given_up:
        yield f"not fixed {_place(lost.diagnostic)}: {lost.reason}"


def _place(diagnostic: Diagnostic) -> str:
    """Where a finding is; in a model file, which has no lines, the node says so."""
    if diagnostic.frontend == "onnx":
        return printable(f"{diagnostic.filename} {diagnostic.symbol} {diagnostic.code}")
    return printable(f"{place(diagnostic)} {diagnostic.code}")


def _proved(proof: Proof | ModelProof) -> str:
    """What was measured on the networks that the fix changes, in parentheses."""
    lines = proof.changed()
    return f" ({'; '.join(lines[:3])}{f' and {len(lines) - 3} more networks' if len(lines) > 3 else ''})" if lines else ""


def question(proposal: Proposal, diagnostic: Diagnostic) -> str:
    """What `--interactive` asks."""
    reasons = f" ({'; '.join(proposal.reasons)})" if proposal.reasons else ""
    fix = f"{proposal.fix.applicability} fix: {proposal.fix.message}{reasons}"
    return f"{_place(diagnostic)} {diagnostic.name}\n  {diagnostic.message}\n  {fix}"


def verifications(results: Sequence[Verification], paint: Paint) -> str:
    """The evidence for each suggestion, and the counts."""
    lines: list[str] = []
    for one in results:
        fix = one.proposal.fix
        lines.append(f"{paint(_place(one.diagnostic), 'bold')} {one.diagnostic.name}")
        lines.append(f"  {printable(fix.message)} ({fix.applicability})")
        if one.proof is None:
            lines.append(f"  {paint('not verified:', 'dim')} {printable(one.reason)}")
        else:
            lines += [f"  {printable(line)}" for line in one.proof.lines()]
        lines.append("")
    proved = sum(one.proof is not None and one.proof.refusal is None for one in results)
    lines.append(f"{counted(len(results), 'suggestion')}, {proved} verified." if results else "No suggestion to verify.")
    return "\n".join(lines) + "\n"


def verifications_json(results: Sequence[Verification], source: Source | None = None) -> str:
    """The findings with their fixes, each fix with its evidence under `verified`; `source` is the text of a notebook."""
    records = []
    for one in results:
        row = record(replace(one.diagnostic, fix=one.proposal.fix), source)
        fix = row["fix"]
        fix["verified"] = one.proof.as_json() if one.proof is not None else None
        fix["reason"] = one.reason or None
        records.append(row)
    return json.dumps(records, indent=2) + "\n"
