"""Where a finding is shown: the place a person would put the cursor, and the other places that belong to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from netlint.engine.diagnostic import Diagnostic, Position, Related, fingerprint, identity, plain
from netlint.engine.evaluation import Found
from netlint.graph import Graph, Layer, Location, Operator, Parameter, Site


@dataclass(frozen=True, slots=True)
class Candidate:
    """A diagnostic of one network, before those of all networks are put together.

    `place` is equal for two candidates of the same code site; `node` tells those apart that stand in a model file, which has no lines.
    `surroundings` name where it is written (the class or function, else the network), its module path, and the operators around it; they
    go into the fingerprint, which must survive moved lines. `of_network` is False for code that computes on tensors without a network.
    """

    diagnostic: Diagnostic
    place: Location
    surroundings: str
    of_network: bool
    node: str = ""


def candidates(found: Iterable[Found], graph: Graph) -> list[Candidate]:
    """The findings on one graph, those of one rule at one code site as one, with their count and their highest severity."""
    sites: dict[tuple[str, Location, str], dict[int, Candidate]] = {}
    for one in found:
        candidate = _candidate(one, graph)
        same_site = sites.setdefault((candidate.diagnostic.code, candidate.place, candidate.node), {})
        same_site.setdefault(id(_counted(one.finding.at)), candidate)
    return [_joined(list(group.values())) for group in sites.values()]


def _counted(at: object) -> object:
    """What `count` counts: layers, and calls where there is no layer."""
    return at.layer if isinstance(at, Operator) and at.layer is not None else at


def _joined(group: list[Candidate]) -> Candidate:
    worst = min(group, key=lambda candidate: candidate.diagnostic.severity.rank)
    return replace(worst, diagnostic=replace(worst.diagnostic, count=len(group)))


def _candidate(found: Found, graph: Graph) -> Candidate:
    rule, finding = found.rule, found.finding
    path = path_of(finding.at)
    first, *others = places_of(finding.at, graph)
    place = first[0]
    partners = [(location, what) for thing, what in finding.related for location, _ in places_of(thing, graph)[:1]]
    related = {location: what for location, what in [*others, *partners] if location != place}
    diagnostic = Diagnostic(
        code=rule.code,
        name=rule.name,
        severity=finding.severity or rule.severity,
        message=finding.message,
        filename=place.filename,
        location=Position(place.row, place.column),
        end_location=Position(place.end_row, place.end_column),
        confidence="certain" if finding.certain else "likely",
        related=tuple(Related(at.filename, Position(at.row, at.column), what) for at, what in related.items()),
        symbol=f"{graph.name}.{path}" if path else graph.name,
        network=graph.name,
        scope=next((site.scope for site, _ in _sites(finding.at, graph) if site is not None), ""),
        frontend=graph.frontend,
        data={key: plain(value) for key, value in finding.data.items()},
    )
    surroundings = f"{diagnostic.scope or graph.name} {path} {_surroundings(finding.at, graph)}"
    return Candidate(diagnostic, place, surroundings, graph.root is not None, _node_of(finding.at, graph))


def _node_of(at: object, graph: Graph) -> str:
    """What tells two places of a model file apart, which has no lines; empty for source."""
    if graph.frontend != "onnx":
        return ""
    site = getattr(at, "site", None)
    return str(site.key) if isinstance(site, Site) else path_of(at)


def path_of(at: object) -> str:
    """The module path of what is flagged; empty where it has none."""
    if isinstance(at, Parameter):
        return f"{at.owner.path}.{at.name}".lstrip(".") if at.owner else at.name
    return at.path if isinstance(at, (Operator, Layer)) else ""


def places_of(at: object, graph: Graph) -> list[tuple[Location, str]]:
    """The places of a thing, the best first, each with what it is. Never empty: the file itself is the last resort."""
    sites = [(site.location(), what) for site, what in _sites(at, graph) if site is not None]
    if not sites and graph.site is not None:
        sites = [(graph.site.location(), "the network")]
    if not sites:
        sites = [(Location(graph.filename, 1, 1, 1, 1), "the file")]
    return list({location: (location, what) for location, what in reversed(sites)}.values())[::-1]


def _sites(at: object, graph: Graph) -> list[tuple[Site | None, str]]:
    if isinstance(at, Operator):
        own = [(at.site, "applied here"), (at.layer.site if at.layer else None, "constructed here")]
        inner = at.layer or at.scope
        written = getattr(at.site, "written", None)
        if written is not None:
            return [*own, (written, "exported from here")]
        return own if any(site for site, _ in own) or inner is None else [(inner.site, "constructed here")]
    if isinstance(at, Layer):
        applied = [(operator.site, "applied here") for operator in graph.applications(at)]
        return [*applied, (at.site, "constructed here")]
    if isinstance(at, Parameter):
        return [(at.owner.site, "constructed here")] if at.owner else []
    if isinstance(at, Site):
        return [(at, "here")]
    return [(getattr(at, "site", None), "here")]


def _surroundings(at: object, graph: Graph) -> str:
    """The operators next to what is flagged: they change when the network does, not when a line moves."""
    if isinstance(at, Layer):
        at = next(iter(graph.applications(at)), at)
    if not isinstance(at, Operator):
        return type(at).__name__
    before = ",".join(operator.name for operator in at.inputs)
    after = ",".join(operator.name for operator in graph.consumers(at))
    return f"{before}>{at.name}>{after}"


def fingerprinted(ordered: Iterable[tuple[Diagnostic, str, str]]) -> list[Diagnostic]:
    """The diagnostics with their fingerprints, from triples in report order: a diagnostic, its file as the project names it, its
    surroundings. Equal ones of a file are told apart by their order."""
    seen: dict[tuple[str, str, str], int] = {}
    finished = []
    for diagnostic, file, surroundings in ordered:
        key = (diagnostic.code, file, surroundings)
        ordinal = seen[key] = seen.get(key, -1) + 1
        one = identity(diagnostic.code, surroundings, ordinal)
        finished.append(replace(diagnostic, identity=one, fingerprint=fingerprint(file, one)))
    return finished
