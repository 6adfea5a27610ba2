"""Networks in Graphviz' language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from netlint.graph import Graph
from netlint.reports.network import is_scenery, rows
from netlint.reports.terminal import printable

_STYLE = '  node [shape=box, fontname="Helvetica"];'


def render(graphs: Sequence[Graph]) -> str:
    """One digraph a network."""
    return "".join(f"{line}\n" for graph in graphs for line in _digraph(graph))


def render_as_one(graphs: Sequence[Graph]) -> str:
    """One digraph with a cluster for each network, under its name."""
    lines = [f"digraph {_quoted(', '.join(printable(graph.name) for graph in graphs))} {{", _STYLE, '  graph [fontname="Helvetica"];']
    for number, graph in enumerate(graphs):
        lines += [f"  subgraph cluster_{number} {{", f"  label={_quoted(printable(graph.name))};", *_body(graph, f"g{number}n"), "  }"]
    return "".join(f"{line}\n" for line in [*lines, "}"])


def _digraph(graph: Graph) -> Iterator[str]:
    yield f"digraph {_quoted(printable(graph.name))} {{"
    yield _STYLE
    yield from _body(graph, "n")
    yield "}"


def _body(graph: Graph, prefix: str) -> Iterator[str]:
    shown = [row for row in rows(graph) if not is_scenery(row.operator)]
    numbers = {row.number for row in shown}
    for row in shown:
        label = "\n".join(printable(part) for part in (row.operator.name, row.operator.path) if part)
        yield f"  {prefix}{row.number} [label={_quoted(label)}];"
    for row in shown:
        yield from (f"  {prefix}{source} -> {prefix}{row.number};" for source in row.inputs if source in numbers)


def _quoted(text: str) -> str:
    """A string of Graphviz: backslashes and quotes are escaped as in JSON, and no entity of HTML is read into it."""
    return json.dumps(text.replace("&", "&amp;"), ensure_ascii=False)
