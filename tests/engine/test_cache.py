"""The cache: what it answers is what a run without it would say, and nothing else can be had from it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from netlint.cli import run
from netlint.engine import cache as cache_module
from netlint.engine import run as engine_run
from netlint.engine.cache import Cache
from netlint.engine.run import Task, check_file

NET = """import torch.nn as nn
from .blocks import pool


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), {act}, pool())

    def forward(self, x):
        return self.body(x)
"""
BLOCKS = """import torch.nn as nn


def pool():
    return nn.MaxPool2d(2)
"""
AVERAGING = BLOCKS.replace("MaxPool2d", "AvgPool2d")
STACK = """import torch.nn as nn


def stack(width):
    return nn.Sequential(nn.Conv2d(width, width, 3), nn.ReLU(), nn.MaxPool2d(2))
"""
POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have owners on POSIX")


class Ran(NamedTuple):
    """What a run gave: its exit code, its output, and the names of the files that were read afresh."""

    code: int
    out: str
    read: list[str]


class Project:
    """A project of three files, checked again and again."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self._read: list[str] = []
        for name, text in {"pyproject.toml": "", "net.py": NET.format(act="nn.ReLU()"), "blocks.py": BLOCKS, "plain.py": "x = 1\n"}.items():
            (folder / name).write_text(text)
        (folder / "__init__.py").write_text("")
        monkeypatch.chdir(folder)

        def read(task: Task) -> engine_run.Outcome:
            self._read.append(task.file.path.name)
            return check_file(task)

        monkeypatch.setattr("netlint.engine.run.check_file", read)

    def check(self, *arguments: str) -> Ran:
        self._read.clear()
        self._capsys.readouterr()
        code = run(["check", "--jobs", "1", *arguments])
        return Ran(code, self._capsys.readouterr().out, sorted(self._read))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    folder = tmp_path / "package"
    folder.mkdir()
    return Project(folder, monkeypatch, capsys)


ALL = ["__init__.py", "blocks.py", "net.py", "plain.py"]


def caches() -> list[Path]:
    return sorted(Path(os.environ["NETLINT_CACHE_DIR"]).glob("*.json"))


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "gitlab", "junit"])
def test_a_second_run_reads_nothing_and_says_the_same(project: Project, form: str) -> None:
    first = project.check("--output-format", form, "--verbose")
    assert first.read == ALL
    assert first.code == 1
    second = project.check("--output-format", form, "--verbose")
    assert second.read == []
    assert second[:2] == first[:2]
    assert project.check("--output-format", form, "--verbose", "--no-cache")[:2] == first[:2]


def test_only_what_changed_is_read_again(project: Project) -> None:
    project.check()
    project.write("plain.py", "x = 2\n")
    assert project.check().read == ["plain.py"]
    project.write("net.py", NET.format(act="nn.GELU()"))
    changed = project.check()
    assert changed.read == ["net.py"]
    assert changed.code == 0


def test_who_imports_a_changed_file_is_read_again(project: Project) -> None:
    assert "NL501" in project.check().out
    project.write("blocks.py", AVERAGING)
    after = project.check()
    assert after.read == ["blocks.py", "net.py"]
    assert "NL501" not in after.out
    assert after.out == project.check("--no-cache").out


def test_a_change_of_a_file_that_is_not_checked_counts_too(project: Project) -> None:
    first = project.check("net.py", "--output-format", "json")
    assert project.check("net.py", "--output-format", "json").read == []
    project.write("blocks.py", AVERAGING)
    second = project.check("net.py", "--output-format", "json")
    assert second.read == ["net.py"]
    assert len(json.loads(second.out)) < len(json.loads(first.out))
    project.write("blocks.py", BLOCKS)
    assert project.check("net.py", "--output-format", "json")[:2] == first[:2]


def test_a_file_that_appears_where_an_import_looked_for_it_is_seen(project: Project) -> None:
    (project.folder / "blocks.py").unlink()
    without = project.check("net.py", "--output-format", "json")
    assert project.check("net.py", "--output-format", "json").read == []
    project.write("blocks.py", BLOCKS)
    found = project.check("net.py", "--output-format", "json")
    assert found.read == ["net.py"]
    assert found.out != without.out
    (project.folder / "blocks.py").unlink()
    assert project.check("net.py", "--output-format", "json")[:2] == without[:2]


