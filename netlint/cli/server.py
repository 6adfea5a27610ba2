"""`netlint server`: the language server."""

from __future__ import annotations

from typing import Any

import click

from netlint.cli.errors import BROKEN, complain
from netlint.cli.options import config_option, input_option, isolated_option


@click.command()
@config_option
@isolated_option
@input_option
@click.option("--trust", is_flag=True, help="Follow `rule-paths` in the settings of the folders that are opened: that code is imported.")
@click.option("--stdio", is_flag=True, help="Talk on stdin and stdout, as is always done: for editors that say it.")
def server(stdio: bool, **options: Any) -> int:
    """Run the language server, for an editor that starts it: findings while code is typed, hover, outline and fixes.

    It talks on stdin and stdout. docs/editors.md shows how editors are set up.
    """
    from netlint.engine.reading import installed

    if not installed("pygls"):
        complain("the language server needs the extra `lsp`: pip install 'netlint-nn[lsp]'")
        return BROKEN
    from netlint.editor.messages import Terms
    from netlint.editor.server import serve

    terms = Terms(config=options["config"], isolated=options["isolated"], trusted=options["trust"], inputs=options["inputs"])
    return serve(terms)
