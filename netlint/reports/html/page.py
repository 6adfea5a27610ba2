"""A whole page: one file that loads nothing, for any width, for light and dark, for the keyboard and for paper."""

from __future__ import annotations

from netlint.reports.cells import Cells
from netlint.reports.html import plot
from netlint.reports.html.markup import Markup, element, joined

STYLE = (
    """
:root { color-scheme: light dark; --page: #fff; --box: #f5f7f9; --text: #1b1f24; --dim: #57606a; --edge: #d0d7de; --accent: #0b57d0;
  --error: #b3161b; --warning: #8a5a00; --advice: #0b6a75; }
@media (prefers-color-scheme: dark) { @media screen { :root { --page: #14181d; --box: #1c2229; --text: #e6eaee; --dim: #9aa5b1;
  --edge: #39424d; --accent: #8ab4f8; --error: #ff8f8a; --warning: #e8b34b; --advice: #6fd3df; } } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.25rem 3rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.35rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1.1rem; margin: 2rem 0 .4rem; } h4 { font-size: 1rem; margin: 0; }
p { margin: .4rem 0; max-width: 46rem; } code { font: .92em ui-monospace, monospace; }
a { color: var(--accent); } .dim { color: var(--dim); }
a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
nav ul { padding-left: 1.2rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .8rem 0; }
.facts dt { color: var(--dim); } .facts dd { margin: 0; }
.verdict { border-left: 4px solid var(--advice); padding: .4rem .8rem; background: var(--box); font-weight: 600; }
.verdict.bad { border-color: var(--warning); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: .2rem; }
.wide { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .93rem; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid var(--edge); vertical-align: top; }
th:first-child, td:first-child { padding-left: .1rem; }
th { color: var(--dim); font-weight: 600; } tbody th { color: inherit; font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
details { margin: .5rem 0; } summary { cursor: pointer; width: fit-content; padding: .15rem .2rem; color: var(--accent); }
.cures { padding: 0; margin: .6rem 0; list-style: none; display: grid; gap: .7rem; }
.cures li { border: 1px solid var(--edge); border-radius: 6px; padding: .6rem .9rem; background: var(--box); }
.cures dl { margin: .3rem 0 0; display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; }
.cures dt { color: var(--dim); } .cures dd { margin: 0; }
.notes li { margin: .3rem 0; }
.error { color: var(--error); } .warning { color: var(--warning); } .advice { color: var(--advice); }
"""
    + plot.STYLE
    + """
@media print { body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; } a { color: inherit; }
  .wide { overflow: visible; } figure, tr, .cures li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  section + section h2 { break-before: page; } summary { color: inherit; list-style: none; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""
)
NOTHING_LOADED = "default-src 'none'; style-src 'unsafe-inline'"
"""The browser itself is told that the page needs nothing from anywhere."""


def page(title: str, *body: str) -> str:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=NOTHING_LOADED),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', element('main', *body)), lang='en')}\n"


def table(cells: Cells, name: str) -> Markup:
    """A table that scrolls on its own where it is too wide; `name` tells what it holds. Its first column of words names the rows."""
    head = element("tr", *(_cell("th", cell, at in cells.numbers, scope="col") for at, cell in enumerate(cells.header)))
    rows = [
        element(
            "tr",
            *(
                _cell("th", cell, False, scope="row") if at == cells.words - 1 else _cell("td", cell, at in cells.numbers)
                for at, cell in enumerate(row)
            ),
        )
        for row in cells.rows
    ]
    whole = element("table", element("thead", head), element("tbody", *rows))
    return element("div", whole, class_="wide", role="region", aria_label=name, tabindex=0)


def _cell(kind: str, cell: str, number: bool, **attributes: str) -> Markup:
    if not cell:
        kind, attributes = "td", {}  # an empty cell heads nothing
    return element(kind, cell, **({"class_": "number"} if number else {}), **attributes)


def facts(entries: list[tuple[str, str]]) -> Markup:
    return element("dl", *(joined(element("dt", name), element("dd", told)) for name, told in entries), class_="facts")


def details(summary: str, *content: str) -> Markup:
    return element("details", element("summary", summary), *content)
