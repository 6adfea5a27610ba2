"""What the shell is told when a user asks it to complete a word (click asks; `docs/shell-completion.md` shows how it is set up)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from netlint.engine.registry import Entry


def targets(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files and folders, which the shell itself knows."""
    return [CompletionItem(begun, type="file")]


def rules(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """The rules whose code or name begins so, behind the comma if there is one; the codes alone where nothing is begun.

    The rules of installed packs are among them. Those of `rule-paths` are not: a key pressed in some folder must not run its code.
    """
    from netlint.engine.errors import NetlintError
    from netlint.engine.registry import load

    head, comma, word = begun.rpartition(",")
    try:
        entries = load().entries
    except NetlintError:  # a broken pack; the command itself will say so
        return []
    return [CompletionItem(f"{head}{comma}{found}", help=entry.rule.summary) for entry in entries for found in _names(entry, word)]


def _names(entry: Entry, word: str) -> list[str]:
    rule = entry.rule
    if not word or rule.code.startswith(word.upper()):
        return [rule.code]
    return [rule.name] if rule.name.startswith(word.lower()) else []