def test_a_package_that_hides_a_module_is_seen(project: Project) -> None:
    """`blocks/__init__.py` goes before `blocks.py`."""
    project.check()
    (project.folder / "blocks").mkdir()
    project.write("blocks/__init__.py", AVERAGING)
    after = project.check()
    assert "net.py" in after.read
    assert after.out == project.check("--no-cache").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--select", "NL401"],
        ["--config", "other.toml"],
        ["--batch-size", "1"],
    ],
)
def test_another_question_has_an_answer_of_its_own(project: Project, arguments: list[str]) -> None:
    project.write("other.toml", "[rules.missing-dropout-after-wide-linear]\nmin-width = 17\n")
    project.check()
    asked = project.check(*arguments)
    assert asked.read == ALL
    assert asked[:2] == project.check(*arguments, "--no-cache")[:2]
    assert project.check(*arguments).read == []


def test_the_name_by_which_a_file_is_called_is_part_of_the_question(project: Project) -> None:
    project.check("net.py")
    absolute = str(project.folder / "net.py")
    assert project.check(absolute).read == ["net.py"]
    assert absolute in project.check(absolute).out


RULE = '''"""Finds nothing."""
from netlint.engine.rule import Finding, Rule, Severity
from netlint.graph.operators import Linear, Conv

rule = Rule("XX101", "own-rule", Severity.WARNING, summary="Own.")


@rule.check
def check(layer: {kind}, graph, options):
    return Finding(at=layer, message="here")


valid = []
invalid = []
'''


def test_a_changed_rule_of_the_users_own_is_heard(project: Project) -> None:
    (project.folder / "rules").mkdir()
    project.write("rules/own.py", RULE.format(kind="Linear"))
    project.write("netlint.toml", 'rule-paths = ["rules"]\nselect = ["XX101"]\nexclude = ["rules"]\n')
    before = Cache()._key(_task(project.folder / "net.py"))
    assert before == Cache()._key(_task(project.folder / "net.py"))
    project.write("rules/own.py", RULE.format(kind="Conv"))
    assert Cache()._key(_task(project.folder / "net.py")) != before


def _task(path: Path) -> Task:
    from netlint.config import Configuration

    configuration = Configuration()
    files, _ = configuration.collect([str(path)])
    return Task(files[0], configuration.for_file(path))


