"""The rules' pages, as `netlint rule CODE --output-format markdown` prints them, with the plots of what was measured; and their table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from netlint.engine.registry import Entry, Registry
from netlint.reports.measured import measured
from netlint.reports.page import measurement, render_markdown

PLOTS = "benchmarks/evidence/results"
NOTICES = ("NL000", "NL001")
"""What the engine itself reports has pages, too."""


def pages(registry: Registry) -> dict[str, str]:
    """Each page of the site, by its place there."""
    return {_uri(entry): _page(entry) for entry in (*registry.entries, *map(registry.find, NOTICES))}


def _uri(entry: Entry) -> str:
    return f"rules/{entry.rule.code}.md"


def _page(entry: Entry) -> str:
    """A page as it would stand in docs/rules/; below what was measured is its plot."""
    text = render_markdown([entry])
    for one in measured(entry.rule.code):
        plot = f"![{one.question}](../../{PLOTS}/{one.experiment}.svg)"
        text = text.replace(measurement(one), f"{measurement(one)}\n\n{plot}")
    return text


def table(registry: Registry) -> str:
    """The rules by chapter."""
    return "\n".join(_table(registry))


def _table(registry: Registry) -> Iterator[str]:
    for chapter, entries in groupby(registry.entries, key=lambda entry: entry.chapter):
        yield from ("", f"## {chapter.capitalize()}", "", "| rule | | default | fix | about | says |", "|---|---|---|---|---|---|")
        for rule in (entry.rule for entry in entries):
            fix = "" if rule.fix_contract is None else "yes"
            yield f"| {rule.code} | {rule.name} | {rule.severity.value} | {fix} | {' '.join(rule.statements)} | {rule.summary} |"


def navigation(registry: Registry) -> list[dict[str, list[dict[str, str]]]]:
    """The chapters with their pages."""
    chapters = [
        {chapter.capitalize(): [_item(entry) for entry in entries]}
        for chapter, entries in groupby(registry.entries, key=lambda entry: entry.chapter)
    ]
    return [*chapters, {"Notices": [_item(registry.find(code)) for code in NOTICES]}]


def _item(entry: Entry) -> dict[str, str]:
    return {f"{entry.rule.code} {entry.rule.name}": _uri(entry)}
