"""What a design review says, for every format: sentences, and tables as cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from netlint.advice import ActivationTable, Cure, Design, Flow, Ladder, Noise, Review, Standing, Unjudged
from netlint.advice.flow import dead_share, saturated_share
from netlint.graph import Unknown
from netlint.reports.cells import Cells
from netlint.reports.measured import measured
from netlint.reports.terminal import counted
from netlint.verify import Propagation

WIDTHS, NORMS, RULES = 12, 5, 6
"""How many widths, norms, and rules of one reason are shown at most."""

FLOW = "Gradient flow"
CURES = "Suggestions, the most effective first"
NOISE = "Noise of batch statistics"
COSTS = "Cost of activations"
LADDER = "A ladder for weight penalties"
STANDING = "Findings that stand"
UNJUDGED = "Not judged, and why"
AS_IT_IS = "as it is"
_PASSIVE = {"supports": "supported", "contradicts": "contradicted"}
WHERE_MORE = "`netlint check` shows each in full, `netlint rule CODE` tells the evidence on both sides."


def place(review: Review) -> str:
    return f"{review.place.filename}:{review.place.row}" if review.place else review.filename


# -- what it is ---------------------------------------------------------------------------------------------------------


def facts(design: Design) -> Iterator[tuple[str, str]]:
    yield "depth", counted(design.depth, "weight layer")
    yield "widths", _widths(design.widths)
    yield "parameters", "not known" if isinstance(design.parameters, Unknown) else f"{design.parameters:,}"
    if design.shapes is not None and design.flops is not None:
        held = f", results of {_bytes(design.results)}" if design.results is not None else ""
        yield "cost", f"{_short(design.flops)} flops forward{held}, at {_shapes(design.shapes)}"


def _widths(widths: Sequence[int | None]) -> str:
    runs = [("?" if width is None else f"{width:,}", len(list(run))) for width, run in groupby(widths)]
    shown = ", ".join(f"{width} (x{count})" if count > 1 else width for width, count in runs[:WIDTHS])
    return f"{shown}, and {len(runs) - WIDTHS} more" if len(runs) > WIDTHS else shown or "none"


# -- gradient flow ------------------------------------------------------------------------------------------------------


def flow_method(flow: Flow, design: Design) -> str:
    before = flow.before
    part = "" if before.shapes == design.shapes else " (a part of the batch, the whole takes too many operations)"
    return f"At {counted(before.n, 'initialisation')} of its own, on {_shapes(before.shapes)} from N(0, 1){part}, for a random linear loss:"


def flow_numbers(measured: Propagation) -> str:
    """The ratio, the growth and the stuck units; empty for a network of one layer."""
    return f"first/last gradient {measured.ratio:.2g}{_growth(measured)}{_units(measured)}" if measured.ratio is not None else ""


def flow_verdict(flow: Flow) -> str:
    verdict = f"{flow.problem}." if flow.problem else "No problem: first and last gradient are within a factor of 100 of one another."
    return verdict[0].upper() + verdict[1:]


def _growth(measured: Propagation) -> str:
    return f", last/first scale {measured.growth:.2g}" if measured.growth is not None else ""


def _units(measured: Propagation) -> str:
    shares = ((dead_share(measured), "dead"), (saturated_share(measured), "saturated"))
    parts = [f"up to {share:.0%} {what}" for share, what in shares if share >= 0.005]
    return f", {' and '.join(parts)} units" if parts else ""


def measurements(flow: Flow) -> Iterator[tuple[str, str, Propagation]]:
    """The network as it is and after each suggestion: number (empty for the network as it is), name, and what was measured."""
    yield "", AS_IT_IS, flow.before
    yield from ((str(number), cure.name, cure.after) for number, cure in enumerate(flow.cures, start=1))


def cures(flow: Flow) -> Cells:
    lifts = ["", *map(_lift, flow.cures)]
    rows = [
        (number, name, _ratio(after), lift, f"{dead_share(after):.0%}", f"{saturated_share(after):.0%}")
        for (number, name, after), lift in zip(measurements(flow), lifts, strict=True)
    ]
    return Cells(("", "", "first/last", "lifted by", "dead", "saturated"), tuple(rows), 2)


def _ratio(measured: Propagation) -> str:
    return "none" if measured.ratio is None else f"{measured.ratio:.2g}"


def _lift(cure: Cure) -> str:
    return "" if cure.lift is None else f"x {cure.lift:.2g}"


def verdicts(cure: Cure) -> str:
    """What our experiments say of the statements that a suggestion rests on; empty where none is about its rules."""
    found = {one.experiment: one.verdicts for code in (cure.remarks.rules if cure.remarks else ()) for one in measured(code)}
    return "; ".join(f"{_by_verdict(said)} ({experiment})" for experiment, said in found.items())


def _by_verdict(said: Mapping[str, str]) -> str:
    """`S20 supported, S22, S26 mixed`."""
    statements = {verdict: ", ".join(one for one, other in said.items() if other == verdict) for verdict in said.values()}
    return ", ".join(f"{numbers} {_PASSIVE.get(verdict, verdict)}" for verdict, numbers in statements.items())


# -- noise, cost, penalties ---------------------------------------------------------------------------------------------

NOISE_REMARK = (
    "Inputs are independent numbers: neighbouring pixels of images are alike, so there it is noisier. Group and layer norm have no "
    "such noise (netlint rule NL202)."
)


def noise_method(noise: Noise) -> str:
    return f"At batches of {noise.batch} ({noise.source}); the noisiest of {counted(len(noise.norms), 'norm')}:"


def noise(noise: Noise) -> Cells:
    rows = [(norm.path, f"{norm.values:,}", f"{norm.mean:.2g}", f"{norm.variance:.0%}") for norm in noise.norms[:NORMS]]
    return Cells(("norm", "values a channel", "spread of means (std)", "spread of variances"), tuple(rows), 1)


def costs_method(costs: ActivationTable) -> str:
    now = ", ".join(f"{count} {name}" for name, count in costs.now)
    return f"All {sum(count for _, count in costs.now)} activations ({now}) at their shapes, forward:"


def costs(costs: ActivationTable, design: Design) -> Cells:
    timed = any(cost.forward is not None for cost in costs.costs)
    share = design.flops is not None
    header = ["as", "flops", *(["of the network"] if share else []), "bytes moved", *(["forward", "back"] if timed else [])]
    rows = []
    for cost in costs.costs:
        part = [f"{cost.flops / design.flops:.1%}"] if design.flops else [""] if share else []
        times = [_milliseconds(cost.forward), _milliseconds(cost.backward)] if timed else []
        rows.append((cost.name, _short(cost.flops), *part, _bytes(cost.bytes), *times))
    return Cells(tuple(header), tuple(rows), 1)


def costs_remark(costs: ActivationTable) -> str:
    """How times were measured; empty without times."""
    if all(cost.forward is None for cost in costs.costs):
        return ""
    how = costs.costs[0].measured_with
    return f"Times: the least of several runs on one thread of this machine, by {how}; they are noisy."


def ladder_method(ladder: Ladder) -> str:
    rate = f"learning rate {ladder.rate:g} ({'from the code' if ladder.seen else 'assumed: the code does not say it'})"
    loss = f"; the loss starts at about {ladder.loss:.2g} (ln of the classes)" if ladder.loss is not None else ""
    return f"For its {ladder.weights:,} weights at the start, plain gradient descent, {rate}{loss}."


def ladder(ladder: Ladder) -> Cells:
    rows = [
        (f"{rung.coefficient:g}", f"{rung.l1:.2g}", _steps(rung.l1_steps), f"{rung.l2:.2g}", _steps(rung.l2_steps)) for rung in ladder.rungs
    ]
    return Cells(("lambda", "L1 penalty", "a weight is 0 after", "L2 penalty", "a weight is halved after"), tuple(rows))


def ladder_remark(ladder: Ladder) -> str:
    against = "" if ladder.loss is not None else " How large the loss is at the start is not known: no cross entropy is seen."
    caution = f" {ladder.caution}." if ladder.caution else ""
    return (
        "Steps count as if the loss did not pull. PyTorch's `weight_decay` is twice this lambda for L2. Start at 0 and go up while the "
        f"validation loss falls (S15).{against} What share of the loss's gradient a penalty takes depends on the data, so it is not said."
        f"{caution}"
    )


def _steps(steps: float | None) -> str:
    return "never" if steps is None else f"{_short(max(1, math.ceil(steps)))} steps"


# -- rules --------------------------------------------------------------------------------------------------------------


def finding_place(one: Standing, review: Review) -> str:
    own = review.place.filename if review.place else review.filename
    return f"line {one.first.location.row}" if one.first.filename == own else f"{one.first.filename}:{one.first.location.row}"


def question(unjudged: Unjudged) -> str:
    """What could not be judged."""
    rules = unjudged.rules
    if not rules:
        return unjudged.what
    return ", ".join(rules[:RULES]) + (f" and {len(rules) - RULES} more" if len(rules) > RULES else "")


# -- numbers ------------------------------------------------------------------------------------------------------------


def _shapes(shapes: Sequence[Sequence[int]]) -> str:
    return ", ".join(" x ".join(map(str, shape)) or "a scalar" for shape in shapes)


def _short(number: float) -> str:
    value, units = float(number), ["", " k", " M", " G", " T", " P"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g}{units[0]}"


def _bytes(number: int | None) -> str:
    return "?" if number is None else f"{_short(number)}{'' if number >= 1000 else ' '}B"


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:.3g} ms"
