"""Spreading work over processes, without the result telling how.

A process that ends (out of memory, killed, beyond its time) takes one task with it, not the run: what was under way is tried again, each
task alone in a process of its own, and the one that ends that too is reported as lost.
"""

from __future__ import annotations

import faulthandler
import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from netlint.engine.bounds import resident

T = TypeVar("T")
R = TypeVar("R")

WORTH_A_POOL = 1_000_000
"""Bytes of source from which starting processes pays off."""
COLLECT_AT = 300_000
"""Objects that may be left over before cyclic garbage is collected, about 60 MB; graphs are all cycles, and collecting during a file
costs more than it frees."""
WORN_OUT = 180_000_000
"""Bytes of memory with which a process is replaced after a task: what one large file needed is not given back."""
_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True)
class Pool:
    """Where tasks run: how to open it, and how many of them are under way at once. One that `lasts` looks after its processes itself."""

    open: Callable[[], AbstractContextManager[Executor]]
    width: int
    lasts: bool = False


def local(processes: int, seconds: float | None = None) -> Pool:
    """Processes on this machine. One that works on a task for longer than `seconds` is ended."""
    return Pool(lambda: ProcessPoolExecutor(processes, initializer=_prepare, initargs=(seconds,)), processes + 1)


def spread(
    work: Callable[[T], R],
    tasks: Sequence[T],
    sizes: Sequence[int],
    jobs: int | None,
    lost: Callable[[T, BaseException], R],
    on_done: Callable[[T], None] | None = None,
    seconds: float | None = None,
    pool: Pool | None = None,
) -> list[R]:
    """The results of `work` on each task, in the order of the tasks.

    `jobs` processes are used; None takes one, and from WORTH_A_POOL bytes of `sizes` one a processor. `pool` is used instead of them if it
    is given. `lost` makes the result of a task whose process died, or worked on it for longer than `seconds`. `on_done` hears of each task
    that is done, in this process and in any order.
    """
    done = on_done or (lambda _: None)
    if jobs is None:
        jobs = _processors() if sum(sizes) > WORTH_A_POOL else 1
    jobs = min(jobs, len(tasks))
    if pool is None and jobs <= 1:
        with _collecting_seldom():
            return [_told(_collected(work, task), task, done) for task in tasks]
    order = sorted(range(len(tasks)), key=lambda index: -sizes[index])
    run = _Run(work, tasks, lost, done)
    try:
        run.through(pool or local(jobs, seconds), deque(order), lambda: local(1, seconds))
    except BaseException:  # Ctrl-C above all: nobody waits for what is under way
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    return [run.results[index] for index in range(len(tasks))]


@dataclass
class _Run(Generic[T, R]):
    """The tasks of one run, and their results by their places."""

    work: Callable[[T], R]
    tasks: Sequence[T]
    lost: Callable[[T, BaseException], R]
    done: Callable[[T], None]

    def __post_init__(self) -> None:
        self.results: dict[int, R] = {}

    def through(self, pool: Pool, waiting: deque[int], alone: Callable[[], Pool]) -> None:
        """Runs all that is waiting; when a process ends, another pool goes on with the rest."""
        while waiting:
            suspects, _ = self._round(pool, waiting)
            for index in suspects:
                again, error = self._round(alone(), deque([index]))
                if again:
                    assert error is not None
                    self._keep(index, self.lost(self.tasks[index], error))

    def _round(self, pool: Pool, waiting: deque[int]) -> tuple[list[int], BaseException | None]:
        """Works in one pool until nothing is waiting, or a process is worn out. If one ended, gives what was under way then, and the
        error."""
        running: dict[Future[tuple[R, int]], int] = {}
        worn_out = False
        with _safe_path(), pool.open() as executor:
            while running or (waiting and not worn_out):
                try:
                    while waiting and not worn_out and len(running) < pool.width:
                        running[executor.submit(_measured, self.work, self.tasks[waiting[0]])] = waiting[0]
                        waiting.popleft()
                    finished = wait(running, return_when=FIRST_COMPLETED).done
                    for future in sorted(finished, key=lambda future: running[future]):
                        worn_out = (self._heard(running[future], future) and not pool.lasts) or worn_out
                        del running[future]
                except BrokenExecutor as error:
                    return list(running.values()) or [waiting.popleft()], error
        return [], None

    def _heard(self, index: int, future: Future[tuple[R, int]]) -> bool:
        """Keeps the result of a task; whether its process is worn out. Raises BrokenExecutor if it ended."""
        try:
            result, memory = future.result()
        except BrokenExecutor:
            raise
        except Exception as error:  # the answer could not be sent, or a cluster has given the task up
            result, memory = self.lost(self.tasks[index], error), 0
        self._keep(index, result)
        return memory > WORN_OUT

    def _keep(self, index: int, result: R) -> None:
        self.results[index] = result
        self.done(self.tasks[index])


# -- within a process -------------------------------------------------------------------------------------------------------

_seconds: float | None = None


def _prepare(seconds: float | None) -> None:
    """What a new process begins with: Ctrl-C is its parent's to hear."""
    global _seconds
    _seconds = seconds
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _measured(work: Callable[[T], R], task: T) -> tuple[R, int]:
    """The result of a task, and the bytes of memory that the process has then. A process beyond its time ends itself: the watchdog is a
    thread of the C library's, which code that never comes back cannot stop."""
    with _ALONE:  # a cluster's worker may have several threads; readings share what they know
        if _seconds is None:
            return _collected(work, task), resident()
        with Path(os.devnull).open("w") as nowhere:
            faulthandler.dump_traceback_later(_seconds, exit=True, file=nowhere)
            try:
                return _collected(work, task), resident()
            finally:
                faulthandler.cancel_dump_traceback_later()


def _collected(work: Callable[[T], R], task: T) -> R:
    if gc.get_count()[0] > COLLECT_AT:
        gc.collect()
    return work(task)


def _told(result: R, task: T, done: Callable[[T], None]) -> R:
    done(task)
    return result


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that start within do not look for modules in the working folder, in which a file of the input may be called like one. One
    that is forked does not anyway; Python 3.10 cannot be told."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
