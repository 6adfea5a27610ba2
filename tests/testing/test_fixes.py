"""The tester of fixes tells a rule's author what is wrong with a fix."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from netlint.engine.registry import load
from netlint.rules.order import activation_before_max_pool
from netlint.testing import ExampleError, check_fixes

RULE = """
from netlint.engine.intent import InsertAfter, Replace
from netlint.engine.rule import Contract, Example, Finding, Forward, Rule, Severity, StateDict, TrainingEffect, sequential
from netlint.graph.operators import ELU, ReLU

rule = Rule("XY001", "some-rule", Severity.ADVICE, "A summary.", fix_contract={contract})


@rule.check
def check(relu: ReLU, graph, options):
    return Finding(at=relu, message="seen")


{fix}

invalid = [Example(sequential("nn.Linear(4, 4)", "nn.ReLU()  # here", "nn.Linear(4, 2)"))]
"""
EXACT = "Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)"
CHANGES = "Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES)"
FIX = "@rule.fix\ndef fix(finding, graph):\n    return {}\n"
Loaded = Callable[[str, str], ModuleType]


@pytest.fixture
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The module of a rule with a fix and what it declares, as `rule-paths` would load it."""

    def loaded(contract: str, fix: str) -> ModuleType:
        folder = tmp_path_factory.mktemp("rules")
        (folder / "some_rule.py").write_text(RULE.format(contract=contract, fix=fix))
        return sys.modules[load((folder,)).find("XY001").origin]

    return loaded


def test_the_fixes_of_a_built_in_rule_hold() -> None:
    check_fixes(activation_before_max_pool)


def test_a_change_that_is_declared_holds(loaded: Loaded) -> None:
    check_fixes(loaded(CHANGES, FIX.format("Replace(finding.at, (ELU(),))")))


def test_a_rule_without_a_fix_has_nothing_to_hold(loaded: Loaded) -> None:
    check_fixes(loaded("None", ""))


def test_a_change_that_is_not_declared_is_found(loaded: Loaded) -> None:
    with pytest.raises(ExampleError, match="has a fix that is not what it declares"):
        check_fixes(loaded(EXACT, FIX.format("Replace(finding.at, (ELU(),))")))


def test_a_fix_that_leaves_its_finding_is_found(loaded: Loaded) -> None:
    with pytest.raises(ExampleError, match="has a fix that leaves its finding"):
        check_fixes(loaded(CHANGES, FIX.format("InsertAfter(finding.at, ELU())")))


@pytest.mark.parametrize(("contract", "fix"), [(EXACT, ""), ("None", FIX.format("None"))])
def test_a_fix_and_its_contract_go_together(loaded: Loaded, contract: str, fix: str) -> None:
    with pytest.raises(AssertionError, match="a fix and its `fix_contract` go together"):
        check_fixes(loaded(contract, fix))


def test_a_fix_that_is_never_offered_is_found(loaded: Loaded) -> None:
    with pytest.raises(AssertionError, match="no invalid example is offered one"):
        check_fixes(loaded(EXACT, FIX.format("None")))
