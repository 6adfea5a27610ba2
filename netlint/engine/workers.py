"""Spreading work over processes, without the result telling how."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORTH_A_POOL = 1_000_000
"""Bytes of source from which starting processes pays off."""
COLLECT_AT = 300_000
"""Objects that may be left over before cyclic garbage is collected, about 60 MB; graphs are all cycles, and collecting during a file
costs more than it frees."""


def spread(
    work: Callable[[T], R],
    tasks: Sequence[T],
    sizes: Sequence[int],
    jobs: int | None,
    lost: Callable[[T, BaseException], R],
    on_done: Callable[[T], None] | None = None,
) -> list[R]:
    """The results of `work` on each task, in the order of the tasks.

    `jobs` processes are used; None takes one, and from WORTH_A_POOL bytes of `sizes` one a processor. `lost` makes the
    result of a task whose process died. `on_done` hears of each task that is done, in this process and in any order.
    """
    if jobs is None:
        jobs = _processors() if sum(sizes) > WORTH_A_POOL else 1
    jobs = min(jobs, len(tasks))
    done = on_done or (lambda _: None)
    if jobs <= 1:
        with _collecting_seldom():
            return [_told(_counted(work, task), task, done) for task in tasks]
    largest_first = sorted(range(len(tasks)), key=lambda index: -sizes[index])
    results: dict[int, R] = {}
    with ProcessPoolExecutor(jobs, initializer=gc.disable) as pool:
        futures = {pool.submit(_counted, work, tasks[index]): index for index in largest_first}
        for future in as_completed(futures):
            index = futures[future]
            try:
                results[index] = future.result()
            except Exception as error:  # the process is gone (memory, a signal): its task is reported, not lost
                results[index] = lost(tasks[index], error)
            done(tasks[index])
    return [results[index] for index in range(len(tasks))]


def _counted(work: Callable[[T], R], task: T) -> R:
    if gc.get_count()[0] > COLLECT_AT:
        gc.collect()
    return work(task)


def _told(result: R, task: T, done: Callable[[T], None]) -> R:
    done(task)
    return result


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
