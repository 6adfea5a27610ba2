from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlint.engine.diagnostic import Diagnostic, Position
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports import junit
from netlint.reports.places import Places

junitparser = pytest.importorskip("junitparser")


def finding(**changes: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "code": "NL501",
        "name": "order",
        "severity": Severity.WARNING,
        "message": "pool first",
        "filename": "a.b/m.py",
        "location": Position(3, 2),
        "end_location": Position(3, 9),
    }
    return Diagnostic(**{**values, **changes})


def rendered(*findings: Diagnostic, files: tuple[str, ...] = (), **report: Any) -> str:
    return junit.render(Report(findings, **report), Places(Path("/work"), Path("/work")), files)


def read(text: str) -> Any:
    """The report as junitparser reads it, with its counts checked against what is there."""
    suites = junitparser.JUnitXml.fromstring(text.encode())
    told = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites]
    total = (suites.tests, suites.failures, suites.errors, suites.skipped)
    suites.update_statistics()
    assert [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites] == told
    assert (suites.tests, suites.failures, suites.errors, suites.skipped) == total
    return suites


def test_a_finding_is_a_case_that_failed_and_a_clean_file_one_that_passed() -> None:
    suites = read(rendered(finding(symbol="Net.act"), finding(location=Position(9, 1)), files=("a.b/m.py", "clean.py")))
    assert [(suite.name, suite.tests, suite.failures) for suite in suites] == [("a.b/m.py", 2, 2), ("clean.py", 1, 0)]
    failed, other = next(iter(suites))
    assert (failed.name, failed.classname) == ("NL501 order 3:2", "a.b/m")
    assert other.name == "NL501 order 9:1"
    [result] = failed.result
    assert isinstance(result, junitparser.Failure)
    assert (result.message, result.type) == ("pool first", "warning")
    assert result.text == "a.b/m.py:3:2: NL501 order\npool first\nin: Net.act"
    [[passed]] = list(suites)[1:]
    assert passed.is_passed
    assert passed.name == "checked"


def test_an_empty_report_can_be_read() -> None:
    suites = read(rendered())
    assert (suites.tests, len(suites)) == (0, 0)


def test_a_broken_file_and_a_missing_target_are_errors(netlint: Any) -> None:
    Path("bad.py").write_text("class Net(:\n")
    Path("good.py").write_text("x = 1\n")
    result = netlint(".", "nowhere.py", "--output-format", "junit")
    suites = read(result.out)
    assert (result.code, suites.tests, suites.errors, suites.failures) == (2, 3, 2, 0)
    bad, good, targets = suites
    assert (bad.name, bad.errors, good.name, good.errors) == ("bad.py", 1, "good.py", 0)
    [[[error]]] = [[case.result for case in targets]]
    assert isinstance(error, junitparser.Error)
    assert "nowhere.py" in error.message


@settings(deadline=None)
@given(st.text(), st.text(min_size=1))
def test_no_text_breaks_the_xml(message: str, filename: str) -> None:
    text = rendered(finding(message=message, filename=filename))
    suite = ElementTree.fromstring(text.encode("utf-8", "replace"))[0]
    assert [case.tag for case in suite] == ["testcase"]
    failure = suite[0][0]
    assert len(failure.get("message") or "") == len(message)


def test_markup_and_control_characters_are_kept_out() -> None:
    [[case]] = read(rendered(finding(message='<b> & "x" \x1b[31m \ufffe ]]>')))
    assert case.result[0].message == '<b> & "x" \ufffd[31m \ufffd ]]>'


def test_a_node_of_a_model_has_no_line() -> None:
    [[case]] = read(rendered(finding(filename="net.onnx", frontend="onnx", symbol="main.relu")))
    assert case.name == "NL501 order main.relu"
    assert case.result[0].message == "main.relu: pool first"
    assert case._elem.get("line") is None


def test_it_is_ascii_whatever_it_says() -> None:
    text = rendered(finding(message="ü 🧠"))
    assert text.isascii()
    [[case]] = read(text)
    assert case.result[0].message == "ü 🧠"
