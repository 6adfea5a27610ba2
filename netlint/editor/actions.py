"""What the editor offers to do about findings: as the protocol's code actions, whose edits are made when one is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lsprotocol import types

from netlint.editor.messages import Answer
from netlint.engine.diagnostic import Diagnostic, Fix
from netlint.engine.notices import NOT_CHECKED, UNUSED_SUPPRESSION

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.netlint"
KINDS = (types.CodeActionKind.QuickFix, FIX_ALL)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an action does to a version of a document: the fixes of one finding, of one rule or all; or the comment that accepts one."""

    uri: str
    version: int
    does: Literal["fix", "ignore"]
    kinds: tuple[str, ...] = ()
    code: str | None = None
    fingerprint: str | None = None

    @classmethod
    def of(cls, data: Any) -> Wish:
        return cls(**{**data, "kinds": tuple(data["kinds"])})


def offered(uri: str, answer: Answer, here: Sequence[Diagnostic], reason: str) -> Iterator[types.CodeAction]:
    """The actions for findings of a document, `here`, of all that are in the answer about it."""
    for finding in here:
        if (fix := _fix_of(finding)) is not None:
            wish = Wish(uri, answer.version, "fix", _kinds(fix), finding.code, finding.fingerprint)
            yield _action(f"Fix {finding.code}{_caveat(finding, fix, answer)}: {fix.message}", wish, preferred=fix.applicability == "safe")
    for code in dict.fromkeys(finding.code for finding in here):
        fixes = [(finding, fix) for finding in answer.findings if finding.code == code and (fix := _fix_of(finding)) is not None]
        if len(fixes) > 1 and any(_fix_of(finding) is not None for finding in here if finding.code == code):
            finding, worst = next((one for one in fixes if one[1].applicability != "safe"), fixes[0])
            yield _action(
                f"Fix all {code} in this file{_caveat(finding, worst, answer)}", Wish(uri, answer.version, "fix", _kinds(worst), code)
            )
    for finding in here:
        if finding.code not in (NOT_CHECKED.code, UNUSED_SUPPRESSION.code):
            wish = Wish(uri, answer.version, "ignore", (), finding.code, finding.fingerprint)
            yield _action(f"Ignore {finding.code} here (reason: {reason})", wish)


def fix_all(uri: str, answer: Answer) -> Iterator[types.CodeAction]:
    """The action for all safe fixes of a document, if it has any."""
    if any(fix.applicability == "safe" for finding in answer.findings if (fix := _fix_of(finding)) is not None):
        yield _action("Fix all that is safe (netlint)", Wish(uri, answer.version, "fix", ("safe",)), FIX_ALL)


def is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether the client asks for a kind of action: `only` names kinds, or what they begin with."""
    return only is None or any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def _fix_of(finding: Diagnostic) -> Fix | None:
    return finding.fix if finding.fix is not None and finding.fix.edits and finding.fix.applicability != "display" else None


def _kinds(fix: Fix) -> tuple[str, ...]:
    return ("safe",) if fix.applicability == "safe" else ("safe", "unsafe")


def _caveat(finding: Diagnostic, fix: Fix, answer: Answer) -> str:
    if fix.applicability == "safe":
        return ""
    lost = answer.caveats.get(finding.fingerprint)
    return f" (unsafe: {lost})" if lost else " (unsafe)"


def _action(title: str, wish: Wish, kind: str = types.CodeActionKind.QuickFix.value, preferred: bool = False) -> types.CodeAction:
    return types.CodeAction(title=title, kind=kind, is_preferred=preferred or None, data=asdict(wish))
