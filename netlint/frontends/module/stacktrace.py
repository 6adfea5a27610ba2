"""Places in the user's code from the text of a stack trace, as exported programs and ONNX exporters keep it."""

from __future__ import annotations

import linecache
import re
from functools import lru_cache
from pathlib import Path

from netlint.graph import FixedSite, Location

_FRAME = re.compile(r'File "(?P<file>[^"\n]+)", line (?P<row>\d+), in (?P<scope>[^\n]+)')
_TORCH = re.compile(r"(^|[/\\])torch[/\\](nn|_\w+|functional|utils|autograd|export|fx|ao|jit)\b")


@lru_cache(maxsize=4096)
def site_of(trace: str) -> FixedSite | None:
    """The innermost frame that is not PyTorch's own."""
    for frame in reversed(list(_FRAME.finditer(trace))):
        if not _TORCH.search(frame["file"]):
            return _site(frame["file"], int(frame["row"]), frame["scope"].strip())
    return None


def _site(file: str, row: int, scope: str) -> FixedSite:
    """The whole line: a trace does not say more. Where the file is not there, only its number is known."""
    text = linecache.getline(file, row).rstrip() if Path(file).is_file() else ""
    column = len(text) - len(text.lstrip()) + 1
    return FixedSite(Location(file, row, column, row, max(len(text), 0) + 1), scope)
