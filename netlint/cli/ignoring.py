"""`netlint check --add-ignore`: findings accepted by comments in the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netlint.cli.errors import complain

if TYPE_CHECKING:
    from netlint.engine.run import Report
    from netlint.engine.targets import InputFile

_ELSEWHERE = "has no place for a comment; `ignore-modules` in the settings accepts its findings"


def ignored(files: Sequence[InputFile], report: Report, reason: str) -> bool:
    """Writes the comments for all findings that stand in files of Python source. Whether one was written."""
    from netlint.fixes.source.ignoring import add_ignores
    from netlint.fixes.writing import NotWritten, write
    from netlint.frontends.errors import SourceError
    from netlint.reports.places import place
    from netlint.reports.terminal import counted

    words = " ".join(reason.split()).replace("#", "")
    written = False
    for file in files:
        findings = [finding for finding in report.findings if finding.filename == file.filename]
        if not findings:
            continue
        if file.kind != "source" or file.text is not None:
            complain(f"{file.filename} {_ELSEWHERE}")
            continue
        try:
            before = file.path.read_bytes()
            result = add_ignores(before, findings, words, file.filename)
            write(file.path, before, result.source)
        except (SourceError, OSError) as error:
            complain(f"{file.filename}: nothing was accepted: {error}")
            continue
        except NotWritten as error:
            complain(str(error))
            continue
        written = written or bool(result.accepted)
        if result.accepted:
            complain(f"{file.filename}: {counted(len(result.accepted), 'finding')} accepted")
        for finding, why in result.left:
            complain(f"{place(finding)}: {finding.code} was not accepted: {why}")
    return written
