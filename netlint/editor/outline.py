"""The networks of a document as an outline: each with its layers, nested by module path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netlint.editor.hovering import parameter_count
from netlint.editor.messages import Place, Symbol
from netlint.editor.places import holds, of_site
from netlint.engine.diagnostic import Position
from netlint.frontends.source.code import SourceFile
from netlint.graph import Graph, Int, Layer, Site, Unknown

Rows = Callable[[int], "int | None"]
"""The row of the document for a row that was read; None if it is gone."""


def outline(graphs: Sequence[Graph], text: str, filename: str, rows: Rows) -> list[Symbol]:
    """The networks whose code stands in a file with this text, in its order."""
    definitions = _definitions(text)
    found = [symbol for graph in graphs if (symbol := _network(graph, definitions, filename, rows)) is not None]
    return sorted(found, key=lambda symbol: symbol.place.start)


def _definitions(text: str) -> dict[str, Place]:
    """Where each name of a module is bound first: a class, a function or a variable, without its decorators."""
    file = SourceFile(text, "")
    found = {}
    for name, slices in file.bindings.items():
        start = Position(slices[0].statements[0].lineno, 1)
        found[name] = Place(start, Position(slices[0].last, len(file.lines[slices[0].last - 1]) + 1))
    return found


def _network(graph: Graph, definitions: Mapping[str, Place], filename: str, rows: Rows) -> Symbol | None:
    defined = definitions.get(graph.name.partition(".")[0])
    place = _moved(defined, rows) if defined is not None else _place(graph.site, filename, rows)
    if graph.root is None or place is None:
        return None
    children = _children(graph.root, place, filename, rows)
    return Symbol(graph.name, "network", _parameters(graph.parameter_count()), place, children)


def _children(layer: Layer, around: Place, filename: str, rows: Rows) -> tuple[Symbol, ...]:
    return tuple(_layer(name, child, around, filename, rows) for name, child in layer.children.items())


def _layer(name: str, layer: Layer, around: Place, filename: str, rows: Rows) -> Symbol:
    """A layer that is made elsewhere, as by an imported function, is shown where what holds it is."""
    place = _place(layer.site, filename, rows) or around
    kind = layer.kind.rpartition(".")[2]
    parameters = _parameters(parameter_count(layer))
    detail = f"{kind}, {parameters}" if parameters else kind
    children = _children(layer, place, filename, rows)
    return Symbol(name, "container" if children else "layer", detail, place, children)


def _parameters(count: Int) -> str:
    if isinstance(count, Unknown):
        return "? parameters"
    return f"{count:,} parameter{'' if count == 1 else 's'}" if count else ""


def _place(site: Site | None, filename: str, rows: Rows) -> Place | None:
    if site is None or not holds(site, filename):
        return None
    return _moved(of_site(site), rows)


def _moved(place: Place, rows: Rows) -> Place | None:
    """The place in the document; None if an end of it is gone."""
    start, end = rows(place.start.row), rows(place.end.row)
    if start is None or end is None:
        return None
    return Place(Position(start, place.start.column), Position(end, place.end.column))
