"""Commands measured beside each other: every one a process of its own, in rounds, and peers in virtual environments of their own.

What the machine does besides falls on all commands of a round alike. The clock tells what a user waits for, the processor time what it
costs: on a machine that does something else, only the second can be compared from one run to the next.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".venv-peers"
NETLINT = (sys.executable, "-m", "netlint")
TORCHFIX = ("torchfix==0.7.0",)  # brings flake8 and the LibCST that it pins along; it needs no torch
LINTERS = ("ruff==0.17.6", "flake8==7.5.0")
SHRINKERS = ("onnx==1.23.2", "onnxslim==0.1.98", "onnxsim==0.8.1")


@dataclass(frozen=True, slots=True)
class Command:
    """A process to measure. An exit code that is not in `fine` ends the benchmark: a tool that fails early is fast."""

    name: str
    argv: tuple[str, ...]
    fine: tuple[int, ...] = (0,)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost, with those that it started and waited for: seconds by the clock and of the processors, and the bytes that
    the largest one of them held at its peak."""

    clock: float
    processor: float
    memory: int


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of one command over all rounds."""

    each: tuple[Cost, ...]

    @property
    def clock(self) -> float:
        return statistics.median(one.clock for one in self.each)

    @property
    def least(self) -> float:
        return min(one.clock for one in self.each)

    @property
    def processor(self) -> float:
        return statistics.median(one.processor for one in self.each)

    @property
    def least_processor(self) -> float:
        return min(one.processor for one in self.each)

    @property
    def memory(self) -> int:
        return max(one.memory for one in self.each)


def environment(folder: Path, requirements: Sequence[str]) -> Path:
    """The folder of the commands of a virtual environment with these packages. It is made where it does not exist, and completed
    where it does."""
    commands = folder.absolute() / ("Scripts" if os.name == "nt" else "bin")
    if not commands.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([commands / "python", "-m", "pip", "install", "--quiet", *requirements], check=True, stdout=sys.stderr)
    return commands


def measured(command: Command) -> Cost:
    """One run. Raises SystemExit, with what the command said, when it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        command.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **command.environment}
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.fine:
        raise SystemExit(f"{command.name} ended with {process.returncode}: {said.decode(errors='replace')[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def interleaved(commands: Sequence[Command], rounds: int) -> dict[str, Costs]:
    """What each command costs, by its name: every round runs all of them, one after the other."""
    costs: dict[str, list[Cost]] = {command.name: [] for command in commands}
    for number in range(rounds):
        for command in commands:
            cost = measured(command)
            costs[command.name].append(cost)
            print(f"round {number + 1}: {command.name}: {cost.clock:.2f} s", file=sys.stderr)
    return {name: Costs(tuple(each)) for name, each in costs.items()}


def load(before: Sequence[float]) -> str:
    """A sentence on what else the machine did; `before` is what `os.getloadavg` gave at the beginning."""
    return f"The load of the machine was {before[0]:.1f} before and {os.getloadavg()[0]:.1f} at the end, on {os.cpu_count()} processors."


def versions(*requirements: str) -> list[str]:
    """Peers as they are named in a page, with Python and LibCST."""
    return [*(one.replace("==", " ") for one in requirements), f"LibCST {version('libcst')}", f"Python {sys.version.split()[0]}"]
