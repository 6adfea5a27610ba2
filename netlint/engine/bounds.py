"""An end for reading that takes too long, or too much memory."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netlint.frontends.limits import Limits

LOOK = 0.1
"""Seconds from one look at clock and memory to the next. What is faster than that is never looked at."""
AGAIN = 1.0
"""Seconds after which an exception is raised again, where something held it back."""


class OutOfBounds(BaseException):
    """No `except Exception` on the way may swallow it."""


class TooLong(OutOfBounds):
    """The time is over."""


class TooMuch(OutOfBounds):
    """The process has grown too much."""


def reason(error: BaseException, limits: Limits) -> str:
    """Why reading was given up, for who reads the report."""
    if isinstance(error, TooLong):
        return f"it takes more than {limits.seconds} s, which is what `limits.seconds` allows"
    if isinstance(error, TooMuch):
        return f"it takes more than {limits.memory:,} bytes of memory, which is what `limits.memory` allows"
    return "it takes more memory than there is"


_is_watched = False


@contextmanager
def bounds(seconds: float, memory: int | None) -> Iterator[None]:
    """Raises TooLong within, once `seconds` by the clock are over, and TooMuch, once the process has `memory` bytes more than at first.
    Within other bounds it is those that hold.

    Works in the main thread of a process; the time not on Windows, which has no timer that interrupts, and the memory on Linux, which
    tells how much there is. A single call into C is not interrupted: what it may take, the limits of sizes decide.
    """
    global _is_watched
    if _is_watched or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    end = time.monotonic() + seconds
    first: int | None = None
    quiet = 0.0

    def look(number: int, frame: object) -> None:
        nonlocal first, quiet
        now = time.monotonic()
        if now < quiet or not _is_watched:
            return
        quiet = now + AGAIN
        if now > end:
            raise TooLong
        if memory is not None:
            first = resident() if first is None else first
            if resident() - first > memory:
                raise TooMuch
        quiet = 0.0

    before = signal.signal(signal.SIGALRM, look)
    _is_watched = True
    signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)
    try:
        try:
            yield
        finally:
            _is_watched = False  # from here on nothing is raised, but for what comes before this line is over
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        _is_watched = False


def resident() -> int:
    """Bytes of memory that this process has now; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE")
