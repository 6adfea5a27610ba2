"""`netlint verify`: what each suggestion would do."""

from __future__ import annotations

import sys
from typing import Any

import click

from netlint.cli import completing
from netlint.cli.errors import FINDINGS, OK
from netlint.cli.options import batch_size_option, config_option, configured, input_option, isolated_option, rules_option
from netlint.cli.targets import naming, one_file


@click.command()
@click.argument("target", shell_complete=completing.targets)
@rules_option("--select", "Verify the fixes of these rules only.")
@rules_option("--ignore", "Leave these rules out.")
@click.option("--output-format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@input_option
@batch_size_option
@config_option
@isolated_option
def verify(target: str, output_format: str, **options: Any) -> int:
    """Verify what each suggestion would do to the networks of TARGET, and print the evidence. Nothing is written.

    Each fix is made alone, in memory. The networks before and after it are rebuilt from their graphs and compared on ordinary and
    adversarial tensors: results, gradients, weights, in training and evaluation; an ONNX model and a live one are run as a whole, too,
    with their own weights. TARGET is a .py, .ipynb or .onnx file, or - for stdin; package.module:NAME is imported and run. The exit code
    is 1 if a fix is not what it declares.
    """
    from netlint.engine.reading import read
    from netlint.fixes.session import operation, verify_file
    from netlint.reports import fixes
    from netlint.reports.terminal import paint_for

    file = one_file(target, options["inputs"])
    settings = configured(options).for_file(file.path)
    with naming(file):
        results = verify_file(file, settings) if file.kind == "source" else operation(file, settings).verify()
        source = read(file)
    if output_format == "json":
        click.echo(fixes.verifications_json(results, source), nl=False)
    else:
        click.echo(fixes.verifications(results, paint_for(sys.stdout)), nl=False, color=True)
    return FINDINGS if any(one.proof is not None and one.proof.contradicted for one in results) else OK
