"""What the picture of a network is drawn from: made where the network is at hand, small enough to travel, drawn by the page when opened."""

from __future__ import annotations

import json
import shlex
import zlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.evaluation import Found
from netlint.engine.placement import path_of, places_of
from netlint.graph import Graph, Layer, Location, Operator, Parameter, Unknown
from netlint.reports.network import is_scenery, total
from netlint.reports.network_json import record

Key = tuple[object, ...]
"""Equal for a finding in a network and the diagnostic that reports it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A network as the page draws it. `target` is what `netlint` takes for it, `marks` the layers (by their numbers) that rules found
    something in, `drawing` the packed layers."""

    network: str
    filename: str
    row: int | None
    target: str
    layers: int
    parameters: int | None
    marks: tuple[tuple[Key, tuple[int, ...]], ...]
    drawing: str


def depict(judged: Sequence[tuple[Graph, Sequence[Found]]], filename: str) -> list[Picture]:
    """The pictures of a file's networks; those that apply no operator have none."""
    return [_picture(graph, found, filename) for graph, found in judged if graph.operators]


def _picture(graph: Graph, found: Sequence[Found], filename: str) -> Picture:
    shown = [operator for operator in graph.operators if not is_scenery(operator)]
    numbers = {id(operator): number for number, operator in enumerate(shown)}
    marks: dict[Key, dict[int, None]] = {}
    for one in found:
        nodes = (numbers[id(operator)] for operator in _operators(one.finding.at, graph) if id(operator) in numbers)
        marks.setdefault(_key_of(one, graph, filename), {}).update(dict.fromkeys(nodes))
    count = total(graph)
    place = graph.site.location() if graph.site else None
    named = graph.frontend == "source" and graph.root is not None and graph.name.isidentifier()
    return Picture(
        network=graph.name,
        filename=filename,
        row=place.row if place and place.filename == filename else None,
        target=shlex.quote(f"{filename}:{graph.name}" if named else filename),
        layers=len(shown),
        parameters=None if isinstance(count, Unknown) else count,
        marks=tuple((key, tuple(nodes)) for key, nodes in marks.items()),
        drawing=_packed(_drawing(graph, shown, numbers)),
    )


def _operators(at: object, graph: Graph) -> list[Operator]:
    """The operators that are marked for a thing: itself, or those of a layer or of all layers in it."""
    if isinstance(at, Operator):
        return [at]
    layer = at.owner if isinstance(at, Parameter) else at
    if not isinstance(layer, Layer):
        return []
    return graph.applications(layer) or [one for one in graph.operators if one.layer is not None and layer in one.layer.ancestors]


# -- which diagnostic is which mark -----------------------------------------------------------------------------------------


def _key_of(found: Found, graph: Graph, filename: str) -> Key:
    place, path = places_of(found.finding.at, graph)[0][0], path_of(found.finding.at)
    symbol = f"{graph.name}.{path}" if path else graph.name
    return _key(found.rule.code, graph.frontend, place, place.filename or filename, symbol)


def key_of(finding: Diagnostic) -> Key:
    """The key of a finding that is reported; a model file has no lines, so there its node tells."""
    start, end = finding.location, finding.end_location
    place = Location(finding.filename, start.row, start.column, end.row, end.column)
    return _key(finding.code, finding.frontend, place, finding.filename, finding.symbol)


def _key(code: str, frontend: str, place: Location, filename: str, symbol: str) -> Key:
    file = str(Path(filename).absolute())
    if frontend == "onnx":
        return code, file, symbol
    return code, file, place.row, place.column, place.end_row, place.end_column


# -- the drawing ------------------------------------------------------------------------------------------------------------


def _drawing(graph: Graph, shown: Sequence[Operator], numbers: dict[int, int]) -> dict[str, object]:
    """The layers by columns, which pack better than rows. `in` is the module that applies each, `modules` are the classes of the
    modules in which others stand, and whether a class is torch's own (a `Sequential` is not like another)."""
    nodes = record(graph)["nodes"]
    assert isinstance(nodes, list)
    rows = [row for row, operator in zip(nodes, graph.operators, strict=True) if id(operator) in numbers]
    scopes = [_scope(operator) for operator in shown]
    places = [None if graph.frontend == "onnx" else row["filename"] for row in rows]  # a model file has no lines
    files = sorted({name for name in places if name is not None})
    around = {prefix for scope in scopes for prefix in _prefixes(scope)}
    return {
        "op": [row["op"] for row in rows],
        "path": [row["path"] for row in rows],
        "in": scopes,
        "reads": [[numbers[id(source)] for source in operator.inputs if id(source) in numbers] for operator in shown],
        "shape": [row["shape"] for row in rows],
        "parameters": [row["parameters"] for row in rows],
        "file": [None if name is None else files.index(name) for name in places],
        "row": [row["row"] for row in rows],
        "files": files,
        "modules": {
            layer.path: [layer.kind.rpartition(".")[2], layer.kind.startswith("torch.")] for layer in graph.layers if layer.path in around
        },
    }


def _scope(operator: Operator) -> str:
    if operator.scope is not None:
        return operator.scope.path
    return operator.path.rpartition(".")[0] if operator.layer else operator.path


def _prefixes(path: str) -> list[str]:
    parts = path.split(".") if path else []
    return [".".join(parts[:length]) for length in range(len(parts) + 1)]


def _packed(drawing: dict[str, object]) -> str:
    """JSON, deflated (a page may hold a thousand networks), in letters that mean nothing to HTML."""
    return b64encode(zlib.compress(json.dumps(drawing, separators=(",", ":")).encode("ascii"), 9)).decode("ascii")
