from __future__ import annotations

from dataclasses import replace

import pytest

from netlint.engine.diagnostic import Diagnostic, Position
from netlint.engine.reading import Source
from netlint.engine.registry import Entry, Registry
from netlint.engine.rule import Rule, Severity
from netlint.engine.suppression import Suppressions, comments

REGISTRY = Registry(
    Entry(Rule(code, name, Severity.WARNING, ""), "", "") for code, name in {"NL501": "order", "NL101": "wide", "NL401": "plain"}.items()
)
EVERYTHING = frozenset(REGISTRY.codes)


def at(row: int, code: str = "NL501", end_row: int | None = None) -> Diagnostic:
    return Diagnostic(
        code=code,
        name=REGISTRY.find(code).rule.name,
        severity=Severity.WARNING,
        message="",
        filename="m.py",
        location=Position(row, 5),
        end_location=Position(end_row or row, 20),
    )


def suppressions(text: str) -> Suppressions:
    return Suppressions.of("m.py", Source(text), REGISTRY)


def suppressed_rows(text: str, code: str = "NL501") -> list[int]:
    return [row for row in range(1, text.count("\n") + 2) if suppressions(text).takes(at(row, code))]


def applied(text: str) -> str:
    """The text after all fixes of NL001."""
    lines = text.splitlines(keepends=True)
    for finding in reversed(suppressions(text).unused(EVERYTHING)):
        assert finding.fix is not None
        [edit] = finding.fix.edits
        start = sum(map(len, lines[: edit.location.row - 1])) + edit.location.column - 1
        end = sum(map(len, lines[: edit.end_location.row - 1])) + edit.end_location.column - 1
        text = "".join(lines)
        lines = (text[:start] + edit.content + text[end:]).splitlines(keepends=True)
    return "".join(lines)


@pytest.mark.parametrize(
    "comment",
    [
        "# netlint: ignore[NL501]",
        "# netlint: ignore[NL5] measured, no gain",
        "# netlint: ignore[order, NL101]",
        "# netlint: ignore",
        "#netlint:ignore [ NL501 ]",
        "# noqa: NL501",
        "# NOQA: E501, NL501",
        "# type: ignore  # netlint: ignore[NL501]",
        "# netlint: ignore[NL501] # type: ignore",
    ],
)
def test_a_comment_at_the_end_of_a_line_takes_its_findings(comment: str) -> None:
    assert suppressed_rows(f"a = 1\nb = 2  {comment}\nc = 3\n") == [2]


@pytest.mark.parametrize(
    "comment", ["# netlint: ignore[NL101]", "# noqa", "# noqa: E501", "# netlint", "# see netlint: ignore", "x = '# netlint: ignore'"]
)
def test_other_comments_do_not(comment: str) -> None:
    assert suppressed_rows(f"a = 1\nb = 2\n{comment}\n") == []


def test_a_comment_on_the_first_line_of_a_statement_takes_all_of_it() -> None:
    assert suppressed_rows("a = f(  # netlint: ignore[NL501]\n    1,\n    2,\n)\nb = 1\n") == [1, 2, 3, 4]


def test_a_comment_inside_a_statement_takes_its_line() -> None:
    assert suppressed_rows("a = f(\n    1,  # netlint: ignore[NL501]\n    2,\n)\n") == [2]


def test_a_comment_at_the_end_of_a_call_takes_the_call() -> None:
    text = "a = f(\n    g(\n        1,\n    ),  # netlint: ignore[NL501]\n    2,\n)\n"
    assert suppressions(text).takes(at(2, end_row=4))
    assert not suppressions(text).takes(at(2, end_row=3))


def test_a_comment_in_a_class_does_not_take_a_finding_on_the_class() -> None:
    text = "class Net:\n    a = 1  # netlint: ignore[NL501]\n    b = 2\n"
    assert not suppressions(text).takes(at(1, end_row=3))


def test_a_comment_on_a_line_of_its_own_takes_the_next_line_of_code() -> None:
    assert suppressed_rows("a = 1\n# netlint: ignore[NL501]\n# why\nb = 2\nc = 3\n") == [4]
    assert suppressed_rows("a = f(\n    # netlint: ignore[NL501]\n    1,\n    2,\n)\n") == [3]


