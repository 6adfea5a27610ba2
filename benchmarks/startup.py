"""What one command costs before it does anything, and with one file: netlint beside ruff and TorchFix.

    python benchmarks/startup.py [--rounds N]

Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from peers import ENVIRONMENTS, HERE, LINTERS, NETLINT, TORCHFIX, Command, Costs, environment, interleaved, load, measured, versions
from report import provenance, table

FILE = HERE.parent / "fixtures" / "vgg" / "flawed" / "vgg.py"
NOTHING, VERSION, HELP, COLD, WARM, RUFF_VERSION, RUFF, TORCH_FIX = (
    "python -c pass",
    "netlint --version",
    "netlint --help",
    "netlint check one.py, cold",
    "netlint check one.py, warm",
    "ruff --version",
    "ruff check one.py",
    "torchfix one.py",
)
OF_NOTHING = 4.0
"""How many times `python -c pass` `netlint --version` may take."""
OF_TORCHFIX = 0.5
"""The share of TorchFix's time on a file that a cold check of it may take."""


def commands(file: Path, cache: Path, environments: Path) -> list[Command]:
    torchfix = environment(environments / "torchfix", TORCHFIX)
    ruff = str(environment(environments / "linters", LINTERS) / "ruff")
    check = (*NETLINT, "check", "--isolated")
    return [
        Command(NOTHING, (sys.executable, "-c", "pass")),
        Command(VERSION, (*NETLINT, "--version")),
        Command(HELP, (*NETLINT, "--help")),
        Command(COLD, (*check, "--no-cache", str(file)), fine=(0, 1)),
        Command(WARM, (*check, str(file)), fine=(0, 1), environment={"NETLINT_CACHE_DIR": str(cache)}),
        Command(RUFF_VERSION, (ruff, "--version")),
        Command(RUFF, (ruff, "check", "--isolated", "--no-cache", str(file)), fine=(0, 1)),
        Command(TORCH_FIX, (str(torchfix / "torchfix"), "--jobs", "1", str(file))),
    ]


def missed(costs: dict[str, Costs]) -> list[str]:
    """A sentence on each goal that is not reached, by the least time: the one that nothing else on the machine made longer."""
    of_nothing, of_torchfix = costs[VERSION].least / costs[NOTHING].least, costs[COLD].least / costs[TORCH_FIX].least
    sentences = []
    if of_nothing > OF_NOTHING:
        sentences.append(f"`{VERSION}` takes {of_nothing:.2f} times `{NOTHING}`; the goal is {OF_NOTHING:.0f}.")
    if of_torchfix > OF_TORCHFIX:
        sentences.append(f"A cold check of a file takes {of_torchfix:.2f} of TorchFix's time; the goal is {OF_TORCHFIX}.")
    return sentences


def render(file: Path, costs: dict[str, Costs], command: str, before: Sequence[float]) -> str:
    nothing, torchfix = costs[NOTHING].least, costs[TORCH_FIX].least
    rows = [
        (
            name,
            *(f"{seconds * 1000:.0f}" for seconds in (cost.clock, cost.least)),
            f"{cost.least / nothing:.1f}",
            f"{cost.least / torchfix:.2f}",
        )
        for name, cost in costs.items()
    ]
    header = ("command", "median, ms", "least, ms", f"times {NOTHING}", "of TorchFix's time")
    lines = file.read_bytes().count(b"\n")
    parts = (
        "# Start-up",
        provenance(command, versions(*TORCHFIX, *LINTERS)),
        f"one.py is `{file.relative_to(HERE.parent).as_posix()}`, {lines} lines. {len(costs[NOTHING].each)} rounds, in each of which every "
        f"command ran once. {load(before)} The ratios are of the least times, which other work on the machine changes least.",
        table(header, rows, right=range(1, 5)),
        *(missed(costs) or ["Both goals are reached."]),
    )
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="how often each command runs (default: %(default)s)")
    parser.add_argument("--env", type=Path, default=ENVIRONMENTS, metavar="DIR", help="where the peers are installed")
    options = parser.parse_args()
    before = os.getloadavg()
    with TemporaryDirectory() as cache:
        measuring = commands(FILE, Path(cache), options.env)
        for command in measuring:
            measured(command)  # once for the disk, and for the cache
        costs = interleaved(measuring, options.rounds)
    print(render(FILE, costs, f"python benchmarks/startup.py --rounds {options.rounds}", before))
    return int(bool(missed(costs)))


if __name__ == "__main__":
    sys.exit(main())
