from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from netlint.cli import run

CNN = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Linear(16 * 16 * 16, 10)

    def forward(self, x):
        return self.head(torch.flatten(self.features(x), 1))
"""
CLEAN = CNN.replace("            nn.ReLU(),\n            nn.MaxPool2d(2),\n", "            nn.MaxPool2d(2),\n            nn.ELU(),\n")
BROKEN = "class Net(:\n    pass\n"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        found = json.loads(self.out)
        assert isinstance(found, list)
        return found


Netlint = Callable[..., Result]


@pytest.fixture
def netlint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Netlint:
    """Runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        code = run(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Result(code, captured.out, captured.err)

    return call


def write(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.py").write_text(text)


# -- findings and exit codes ------------------------------------------------------------------------------------------


def test_a_finding_is_shown_with_its_place_rule_code_and_partner(netlint: Netlint) -> None:
    write(model=CNN)
    result = netlint("check", "model.py", "--select", "NL501")
    lines = result.out.splitlines()
    assert result.code == 1
    assert lines[0] == "model.py:10:13  NL501 activation-before-max-pool  warning"
    frame = next(at for at, line in enumerate(lines) if line.startswith("  10 |"))
    assert lines[frame].endswith("nn.ReLU(),")
    assert lines[frame + 1].index("^") == lines[frame].index("nn.ReLU")
    assert lines[frame + 1].count("^") == len("nn.ReLU()")
    assert "  in: Net.features.1" in lines
    assert any("model.py:11:13" in line for line in lines[frame:])
    assert any("(netlint rule NL501)" in line for line in lines)
    assert "1 warning in 1 file, 1 network. 1 can be fixed with `--fix`." in lines


def test_nothing_to_find_is_exit_0(netlint: Netlint) -> None:
    write(model=CLEAN)
    result = netlint("check", "model.py", "--select", "NL5")
    assert (result.code, result.err) == (0, "")
    assert result.out == "No findings in 1 file, 1 network.\n"


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--fail-on", "error"], 0), (["--fail-on", "advice"], 1), (["--exit-zero"], 0)])
def test_the_exit_code_follows_fail_on(netlint: Netlint, options: list[str], code: int) -> None:
    write(model=CNN)
    assert netlint("check", "model.py", "--select", "NL501", *options).code == code


def test_advice_does_not_fail_a_run_by_default_and_takes_one_line(netlint: Netlint) -> None:
    write(model=CNN)
    result = netlint("check", "model.py", "--select", "NL401")
    assert result.code == 0
    [line] = [line for line in result.out.splitlines() if "NL401 plain-relu" in line]
    assert line.startswith("  model.py:10:13  NL401 plain-relu  Net: ")
    assert netlint("check", "model.py", "--select", "NL401", "--fail-on", "advice").code == 1
    assert "model.py:10:13  NL401 plain-relu  advice" in netlint("check", "model.py", "--select", "NL401", "-v").out


def test_json_has_the_fields_of_the_contract(netlint: Netlint) -> None:
    write(model=CNN)
    [record] = netlint("check", "model.py", "--select", "NL501", "--output-format", "json").records
    assert record["fingerprint"] and record["message"] and record["url"]
    assert {
        key: record[key] for key in ("code", "name", "severity", "confidence", "filename", "symbol", "network", "count", "frontend")
    } == {
        "code": "NL501",
        "name": "activation-before-max-pool",
        "severity": "warning",
        "confidence": "certain",
        "filename": "model.py",
        "symbol": "Net.features.1",
        "network": "Net",
        "count": 1,
        "frontend": "source",
    }
    assert record["location"] == {"row": 10, "column": 13}
    assert record["end_location"] == {"row": 10, "column": 22}
    assert [(place["filename"], place["location"]["row"]) for place in record["related"]] == [("model.py", 11)]
    assert isinstance(record["data"], dict)


def test_a_layer_applied_in_forward_is_shown_there(netlint: Netlint) -> None:
    write(
        model="""\
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)
        self.act = nn.ReLU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(self.act(self.conv(x)))
"""
    )
    [record] = netlint("check", "model.py", "--select", "NL501", "--output-format", "json").records
    assert record["location"] == {"row": 12, "column": 26}
    assert (8, "constructed here") in [(place["location"]["row"], place["message"]) for place in record["related"]]


def test_one_code_site_is_one_finding_that_counts_its_layers(netlint: Netlint) -> None:
    write(
        model="""\
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(width, width, 3), nn.ReLU(), nn.MaxPool2d(2))

    def forward(self, x):
        return self.body(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(8) for _ in range(3)])

    def forward(self, x):
        return self.blocks(x)
""",
        train="from model import Net\n\nnet = Net()\n",
    )
    [record] = netlint("check", ".", "--select", "NL501", "--output-format", "json").records
    assert (record["filename"], record["location"]["row"]) == ("model.py", 7)
    assert (record["network"], record["count"]) == ("Net", 3)


def test_findings_in_files_that_were_not_named_are_left_out(netlint: Netlint) -> None:
    write(model=CNN, train="from model import Net\n\nnet = Net()\n")
    assert netlint("check", "train.py", "--select", "NL501", "--output-format", "json").records == []


def test_one_network_of_a_file_can_be_picked(netlint: Netlint) -> None:
    write(model=CNN + CLEAN.replace("class Net", "class Other").partition("from torch import nn")[2])
    assert len(netlint("check", "model.py:Net", "--select", "NL501", "--output-format", "json").records) == 1
    assert netlint("check", "model.py:Other", "--select", "NL501", "--output-format", "json").records == []
    missing = netlint("check", "model.py:Nat")
    assert (missing.code, missing.err) == (2, "netlint: `model.py` has no network `Nat`; it has `Net`, `Other`\n")


def test_the_output_does_not_depend_on_the_number_of_processes(netlint: Netlint) -> None:
    write(**{f"m{number}": CNN for number in range(4)}, broken=BROKEN)
    results = [netlint("check", "--output-format", "json", "--jobs", str(jobs)) for jobs in (1, 2, 3)]
    assert results[0] == results[1] == results[2]
    assert len(results[0].records) >= 9


def test_source_on_stdin_is_checked_under_its_name(netlint: Netlint, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CNN.encode())))
    result = netlint("check", "-", "--stdin-filename", "pkg/model.py", "--select", "NL501")
    assert result.code == 1
    assert "pkg/model.py:10:13  NL501" in result.out
    assert "nn.ReLU()," in result.out