def test_a_file_comment_takes_the_whole_file() -> None:
    assert suppressed_rows("a = 1\n# netlint: ignore-file[NL5]\nb = 2\n") == [1, 2, 3, 4]
    assert suppressed_rows("# netlint: ignore-file[NL101]\nb = 2\n") == []


def test_what_was_not_checked_cannot_be_suppressed() -> None:
    assert suppressed_rows("# netlint: ignore-file\n", "NL000") == []


def test_a_used_comment_is_not_reported() -> None:
    used = suppressions("a = 1  # netlint: ignore[NL501]\n")
    assert used.takes(at(1))
    assert used.unused(EVERYTHING) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1  # netlint: ignore[NL501]\n", "`NL501` is suppressed here, but there is no such finding"),
        ("a = 1  # netlint: ignore\n", "`# netlint: ignore` suppresses nothing"),
        ("# netlint: ignore-file[NL501]\n", "`NL501` is suppressed here, but there is no such finding"),
        ("a = 1  # netlint: ignore[NL509]\n", "no rule `NL509`; the nearest is `NL501`: this comment suppresses nothing"),
        ("a = 1  # netlint: ignroe[NL501]\n", "is not read: write `# netlint: ignore[CODE] reason`; the nearest is `ignore`"),
        ("a = 1  # netlint:\n", "is not read: write `# netlint: ignore[CODE] reason`"),
    ],
)
def test_a_comment_that_does_nothing_is_reported(text: str, message: str) -> None:
    [finding] = suppressions(text).unused(EVERYTHING)
    assert (finding.code, finding.location.row) == ("NL001", 1)
    assert message in finding.message


def test_a_comment_for_a_rule_that_did_not_run_is_left_alone() -> None:
    assert suppressions("a = 1  # netlint: ignore[NL501]\n").unused(frozenset({"NL101"})) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1  # netlint: ignore[NL501] a reason\nb = 2\n", "a = 1\nb = 2\n"),
        ("    # netlint: ignore[NL501]\nb = 2\n", "b = 2\n"),
        ("a = 1  # type: ignore  # netlint: ignore[NL501]\n", "a = 1  # type: ignore\n"),
        ("a = 1  # noqa: E501, NL501\n", "a = 1  # noqa: E501\n"),
        ("a = 1  # noqa: NL501\n", "a = 1\n"),
        ("a = 1  # netlint: ignore[NL501]\nb = 1  # netlint: ignore[NL101]\n", "a = 1\nb = 1\n"),
    ],
)
def test_the_fix_removes_what_suppresses_nothing(before: str, after: str) -> None:
    assert applied(before) == after


def test_the_fix_keeps_what_is_used() -> None:
    text = "a = 1  # netlint: ignore[NL101, NL501] reason\n"
    half = suppressions(text)
    assert half.takes(at(1, "NL501"))
    [finding] = half.unused(EVERYTHING)
    assert finding.fix is not None
    assert finding.fix.edits[0].content == "# netlint: ignore[NL501] reason"


def test_a_noqa_may_name_the_rules_of_a_pack_and_leaves_those_of_other_tools_alone() -> None:
    registry = Registry([*REGISTRY.entries, Entry(Rule("EX102", "flattened-twice", Severity.ADVICE, ""), "", "")])
    text = "a = 1  # noqa: E501, EX102, NL999\nb = 2  # noqa: E501, EX901, B008\nc = 3  # noqa: EX1\nd = 4  # noqa: ex102\n"
    pack = Suppressions.of("m.py", Source(text), registry)
    assert [(one.row, one.words, one.others) for one in pack.comments] == [
        (1, ("EX102", "NL999"), ("E501",)),
        (3, ("EX1",), ()),
        (4, ("ex102",), ()),
    ]
    assert [row for row in (1, 2, 3, 4) if pack.takes(replace(at(row), code="EX102"))] == [1, 3, 4]
    [finding] = pack.unused(EVERYTHING | {"EX102"})
    assert "no rule `NL999`" in finding.message
    assert finding.fix is not None and finding.fix.edits[0].content == "# noqa: E501, EX102"


def test_text_that_is_not_python_has_no_comments() -> None:
    assert comments("a = (  # netlint: ignore\n") == ()
