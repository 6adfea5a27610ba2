"""netlint on the source of packages that nobody wrote for it: cost, failures, findings per rule, and a random draw for judging.

The packages are downloaded and unpacked, never installed or run. Exits with 1 if something was not checked (NL000), or if a file
took longer than SLOW seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias
from unittest import mock

from report import provenance, table

from netlint.cli import run
from netlint.engine import run as engine_run
from netlint.engine.notices import NOT_CHECKED
from netlint.engine.run import Outcome, Task
from netlint.engine.targets import walk
from netlint.engine.workers import Pool, spread

HERE = Path(__file__).parent
SLOW = 10.0
"""Processor seconds that no single file may take."""
CONTEXT = 12
"""Lines of code above and below a finding that a person needs to judge it."""
JUDGED = ("error", "warning")

Finding: TypeAlias = dict[str, Any]
"""A finding as `netlint check --output-format json` prints it, its file names relative to the folder that holds the package."""


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution, its version, and the one package in it that is read."""

    name: str
    version: str
    module: str

    @property
    def record(self) -> str:
        """The folder that tells an unpacked copy's version."""
        return f"{self.name.replace('-', '_')}-{self.version}.dist-info"


PACKAGES = (
    Package("torchvision", "0.29.1", "torchvision"),
    Package("timm", "1.0.31", "timm"),
    Package("segmentation-models-pytorch", "0.6.0", "segmentation_models_pytorch"),
    Package("kornia", "0.9.0", "kornia"),
    Package("monai", "1.6.1", "monai"),
    Package("transformers", "5.23.0", "transformers"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What checking one package gave. `seconds` is the whole run by the clock, `cost` the processor seconds of each file."""

    package: Package
    files: int
    lines: int
    seconds: float
    cost: dict[str, float]
    findings: list[Finding]

    @property
    def broken(self) -> list[Finding]:
        return [finding for finding in self.findings if finding["code"] == NOT_CHECKED.code]

    @property
    def slowest(self) -> tuple[str, float]:
        return max(self.cost.items(), key=lambda item: item[1])

    @property
    def slow(self) -> list[tuple[str, float]]:
        """The files over SLOW, the slowest first."""
        return sorted(((file, spent) for file, spent in self.cost.items() if spent > SLOW), key=lambda item: -item[1])


# -- packages ---------------------------------------------------------------------------------------------------------


def unpacked(package: Package, folder: Path) -> Path:
    """The folder that holds the package, downloaded into `folder` if it is not there yet.

    Wheels of one platform, whatever the machine: the figures are then of the same files, and pip runs no `setup.py`.
    """
    home = folder.absolute() / package.name
    if (home / package.record).is_dir():
        return home
    if home.exists():
        raise SystemExit(f"{home} is not {package.name} {package.version}: name another --folder, or move it away")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as scratch:
        wheel = _downloaded(package, Path(scratch))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(Path(scratch) / "unpacked")
        (Path(scratch) / "unpacked" / "netlint.toml").touch()  # a project of its own, wherever the folder stands
        (Path(scratch) / "unpacked").rename(home)
    return home


def _downloaded(package: Package, folder: Path) -> Path:
    platform = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--only-binary=:all:")
    requirement = f"{package.name}=={package.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *platform, "--dest", str(folder), requirement]
    subprocess.run(command, check=True, stdout=sys.stderr)
    [wheel] = folder.glob("*.whl")
    return wheel


# -- running netlint --------------------------------------------------------------------------------------------------


def check(package: Package, home: Path, jobs: int | None = None) -> Result:
    """The result of `netlint check --output-format json` on a package."""
    target = home / package.module
    files = list(walk(target))
    with TemporaryDirectory() as scratch, timed_files() as cost:
        output = Path(scratch) / "findings.json"
        command = ["check", str(target), "--isolated", "--no-cache", "--output-format", "json", "--output-file", str(output)]
        started = time.perf_counter()
        run([*command, *(["--jobs", str(jobs)] if jobs else [])])
        seconds = time.perf_counter() - started
        findings = json.loads(output.read_text(encoding="utf-8"))
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    relative = {_relative(file, home): spent for file, spent in cost.items()}
    return Result(package, len(files), lines, seconds, relative, [_at_home(finding, home) for finding in findings])


@contextmanager
def timed_files() -> Iterator[dict[str, float]]:
    """Within it, a run of netlint leaves the processor seconds of each file in the mapping."""
    cost: dict[str, float] = {}

    def timed_spread(
        work: Callable[[Task], Outcome],
        tasks: Sequence[Task],
        sizes: Sequence[int],
        jobs: int | None,
        lost: Callable[[Task, BaseException], Outcome],
        on_done: Callable[[Task], None] | None = None,
        seconds: float | None = None,
        pool: Pool | None = None,
    ) -> list[Outcome]:
        results = spread(partial(_timed, work), tasks, sizes, jobs, lambda task, error: (lost(task, error), 0.0), on_done, seconds, pool)
        cost.update((task.file.filename, spent) for task, (_, spent) in zip(tasks, results, strict=True))
        return [outcome for outcome, _ in results]

    with mock.patch.object(engine_run, "spread", timed_spread):
        yield cost


def _timed(work: Callable[[Task], Outcome], task: Task) -> tuple[Outcome, float]:
    started = time.process_time()
    return work(task), time.process_time() - started


def _at_home(finding: Finding, home: Path) -> Finding:
    related = [{**place, "filename": _relative(place["filename"], home)} for place in finding["related"]]
    return {**finding, "filename": _relative(finding["filename"], home), "related": related}


def _relative(filename: str, home: Path) -> str:
    return Path(filename).relative_to(home).as_posix()


# -- the report -------------------------------------------------------------------------------------------------------


def render(results: Sequence[Result], command: str) -> str:
    """The page: how it was made, the figures of each package, what was not checked or took too long, and the findings per rule."""
    versions = [f"{result.package.name} {result.package.version}" for result in results]
    broken = [f"- {finding['filename']}:{finding['location']['row']}: {finding['message']}" for one in results for finding in one.broken]
    slow = [f"- {file}: {spent:.1f} s" for one in results for file, spent in one.slow]
    parts = ("# Findings in real packages", provenance(command, versions), _costs(results), "\n".join([*broken, *slow]), _rules(results))
    return "\n\n".join(part for part in parts if part)


def _costs(results: Sequence[Result]) -> str:
    header = ("package", "files", "lines", "seconds", "not checked", "slowest file", "its seconds")
    rows = []
    for result in results:
        file, spent = result.slowest
        figures = (result.files, f"{result.lines:,}", f"{result.seconds:.0f}", len(result.broken), file, f"{spent:.1f}")
        rows.append((result.package.name, *figures))
    return table(header, rows, right=(1, 2, 3, 4, 6))


def _rules(results: Sequence[Result]) -> str:
    counts = Counter((_rule(finding), result.package.name) for result in results for finding in result.findings)
    names = [result.package.name for result in results]
    rows = []
    for rule in sorted({rule for rule, _ in counts}):
        own = [counts[rule, name] for name in names]
        rows.append((*rule, *own, sum(own)))
    return table(("rule", "name", "severity", *names, "all"), rows, right=range(3, len(names) + 4))


def _rule(finding: Finding) -> tuple[str, str, str]:
    return finding["code"], finding["name"], finding["severity"]


# -- the draw ---------------------------------------------------------------------------------------------------------


def draw(findings: Sequence[tuple[Package, Finding]], size: int, seed: int, per_rule: int) -> list[tuple[Package, Finding]]:
    """At most `size` warnings and errors at random, at most `per_rule` of one rule, in the order of `findings`.

    The same findings and seed give the same draw.
    """
    order = [
        number for number, (_, finding) in enumerate(findings) if finding["severity"] in JUDGED and finding["code"] != NOT_CHECKED.code
    ]
    random.Random(seed).shuffle(order)
    taken: Counter[str] = Counter()
    drawn: list[int] = []
    for number in order:
        code = findings[number][1]["code"]
        if len(drawn) < size and taken[code] < per_rule:
            taken[code] += 1
            drawn.append(number)
    return [findings[number] for number in sorted(drawn)]


def case(package: Package, finding: Finding, home: Path) -> dict[str, object]:
    """One finding as a person judges it: its key in the table of verdicts, what it says, and the code around its places."""
    row = finding["location"]["row"]
    return {
        "package": package.name,
        "version": package.version,
        "file": finding["filename"],
        "line": row,
        "rule": finding["code"],
        **{key: finding[key] for key in ("name", "severity", "confidence", "symbol", "count", "message", "data")},
        "code": excerpt(home / finding["filename"], row),
        "related": [
            {
                "file": place["filename"],
                "line": place["location"]["row"],
                "message": place["message"],
                "code": excerpt(home / place["filename"], place["location"]["row"]),
            }
            for place in finding["related"]
        ],
    }


def excerpt(file: Path, row: int) -> list[str]:
    """The lines around a row, numbered, with the row marked."""
    lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    shown = range(max(row - CONTEXT, 1), min(row + CONTEXT, len(lines)) + 1)
    return [f"{'>' if number == row else ' '}{number:5} {lines[number - 1]}".rstrip() for number in shown]


# -- the command ------------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="only these packages (default: all of them)")
    parser.add_argument("--folder", type=Path, default=HERE / ".corpus", metavar="DIR", help="where the packages are kept")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes to use (default: one a processor)")
    parser.add_argument("--sample", type=int, metavar="N", help="draw so many warnings and errors for judging")
    parser.add_argument("--sample-file", type=Path, default=Path("sample.json"), metavar="FILE", help="the draw (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (default: %(default)s)")
    parser.add_argument(
        "--per-rule", type=int, default=30, metavar="N", help="most findings of one rule in the draw (default: %(default)s)"
    )
    options = parser.parse_args()
    unknown = set(options.packages) - {package.name for package in PACKAGES}
    if unknown:
        parser.error(f"no package {', '.join(sorted(unknown))}; there are {', '.join(package.name for package in PACKAGES)}")

    chosen = [package for package in PACKAGES if not options.packages or package.name in options.packages]
    homes = {package: unpacked(package, options.folder) for package in chosen}
    results = [check(package, homes[package], options.jobs) for package in chosen]
    print(render(results, " ".join(("python benchmarks/corpus.py", *options.packages))))
    if options.sample is not None:
        findings = [(result.package, finding) for result in results for finding in result.findings]
        cases = [
            case(package, finding, homes[package]) for package, finding in draw(findings, options.sample, options.seed, options.per_rule)
        ]
        options.sample_file.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(any(result.broken or result.slow for result in results))


if __name__ == "__main__":
    sys.exit(main())
