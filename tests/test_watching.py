"""`netlint check --watch`, with real processes and files."""

from __future__ import annotations

import importlib.util
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlint.cli import run
from netlint.engine.rechecking import Rechecking, importers
from netlint.engine.settings import Settings
from netlint.engine.targets import collect

FLAWED = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
CLEAN = FLAWED.replace("nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()")
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(FLAWED)
    Path("other.py").write_text("x = 1\n")
    return tmp_path


class Watch:
    """A running watch, and the lines that it writes."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "netlint", "check", "--watch", "--select", "NL501,NL000", "--output-format", "github", *arguments]
        heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in the background of a shell, and inherited so
        try:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        finally:
            signal.signal(signal.SIGINT, heard)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def round(self) -> str:
        """What one check writes, up to the line that ends it."""
        found = ""
        while "watching for changes" not in found:
            found += self.lines.get(timeout=PATIENCE)
        return found

    def idle(self, seconds: float) -> bool:
        try:
            self.lines.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


@pytest.fixture
def watch() -> Iterator[Any]:
    pytest.importorskip("watchfiles", reason="the extra `watch` is not installed")
    started: list[Watch] = []

    def start(*arguments: str) -> Watch:
        started.append(Watch(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def test_what_changes_is_checked_again_until_ctrl_c(watch: Any, here: Path) -> None:
    watching = watch()
    assert "NL501" in (first := watching.round()) and "2 files read" in first and "\033" not in first
    Path("model.py").write_text(CLEAN)
    assert "NL501" not in (second := watching.round()) and "1 file read" in second
    Path("new.py").write_text(FLAWED)
    assert "file=new.py" in watching.round()
    Path("new.py").write_text("def")
    assert "NL000" in watching.round()
    Path("new.py").unlink()
    assert "new.py" not in watching.round()
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(PATIENCE) == 130
    assert watching.idle(0.2)


def test_settings_count_and_a_broken_one_is_waited_out(watch: Any, here: Path) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "model.py").write_text(FLAWED)
    watching = watch("sub")
    assert "NL501" in watching.round()
    Path("netlint.toml").write_text('selekt = ["NL4"]\n')
    assert "unknown key" in watching.round()
    Path("netlint.toml").write_text('exclude = ["sub/"]\n')
    assert "NL501" not in watching.round()


def test_its_own_report_does_not_start_it_again(watch: Any, here: Path) -> None:
    watching = watch("--output-format", "json:report.json", "--output-format", "sarif:report.sarif")
    watching.round()
    assert watching.idle(2.0)
    Path("notes.txt").write_text("nothing of ours")
    assert watching.idle(1.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fix"], "--watch only reports; --fix cannot go with it"),
        (["--diff", "--add-ignore"], "--diff, --add-ignore cannot go with it"),
        (["-"], "what comes on stdin cannot change"),
        (["package.module:net"], "would be imported once only"),
    ],
)
def test_what_cannot_be_watched_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert run(["check", "--watch", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_the_extra_one_line_names_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "watchfiles" else find_spec(name, *more))
    assert run(["check", "--watch"]) == 2
    assert capsys.readouterr().err == "Error: --watch needs the extra `watch` (netlint-nn[watch])\n"


def test_what_may_import_a_changed_file_is_read_again(here: Path) -> None:
    (here / "package").mkdir()
    texts = {
        "package/__init__.py": "from .blocks import Block\n",
        "package/blocks.py": FLAWED,
        "package/inner.py": "from . import blocks\n",
        "uses.py": "import package\n",
    }
    for name, text in texts.items():
        (here / name).write_text(text)

    def check() -> list[str]:
        files, _ = collect(["."], lambda path, is_folder: False)
        report = rechecking.check(files, lambda _: settings)
        assert [finding.filename for finding in report.findings] == ["model.py", "package/blocks.py"]
        return [file.filename for file in rechecking.read]

    rechecking, settings = Rechecking(), Settings(selected=frozenset({"NL501"}))
    assert len(check()) == 6
    assert check() == []
    (here / "package" / "blocks.py").write_text(FLAWED + "\n")
    assert check() == ["package/__init__.py", "package/blocks.py", "package/inner.py", "uses.py"]
    settings = Settings(selected=frozenset({"NL501", "NL502"}))
    assert len(check()) == 6
    assert importers([here / "uses.py"], [here / "other.py"]) == {here / "uses.py"}
