"""Which rules run: `select`, `ignore` and `extend-select`, by code, by prefix of codes, or by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netlint.engine.notices import NOT_CHECKED
from netlint.engine.registry import Registry

ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Choice:
    """The codes that one source of settings (a file, the command line) names; `select` is None if it does not say."""

    select: frozenset[str] | None
    extend: frozenset[str]
    ignore: frozenset[str]


def chosen(choices: Iterable[Choice], registry: Registry) -> frozenset[str]:
    """The codes that run. Later choices win: each replaces (`select`), adds (`extend-select`), then takes away (`ignore`).

    NL000 always stays: what was not checked must not look clean.
    """
    codes = frozenset(registry.codes)
    for choice in choices:
        if choice.select is not None:
            codes = choice.select
        codes = (codes | choice.extend) - choice.ignore
    return codes | {NOT_CHECKED.code}


def expand(words: Iterable[str], registry: Registry) -> frozenset[str]:
    """The codes that the words stand for. Raises NetlintError that names the nearest rule when one stands for none."""
    return frozenset(code for word in words for code in _codes(word.strip(), registry))


def _codes(word: str, registry: Registry) -> list[str]:
    if word == ALL:
        return registry.codes
    return prefixed(word, registry) or [registry.find(word).rule.code]


def prefixed(word: str, registry: Registry) -> list[str]:
    """The codes that begin with a word, which has all the letters that they begin with; none if it is no code and no prefix of codes."""
    begun = word.upper()
    return [code for code in registry.codes if code.startswith(begun) and _letters(code) == _letters(begun)]


def _letters(code: str) -> str:
    """What all codes of a pack begin with."""
    return code.rstrip("0123456789")
