"""The command line: commands that parse their arguments, ask the engine, and print.

Heavy modules are imported inside the commands, so that `netlint --help` starts at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from netlint import __version__
from netlint.cli.advise import advise
from netlint.cli.baseline import baseline
from netlint.cli.check import check
from netlint.cli.errors import BROKEN, INTERRUPTED, OK, complain
from netlint.cli.graph import graph
from netlint.cli.rules import rule, rules
from netlint.cli.server import server
from netlint.cli.verify import verify
from netlint.cli.why import why


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="netlint")
def main() -> None:
    """A linter for neural networks. Reads PyTorch source without running it, and checks the design of the networks in it.

    \b
    netlint check model.py          lint a file, a folder, or - for stdin
    netlint graph model.py:Net      the network as netlint sees it
    netlint rule NL501              what a rule says, and why
    """


for command in (check, graph, why, verify, advise, baseline, rule, rules, server):
    main.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line. Whatever goes wrong is one message on stderr, never a traceback (NETLINT_DEBUG=1 shows it)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = main.main(_spelled_out(arguments), prog_name="netlint", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else OK
    except click.ClickException as error:
        error.show()
        return BROKEN
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `netlint check | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        return _failed(error)


def _spelled_out(arguments: Sequence[str]) -> list[str]:
    """`--add-ignore` with its empty reason: without an equals sign it takes no word, which would be a target."""
    return ["--add-ignore=" if argument == "--add-ignore" else argument for argument in arguments]


def _failed(error: Exception) -> int:
    from netlint.engine.errors import NetlintError

    if isinstance(error, NetlintError):
        complain(str(error))
        return BROKEN
    if os.environ.get("NETLINT_DEBUG"):
        raise error
    complain(f"internal error: {type(error).__name__}: {error}. Please report it; NETLINT_DEBUG=1 shows where it comes from")
    return BROKEN
