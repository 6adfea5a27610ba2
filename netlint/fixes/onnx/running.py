"""Two models as wholes, with their own weights, on the same inputs.

Bounds: models whose weights need more than `MOST_BYTES` are not run; both together run for about `SECONDS` (at least on one sample, however
long that takes). Results are compared as they come: those of one sample are in memory at a time.

What decides are the inputs that hold numbers. Those with NaN or infinities among them are compared too, and a difference is told, but ONNX
does not say what the maximum of NaN is: onnxruntime's pooling can give the lowest number for a window that holds nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx

from netlint.engine.rule import Contract, Forward
from netlint.engine.targets import ExampleInput
from netlint.fixes.models import Comparison
from netlint.fixes.onnx.external import weight_bytes
from netlint.fixes.onnx.runtime import CannotRun, Run, runner, runtime
from netlint.fixes.onnx.samples import EDGES, Entry, Sample, entries, samples
from netlint.verify.comparison import distance, rank, worse
from netlint.verify.evidence import IDENTICAL, Distance

MOST_BYTES = 2**30
"""Weights of a model that is run: it is in memory three times then, in both versions."""
SECONDS = 8.0


@dataclass(slots=True)
class _Measured:
    """What was measured: on numbers, and on inputs with NaN or infinities among them."""

    finite: Distance = IDENTICAL
    other: Distance = IDENTICAL
    where: str = ""
    ran: int = 0
    left_out: int = 0
    failed: list[str] = field(default_factory=list)
    batches: dict[int, None] = field(default_factory=dict)
    broken: str = ""
    """Why the outcome cannot be a distance: one of the two fails, or gives other shapes."""


def compare(
    before: onnx.ModelProto, after: onnx.ModelProto, contract: Contract, folder: Path | None, given: Sequence[ExampleInput] = ()
) -> Comparison | None:
    """Runs two models; None if the first one cannot be run here. The second must give what the contract promises of the first's results."""
    if weight_bytes(before) > MOST_BYTES:
        return None
    try:
        places = entries(before, [example.shape for example in given])
        old = runner(before, folder)
        edge = _edge(old, places)
    except CannotRun:
        return None
    try:
        new = runner(after, folder)
    except CannotRun as error:
        return Comparison(False, f"the changed model cannot be run: {error}", {"runtime": runtime(), "broken": str(error)})
    measured = _measure(old, new, places, edge)
    return _judged(measured, contract) if measured.ran or measured.broken else None


def _edge(run: Run, places: list[Entry]) -> int:
    """The first size for open dimensions that the model takes. Raises CannotRun if it takes none."""
    if not any(entry.open_edges for entry in places):
        return EDGES[0]
    reason: CannotRun | None = None
    for edge in EDGES:
        try:
            run(next(samples(places, edge)).feeds)
            return edge
        except CannotRun as error:
            reason = error
    raise reason or CannotRun("there is no size to try")


def _measure(old: Run, new: Run, places: list[Entry], edge: int) -> _Measured:
    measured = _Measured()
    begun = time.perf_counter()
    for sample in samples(places, edge):
        if measured.ran and time.perf_counter() - begun > SECONDS:
            measured.left_out += 1
            continue
        try:
            wanted = old(sample.feeds)
        except CannotRun as error:
            measured.failed.append(str(error))
            continue
        if not measured.ran and _gap(wanted, old(sample.feeds))[0] is not IDENTICAL:
            measured.failed.append("it gives other results each time")
            return measured
        try:
            found = new(sample.feeds)
        except CannotRun as error:
            measured.broken = f"the changed model fails where the old one does not: {error}"
            return measured
        gap, where = _gap(wanted, found)
        if gap is None:
            measured.broken = f"{where} on the tensor {sample.kind.name!r}"
            return measured
        _enter(measured, sample, gap, where)
    return measured


def _enter(measured: _Measured, sample: Sample, gap: Distance, where: str) -> None:
    measured.ran += 1
    measured.batches[sample.batch] = None
    finite = all(entry.dtype.kind != "f" or bool(np.isfinite(entry).all()) for entry in sample.feeds.values())
    if finite:
        different = (
            rank(measured.finite) == 2 and not sample.kind.ordinary
        )  # how far is told of ordinary tensors, where these differ already
        worst = measured.finite if different else worse(measured.finite, gap)
        measured.where = f"{where}, tensor {sample.kind.name!r}" if worst is gap and not gap.identical else measured.where
        measured.finite = worst
    else:
        measured.other = worse(measured.other, gap)


def _gap(before: list[object], after: list[object]) -> tuple[Distance | None, str]:
    """How far the outputs are apart at most; None, and why, if they are no tensors of the same shapes and types."""
    worst, place = IDENTICAL, ""
    for number, (one, two) in enumerate(zip(before, after, strict=True)):
        if not isinstance(one, np.ndarray) or not isinstance(two, np.ndarray):
            if one != two:
                return None, f"output {number} is no tensor, and differs"
            continue
        if one.shape != two.shape or one.dtype != two.dtype:
            return None, f"output {number} of {one.dtype} {list(one.shape)} became {two.dtype} {list(two.shape)}"
        wide = one.dtype == np.float16
        with np.errstate(all="ignore"):
            gap, _ = distance(one.astype(np.float32) if wide else one, two.astype(np.float32) if wide else two, 0.0)
        if worse(worst, gap) is gap and not gap.identical:
            worst, place = gap, f"output {number}"
    return worst, place


def _judged(measured: _Measured, contract: Contract) -> Comparison:
    if measured.broken:
        return Comparison(False, measured.broken, {"runtime": runtime(), "broken": measured.broken})
    finite = measured.finite
    holds = contract.forward is Forward.CHANGES or finite.identical or (contract.forward is Forward.CLOSE and finite.rounding)
    batches = " and ".join(map(str, measured.batches))
    line = f"outputs {finite} on {measured.ran} inputs (batch {batches}, {runtime()})"
    if not finite.identical:
        line += f", most on {measured.where}"
    if not measured.other.identical:
        line += f"; with NaN or infinities among the inputs {measured.other}"
    if measured.left_out:
        line += f"; {measured.left_out} inputs left out after {SECONDS:g} s"
    data = {
        "runtime": runtime(),
        "holds": holds,
        "inputs": measured.ran,
        "left_out": measured.left_out,
        "failed": len(measured.failed),
        "batches": list(measured.batches),
        "outputs": finite.as_json(),
        "outputs_of_nan": measured.other.as_json(),
    }
    return Comparison(holds, line, data)