def test_the_code_cells_of_a_notebook_are_checked(netlint: Netlint) -> None:
    cells = [{"cell_type": "code", "source": "%load_ext x"}, {"cell_type": "code", "source": CNN}]
    Path("a.ipynb").write_text(json.dumps({"cells": cells}))
    result = netlint("check", ".", "--select", "NL501")
    assert "a.ipynb:cell 2:10:13  NL501" in result.out
    assert "nn.ReLU()," in result.out


def test_statistics_count_findings_by_rule(netlint: Netlint) -> None:
    write(model=CNN, other=CNN)
    assert netlint("check", "--select", "NL501", "--statistics").out == "2  NL501  activation-before-max-pool  warning\n"
    expected = {"code": "NL501", "name": "activation-before-max-pool", "severity": "warning", "count": 2}
    assert netlint("check", "--select", "NL501", "--statistics", "--output-format", "json").records == [expected]


def test_quiet_prints_the_counts_only(netlint: Netlint) -> None:
    write(model=CNN, clean=CLEAN)
    assert netlint("check", "model.py", "--select", "NL501", "--quiet").out == (
        "1 warning in 1 file, 1 network. 1 can be fixed with `--fix`.\n"
    )
    assert netlint("check", "clean.py", "--select", "NL501", "--quiet").out == ""


