"""A process that is killed at any event of a write leaves the old or the new file."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import pytest

from netlint.fixes import write

OLD, NEW = b"old" * 5000, b"new" * 7000


def killed_at(event: int, path: Path) -> bool:
    """Writes in a process of its own that is killed at one of its calls and returns; whether the write was over before."""
    left = event

    def count(frame: FrameType, kind: str, argument: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        sys.setprofile(count)  # calls and returns, those of functions in C too
        try:
            write(path, OLD, NEW)
        finally:
            sys.setprofile(None)
            os._exit(0)
    return not os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_kill_at_any_call_of_the_write_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    seen = []
    for event in range(5000):
        path.write_bytes(OLD)
        over = killed_at(event, path)
        seen.append(path.read_bytes())
        if over:
            break
    assert over, "the write came to its end"
    assert set(seen) == {OLD, NEW}
    assert seen == [*[OLD] * seen.count(OLD), *[NEW] * seen.count(NEW)], "first the old file, then the new one"
    path.write_bytes(OLD)
    write(path, OLD, NEW)  # what the killed ones have left does not stand in the way
    assert path.read_bytes() == NEW
