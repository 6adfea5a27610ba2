"""`netlint rule` and `netlint rules`: the pages of the rules, and their table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from netlint.cli import completing
from netlint.cli.options import config_option, configured, isolated_option

_format_option = click.option(
    "--output-format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="json and markdown have all of each rule's page.",
)


@click.command()
@click.argument("name", metavar="[CODE|NAME]", required=False, shell_complete=completing.rules)
@_format_option
@config_option
@isolated_option
def rule(name: str | None, output_format: str, **options: Any) -> None:
    """Show a rule's page: what, why, the evidence for and against, when it is fine, and its options. Without a rule: the table of all."""
    _show(name, output_format, options)


@click.command()
@_format_option
@config_option
@isolated_option
def rules(output_format: str, **options: Any) -> None:
    """Show the table of all rules."""
    _show(None, output_format, options)


def _show(name: str | None, output_format: str, options: dict[str, Any]) -> None:
    from netlint.engine.registry import load
    from netlint.reports import page
    from netlint.reports.terminal import WIDEST_TABLE, paint_for, width

    registry = load(configured(options).for_folder(Path.cwd()).rule_paths)
    entries = [registry.find(name)] if name else registry.entries
    if output_format == "json":
        click.echo(page.render_json(entries), nl=False)
    elif output_format == "markdown":
        click.echo(page.render_markdown(entries), nl=False)
    elif name:
        click.echo(page.render_page(entries[0], paint_for(sys.stdout), width()), nl=False, color=True)
    else:
        columns = width(WIDEST_TABLE) if sys.stdout.isatty() else sys.maxsize  # elsewhere, a line a rule
        click.echo(page.render_table(registry, paint_for(sys.stdout), columns), nl=False, color=True)
