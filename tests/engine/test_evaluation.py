from __future__ import annotations

from typing import Any

import pytest

from netlint.engine.evaluation import check_graph, evaluate
from netlint.engine.rule import Answers, Finding, Option, Options, Rule, Severity, TrainingFacts
from netlint.engine.settings import Settings
from netlint.graph import Graph, Layer, Loader, Optimizer, Penalty, Unknown
from netlint.graph.operators import Activation, Conv, MaxPool, ReLU

SETTINGS = Settings(selected=frozenset())


def rule_for(kind: Any, answer: Any = None, code: str = "XY001", **metadata: Any) -> tuple[Rule, list[object]]:
    """A rule that wants to see `kind`, remembers what it saw, and answers with `answer(subject)`."""
    rule = Rule(code, code.lower(), Severity.WARNING, "", **metadata)
    seen: list[object] = []

    def check(subject: object, graph: Graph, options: Options) -> Answers:
        seen.append(subject)
        return answer(subject) if callable(answer) else answer

    check.__annotations__["subject"] = kind
    rule.check(check)
    return rule, seen


def test_a_rule_sees_what_its_annotation_names(conv_relu_pool: Graph) -> None:
    for kind, names in ((Activation, ["ReLU"]), (MaxPool | Conv, ["MaxPool", "Conv"]), (Layer, ["Layer"] * 3), (Graph, ["Graph"])):
        rule, seen = rule_for(kind)
        assert check_graph(conv_relu_pool, [rule], SETTINGS) == ([], [])
        assert [type(thing).__name__ for thing in seen] == names


def test_an_operator_that_matches_twice_is_seen_once(conv_relu_pool: Graph) -> None:
    rule, seen = rule_for(Activation | ReLU)
    check_graph(conv_relu_pool, [rule], SETTINGS)
    assert len(seen) == 1


def test_training_facts_are_subjects(conv_relu_pool: Graph, make_site: Any) -> None:
    optimizer = Optimizer(kind="SGD", groups=(), options={}, explicit=frozenset(), site=make_site(9))
    loader = Loader(batch_size=4, drop_last=False, shuffle=True, samples=None, site=make_site(8))
    conv_relu_pool.training.optimizers.append(optimizer)
    conv_relu_pool.training.loaders.append(loader)
    for kind, things in ((Optimizer, [optimizer]), (Loader, [loader]), (Penalty, []), (Optimizer | Loader, [optimizer, loader])):
        rule, seen = rule_for(kind)
        check_graph(conv_relu_pool, [rule], SETTINGS)
        assert seen == things


def test_findings_and_unknowns_are_kept_apart(conv_relu_pool: Graph) -> None:
    rule, _ = rule_for(MaxPool | ReLU, lambda at: Unknown("no idea") if isinstance(at, ReLU) else [None, Finding(at=at, message="seen")])
    found, unanswered = check_graph(conv_relu_pool, [rule], SETTINGS)
    assert [(one.rule, one.finding.message) for one in found] == [(rule, "seen")]
    assert [(one.rule, one.reason) for one in unanswered] == [(rule, "no idea")]


def test_a_rule_that_fails_is_named_and_the_others_go_on(conv_relu_pool: Graph) -> None:
    broken, _ = rule_for(ReLU, lambda at: 1 / 0, code="XY001")
    working, _ = rule_for(ReLU, lambda at: Finding(at=at, message="seen"), code="XY002")
    found, _ = check_graph(conv_relu_pool, [broken, working], SETTINGS)
    assert [one.rule.code for one in found] == ["NL000", "XY002"]
    assert "XY001" in found[0].finding.message
    assert "ZeroDivisionError: division by zero" in found[0].finding.message
    assert isinstance(found[0].finding.at, ReLU)


def test_a_rule_that_fails_in_a_generator_is_named(conv_relu_pool: Graph) -> None:
    def answers(at: object) -> Any:
        yield Finding(at=at, message="before")  # type: ignore[arg-type]
        raise KeyError("lost")

    rule, _ = rule_for(ReLU, answers)
    found, _ = check_graph(conv_relu_pool, [rule], SETTINGS)
    assert [one.rule.code for one in found] == ["NL000"]


def test_a_rule_that_asks_for_something_else_is_named(conv_relu_pool: Graph) -> None:
    rule, _ = rule_for(int)
    [verdict] = evaluate(conv_relu_pool, [rule], SETTINGS)
    assert isinstance(verdict.crash, TypeError)
    assert "cannot ask for int" in str(verdict.crash)


def test_options_are_defaults_under_the_users_settings(conv_relu_pool: Graph) -> None:
    rule = Rule("XY001", "widths", Severity.ADVICE, "", options={"min-width": Option(256, "The least width."), "strict": Option(False, "")})
    seen: list[tuple[object, ...]] = []

    @rule.check
    def check(relu: ReLU, graph: Graph, options: Options) -> Answers:
        seen.append((options.min_width, options["strict"], options.training.batch_size))
        return None

    settings = Settings(selected=frozenset(), options={"widths": {"min-width": 512}}, training=TrainingFacts(batch_size=8))
    check_graph(conv_relu_pool, [rule], settings)
    assert seen == [(512, False, 8)]


@pytest.mark.parametrize("answer", [None, []])
def test_clear_is_a_verdict_without_answers(conv_relu_pool: Graph, answer: object) -> None:
    rule, _ = rule_for(ReLU, answer)
    [verdict] = evaluate(conv_relu_pool, [rule], SETTINGS)
    assert verdict.answers == () and verdict.crash is None
