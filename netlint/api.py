"""The public functions, which `netlint` re-exports."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from netlint.config import Configuration, Overrides
from netlint.engine.diagnostic import Diagnostic
from netlint.engine.errors import NetlintError
from netlint.engine.reading import reading_of
from netlint.engine.run import Report
from netlint.engine.run import check as run
from netlint.engine.targets import ExampleInput, InputFile, given_model, single, standard_input
from netlint.fixes import proposals
from netlint.frontends.errors import SourceError
from netlint.graph import Graph, Shape

if TYPE_CHECKING:
    from netlint.advice import Review
    from netlint.fixes.models import FixedModel
    from netlint.fixes.session import FixedFile, Verification

Config = str | Path | Mapping[str, object]
"""The path of a settings file, or settings as a mapping in the form of `[tool.netlint]`."""


def check(target: object, *, config: Config | None = None, example_inputs: object = None) -> list[Diagnostic]:
    """The findings on a target, in report order.

    `target` is the path of a file or folder (`model.py:Net` picks one network), source text (a string with a line break), a live
    `torch.nn.Module`, or an `onnx.ModelProto`. `example_inputs` are the arguments of a live model's forward: a tuple, a mapping of names
    to tensors, or one tensor; they are guessed where that is safe. `config` replaces the settings files. A file that cannot be read
    gives a finding NL000. Raises NetlintError for a target or setting that is not valid, and for a live model that cannot be run.
    Nothing of a file is imported or run; `package.module:name` is, and so is the forward of a live model.
    """
    configuration = _configuration(config)
    report = run_on(target, configuration, example_inputs)
    for message in configuration.warnings:
        warnings.warn(message, stacklevel=2)
    return list(report.findings)


def run_on(target: object, configuration: Configuration, example_inputs: object = None) -> Report:
    """The report on a target, as in `check`. Raises NetlintError for a target that is not valid or cannot be run."""
    files = [replace(file, example_inputs=example_inputs) for file in _files(target, configuration)]
    report = run(files, configuration.for_file, propose=proposals)
    if report.problems:
        raise NetlintError("; ".join(report.problems))
    for sentence in report.unread:
        warnings.warn(sentence, stacklevel=3)
    return report


@overload
def fix(  # type: ignore[overload-overlap]  # a path is an object too
    target: str | Path, *, unsafe_fixes: bool = False, write: bool = True, example_inputs: object = None, config: Config | None = None
) -> list[FixedFile]: ...
@overload
def fix(
    target: object, *, unsafe_fixes: bool = False, write: bool = True, example_inputs: object = None, config: Config | None = None
) -> FixedModel[Any]: ...
def fix(
    target: object, *, unsafe_fixes: bool = False, write: bool = True, example_inputs: object = None, config: Config | None = None
) -> list[FixedFile] | FixedModel[Any]:
    """Fixes source files, and gives each one that was changed, with what was done and its proof; or fixes a copy of a model.

    `target` is a source file or a folder, or source text (a string with a line break), which is fixed and not written; or a live
    `torch.nn.Module` or `onnx.ModelProto`: the result's `model` is the fixed copy then. Safe fixes are proved to change no result,
    gradient or weight; `unsafe_fixes` are made too if asked for. `write=False` leaves the files alone: the new text is in the result's
    `source`. `example_inputs` are as in `check`. Raises NetlintError for a target that is not valid or cannot be read, or a file that
    cannot be written.
    """
    from netlint.fixes import write as write_file
    from netlint.fixes.session import fix_file, operation

    configuration = _configuration(config)
    kinds = ("safe", "unsafe") if unsafe_fixes else ("safe",)
    if not _names(target) and not _is_text(target):
        file = replace(_at_hand(target), example_inputs=example_inputs)
        return operation(file, configuration.for_file(file.path)).fix(kinds)
    changed = []
    for file in _source_files(target, configuration):
        try:
            result = fix_file(file, configuration.for_file(file.path), kinds)
        except (SourceError, OSError) as error:
            _passed_over(file, error)
            continue
        if result.changed:
            if write and file.text is None:
                write_file(file.path, result.before, result.source)
            changed.append(result)
    return changed


def verify(target: object, *, example_inputs: object = None, config: Config | None = None) -> list[Verification]:
    """What each suggestion would do to the networks of a target: the finding, the fix, and its proof.

    `target` and `example_inputs` are as in `check`; a folder's source files are verified. Nothing is written, and nothing of a file is
    run. Raises NetlintError for a target that is not valid or cannot be read.
    """
    from netlint.fixes.session import operation, verify_file

    configuration = _configuration(config)
    results = []
    for file in (replace(file, example_inputs=example_inputs) for file in _files(target, configuration)):
        settings = configuration.for_file(file.path)
        try:
            if file.kind == "source":
                results += verify_file(file, settings)
            elif not file.walked:
                results += operation(file, settings).verify()
        except (SourceError, OSError) as error:
            _passed_over(file, error)
    return results


def advise(
    target: object,
    *,
    example_inputs: object = None,
    inputs: tuple[Shape, ...] = (),
    batch_size: int | None = None,
    config: Config | None = None,
) -> list[Review]:
    """The design reviews of the networks in a file, in source text, or of a model: depth, widths, cost, gradient flow, suggestions.

    `target`, `example_inputs` and `inputs` are as in `networks`, `config` as in `check`; `batch_size` is the one in training. All is
    measured on the networks' graphs. Raises NetlintError for a target that is not valid or cannot be read.
    """
    from netlint.advice import review_file

    configuration = _configuration(config, batch_size)
    file = _one(target, example_inputs, inputs)
    return review_file(file, configuration.for_file(file.path))[0]


def _files(target: object, configuration: Configuration) -> list[InputFile]:
    """The files of a target; a model or source text is one too."""
    if not _names(target):
        return [_at_hand(target)]
    files, problems = configuration.collect([str(target)])
    if problems:
        raise NetlintError("; ".join(problems))
    return files


def networks(target: object, *, inputs: tuple[Shape, ...] = (), example_inputs: object = None) -> list[Graph]:
    """The networks in a file, in source text, or of a model, as netlint sees them.

    `target` and `example_inputs` are as in `check`; `inputs` are the shapes of the arguments of `forward`, where shapes are enough.
    Raises NetlintError for a target that is not valid or cannot be read.
    """
    return reading_of(_one(target, example_inputs, inputs)).graphs


def _source_files(target: object, configuration: Configuration) -> list[InputFile]:
    files = _files(target, configuration)
    for file in files:
        if file.kind != "source" and not file.walked:
            raise NetlintError(f"`{file.filename}` is no source: give the model itself, and the result's `model` is a fixed copy of it")
    return [file for file in files if file.kind == "source"]


def _passed_over(file: InputFile, error: Exception) -> None:
    """Raises NetlintError for the one file that was named; warns of one of many."""
    if not file.walked:
        raise NetlintError(f"{file.filename}: {error}") from error
    warnings.warn(f"{file.filename} was passed over: {error}", stacklevel=3)


def _one(target: object, example_inputs: object, inputs: tuple[Shape, ...]) -> InputFile:
    """The one file or model that a target is, with the shapes of its inputs."""
    file = single(str(target)) if _names(target) else _at_hand(target)
    shapes = tuple(ExampleInput(tuple(int(size) for size in shape or ())) for shape in inputs)  # type: ignore[arg-type]
    return replace(file, inputs=shapes, example_inputs=example_inputs)


def _at_hand(target: object) -> InputFile:
    """What is not a path: source text, or a model. Raises TypeError for anything else, without importing what the caller has not."""
    if _is_text(target):
        return _source(target)
    kinds = [(sys.modules.get("torch.nn"), "Module"), (sys.modules.get("onnx"), "ModelProto")]
    if any(package is not None and isinstance(target, getattr(package, name)) for package, name in kinds):
        return given_model(target)
    raise TypeError(f"a target is a path, source text, an nn.Module or an onnx.ModelProto, not a {type(target).__name__}")


def _names(target: object) -> bool:
    """Whether a target names something: a path, one network of a file, or `package.module:name`."""
    return isinstance(target, (str, Path)) and not _is_text(target)


def _is_text(target: object) -> bool:
    return isinstance(target, str) and "\n" in target


def _source(target: object) -> InputFile:
    return standard_input(str(target).encode("utf-8"), "<text>")


def _configuration(config: Config | None, batch_size: int | None = None) -> Configuration:
    overrides = Overrides(batch_size=batch_size)
    if isinstance(config, Mapping):
        return Configuration(overrides, values=config)
    return Configuration(overrides, Path(config) if config is not None else None)
