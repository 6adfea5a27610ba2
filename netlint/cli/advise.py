"""`netlint advise`: a design review."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from netlint.cli.errors import complain
from netlint.cli.options import batch_size_option, config_option, configured, input_option, isolated_option
from netlint.cli.targets import one_file

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("target")
@input_option
@batch_size_option
@click.option("--measure", is_flag=True, help="Measure the time of activations too, on this machine.")
@click.option("--output-format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@config_option
@isolated_option
def advise(target: str, measure: bool, output_format: str, **options: Any) -> None:
    """Review the design of the networks of TARGET: depth, widths, cost, gradient flow, and what each usual cure would change.

    All is measured on the network's graph at its own initialisation, at the shapes of --input; nothing of a file is run. TARGET is a .py,
    .ipynb or .onnx file, one network of a file as FILE.py:NAME, or - for stdin; package.module:NAME is imported and run.
    """
    from netlint.advice import review_file
    from netlint.reports import advice
    from netlint.reports.terminal import paint_for, width

    file = one_file(target, options["inputs"])
    reviews, notes = review_file(file, configured(options).for_file(file.path), measure)
    for note in notes:
        complain(f"{file.filename}: {note}")
    if output_format == "json":
        click.echo(advice.render_json(reviews), nl=False)
    elif not reviews:
        complain(f"no network in {file.filename}")
    else:
        click.echo(advice.render(reviews, paint_for(sys.stdout), width()), nl=False, color=True)
