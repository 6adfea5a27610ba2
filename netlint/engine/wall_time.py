"""An end by the clock for code that takes too long."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooLong(BaseException):
    """The time is over. No `except Exception` on the way may swallow it."""


@contextmanager
def wall_time(seconds: float) -> Iterator[None]:
    """Raises TooLong within, once `seconds` by the clock are over; again each second, where something held it back.

    Works in the main thread of a process, and not on Windows, which has no timer that interrupts.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
