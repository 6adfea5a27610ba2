from __future__ import annotations

import json
from pathlib import Path, PureWindowsPath
from typing import Any

from netlint.engine.diagnostic import Diagnostic, Position
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports import gitlab
from netlint.reports.places import Places


def finding(**changes: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "code": "NL501",
        "name": "order",
        "severity": Severity.WARNING,
        "message": "pool first",
        "filename": "m.py",
        "location": Position(3, 2),
        "end_location": Position(3, 9),
        "fingerprint": "0123456789abcdef",
    }
    return Diagnostic(**{**values, **changes})


def records(*findings: Diagnostic, home: Any = Path("/work")) -> list[dict[str, Any]]:
    found = json.loads(gitlab.render(Report(findings), Places(home, home)))
    assert isinstance(found, list)
    return found


def test_a_record_has_the_fields_that_gitlab_documents() -> None:
    [record] = records(finding())
    assert len(record.pop("fingerprint")) == 64
    assert record == {
        "description": "NL501 order: pool first",
        "check_name": "NL501",
        "severity": "major",
        "location": {"path": "m.py", "lines": {"begin": 3}},
    }


def test_an_empty_report_is_an_empty_list() -> None:
    assert gitlab.render(Report(()), Places(Path("/work"), Path("/work"))) == "[]\n"


def test_severities_are_gitlabs() -> None:
    found = records(*(finding(severity=severity) for severity in Severity), finding(code="NL000", severity=Severity.ERROR))
    assert [record["severity"] for record in found] == ["critical", "major", "info", "blocker"]


def test_fingerprints_are_unique_and_stay_when_lines_move() -> None:
    twice = records(finding(), finding(), finding(filename="other.py"))
    assert len({record["fingerprint"] for record in twice}) == 3
    moved = records(finding(location=Position(30, 2)))
    assert moved[0]["fingerprint"] == twice[0]["fingerprint"]


def test_paths_are_relative_and_plain() -> None:
    assert records(finding(filename="./a/../ü.py"))[0]["location"]["path"] == "ü.py"
    windows = PureWindowsPath("C:\\work")
    assert records(finding(filename=".\\src\\m.py"), home=windows)[0]["location"]["path"] == "src/m.py"


def test_a_model_begins_at_its_first_line_and_tells_the_node() -> None:
    [record] = records(finding(filename="net.onnx", frontend="onnx", symbol="main.relu", location=Position(7, 1)))
    assert record["location"] == {"path": "net.onnx", "lines": {"begin": 1}}
    assert record["description"] == "NL501 order: main.relu: pool first"


def test_paths_count_from_the_checkout(netlint: Any, network: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("CI_PROJECT_DIR", str(Path.cwd()))
    Path("part").mkdir()
    monkeypatch.chdir("part")
    Path("m.py").write_text(network)
    Path("bad.py").write_text("class Net(:\n")
    result = netlint("--output-format", "gitlab")
    found = json.loads(result.out)
    assert [(record["location"]["path"], record["severity"]) for record in found] == [("part/bad.py", "blocker"), ("part/m.py", "major")]
    assert result.code == 2
