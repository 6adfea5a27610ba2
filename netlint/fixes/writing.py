"""Writing a fixed file: all of it or nothing, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from netlint.engine.errors import NetlintError


class NotWritten(NetlintError):
    """A file was left as it was; the message says why."""


def write(path: Path, old: bytes, new: bytes) -> None:
    """Puts `new` in the place of `old`, which is what was read from the file.

    The new content is written beside the file (the target, for a symbolic link), brought to the disk, and moved over it in one step, with
    the file's mode and owner; whenever that is interrupted, the file holds the old or the new content. Raises NotWritten, and leaves the
    file alone, when it changed since it was read, is read-only, or cannot be written.
    """
    if old == new:
        return
    target = Path(os.path.realpath(path))
    try:
        status = target.stat()
        _check(path, target, status, old)
        _put(target, new, lambda descriptor: _take_over(descriptor, status), lambda: _unchanged(path, target, old))
    except OSError as error:
        raise NotWritten(f"{path} was not written: {error.strerror or error}") from error


def create(path: Path, new: bytes) -> None:
    """Writes a file that is not there yet, all of it or nothing. Raises NotWritten; a file that came there meanwhile stays."""

    def still_missing() -> None:
        if path.exists():
            raise NotWritten(f"{path} was not written: it came there meanwhile")

    try:
        _put(path, new, lambda descriptor: os.fchmod(descriptor, 0o666 & ~_umask()), still_missing)
    except OSError as error:
        raise NotWritten(f"{path} was not written: {error.strerror or error}") from error


def save(path: Path, new: bytes) -> None:
    """Writes a file, new or in the place of what is there now. Raises NotWritten."""
    try:
        old = path.read_bytes() if path.exists() else None
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


def _check(path: Path, target: Path, status: os.stat_result, old: bytes) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotWritten(f"{path} was not written: it is not a regular file")
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise NotWritten(f"{path} was not written: it is read-only")
    _unchanged(path, target, old)


def _unchanged(path: Path, target: Path, old: bytes) -> None:
    if target.read_bytes() != old:
        raise NotWritten(f"{path} was not written: it changed since it was read")


def _put(target: Path, new: bytes, prepare: Callable[[int], None], check: Callable[[], None]) -> None:
    """Writes a file beside the target and moves it there in one step. `prepare` is given the file's descriptor, `check` is asked last."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
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


def _take_over(descriptor: int, status: os.stat_result) -> None:
    """Gives the new file the owner and the mode of the old one. A change of the owner clears some bits of the mode, so it comes first."""
    fresh = os.fstat(descriptor)
    if (fresh.st_uid, fresh.st_gid) != (status.st_uid, status.st_gid):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _sync_folder(folder: Path) -> None:
    """Brings the new name to the disk too, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
