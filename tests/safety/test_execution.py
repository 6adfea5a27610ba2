"""`netlint check` runs nothing of what it reads: an audit hook watches whole commands over hostile files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = Path(__file__).parent / "watched.py"
RAN = 'open("RAN", "w").close()\n__import__("os").system("touch RAN")\n'
MODEL = (
    f"{RAN}import torch\nfrom torch import nn\nimport neighbour\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n{RAN}"
)
SHADOWS = (
    "torch",
    "numpy",
    "click",
    "netlint",
    "libcst",
    "pathspec",
    "sitecustomize",
    "usercustomize",
    "conftest",
    "neighbour",
    "rich",
    "json",
)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder whose every file leaves a mark if it runs."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "model.py").write_text(MODEL)
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(RAN)
    (folder / "pickled.py").write_bytes(b"\x80\x04cos\nsystem\nq\x00X\x09\x00\x00\x00touch RAN\x85R.")
    (folder / "odd.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "source": "!touch RAN\\n%run model.py\\nimport torch"}], "nbformat": 4}'
    )
    return folder


def watched(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The exit code of a command in that folder, what it printed, and what was forbidden."""
    report, cache = folder.parent / "report", folder.parent / "cache"
    environment = {**os.environ, "NETLINT_CACHE_DIR": str(cache)}
    command = [sys.executable, str(WATCHED), str(report), str(folder), str(cache), *arguments]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr, report.read_text()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_nothing_of_a_hostile_folder_is_run(hostile: Path, jobs: str) -> None:
    before = sorted(path.name for path in hostile.iterdir())
    code, told, forbidden = watched(hostile, "check", ".", "--jobs", jobs, "--isolated")
    assert forbidden == ""
    assert code == 2 and "NL501" in told, told  # the pickle is no program, and is reported
    assert sorted(path.name for path in hostile.iterdir()) == before


def ran(folder: Path, *command: str) -> tuple[int, bool]:
    """The exit code of a program of Python in that folder, and whether one of its files was run."""
    environment = {**os.environ, "NETLINT_CACHE_DIR": str(folder.parent / "cache")}
    done = subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, check=False)
    return done.returncode, (folder / "RAN").exists()


def test_the_working_folder_is_no_place_for_modules_with_python_m(hostile: Path) -> None:
    (hostile / "netlint.py").unlink()  # Python itself would run it
    packages = ("numpy", "msgspec", "platformdirs", "tomllib", "dataclasses", "tokenize", "hashlib", "concurrent", "pickle", "onnx")
    for name in packages:
        (hostile / name).mkdir()
        (hostile / name / "__init__.py").write_text(RAN)
    brought = hostile / "brought-1.0.dist-info"  # a pack of rules, as if it were installed
    brought.mkdir()
    (brought / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (brought / "entry_points.txt").write_text("[netlint.rules]\nbrought = neighbour\n")
    assert ran(hostile, "-m", "netlint", "check", "--isolated", ".") == (2, False)
    assert ran(hostile, "-m", "netlint", "check", "--isolated", "model.py", "--fix", "--select", "NL501") == (0, False)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 always looks in the working folder")
def test_the_working_folder_is_no_place_for_modules_of_new_processes(hostile: Path) -> None:
    script = hostile.parent / "script" / "spawning.py"  # as Python does it by itself on other systems
    script.parent.mkdir()
    script.write_text(
        "import multiprocessing, sys\n"
        "from netlint.cli import run\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('spawn')\n"
        "    sys.exit(run(sys.argv[1:]))\n"
    )
    for name in ("multiprocessing", "pickle", "runpy", "concurrent"):
        (hostile / f"{name}.py").write_text(RAN)
    assert ran(hostile, str(script), "check", "--isolated", "--no-cache", "--jobs", "2", ".") == (2, False)


def test_the_watch_sees_what_it_is_for(hostile: Path) -> None:
    (hostile / "rules").mkdir()
    (hostile / "rules" / "mine.py").write_text(RAN)
    (hostile / "netlint.toml").write_text('rule-paths = ["rules"]\n')
    _, _, forbidden = watched(hostile, "check", "model.py")
    assert "mine.py was run" in forbidden and "RAN opened for writing" in forbidden and "os.system" in forbidden
