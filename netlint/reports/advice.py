"""A design review as text, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from netlint.advice import ActivationTable, Cure, Design, Flow, Ladder, Noise, Review, Unjudged
from netlint.advice.flow import dead_share, saturated_share
from netlint.graph import Unknown
from netlint.reports.terminal import Paint, counted, printable, table, wrapped
from netlint.verify import LayerSignal, Propagation

ENDS = 6
"""Weight layers that are shown at either end of a deep network."""
WIDTHS, NORMS, REASONS = 12, 5, 12
"""How many widths, norms and reasons are shown at most."""
BAR = 28
INDENT = "  "


def render_json(reviews: Sequence[Review]) -> str:
    """One record a network."""
    return json.dumps([review.as_json() for review in reviews], indent=2, allow_nan=False) + "\n"


def render(reviews: Sequence[Review], paint: Paint, columns: int) -> str:
    """The reviews, with an empty line between the sections."""
    return "\n\n".join("\n\n".join("\n".join(section) for section in _sections(review, paint, columns)) for review in reviews) + "\n"


def _sections(review: Review, paint: Paint, columns: int) -> Iterator[list[str]]:
    where = f"{review.place.filename}:{review.place.row}" if review.place else review.filename
    title = f"{paint(printable(review.network), 'bold')}  {paint(printable(where), 'dim')}"
    yield [title, *_design(review.design, paint)]
    if review.flow:
        yield [paint("Gradient flow", "bold"), *_flow(review.flow, review.design, paint, columns)]
        if review.flow.cures:
            yield [paint("Suggestions, the most effective first", "bold"), *_cures(review.flow, columns, paint)]
    if review.noise:
        yield [paint("Noise of batch statistics", "bold"), *_noise(review.noise, columns)]
    if review.activations:
        yield [paint("Cost of activations", "bold"), *_activations(review.activations, review.design, columns, paint)]
    if review.ladder:
        yield [paint("A ladder for weight penalties", "bold"), *_ladder(review.ladder, columns, paint)]
    if review.standing:
        yield [paint("Findings that stand", "bold"), *_standing(review, columns, paint)]
    if review.unjudged:
        yield [paint("Not judged, and why", "bold"), *_unjudged(review.unjudged, columns)]


# -- what it is ---------------------------------------------------------------------------------------------------------


def _design(design: Design, paint: Paint) -> Iterator[str]:
    yield from (f"{INDENT}{paint(name.ljust(11), 'dim')} {text}" for name, text in _facts(design))


def _facts(design: Design) -> Iterator[tuple[str, str]]:
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


def _flow(flow: Flow, design: Design, paint: Paint, columns: int) -> Iterator[str]:
    before = flow.before
    part = "" if before.shapes == design.shapes else " (a part of the batch, the whole takes too many operations)"
    how = f"At {counted(before.n, 'initialisation')} of its own, on {_shapes(before.shapes)} from N(0, 1){part}, for a random linear loss:"
    yield wrapped(how, INDENT, columns)
    yield from _layers(before.layers, paint)
    if before.ratio is not None:
        yield f"{INDENT}first/last gradient {before.ratio:.2g}{_growth(before)}{_units(before)}"
    verdict = f"{flow.problem}." if flow.problem else "No problem: first and last gradient are within a factor of 100 of one another."
    yield wrapped(verdict[0].upper() + verdict[1:], INDENT, columns)


def _layers(layers: Sequence[LayerSignal], paint: Paint) -> Iterator[str]:
    gradients = [layer.gradient for layer in layers if layer.gradient > 0]
    low, high = (math.log10(min(gradients)), math.log10(max(gradients))) if gradients else (0.0, 0.0)
    shown = list(layers) if len(layers) <= 2 * ENDS else [*layers[:ENDS], *layers[-ENDS:]]
    cells = [
        (printable(one.path or one.name), one.name, f"{one.activation:.2g}", f"{one.gradient:.2g}", _bar(one.gradient, low, high))
        for one in shown
    ]
    header, *lines = table([("layer", "operator", "scale", "gradient", "(of its weight, log scale)"), *cells], right=(2, 3))
    yield INDENT + paint(header, "dim")
    for number, line in enumerate(lines):
        if number == ENDS and len(layers) > len(shown):
            yield f"{INDENT}... and {len(layers) - len(shown)} layers between"
        yield INDENT + line


def _bar(gradient: float, low: float, high: float) -> str:
    """The gradient's place between the smallest and the largest, on a log scale of at least two powers of ten."""
    if gradient <= 0:
        return ""
    span = max(high - low, 2.0)
    return "#" * max(1, round(BAR * (1 - (high - math.log10(gradient)) / span)))


