"""What the project says of itself is true."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from netlint import __version__
from netlint.cli import run
from netlint.config import Configuration

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return found


def test_the_readme_opens_with_a_check_of_a_fixture_and_the_tests() -> None:
    check, tests = blocks("sh")[:2]
    assert README.index(tests) < README.index("\n## ")
    assert check.count("\n") == tests.count("\n") == 1
    assert (REPOSITORY / check.split()[-1]).is_file()
    assert tests.strip() in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_settings_of_the_readme_are_valid(tmp_path: Path) -> None:
    [settings] = blocks("toml")
    (tmp_path / "lint_rules").mkdir()
    (tmp_path / "pyproject.toml").write_text(settings)
    read = Configuration(home=tmp_path).for_folder(tmp_path)
    assert read.training.batch_size == 32
    assert read.options["missing-dropout-after-wide-linear"] == {"min-width": 512}


def test_the_readme_shows_what_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    finding, network = blocks("text")
    run(["check", "fixtures/vgg/flawed/vgg.py", "--isolated"])
    assert finding in capsys.readouterr().out
    command, *shown = network.splitlines()
    run(command.removeprefix("$ netlint ").split())
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in shown if line != "..." and " ".join(line.split()) not in printed] == []


def test_the_run_with_several_reports_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [command] = blocks("console")
    shutil.copy(REPOSITORY / "fixtures" / "vgg" / "flawed" / "vgg.py", tmp_path / "model.py")
    monkeypatch.chdir(tmp_path)
    assert run(command.removeprefix("$ netlint ").split()) == 1
    assert "model.py:22:27  NL501" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.py", "netlint.sarif", "netlint.xml"]


def test_the_changelog_has_this_version() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(__version__)} ", changelog, re.MULTILINE)


def test_nobody_is_told_to_install_another_distribution() -> None:
    pages = list(REPOSITORY.glob("*.md"))
    assert pages
    assert not [path for path in pages if re.search(r"pip install netlint(?!-nn)", path.read_text(encoding="utf-8"))]
