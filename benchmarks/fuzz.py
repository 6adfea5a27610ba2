"""Fuzzing: does netlint bear whatever it is given? Never a traceback, never a hang, and nothing of the input is ever run.

Each input is a file made at random from the seed, its target and its number, so that any of them can be made again. netlint reads it in
this process with a whole command line, under a limit of processor time and of memory, and under the watch of an audit hook.

    python benchmarks/fuzz.py --inputs 200000 --jobs 2 [--target source] [--seed N] [--programs FOLDER]
    python benchmarks/fuzz.py --target source --replay FILE

Prints what came of it per target, keeps what failed, made as small as it gets, in `--keep` (`fuzz-failures/`), and exits with 1 if
anything did.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fuzzing.audit import Audit
from fuzzing.targets import Target, targets
from report import provenance, table

PATIENCE = 30.0
"""Seconds of processor time from which an input hangs. The budget for a file of any size is 10 s on an idle machine."""
MEMORY = 3 * 2**30
"""Bytes of address space that a process may have."""
ROUNDS = 200
"""Attempts to make a failing input smaller."""
TOLD_EVERY = 20


class Hangs(BaseException):
    """An input has had its time. No `except Exception` on the way can take this for an error of the input."""


@dataclass
class Tally:
    """What came of the inputs of one target."""

    inputs: int = 0
    tracebacks: int = 0
    hangs: int = 0
    executions: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    kept: list[str] = field(default_factory=list)

    @property
    def failures(self) -> int:
        return self.tracebacks + self.hangs + self.executions

    def add(self, other: Tally) -> None:
        self.inputs += other.inputs
        self.tracebacks += other.tracebacks
        self.hangs += other.hangs
        self.executions += other.executions
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.kept += other.kept


# -- one input -------------------------------------------------------------------------------------------------------------------


class Laboratory:
    """A folder, a target that works in it, and the watch. One a process."""

    def __init__(self) -> None:
        self._complaints: list[str] = []
        self._audit = Audit(self._complaints.append)
        self._place = Path(tempfile.mkdtemp(prefix="netlint-fuzz-"))
        os.environ["NETLINT_CACHE_DIR"] = str(self._place / "cache")
        os.environ["NETLINT_DEBUG"] = "1"  # exceptions come through
        (self._place / "cache").mkdir(mode=0o700)
        signal.signal(signal.SIGPROF, _hang)

    def open(self, target: Target) -> None:
        """Goes to a fresh folder for a target, and lets it import what it needs."""
        self._target = target
        self._folder = self._place / f"{target.name}-{time.monotonic_ns()}"
        self._folder.mkdir()
        os.chdir(self._folder)
        target.prepare(self._folder)
        with contextlib.suppress(Exception):
            target.run(target.make(Random("first")), self._folder)

    def verdict(self, data: bytes) -> tuple[str, str]:
        """What is wrong with an input's reading: "hang", "traceback" or "execution" with the details; "" where nothing is."""
        self._complaints.clear()
        kind, details = "", ""
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        try:
            with self._audit.watching([self._folder], [self._place]):
                details = self._target.run(data, self._folder)
                kind = "traceback" if details else ""
        except Hangs:
            kind, details = "hang", f"more than {PATIENCE:.0f} s of processor time\n{traceback.format_exc()[-3000:]}"
        except BaseException:  # whatever it is, the next input is put to netlint too
            kind, details = "traceback", traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        return ("execution", "\n".join(self._complaints)) if self._complaints else (kind, details)

    def smaller(self, data: bytes, kind: str, details: str) -> bytes:
        """A part of an input that fails in the same way."""
        last = _point(details)

        def fails(part: bytes) -> bool:
            found, why = self.verdict(part)
            return found == kind and _point(why) == last

        return reduced(data, fails) if kind != "hang" else data


def _hang(_: int, __: Any) -> None:
    raise Hangs


def _point(details: str) -> str:
    """What tells one failure from another: where the traceback ends, and with which error."""
    lines = details.strip().split("\n")
    places = [line for line in lines if line.lstrip().startswith("File ")]
    return f"{places[-1] if places else ''} {lines[-1].partition(':')[0]}"


def reduced(data: bytes, fails: Callable[[bytes], bool], rounds: int = ROUNDS) -> bytes:
    """The input less all that can be left out of it while it still fails, in at most `rounds` attempts: lines first, then bytes."""
    for pieces in (data.splitlines(keepends=True), None):
        parts = pieces if pieces is not None else [data[at : at + 1] for at in range(len(data))]
        size = len(parts) // 2
        while size and rounds > 0:
            at = 0
            while at < len(parts) and rounds > 0:
                rounds -= 1
                shorter = parts[:at] + parts[at + size :]
                if fails(b"".join(shorter)):
                    parts = shorter
                else:
                    at += size
            size //= 2
        data = b"".join(parts)
    return data


# -- many ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """The inputs that one process makes of one target: every `step`th number from `first` up to `count`."""

    target: str
    seed: int
    first: int
    step: int
    count: int


