"""What the editor offers to do about findings: as the protocol's code actions, whose edits are made when one is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from netlint.editor.messages import Offer
from netlint.engine.diagnostic import Diagnostic
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
        """What an action that the client sends back stands for. Raises an error of the protocol if netlint has not made it."""
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise JsonRpcInvalidParams(f"the action is none of netlint's: {error}") from error


Offers = Mapping[str, Offer]
"""The fixes of a document by the fingerprint of their finding."""


def offered(uri: str, version: int, here: Sequence[Diagnostic], offers: Offers, reason: str) -> Iterator[types.CodeAction]:
    """The actions for findings of a document, `here`; `offers` are those of all its findings."""
    mine = [(finding, offers[finding.fingerprint]) for finding in here if finding.fingerprint in offers]
    for finding, offer in mine:
        wish = Wish(uri, version, "fix", _kinds(offer), finding.code, finding.fingerprint)
        yield _action(f"Fix {offer.code}{_caveat(offer)}: {offer.message}", wish, preferred=offer.safe)
    for code in dict.fromkeys(offer.code for _, offer in mine):
        alike = sorted((offer for offer in offers.values() if offer.code == code), key=lambda offer: offer.safe)
        if len(alike) > 1:
            yield _action(f"Fix all {code} in this file{_caveat(alike[0])}", Wish(uri, version, "fix", _kinds(alike[0]), code))
    for finding in here:
        if finding.code not in (NOT_CHECKED.code, UNUSED_SUPPRESSION.code):
            wish = Wish(uri, version, "ignore", (), finding.code, finding.fingerprint)
            yield _action(f"Ignore {finding.code} here (reason: {reason})", wish)


def fix_all(uri: str, version: int, offers: Offers) -> Iterator[types.CodeAction]:
    """The action for all safe fixes of a document, if it has any."""
    if any(offer.safe for offer in offers.values()):
        yield _action("Fix all that is safe (netlint)", Wish(uri, version, "fix", ("safe",)), FIX_ALL)


def is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether the client asks for a kind of action: `only` names kinds, or what they begin with."""
    return only is None or any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def _kinds(offer: Offer) -> tuple[str, ...]:
    return ("safe",) if offer.safe else ("safe", "unsafe")


def _caveat(offer: Offer) -> str:
    if offer.safe:
        return ""
    return f" (unsafe: {offer.caveat})" if offer.caveat else " (unsafe)"


def _action(title: str, wish: Wish, kind: str = types.CodeActionKind.QuickFix.value, preferred: bool = False) -> types.CodeAction:
    return types.CodeAction(title=title, kind=kind, is_preferred=preferred or None, data=asdict(wish))
