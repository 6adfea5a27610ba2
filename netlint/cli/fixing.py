"""`netlint check --fix`: fixes made, proved, asked for, shown or written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli.errors import complain

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.diagnostic import Diagnostic
    from netlint.engine.run import Report
    from netlint.engine.targets import InputFile
    from netlint.fixes.proposal import Proposal


def fixed(files: Sequence[InputFile], report: Report, configuration: Configuration, options: dict[str, Any]) -> list[InputFile] | None:
    """Fixes what has something to fix. Gives the files to report on after that (a fixed model is a file of its own), None if nothing was
    written."""
    run = _Run(configuration, options, frozenset(finding.fingerprint for finding in report.findings))
    fixable = {finding.filename for finding in report.findings if finding.fix is not None and finding.fix.applicability in run.kinds}
    found = {finding.filename for finding in report.findings}
    models = [file for file in files if file.kind == "module" or (file.kind == "onnx" and file.filename in found)]
    if options["output_model"] and sum(file.kind == "onnx" for file in files) != 1:
        raise click.UsageError("--output-model takes the one fixed ONNX model: name one model to check")
    left = []
    for file in files:
        if file.kind == "source" and file.filename in fixable:
            run.fix_source(file)
        left.append(run.fix_model(file) if file in models else file)
    if any(file.text is not None for file in files) and not options["diff"]:
        complain("what comes on stdin is not written anywhere; --diff shows its fixes")
    if options["diff"]:
        complain(_summary(run, report))
    return left if run.written else None


def _summary(run: _Run, report: Report) -> str:
    """What `--diff` shows, in numbers."""
    from netlint.reports.terminal import counted

    fixes = [finding.fix for finding in report.findings if finding.fix is not None and finding.fix.edits]
    unsafe = sum(fix.applicability == "unsafe" for fix in fixes) if "unsafe" not in run.kinds else 0
    more = f", {unsafe} more with --unsafe-fixes" if unsafe else ""
    return f"{counted(len(report.findings), 'finding')}; {counted(run.made, 'fix', 'fixes')} to make{more}; nothing was written"


@dataclass
class _Run:
    configuration: Configuration
    options: dict[str, Any]
    reported: frozenset[str]
    """The fingerprints of what may be fixed."""
    written: bool = False
    made: int = 0
    """How many fixes were made, or would be."""
    _answers: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("safe", "unsafe") if self.options["unsafe_fixes"] or self.options["interactive"] else ("safe",)

    @property
    def _done(self) -> str:
        return "would fix" if self.options["diff"] else "fixed"

    def wanted(self, proposal: Proposal, diagnostic: Diagnostic) -> bool:
        """Whether a fix may be made: asks, once for each finding, if asking was asked for."""
        from netlint.reports import fixes

        if self.options["diff_base"] and diagnostic.fingerprint not in self.reported:
            return False
        if not self.options["interactive"]:
            return True
        key = (diagnostic.filename, diagnostic.code, diagnostic.fingerprint)
        if key not in self._answers:
            self._answers[key] = click.confirm(fixes.question(proposal, diagnostic) + "\n  make it?", default=False, err=True)
        return self._answers[key]

    def fix_source(self, file: InputFile) -> None:
        from netlint.fixes import NotWritten, diff, write
        from netlint.fixes.session import fix_file
        from netlint.frontends.errors import SourceError
        from netlint.reports import fixes

        if file.text is not None and not self.options["diff"]:
            return
        try:
            result = fix_file(file, self.configuration.for_file(file.path), self.kinds, self.wanted)
            if self.options["diff"]:
                click.echo(diff(result.before, result.source, file.filename), nl=False)
            elif result.changed:
                write(file.path, result.before, result.source)
                self.written = True
            self.made += len(result.fixed.made)
        except (SourceError, OSError) as error:
            complain(f"{file.filename} was not fixed: {error}")
        except NotWritten as error:
            complain(str(error))
        else:
            for line in fixes.told([result], self._done):
                complain(line)

    def fix_model(self, file: InputFile) -> InputFile:
        """Fixes a model, into a file of its own; gives that, or the model if nothing was written."""
        from netlint.engine.errors import NetlintError
        from netlint.fixes.session import operation
        from netlint.frontends.errors import SourceError
        from netlint.reports import fixes

        target: Path | None = self.options["output_model"]
        if file.kind == "module":
            complain(f"{file.filename} is a live network: `netlint check --fix FILE` fixes its code, `netlint.fix` in Python a copy of it")
            return file
        if target is None and not self.options["diff"]:
            complain(f"{file.filename} is left as it is: name a file for the fixed model (-o fixed.onnx), or look at its fixes with --diff")
            return file
        try:
            result = operation(file, self.configuration.for_file(file.path)).fix(self.kinds, self.wanted)
            if result.changed and target is not None and not self.options["diff"]:
                from netlint.fixes.onnx import write_model

                old = file.path.read_bytes() if target.absolute() == file.path else None
                write_model(target, result.model, file.path, old)
        except (SourceError, NetlintError) as error:
            complain(f"{file.filename} was not fixed: {error}")
            return file
        self.made += len(result.made)
        for line in fixes.told_of_model(result, file.filename, self._done):
            complain(line)
        if not result.changed or target is None or self.options["diff"]:
            return file
        self.written = True
        return replace(file, filename=str(target), path=target.absolute())