def test_the_report_goes_to_a_file(netlint: Netlint) -> None:
    write(model=CNN)
    result = netlint("check", "model.py", "--select", "NL501", "--output-format", "json", "--output-file", "report.json")
    assert (result.code, result.out) == (1, "")
    assert [record["code"] for record in json.loads(Path("report.json").read_text())] == ["NL501"]
    failed = netlint("check", "model.py", "--output-file", "missing/report.json")
    assert failed.code == 2
    assert "cannot write missing/report.json: No such file or directory" in failed.err


# -- settings and suppression -----------------------------------------------------------------------------------------


def test_the_settings_nearest_to_a_file_hold(netlint: Netlint) -> None:
    write(model=CNN)
    Path("pyproject.toml").write_text('[tool.netlint]\nselect = ["NL5"]\nfail-on = "error"\n')
    result = netlint("check", "--output-format", "json")
    assert (result.code, [record["code"] for record in result.records]) == (0, ["NL501"])
    assert len(netlint("check", "--isolated", "--output-format", "json").records) > 1
    assert netlint("check", "--select", "NL6", "--output-format", "json").records == []
    Path("other.toml").write_text('output-format = "json"\nselect = ["NL401"]\n')
    assert [record["code"] for record in netlint("check", "--config", "other.toml").records] == ["NL401"]


def test_files_and_modules_can_be_left_out_in_the_settings(netlint: Netlint) -> None:
    write(model=CNN, old=CNN)
    Path("netlint.toml").write_text('select = ["NL501"]\nexclude = ["old.py"]\n')
    assert [record["filename"] for record in netlint("check", "--output-format", "json").records] == ["model.py"]
    Path("netlint.toml").write_text('select = ["NL501"]\n[per-file-ignores]\n"old.py" = ["NL5"]\n')
    assert [record["filename"] for record in netlint("check", "--output-format", "json").records] == ["model.py"]
    Path("netlint.toml").write_text('select = ["NL501"]\nignore-modules = ["features.*"]\n')
    assert netlint("check", "--output-format", "json").records == []


def test_a_comment_suppresses_a_finding(netlint: Netlint) -> None:
    write(model=CNN.replace("nn.ReLU(),", "nn.ReLU(),  # netlint: ignore[NL501] measured"))
    result = netlint("check", "model.py", "--select", "NL501,NL001")
    assert (result.code, result.out) == (0, "No findings in 1 file, 1 network; 1 suppressed.\n")


def test_a_comment_that_suppresses_nothing_is_a_finding_with_a_fix(netlint: Netlint) -> None:
    write(model=CLEAN.replace("nn.MaxPool2d(2),", "nn.MaxPool2d(2),  # netlint: ignore[NL501]"))
    [record] = netlint("check", "model.py", "--select", "NL501,NL001", "--output-format", "json").records
    assert (record["code"], record["location"], record["fix"]["applicability"]) == ("NL001", {"row": 10, "column": 31}, "safe")
    assert record["fix"]["edits"] == [{"content": "", "location": {"row": 10, "column": 29}, "end_location": {"row": 10, "column": 55}}]
    assert record["fix"]["contract"] == {"forward": "exact", "state_dict": "same", "training": "same"}
    assert netlint("check", "model.py", "--select", "NL001", "--output-format", "json").records == []


