"""`netlint rule` and `netlint rules`: the pages of the rules, and their table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli import completing
from netlint.cli.options import config_option, configured, isolated_option

if TYPE_CHECKING:
    from netlint.engine.registry import Registry


@click.command()
@click.argument("name", metavar="[CODE|NAME]", required=False, shell_complete=completing.rules)
@config_option
@isolated_option
def rule(name: str | None, **options: Any) -> None:
    """Show a rule's page: what, why, the evidence for and against, when it is fine, and its options."""
    from netlint.reports import page
    from netlint.reports.terminal import paint_for, width

    registry = _registry(options)
    paint = paint_for(sys.stdout)
    text = page.render_page(registry.find(name), paint, width()) if name else page.render_table(registry, paint)
    click.echo(text, nl=False, color=True)


@click.command()
@config_option
@isolated_option
def rules(**options: Any) -> None:
    """Show the table of all rules."""
    from netlint.reports import page
    from netlint.reports.terminal import paint_for

    click.echo(page.render_table(_registry(options), paint_for(sys.stdout)), nl=False, color=True)


def _registry(options: dict[str, Any]) -> Registry:
    from netlint.engine.registry import load

    return load(configured(options).for_folder(Path.cwd()).rule_paths)
