"""A design review as text, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netlint.advice import Flow, Review, Unjudged
from netlint.reports import advice_content as content
from netlint.reports.cells import Cells
from netlint.reports.terminal import Paint, printable, table, wrapped
from netlint.verify import LayerSignal

ENDS = 6
"""Weight layers that are shown at either end of a deep network."""
REASONS = 12
"""How many reasons are shown at most."""
BAR, SHORTEST_BAR = 28, 6
PATH = 30
INDENT = "  "
BLOCKS = "▁▂▃▄▅▆▇█"
DIGITS = "12345678"
"""What stands for the blocks where the output cannot show them."""
NOTHING, NOT_FINITE = ".", "?"


def render_json(reviews: Sequence[Review]) -> str:
    """One record a network."""
    return json.dumps([review.as_json() for review in reviews], indent=2, allow_nan=False) + "\n"


def render(reviews: Sequence[Review], paint: Paint, columns: int, blocks: str = BLOCKS) -> str:
    """The reviews, with an empty line between the sections. `blocks` are the signs of the levels of a picture, from low to high."""
    sections = [section for review in reviews for section in _sections(review, paint, columns, blocks)]
    return "\n\n".join("\n".join(section) for section in sections) + "\n" if sections else ""


def blocks_for(encoding: str | None) -> str:
    """The signs that an output in this encoding can show."""
    try:
        BLOCKS.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return DIGITS
    return BLOCKS


def _sections(review: Review, paint: Paint, columns: int, blocks: str) -> Iterator[list[str]]:
    def section(title: str, *parts: str | Cells) -> list[str]:
        """Prose and tables; an empty part is left out."""
        lines = [paint(title, "bold")]
        for part in parts:
            lines += _cells(part, paint) if isinstance(part, Cells) else [wrapped(part, INDENT, columns)] if part else []
        return lines

    title = f"{paint(printable(review.network), 'bold')}  {paint(printable(content.place(review)), 'dim')}"
    yield [title, *(f"{INDENT}{paint(name.ljust(11), 'dim')} {text}" for name, text in content.facts(review.design))]
    if flow := review.flow:
        picture = _layers(flow.before.layers, paint, columns)
        numbers = [INDENT + numbers] if (numbers := content.flow_numbers(flow.before)) else []
        verdict = wrapped(content.flow_verdict(flow), INDENT, columns)
        yield [*section(content.FLOW, content.flow_method(flow, review.design)), *picture, *numbers, verdict]
        if flow.cures:
            yield [*section(content.CURES, content.cures(flow)), *_evidence(flow, columns)]
            yield [paint("Layer by layer, as it is and with each suggestion", "bold"), *_pictures(flow, columns, blocks)]
    if noise := review.noise:
        yield section(content.NOISE, content.noise_method(noise), content.noise(noise), content.NOISE_REMARK)
    if costs := review.activations:
        yield section(content.COSTS, content.costs_method(costs), content.costs(costs, review.design), content.costs_remark(costs))
    if ladder := review.ladder:
        yield section(content.LADDER, content.ladder_method(ladder), content.ladder(ladder), content.ladder_remark(ladder))
    if review.standing:
        yield [*section(content.STANDING), *_standing(review, columns, paint)]
    if review.unjudged:
        yield [*section(content.UNJUDGED), *_unjudged(review.unjudged, columns)]


def _cells(cells: Cells, paint: Paint) -> Iterator[str]:
    rows = [tuple(map(printable, row)) for row in (cells.header, *cells.rows)]
    header, *lines = table(rows, right=cells.numbers)
    yield INDENT + paint(header, "dim")
    yield from (INDENT + line for line in lines)


# -- gradient flow ------------------------------------------------------------------------------------------------------


def _layers(layers: Sequence[LayerSignal], paint: Paint, columns: int) -> Iterator[str]:
    """The layers of the network as it is, with a bar for the scale of their results and one for the gradient of their weights."""
    shown = list(layers) if len(layers) <= 2 * ENDS else [*layers[:ENDS], *layers[-ENDS:]]
    cells = [(_end(printable(one.path or one.name), PATH), one.name, f"{one.activation:.2g}", "", f"{one.gradient:.2g}") for one in shown]
    bare = table([("layer", "operator", "scale", "", "gradient"), *cells], right=(2, 4))
    room = (columns - len(INDENT) - max(map(len, bare)) - 2) // 2
    length = max(SHORTEST_BAR, min(room, BAR))
    scales, gradients = Levels.of([one.activation for one in layers]), Levels.of([one.gradient for one in layers])
    rows = [
        (*row[:3], scales.bar(one.activation, length), row[4], gradients.bar(one.gradient, length))
        for row, one in zip(cells, shown, strict=True)
    ]
    header, *lines = table([("layer", "operator", "scale", "(log bars)", "gradient", "(log bars)"), *rows], right=(2, 4))
    yield INDENT + paint(header, "dim")
    for number, line in enumerate(lines):
        if number == ENDS and len(layers) > len(shown):
            yield f"{INDENT}... and {len(layers) - len(shown)} layers between"
        yield INDENT + line


@dataclass(frozen=True)
class Levels:
    """A log scale from the smallest to the largest of some numbers above 0, of at least two powers of ten."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Levels:
        powers = [math.log10(value) for value in values if value > 0 and math.isfinite(value)] or [0.0]
        return cls(min(min(powers), max(powers) - 2), max(powers))

    def share(self, value: float) -> float:
        """The number's place on the scale, from 0 to 1."""
        return (math.log10(value) - self.low) / (self.high - self.low)

    def bar(self, value: float, length: int) -> str:
        return "#" * max(1, round(length * self.share(value))) if value > 0 and math.isfinite(value) else ""

    def sign(self, value: float, blocks: str) -> str:
        if not math.isfinite(value):
            return NOT_FINITE
        return blocks[min(int(len(blocks) * self.share(value)), len(blocks) - 1)] if value > 0 else NOTHING

    def legend(self, what: str, blocks: str) -> str:
        factor = 10 ** ((self.high - self.low) / len(blocks))
        return f"{what}: {blocks[0]} from {10**self.low:.2g}, {blocks[-1]} up to {10**self.high:.2g}, each step is a factor of {factor:.2g}"


