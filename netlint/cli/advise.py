"""`netlint advise`: a design review."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from netlint.cli import completing
from netlint.cli.errors import complain
from netlint.cli.options import batch_size_option, config_option, configured, input_option, isolated_option
from netlint.cli.publishing import put
from netlint.cli.targets import one_file


def _in_a_folder(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """A folder that is not there is told before anything is measured, which can take half a minute."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}")
    return path


@click.command()
@click.argument("target", shell_complete=completing.targets)
@input_option
@batch_size_option
@click.option("--measure", is_flag=True, help="Measure the time of activations too, on this machine.")
@click.option("--output-format", "output_format", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option(
    "--output-file",
    "output_file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_in_a_folder,
    metavar="FILE",
    help="Write the review to this file, and not to the terminal.",
)
@config_option
@isolated_option
def advise(target: str, measure: bool, output_format: str, output_file: Path | None, **options: Any) -> None:
    """Review the design of the networks of TARGET: depth, widths, cost, gradient flow, and what each usual cure would change.

    All is measured on the network's graph at its own initialisation, at the shapes of --input; nothing of a file is run. TARGET is a .py,
    .ipynb or .onnx file, one network of a file as FILE.py:NAME, or - for stdin; package.module:NAME is imported and run. An HTML review
    is one file with plots that needs nothing else, neither scripts nor the network.
    """
    from netlint.advice import review_file
    from netlint.reports import advice
    from netlint.reports.html import advice as html
    from netlint.reports.terminal import Paint, paint_for, width

    file = one_file(target, options["inputs"])
    reviews, notes = review_file(file, configured(options).for_file(file.path), measure)
    for note in notes:
        complain(f"{file.filename}: {note}")
    if not reviews and output_format != "json":
        complain(f"no network in {file.filename}")
    if output_format == "json":
        written = advice.render_json(reviews)
    elif output_format == "html":
        written = html.render(reviews, file.filename, notes)
    elif output_file is not None:
        written = advice.render(reviews, Paint(), width())
    else:
        written = advice.render(reviews, paint_for(sys.stdout), width(), advice.blocks_for(sys.stdout.encoding))
    if output_file is None:
        click.echo(written, nl=False, color=True)
    else:
        put(output_file, written)
