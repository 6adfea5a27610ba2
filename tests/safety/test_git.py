"""`--diff-base` asks git about a repository that may have been sent with settings and hooks: none of them runs, and nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from netlint.cli import run
from netlint.engine.changes import changes_since
from netlint.engine.errors import NetlintError

FLAWED = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
USER = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a change, every setting of which that names a program leaves a mark."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in USER.items():
        monkeypatch.setenv(name, value)
    git("init", "-q", "-b", "main")
    Path("old.py").write_text(FLAWED)
    Path(".gitattributes").write_text("*.py filter=ours diff=ours\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    mark = tmp_path / "mark.sh"
    mark.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/RAN\ncat\n')
    mark.chmod(0o755)
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (folder / ".git" / "hooks").mkdir(exist_ok=True)
        (folder / ".git" / "hooks" / hook).symlink_to(mark)
    program = str(mark)
    settings = (
        "core.fsmonitor",
        "diff.external",
        "diff.ours.command",
        "diff.ours.textconv",
        "filter.ours.clean",
        "core.pager",
        "core.sshCommand",
    )
    for setting in settings:
        git("config", setting, program)
    git("config", "filter.ours.required", "true")
    Path("old.py").write_text(f"{FLAWED}net2 = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n")
    Path("new.py").write_text(FLAWED)
    return folder


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*") if path.is_file()}


def test_nothing_that_a_repository_names_is_run_or_written(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.utime("old.py", (1, 1))  # git has to look at it again
    before = stamps(repository)
    assert run(["check", "--isolated", "--no-cache", "--select", "NL501", "--diff-base", "HEAD", "--output-format", "json", "."]) == 1
    found = [(one["filename"], one["location"]["row"]) for one in json.loads(capsys.readouterr().out)]
    assert found == [("new.py", 3), ("old.py", 4)]
    assert not (repository.parent / "RAN").exists(), (repository.parent / "RAN").read_text()
    assert stamps(repository) == before


def test_the_marks_are_made_if_nobody_prevents_it(repository: Path) -> None:
    subprocess.run(["git", "diff", "HEAD"], capture_output=True, check=False)
    assert "mark.sh" in (repository.parent / "RAN").read_text()


def test_filters_of_the_user_do_their_work(repository: Path) -> None:
    git("config", "--unset", "filter.ours.clean")
    git("config", "--unset", "filter.ours.required")
    strip = repository.parent / "strip.sh"
    strip.write_text("#!/bin/sh\ngrep -v net2\n")
    strip.chmod(0o755)
    git("config", "--global", "filter.ours.clean", str(strip))
    assert changes_since("HEAD", repository).lines == {repository / "new.py": None}


@pytest.mark.parametrize("name", ["a.b", "a b", "ä", "a.clean", "OURS"])
def test_the_name_of_a_filter_may_hold_much(repository: Path, name: str) -> None:
    git("config", f"filter.{name}.clean", str(repository.parent / "mark.sh"))
    Path(".gitattributes").write_text(f'"*.py" "filter={name}"\n*.py filter={name}\n')
    assert (repository / "old.py") in changes_since("HEAD", repository).lines
    assert not (repository.parent / "RAN").exists()


def test_a_filter_that_cannot_be_switched_off_ends_it(repository: Path) -> None:
    git("config", "filter.a=b.clean", str(repository.parent / "mark.sh"))
    Path(".gitattributes").write_text("*.py filter=a=b\n")
    with pytest.raises(NetlintError, match="--diff-base"):
        changes_since("HEAD", repository)
    assert not (repository.parent / "RAN").exists()
