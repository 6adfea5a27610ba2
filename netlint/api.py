"""The public functions, which `netlint` re-exports."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

from netlint.config import Configuration
from netlint.engine.diagnostic import Diagnostic
from netlint.engine.errors import NetlintError
from netlint.engine.reading import networks_of
from netlint.engine.run import Report
from netlint.engine.run import check as run
from netlint.engine.targets import InputFile, collect, single, standard_input
from netlint.graph import Graph, Shape

Config = str | Path | Mapping[str, object]
"""The path of a settings file, or settings as a mapping in the form of `[tool.netlint]`."""


def check(target: str | Path, *, config: Config | None = None) -> list[Diagnostic]:
    """The findings on a target, in report order.

    `target` is the path of a file or folder (`model.py:Net` picks one network), or source text (a string with a line break).
    `config` replaces the settings files. A file that cannot be read gives a finding NL000. Raises NetlintError for
    a target or setting that is not valid. Nothing of the target is imported or run.
    """
    configuration = _configuration(config)
    if _is_text(target):
        return list(run([_source(target)], configuration.for_file).findings)
    files, problems = collect([str(target)], lambda path, folder: configuration.for_folder(path.parent).excludes(path, folder))
    report = run(files, configuration.for_file, problems=problems)
    for message in configuration.warnings:
        warnings.warn(message, stacklevel=2)
    _raise(report)
    return list(report.findings)


def networks(target: str | Path, *, inputs: tuple[Shape, ...] = ()) -> list[Graph]:
    """The networks in a file or in source text, as netlint sees them. `inputs` are the shapes of the arguments of `forward`.

    Raises NetlintError for a target that is not valid or cannot be read.
    """
    return networks_of(_source(target) if _is_text(target) else single(str(target)), inputs)


def _is_text(target: str | Path) -> bool:
    if not isinstance(target, (str, Path)):
        raise TypeError(f"this version reads paths and source text, not a {type(target).__name__}")
    return isinstance(target, str) and "\n" in target


def _source(target: str | Path) -> InputFile:
    return standard_input(str(target).encode("utf-8"), "<text>")


def _configuration(config: Config | None) -> Configuration:
    if isinstance(config, Mapping):
        return Configuration(values=config)
    return Configuration(file=Path(config) if config is not None else None)


def _raise(report: Report) -> None:
    if report.problems:
        raise NetlintError("; ".join(report.problems))
