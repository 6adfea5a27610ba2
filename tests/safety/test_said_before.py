"""What runs code of the user says so first: rules of `rule-paths`, which count only in settings that the user chose, and live networks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import netlint

MODEL = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
OWN = 'import os\nos.write(2, b"it runs\\n")\n'


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a rule of its own, which says that it runs."""
    folder = tmp_path / "project"
    (folder / "lint_rules").mkdir(parents=True)
    (folder / "lint_rules" / "own.py").write_text(OWN)
    (folder / "netlint.toml").write_text('rule-paths = ["lint_rules"]\nexclude = ["lint_rules"]\n')
    (folder / "model.py").write_text(MODEL)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NETLINT_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def said(*command: str, cwd: Path | None = None) -> list[str]:
    """What a run of netlint, or of its rules, writes to stderr, line by line."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, cwd=cwd)
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    "command",
    [
        ("check", "."),
        ("check", "--quiet", "--jobs", "2", "model.py"),
        ("check", "--output-format", "json", "model.py"),
        ("check", "--config", "netlint.toml", "model.py"),
        ("baseline", "create", "model.py"),
        ("why", "NL501", "model.py"),
        ("verify", "model.py"),
        ("advise", "model.py"),
        ("rules",),
    ],
    ids=" ".join,
)
def test_it_is_said_once_and_first(project: Path, command: tuple[str, ...]) -> None:
    first, second, *rest = said("-m", "netlint", *command)
    where, why = project / "lint_rules", project / "netlint.toml"
    assert first == f"netlint: {where}: the rules there are imported and run, since `rule-paths` in {why} names them"
    assert second == "it runs"
    assert not any("imported" in line or "runs" in line for line in rest)


def test_python_says_it_too(project: Path) -> None:
    first, second = said("-c", "import netlint; netlint.check('model.py')")
    assert first.startswith(f"netlint: {project}/lint_rules: the rules there are imported and run") and second == "it runs"
    code = "import netlint; netlint.check('model.py', config={'rule-paths': ['lint_rules']})"
    first, second = said("-c", code)
    assert first.endswith("since `rule-paths` in the given settings names them") and second == "it runs"


def test_nothing_is_said_where_nothing_is_imported(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert said("-m", "netlint", "check", "--isolated", "model.py") == []
    (project / "netlint.toml").write_text("")
    assert said("-m", "netlint", "check", "model.py") == []
    netlint.check("model.py", config={})
    assert capfd.readouterr().err == ""


def test_those_of_a_project_that_is_only_checked_are_not_imported(project: Path) -> None:
    [line] = said("-m", "netlint", "check", "project", cwd=project.parent)
    assert "`rule-paths` would import code of a project that is only being checked; left out" in line


@pytest.mark.parametrize("command", ["check", "check -q", "baseline create", "baseline prune", "graph", "why NL501", "verify", "advise"])
def test_a_live_network_is_announced(tmp_path: Path, command: str) -> None:
    pytest.importorskip("torch")
    (tmp_path / "live.py").write_text(f"{OWN}{MODEL}")
    (tmp_path / "netlint-baseline.json").write_text('{"version": 1, "findings": []}')
    first, second, *_ = said("-m", "netlint", *command.split(), "live:net", cwd=tmp_path)
    assert (first, second) == ("netlint: live:net is imported and run, to see the network that it makes", "it runs")


def test_pressing_tab_imports_nothing(project: Path) -> None:
    code = "import os; os.environ.update(_NETLINT_COMPLETE='bash_complete', COMP_WORDS='netlint rule NL5', COMP_CWORD='2')"
    assert said("-c", f"{code}; from netlint.cli import main; main(prog_name='netlint')") == []
