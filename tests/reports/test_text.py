from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netlint.engine.diagnostic import Diagnostic, Position, Related
from netlint.engine.rule import Rule, Severity
from netlint.engine.run import Report
from netlint.reports.terminal import Paint
from netlint.reports.text import TextReport

RULES = {
    "NL501": Rule("NL501", "order", Severity.WARNING, "Pool first.", evidence="max and monotone functions commute"),
    "NL401": Rule("NL401", "plain", Severity.ADVICE, "Plain ReLU."),
    "NL000": Rule("NL000", "not-checked", Severity.ERROR, ""),
}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text("".join(f"line_{row} = act(\n" if row % 2 else "\tact(x)\n" for row in range(1, 21)))


def finding(code: str = "NL501", row: int = 1, **changes: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "code": code,
        "name": RULES[code].name,
        "severity": RULES[code].severity,
        "message": f"message {row}",
        "filename": "m.py",
        "location": Position(row, 10),
        "end_location": Position(row, 13),
        "symbol": "Net.act",
        "network": "Net",
        "scope": "Net.forward",
    }
    return Diagnostic(**{**values, **changes})


@pytest.fixture
def render(model: None) -> Callable[..., str]:
    def call(*findings: Diagnostic, verbose: bool = False, paint: Paint = Paint(), columns: int = 90, **report: Any) -> str:  # noqa: B008
        return TextReport(Report(findings, RULES, **{"files": 1, "networks": 2, **report}), paint, columns, verbose).render()

    return call


def test_a_finding_has_its_code_under_it_with_carets(render: Callable[..., str]) -> None:
    lines = render(finding(related=(Related("other.py", Position(7, 3), "the pool"),), count=3, confidence="likely")).splitlines()
    assert lines[:9] == [
        "m.py:1:10  NL501 order  warning",
        "  message 1",
        "  1 |   line_1 = act(",
        "    |            ^^^",
        "  in: Net.act (3 times in this network)",
        "  the pool: other.py:7:3",
        "  certainty: likely; part of the network could not be seen",
        "  evidence: max and monotone functions commute (netlint rule NL501)",
        "",
    ]


def test_carets_stand_under_code_that_is_indented_with_tabs(render: Callable[..., str]) -> None:
    lines = render(finding(row=2, location=Position(2, 2), end_location=Position(2, 5))).splitlines()
    assert lines[2:4] == ["  2 |   act(x)", "    |   ^^^"]


def test_a_range_of_several_lines_is_marked_to_the_end_of_the_first(render: Callable[..., str]) -> None:
    lines = render(finding(end_location=Position(3, 2))).splitlines()
    assert lines[3] == "    |            ^^^^"


def test_the_evidence_is_told_once_a_file_and_rule(render: Callable[..., str]) -> None:
    assert render(finding(row=1), finding(row=3)).count("evidence:") == 1


def test_a_file_that_is_gone_is_shown_without_code(render: Callable[..., str]) -> None:
    out = render(finding(filename="gone.py"))
    assert "gone.py:1:10  NL501" in out and "|" not in out


def test_a_long_line_is_cut_around_what_is_flagged(render: Callable[..., str], tmp_path: Path) -> None:
    Path("m.py").write_text("x = [" + "1, " * 100 + "act(x)" + ", 2" * 100 + "]\n")
    column = 6 + 300
    lines = render(finding(location=Position(1, column), end_location=Position(1, column + 6))).splitlines()
    at = lines[3].index("^")
    assert lines[2][at : at + 6] == "act(x)"
    assert all(len(line) <= 90 for line in lines[:4])


def test_advice_is_one_line_a_class_and_rule(render: Callable[..., str]) -> None:
    other = finding("NL401", 9, scope="Other.forward")
    out = render(*(finding("NL401", row) for row in (1, 3, 5)), other)
    lines = [line for line in out.splitlines() if "NL401 plain" in line]
    assert lines == ["  m.py:1:10  NL401 plain  Net: Plain ReLU. (3 places: 1, 3, 5)", "  m.py:9:10  NL401 plain  Other: message 9"]
    assert render(*(finding("NL401", row) for row in range(1, 9))).count("(8 places: 1, 2, 3, 4, 5, 6, ...)") == 1
    assert render(other, verbose=True).startswith("m.py:9:10  NL401 plain  advice\n")


@pytest.mark.parametrize(
    ("findings", "report", "line"),
    [
        ([], {}, "No findings in 1 file, 2 networks."),
        ([finding()], {"files": 2, "networks": 1}, "1 warning in 2 files, 1 network."),
        (
            [finding("NL000"), finding(), finding(), finding("NL401")],
            {"suppressed": 4},
            "1 error, 2 warnings, 1 advice in 1 file, 2 networks; 4 suppressed.",
        ),
    ],
)
def test_the_summary_counts(render: Callable[..., str], findings: list[Diagnostic], report: dict[str, Any], line: str) -> None:
    assert line in render(*findings, **report).splitlines()


def test_what_could_not_be_evaluated_is_told_with_the_reason(render: Callable[..., str]) -> None:
    unanswered = {f"NL20{number}": {"no batch size": number, "rare": 1} for number in range(2, 6)}
    unanswered |= {f"NL10{number}": {f"reason {number}": 9 - number} for number in range(1, 5)}
    out = render(unanswered=unanswered, columns=200)
    assert "Not evaluated everywhere: 4 rules: no batch size; NL101: reason 1; NL102: reason 2; 2 other rules (--verbose" in out
    verbose = render(unanswered=unanswered, blind={"a loop": 2}, verbose=True)
    assert "  NL205  5 x no batch size\n  NL205  1 x rare\n" in verbose
    assert "Not seen: 2 places of networks:\n  2 x a loop\n" in verbose


def test_the_next_step_is_about_the_worst(render: Callable[..., str]) -> None:
    assert render(finding("NL401"), finding()).splitlines()[-1].startswith("Next: `netlint rule NL501` explains")
    assert "make every file readable" in render(finding(), finding("NL000")).splitlines()[-1]


def test_colour_is_for_terminals_only(render: Callable[..., str]) -> None:
    assert "\033" not in render(finding())
    painted = render(finding(), paint=Paint(True))
    assert "\033[33mwarning\033[0m" in painted
    assert "\033[1mNL501\033[0m" in painted
