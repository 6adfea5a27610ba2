"""Every rule is held to its own file: its page is whole, and its examples are as they say."""

from __future__ import annotations

import pytest

from netlint.engine.registry import Entry, load
from netlint.engine.rule import Example
from netlint.testing import check_example, check_metadata

ENTRIES = load().entries
EXAMPLES = [
    pytest.param(entry, example, id=f"{entry.rule.code}-{kind}-{number}")
    for entry in ENTRIES
    for kind, examples in (("invalid", entry.invalid), ("valid", entry.valid))
    for number, example in enumerate(examples)
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.rule.code)
def test_the_rule_says_what_a_user_needs(entry: Entry) -> None:
    check_metadata(entry)


@pytest.mark.parametrize(("entry", "example"), EXAMPLES)
def test_the_rule_does_what_its_example_says(entry: Entry, example: Example) -> None:
    check_example(entry.rule, example)
