"""What a project asserts of its own networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from netlint.api import run_on
from netlint.config import Configuration, Overrides
from netlint.engine.diagnostic import Diagnostic
from netlint.engine.run import Report
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
    report = run_on(target, configuration, example_inputs)
    told = [one for one in report.findings if one.severity.rank <= configuration.for_file(Path(one.filename)).fail_on.rank]
    if told:
        raise AssertionError(_told(report, told))


def _told(report: Report, findings: Sequence[Diagnostic]) -> str:
    """The report of what failed, as in a terminal without colour."""
    text = TextReport(replace(report, findings=tuple(findings), unanswered={}, blind={}), Paint(), COLUMNS, verbose=True).render()
    return f"netlint has something to say of this network\n\n{text}"
