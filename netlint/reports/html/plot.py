"""A line plot as SVG: some numbers above zero for each of a row of things, on a log axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netlint.reports.html.markup import Markup, element, joined

WIDTH, HEIGHT = 360, 270
"""In units of the drawing, which is scaled to the room that it gets: a letter is 11 units high, so it can be read at 375 pixels."""
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 38
INSET = 20
"""Room for the labels at either end of the lines."""
LABEL = 10
"""The least distance of two labels."""
MOST_MARKS = 40
"""Lines over more things have no dots."""
TICKS = 7
FEWEST_DECADES, FEW_DECADES = 2.0, 3.0
COLOURS = 8
DASHES = ("", "7 3", "2 3", "9 3 2 3")

_LIGHT = ("#0067a5", "#c04e00", "#00775c", "#9c3587", "#7d6200", "#5450d0", "#bd1757", "#47720d")
_DARK = ("#56b4e9", "#ff9350", "#3fd6ae", "#e795d4", "#e0c030", "#aaa8ff", "#ff83ad", "#a6d863")


def _palette(colours: Sequence[str]) -> str:
    return " ".join(f"--line{number}: {colour};" for number, colour in enumerate(colours, 1))


STYLE = f"""
:root {{ --line0: #1b1f24; {_palette(_LIGHT)} --grid: #d9dee4; }}
@media (prefers-color-scheme: dark) {{ @media screen {{ :root {{ --line0: #f0f3f6; {_palette(_DARK)} --grid: #3a424c; }} }} }}
.plot {{ display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }}
.plot text {{ fill: var(--text); }}
.plot .grid {{ stroke: var(--grid); stroke-width: 1; }}
.plot .line {{ fill: none; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }}
.plot .first {{ stroke-width: 3; }}
.plot .leader {{ fill: none; stroke-width: .7; opacity: .7; }}
.plot .label {{ font-weight: 600; font-size: 10px; }}
.legend {{ display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .6rem 0; padding: 0; }}
.legend li {{ display: flex; align-items: center; gap: .45rem; }}
.legend svg {{ width: 34px; height: 12px; flex: none; }}
.legend .line {{ fill: none; stroke-width: 2; }}
.legend .first {{ stroke-width: 3; }}
"""
"""What the page of a plot has among its styles. It uses the page's `--text`."""


@dataclass(frozen=True)
class Series:
    """A line: a value for each thing; one that is not finite leaves a gap. `label` stands at its end and in the legend."""

    name: str
    label: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Axis:
    """Powers of ten from `low` to `high`; where some values are 0, they lie on a line of their own below all powers."""

    low: float
    high: float
    zero: bool

    @classmethod
    def of(cls, series: Sequence[Series]) -> Axis:
        values = [value for one in series for value in one.values if _drawn(value)]
        powers = [math.log10(value) for value in values if value > 0] or [0.0]
        low, high = min(powers), max(powers)
        missing = max(FEWEST_DECADES - (high - low), 0.0) / 2
        return cls(low - missing, high + missing, any(value == 0 for value in values))

    @property
    def floor(self) -> float:
        """The lowest place for a power; below it only 0 has one."""
        return HEIGHT - BOTTOM - 6 - (18 if self.zero else 0)

    def place(self, value: float) -> float:
        return HEIGHT - BOTTOM - 6 if value == 0 else self.of_power(math.log10(value))

    def of_power(self, power: float) -> float:
        return self.floor - (power - self.low) / (self.high - self.low) * (self.floor - TOP - 6)

    def ticks(self) -> Iterator[tuple[str, float]]:
        """Powers of ten; over few of them, 2 and 5 times each too."""
        step = _step((self.high - self.low) / TICKS)
        factors = (1, 2, 5) if self.high - self.low <= FEW_DECADES else (1,)
        for power in range(math.floor(self.low / step) * step, math.floor(self.high) + 1, step):
            for factor in factors:
                if self.low <= (place := power + math.log10(factor)) <= self.high:
                    yield _tick(factor, power), self.of_power(place)
        if self.zero:
            yield "0", self.place(0.0)


def _tick(factor: int, power: int) -> str:
    return f"{factor * 10.0**power:g}" if -3 <= power <= 3 else f"{factor}e{power}"


def line_plot(series: Sequence[Series], things: Sequence[str], title: str, description: str, below: str, name: str) -> Markup:
    """The plot of some series over the same things, told to those who cannot see it by `title` and `description`. `below` is what is
    written under the axis; `name` makes the ids unique in a page. All series have as many values as there are things."""
    axis = Axis.of(series)
    frame = joined(*_grid(axis), *_numbers(len(things)), _words(below))
    lines = joined(*(_line(one, number, axis, things) for number, one in reversed(list(enumerate(series)))))  # the first is on top
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-description"),
        frame,
        lines,
        *_labels(series, axis, len(things)),
        class_="plot",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{name}-title {name}-description",
    )


def legend(series: Sequence[Series]) -> Markup:
    """A list that tells which line is which."""
    entries = []
    for number, one in enumerate(series):
        line = element("path", d="M1,6 L33,6", **_look(number))
        swatch = element("svg", line, viewBox="0 0 34 12", aria_hidden="true")
        name = f"{one.label} {one.name}" if one.label else one.name
        entries.append(element("li", swatch, element("span", name)))
    return element("ul", *entries, class_="legend")


def _look(number: int) -> dict[str, str]:
    """Every line differs from every other in colour, and from its neighbours in its dashes too."""
    colour = 0 if number == 0 else 1 + (number - 1) % COLOURS
    look = {"class_": "line first" if number == 0 else "line", "stroke": f"var(--line{colour})"}
    dash = DASHES[(number + (number - 1) // COLOURS) % len(DASHES)] if number else ""
    return {**look, "stroke_dasharray": dash} if dash else look


def _across(at: int, count: int) -> float:
    """The place of a thing; a single one stands in the middle."""
    left, right = LEFT + INSET, WIDTH - RIGHT - INSET
    return (left + right) / 2 if count < 2 else left + (right - left) * at / (count - 1)


def _grid(axis: Axis) -> Iterator[Markup]:
    for label, y in axis.ticks():
        yield element("line", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y, class_="grid")
        yield element("text", label, x=LEFT - 5, y=y + 4, text_anchor="end")


def _numbers(count: int) -> Iterator[Markup]:
    """The things by number, so many that they do not touch; the first always."""
    step = _step(count / 10)
    for number in [1, *range(step, count + 1, step)] if step > 1 else range(1, count + 1):
        yield element("text", str(number), x=_across(number - 1, count), y=HEIGHT - BOTTOM + 14, text_anchor="middle")


def _step(least: float) -> int:
    """1, 2 or 5 times a power of ten, and not less than `least`."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step >= least:
                return step
        power *= 10


def _words(below: str) -> Markup:
    return element("text", below, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, text_anchor="middle")


def _line(one: Series, number: int, axis: Axis, things: Sequence[str]) -> Markup:
    places = [(_across(at, len(things)), axis.place(value)) if _drawn(value) else None for at, value in enumerate(one.values)]
    path = element("path", d=" ".join(_strokes(places)), **_look(number))
    if len(things) > MOST_MARKS:
        return element("g", path, class_="series")
    marks = []
    for place, thing, value in zip(places, things, one.values, strict=True):
        if place is not None:
            told = element("title", f"{one.name}: {value:.2g} at {thing}")
            marks.append(element("circle", told, cx=place[0], cy=place[1], r=2.6, fill=_look(number)["stroke"]))
    return element("g", path, *marks, class_="series")


def _drawn(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _strokes(places: Sequence[tuple[float, float] | None]) -> Iterator[str]:
    """A path through the places, with a gap where there is none. A place between two gaps is a dot."""
    for at, place in enumerate(places):
        if place is not None:
            begins = at == 0 or places[at - 1] is None
            ends = at + 1 == len(places) or places[at + 1] is None
            yield f"{'M' if begins else 'L'}{place[0]:.1f},{place[1]:.1f}" + (" h0" if begins and ends else "")


def _labels(series: Sequence[Series], axis: Axis, count: int) -> Iterator[Markup]:
    """The signs of the lines, at the end where these are further apart; where two would touch, one is moved, and a line leads back."""
    if not count:
        return
    ends = []
    for at in (0, count - 1):
        found = [(axis.place(one.values[at]), number) for number, one in enumerate(series) if one.label and _drawn(one.values[at])]
        ends.append((max(found)[0] - min(found)[0] if found else 0.0, at, sorted(found)))
    _, at, found = max(ends, key=lambda end: end[0])
    outwards = -1 if at == 0 and count > 1 else 1
    point = _across(at, count)
    for (y, number), moved in zip(found, _apart([y for y, _ in found]), strict=True):
        colour = _look(number)["stroke"]
        if abs(moved - y) > 1:
            way = f"M{point + 3 * outwards:.1f},{y:.1f} L{point + 9 * outwards:.1f},{moved:.1f}"
            yield element("path", d=way, class_="leader", stroke=colour)
        look = {"text_anchor": "end" if outwards < 0 else "start", "class_": "label", "style": f"fill:{colour}"}
        yield element("text", series[number].label, x=point + 10 * outwards, y=moved + 3.5, **look)


def _apart(places: Sequence[float]) -> list[float]:
    """Rising places, moved as little as it takes to have them `LABEL` apart and within the plot."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + LABEL) if moved else max(place, TOP))
    limit = float(HEIGHT - BOTTOM)
    for at in reversed(range(len(moved))):
        moved[at] = min(moved[at], limit)
        limit = moved[at] - LABEL
    return moved
