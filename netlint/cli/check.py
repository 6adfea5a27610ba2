"""`netlint check`: lint, fix, and report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli import completing
from netlint.cli.errors import BROKEN, FINDINGS, OK, complain
from netlint.cli.fixing import fixed
from netlint.cli.ignoring import ignored
from netlint.cli.options import batch_size_option, config_option, configured, input_option, isolated_option, rules_option
from netlint.cli.publishing import asked_for, completed, depicted, outputs, progress, publish
from netlint.cli.targets import collected, with_inputs
from netlint.cli.watching import watch

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.diagnostic import Diagnostic, Fix
    from netlint.engine.evaluation import Found
    from netlint.engine.reading import Source
    from netlint.engine.run import Report
    from netlint.engine.targets import InputFile
    from netlint.graph import Graph, Location


_NOT_EXCLUDED = " that is not excluded"


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=completing.targets)
@rules_option("--select", "Run only these rules (codes, prefixes such as NL4, names, or ALL).")
@rules_option("--ignore", "Leave these rules out.")
@rules_option("--extend-select", "Run these rules too.")
@click.option("--fix", "fix", is_flag=True, help="Write the safe fixes: those that are proved to change no result, weight or training.")
@click.option("--unsafe-fixes", is_flag=True, help="Write the unsafe fixes too: those that mean to change something.")
@click.option("--diff", "diff", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--interactive", is_flag=True, help="Ask for each fix.")
@click.option(
    "--output-model", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the fixed ONNX model there."
)
@click.option(
    "--add-ignore", metavar="[=REASON]", help="Accept each finding with a comment on its line; --add-ignore=REASON gives the reason."
)
@click.option("--diff-base", metavar="REV", help="Report, fix and accept only what changed since this revision of git.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "advice"]), help="What makes the exit code 1.  [default: warning]")
@batch_size_option
@input_option
@click.option(
    "--output-format",
    multiple=True,
    callback=asked_for,
    shell_complete=completed,
    metavar="FORMAT[:FILE]",
    help="text, json, sarif, github, gitlab, junit or html; with a file to write it there (repeatable).  [default: text]",
)
@click.option(
    "--output-file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write the report there, not to stdout.",
)
@click.option("--force-exclude", is_flag=True, help="Leave out what is excluded even where it is named file by file, as hooks do.")
@click.option("--statistics", is_flag=True, help="Show how many findings each rule has, instead of the findings.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to use.  [default: as many as pay off]")
@click.option("--executor", metavar="dask:ADDRESS", help="Check the files on a Dask cluster (extra `dask`).")
@click.option("--no-cache", is_flag=True, help="Read everything afresh, and remember nothing.")
@click.option("--watch", is_flag=True, help="Check again whenever a file or the settings change (extra `watch`).")
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of findings.")
@config_option
@isolated_option
@click.option("--quiet", "-q", is_flag=True, help="Print the counts only, and nothing when there are no findings.")
@click.option("--verbose", "-v", is_flag=True, help="Show advice in full, and all that could not be seen or evaluated.")
@click.option("--stdin-filename", metavar="FILE", help="The name of the source that comes on stdin.")
def check(targets: tuple[str, ...], **options: Any) -> int:
    """Lint files, folders and models.

    TARGET is a .py, .ipynb or .onnx file, a folder (walked; .gitignore is respected), or - for stdin; FILE.py:NAME picks one network of a
    file: a class, a builder function or a variable. Without TARGET: the current folder. Nothing that is read is imported or run.
    package.module:NAME, in contrast, is imported and run: a module class, a factory or an instance.
    """
    from netlint.engine.run import check as check_files

    if options["watch"]:
        return watch(targets, options, lambda run: _once(targets, options, run.check))
    if options["executor"] is not None:
        from netlint.engine.executors import named

        check_files = partial(check_files, pool=named(options["executor"]))
    if options["no_cache"]:
        return _once(targets, options, check_files)
    from netlint.engine.cache import Cache

    cache = Cache()
    code = _once(targets, options, partial(check_files, memory=cache))
    if options["verbose"] and cache.problem:
        complain(cache.problem)
    return code


def _once(targets: Sequence[str], options: dict[str, Any], check_files: Callable[..., Report]) -> int:
    if options["diff"] and options["add_ignore"] is not None:
        raise click.UsageError("--diff writes nothing, --add-ignore writes comments: one of the two")
    configuration = configured(options)
    files, problems = collected(targets or (".",), configuration, options["stdin_filename"])
    files = with_inputs(files, options["inputs"])
    fixing = any(options[name] for name in ("fix", "unsafe_fixes", "diff", "interactive"))
    home = files[0].path.parent if files else Path.cwd()
    wanted = outputs(options, configuration.for_folder(home).output_format)
    changes = None
    if options["diff_base"]:
        from netlint.engine.changes import changes_since

        changes = changes_since(options["diff_base"], Path.cwd())

    def checked(files: Sequence[InputFile], on_done: Callable[[object], None] | None = None) -> Report:
        report = check_files(files, configuration.for_file, options["jobs"], problems, _proposals, on_done, depicted(wanted))
        return replace(report, findings=tuple(filter(changes.touch, report.findings))) if changes is not None else report

    with progress(len(files), options["quiet"]) as on_done:
        report = checked(files, on_done)
    left = fixed(files, report, configuration, options) if fixing else None
    if left is not None:
        report = checked(left)
    if options["add_ignore"] is not None and ignored(files, report, options["add_ignore"]):
        report = checked(files)
    for message in (*configuration.warnings, *report.notes, *report.problems):
        complain(message)
    if report.unread:
        others = len(report.unread) - 1
        complain(f"{report.unread[0]}{f'; so does reading {others} more of the files' if others else ''}")
    if not files and not problems:
        where = ", ".join(targets or (".",))
        complain(f"no Python file, notebook or ONNX model in {where}{_NOT_EXCLUDED * options['force_exclude']}: nothing was checked")
    if options["diff"]:
        wanted = [output for output in wanted if output.file]
    publish(report, wanted, files if left is None else left, configuration, options)
    return _exit_code(report, configuration, options["exit_zero"])


def _proposals(judged: Sequence[tuple[Graph, Sequence[Found]]], filename: str, source: Source) -> Mapping[tuple[str, Location], Fix]:
    """`netlint.fixes.proposals`, imported where a file has to be read."""
    from netlint.fixes import proposals

    return proposals(judged, filename, source)


def _exit_code(report: Report, configuration: Configuration, exit_zero: bool) -> int:
    if report.broken:
        return BROKEN

    def fails(finding: Diagnostic) -> bool:
        return finding.severity.rank <= configuration.for_file(Path(finding.filename)).fail_on.rank

    return FINDINGS if not exit_zero and any(fails(finding) for finding in report.findings) else OK