def test_another_version_starts_anew(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.check()
    cache_module._stamp.cache_clear()
    monkeypatch.setattr("netlint.engine.cache.__version__", "99.0")
    assert project.check().read == ALL
    monkeypatch.undo()
    cache_module._stamp.cache_clear()


def test_everything_that_a_run_tells_survives(project: Project) -> None:
    """Suppressions, unused ones, unanswered questions, blind places, fixes, an accepted finding."""
    project.write(
        "net.py",
        NET.format(act="nn.ReLU()").replace("nn.ReLU(), pool", "nn.ReLU(),  # netlint: ignore[NL501] wanted\n            pool")
        + "        # netlint: ignore[NL101] unused\n",
    )
    project.write("more.py", STACK + "net = stack(unknown())\nother = stack(3)\n")
    first = project.check("--verbose")
    assert "suppressed" in first.out and "NL001" in first.out and "NL501" in first.out
    assert project.check("--verbose") == (*first[:2], [])
    assert run(["baseline", "create"]) == 0
    accepted = project.check("--verbose")
    assert accepted.read == [] and "NL501" not in accepted.out


def test_a_fix_is_offered_and_made_from_the_cache(project: Project) -> None:
    project.write("blocks.py", STACK + "net = stack(3)\n")
    first = project.check("blocks.py", "--output-format", "json", "--select", "NL501")
    second = project.check("blocks.py", "--output-format", "json", "--select", "NL501")
    assert second.read == [] and second.out == first.out
    assert json.loads(second.out)[0]["fix"]["edits"]
    project.check("blocks.py", "--select", "NL501", "--fix")
    assert "nn.MaxPool2d(2), nn.ReLU()" in (project.folder / "blocks.py").read_text()
    assert project.check("blocks.py", "--select", "NL501").code == 0


def test_what_a_run_has_fixed_it_does_not_report(project: Project) -> None:
    project.write("blocks.py", STACK + "net = stack(3)\n")
    for arguments in ([], ["--fix"]):
        ran = project.check("blocks.py", "--select", "NL501", *arguments)
        assert ran.code == (0 if arguments else 1)


def test_what_failed_is_tried_again(project: Project) -> None:
    project.write("broken.py", "def f(:\n")
    assert project.check().code == 2
    assert project.check().read == ["broken.py"]


def test_a_notebook_is_kept(project: Project) -> None:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": STACK + "net = stack(3)\n"}
    project.write("book.ipynb", json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    first = project.check("book.ipynb")
    assert first.read == ["book.ipynb"] and "NL501" in first.out
    assert project.check("book.ipynb") == (*first[:2], [])


def test_one_network_and_stdin_are_read_each_time(project: Project) -> None:
    for _ in range(2):
        assert project.check("net.py:Net").read == ["net.py"]
    assert not caches()


def test_no_cache_reads_and_writes_nothing(project: Project) -> None:
    for _ in range(2):
        assert project.check("--no-cache").read == ALL
    assert not caches()


def test_a_file_that_is_gone_is_forgotten(project: Project) -> None:
    project.check()
    (project.folder / "plain.py").unlink()
    project.write("net.py", NET.format(act="nn.GELU()"))
    project.check()
    assert "plain.py" not in caches()[0].read_text()
    assert "net.py" in caches()[0].read_text()


def test_old_caches_are_thrown_away(project: Project) -> None:
    folder = Path(os.environ["NETLINT_CACHE_DIR"])
    for name in ("0123456789abcdef.json", ".writing-old"):
        (folder / name).write_text("{}")
        os.utime(folder / name, (1, 1))
    (folder / "notes.txt").write_text("mine")
    os.utime(folder / "notes.txt", (1, 1))
    project.check()
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith("CACHEDIR")) == [caches()[0].name, "notes.txt"]


def test_a_broken_cache_is_as_good_as_none(project: Project) -> None:
    expected = project.check()
    [path] = caches()
    whole = path.read_bytes()
    chance = random.Random(0)
    damaged = [b"", b"null", b"[]", b"\xff\xfe", whole[: len(whole) // 2], b"[" * 100_000]
    for _ in range(40):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        damaged.append(bytes(data))
    for data in damaged:
        path.write_bytes(data)
        assert project.check() == expected
    path.write_bytes(b"{}")
    assert project.check() == expected


@POSIX
def test_a_cache_that_others_may_write_to_is_not_believed(project: Project) -> None:
    project.check()
    [path] = caches()
    path.chmod(0o666)
    assert project.check().read == ALL
    assert project.check().read == []
    path.parent.chmod(0o777)
    assert project.check().read == ALL
    path.parent.chmod(0o700)


@POSIX
def test_another_users_cache_is_not_believed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.check()
    before = caches()[0].read_bytes()
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    assert project.check().read == ALL
    assert caches()[0].read_bytes() == before


def test_a_cache_that_cannot_be_written_is_a_word_under_verbose(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.folder / "file").write_text("")
    monkeypatch.setenv("NETLINT_CACHE_DIR", str(project.folder / "file" / "cache"))
    assert run(["check"]) == 1
    assert "cache" not in capsys.readouterr().err
    assert run(["check", "--verbose"]) == 1
    assert "netlint: no cache was written to `" in capsys.readouterr().err


def test_a_user_without_a_home_has_no_cache(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netlint.engine.cache.default_folder", lambda: Path("~/.cache/netlint"))
    for _ in range(2):
        assert project.check().read == ALL
    assert not (project.folder / "~").exists()


def test_runs_that_overlap_do_each_other_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    for number in range(6):
        (folder / f"part{number}.py").write_text(STACK + f"net = stack({number + 1})\n")

    def check(names: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "netlint", "check", "--output-format", "json", *names], cwd=folder, capture_output=True, text=True
        )
        return done.returncode, done.stdout

    names = sorted(path.name for path in folder.glob("part*.py"))
    expected = check([*names, "--no-cache"])
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(check, [names, names[:3], names[3:], names, names[1:4], names]))
    assert [several[place] for place in (0, 3, 5)] == [expected] * 3
    assert check(names) == expected
    assert not list(Path(os.environ["NETLINT_CACHE_DIR"]).glob(".writing-*"))


def test_a_run_that_finds_all_it_needs_imports_no_libcst(project: Project) -> None:
    project.check("net.py")
    code = (
        "import sys; from netlint.cli import run; code = run(['check', 'net.py']); "
        "print(code, [name for name in ('libcst', 'numpy', 'torch', 'onnx') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project.folder, capture_output=True, text=True)
    assert done.stderr.strip() == "1 []"
