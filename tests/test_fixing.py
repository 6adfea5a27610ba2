"""`netlint check --fix`, `--diff`, `--unsafe-fixes`, `--interactive` and `netlint verify`, and the same in Python."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

import netlint
from netlint.cli import run

FLAWED = """import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)  # the first
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(16 * 15 * 15, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        return self.head(x.flatten(1))
"""
FIXED = FLAWED.replace("self.pool(F.relu(self.conv(x)))", "F.relu(self.pool(self.conv(x)))")
RATE = FLAWED.replace("x.flatten(1)", "F.dropout(x.flatten(1), 0.5)")
"""Also with a dropout that eval mode does not switch off (NL103), whose fix means to change something."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(FLAWED)
    return tmp_path


def test_a_safe_fix_is_written_with_its_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--select", "NL501", "--fix", "."]) == 0
    assert Path("model.py").read_text() == FIXED
    printed = capsys.readouterr()
    assert "fixed model.py:14:23 NL501" in printed.err
    assert "forward identical" in printed.err and "gradients identical" in printed.err and "state_dict the same" in printed.err
    assert "No findings in 1 file" in printed.out
    assert run(["check", "--select", "NL501", "--fix", "."]) == 0
    assert Path("model.py").read_text() == FIXED


def test_bytes_outside_the_fix_stay(capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.py").write_bytes(b"\xef\xbb\xbf" + FLAWED.replace("\n", "\r\n").rstrip().encode())
    assert run(["check", "--select", "NL501", "--fix", "model.py"]) == 0
    assert Path("model.py").read_bytes() == b"\xef\xbb\xbf" + FIXED.replace("\n", "\r\n").rstrip().encode()


def test_a_diff_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--select", "NL501", "--diff", "model.py"]) == 1
    printed = capsys.readouterr()
    assert "--- a/model.py" in printed.out
    assert "+        x = F.relu(self.pool(self.conv(x)))" in printed.out
    assert "would fix model.py:14:23" in printed.err
    assert "netlint: 1 finding; 1 fix to make; nothing was written\n" in printed.err
    assert Path("model.py").read_text() == FLAWED


def test_a_diff_keeps_stdout_and_reports_go_to_files(capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.py").write_text(RATE)
    assert run(["check", "--select", "NL103,NL501", "--diff", "--output-format", "json:report.json", "model.py"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("--- a/model.py") and "would fix" not in printed.out
    assert "netlint: 2 findings; 1 fix to make, 1 more with --unsafe-fixes; nothing was written\n" in printed.err
    assert [finding["code"] for finding in json.loads(Path("report.json").read_text())] == ["NL501", "NL103"]
    for also in (["--output-format", "json"], ["--statistics"]):
        assert run(["check", "--diff", *also, "model.py"]) == 2
        assert "--diff shows its diff on stdout" in capsys.readouterr().err
    assert run(["check", "--diff", "--add-ignore", "model.py"]) == 2
    assert Path("model.py").read_text() == RATE


def test_unsafe_fixes_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.py").write_text(RATE)
    assert run(["check", "--select", "NL103", "--fix", "model.py"]) == 1
    assert Path("model.py").read_text() == RATE
    assert run(["check", "--select", "NL103", "--unsafe-fixes", "model.py"]) == 0
    assert "F.dropout(x.flatten(1), 0.5, training=self.training)" in Path("model.py").read_text()


@pytest.mark.parametrize("answer", [True, False])
def test_each_fix_is_asked_for(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr(click, "confirm", confirm)
    run(["check", "--select", "NL501", "--interactive", "model.py"])
    assert len(asked) == 1 and "NL501" in asked[0] and "safe fix" in asked[0]
    assert (Path("model.py").read_text() == FIXED) is answer


def test_what_is_suppressed_is_not_fixed() -> None:
    text = FLAWED.replace("self.conv(x)))", "self.conv(x)))  # netlint: ignore[NL501] measured")
    Path("model.py").write_text(text)
    assert run(["check", "--select", "NL501", "--fix", "model.py"]) == 0
    assert Path("model.py").read_text() == text


def test_a_read_only_file_is_left_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.py").chmod(0o444)
    assert run(["check", "--select", "NL501", "--fix", "model.py"]) == 1
    assert "model.py was not written: it is read-only" in capsys.readouterr().err
    assert Path("model.py").read_text() == FLAWED


def test_json_carries_the_fix(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--select", "NL501", "--output-format", "json", "model.py"])
    [finding] = json.loads(capsys.readouterr().out)
    assert finding["fix"]["applicability"] == "safe"
    assert finding["fix"]["contract"] == {"forward": "exact", "state_dict": "same", "training": "same"}
    assert [edit["content"] for edit in finding["fix"]["edits"]]


def test_verify_prints_the_evidence_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--select", "NL501", "model.py"]) == 0
    printed = capsys.readouterr().out
    assert "Net: forward identical on" in printed
    assert "1 suggestion, 1 verified." in printed
    assert Path("model.py").read_text() == FLAWED
    assert run(["verify", "--select", "NL501", "--output-format", "json", "model.py"]) == 0
    [record] = json.loads(capsys.readouterr().out)
    assert record["fix"]["verified"]["holds"] is True
    assert record["fix"]["verified"]["networks"]["Net"]["measured"]["forward"] == "exact"


@pytest.mark.parametrize(("target", "words"), [("missing.py", "no such file"), ("broken.py", "broken.py:1:"), ("model.onnx", "is empty")])
def test_what_cannot_be_verified_is_exit_2(capsys: pytest.CaptureFixture[str], target: str, words: str) -> None:
    Path("broken.py").write_text("def")
    Path("model.onnx").write_bytes(b"")
    assert run(["verify", target]) == 2
    assert words in capsys.readouterr().err


def test_fix_and_verify_in_python() -> None:
    [suggestion] = netlint.verify("model.py", config={"select": ["NL501"]})
    assert suggestion.proof is not None and suggestion.proof.refusal is None
    [result] = netlint.fix(FLAWED, config={"select": ["NL501"]})
    assert result.source.decode() == FIXED
    [result] = netlint.fix("model.py", config={"select": ["NL501"]}, write=False)
    assert Path("model.py").read_text() == FLAWED
    [result] = netlint.fix("model.py", config={"select": ["NL501"]})
    assert Path("model.py").read_text() == FIXED
    assert netlint.fix("model.py", config={"select": ["NL501"]}) == []


def test_two_new_layers_for_one_call_have_names_of_their_own() -> None:
    """The activation is replaced by one with parameters (NL401), and dropout is put behind it (NL101)."""
    wide = (
        "        self.first = nn.Linear(64, 8192)\n        self.second = nn.Linear(8192, 8192)\n        self.head = nn.Linear(8192, 10)\n\n"
        "    def forward(self, x):\n        x = F.relu(self.first(x))\n        return self.head(F.relu(self.second(x)))\n"
    )
    Path("model.py").write_text(FLAWED[: FLAWED.index("        self.conv")] + wide)
    run(["check", "--select", "NL101,NL401", "--unsafe-fixes", "model.py"])
    text = Path("model.py").read_text()
    made = dict(re.findall(r"self\.(\w+) = nn\.(PReLU|Dropout)\(", text))
    assert made == {"prelu": "PReLU", "prelu2": "PReLU", "dropout": "Dropout", "dropout2": "Dropout"}, text
