"""What the engine itself reports: input that cannot be read, and comments that suppress nothing."""

from __future__ import annotations

from netlint.engine.rule import Contract, Forward, Rule, Severity, StateDict, TrainingEffect

NOT_CHECKED = Rule(
    code="NL000",
    name="not-checked",
    severity=Severity.ERROR,
    summary="A file, or a rule on a network, could not be checked.",
)
NOT_CHECKED_PAGE = """Something was not checked, so silence about it means nothing.

What
    Either a file cannot be read (it is missing rights, is not text, or has a syntax error: the message gives line and
    reason), or a rule failed on a network, which is a defect of that rule: the message names it, all other rules go on.

Why
    A checker that passes over what it cannot read looks the same as one that found nothing. The exit code is 2.

When it is fine
    Never for a file that is meant to be Python. Exclude templates and the like with `exclude` in the settings.

The fix
    Correct the file, or report the rule with the message and the code it failed on. It cannot be suppressed.
"""

UNUSED_SUPPRESSION = Rule(
    code="NL001",
    name="unused-suppression",
    severity=Severity.WARNING,
    summary="A comment suppresses a finding that does not exist.",
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME),
)
UNUSED_SUPPRESSION_PAGE = """A comment such as `# netlint: ignore[NL501]` suppresses nothing.

What
    The comment names a rule that has no finding on its statement (or, for `ignore-file`, in its file), a rule that does not exist, or
    it is not written as netlint reads it.

Why
    A comment that stays when its reason has gone hides the next finding on that line, which nobody has judged.

When it is fine
    A rule that was not selected, or that could not be evaluated in this run, leaves its comments alone.

The fix
    Removes the code that is not used; the whole comment if none is left.
"""

NOTICES: tuple[tuple[Rule, str], ...] = (
    (NOT_CHECKED, NOT_CHECKED_PAGE),
    (UNUSED_SUPPRESSION, UNUSED_SUPPRESSION_PAGE),
)
