"""What each rule declares of its fix, held against measurements on every example that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlint.engine.registry import Entry, load
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes.session import Verification, verify_file
from netlint.testing.rules import IMPORTS

FIXING = [load().find(rule.code) for rule in load().rules if rule.fix_contract is not None]


def suggestions(entry: Entry) -> list[Verification]:
    settings = Settings(selected=frozenset({entry.rule.code}))
    found = []
    for example in entry.invalid:
        file = InputFile("model.py", Path("model.py").absolute(), Path.cwd(), text=(IMPORTS + example.code).encode())
        found += verify_file(file, settings)
    return [one for one in found if one.diagnostic.code == entry.rule.code]


@pytest.mark.parametrize("entry", FIXING, ids=lambda entry: entry.rule.code)
def test_a_fix_is_what_its_rule_declares(entry: Entry) -> None:
    for one in suggestions(entry):
        if one.proof is not None:
            assert one.proof.objection(one.proposal.fix.applicability) is None, one.diagnostic.message
        else:
            assert one.reason
