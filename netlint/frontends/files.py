"""Reading files that somebody else has made: only regular ones, and no more of one than it says that it holds."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MOST = 2**28
"""Bytes of a file that are read where no other limit holds."""
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""What comes in the place of a file after it was looked at is not waited for."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def content(path: Path, most: int = MOST) -> bytes:
    """The bytes of a file. Raises OSError, for what is no regular file too (reading might never end), for one that is larger than `most`,
    and for one that gives more than it says: some of `/proc` have no size and no end."""
    kind = unlike_a_file(path.stat())
    if kind:
        raise OSError(errno.EINVAL, f"it is {kind}, not a file")
    descriptor = os.open(path, _FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than the {most:,} that are read")
        data = file.read(size + 1)
    if len(data) > size:
        raise OSError(errno.EFBIG, "it holds more than it says")
    return data


def unlike_a_file(status: os.stat_result) -> str:
    """What stands in the place of a file, in words; "" for a file."""
    if stat.S_ISREG(status.st_mode):
        return ""
    return next((words for is_it, words in _KINDS if is_it(status.st_mode)), "something else")
