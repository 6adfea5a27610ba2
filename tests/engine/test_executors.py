"""`--executor dask:ADDRESS`, on a cluster of two processes on this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlint.cli import run

STACK = "import torch.nn as nn\nnet = nn.Sequential(nn.Conv2d(3, {width}, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
FILES = 12


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in range(FILES):
        (tmp_path / f"net{number}.py").write_text(STACK.format(width=number + 1))
    return tmp_path


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["check", "--no-cache", "--output-format", "json", *arguments])
    return code, capsys.readouterr().out


def test_a_cluster_says_what_one_process_says(cluster: Any, capsys: pytest.CaptureFixture[str]) -> None:
    expected = checked(capsys, "--jobs", "1")
    assert expected[1].count('"NL501"') == FILES
    assert checked(capsys, "--executor", f"dask:{cluster.scheduler_address}") == expected


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_a_worker_that_is_killed_costs_nothing(
    cluster: Any, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first of its processes to come by the flag ends, with what it was doing."""
    expected = checked(capsys, "--jobs", "1")
    (project / "flag").write_text("")
    monkeypatch.setattr("netlint.engine.run.check_file", _deadly)
    found = checked(capsys, "--executor", f"dask:{cluster.scheduler_address}")
    assert not (project / "flag").exists(), "a worker was killed"
    assert found == expected


def _deadly(task: Any) -> Any:
    from netlint.engine.run import check_file

    flag = task.file.path.with_name("flag")
    if task.file.filename == "net7.py" and flag.exists():
        flag.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return check_file(task)


@pytest.mark.parametrize("name", ["dask", "dask:", "ray:here", "127.0.0.1:8786"])
def test_an_executor_that_does_not_exist(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--executor", name]) == 2
    assert f"netlint: `--executor {name}`: it takes dask:ADDRESS" in capsys.readouterr().err


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("netlint.engine.executors.installed", lambda package: False)
    assert run(["check", "--executor", "dask:tcp://127.0.0.1:1"]) == 2
    assert "needs the extra `dask` (netlint-nn[dask])" in capsys.readouterr().err


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("netlint.engine.executors.PATIENCE", 0.5)
    assert run(["check", "--executor", "dask:tcp://127.0.0.1:1"]) == 2
    assert "netlint: no Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err


def test_workers_with_another_netlint(cluster: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("netlint.engine.executors.__version__", "99.0")
    assert run(["check", "--executor", f"dask:{cluster.scheduler_address}"]) == 2
    assert "have netlint 0.1.0, not 99.0" in capsys.readouterr().err
