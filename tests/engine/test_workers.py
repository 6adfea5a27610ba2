from __future__ import annotations

import gc
import os
import time
from pathlib import Path

import pytest

from netlint.cli import run
from netlint.engine import workers
from netlint.engine.workers import spread


def square(number: int) -> int:
    if number < 0:
        os._exit(1)
    return number * number


def lost(number: int, error: BaseException) -> int:
    return -1


def test_the_order_is_that_of_the_tasks_for_any_number_of_processes() -> None:
    numbers = list(range(20))
    expected = [number * number for number in numbers]
    assert spread(square, numbers, numbers, 1, lost) == expected
    assert spread(square, numbers, numbers, 3, lost) == expected
    assert spread(square, numbers, numbers, None, lost) == expected


def test_the_task_of_a_process_that_dies_is_reported() -> None:
    assert spread(square, [-3, 2], [9, 1], 2, lost)[0] == -1


def test_collecting_garbage_is_left_as_it_was() -> None:
    assert gc.isenabled()
    assert spread(lambda _: gc.isenabled(), [0], [0], None, lambda *_: True) == [False]
    assert gc.isenabled()


def test_nothing_to_do_is_done() -> None:
    assert spread(square, [], [], None, lost) == []


def test_each_task_is_heard_of_when_it_is_done() -> None:
    for jobs in (1, 2):
        heard: list[int] = []
        spread(square, [3, -1, 2] if jobs == 2 else [3, 1, 2], [1, 1, 1], jobs, lost, heard.append)
        assert sorted(map(abs, heard)) == [1, 2, 3]


def test_a_process_that_ends_takes_one_task_with_it() -> None:
    numbers = [5, -1, 3, -4, 8, 2, -7, 6, 1, 9]
    for jobs in (2, 3):
        expected = [-1 if number < 0 else number * number for number in numbers]
        assert spread(square, numbers, [abs(number) for number in numbers], jobs, lost) == expected


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_a_task_that_does_not_come_to_an_end_is_reported() -> None:
    """The watchdog ends the process, in the pool and once more alone."""
    assert spread(sleep, [0.0, 60.0, 0.01], [1, 2, 3], 2, lambda *_: -1.0, seconds=1) == [0.0, -1.0, 0.01]


def test_a_process_that_is_worn_out_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORN_OUT", 1)
    assert spread(square, [1, 2, 3, 4, 5], [1] * 5, 2, lost) == [1, 4, 9, 16, 25]


def unpicklable(_: int) -> object:
    return lambda: None


def test_an_answer_that_cannot_be_sent_is_reported() -> None:
    assert spread(unpicklable, [1, 2], [1, 2], 2, lambda task, _: -task) == [-1, -2]


def test_a_file_beyond_its_time_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("slow.py").write_text("import torch\n")
    Path("fine.py").write_text("import torch\n")
    Path("netlint.toml").write_text("limits = { seconds = 1 }\n")

    def judged(file: object, *_: object) -> object:
        if getattr(file, "filename", "") == "slow.py":
            while True:
                pass
        return original(file, *_)  # type: ignore[arg-type]

    from netlint.engine import run as module

    original = module.judge
    monkeypatch.setattr(module, "judge", judged)
    assert run(["check", "--jobs", "1"]) == 2
    printed = capsys.readouterr().out
    assert "slow.py:1:1  NL000" in printed
    assert "more than 1 s, which is what `limits.seconds` allows" in printed
    assert "2 files" in printed and "fine.py" not in printed


def test_a_file_beyond_its_size_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("large.py").write_text("import torch\n" + "x = 1\n" * 1000)
    Path("netlint.toml").write_text("limits = { file-size = 5000 }\n")
    assert run(["check"]) == 2
    assert "the file has 6,013 bytes, and `limits.file-size` allows 5,000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("limits = { secnds = 1 }", "unknown key `limits.secnds`; the nearest is `seconds`"),
        ("[limits]\nsteps = 'many'", "`steps` must be a whole number above 0, not 'many'"),
        ("[limits]\ndepth = 0", "`depth` must be a whole number above 0, not 0"),
    ],
)
def test_limits_are_validated(
    written: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("netlint.toml").write_text(written)
    assert run(["check"]) == 2
    assert message in capsys.readouterr().err


LONG = """
import torch.nn as nn
layers = []
for width in {widths}:
    layers.append(nn.Linear(width, width))
net = nn.Sequential(*layers)
"""


@pytest.mark.parametrize("limit", ["steps = 60", "elements = 5"])
def test_what_lies_beyond_a_limit_is_unknown_and_no_error(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(LONG.format(widths=list(range(1, 40))))
    Path("netlint.toml").write_text("")
    assert run(["check"]) == 1
    assert "NL602" in capsys.readouterr().out, "each layer takes one feature more than the one before it gives"
    Path("netlint.toml").write_text(f"[limits]\n{limit}\n")
    assert run(["check", "--verbose"]) == 0
    printed = capsys.readouterr()
    assert "NL602" not in printed.out and not printed.err
