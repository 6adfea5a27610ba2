"""The tables of the reference: settings, from what validates them; commands, from their own help."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from netlint.cli import main
from netlint.config import KEYS, LIMITS, TRAINING_KEYS, Configuration
from netlint.engine.errors import NetlintError
from netlint.engine.registry import Registry
from netlint.engine.rule import Severity
from netlint.engine.settings import Settings

MEANINGS: Mapping[str, str] = {
    "baseline": "The file of accepted findings, relative to the settings file. Without it, `netlint-baseline.json` beside that.",
    "select": "The rules that run, by code, prefix (`NL4`) or name. Without it, all of them.",
    "ignore": "Rules that do not run.",
    "extend-select": "Rules that run besides those of `select`.",
    "fail-on": "The least severity that makes the exit code 1.",
    "exclude": "Patterns as in `.gitignore`, relative to the settings file: what they match is not walked.",
    "ignore-modules": "Module paths of networks (`backbone.*`, with or without the network's name in front) whose findings are left out.",
    "rule-paths": "Folders with rules of your own. They are imported: only in settings of the working folder, or with `--config`.",
    "output-format": "The report, where the command line names none.",
    "per-file-ignores": "Lists of rules by pattern: they do not run on the files that it matches.",
    "training.batch-size": "Samples a batch in training.",
    "training.samples": "Samples in the training set.",
    "training.intent": 'What you are after: `"sparse"` says that few features matter, which is what an L1 penalty is for.',
    "limits.steps": "Statements, expressions and calls that are executed for all networks of a file together.",
    "limits.depth": "Calls within each other.",
    "limits.elements": "Elements of a container or a string, and operators of a network.",
    "limits.bits": "Bits of a whole number.",
    "limits.file-size": "Bytes of a file that is checked or imported. A larger one is NL000, and is not read where it is imported.",
    "limits.memory": "Bytes by which the process may grow while it reads a file (Linux). A file that needs more is NL000.",
    "limits.seconds": "Seconds by the clock. A file that takes longer is NL000.",
}
TABLES = ("training", "limits", "rules")
"""The keys that have a table of their own here."""
NOWHERE = Path("folder-of-the-settings")
"""Settings are built as if they stood here."""


def general() -> str:
    """The keys of `[tool.netlint]`."""
    return _settings((key,) for key in KEYS if key not in TABLES)


def training() -> str:
    """The keys of `[tool.netlint.training]`."""
    return _settings(("training", key) for key in TRAINING_KEYS)


def limits() -> str:
    """The keys of `[tool.netlint.limits]`."""
    return _settings(("limits", key) for key in LIMITS)


def options(registry: Registry) -> str:
    """The options of all rules."""
    return _table(
        (f"{rule.code}", f"`{rule.name}.{key}`", _kind("rules", rule.name, key), f"`{json.dumps(option.default)}`", option.help)
        for rule in registry.rules
        for key, option in rule.options.items()
    )


def _settings(paths: Iterable[tuple[str, ...]]) -> str:
    return _table((f"`{path[-1]}`", _kind(*path), _default(*path), MEANINGS[".".join(path)]) for path in paths)


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    body = list(rows)
    header = ("rule",) * (len(body[0]) - 4) + ("key", "must be", "default", "meaning")
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ("---",) * len(header), *body))


def _built(values: Mapping[str, object]) -> Settings:
    return Configuration(values=values, home=NOWHERE).for_folder(NOWHERE)


def _kind(*path: str) -> str:
    """What the value of a key must be, in the words of the error that another value gives."""
    values: Any = object()
    for key in reversed(path):
        values = {key: values}
    try:
        _built(values)
    except NetlintError as error:
        return str(error).partition(" must be ")[2].partition(", not <object")[0]
    raise LookupError(f"{path} takes anything")


def _default(*path: str) -> str:
    """What holds without a key; empty where its meaning says that."""
    value: Any = _built({})
    for key in path:
        value = getattr(value, key.replace("-", "_"), None)
    if isinstance(value, Severity):
        value = value.value
    return f"`{json.dumps(value)}`" if isinstance(value, (str, int)) else "none" if value == () else ""


def commands() -> str:
    """Every command with its own help."""
    with click.Context(main, info_name="netlint") as context:
        return "\n\n".join(part for name, command in main.commands.items() for part in _help(command, name, context))


def _help(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    with click.Context(command, info_name=name, parent=parent, terminal_width=100) as context:
        yield f"## {context.command_path}"
        yield f"```text\n{command.get_help(context)}\n```"
        if isinstance(command, click.Group):
            for inner, subcommand in command.commands.items():
                yield from _help(subcommand, inner, context)
