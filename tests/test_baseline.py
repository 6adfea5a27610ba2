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


# -- a project ----------------------------------------------------------------------------------------------------------

FILES = 500
EDITED = 11
"""So many hold a class with two findings; the others are a line with one."""
MODEL = """from torch import nn


class Net(nn.Module):
    def __init__(self, channels=16):
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3)
        self.pool = nn.MaxPool2d(2)
        self.second = nn.Sequential(nn.Conv2d(channels, {width}, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())

    def forward(self, x):
        x = self.pool(self.first(x).relu())
        return self.second(x)
"""
NEW = "\n\nadded = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2))\n"


def _replace(name: str, old: str, new: str) -> None:
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))


def test_a_path_that_no_file_can_have(capsys: pytest.CaptureFixture[str]) -> None:
    Path("netlint.toml").write_text('baseline = "\\u0000"\n')
    assert run(["check", "model.py"]) == 2
    assert "cannot read the baseline" in capsys.readouterr().err


def test_a_project_of_500_files_with_a_rename_and_ten_edits(capsys: pytest.CaptureFixture[str]) -> None:
    """A local name is renamed and code is moved, none of which brings a finding back; and each finding that is new is told."""
    Path("model.py").unlink()
    Path("nets").mkdir()
    for number in range(FILES):
        text = MODEL.format(width=number + 1) if number < EDITED else IMPORT + NET.replace("16", str(number))
        Path(f"nets/m{number:03}.py").write_text(text)
    accept()
    assert len(entries()) == FILES + EDITED

    _replace("nets/m000.py", "channels", "width")  # the rename
    for name, text in (("m001", "import os\n\n\n"), ("m002", "# a comment\n" * 40)):
        Path(f"nets/{name}.py").write_text(text + Path(f"nets/{name}.py").read_text())
    _replace("nets/m003.py", "    def forward", "    def extra(self):\n        return 1\n\n    def forward")
    _replace("nets/m004.py", "MaxPool2d(2), nn.Flatten", "MaxPool2d(\n            2\n        ), nn.Flatten")
    _replace("nets/m005.py", "self.first(x).relu()", "nn.functional.relu(self.first(x))")
    assert run(["check", "--jobs", "1"]) == 0
    assert f"{FILES + EDITED} in the baseline" in capsys.readouterr().out

    Path("nets/m006.py").write_text(Path("nets/m006.py").read_text() + NEW)  # one more
    _replace("nets/m007.py", "nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()")  # one mended, another in its place
    Path("nets/m007.py").write_text(Path("nets/m007.py").read_text() + NEW)
    _replace("nets/m008.py", "nn.ReLU()", "nn.LeakyReLU()")  # the same place, another network
    Path("nets/m009.py").write_text(Path("nets/m010.py").read_text())  # other sizes, the same network
    Path("nets/new.py").write_text(MODEL.format(width=7))  # a new file
    capsys.readouterr()
    assert run(["check", "--jobs", "1", "--output-format", "json"]) == 1
    found = [(Path(one["filename"]).name, one["symbol"]) for one in json.loads(capsys.readouterr().out)]
    assert found == [
        ("m006.py", "added.1"),
        ("m007.py", "added.1"),
        ("m008.py", "Net.second.1"),
        ("new.py", "Net.second.1"),
        ("new.py", "Net"),
    ]


def test_a_file_that_is_renamed_brings_nothing_back() -> None:
    accept()
    Path("model.py").rename("network.py")
    assert run(["check"]) == 0
    assert run(["baseline", "prune"]) == 0
    assert {entry["filename"] for entry in json.loads(Path("netlint-baseline.json").read_text())["findings"]} == {"network.py"}
    assert run(["check"]) == 0


def test_a_copy_of_a_file_is_new_and_so_is_the_second_of_two_for_one_that_is_gone() -> None:
    accept()
    Path("copy.py").write_text(Path("model.py").read_text())
    assert run(["check"]) == 1
    Path("model.py").rename("network.py")
    assert run(["check"]) == 1


@pytest.mark.parametrize("name", ["x" * 3000, "\0", "../model.py", ""])
def test_an_entry_may_name_any_file(name: str) -> None:
    accept()
    content = json.loads(BASELINE.read_text())
    content["findings"].append({**content["findings"][0], "filename": name, "fingerprint": "0" * 16})
    BASELINE.write_text(json.dumps(content))
    assert run(["check"]) == 0
    assert run(["baseline", "prune"]) == 0
