"""Options that several commands have, and the settings that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli import completing

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.targets import ExampleInput


def words(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def rules_option(name: str, help: str) -> Callable[[Any], Any]:
    return click.option(name, multiple=True, callback=words, shell_complete=completing.rules, metavar="RULE[,...]", help=help)


batch_size_option = click.option(
    "--batch-size", type=click.IntRange(min=1), metavar="N", help="The batch size in training, where the code does not say it."
)
config_option = click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Use this settings file for everything."
)
isolated_option = click.option("--isolated", is_flag=True, help="Ignore all settings files.")


def examples(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[ExampleInput, ...]:
    """Sizes such as `1,3,224,224`, with a dtype after a colon where it is not float32."""
    from netlint.engine.targets import ExampleInput

    found = []
    for text in texts:
        sizes, _colon, dtype = text.partition(":")
        try:
            shape = tuple(int(size) for size in sizes.split(",")) if sizes else ()
        except ValueError as error:
            raise click.BadParameter(f"`{text}`: sizes are whole numbers with commas between, such as 1,3,224,224") from error
        if any(size < 1 for size in shape):
            raise click.BadParameter(f"`{text}`: every size is at least 1")
        found.append(ExampleInput(shape, dtype or "float32"))
    return tuple(found)


input_option = click.option(
    "--input",
    "inputs",
    multiple=True,
    callback=examples,
    metavar="SIZES[:DTYPE]",
    help="The shape of an argument of forward, such as 1,3,224,224 or 1,16:int64 (repeatable).",
)


def configured(options: dict[str, Any]) -> Configuration:
    from netlint.config import Configuration, Overrides

    overrides = Overrides(
        select=options.get("select") or None,
        extend_select=options.get("extend_select", ()),
        ignore=options.get("ignore", ()),
        fail_on=options.get("fail_on"),
        batch_size=options.get("batch_size"),
    )
    configuration = Configuration(
        overrides, options.get("config"), bool(options.get("isolated")), force_exclude=bool(options.get("force_exclude"))
    )
    configuration.for_folder(Path.cwd())  # a wrong option is an error even where there is nothing to check
    return configuration
