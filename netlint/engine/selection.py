"""Which rules run: `select`, `ignore` and `extend-select`, by code, by prefix of codes, or by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netlint.engine.errors import NetlintError
from netlint.engine.registry import Registry
from netlint.engine.spelling import hint

ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Choice:
    """What one source of settings (the settings file, the command line) says; `where` names it in errors. `select` is None if not given."""

    select: Sequence[str] | None = None
    extend: Sequence[str] = ()
    ignore: Sequence[str] = ()
    where: str = ""


def chosen(choices: Iterable[Choice], registry: Registry) -> frozenset[str]:
    """The codes that run. Later choices win: each replaces (`select`), adds (`extend-select`), then takes away (`ignore`).

    NL000 always stays: what was not checked must not look clean.
    """
    codes = frozenset(registry.codes)
    for choice in choices:
        if choice.select is not None:
            codes = expand(choice.select, registry, f"{choice.where}select")
        codes |= expand(choice.extend, registry, f"{choice.where}extend-select")
        codes -= expand(choice.ignore, registry, f"{choice.where}ignore")
    return codes | {"NL000"}


def expand(words: Iterable[str], registry: Registry, where: str) -> frozenset[str]:
    """The codes that the words stand for. `where` (an option or a key) starts the error when one stands for none."""
    return frozenset(code for word in words for code in _codes(word.strip(), registry, where))


def _codes(word: str, registry: Registry, where: str) -> list[str]:
    if word == ALL:
        return registry.codes
    if word in registry.names:
        return [registry.find(word).rule.code]
    prefixed = [code for code in registry.codes if word.upper().startswith("NL") and code.startswith(word.upper())]
    if not prefixed:
        raise NetlintError(f"{where}: no rule `{word}`{hint(word, registry.names)}")
    return prefixed
