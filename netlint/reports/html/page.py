"""A whole page: one file that loads nothing, for any width, for light and dark, for the keyboard and for paper."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence

from netlint.reports.cells import Cells
from netlint.reports.html.markup import Markup, element, joined

STYLE = """
:root { color-scheme: light dark; --page: light-dark(#fff, #14181d); --box: light-dark(#f5f7f9, #1c2229);
  --text: light-dark(#1b1f24, #e6eaee);
  --dim: light-dark(#57606a, #9aa5b1); --edge: light-dark(#d0d7de, #39424d); --accent: light-dark(#0b57d0, #8ab4f8);
  --error: light-dark(#b3161b, #ff8f8a); --warning: light-dark(#8a5a00, #e8b34b); --advice: light-dark(#0b6a75, #6fd3df); }
@media print { :root { color-scheme: light !important; } }
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
@media print { body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; } a { color: inherit; }
  .wide { overflow: visible; } figure, tr, .cures li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  section + section h2 { break-before: page; } summary { color: inherit; list-style: none; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""


def page(title: str, *body: str, styles: Sequence[str] = (), scripts: Sequence[str] = ()) -> str:
    """A whole file. `styles` follow the page's own style, `scripts` run when all else is there. The browser is told that the page needs
    nothing from anywhere, and that nothing runs but these scripts."""
    style = "".join((STYLE, *styles))
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {_sources(scripts)}; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("title", title),
        element("style", Markup(style)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', element('main', *body), *map(_script, scripts)), lang='en')}\n"


def _sources(inline: Sequence[str]) -> str:
    """What a policy allows: these texts and no other."""
    digests = (b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"


def _script(code: str) -> Markup:
    return Markup(f"<script>{code}</script>")


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


def prose(words: str) -> Markup:
    """A paragraph, in which what stands between backticks is code; nothing for no words."""
    parts = [element("code", part) if number % 2 else part for number, part in enumerate(words.split("`"))]
    return element("p", *parts) if words else Markup()


def facts(entries: list[tuple[str, str]]) -> Markup:
    return element("dl", *(joined(element("dt", name), element("dd", told)) for name, told in entries), class_="facts")


def details(summary: str, *content: str) -> Markup:
    return element("details", element("summary", summary), *content)