def test_the_batch_size_can_be_told(netlint: Netlint) -> None:
    norm = "nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ELU(), nn.Conv2d(8, 8, 3))"
    write(model=f"from torch import nn\n\nnet = {norm}  # netlint: ignore[NL202]\n")
    unknown = netlint("check", "--select", "NL202,NL001")
    assert unknown.code == 0
    assert "No findings in 1 file" in unknown.out and "Not evaluated everywhere: NL202" in unknown.out
    assert "1 suppressed" in netlint("check", "--select", "NL202,NL001", "--batch-size", "2").out
    assert [
        record["code"] for record in netlint("check", "--select", "NL202,NL001", "--batch-size", "64", "--output-format", "json").records
    ] == ["NL001"]


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_syntax_error_is_reported_and_the_other_files_are_checked(netlint: Netlint) -> None:
    write(broken=BROKEN, model=CNN)
    result = netlint("check", "--select", "NL501", "--output-format", "json")
    assert result.code == 2
    assert [(record["code"], record["filename"], record["location"]["row"]) for record in result.records] == [
        ("NL000", "broken.py", 1),
        ("NL501", "model.py", 10),
    ]
    assert all(record["fingerprint"] for record in result.records)
    text = netlint("check", "broken.py")
    assert text.code == 2
    assert "broken.py:1:" in text.out and "class Net(:" in text.out


def test_a_missing_path_is_told_and_the_other_targets_are_checked(netlint: Netlint) -> None:
    write(model=CNN)
    result = netlint("check", "modle.py", "model.py", "--select", "NL501")
    assert result.code == 2
    assert result.err == "netlint: no such file or folder: `modle.py`; the nearest is `model.py`\n"
    assert "model.py:10:13" in result.out


def test_what_is_excluded_is_left_out_though_it_is_named_if_that_is_asked_for(netlint: Netlint, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    write(model=CNN)
    for name in ("old/model.py", "site-packages/model.py", "env/model.py"):
        Path(name).parent.mkdir()
        Path(name).write_text(CNN)
    Path("env/pyvenv.cfg").touch()
    Path("netlint.toml").write_text('exclude = ["old/"]\n')
    named = ("old/model.py", "site-packages/model.py", "env/model.py", "model.py", "old/model.py:Net")
    arguments = ("check", *named, "--select", "NL501", "--output-format", "json")
    assert {record["filename"] for record in netlint(*arguments).records} == set(named[:4])
    left = netlint(*arguments, "--force-exclude")
    assert (left.code, [record["filename"] for record in left.records]) == (1, ["model.py"])
    nothing = netlint("check", "old/model.py", "--force-exclude")
    words = "no Python file, notebook or ONNX model in old/model.py that is not excluded: nothing was checked"
    assert (nothing.code, nothing.err) == (0, f"netlint: {words}\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CNN.encode())))
    assert netlint("check", "-", "--stdin-filename", "old/model.py", "--force-exclude").out == nothing.out


def test_an_unreadable_file_is_told(netlint: Netlint, monkeypatch: pytest.MonkeyPatch) -> None:
    write(model=CNN)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("netlint.engine.reading.content", refuse)
    result = netlint("check", "model.py", "--output-format", "json")
    assert result.code == 2
    assert [(record["code"], record["message"]) for record in result.records] == [("NL000", "cannot read the file: Permission denied")]


def test_a_file_that_is_not_text_and_a_notebook_that_is_not_json_are_told(netlint: Netlint) -> None:
    Path("binary.py").write_bytes(b"\xff\xfe\x00")
    Path("a.ipynb").write_text("nonsense")
    result = netlint("check", "--output-format", "json")
    assert result.code == 2
    messages = {record["filename"]: record["message"] for record in result.records}
    assert messages["a.ipynb"].startswith("this notebook is not JSON")
    assert messages["binary.py"].startswith("cannot decode the file")


def test_an_empty_folder_is_exit_0_with_a_word_on_stderr(netlint: Netlint) -> None:
    result = netlint("check")
    assert (result.code, result.err) == (0, "netlint: no Python file, notebook or ONNX model in .: nothing was checked\n")
    assert result.out == ""
    assert netlint("check", "--output-format", "json").records == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "--select", "NL502"], "--select: no rule `NL502`; the nearest is `NL"),
        (["check", "--ignore", "plain-rlu"], "--ignore: no rule `plain-rlu`; the nearest is `plain-relu`"),
        (["check", "--extend-select", "XX"], "--extend-select: no rule `XX`"),
        (["check", "--batch-size", "0"], "0 is not in the range x>=1"),
        (["check", "--fail-on", "warn"], "'warn' is not one of"),
        (["check", "--selct", "x"], "No such option '--selct'"),
        (["check", "--config", "missing.toml"], "File 'missing.toml' does not exist"),
        (["chek"], "No such command 'chek'"),
        (["rule", "NL777"], "no rule `NL777`; the nearest is `NL"),
        (["why", "plain-rlu", "x.py"], "no rule `plain-rlu`; the nearest is `plain-relu`"),
        (["graph", "missing.py"], "no such file or folder: `missing.py`"),
        (["graph", "."], "`.` is a folder: name one file of it"),
        (["graph", "x.py", "--input", "1,a"], "sizes are whole numbers with commas between"),
        (["check", "net.pth"], "a file of weights holds no network"),
    ],
)
def test_wrong_use_is_exit_2_with_a_message(netlint: Netlint, arguments: list[str], words: str) -> None:
    Path("x.py").write_text("")
    Path("net.pth").write_text("")
    result = netlint(*arguments)
    assert result.code == 2
    assert words in result.err


