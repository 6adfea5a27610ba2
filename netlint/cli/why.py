"""`netlint why`: why a rule did or did not fire."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli import completing
from netlint.cli.options import batch_size_option, config_option, configured, input_option, isolated_option
from netlint.cli.targets import one_file

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("rule", shell_complete=completing.rules)
@click.argument("target", metavar="TARGET[:LINE]", shell_complete=completing.targets)
@input_option
@batch_size_option
@config_option
@isolated_option
def why(rule: str, target: str, **options: Any) -> None:
    """Tell why RULE did or did not fire on TARGET, thing by thing: fired, clear, unknown with the reason, suppressed."""
    from netlint.engine.registry import load
    from netlint.engine.why import explain_file
    from netlint.reports import verdicts
    from netlint.reports.terminal import paint_for, width

    path, _, last = target.rpartition(":")
    row = int(last) if path and last.isdecimal() and not Path(target).exists() else None
    file = one_file(path if row is not None else target, options["inputs"])
    settings = configured(options).for_file(file.path)
    entry = load(settings.rule_paths).find(rule)
    networks, explanations = explain_file(entry.rule, file, settings, row)
    click.echo(verdicts.render(entry.rule, explanations, networks, target, paint_for(sys.stdout), width()), nl=False, color=True)
