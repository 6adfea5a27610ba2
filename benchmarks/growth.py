"""Does the time grow as the lines do? Once, twice, four and eight times as many lines of real code, as more files and as one longer file.

    python benchmarks/growth.py [--rounds N]

Nothing is shared between the copies: of the files, each stands in a copy of its package that is a project of its own; in one file, each
has names of its own. Exits with 1 if eight times the lines take more than 1.15 times eight times the time, start-up taken off.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

from corpus import PACKAGES, Package, unpacked
from peers import HERE, NETLINT, Command, Costs, interleaved, load, versions
from report import provenance, table

import netlint

TIMES = (1, 2, 4, 8)
STEEPEST = 1.15
"""How much more than in proportion the largest may take."""
GOAL_OF_TWO = 1.8
"""How much faster two processes are to be than one, on two processors that do nothing else."""
SUBJECT = "torchvision"
FILES = ("alexnet", "densenet", "googlenet", "mobilenetv2", "resnet", "shufflenetv2", "squeezenet", "vgg")
IN_ONE = ("alexnet", "densenet", "mobilenetv2", "squeezenet")
SMALLEST = "from torch import nn\n\nnet = nn.Sequential(nn.Linear(4, 4), nn.ReLU())\n"


@dataclass(frozen=True, slots=True)
class Size:
    """The files of one size; `times` is 0 for what has hardly a line, and tells what start-up costs."""

    times: int
    files: tuple[Path, ...]

    @property
    def lines(self) -> int:
        return sum(file.read_bytes().count(b"\n") for file in self.files)

    @property
    def networks(self) -> int:
        return sum(len(netlint.networks(file)) for file in self.files)

    def command(self, kind: str, jobs: int) -> Command:
        argv = (*NETLINT, "check", "--isolated", "--no-cache", "--jobs", str(jobs), *map(str, self.files))
        return Command(_name(kind, self.times, jobs), argv, fine=(0, 1))


def _name(kind: str, times: int, jobs: int) -> str:
    return f"{kind}, {times}x, -j{jobs}"


# -- what is read ------------------------------------------------------------------------------------------------------


def more_files(home: Path, package: Package, folder: Path) -> list[Size]:
    """The same files in more and more copies of their package."""
    small = [_written(folder / f"small{number}.py", SMALLEST) for number in (1, 2)]
    sizes = [Size(0, tuple(small))]
    copies = [_project(home, package, folder / f"copy{number}") for number in range(max(TIMES))]
    for times in TIMES:
        sizes.append(Size(times, tuple(copy / "models" / f"{name}.py" for copy in copies[:times] for name in FILES)))
    return sizes


def longer_file(home: Path, package: Package, folder: Path) -> list[Size]:
    """The same code again and again in one file. What the code imports is read once, and counts as start-up."""
    models = _project(home, package, folder) / "models"
    texts = [(models / f"{name}.py").read_text(encoding="utf-8") for name in IN_ONE]
    names = {name for text in texts for name in imported(text)}
    sizes = [Size(0, (_written(models / "joined_0.py", "".join(f"{line}\n" for line in sorted(names)) + SMALLEST),))]
    for times in TIMES:
        joined = "\n\n".join(again(text, f"_{copy}_{place}") for copy in range(times) for place, text in enumerate(texts))
        sizes.append(Size(times, (_written(models / f"joined_{times}.py", joined),)))
    return sizes


def _project(home: Path, package: Package, folder: Path) -> Path:
    """A copy of a package's Python files in a project of its own."""
    target = folder / package.module
    copytree(home / package.module, target, ignore=ignore_patterns("*.so", "*.pyc", "__pycache__"))
    _written(folder / "netlint.toml", "")
    return target


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def imported(text: str) -> Iterable[str]:
    """The imports at the top level of a file."""
    return (ast.unparse(node) for node in ast.parse(text).body if isinstance(node, (ast.Import, ast.ImportFrom)) and not _future(node))


def _future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def again(text: str, suffix: str) -> str:
    """The text with a suffix to each name that its top level defines."""
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return re.sub(rf"(?<![.\w])({'|'.join(sorted(names))})\b", rf"\g<1>{suffix}", text)


