"""Every invalid example of every rule with a fix: made, checked again, and nothing else touched."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from netlint.engine.registry import load
from netlint.engine.rule import Example, Rule
from netlint.engine.targets import InputFile
from netlint.fixes import checker, fix_source, plan
from netlint.testing.rules import render_example, settings_of

FILENAME = "example.py"
EVERYTHING = ("safe", "unsafe")
WORDS_ONLY = {"NL105": {2, 3}, "NL203": {0}, "NL403": {1}, "NL412": {1, 2}, "NL501": {1, 3}}
"""The examples whose rule says its fix in words."""
NO_INTENT = {"NL306": {4}, "NL408": {1, 2, 4}, "NL414": {0, 1}, "NL605": {1}}
"""The examples for which the rule has no fix."""
REFUSED = {"NL409": {5}}
"""The examples where the same code serves another operator too."""


def examples() -> list[Any]:
    found = []
    for rule in load(()).rules:
        if rule.fix_contract is not None and rule._fix is not None:
            module = inspect.getmodule(rule._fix)
            assert module is not None
            found += [pytest.param(rule, number, example, id=f"{rule.code}-{number}") for number, example in enumerate(module.invalid)]
    return found


def reader(rule: Rule, example: Example) -> Any:
    return checker(InputFile(FILENAME, Path(FILENAME).absolute(), Path.cwd()), settings_of(rule, example))


@pytest.mark.parametrize(("rule", "number", "example"), examples())
def test_an_invalid_example_is_fixed_or_told(rule: Rule, number: int, example: Example) -> None:
    source = render_example(example).encode()
    read_and_check = reader(rule, example)
    before = read_and_check(source)
    result = fix_source(read_and_check, source, FILENAME, EVERYTHING)
    assert result.converged and not result.given_up
    left = [finding for finding in result.left if finding.code == rule.code]
    if any(number in table.get(rule.code, ()) for table in (WORDS_ONLY, NO_INTENT, REFUSED)):
        assert left
        for proposal in plan(read_and_check(result.source).judged):
            assert proposal.fix.applicability == "display" and proposal.fix.message and not proposal.fix.edits
        return
    assert before.diagnostics and not left
    ast.parse(result.source)
    assert fix_source(read_and_check, result.source, FILENAME, EVERYTHING).source == result.source


@pytest.mark.parametrize(("rule", "number", "example"), examples())
def test_lines_without_edits_stay(rule: Rule, number: int, example: Example) -> None:
    source = render_example(example).encode()
    read_and_check = reader(rule, example)
    for proposal in plan(read_and_check(source).judged):
        if proposal.fix.edits:
            touched = {row for edit in proposal.fix.edits for row in range(edit.location.row, edit.end_location.row + 1)}
            fixed = fix_source(read_and_check, source, FILENAME, EVERYTHING, wanted=lambda one, _, only=proposal: one.place == only.place)
            kept = [line for row, line in enumerate(source.split(b"\n"), start=1) if row not in touched]
            lines = iter(fixed.source.split(b"\n"))
            assert all(line in lines for line in kept)
