"""Reading and checking bytes as a file of a project."""

from __future__ import annotations

from dataclasses import replace

from netlint.engine.reading import forget, graphs, read
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes.checking import check_networks
from netlint.fixes.proposal import Checked
from netlint.fixes.source.convergence import ReadAndCheck


def checker(file: InputFile, settings: Settings) -> ReadAndCheck:
    """What `fix_source` needs for one source file.

    What the file imports is read once: nobody else changes it meanwhile. Raises SourceError, when it is called, for bytes that cannot
    be read.
    """
    forget()

    def read_and_check(source: bytes) -> Checked:
        given = replace(file, text=source)
        text = read(given)
        return check_networks(given, settings, graphs(given, text, settings.limits).graphs, text)

    return read_and_check