def work(share: Share, keep: Path, progress: Any, say: Any) -> None:
    """Runs a share; `progress` always holds the number of the input that is under way, `say` takes tallies."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    gc.disable()
    laboratory, target = Laboratory(), targets()[share.target]
    laboratory.open(target)
    tally = Tally()
    for number in range(share.first, share.count, share.step):
        progress.value = number
        data = target.make(Random(f"{share.seed}:{target.name}:{number}"))
        start = time.process_time()
        kind, details = laboratory.verdict(data)
        took = time.process_time() - start
        tally.add(Tally(1, kind == "traceback", kind == "hang", kind == "execution", took, took))
        if kind:
            tally.kept.append(kept(keep, target, number, laboratory.smaller(data, kind, details), f"{kind}\n{details}"))
        if tally.inputs >= TOLD_EVERY or kind:
            say.put((share, number, tally))
            tally = Tally()
        if number % 50 == 0:
            gc.collect()
    say.put((share, share.count, tally))


def kept(keep: Path, target: Target, number: int, data: bytes, details: str) -> str:
    """Writes down an input that failed, and how; the name of its file."""
    keep.mkdir(parents=True, exist_ok=True)
    name = f"{target.name}-{number}{Path(target.filename).suffix}"
    (keep / name).write_bytes(data)
    (keep / f"{name}.txt").write_text(details, encoding="utf-8", errors="backslashreplace")
    return f"{name}: {' | '.join(_point(details).split())}"


def shares(names: Sequence[str], inputs: int, seed: int, jobs: int) -> Iterator[Share]:
    """All inputs, spread over the targets by their shares, and each target's over the processes."""
    known = targets()
    whole = sum(known[name].share for name in names)
    for name in names:
        count = round(inputs * known[name].share / whole)
        yield from (Share(name, seed, first, jobs, count) for first in range(min(jobs, count)))


def fuzz(names: Sequence[str], inputs: int, seed: int, jobs: int, keep: Path) -> dict[str, Tally]:
    """Puts inputs to netlint in `jobs` processes. One that dies takes one input with it, which counts as a traceback."""
    context = multiprocessing.get_context("fork")
    waiting, found = list(shares(names, inputs, seed, jobs)), {name: Tally() for name in names}
    say: Any = context.SimpleQueue()
    running: dict[Any, tuple[Share, Any]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            share, progress = waiting.pop(0), context.Value(ctypes.c_long, -1, lock=False)
            process = context.Process(target=work, args=(share, keep, progress, say))
            process.start()
            running[process] = share, progress
        time.sleep(0.05)
        for process in [one for one in running if not one.is_alive()]:
            process.join()
            share, progress = running.pop(process)
            if process.exitcode:
                found[share.target].add(Tally(1, 1, kept=[f"{share.target} {progress.value}: the process ended with {process.exitcode}"]))
                waiting.insert(0, Share(share.target, seed, progress.value + share.step, share.step, share.count))
        while not say.empty():
            share, _, tally = say.get()
            found[share.target].add(tally)
            if tally.kept:
                print(*tally.kept, sep="\n", file=sys.stderr, flush=True)
            _show(found)
    return found


def _show(found: dict[str, Tally]) -> None:
    if sys.stderr.isatty():
        done, failed = sum(one.inputs for one in found.values()), sum(one.failures for one in found.values())
        print(f"\r{done:,} inputs, {failed} failures", end="", file=sys.stderr, flush=True)


def render(found: dict[str, Tally], seed: int, seconds: float, command: str) -> str:
    whole = Tally()
    for tally in found.values():
        whole.add(tally)
    rows = [
        (name, f"{one.inputs:,}", one.tracebacks, one.hangs, one.executions, f"{one.seconds:.0f}", f"{one.slowest:.1f}")
        for name, one in (*found.items(), ("all", whole))
    ]
    header = ("target", "inputs", "tracebacks", "hangs", "executions", "seconds", "slowest")
    failures = "\n".join(f"- {one}" for one in whole.kept)
    return "\n\n".join(
        part
        for part in (
            "# Fuzzing",
            provenance(command, (f"seed {seed}", f"Python {sys.version.split()[0]}", f"{seconds:.0f} s by the clock")),
            table(header, rows, right=range(1, len(header))),
            failures,
        )
        if part
    )


def replay(target: Target, path: Path) -> int:
    laboratory = Laboratory()
    data = path.read_bytes()
    laboratory.open(target)
    kind, details = laboratory.verdict(data)
    print(f"{kind}\n{details}" if kind else "nothing is wrong")
    return 1 if kind else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=2_000)
    parser.add_argument("--target", action="append", choices=sorted(targets()), help="repeatable; all where none is named")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--programs", type=Path, metavar="FOLDER", help="start from the programs below this folder too")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), metavar="FOLDER")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="put this file to the one --target")
    options = parser.parse_args()
    if options.programs is not None:
        os.environ["NETLINT_FUZZ_SEEDS"] = str(options.programs.absolute())
    names = options.target or list(targets())
    if options.replay is not None:
        return replay(targets()[names[0]], options.replay)
    start = time.monotonic()
    found = fuzz(names, options.inputs, options.seed, options.jobs, options.keep.absolute())
    command = f"python benchmarks/fuzz.py {' '.join(sys.argv[1:])}".rstrip()
    print(render(found, options.seed, time.monotonic() - start, command))
    return 1 if any(one.failures for one in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