def _growth(measured: Propagation) -> str:
    return f", last/first scale {measured.growth:.2g}" if measured.growth is not None else ""


def _units(measured: Propagation) -> str:
    shares = ((dead_share(measured), "dead"), (saturated_share(measured), "saturated"))
    parts = [f"up to {share:.0%} {what}" for share, what in shares if share >= 0.005]
    return f", {' and '.join(parts)} units" if parts else ""


def _cures(flow: Flow, columns: int, paint: Paint) -> Iterator[str]:
    now = ("", "as it is", _ratio(flow.before), "", *_shares(flow.before))
    rows = [(f"{number}", cure.name, _ratio(cure.after), _lift(cure), *_shares(cure.after)) for number, cure in enumerate(flow.cures, 1)]
    header, *lines = table([("", "", "first/last gradient", "lifted by", "dead", "saturated"), now, *rows], right=(2, 3, 4, 5))
    yield INDENT + paint(header, "dim")
    yield from (INDENT + line for line in lines)
    for number, cure in enumerate(flow.cures, start=1):
        if cure.remarks is not None:
            cited = ", ".join(f"netlint rule {code}" for code in cure.remarks.rules)
            said = f"{number}. for: {cure.remarks.reasons}. Against: {cure.remarks.against}. See {cited}."
            yield _hanging(said, INDENT + "   ", columns)


def _ratio(measured: Propagation) -> str:
    return "none" if measured.ratio is None else f"{measured.ratio:.2g}"


def _shares(measured: Propagation) -> tuple[str, str]:
    return f"{dead_share(measured):.0%}", f"{saturated_share(measured):.0%}"


def _lift(cure: Cure) -> str:
    return "" if cure.lift is None else f"x {cure.lift:.2g}"


# -- noise, cost, penalties ---------------------------------------------------------------------------------------------


def _noise(noise: Noise, columns: int) -> Iterator[str]:
    yield f"{INDENT}At batches of {noise.batch} ({noise.source}); the noisiest of {counted(len(noise.norms), 'norm')}:"
    rows = [(norm.path, f"{norm.values:,}", f"{norm.mean:.2g}", f"{norm.variance:.0%}") for norm in noise.norms[:NORMS]]
    header = ("norm", "values a channel", "spread of means (std)", "spread of variances")
    yield from (INDENT + line for line in table([header, *rows], right=(1, 2, 3)))
    yield wrapped(
        "Inputs are independent numbers: neighbouring pixels of images are alike, so there it is noisier. Group and layer norm have no "
        "such noise (netlint rule NL202).",
        INDENT,
        columns,
    )


