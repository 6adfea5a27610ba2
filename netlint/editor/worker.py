"""The process that reads and checks: it takes one question after the other from stdin and answers on stdout.

A message is a pickle with its length before it. The server starts this process and is the only one that writes to it.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import struct
import sys
import traceback
from typing import Any, BinaryIO

HEADER = struct.Struct(">Q")
COLLECT_AT = 200_000
"""Objects that may be left over before cyclic garbage is collected, which is done when nothing is asked."""
MOST_LEFT = 1_000_000
"""Objects from which it is done in any case, about 200 MB."""
MOMENT = 0.3
"""Seconds without a question that are a rest."""


def packed(message: object) -> bytes:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(data)) + data


def main() -> None:
    """Answers until stdin ends. Whatever code prints goes to stderr: stdout carries the answers."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    gc.disable()
    desk: Any = None
    while (question := _next(questions)) is not None:
        name, arguments = question
        try:
            if name == "open":
                from netlint.editor.desk import Desk

                desk = Desk(*arguments)
                gc.freeze()  # the modules stay: they need not be looked through each time
                answer: tuple[bool, object] = True, None
            else:
                answer = True, getattr(desk, name)(*arguments)
        except Exception:  # a check that fails must not end the server
            answer = False, traceback.format_exc()
        answers.write(packed(answer))
        answers.flush()
        left = gc.get_count()[0]
        if left > MOST_LEFT or (left > COLLECT_AT and not _is_asked(questions)):
            gc.collect()


def _is_asked(questions: BinaryIO) -> bool:
    """Whether a question comes within a moment; on Windows nobody can tell of a pipe."""
    return sys.platform != "win32" and bool(select.select([questions], [], [], MOMENT)[0])


def _next(stream: BinaryIO) -> tuple[str, tuple[Any, ...]] | None:
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    found: tuple[str, tuple[Any, ...]] = pickle.loads(stream.read(HEADER.unpack(header)[0]))
    return found
