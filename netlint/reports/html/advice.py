"""A design review as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netlint.advice import Cure, Flow, Review
from netlint.reports import advice_content as content
from netlint.reports.cells import Cells
from netlint.reports.html.markup import Markup, element, joined
from netlint.reports.html.page import details, facts, page, prose, table
from netlint.reports.html.plot import STYLE, Series, legend, line_plot
from netlint.verify import LayerSignal

BELOW = "weight layer, in the order of application"


def render(reviews: Sequence[Review], filename: str, notes: Sequence[str] = ()) -> str:
    """The reviews of a file's networks as one file; `notes` tell how it was read and what was left out."""
    body = [element("h1", "Design review of ", element("code", filename))]
    body += [element("p", note, class_="dim") for note in notes]
    if not reviews:
        body.append(element("p", f"There is no network in {filename}."))
    if len(reviews) > 1:
        links = [element("li", element("a", review.network, href=f"#{_name(number)}")) for number, review in enumerate(reviews)]
        body.append(element("nav", element("ul", *links), aria_label="Networks"))
    body += [element("section", *_review(review, _name(number)), id=_name(number)) for number, review in enumerate(reviews)]
    return page(f"Design review of {filename}", *body, styles=[STYLE])


def _name(number: int) -> str:
    return f"network-{number + 1}"


def _review(review: Review, name: str) -> Iterator[Markup]:
    yield element("h2", review.network)
    yield element("p", content.place(review), class_="dim")
    yield facts(list(content.facts(review.design)))
    if flow := review.flow:
        yield _titled(content.FLOW, prose(content.flow_method(flow, review.design)), *_flow(flow, name))
        if flow.cures:
            measured = table(content.cures(flow), "The suggestions, measured")
            cures = element("ol", *(_cure(number, cure) for number, cure in enumerate(flow.cures, start=1)), class_="cures")
            yield _titled(content.CURES, measured, cures)
    if noise := review.noise:
        rows = table(content.noise(noise), content.NOISE)
        yield _titled(content.NOISE, prose(content.noise_method(noise)), rows, prose(content.NOISE_REMARK))
    if costs := review.activations:
        rows = table(content.costs(costs, review.design), content.COSTS)
        yield _titled(content.COSTS, prose(content.costs_method(costs)), rows, prose(content.costs_remark(costs)))
    if ladder := review.ladder:
        rows = table(content.ladder(ladder), content.LADDER)
        yield _titled(content.LADDER, prose(content.ladder_method(ladder)), rows, prose(content.ladder_remark(ladder)))
    if review.standing:
        yield _titled(content.STANDING, element("ul", *_standing(review), class_="notes"), prose(content.WHERE_MORE))
    if review.unjudged:
        entries = [element("li", element("strong", content.question(one)), f": {one.reason}") for one in review.unjudged]
        yield _titled(content.UNJUDGED, element("ul", *entries, class_="notes"))


def _titled(title: str, *parts: str) -> Markup:
    return joined(element("h3", title), *parts)


# -- gradient flow ------------------------------------------------------------------------------------------------------


def _flow(flow: Flow, name: str) -> Iterator[Markup]:
    yield element("p", content.flow_verdict(flow), class_="verdict bad" if flow.problem else "verdict")
    yield prose(content.flow_numbers(flow.before))
    gradients = [_series(number, name, [layer.gradient for layer in one.layers]) for number, name, one in content.measurements(flow)]
    scales = [_series(number, name, [layer.activation for layer in one.layers]) for number, name, one in content.measurements(flow)]
    layers = [_layer(layer) for layer in flow.before.layers]
    yield legend(gradients)
    plots = [
        _figure("Gradient of each layer's weight (norm, log scale)", gradients, layers, f"{name}-gradient", "gradient"),
        _figure("Scale of each layer's results (standard deviation, log scale)", scales, layers, f"{name}-scale", "scale"),
    ]
    yield element("div", *plots, class_="plots")
    for what, series in (("gradient", gradients), ("scale", scales)):
        yield details(f"The numbers of the plot: {what} by layer", table(_numbers(flow.before.layers, series), f"{what} by layer"))


def _series(number: str, name: str, values: Sequence[float]) -> Series:
    return Series(name, number, tuple(values))


def _layer(layer: LayerSignal) -> str:
    return layer.path or layer.name


def _figure(title: str, series: Sequence[Series], layers: Sequence[str], name: str, what: str) -> Markup:
    compared = f" as it is and with {len(series) - 1} suggestions" if len(series) > 1 else ""
    described = [f"{one.name}: {one.values[0]:.2g} at the first layer, {one.values[-1]:.2g} at the last" for one in series]
    description = f"The {what} of {len(layers)} weight layers{compared}. {'; '.join(described)}. All numbers stand in the table below."
    return element("figure", element("figcaption", title), line_plot(series, layers, title, description, BELOW, name))


def _numbers(layers: Sequence[LayerSignal], series: Sequence[Series]) -> Cells:
    rows = [(str(at + 1), _layer(layer), layer.name, *(f"{one.values[at]:.2g}" for one in series)) for at, layer in enumerate(layers)]
    header = ("", "layer", "operator", *(f"{one.label} {one.name}".strip() for one in series))
    return Cells(header, tuple(rows), 3)


def _cure(number: int, cure: Cure) -> Markup:
    title = element("h4", f"{number}. {cure.name}")
    if cure.remarks is None:
        return element("li", title)
    entries = [("For", cure.remarks.reasons), ("Against", cure.remarks.against)]
    entries += [("Our experiments", found)] if (found := content.verdicts(cure)) else []
    cited = [part for code in cure.remarks.rules for part in (", ", element("code", f"netlint rule {code}"))][1:]
    told = [joined(element("dt", name), element("dd", words)) for name, words in entries]
    return element("li", title, element("dl", *told, element("dt", "See"), element("dd", *cited)))


# -- rules --------------------------------------------------------------------------------------------------------------


def _standing(review: Review) -> Iterator[Markup]:
    for one in review.standing:
        first = one.first
        severity = element("strong", first.severity.value, class_=first.severity.value)
        times = f" ({one.count} times)" if one.count > 1 else ""
        told = f" {first.code} {first.name}{times}, {content.finding_place(one, review)}: {first.message}"
        yield element("li", severity, told)
