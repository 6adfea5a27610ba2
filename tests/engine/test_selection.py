from __future__ import annotations

import pytest

from netlint.engine.errors import NetlintError
from netlint.engine.registry import Entry, Registry
from netlint.engine.rule import Rule, Severity
from netlint.engine.selection import Choice, chosen, expand

NONE: frozenset[str] = frozenset()


@pytest.fixture
def registry() -> Registry:
    names = {"NL101": "wide", "NL102": "convs", "NL401": "plain", "NL501": "order"}
    return Registry(Entry(Rule(code, name, Severity.ADVICE, ""), "", "") for code, name in names.items())


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (["NL501"], {"NL501"}),
        (["nl1"], {"NL101", "NL102"}),
        (["plain", "NL10"], {"NL401", "NL101", "NL102"}),
        (["ALL"], {"NL000", "NL001", "NL101", "NL102", "NL401", "NL501"}),
    ],
)
def test_words_are_codes_prefixes_or_names(registry: Registry, words: list[str], codes: set[str]) -> None:
    assert expand(words, registry) == codes


@pytest.mark.parametrize(("word", "nearest"), [("NL502", "NL501"), ("ordr", "order"), ("N", "NL000")])
def test_an_unknown_word_is_answered_with_the_nearest(registry: Registry, word: str, nearest: str) -> None:
    with pytest.raises(NetlintError, match=f"no rule `{word}`; the nearest is `{nearest}`"):
        expand([word], registry)


def test_everything_runs_by_default(registry: Registry) -> None:
    assert chosen([Choice(None, NONE, NONE)], registry) == frozenset(registry.codes)


def test_the_command_line_wins_over_the_file(registry: Registry) -> None:
    file = Choice(frozenset({"NL101", "NL501"}), NONE, frozenset({"NL501"}))
    assert chosen([file], registry) == {"NL000", "NL101"}
    assert chosen([file, Choice(None, frozenset({"NL501"}), NONE)], registry) == {"NL000", "NL101", "NL501"}
    assert chosen([file, Choice(frozenset({"NL401"}), NONE, NONE)], registry) == {"NL000", "NL401"}
    assert chosen([file, Choice(None, NONE, frozenset({"NL101"}))], registry) == {"NL000"}


def test_what_was_not_checked_is_always_told(registry: Registry) -> None:
    assert "NL000" in chosen([Choice(None, NONE, frozenset(registry.codes))], registry)