@pytest.mark.parametrize(
    ("target", "extra"), [("net.onnx", "[onnx]"), ("program.pt2", "[torch]"), ("package.module:Net", "[torch]")], ids=lambda value: value
)
@pytest.mark.parametrize("command", [["check"], ["graph"], ["why", "NL501"]], ids=lambda value: value[0])
def test_an_extra_that_is_not_installed_is_named(
    netlint: Netlint, monkeypatch: pytest.MonkeyPatch, command: list[str], target: str, extra: str
) -> None:
    monkeypatch.setattr("netlint.engine.reading.installed", lambda package: False)
    Path("net.onnx").write_text("")
    Path("program.pt2").write_text("")
    result = netlint(*command, target)
    assert result.code == 2
    assert f"needs the extra `{extra.strip('[]')}` (netlint-nn{extra})" in result.err


def test_models_in_a_folder_that_cannot_be_read_without_an_extra_are_one_line_and_exit_2(
    netlint: Netlint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netlint.engine.reading.installed", lambda package: False)
    Path("net.onnx").write_text("")
    Path("x.py").write_text("import torch\nnet = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2))\n")
    result = netlint("check", ".")
    assert result.code == 2
    assert "NL501" in result.out, "what can be read is checked"
    assert result.err.count("`net.onnx`: reading an ONNX model needs the extra `onnx` (netlint-nn[onnx])") == 1
    Path("second.onnx").write_text("")
    Path("third.onnx").write_text("")
    result = netlint("check", ".")
    assert result.err.count("netlint-nn[onnx]") == 1
    assert "; so does reading 2 more of the files" in result.err


def test_wrong_settings_are_exit_2_with_file_line_and_nearest_key(netlint: Netlint) -> None:
    Path("netlint.toml").write_text("\nfial-on = 'error'\n")
    result = netlint("check")
    assert result.code == 2
    assert "netlint.toml:2: unknown key `fial-on`; the nearest is `fail-on`" in result.err


def test_an_internal_error_is_one_line_and_exit_2(netlint: Netlint, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("netlint.engine.run.check", fail)
    result = netlint("check")
    assert result.code == 2
    assert result.err.startswith("netlint: internal error: RuntimeError: boom.")


def test_a_reader_that_fails_is_reported_for_its_file(netlint: Netlint, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError("deep")

    write(model=CNN)
    monkeypatch.setattr("netlint.engine.run.graphs", fail)
    result = netlint("check", "model.py", "--output-format", "json")
    assert result.code == 2
    assert "the reader failed: RecursionError: deep" in result.records[0]["message"]


def test_a_rule_that_fails_is_reported_and_the_others_go_on(netlint: Netlint) -> None:
    write(model=CNN, train="import torch\nfrom model import Net\n\nnet = Net()\n")
    Path("rules").mkdir()
    Path("rules/bad.py").write_text(
        "from netlint.engine.rule import Rule, Severity\nfrom netlint.graph.operators import ReLU\n"
        "rule = Rule('XY001', 'bad-rule', Severity.ADVICE, 'x')\n\n\n"
        "@rule.check\ndef check(relu: ReLU, graph, options):\n    raise LookupError('lost')\n"
    )
    Path("netlint.toml").write_text('rule-paths = ["rules"]\nselect = ["XY001", "NL501"]\n')
    result = netlint("check", "model.py", "--output-format", "json")
    assert (result.code, [record["code"] for record in result.records]) == (2, ["NL000", "NL501"])
    assert "rule XY001 (bad-rule) failed on `Net`: LookupError: lost" in result.records[0]["message"]
    imported = netlint("check", "train.py", "--output-format", "json")
    assert (imported.code, [record["filename"] for record in imported.records]) == (2, ["train.py"])
    assert "(ReLU)  failed" in netlint("why", "XY001", "model.py").out


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(netlint: Netlint) -> None:
    write(model=CNN.replace("nn.ReLU(),", "nn.ReLU(),  # \x1b[2J\x07"))
    result = netlint("check", "model.py", "--select", "NL501")
    assert result.code == 1
    assert "\x1b" not in result.out and "\x07" not in result.out


# -- looking closer ---------------------------------------------------------------------------------------------------


def test_graph_shows_layers_shapes_and_parameters(netlint: Netlint) -> None:
    write(model=CNN)
    result = netlint("graph", "model.py:Net", "--input", "1,3,32,32:float32")
    rows = [line.split() for line in result.out.splitlines()]
    assert result.code == 0
    assert ["features.0", "Conv2d", "1", "x", "16", "x", "32", "x", "32", "448"] in [row[:10] for row in rows]
    assert ["parameters", "41,418"] in rows


def test_graph_json_is_as_in_the_contract(netlint: Netlint) -> None:
    write(model=CNN)
    record = json.loads(netlint("graph", "model.py:Net", "--input", "1,3,32,32", "--format", "json").out)
    assert set(record) == {"network", "parameters", "nodes", "unknown"}
    assert (record["network"], record["parameters"], record["unknown"]) == ("Net", 16 * 28 + 16 * 16 * 16 * 10 + 10, [])
    conv = next(node for node in record["nodes"] if node["op"] == "Conv2d")
    assert {key: conv[key] for key in ("path", "shape", "parameters", "filename", "row")} == {
        "path": "features.0",
        "shape": [1, 16, 32, 32],
        "parameters": 448,
        "filename": "model.py",
        "row": 9,
    }
    assert [record["nodes"][source]["op"] for source in conv["inputs"]] == ["Input"]


def test_graph_dot_is_a_digraph(netlint: Netlint) -> None:
    write(model=CNN)
    lines = netlint("graph", "model.py:Net", "--format", "dot").out.splitlines()
    assert lines[0] == 'digraph "Net" {'
    assert lines[-1] == "}"
    assert any('label="Conv2d\\nfeatures.0"' in line for line in lines)
    assert any("->" in line for line in lines)


def test_why_tells_fired_clear_and_suppressed(netlint: Netlint) -> None:
    second = "            nn.Conv2d(16, 16, 3),\n            nn.ReLU(),  # netlint: ignore[NL501]\n            nn.MaxPool2d(2),\n"
    third = "            nn.MaxPool2d(2),\n        )"
    write(model=CNN.replace("            nn.MaxPool2d(2),\n        )", f"            nn.MaxPool2d(2),\n{second}{third}"))
    result = netlint("why", "NL501", "model.py")
    assert result.code == 0
    verdicts = [line.split()[-1] for line in result.out.splitlines() if "(MaxPool2d)" in line]
    assert verdicts == ["fired", "suppressed", "clear"]
    assert "by the comment in line 13" in result.out
    assert "(MaxPool2d)  clear" in netlint("why", "activation-before-max-pool", "model.py:15").out
    assert "there is none in" in netlint("why", "NL206", "model.py").out


def test_why_says_the_same_of_one_line_once_and_all_of_it_to_programs(netlint: Netlint) -> None:
    loop = "[layer for _ in range(3) for layer in (nn.Conv2d(3, 3, 3), nn.ReLU(), nn.MaxPool2d(2))]"
    write(model=f"from torch import nn\n\nnet = nn.Sequential(*{loop})\n")
    assert "2 (MaxPool2d) and 2 more  fired" in netlint("why", "NL501", "model.py").out
    record = json.loads(netlint("why", "NL501", "model.py:3", "--output-format", "json").out)
    assert (record["code"], record["networks"]) == ("NL501", ["net"])
    assert [(one["subject"], one["verdict"]) for one in record["verdicts"]] == [(f"{n} (MaxPool2d)", "fired") for n in (2, 5, 8)]
    assert json.loads(netlint("why", "NL501", "model.py:1", "--output-format", "json").out)["verdicts"] == []


def test_why_takes_the_cell_and_line_of_a_notebook(netlint: Netlint) -> None:
    flawed = "net = nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU(), nn.MaxPool2d(2))"
    accepted = f"\nother = nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU(), nn.MaxPool2d(2))  # netlint: ignore[NL501]\n{flawed}"
    sources = ["from torch import nn", accepted]
    Path("a.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]}))
    assert "cell 2:3:52  2 (MaxPool2d)  fired" in netlint("why", "NL501", "a.ipynb:2:3").out
    assert "by the comment in cell 2, line 2" in netlint("why", "NL501", "a.ipynb:2").out
    [verdict] = json.loads(netlint("why", "NL501", "a.ipynb:2:3", "--output-format", "json").out)["verdicts"]
    assert (verdict["cell"], verdict["location"]) == (2, {"row": 3, "column": 52})
    for place, words in (("3", "no cell 3: the notebook has 2 code cells"), ("1:2", "no line 2 in cell 1: it has 1")):
        assert netlint("why", "NL501", f"a.ipynb:{place}").code == 2
        assert words in netlint("why", "NL501", f"a.ipynb:{place}").err


def test_a_rules_page_is_shown_by_code_or_name(netlint: Netlint) -> None:
    by_code, by_name = netlint("rule", "NL501"), netlint("rule", "activation-before-max-pool")
    assert by_code == by_name
    assert by_code.out.startswith("NL501 activation-before-max-pool  warning")
    assert all(f"\n{section}\n" in by_code.out for section in ("What", "Why", "Evidence for", "When it is fine"))


def test_the_table_names_every_rule(netlint: Netlint) -> None:
    from netlint.engine.registry import load

    out = netlint("rules").out
    assert all(f"{rule.code}  {rule.name}" in out for rule in load().rules)


# -- start-up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["check", "--help"], ["rules"], ["rule", "NL001"]])
def test_what_reads_no_source_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom netlint.cli import run\n"
        f"assert run({arguments!r}) == 0\n"
        "print(sorted({'libcst', 'numpy', 'onnx', 'torch'} & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"


def test_a_check_of_source_imports_neither_torch_nor_onnx(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(CNN)
    program = (
        "import sys\nfrom netlint.cli import run\n"
        f"assert run(['check', {str(tmp_path)!r}, '--select', 'NL501']) == 1\n"
        "print(sorted({'numpy', 'onnx', 'torch'} & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"


def test_the_command_ends_quietly_when_its_reader_goes_away(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(CNN)
    process = subprocess.Popen([sys.executable, "-m", "netlint", "rules"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait()
