"""`netlint check --add-ignore` and `--diff-base`."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from netlint.cli import run
from netlint.engine.diagnostic import Diagnostic, Position
from netlint.engine.rule import Severity
from netlint.fixes.source.ignoring import add_ignores

NET = "net = nn.Sequential(\n    nn.Conv2d(3, 16, 3),  # first\n    nn.ReLU(),\n    nn.MaxPool2d(2),\n)\n"
IMPORT = "from torch import nn\n\n"
ONLY = ["check", "--select", "NL501"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(IMPORT + NET)
    return tmp_path


def git(*arguments: str) -> None:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(here: Path) -> Path:
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    return here


# -- --add-ignore ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "comment"), [("--add-ignore", ""), ("--add-ignore=measured,  no gain", " measured, no gain")])
def test_a_finding_is_accepted_where_it_stands(capsys: pytest.CaptureFixture[str], option: str, comment: str) -> None:
    assert run([*ONLY, option, "model.py"]) == 0
    expected = (IMPORT + NET).replace("nn.ReLU(),", f"nn.ReLU(),  # netlint: ignore[NL501]{comment}")
    assert Path("model.py").read_text() == expected
    assert "1 finding accepted" in capsys.readouterr().err
    assert run([*ONLY, option, "model.py"]) == 0
    assert Path("model.py").read_text() == expected


def test_a_comment_that_is_there_gets_the_code() -> None:
    Path("model.py").write_text((IMPORT + NET).replace("nn.ReLU(),", "nn.ReLU(),  # netlint: ignore[NL401] chosen"))
    assert run(["check", "--select", "NL501,NL401", "--add-ignore=late", "model.py"]) == 0
    assert "nn.ReLU(),  # netlint: ignore[NL401, NL501] chosen\n" in Path("model.py").read_text()


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    Path("model.py").write_bytes(b"\xef\xbb\xbf" + (IMPORT + NET).replace("\n", "\r\n").encode())
    assert run([*ONLY, "--add-ignore", "model.py"]) == 0
    expected = (IMPORT + NET).replace("nn.ReLU(),", "nn.ReLU(),  # netlint: ignore[NL501]").replace("\n", "\r\n")
    assert Path("model.py").read_bytes() == b"\xef\xbb\xbf" + expected.encode()


def found(row: int) -> Diagnostic:
    place = Position(row, 1)
    return Diagnostic(
        code="NL501", name="x", severity=Severity.WARNING, message="", filename="model.py", location=place, end_location=place
    )


@pytest.mark.parametrize(
    ("source", "row", "expected"),
    [
        ("x = f(\n    1,\n)\n", 2, "x = f(\n    1,  # netlint: ignore[NL501]\n)\n"),
        ("x = 1 + \\\n    2\n", 1, None),
        ("x = 1 + \\\n    2\n", 2, "x = 1 + \\\n    2  # netlint: ignore[NL501]\n"),
        ('x = f("""\na\n""")\n', 2, None),
        ('x = f(\n    """\na""", 1)\n', 2, 'x = f(  # netlint: ignore[NL501]\n    """\na""", 1)\n'),
        ("x = 1", 1, "x = 1  # netlint: ignore[NL501]"),
        ("x = 1  # noqa: E501\n", 1, "x = 1  # noqa: E501  # netlint: ignore[NL501]\n"),
    ],
)
def test_where_a_comment_goes(source: str, row: int, expected: str | None) -> None:
    result = add_ignores(source.encode(), [found(row)])
    assert result.source.decode() == (source if expected is None else expected)
    assert bool(result.left) == (expected is None)


def test_a_notebook_takes_comments(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.ipynb").write_text(text := json.dumps({"cells": [{"cell_type": "code", "source": [IMPORT, NET]}]}))
    assert run([*ONLY, "--add-ignore=größer", "net.ipynb"]) == 0
    assert "net.ipynb: 1 finding accepted" in capsys.readouterr().err
    expected = text.replace("nn.ReLU(),", "nn.ReLU(),  # netlint: ignore[NL501] größer")
    assert Path("net.ipynb").read_text(encoding="utf-8") == expected
    assert run([*ONLY, "net.ipynb"]) == 0


def test_what_has_no_place_for_comments_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((IMPORT + NET).encode())))
    assert run([*ONLY, "--add-ignore", "-"]) == 1
    assert "has no place for a comment" in capsys.readouterr().err


# -- --diff-base ---------------------------------------------------------------------------------------------------------


def test_only_findings_on_changed_lines_are_reported(committed: Path) -> None:
    assert run([*ONLY, "--diff-base", "HEAD"]) == 0
    Path("model.py").write_text(IMPORT + NET + "\nlast = 1\n")
    assert run([*ONLY, "--diff-base", "HEAD"]) == 0
    Path("model.py").write_text(IMPORT + NET.replace("nn.MaxPool2d(2)", "nn.MaxPool2d(3)"))
    assert run([*ONLY, "--diff-base", "HEAD"]) == 1, "the pooling belongs to the finding, and is new"


def test_a_file_that_git_does_not_know_is_new(committed: Path) -> None:
    Path("été.py").write_text(IMPORT + NET)
    assert run([*ONLY, "--diff-base", "HEAD"]) == 1
    assert run([*ONLY, "--diff-base", "HEAD", "model.py"]) == 0


def test_the_base_is_the_common_ancestor(committed: Path) -> None:
    git("checkout", "-q", "-b", "topic")
    git("checkout", "-q", "main")
    Path("model.py").write_text(IMPORT)
    git("commit", "-q", "-a", "-m", "main goes on")
    git("checkout", "-q", "topic")
    assert run([*ONLY, "--diff-base", "main"]) == 0


def test_only_what_changed_is_fixed_and_accepted(committed: Path) -> None:
    other = NET.replace("net =", "other =")
    Path("model.py").write_text(IMPORT + NET + other)
    assert run([*ONLY, "--diff-base", "HEAD", "--fix"]) == 0
    fixed = other.replace("nn.ReLU(),\n    nn.MaxPool2d(2),", "nn.MaxPool2d(2),\n    nn.ReLU(),")
    assert Path("model.py").read_text() == IMPORT + NET + fixed


def test_what_git_cannot_tell_is_exit_2(committed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ONLY, "--diff-base", "nowhere"]) == 2
    assert "git knows no revision `nowhere`" in capsys.readouterr().err
    shutil.rmtree(".git")
    assert run([*ONLY, "--diff-base", "HEAD"]) == 2
    assert "not a git repository" in capsys.readouterr().err


def test_the_settings_of_a_repository_run_nothing(committed: Path) -> None:
    Path(".gitattributes").write_text("*.py diff=mine\n")
    for key in ("diff.mine.textconv", "diff.external", "diff.mine.command", "core.fsmonitor"):
        git("config", key, f"touch {committed / 'ran'}; cat")
    Path("model.py").write_text(IMPORT + NET + "\nlast = 1\n")
    assert run([*ONLY, "--diff-base", "HEAD"]) == 0
    assert not Path("ran").exists()
