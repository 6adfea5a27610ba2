"""`netlint why`: why a rule did or did not fire."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli import completing
from netlint.cli.options import batch_size_option, config_option, configured, input_option, isolated_option
from netlint.cli.targets import naming, one_file

if TYPE_CHECKING:
    from netlint.engine.reading import Source

_LINES = re.compile(r"(?P<path>.+?):(?P<numbers>[1-9][0-9]*(?::[1-9][0-9]*)?)", re.DOTALL)


@click.command()
@click.argument("rule", shell_complete=completing.rules)
@click.argument("target", metavar="TARGET[:LINE]", shell_complete=completing.targets)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@input_option
@batch_size_option
@config_option
@isolated_option
def why(rule: str, target: str, output_format: str, **options: Any) -> None:
    """Tell why RULE did or did not fire on TARGET, thing by thing: fired, clear, unknown with the reason, suppressed.

    With a LINE (CELL or CELL:LINE for a notebook) only of what stands there.
    """
    from netlint.engine.reading import read
    from netlint.engine.registry import load
    from netlint.engine.why import explain_file
    from netlint.reports import verdicts
    from netlint.reports.terminal import paint_for, width

    named = _LINES.fullmatch(target) if not Path(target).exists() else None
    file = one_file(named["path"] if named else target, options["inputs"])
    settings = configured(options).for_file(file.path)
    entry = load(settings.rule_paths).find(rule)
    with naming(file):
        source = read(file)
    rows = _rows([int(number) for number in named["numbers"].split(":")], source) if named else None
    networks, explanations = explain_file(entry.rule, file, settings, rows)
    if output_format == "json":
        click.echo(verdicts.render_json(entry.rule, explanations, networks, source), nl=False)
        return
    paint = paint_for(sys.stdout)
    click.echo(verdicts.render(entry.rule, explanations, networks, target, paint, width(), source), nl=False, color=True)


def _rows(numbers: list[int], source: Source) -> range:
    """The rows that a line, or a cell of a notebook and a line in it, stand for."""
    if not source.cells:
        if len(numbers) > 1:
            raise click.UsageError("one line is named as FILE:LINE")
        return range(numbers[0], numbers[0] + 1)
    starts = [*source.cells, len(source.lines)]
    if numbers[0] >= len(starts):
        raise click.UsageError(f"there is no cell {numbers[0]}: the notebook has {len(source.cells)} code cells")
    cell = range(starts[numbers[0] - 1], starts[numbers[0]])
    if len(numbers) == 1:
        return cell
    if numbers[1] > len(cell):
        raise click.UsageError(f"there is no line {numbers[1]} in cell {numbers[0]}: it has {len(cell)}")
    return cell[numbers[1] - 1 : numbers[1]]
