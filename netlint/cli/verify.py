"""`netlint verify`: what each suggestion would do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from netlint.cli.errors import FINDINGS, OK
from netlint.cli.options import batch_size_option, config_option, configured, isolated_option, rules_option
from netlint.cli.targets import one_file

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("target")
@rules_option("--select", "Verify the fixes of these rules only.")
@rules_option("--ignore", "Leave these rules out.")
@click.option("--output-format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@batch_size_option
@config_option
@isolated_option
def verify(target: str, output_format: str, **options: Any) -> int:
    """Verify what each suggestion would do to the networks of TARGET, and print the evidence. Nothing is written.

    Each fix is made alone, in memory. The networks before and after it are rebuilt from their graphs and compared on ordinary and
    adversarial tensors: results, gradients, weights, in training and evaluation. TARGET is a .py file, or - for stdin. The exit code is 1
    if a fix is not what it declares.
    """
    from netlint.engine.errors import NetlintError
    from netlint.fixes.session import verify_file
    from netlint.frontends.errors import SourceError
    from netlint.reports import fixes
    from netlint.reports.terminal import paint_for

    file = one_file(target, ())
    if file.kind != "source":
        raise NetlintError(f"`{target}`: this version verifies fixes of Python source only")
    try:
        results = verify_file(file, configured(options).for_file(file.path))
    except SourceError as error:
        raise NetlintError(f"{file.filename}:{error.row}:{error.column}: {error.message}") from error
    if output_format == "json":
        click.echo(fixes.verifications_json(results), nl=False)
    else:
        click.echo(fixes.verifications(results, paint_for(sys.stdout)), nl=False, color=True)
    return FINDINGS if any(one.proof is not None and not all(e.holds for _, e in one.proof.evidence) for one in results) else OK
