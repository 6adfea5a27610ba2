"""A network in Graphviz' language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from netlint.graph import Graph
from netlint.reports.network import is_scenery, rows


def render(graphs: Sequence[Graph]) -> str:
    """One digraph a network."""
    return "".join(f"{line}\n" for graph in graphs for line in _digraph(graph))


def _digraph(graph: Graph) -> Iterator[str]:
    yield f"digraph {_quoted(graph.name)} {{"
    yield '  node [shape=box, fontname="Helvetica"];'
    shown = [row for row in rows(graph) if not is_scenery(row.operator)]
    numbers = {row.number for row in shown}
    for row in shown:
        label = "\n".join(part for part in (row.operator.name, row.operator.path) if part)
        yield f"  n{row.number} [label={_quoted(label)}];"
    for row in shown:
        yield from (f"  n{source} -> n{row.number};" for source in row.inputs if source in numbers)
    yield "}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
