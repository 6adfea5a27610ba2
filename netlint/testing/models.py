"""What a project asserts of its own networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netlint.config import Configuration, Overrides
from netlint.engine.errors import NetlintError
from netlint.engine.rule import Severity
from netlint.engine.run import Report, check
from netlint.engine.targets import collect, given_model
from netlint.reports.terminal import Paint
from netlint.reports.text import TextReport

COLUMNS = 100


def assert_clean(
    target: object,
    *,
    example_inputs: object = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    fail_on: str | None = None,
    batch_size: int | None = None,
) -> None:
    """Asserts that netlint has nothing to say of a network, at or above `fail_on` (the settings' value; `warning` by default).

    `target` is a live `torch.nn.Module`, an `onnx.ModelProto`, or what `netlint check` takes (a path, a folder, `model.py:Net`,
    `package.module:name`). `example_inputs` are the arguments of a live model's forward: a tuple, a mapping, or one tensor, where they
    cannot be guessed. `select` and `ignore` name rules; the project's settings hold as for `netlint check`. Raises AssertionError with
    the report, and NetlintError for a target that cannot be read at all.
    """
    overrides = Overrides(select=select, ignore=tuple(ignore), fail_on=fail_on, batch_size=batch_size)
    configuration = Configuration(overrides)
    if hasattr(target, "__fspath__") or isinstance(target, str):
        files, problems = collect([str(target)], lambda path, folder: configuration.for_folder(path.parent).excludes(path, folder))
        files = [replace(file, example_inputs=example_inputs) for file in files]
    else:
        files, problems = [given_model(target, example_inputs)], []
    report = check(files, configuration.for_file, problems=problems)
    if report.problems:
        raise NetlintError("; ".join(report.problems))
    least = configuration.for_file(files[0].path).fail_on if files else Severity.WARNING
    if any(finding.severity.rank <= least.rank for finding in report.findings):
        raise AssertionError(_told(report, least))


def _told(report: Report, least: Severity) -> str:
    """The report of what failed, as in a terminal without colour."""
    told = tuple(finding for finding in report.findings if finding.severity.rank <= least.rank)
    text = TextReport(replace(report, findings=told, unanswered={}, blind={}), Paint(), COLUMNS, verbose=True).render()
    return f"netlint has something to say of this network\n\n{text}"
