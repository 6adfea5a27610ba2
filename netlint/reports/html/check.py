"""The report of `netlint check` as one page: findings to filter, networks as pictures, rules, and what was not judged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import groupby

from netlint import __version__
from netlint.engine.diagnostic import Diagnostic
from netlint.engine.registry import Entry
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports.cells import Cells
from netlint.reports.html.finding import Articles, Drawn
from netlint.reports.html.markup import Markup, element, joined
from netlint.reports.html.page import details, page, prose, table
from netlint.reports.html.picture import Key, Picture, key_of
from netlint.reports.page import paragraphs
from netlint.reports.places import Places
from netlint.reports.terminal import counted

LAYOUT = "vendor/dagre.min.js"
"""The library that places the boxes of a picture (see vendor/README.md)."""


def render(report: Report, places: Places, entries: Mapping[str, Entry]) -> str:
    """The page; `entries` hold the rules that have findings, with their pages, by code."""
    pictures = [picture for picture in report.pictures if isinstance(picture, Picture)]
    drawn, marks = _drawn(report.findings, pictures)
    articles = Articles(report, places, drawn)
    body = [
        *([element("a", "To the findings", href="#findings", class_="skip")] if report.findings else []),
        element("header", element("h1", "netlint report"), _theme(), *_counts(report)),
        *_run(report),
        element("noscript", element("p", "Filters and pictures need JavaScript. All findings are listed.", class_="verdict")),
        *_findings(report.findings, articles),
        *_networks(pictures, marks),
        *_rules(report.findings, entries),
        *_unanswered(report),
        _json("marks", [{str(node): found for node, found in sorted(one.items())} for one in marks]),
        element("footer", f"netlint {__version__}", class_="dim"),
    ]
    scripts = [_read(LAYOUT), _read("check.js")] if pictures else [_read("check.js")]
    return page("netlint report", *body, styles=[_read("check.css")], scripts=scripts)


def _read(name: str) -> str:
    return files("netlint.reports.html").joinpath(name).read_text(encoding="ascii")


def _json(name: str, value: object) -> Markup:
    """Data for the script, in which nothing can end the element or begin a comment."""
    text = json.dumps(value, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(f'<script type="application/json" id="{name}">{text}</script>')


# -- the run ----------------------------------------------------------------------------------------------------------------


def _theme() -> Markup:
    return element("button", "Dark or light", type="button", id="theme", class_="control", hidden="hidden")


def _counts(report: Report) -> Iterator[Markup]:
    found = Counter(finding.severity for finding in report.findings)
    words = {Severity.ERROR: ("error", "errors"), Severity.WARNING: ("warning", "warnings"), Severity.ADVICE: ("advice", "advice")}
    counts = [(found[severity], *words[severity], severity.value) for severity in Severity]
    counts += [(report.files, "file", "files", ""), (report.networks, "network", "networks", "")]
    counts += [(report.suppressed, "suppressed", "suppressed", "")] if report.suppressed else []
    counts += [(report.accepted, "in the baseline", "in the baseline", "")] if report.accepted else []
    cards = [
        element("li", element("strong", f"{count:,}", class_=kind if count else ""), f" {one if count == 1 else many}")
        for count, one, many, kind in counts
    ]
    yield element("ul", *cards, class_="counts")
    safe = sum(finding.fix is not None and finding.fix.applicability == "safe" for finding in report.findings)
    if safe:
        yield element("p", f"{safe:,} can be fixed with ", element("code", "netlint check --fix"), ".")
    if not report.findings and not report.broken:
        yield element("p", "No findings.", class_="verdict")


def _run(report: Report) -> Iterator[Markup]:
    """What went wrong, and how models were read."""
    if report.problems:
        yield element("h2", "Not checked")
        yield element("ul", *(element("li", problem, class_="error") for problem in report.problems), class_="notes")
    if report.notes:
        yield details(counted(len(report.notes), "note"), element("ul", *(element("li", note) for note in report.notes), class_="notes"))


def _unanswered(report: Report) -> Iterator[Markup]:
    if report.unanswered:
        rows = [
            (code, reason, f"{count:,}")
            for code, reasons in report.unanswered.items()
            for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        ]
        cells = Cells(("rule", "why", "times"), tuple(rows), 2)
        yield element("h2", "Not evaluated")
        yield element("p", "Questions that the code could not answer. None of them is a finding, and none is an acquittal.")
        rules = counted(len(report.unanswered), "rule")
        yield details(f"{rules} not evaluated everywhere, and why", table(cells, "Not evaluated"))
    if report.blind:
        seen = sorted(report.blind.items(), key=lambda item: (-item[1], item[0]))
        cells = Cells(("why", "places"), tuple((reason, f"{count:,}") for reason, count in seen), 1)
        places = counted(sum(report.blind.values()), "place")
        yield details(f"{places} of networks not seen, and why", table(cells, "Not seen"))


# -- findings ---------------------------------------------------------------------------------------------------------------


def _findings(findings: Sequence[Diagnostic], articles: Articles) -> Iterator[Markup]:
    if not findings:
        return
    numbered = enumerate(findings, start=1)
    sections = []
    for filename, group in groupby(numbered, key=lambda pair: pair[1].filename):
        written = [articles.article(number, finding) for number, finding in group]
        sections.append(element("section", element("h3", element("code", filename)), *written, class_="file", data_file=filename))
    yield element("section", element("h2", "Findings", id="findings", tabindex=-1), _filter(findings), *sections)


def _filter(findings: Sequence[Diagnostic]) -> Markup:
    """Hidden until the script is there to act on it."""
    severities = Counter(finding.severity for finding in findings)
    rules = Counter((finding.code, finding.name) for finding in findings)
    names = Counter(finding.filename for finding in findings)
    boxes = [
        element("label", element("input", type="checkbox", name="severity", value=one.value, checked="checked"), f" {one.value}")
        for one in Severity
        if severities[one]
    ]
    every_rule = [element("option", f"{code} {name} ({count})", value=code) for (code, name), count in sorted(rules.items())]
    every_file = [element("option", f"{name} ({count})", value=name) for name, count in sorted(names.items())]
    return element(
        "form",
        element("fieldset", element("legend", "Severity"), *boxes),
        element("label", "Rule ", element("select", element("option", "all rules", value=""), *every_rule, name="rule")),
        element("label", "File ", element("select", element("option", "all files", value=""), *every_file, name="file")),
        element("label", "Text ", element("input", type="search", name="text", placeholder="in all that is shown")),
        element("button", "Show all", type="reset"),
        element("p", counted(len(findings), "finding"), id="shown", role="status"),
        id="filter",
        class_="control",
        aria_label="Filter the findings",
        hidden="hidden",
    )


# -- networks ---------------------------------------------------------------------------------------------------------------


def _drawn(findings: Sequence[Diagnostic], pictures: Sequence[Picture]) -> tuple[dict[int, list[Drawn]], list[dict[int, list[int]]]]:
    """For each finding (by its place in the report) the pictures that show it, and for each picture the findings of each layer (by
    their numbers, from 1). Layer -1 stands for findings of the network as a whole."""
    by_key: dict[Key, list[int]] = {}
    for at, finding in enumerate(findings):
        by_key.setdefault(key_of(finding), []).append(at)
    drawn: dict[int, list[Drawn]] = {}
    marks: list[dict[int, list[int]]] = []
    for number, picture in enumerate(pictures, start=1):
        own: dict[int, list[int]] = {}
        for key, nodes in picture.marks:
            for at in by_key.get(key, ()):
                drawn.setdefault(at, []).append(Drawn(number, picture.network, nodes[0] if nodes else None))
                for node in nodes or (-1,):
                    own.setdefault(node, []).append(at + 1)
        marks.append(own)
    for at, shown in drawn.items():
        shown.sort(key=lambda one: one.network != findings[at].network)
    return drawn, marks


def _networks(pictures: Sequence[Picture], marks: Sequence[Mapping[int, Sequence[int]]]) -> Iterator[Markup]:
    if not pictures:
        return
    written = [_network(number, *both) for number, both in enumerate(zip(pictures, marks, strict=True), start=1)]
    flagged = [one for one, found in zip(written, marks, strict=True) if found]
    others = [one for one, found in zip(written, marks, strict=True) if not found]
    yield element("h2", "Networks", id="networks")
    yield joined(*flagged)
    if others:
        yield details(f"{counted(len(others), 'network')} without findings", *others)


def _network(number: int, picture: Picture, marks: Mapping[int, Sequence[int]]) -> Markup:
    findings = {one for found in marks.values() for one in found}
    parameters = "parameters unknown" if picture.parameters is None else counted(picture.parameters, "parameter")
    place = picture.filename if picture.row is None else f"{picture.filename}:{picture.row}"
    told = [counted(picture.layers, "operator"), parameters, place]
    badge = [" ", element("span", counted(len(findings), "finding"), class_="badge flagged")] if findings else []
    summary = element("summary", element("strong", picture.network), *badge, " ", element("span", ", ".join(told), class_="dim"))
    whole = [element("a", f"finding {one}", href=f"#finding-{one}") for one in marks.get(-1, ())]
    about = [element("p", "About the network as a whole: ", *(joined(link, " ") for link in whole))] if whole else []
    flow = element("code", f"netlint advise {picture.target} --output-format html --output-file review.html")
    return element(
        "details",
        summary,
        *about,
        element("div", class_="picture control"),
        element("p", "How gradients flow through it, with plots: ", flow, class_="dim"),
        class_="network",
        id=f"network-{number}",
        data_drawing=picture.drawing,
    )


# -- rules ------------------------------------------------------------------------------------------------------------------


def _rules(findings: Sequence[Diagnostic], entries: Mapping[str, Entry]) -> Iterator[Markup]:
    """The page of each rule that found something: what it says, and the evidence for and against."""
    times = Counter(finding.code for finding in findings)
    if times:
        yield element("h2", "Rules", id="rules")
    for code in sorted(times):
        entry = entries[code]
        rule = entry.rule
        carries = f", {', '.join(rule.statements)}" if rule.statements else ""
        told = element("span", f"{rule.severity.value}{carries}, {counted(times[code], 'finding')}", class_="dim")
        summary = element("summary", element("strong", f"{code} {rule.name}"), " ", told)
        link = element("p", element("a", "its findings", href=f"#rule={code}", class_="control"), class_="control")
        yield element("details", summary, *_prose(entry.page), link, id=f"rule-{code}", class_="rule")


def _prose(page: str) -> Iterator[Markup]:
    for paragraph in paragraphs(page):
        if paragraph.title:
            yield element("h4", paragraph.title)
        if paragraph.is_list or paragraph.is_set_apart:
            yield element("pre", *(joined(line, Markup("\n")) for line in paragraph.lines), class_="wide", tabindex=0)
        elif paragraph.lines:
            yield prose(paragraph.text)
