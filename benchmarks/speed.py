"""A cold run of netlint beside its peers, on the same files of real packages: TorchFix, ruff, flake8, and bare parses.

    python benchmarks/speed.py [PACKAGE...] [--files N --seed N] [--rounds N]

The packages are downloaded and unpacked, never installed or run; each peer is installed in a virtual environment of its own. Exits with
1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from corpus import PACKAGES, unpacked
from peers import ENVIRONMENTS, HERE, LINTERS, NETLINT, TORCHFIX, Command, Costs, environment, interleaved, load, measured, versions
from report import provenance, table

from netlint.engine.targets import walk

USUAL = ("torchvision", "timm")
PROCESSES = 2
COLD, WARM, TORCH_FIX, RUFF, FLAKE8, LIBCST, AST = (
    "netlint, cold",
    "netlint, warm",
    "TorchFix",
    "ruff",
    "flake8",
    "LibCST parse of what mentions torch",
    "ast.parse of what mentions torch, one process",
)
OF_PARSE = 1.0
"""How many times a LibCST parse of the files that mention torch a cold run may take."""
OF_TORCHFIX = 20.0
"""How many times a cold run TorchFix is to take."""


def chosen(files: Sequence[Path], size: int | None, seed: int) -> list[Path]:
    """So many of the files at random, in their order; the same for the same files and seed."""
    if size is None or size >= len(files):
        return list(files)
    drawn = set(random.Random(seed).sample(range(len(files)), size))
    return [file for place, file in enumerate(files) if place in drawn]


def commands(files: Sequence[Path], scratch: Path, environments: Path) -> list[Command]:
    """All that is measured, on these files. The list of those that mention torch is written into `scratch`."""
    paths = [str(file) for file in files]
    listed = scratch / "mention-torch.txt"
    listed.write_text("\n".join(path for path, file in zip(paths, files, strict=True) if b"torch" in file.read_bytes()), encoding="utf-8")
    torchfix = environment(environments / "torchfix", TORCHFIX)
    linters = environment(environments / "linters", LINTERS)
    jobs = str(PROCESSES)
    check = (*NETLINT, "check", "--isolated", "--select", "ALL", "--jobs", jobs)
    parse = (sys.executable, str(HERE / "parsing.py"))
    return [
        Command(COLD, (*check, "--no-cache", *paths), fine=(0, 1)),
        Command(WARM, (*check, *paths), fine=(0, 1), environment={"NETLINT_CACHE_DIR": str(scratch / "cache")}),
        Command(TORCH_FIX, (str(torchfix / "torchfix"), "--select", "ALL", "--jobs", jobs, *paths)),
        Command(
            RUFF,
            (str(linters / "ruff"), "check", "--isolated", "--no-cache", *paths),
            fine=(0, 1),
            environment={"RAYON_NUM_THREADS": jobs},
        ),
        Command(FLAKE8, (str(linters / "flake8"), "--isolated", "--jobs", jobs, *paths), fine=(0, 1)),
        Command(LIBCST, (*parse, "libcst", jobs, str(listed))),
        Command(AST, (*parse, "ast", "1", str(listed))),
    ]


def rows(costs: dict[str, Costs]) -> list[tuple[str, ...]]:
    parse, torchfix = costs[LIBCST], costs[TORCH_FIX]
    return [
        (
            name,
            f"{cost.clock:.2f}",
            f"{cost.least:.2f}",
            f"{cost.processor:.2f}",
            f"{cost.processor / parse.processor:.2f}",
            f"{torchfix.processor / cost.processor:.2f}",
            f"{cost.memory / 1e6:.0f}",
        )
        for name, cost in costs.items()
    ]


def missed(costs: dict[str, Costs]) -> list[str]:
    """A sentence on each goal that is not reached, by processor time."""
    cold = costs[COLD].processor
    of_parse, of_torchfix = cold / costs[LIBCST].processor, costs[TORCH_FIX].processor / cold
    sentences = []
    if of_parse > OF_PARSE:
        sentences.append(f"A cold run takes {of_parse:.1f} times the LibCST parse of the files that mention torch; the goal is {OF_PARSE}.")
    if of_torchfix < OF_TORCHFIX:
        sentences.append(f"TorchFix takes {of_torchfix:.2f} times a cold run; the goal is {OF_TORCHFIX:.0f}.")
    return sentences


def render(files: Sequence[Path], costs: dict[str, Costs], command: str, subjects: Sequence[str], before: Sequence[float]) -> str:
    texts = [file.read_bytes() for file in files]
    lines = sum(text.count(b"\n") for text in texts)
    rounds = len(costs[COLD].each)
    header = (
        "command",
        "median, s",
        "least, s",
        "processor, s",
        "times the LibCST parse",
        "TorchFix takes times this",
        "peak, MB a process",
    )
    kiloline = costs[COLD].processor / lines * 1000
    parts = (
        "# netlint beside its peers",
        provenance(command, [*subjects, *versions(*TORCHFIX, *LINTERS)]),
        f"{len(files)} files, {lines:,} lines; {sum(b'torch' in text for text in texts)} of the files mention torch. {rounds} rounds, in "
        f"each of which every command ran once, with {PROCESSES} processes where nothing else is said. {load(before)} Median and least are "
        "by the clock; the ratios are of processor time (median), which other work on the machine changes least.",
        table(header, rows(costs), right=range(1, 7)),
        f"A cold run costs {kiloline:.2f} s of processor time a thousand lines.",
        *missed(costs),
    )
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = [package.name for package in PACKAGES]
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"of {', '.join(names)} (default: {' and '.join(USUAL)})")
    parser.add_argument("--files", type=int, metavar="N", help="only so many of the files, drawn at random")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each command runs (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=HERE / ".corpus", metavar="DIR", help="where the packages are kept")
    parser.add_argument("--env", type=Path, default=ENVIRONMENTS, metavar="DIR", help="where the peers are installed")
    options = parser.parse_args()
    wanted = options.packages or list(USUAL)
    if unknown := set(wanted) - set(names):
        parser.error(f"no package {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    packages = [package for package in PACKAGES if package.name in wanted]
    every = [file for package in packages for file in walk(unpacked(package, options.folder) / package.module)]
    files = chosen(every, options.files, options.seed)
    before = os.getloadavg()
    with TemporaryDirectory() as scratch:
        measuring = commands(files, Path(scratch), options.env)
        for command in measuring:
            if command.name == WARM:
                measured(command)  # fills the cache
        costs = interleaved(measuring, options.rounds)
    drawn = f" --files {options.files} --seed {options.seed}" if options.files is not None else ""
    command_line = " ".join(("python benchmarks/speed.py", *options.packages)) + f"{drawn} --rounds {options.rounds}"
    print(render(files, costs, command_line, [f"{package.name} {package.version}" for package in packages], before))
    return int(bool(missed(costs)))


if __name__ == "__main__":
    sys.exit(main())