def _pictures(flow: Flow, columns: int, blocks: str) -> Iterator[str]:
    """A line for the network as it is and for each suggestion: the gradient and the scale of every layer, all on one log scale each."""
    measured = list(content.measurements(flow))
    scales = Levels.of([layer.activation for _, _, one in measured for layer in one.layers])
    gradients = Levels.of([layer.gradient for _, _, one in measured for layer in one.layers])
    count = max(len(one.layers) for _, _, one in measured)
    together = math.ceil(count / max(8, (columns - len(INDENT) - len(content.AS_IT_IS) - 4) // 2))
    rows: list[tuple[str, ...]] = [("", "gradient", "scale")]
    for number, name, one in measured:
        gradient, scale = [layer.gradient for layer in one.layers], [layer.activation for layer in one.layers]
        signs = [
            "".join(levels.sign(value, blocks) for value in _joined(values, together))
            for levels, values in ((gradients, gradient), (scales, scale))
        ]
        rows.append((number or name, *signs))
    yield from (INDENT + line for line in table(rows, right=(0,)))
    each = "a weight layer" if together == 1 else f"{together} weight layers (their geometric mean)"
    legend = [gradients.legend("gradient", blocks), scales.legend("scale", blocks)]
    drawn = "".join(sign for row in rows[1:] for sign in row[1:])
    missing = [f"{sign}: {what}" for sign, what in ((NOTHING, "it is 0"), (NOT_FINITE, "it is not finite")) if sign in drawn]
    yield wrapped(f"Each sign is {each}, the first on the left. {'; '.join([*legend, *missing])}.", INDENT, columns)


def _joined(values: Sequence[float], together: int) -> list[float]:
    """Geometric means of so many neighbours each."""
    groups = [values[at : at + together] for at in range(0, len(values), together)]
    return [math.exp(sum(map(math.log, group)) / len(group)) if min(group) > 0 else min(group) for group in groups]


def _evidence(flow: Flow, columns: int) -> Iterator[str]:
    for number, cure in enumerate(flow.cures, start=1):
        if cure.remarks is not None:
            cited = ", ".join(f"netlint rule {code}" for code in cure.remarks.rules)
            measured = f" Our experiments: {found}." if (found := content.verdicts(cure)) else ""
            said = f"{number}. for: {cure.remarks.reasons}. Against: {cure.remarks.against}.{measured} See {cited}."
            yield _hanging(said, INDENT + "   ", columns)


# -- rules --------------------------------------------------------------------------------------------------------------


def _standing(review: Review, columns: int, paint: Paint) -> Iterator[str]:
    for one in review.standing:
        first = one.first
        times = f" (x{one.count})" if one.count > 1 else ""
        head = f"{first.severity.value.ljust(7)} {first.code} {first.name}{times} "
        message = printable(f"{content.finding_place(one, review)}: {first.message}")
        room = columns - len(INDENT) - len(head)
        yield INDENT + paint.severity(first.severity) + head[len(first.severity.value) :] + _cut(message, room)
    yield wrapped(content.WHERE_MORE, INDENT, columns)


def _hanging(text: str, indent: str, columns: int) -> str:
    """Wrapped text whose first line stands further left."""
    return INDENT + wrapped(text, indent, columns).removeprefix(indent)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(room - 3, 0)]}..."


def _end(text: str, room: int) -> str:
    """The end of a text that is too long: of a path that is what tells layers apart."""
    return text if len(text) <= room else f"...{text[3 - room :]}"


def _unjudged(unjudged: Sequence[Unjudged], columns: int) -> Iterator[str]:
    for one in unjudged[:REASONS]:
        yield _hanging(printable(f"{content.question(one)}: {one.reason}"), INDENT * 2, columns)
    if len(unjudged) > REASONS:
        yield f"{INDENT}and {len(unjudged) - REASONS} more (--output-format json lists all)"
