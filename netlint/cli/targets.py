"""From targets on the command line to files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from netlint.cli.errors import complain

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.targets import ExampleInput, InputFile


def collected(targets: Sequence[str], configuration: Configuration, stdin_filename: str | None) -> tuple[list[InputFile], list[str]]:
    files, problems = configuration.collect(target for target in targets if target != "-")
    given = [stdin(stdin_filename)] if "-" in targets else []
    return _announced([*(file for file in given if not configuration.leaves_out(file)), *files]), problems


def _announced(files: list[InputFile]) -> list[InputFile]:
    """The same files; says which of them will be imported and run, before that happens."""
    for file in files:
        if file.live:
            complain(f"{file.live} is imported and run, to see the network that it makes")
    return files


def with_inputs(files: list[InputFile], inputs: tuple[ExampleInput, ...]) -> list[InputFile]:
    """The same files with the inputs of their networks."""
    from dataclasses import replace

    return [replace(file, inputs=inputs) for file in files]


def stdin(filename: str | None) -> InputFile:
    from netlint.engine.targets import standard_input

    return standard_input(sys.stdin.buffer.read(), filename or "<stdin>")


def one_file(target: str, inputs: tuple[ExampleInput, ...]) -> InputFile:
    from netlint.engine.targets import single

    return with_inputs(_announced([stdin(None) if target == "-" else single(target)]), inputs)[0]


@contextmanager
def naming(file: InputFile) -> Iterator[None]:
    """What a file's reader refuses is an error that names the place."""
    from netlint.engine.errors import NetlintError
    from netlint.frontends.errors import SourceError

    try:
        yield
    except SourceError as error:
        raise NetlintError(f"{file.filename}:{error.row}:{error.column}: {error.message}") from error
