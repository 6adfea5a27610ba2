"""A network as JSON: `{"network", "parameters", "nodes", "unknown"}`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from netlint.graph import Graph, Shape, Unknown
from netlint.reports.network import Row, rows, total, unknowns


def render(graphs: Sequence[Graph]) -> str:
    """One network as an object; several as a list of them."""
    records = [record(graph) for graph in graphs]
    return json.dumps(records[0] if len(records) == 1 else records, indent=2, ensure_ascii=False) + "\n"


def record(graph: Graph) -> dict[str, object]:
    """One network. A parameter count is exact or null, and so is each size of a shape; a shape of unknown rank is null."""
    count = total(graph)
    return {
        "network": graph.name,
        "parameters": None if isinstance(count, Unknown) else count,
        "nodes": [_node(row) for row in rows(graph)],
        "unknown": [{"where": where, "reason": reason} for where, reason in unknowns(graph)],
    }


def _node(row: Row) -> dict[str, object]:
    return {
        "id": row.number,
        "op": row.operator.name,
        "path": row.operator.path,
        "inputs": list(row.inputs),
        "shape": _shape(row.operator.shape),
        "parameters": None if isinstance(row.parameters, Unknown) else row.parameters,
        "filename": row.place.filename if row.place else None,
        "row": row.place.row if row.place else None,
    }


def _shape(shape: Shape | None) -> list[int | None] | None:
    return None if shape is None else [None if isinstance(size, Unknown) else size for size in shape]