def _activations(costs: ActivationTable, design: Design, columns: int, paint: Paint) -> Iterator[str]:
    now = ", ".join(f"{count} {name}" for name, count in costs.now)
    yield wrapped(f"All {sum(count for _, count in costs.now)} activations ({now}) at their shapes, forward:", INDENT, columns)
    timed = any(cost.forward is not None for cost in costs.costs)
    share = design.flops is not None
    header = ["as", "flops", *(["of the network"] if share else []), "bytes moved", *(["forward", "back"] if timed else [])]
    rows = []
    for cost in costs.costs:
        part = [f"{cost.flops / design.flops:.1%}"] if design.flops else [""] if share else []
        times = [_milliseconds(cost.forward), _milliseconds(cost.backward)] if timed else []
        rows.append([cost.name, _short(cost.flops), *part, _bytes(cost.bytes), *times])
    first, *lines = table([header, *rows], right=range(1, len(header)))
    yield INDENT + paint(first, "dim")
    yield from (INDENT + line for line in lines)
    if timed:
        how = costs.costs[0].measured_with
        yield wrapped(f"Times: the least of several runs on one thread of this machine, by {how}; they are noisy.", INDENT, columns)


def _ladder(ladder: Ladder, columns: int, paint: Paint) -> Iterator[str]:
    rate = f"learning rate {ladder.rate:g} ({'from the code' if ladder.seen else 'assumed: the code does not say it'})"
    loss = f"; the loss starts at about {ladder.loss:.2g} (ln of the classes)" if ladder.loss is not None else ""
    yield wrapped(f"For its {ladder.weights:,} weights at the start, plain gradient descent, {rate}{loss}.", INDENT, columns)
    rows = [
        (f"{rung.coefficient:g}", f"{rung.l1:.2g}", _steps(rung.l1_steps), f"{rung.l2:.2g}", _steps(rung.l2_steps)) for rung in ladder.rungs
    ]
    header = ("lambda", "L1 penalty", "a weight is 0 after", "L2 penalty", "a weight is halved after")
    first, *lines = table([header, *rows], right=range(5))
    yield INDENT + paint(first, "dim")
    yield from (INDENT + line for line in lines)
    against = "" if ladder.loss is not None else " How large the loss is at the start is not known: no cross entropy is seen."
    caution = f" {ladder.caution}." if ladder.caution else ""
    yield wrapped(
        "Steps count as if the loss did not pull. PyTorch's `weight_decay` is twice this lambda for L2. Start at 0 and go up while the "
        f"validation loss falls (S15).{against} What share of the loss's gradient a penalty takes depends on the data, so it is not said."
        f"{caution}",
        INDENT,
        columns,
    )


def _steps(steps: float | None) -> str:
    return "never" if steps is None else f"{_short(max(1, math.ceil(steps)))} steps"


# -- rules --------------------------------------------------------------------------------------------------------------


def _standing(review: Review, columns: int, paint: Paint) -> Iterator[str]:
    own = review.place.filename if review.place else review.filename
    for one in review.standing:
        first = one.first
        times = f" (x{one.count})" if one.count > 1 else ""
        place = f"line {first.location.row}:" if first.filename == own else f"{first.filename}:{first.location.row}"
        head = f"{first.severity.value.ljust(7)} {first.code} {first.name}{times} "
        message = printable(f"{place} {first.message}")
        room = columns - len(INDENT) - len(head)
        yield INDENT + paint.severity(first.severity) + head[len(first.severity.value) :] + _cut(message, room)
    yield f"{INDENT}`netlint check` shows each in full, `netlint rule CODE` tells the evidence on both sides."


def _hanging(text: str, indent: str, columns: int) -> str:
    """Wrapped text whose first line stands further left."""
    return INDENT + wrapped(text, indent, columns).removeprefix(indent)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(room - 3, 0)]}..."


def _unjudged(unjudged: Sequence[Unjudged], columns: int) -> Iterator[str]:
    for one in unjudged[:REASONS]:
        what = ", ".join(one.rules[:6]) + (f" and {len(one.rules) - 6} more" if len(one.rules) > 6 else "") if one.rules else one.what
        yield _hanging(printable(f"{what}: {one.reason}"), INDENT * 2, columns)
    if len(unjudged) > REASONS:
        yield f"{INDENT}and {len(unjudged) - REASONS} more (--output-format json lists all)"


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
