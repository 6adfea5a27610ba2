"""`netlint baseline`: accepts the findings of today, so that only new ones are reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli import completing
from netlint.cli.errors import BROKEN, OK, complain
from netlint.cli.options import batch_size_option, config_option, configured, isolated_option
from netlint.cli.targets import collected

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.baseline import Entry
    from netlint.engine.run import Report
    from netlint.engine.settings import Settings
    from netlint.engine.targets import InputFile

_targets = click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=completing.targets)


@click.group()
def baseline() -> None:
    """Accept today's findings, so that only new ones are reported.

    They are recognised by fingerprint (rule, file, module path, the operators around it), not by line. The file is the setting `baseline`,
    else netlint-baseline.json beside the settings, else in the current folder; commit it.
    """


@baseline.command()
@_targets
@batch_size_option
@config_option
@isolated_option
def create(targets: tuple[str, ...], **options: Any) -> int:
    """Accept all findings that TARGETs have now (default: the current folder); the file is replaced."""
    from netlint.engine.baseline import entries_of
    from netlint.reports.terminal import counted

    configuration, files, report = _checked(targets, options)
    path = _path(configuration)
    names = {file.filename: file.project_name for file in files}
    entries = entries_of((finding, names.get(finding.filename, finding.filename)) for finding in report.findings)
    _save(path, entries)
    complain(f"{counted(len(entries), 'finding')} accepted in {_shown(path)}")
    return _told(report)


@baseline.command()
@_targets
@batch_size_option
@config_option
@isolated_option
def prune(targets: tuple[str, ...], **options: Any) -> int:
    """Take out what is not found any more in TARGETs (default: the current folder), or whose file is gone."""
    from netlint.engine.baseline import accepted_by, entries_of, is_there, read

    configuration, files, report = _checked(targets, options)
    path = _path(configuration)
    known = read(path)
    roots = {file.root for file in files} or {path.parent}
    names = {file.filename: file.project_name for file in files}
    looked_at = {name for filename, name in names.items() if filename not in _broken(report)}
    named = [(finding, names.get(finding.filename, finding.filename)) for finding in report.findings]
    held = accepted_by(known, named, roots)
    still = entries_of((finding, name) for finding, name in named if finding.fingerprint in held)
    elsewhere = [entry for entry in known.entries if entry.filename not in looked_at and is_there(entry.filename, roots)]
    kept = {*still, *elsewhere}
    _save(path, sorted(kept))
    complain(f"{len(known.entries) - len(kept)} of {len(known.entries)} taken out of {_shown(path)}")
    return _told(report)


def _checked(targets: Sequence[str], options: dict[str, Any]) -> tuple[Configuration, list[InputFile], Report]:
    """A run in which nothing is accepted yet."""
    from netlint.engine.run import check

    configuration = configured(options)

    def settings_for(path: Path) -> Settings:
        return replace(configuration.for_file(path), baseline=None)

    files, problems = collected(targets or (".",), configuration, None)
    return configuration, files, check(files, settings_for, problems=problems)


def _path(configuration: Configuration) -> Path:
    from netlint.engine.baseline import FILENAME

    settings = configuration.for_folder(Path.cwd())
    return settings.baseline or (settings.root or Path.cwd()) / FILENAME


def _save(path: Path, entries: Sequence[Entry]) -> None:
    from netlint.engine.baseline import render
    from netlint.fixes.writing import save

    save(path, render(entries).encode("utf-8"))


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _broken(report: Report) -> set[str]:
    from netlint.engine.notices import NOT_CHECKED

    return {finding.filename for finding in report.findings if finding.code == NOT_CHECKED.code}


def _told(report: Report) -> int:
    """Says what could not be checked, and so is not in the baseline."""
    for message in (*report.problems, *report.unread, *(f"{filename} could not be checked" for filename in sorted(_broken(report)))):
        complain(message)
    return BROKEN if report.broken else OK