# -- the report --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Growth:
    """The costs of one kind of growth: `processor` and `clock` give the seconds of a size less those of start-up."""

    kind: str
    sizes: Sequence[Size]
    jobs: tuple[int, ...]
    costs: dict[str, Costs]

    def processor(self, times: int, jobs: int) -> float:
        return self._of(times, jobs).least_processor - self._of(0, jobs).least_processor

    def clock(self, times: int, jobs: int) -> float:
        return self._of(times, jobs).least - self._of(0, jobs).least

    def _of(self, times: int, jobs: int) -> Costs:
        return self.costs[_name(self.kind, times, jobs)]

    def steepness(self, times: int, jobs: int) -> float:
        """The time over the lines, by the same of the smallest size: 1.0 is growth in proportion."""
        lines = {size.times: size.lines for size in self.sizes}
        return self.processor(times, jobs) / self.processor(1, jobs) / (lines[times] / lines[1])

    @property
    def rows(self) -> list[tuple[object, ...]]:
        return [
            (
                self.kind,
                f"{size.times}x",
                f"{size.lines:,}",
                size.networks,
                jobs,
                f"{self.clock(size.times, jobs):.2f}",
                f"{self.processor(size.times, jobs):.2f}",
                f"{self.processor(size.times, jobs) / size.lines * 1000:.2f}",
                f"{self.steepness(size.times, jobs):.2f}",
            )
            for jobs in self.jobs
            for size in self.sizes
            if size.times
        ]


def missed(growths: Sequence[Growth]) -> list[str]:
    return [
        f"{growth.kind}: eight times the lines take {steep:.2f} times what is in proportion; the goal is {STEEPEST}."
        for growth in growths
        if (steep := growth.steepness(max(TIMES), 1)) > STEEPEST
    ]


def two_processes(growth: Growth) -> str:
    """A sentence on what a second process gives, by the clock and as the processors' time allows."""
    one, two = growth.clock(max(TIMES), 1), growth.clock(max(TIMES), 2)
    more = growth.processor(max(TIMES), 2) / growth.processor(max(TIMES), 1)
    return (
        f"{growth.kind}, {max(TIMES)}x: two processes are {one / two:.2f} times as fast as one by the clock (the goal is {GOAL_OF_TWO} on "
        f"two idle processors), and take {more:.2f} times the processor time: with both processors at hand, at most {2 / more:.2f} "
        "times as fast."
    )


def render(growths: Sequence[Growth], command: str, package: Package, before: Sequence[float]) -> str:
    header = ("growth", "size", "lines", "networks", "processes", "clock, s", "processor, s", "processor, s a kiloline", "over proportion")
    rounds = max(len(cost.each) for growth in growths for cost in growth.costs.values())
    startups = [
        f"{growth.kind}: start-up costs {growth.costs[_name(growth.kind, 0, jobs)].least_processor:.2f} s with -j{jobs}"
        for growth in growths
        for jobs in growth.jobs
    ]
    parts = (
        "# Growth with the lines",
        provenance(command, [f"{package.name} {package.version}", *versions()]),
        f"Files of `{package.module}/models`: {', '.join(FILES)}; in one file: {', '.join(IN_ONE)}. The least of {rounds} rounds, "
        f"start-up taken off ({'; '.join(startups)}, of processor time). Over proportion is the processor time a line, by that of the "
        "smallest size. "
        f"{load(before)}",
        table(header, [row for growth in growths for row in growth.rows], right=range(1, 9)),
        *(two_processes(growth) for growth in growths if 2 in growth.jobs),
        *(missed(growths) or [f"At eight times the lines, both are within {STEEPEST} times what is in proportion."]),
    )
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each command runs (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=HERE / ".corpus", metavar="DIR", help="where the package is kept")
    options = parser.parse_args()
    [package] = [package for package in PACKAGES if package.name == SUBJECT]
    home = unpacked(package, options.folder)
    before = os.getloadavg()
    with TemporaryDirectory() as scratch:
        growths = []
        for kind, sizes_of, jobs in (("more files", more_files, (1, 2)), ("a longer file", longer_file, (1,))):
            folder = Path(scratch) / sizes_of.__name__
            folder.mkdir()
            sizes = sizes_of(home, package, folder)
            measuring = [size.command(kind, number) for size in sizes for number in jobs]
            growths.append(Growth(kind, sizes, jobs, interleaved(measuring, options.rounds)))
        print(render(growths, f"python benchmarks/growth.py --rounds {options.rounds}", package, before))
        return int(bool(missed(growths)))


if __name__ == "__main__":
    sys.exit(main())
