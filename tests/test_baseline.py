"""`netlint baseline`: what is accepted stays accepted where it is, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netlint
from netlint.cli import run

NET = "net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
OTHER = NET.replace("net =", "other =")
IMPORT = "from torch import nn\n\n"
BASELINE = Path("netlint-baseline.json")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("netlint.toml").write_text('select = ["NL501"]\n')
    Path("model.py").write_text(IMPORT + NET)
    return tmp_path


def entries() -> list[dict[str, str]]:
    return json.loads(BASELINE.read_text())["findings"]  # type: ignore[no-any-return]


def accept() -> None:
    assert run(["baseline", "create"]) == 0


def test_only_what_is_new_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    accept()
    assert "1 finding accepted in netlint-baseline.json" in capsys.readouterr().err
    assert [(entry["filename"], entry["code"], entry["symbol"]) for entry in entries()] == [("model.py", "NL501", "net.1")]
    assert run(["check"]) == 0
    assert "1 in the baseline" in capsys.readouterr().out
    Path("model.py").write_text("import os\n\n\n" + IMPORT + "# moved\n" + NET + OTHER)
    assert run(["check", "--output-format", "json"]) == 1
    [finding] = json.loads(capsys.readouterr().out)
    assert finding["symbol"] == "other.1"


def test_another_finding_in_its_place_is_not_hidden() -> None:
    accept()
    Path("model.py").write_text(IMPORT + OTHER)
    assert run(["check"]) == 1


def test_a_second_one_of_the_same_kind_is_not_hidden() -> None:
    Path("model.py").write_text(IMPORT + NET.replace("nn.MaxPool2d(2))", "nn.MaxPool2d(2), nn.Conv2d(16, 16, 3), nn.ELU())"))
    accept()
    Path("model.py").write_text(
        IMPORT + NET.replace("nn.MaxPool2d(2))", "nn.MaxPool2d(2), nn.Conv2d(16, 16, 3), nn.ELU(), nn.MaxPool2d(2))")
    )
    assert run(["check"]) == 1


def test_what_is_accepted_is_not_fixed() -> None:
    accept()
    assert run(["check", "--fix"]) == 0
    assert Path("model.py").read_text() == IMPORT + NET
    assert netlint.fix("model.py") == [] and netlint.verify("model.py") == []
    assert run(["check", "--fix", "--isolated", "--select", "NL501"]) == 0
    assert Path("model.py").read_text() != IMPORT + NET


def test_prune_takes_out_what_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("second.py").write_text(IMPORT + OTHER)
    Path("third.py").write_text(IMPORT + OTHER)
    accept()
    Path("model.py").write_text(IMPORT + NET.replace("nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()"))
    Path("third.py").unlink()
    capsys.readouterr()
    assert run(["baseline", "prune", "model.py"]) == 0
    assert "2 of 3 taken out" in capsys.readouterr().err
    assert [entry["filename"] for entry in entries()] == ["second.py"]


def test_a_file_that_cannot_be_read_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    accept()
    before = BASELINE.read_bytes()
    Path("model.py").write_text("def")
    assert run(["baseline", "prune"]) == 2
    assert "model.py could not be checked" in capsys.readouterr().err
    assert BASELINE.read_bytes() == before


def test_the_settings_may_name_it() -> None:
    Path("netlint.toml").write_text('select = ["NL501"]\nbaseline = "accepted.json"\n')
    assert run(["check"]) == 2, "the settings name a baseline that is not there"
    accept()
    assert not BASELINE.exists() and Path("accepted.json").exists()
    assert run(["check"]) == 0


def test_an_empty_one_and_one_that_is_made_again_are_the_same_bytes() -> None:
    Path("model.py").write_text(IMPORT)
    accept()
    assert entries() == []
    first = BASELINE.read_bytes()
    accept()
    assert BASELINE.read_bytes() == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "netlint-baseline.json:1:2: the baseline is not JSON"),
        ("[]", "this JSON is not a baseline"),
        ('{"version": 9, "findings": []}', "a baseline of version 9"),
        ('{"version": 1, "findings": [{"code": "NL501"}]}', "this JSON is not a baseline"),
    ],
)
def test_a_broken_one_is_exit_2(capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    BASELINE.write_text(text)
    assert run(["check"]) == 2
    printed = capsys.readouterr().err
    assert words in printed and "netlint baseline create" in printed
    assert run(["baseline", "create"]) == 0
