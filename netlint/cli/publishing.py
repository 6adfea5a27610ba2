"""`netlint check`: which reports go where, and how far the run is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.run import Depict, Report
    from netlint.engine.targets import InputFile

CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where GitHub and GitLab say what the top of the checkout is, which they count paths from."""
LONG_RUN = 50
"""Files from which a progress bar is worth its line."""


@dataclass(frozen=True, slots=True)
class Output:
    """A report to make: its format, and its file (None: stdout)."""

    format: str
    file: Path | None = None


def asked_for(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[Output, ...]:
    """What `--output-format FORMAT[:FILE]` names, in its order."""
    from netlint.config import OUTPUT_FORMATS
    from netlint.engine.spelling import hint

    found = []
    for text in texts:
        name, colon, file = text.partition(":")
        if name not in OUTPUT_FORMATS:
            raise click.BadParameter(f"`{name}` is none of {', '.join(OUTPUT_FORMATS)}{hint(name, OUTPUT_FORMATS)}")
        if colon and not file:
            raise click.BadParameter(f"`{text}`: a file belongs after the colon")
        found.append(Output(name, Path(file) if file else None))
    return tuple(found)


def completed(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """The formats that begin so, for the shell."""
    from netlint.config import OUTPUT_FORMATS

    return [name for name in OUTPUT_FORMATS if name.startswith(begun)]


def outputs(options: dict[str, Any], usual: str) -> list[Output]:
    """The reports to make; `usual` is the format where none is asked for. Raises UsageError for what does not go together, and
    ClickException for a file that cannot be written, before anything is checked."""
    wanted: list[Output] = list(options["output_format"]) or [Output(usual)]
    loose = [output for output in wanted if output.file is None]
    if len(loose) > 1:
        names = ", ".join(output.format for output in loose)
        raise click.UsageError(f"only one format can go to stdout, not {names}: give the others a file, as in {loose[-1].format}:FILE")
    if options["output_file"] and not loose:
        raise click.UsageError("--output-file is for the one format without a file of its own, and each has one")
    wanted = [replace(output, file=output.file or options["output_file"]) for output in wanted]
    files = [output.file.absolute() for output in wanted if output.file]
    if len(set(files)) < len(files):
        raise click.UsageError("two formats cannot go to the same file")
    for output in wanted:
        _check(output, options)
    if options["diff"] and (options["output_format"] or options["statistics"]) and any(output.file is None for output in wanted):
        raise click.UsageError("--diff shows its diff on stdout: give the report a file, as in --output-format json:FILE")
    return wanted


def _check(output: Output, options: dict[str, Any]) -> None:
    from netlint.reports.formats import FORMATS

    if options["statistics"] and FORMATS[output.format].statistics is None:
        counting = " and ".join(name for name, format in FORMATS.items() if format.statistics)
        origin = "" if options["output_format"] else " (`output-format` in the settings)"
        raise click.UsageError(f"--statistics goes with {counting}, not with {output.format}{origin}")
    if output.file and not output.file.parent.is_dir():
        raise click.ClickException(f"cannot write {output.file}: No such file or directory: `{output.file.parent}`")
    if output.file and output.file.is_dir():
        raise click.ClickException(f"cannot write {output.file}: it is a folder")


def depicted(wanted: Sequence[Output]) -> Depict | None:
    """What the reports want kept of each network; None if no format wants anything."""
    from netlint.reports.formats import FORMATS

    return next((depict for output in wanted if (depict := FORMATS[output.format].depict)), None)


def publish(
    report: Report, wanted: Sequence[Output], files: Sequence[InputFile], configuration: Configuration, options: dict[str, Any]
) -> None:
    """Makes each report, and prints or writes it."""
    from netlint.engine.registry import load
    from netlint.reports.formats import FORMATS, View
    from netlint.reports.places import Places
    from netlint.reports.terminal import Paint, paint_for, width

    view = View(
        columns=width(),
        verbose=options["verbose"],
        quiet=options["quiet"],
        files=[file.filename for file in files],
        entries={one.code: load(configuration.for_file(Path(one.filename)).rule_paths).find(one.code) for one in report.findings},
        places=Places(Path.cwd(), checkout(), report.sources),
    )
    for output in wanted:
        format = FORMATS[output.format]
        render = format.statistics if options["statistics"] and format.statistics else format.render
        text = render(report, replace(view, paint=Paint() if output.file else paint_for(sys.stdout)))
        if output.file is None:
            click.echo(text, nl=False, color=True)
        else:
            put(output.file, text)


def checkout() -> Path:
    """The top of the checkout where a service tells it, else the working folder."""
    here = Path.cwd()
    told = (Path(folder).resolve() for name in CHECKOUTS if (folder := os.environ.get(name)))
    return next((folder for folder in told if here.is_relative_to(folder)), here)


def put(path: Path, text: str) -> None:
    """Writes a report: a reader finds the old one or the new one, whole. Raises ClickException."""
    from netlint.fixes.writing import NotWritten, save

    data = text.encode("utf-8", "replace")
    try:
        if path.exists() and not path.is_file():  # a pipe or a device
            path.write_bytes(data)
        else:
            save(path, data)
            path.touch()  # the same report is a new one too, for make and its like
    except NotWritten as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def progress(files: int, quiet: bool) -> Iterator[Callable[[object], None] | None]:
    """A bar on stderr for a long run that a person watches; gives what is to be called after each file."""
    watched = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
    if quiet or not watched or files < LONG_RUN:
        yield None
        return
    with click.progressbar(length=files, label="checking", show_pos=True, file=sys.stderr) as bar:
        yield lambda _: bar.update(1)
