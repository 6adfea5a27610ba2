"""`netlint check --fix`: fixes made, proved, asked for, shown or written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from netlint.cli.errors import complain

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.diagnostic import Diagnostic
    from netlint.engine.run import Report
    from netlint.engine.targets import InputFile
    from netlint.fixes.proposal import Proposal


def fixed(files: Sequence[InputFile], report: Report, configuration: Configuration, options: dict[str, Any]) -> bool:
    """Fixes the source files that have something to fix; whether one was written."""
    from netlint.fixes import NotWritten, diff, write
    from netlint.fixes.session import fix_file
    from netlint.frontends.errors import SourceError
    from netlint.reports import fixes

    kinds = ("safe", "unsafe") if options["unsafe_fixes"] or options["interactive"] else ("safe",)
    fixable = {finding.filename for finding in report.findings if finding.fix is not None and finding.fix.applicability in kinds}

    def wanted(proposal: Proposal, diagnostic: Diagnostic) -> bool:
        key = (diagnostic.code, diagnostic.fingerprint)
        if key not in answers:
            answers[key] = click.confirm(fixes.question(proposal, diagnostic) + "\n  make it?", default=False, err=True)
        return answers[key]

    written = False
    for file in files:
        if file.filename not in fixable or file.kind != "source" or (file.text is not None and not options["diff"]):
            continue
        answers: dict[tuple[str, str], bool] = {}
        try:
            result = fix_file(file, configuration.for_file(file.path), kinds, wanted if options["interactive"] else None)
        except (SourceError, OSError) as error:
            complain(f"{file.filename} was not fixed: {error}")
            continue
        if options["diff"]:
            click.echo(diff(result.before, result.source, file.filename), nl=False)
        elif result.changed:
            try:
                write(file.path, result.before, result.source)
                written = True
            except NotWritten as error:
                complain(str(error))
                continue
        for line in fixes.told([result], "would fix" if options["diff"] else "fixed"):
            complain(line)
    if any(file.text is not None for file in files) and not options["diff"]:
        complain("what comes on stdin is not written anywhere; --diff shows its fixes")
    return written
