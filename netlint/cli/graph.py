"""`netlint graph`: the network as netlint sees it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from netlint.cli import completing
from netlint.cli.errors import complain
from netlint.cli.options import input_option
from netlint.cli.targets import one_file

if TYPE_CHECKING:
    from netlint.engine.targets import ExampleInput


@click.command()
@click.argument("target", shell_complete=completing.targets)
@click.option("--format", "output_format", type=click.Choice(["text", "json", "dot", "svg"]), default="text", show_default=True)
@input_option
def graph(target: str, output_format: str, inputs: tuple[ExampleInput, ...]) -> None:
    """Show the network as netlint sees it: layers, shapes, parameters and cost, of a source file from the source alone.

    TARGET is a .py, .ipynb or .onnx file, one network of a file as FILE.py:NAME, or - for stdin; package.module:NAME is imported and run.
    """
    from netlint.engine.reading import reading_of
    from netlint.reports import network_dot, network_json, network_svg, network_text
    from netlint.reports.terminal import paint_for

    file = one_file(target, inputs)
    reading = reading_of(file)
    found = reading.graphs
    for note in reading.notes:
        complain(f"{file.filename}: {note}")
    if not found and output_format in ("text", "svg"):
        complain(f"no network in {file.filename}")
    elif output_format == "text":
        click.echo(network_text.render(found, paint_for(sys.stdout)), nl=False, color=True)
    else:
        writer = {"json": network_json, "dot": network_dot, "svg": network_svg}[output_format]
        click.echo(writer.render(found), nl=False)
