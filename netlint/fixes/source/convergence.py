"""Fixing a file until nothing is left that can be fixed: check, propose, apply, check again, and give up on a fix that does not hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from netlint.engine.diagnostic import Diagnostic, Edit, Position
from netlint.engine.rule import Severity
from netlint.fixes.proposal import Checked, GivenUp, Made, Proposal
from netlint.fixes.source.applying import apply, chosen, merged
from netlint.fixes.source.plan import plan
from netlint.frontends.errors import SourceError

MAX_PASSES = 10


ReadAndCheck = Callable[[bytes], Checked]
"""Reads and checks a file that has these bytes. Raises SourceError when they are not a Python file's."""

Accept = Callable[[Proposal, Checked, Checked], "str | None"]
"""Asked of each fix after it was made, with the file before and after: why it must not be kept, or None. What comes after may hold other
fixes too, if they promise the same."""


@dataclass(slots=True)
class Fixed:
    """The result of fixing a file. `left` is what is still reported, `passes` how many passes changed something, `converged` is False
    if fixes were left after the last pass."""

    source: bytes
    made: list[Made] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    left: Sequence[Diagnostic] = ()
    passes: int = 0
    converged: bool = True


def fix_source(
    read_and_check: ReadAndCheck,
    source: bytes,
    filename: str,
    applicabilities: Collection[str] = ("safe",),
    accept: Accept | None = None,
    wanted: Callable[[Proposal, Diagnostic], bool] | None = None,
) -> Fixed:
    """Makes fixes in a file until none is left, in at most 10 passes; nothing is written.

    Only fixes of the given applicabilities are made, only those whose edits are of `filename`, and only those that `wanted` agrees to.
    After each pass the file is read and checked anew: a fix whose finding is still there, or that brings a new finding of the same or a
    higher severity to its place, or that `accept` refuses, is taken back and given up. Raises SourceError if the file cannot be read.
    """
    state = Fixed(source)
    given_up: set[tuple[str, str]] = set()
    checked = read_and_check(source)
    while True:
        candidates = [
            made
            for made in _fixable(checked, filename, applicabilities)
            if _identity(made.diagnostic) not in given_up and (wanted is None or wanted(made.proposal, made.diagnostic))
        ]
        if not candidates:
            break
        if state.passes == MAX_PASSES:
            state.converged = False
            break
        result = _one_pass(read_and_check, state.source, checked, candidates, accept)
        for failure in result.failures:
            given_up.add(_identity(failure.diagnostic))
            state.given_up.append(failure)
        if result.made:
            state.passes += 1
            state.made += result.made
            state.source, checked = result.source, result.checked
    state.left = checked.diagnostics
    done = {(one.diagnostic.code, one.diagnostic.symbol) for one in state.made}
    state.given_up = [one for one in state.given_up if (one.diagnostic.code, one.diagnostic.symbol) not in done]
    return state


def _identity(diagnostic: Diagnostic) -> tuple[str, str]:
    return diagnostic.code, diagnostic.fingerprint


def _fixable(checked: Checked, filename: str, applicabilities: Collection[str]) -> list[Made]:
    """The fixes on offer, each with its diagnostic."""
    offers = []
    for proposal in plan(checked.judged, checked.source):
        diagnostic = checked.diagnostic_of(proposal)
        if (
            diagnostic is not None
            and proposal.fix.edits
            and proposal.filename == filename
            and proposal.fix.applicability in applicabilities
        ):
            offers.append(Made(proposal, diagnostic))
    for diagnostic in checked.diagnostics:  # fixes that come with their finding (NL001)
        if diagnostic.fix is not None and diagnostic.fix.edits and diagnostic.fix.applicability in applicabilities:
            offers.append(Made(_ready(diagnostic), diagnostic))
    return offers


def _ready(diagnostic: Diagnostic) -> Proposal:
    from netlint.engine.notices import UNUSED_SUPPRESSION
    from netlint.graph import Location

    assert diagnostic.fix is not None
    start, end = diagnostic.location, diagnostic.end_location
    place = Location(diagnostic.filename, start.row, start.column, end.row, end.column)
    return Proposal(UNUSED_SUPPRESSION, place, diagnostic.fix, diagnostic.filename)


@dataclass(slots=True)
class _Pass:
    source: bytes
    checked: Checked
    made: list[Made]
    failures: list[GivenUp]


