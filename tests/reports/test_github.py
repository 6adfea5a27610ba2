from __future__ import annotations

import re
from pathlib import Path, PureWindowsPath
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from netlint.engine.diagnostic import Diagnostic, Edit, Fix, Position
from netlint.engine.rule import Contract, Forward, Severity, StateDict, TrainingEffect
from netlint.engine.run import Report
from netlint.reports import github
from netlint.reports.places import Places

COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)\n")


def finding(**changes: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "code": "NL501",
        "name": "order",
        "severity": Severity.WARNING,
        "message": "pool first",
        "filename": "m.py",
        "location": Position(3, 2),
        "end_location": Position(3, 9),
    }
    return Diagnostic(**{**values, **changes})


def rendered(*findings: Diagnostic, home: Any = Path("/work"), problems: tuple[str, ...] = ()) -> str:
    return github.render(Report(findings, problems=problems), Places(home, home))


def parsed(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Commands as GitHub's runner reads them: properties between commas, then the escapes undone."""
    found = COMMAND.findall(text)
    assert sum(len(f"::{name} {properties}::{data}\n") for name, properties, data in found) == len(text)
    return [(name, dict(map(_property, properties.split(","))), _unescaped(data)) for name, properties, data in found]


def _property(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, _unescaped(value.replace("%3A", ":").replace("%2C", ","))


def _unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_a_finding_is_a_command_with_its_place() -> None:
    assert rendered(finding()) == "::warning file=m.py,line=3,endLine=3,col=2,endColumn=9,title=NL501 order::pool first\n"


def test_severities_have_their_commands() -> None:
    commands = parsed(rendered(*(finding(severity=severity) for severity in Severity)))
    assert [name for name, _, _ in commands] == ["error", "warning", "notice"]


def test_nothing_found_is_nothing_said() -> None:
    assert rendered() == ""


def test_columns_are_left_out_over_several_lines() -> None:
    [(_, properties, _)] = parsed(rendered(finding(end_location=Position(5, 1))))
    assert (properties["line"], properties["endLine"]) == ("3", "5")
    assert not {"col", "endColumn"} & set(properties)


def test_what_separates_is_escaped() -> None:
    text = rendered(finding(filename="a,b:c%.py", message="100 %\nof: all, or\r"))
    assert "file=a%2Cb%3Ac%25.py," in text
    assert "::100 %25%0Aof: all, or" in text
    [(_, properties, message)] = parsed(text)
    assert (properties["file"], message[:16]) == ("a,b:c%.py", "100 %\nof: all, o")


@settings(deadline=None)
@given(st.text(), st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda name: name not in (".", "..")))
def test_no_text_breaks_out_of_its_command(message: str, filename: str) -> None:
    text = rendered(finding(message=message, filename=filename))
    assert text.count("\n") == 1
    [(_, properties, read)] = parsed(text)
    assert (properties["file"], properties["title"]) == (filename, "NL501 order")
    assert len(read) == len(message)


def test_a_fix_is_told() -> None:
    contract = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)
    fix = Fix("Swap them", "safe", contract, (Edit("", Position(1, 1), Position(1, 2)),))
    [(_, _, message)] = parsed(rendered(finding(fix=fix)))
    assert message == "pool first\nfix: Swap them"


def test_paths_of_windows_have_slashes() -> None:
    [(_, properties, _)] = parsed(rendered(finding(filename=".\\src\\m.py"), home=PureWindowsPath("C:\\work")))
    assert properties["file"] == "src/m.py"


def test_a_model_has_a_node_and_no_line() -> None:
    [(_, properties, message)] = parsed(rendered(finding(filename="net.onnx", frontend="onnx", symbol="main.relu")))
    assert (set(properties), message) == ({"file", "title"}, "main.relu: pool first")


def test_paths_count_from_the_checkout(netlint: Any, network: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd()))
    Path("part").mkdir()
    monkeypatch.chdir("part")
    Path("m.py").write_text(network)
    [(_, properties, _)] = parsed(netlint("m.py", "--output-format", "github").out)
    assert properties["file"] == "part/m.py"


def test_a_broken_file_and_a_missing_target_are_errors(netlint: Any) -> None:
    Path("bad.py").write_text("class Net(:\n")
    missing, broken = parsed(netlint("bad.py", "nowhere.py", "--output-format", "github").out)
    assert (missing[0], "nowhere.py" in missing[2]) == ("error", True)
    assert (broken[0], broken[1]["file"], broken[1]["line"]) == ("error", "bad.py", "1")
