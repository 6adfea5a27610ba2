"""Exit codes, and messages on stderr."""

from __future__ import annotations

import click

OK, FINDINGS, BROKEN, INTERRUPTED = 0, 1, 2, 130
"""0 nothing at or above `--fail-on` is left, 1 findings are, 2 wrong use, broken input or an internal error."""


def complain(message: str) -> None:
    click.echo(f"netlint: {message}", err=True)