def _one_pass(read_and_check: ReadAndCheck, source: bytes, before: Checked, offers: list[Made], accept: Accept | None) -> _Pass:
    """Makes what can be made at once; takes back what does not hold and tries the rest again."""
    failures: list[GivenUp] = []
    while offers:
        picked = {id(fix) for fix in chosen(made.proposal.fix for made in offers)}
        made = [offer for offer in offers if id(offer.proposal.fix) in picked]
        wrong = _trial(read_and_check, source, before, made, accept)
        if not isinstance(wrong, dict):
            return _Pass(wrong[0], wrong[1], made, failures)
        if not wrong and len(made) > 1:  # none of them can be blamed: one after the other
            offers = made[:1] if not failures or failures[-1].proposal is not made[0].proposal else made[1:]
            continue
        blamed = wrong or {0: "the file cannot be read with it"}
        failures += [GivenUp(made[index].proposal, made[index].diagnostic, reason) for index, reason in blamed.items()]
        lost = {id(made[index]) for index in blamed}
        offers = [offer for offer in offers if id(offer) not in lost]
    return _Pass(source, before, [], failures)


def _trial(
    read_and_check: ReadAndCheck, source: bytes, before: Checked, made: list[Made], accept: Accept | None
) -> tuple[bytes, Checked] | dict[int, str]:
    """The file with the fixes, checked; or the fixes that do not hold, by number (none if nothing tells which)."""
    try:
        fixed = apply(source, [one.proposal.fix for one in made], made[0].proposal.filename)
        after = read_and_check(fixed)
    except SourceError as error:
        return {0: f"the file cannot be read with it: {error.message}"} if len(made) == 1 else {}
    edits = merged(one.proposal.fix for one in made)
    wrong: dict[int, str] = {}
    for number, one in enumerate(made):
        reason = _does_not_hold(one, edits, before, after)
        if reason:
            wrong[number] = reason
    if not wrong and accept is not None:
        wrong = _refused(read_and_check, source, before, after, made, accept)
    return wrong or (fixed, after)


def _refused(
    read_and_check: ReadAndCheck, source: bytes, before: Checked, after: Checked, made: list[Made], accept: Accept
) -> dict[int, str]:
    """The fixes that are not accepted. Those that promise the same are looked at together; each alone where one of them may be wrong, or
    where one changes what another promises to keep."""
    if len({one.proposal.fix.contract for one in made}) == 1:
        reasons = [accept(one.proposal, before, after) for one in made]
        if len(made) == 1 or not any(reasons):
            return {number: reason for number, reason in enumerate(reasons) if reason}
    wrong: dict[int, str] = {}
    for number, one in enumerate(made):
        reason = accept(one.proposal, before, read_and_check(apply(source, [one.proposal.fix], one.proposal.filename)))
        if reason:
            wrong[number] = reason
    return wrong


def _does_not_hold(made: Made, edits: Sequence[Edit], before: Checked, after: Checked) -> str | None:
    """Why a fix did not do what it should."""
    old = made.diagnostic
    here = moved(old.location, edits)
    for finding in after.diagnostics:
        if finding.code == old.code and finding.fingerprint == old.fingerprint and finding.location == here:
            return "the finding is still there"
    known = {(finding.code, moved(finding.location, edits)) for finding in before.diagnostics}
    prints = {(finding.code, finding.fingerprint) for finding in before.diagnostics}
    rows = {row for edit in made.proposal.fix.edits for row in _rows(edit, edits)}
    for finding in after.diagnostics:
        new = (finding.code, finding.location) not in known and (finding.code, finding.fingerprint) not in prints
        grave = finding.severity.rank <= old.severity.rank or finding.severity is Severity.ERROR
        if new and grave and finding.code != old.code and finding.location.row in rows:
            return f"it brings {finding.code} ({finding.name}) to this place"
    return None


def _rows(edit: Edit, edits: Sequence[Edit]) -> range:
    """The rows that an edit's text has in the fixed file."""
    first = moved(edit.location, edits).row
    return range(first, first + edit.content.count("\n") + 1)


def moved(position: Position, edits: Sequence[Edit]) -> Position:
    """Where a place of the old text is in the new one; what lay within an edit is at its start."""
    row, column = position.row, position.column
    rows, columns, last_row = 0, 0, 0
    for edit in edits:
        if edit.location > position or (edit.location == position and edit.location == edit.end_location):
            break
        if position < edit.end_location:
            row, column = edit.location.row, edit.location.column
            return Position(row + rows, column + (columns if edit.location.row == last_row else 0))
        start_column = edit.location.column + (columns if edit.location.row == last_row else 0)
        lines = edit.content.split("\n")
        rows += len(lines) - 1 - (edit.end_location.row - edit.location.row)
        end_column = start_column + len(lines[0]) if len(lines) == 1 else len(lines[-1]) + 1
        columns, last_row = end_column - edit.end_location.column, edit.end_location.row
    return Position(row + rows, column + (columns if row == last_row else 0))
