"""A network as a table, like a model summary, from source alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netlint.graph import Graph, Int, Operator, Shape, Unknown
from netlint.graph.cost import flops
from netlint.graph.operators import Input
from netlint.reports.network import Row, is_scenery, rows, total, unapplied, unknowns
from netlint.reports.terminal import Paint, counted, printable, table

UNKNOWN = "?"
REASONS_SHOWN = 12


def render(graphs: Sequence[Graph], paint: Paint) -> str:
    """A table for each network, with an empty line between."""
    return "\n".join("".join(f"{line}\n" for line in _network(graph, paint)) for graph in graphs)


def _network(graph: Graph, paint: Paint) -> Iterator[str]:
    place = graph.site.location() if graph.site else None
    where = f"  {place.filename}:{place.row}" if place else f"  {graph.filename}"
    yield paint(printable(graph.name), "bold") + paint(printable(where), "dim")
    shown = [row for row in rows(graph) if not is_scenery(row.operator)]
    header, *lines = table([("layer", "operator", "output", "parameters", "flops"), *map(_cells, shown)], right=(3, 4))
    yield paint(header, "dim")
    yield from lines
    yield from _totals(graph, shown, paint)
    reasons = unknowns(graph)
    if reasons:
        yield paint("not known", "dim")
        yield from (f"  {printable(where)}: {printable(reason)}" for where, reason in reasons[:REASONS_SHOWN])
    if len(reasons) > REASONS_SHOWN:
        yield f"  and {len(reasons) - REASONS_SHOWN} more (--format json lists all)"


def _cells(row: Row) -> tuple[str, ...]:
    operator = row.operator
    return printable(_where(operator)), printable(operator.name), _shape(operator.shape), _parameters(row), _short(flops(operator) or 0)


def _where(operator: Operator) -> str:
    """The layer's module path; the module in whose forward it stands for what has no layer; the name of an input."""
    if isinstance(operator, Input):
        return operator.label
    return operator.path if operator.layer else f"{operator.path}.forward".lstrip(".")


def _parameters(row: Row) -> str:
    if row.parameters == 0:
        return "shared" if row.shared and row.operator.layer and row.operator.layer.parameters else ""
    return _number(row.parameters)


def _totals(graph: Graph, shown: Sequence[Row], paint: Paint) -> Iterator[str]:
    count = total(graph)
    frozen = [parameter for parameter in graph.parameters() if parameter.trainable is False]
    yield f"{paint('parameters', 'dim')}  {paint(_number(count), 'bold')}"
    if frozen:
        yield f"{paint('frozen', 'dim')}      {counted(len(frozen), 'tensor')}"
    elsewhere = unapplied(graph)
    if elsewhere != 0:
        yield f"{paint('unused', 'dim')}      {_number(elsewhere)} parameters belong to no operator above"
    costs = [flops(row.operator) for row in shown]
    if any(costs):
        missing = sum(cost is None and row.operator.weighted for cost, row in zip(costs, shown, strict=True))
        tail = f", without {counted(missing, 'layer')} of unknown shape" if missing else ""
        yield f"{paint('flops', 'dim')}       {_short(sum(cost or 0 for cost in costs))}{tail}"


def _number(value: Int) -> str:
    return UNKNOWN if isinstance(value, Unknown) else f"{value:,}"


def _shape(shape: Shape | None) -> str:
    if shape is None:
        return UNKNOWN
    return " x ".join(UNKNOWN if isinstance(size, Unknown) else str(size) for size in shape) or "scalar"


def _short(number: int) -> str:
    """Three digits and a power of a thousand (714 M); nothing for 0."""
    value, units = float(number), ["", " k", " M", " G", " T", " P"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g}{units[0]}" if number else ""
