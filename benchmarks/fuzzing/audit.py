"""A watch over what a process does while netlint reads: the events of Python's audit hooks that nothing which is read may cause.

Code that runs says so here wherever it comes from, since the hook sees each `exec`, process, connection and change of a file. What is not
seen: what a C library does by itself.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = (
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "pty.",
    "socket.",
    "urllib.",
    "http.",
    "ftplib.",
)
CHANGING = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "shutil.")
OWN = ("netlint", "builtins", "collections", "concurrent", "copyreg", "enum", "functools", "multiprocessing", "pathlib")
"""Modules of what netlint's own processes send each other."""
_LIBRARY = tuple(sorted({os.path.realpath(path) + os.sep for path in (*sysconfig.get_paths().values(), str(Path(os.__file__).parent))}))
_SILENT = (os.devnull,)


class Audit:
    """One hook for the whole process (Python never takes one away), which looks only inside `watching`.

    `tell` is given a sentence for each event that is forbidden, at the moment it happens.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._inputs: tuple[str, ...] = ()
        self._writable: tuple[str, ...] = ()
        self._active = False
        sys.dont_write_bytecode = True  # importing netlint's own modules writes nothing either
        sys.addaudithook(self._hear)

    @contextmanager
    def watching(self, inputs: Sequence[Path], writable: Sequence[Path] = ()) -> Iterator[None]:
        """Watches. Nothing below `inputs` may run; files may be changed below `writable` alone."""
        self._inputs, self._writable = _below(inputs), _below(writable)
        self._active = True
        try:
            yield
        finally:
            self._active = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._active:
            return
        self._active = False  # what is done here raises events too
        try:
            complaint = self._complaint(event, arguments)
            if complaint:
                self._tell(complaint)
        finally:
            self._active = True

    def _complaint(self, event: str, arguments: tuple[Any, ...]) -> str:
        if event == "open":
            path, _, flags = arguments
            return f"{path} opened for writing" if flags & WRITING and self._is_foreign(path) else ""
        if event == "exec":
            return self._executed(arguments[0].co_filename)
        if event == "pickle.find_class":
            return "" if str(arguments[0]).split(".")[0] in OWN else f"pickle asked for {arguments[0]}.{arguments[1]}"
        if event == "ctypes.dlopen":
            return f"{arguments[0]} loaded" if _lies(arguments[0], self._inputs) else ""
        if event.startswith(FORBIDDEN):
            return f"{event}{arguments!r:.200}"
        if event.startswith(CHANGING):
            paths = [one for one in arguments if isinstance(one, (str, bytes))]
            return f"{event} {paths}" if any(map(self._is_foreign, paths)) else ""
        return ""

    def _is_foreign(self, path: object) -> bool:
        return isinstance(path, (str, bytes)) and os.fsdecode(path) not in _SILENT and not _lies(path, self._writable)

    def _executed(self, filename: str) -> str:
        """Code from a file of the input, or from a string that no library put together (as dataclasses do)."""
        if filename and not filename.startswith("<"):
            return f"{filename} was run" if _lies(filename, self._inputs) else ""
        if not filename.startswith("<frozen"):
            caller = sys._getframe(3).f_code.co_filename
            if not caller.startswith("<") and not os.path.realpath(caller).startswith(_LIBRARY):
                return f"code was run by {caller}"
        return ""


def _below(folders: Sequence[Path]) -> tuple[str, ...]:
    return tuple(os.path.realpath(folder) + os.sep for folder in folders)


def _lies(path: object, folders: tuple[str, ...]) -> bool:
    """Whether a path lies in one of the folders, or is one; a link in it counts as what it points at."""
    if not isinstance(path, (str, bytes)):
        return False
    real = os.path.realpath(os.fsdecode(path))
    return f"{real}{os.sep}".startswith(folders)
