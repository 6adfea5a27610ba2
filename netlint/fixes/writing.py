"""Writing a fixed file: all of it or nothing, and never over what somebody else wrote meanwhile.

The new content is written beside the file and moved over it. What that would take from a file is kept (mode, owner, extended attributes, a
symbolic link) or, where it cannot be kept (another owner's file, one with several names), the file is left alone. A process that is killed
may leave a `.netlint-*.tmp` beside the file, and nothing else.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netlint.engine.errors import NetlintError
from netlint.frontends.files import content

PATIENCE = 2.0
"""Seconds in which another process has to let go of its lock on a file."""
_ATTRIBUTES = ("user.", "system.posix_acl_access")
"""The extended attributes that are a user's own; the others (labels, checksums of the content) are the system's to give."""


class NotWritten(NetlintError):
    """A file was left as it was; the message says why."""


def write(path: Path, old: bytes, new: bytes) -> None:
    """Puts `new` in the place of `old`, which is what was read from the file.

    The new content is written beside the file (the target, for a symbolic link), brought to the disk, and moved over it in one step, with
    the file's mode, owner and extended attributes; whenever that is interrupted, the file holds the old or the new content. Raises
    NotWritten, and leaves the file alone, when it changed since it was read, is read-only, has several names, or cannot be written.
    """
    if old == new:
        return
    target = Path(os.path.realpath(path))
    try:
        status = target.stat()
        _check(path, target, status)
        with _alone(path, target):
            _unchanged(path, target, old)
            _put(target, new, lambda descriptor: _take_over(path, target, status, descriptor), lambda: _unchanged(path, target, old))
    except OSError as error:
        raise NotWritten(f"{path} was not written: {error.strerror or error}") from error


def create(path: Path, new: bytes) -> None:
    """Writes a file that is not there yet (where a symbolic link leads), all of it or nothing. Raises NotWritten; a file that came there
    meanwhile stays."""
    target = Path(os.path.realpath(path))

    def still_missing() -> None:
        if os.path.lexists(target):
            raise NotWritten(f"{path} was not written: it came there meanwhile")

    try:
        _put(target, new, lambda descriptor: os.fchmod(descriptor, 0o666 & ~_umask()), still_missing)
    except OSError as error:
        raise NotWritten(f"{path} was not written: {error.strerror or error}") from error


def save(path: Path, new: bytes) -> None:
    """Writes a file, new or in the place of what is there now. Raises NotWritten."""
    try:
        old = content(path) if path.exists() else None
    except OSError as error:
        raise NotWritten(f"{path} was not written: {error.strerror or error}") from error
    if old is None:
        create(path, new)
    else:
        write(path, old, new)


def _umask() -> int:
    """What new files of this process are not allowed; the system tells only when it is set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _check(path: Path, target: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotWritten(f"{path} was not written: it is not a regular file")
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise NotWritten(f"{path} was not written: it is read-only")
    if status.st_nlink > 1:  # writing into it instead would keep them together, but a process killed meanwhile would leave half a file
        raise NotWritten(f"{path} was not written: it has {status.st_nlink} names (hard links), which a new file would part")


@contextmanager
def _alone(path: Path, target: Path) -> Iterator[None]:
    """Keeps another netlint from replacing the file between the last look at it and the move. The lock ends with the process."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(target, os.O_RDONLY)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise NotWritten(f"{path} was not written: another process holds a lock on it") from None
                time.sleep(0.02)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        os.close(descriptor)


def _unchanged(path: Path, target: Path, old: bytes) -> None:
    if target.read_bytes() != old:
        raise NotWritten(f"{path} was not written: it changed since it was read")


def _put(target: Path, new: bytes, prepare: Callable[[int], None], check: Callable[[], None]) -> None:
    """Writes a file beside the target and moves it there in one step. `prepare` is given the file's descriptor, `check` is asked last."""
    descriptor, name = tempfile.mkstemp(prefix=".netlint-", suffix=".tmp", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            prepare(descriptor)
            os.fsync(descriptor)
        check()
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _take_over(path: Path, target: Path, status: os.stat_result, descriptor: int) -> None:
    """Gives the new file what the old one has beside its content. A change of the owner clears some bits of the mode, so it comes first,
    and an access control list holds bits of the mode too, so it comes last."""
    fresh = os.fstat(descriptor)
    if (fresh.st_uid, fresh.st_gid) != (status.st_uid, status.st_gid):
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except PermissionError:
            raise NotWritten(f"{path} was not written: it belongs to another user or group, which a new file would not") from None
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    if sys.platform == "linux":
        for name in os.listxattr(target):
            if name.startswith(_ATTRIBUTES):
                os.setxattr(descriptor, name, os.getxattr(target, name))


def _sync_folder(folder: Path) -> None:
    """Brings the new name to the disk too, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
