"""The tester of fixes: what a rule's fix declares is measured on the rule's own examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.registry import Entry, load
from netlint.engine.rule import Example, Rule
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes import checker, fix_source
from netlint.fixes.session import verify_file
from netlint.testing.rules import example_file, render_example, settings_of, wrong

WRITTEN = ("safe", "unsafe")


def check_fixes(module: ModuleType) -> None:
    """Makes each fix for the invalid examples of a rule's module.

    Raises AssertionError unless the rule has both a fix and what it declares of it, or neither; unless some example is offered a fix,
    be it in words; and ExampleError unless each fix that can be made keeps what it declares, in the comparison of the networks before
    and after it, removes its finding, leaves Python, and has nothing to add when it is made again.
    """
    entry = Entry.of(module, module.rule)
    rule = entry.rule
    assert rule.has_fix == (rule.fix_contract is not None), f"{rule.code}: a fix and its `fix_contract` go together"
    if rule.has_fix:
        rule_paths = _rule_paths(module, rule)
        offered = [_check_fixes_of(rule, example, rule_paths) for example in entry.invalid]
        assert any(offered), f"{rule.code}: it declares a fix, and no invalid example is offered one"


def _rule_paths(module: ModuleType, rule: Rule) -> tuple[Path, ...]:
    """What leads to the rule: nothing where its pack is installed, else the folder that it stands in."""
    return () if any(one.code == rule.code for one in load().rules) else (Path(module.__file__ or "").absolute().parent,)


def _check_fixes_of(rule: Rule, example: Example, rule_paths: tuple[Path, ...]) -> int:
    """How many fixes are offered."""
    code = render_example(example)
    file, settings = example_file(code), replace(settings_of(rule, example), rule_paths=rule_paths)
    offers = [one for one in verify_file(file, settings) if one.diagnostic.code == rule.code]
    for one in offers:
        fix = one.proposal.fix
        if one.proof is None and fix.edits:
            raise wrong(rule, code, f"has a fix that cannot be verified: {one.reason}", [])
        objection = one.proof.objection(fix.applicability) if one.proof is not None else None
        if objection is not None:
            raise wrong(rule, code, f"has a fix that is not what it declares: {objection}", [])
    _check_convergence(rule, code, file, settings)
    return len(offers)


def _check_convergence(rule: Rule, code: str, file: InputFile, settings: Settings) -> None:
    read_and_check = checker(file, settings)
    found = _count(rule, read_and_check(code.encode("utf-8")).diagnostics)
    fixed = fix_source(read_and_check, code.encode("utf-8"), file.filename, WRITTEN)
    if _count(rule, fixed.left) > found - sum(one.diagnostic.code == rule.code for one in fixed.made):
        raise wrong(rule, code, "has a fix that leaves its finding", [])
    if fixed.given_up:
        raise wrong(rule, code, f"has a fix that was taken back: {fixed.given_up[0].reason}", [])
    if not fixed.converged:
        raise wrong(rule, code, "has a fix that is never done", [])
    again = fix_source(read_and_check, fixed.source, file.filename, WRITTEN)
    if again.source != fixed.source:
        raise wrong(rule, code, "has a fix that is not done at once", [])


def _count(rule: Rule, diagnostics: Sequence[Diagnostic]) -> int:
    return sum(one.code == rule.code for one in diagnostics)
