"""What all views of a network show: its operators in order, what each adds in parameters, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netlint.graph import Graph, Int, Location, Operator, Parameter, Unknown
from netlint.graph.operators import Constant, Weight


@dataclass(frozen=True, slots=True)
class Row:
    """One operator of a network: its number, the numbers of what it reads, the parameters that appear with it for the first time, and
    its place. `shared` is True when its layer was applied before."""

    number: int
    operator: Operator
    inputs: tuple[int, ...]
    parameters: Int
    shared: bool
    place: Location | None


def rows(graph: Graph) -> list[Row]:
    """The operators in order of application. A parameter counts where it is first used, so that no column adds it twice."""
    numbers = {id(operator): number for number, operator in enumerate(graph.operators)}
    seen: set[int] = set()
    applied: set[int] = set()
    found = []
    for operator in graph.operators:
        own = _parameters(operator)
        fresh = [parameter for parameter in own if id(parameter) not in seen]
        seen.update(id(parameter) for parameter in fresh)
        shared = operator.layer is not None and id(operator.layer) in applied
        if operator.layer is not None:
            applied.add(id(operator.layer))
        site = operator.site or (operator.layer.site if operator.layer else None)
        inputs = tuple(numbers[id(source)] for source in operator.inputs if id(source) in numbers)
        found.append(Row(numbers[id(operator)], operator, inputs, _count(fresh), shared, site.location() if site else None))
    return found


def _parameters(operator: Operator) -> Iterable[Parameter]:
    if isinstance(operator, Weight):
        return (operator.parameter,)
    return operator.layer.parameters.values() if operator.layer else ()


def _count(parameters: Iterable[Parameter]) -> Int:
    total = 0
    for parameter in parameters:
        count = parameter.count()
        if isinstance(count, Unknown):
            return count
        total += count
    return total


def total(graph: Graph) -> Int:
    """The exact number of parameters, or Unknown with the reason."""
    return graph.parameter_count()


def unapplied(graph: Graph) -> Int:
    """Parameters of the network that no operator shown here uses."""
    used = {id(parameter) for operator in graph.operators for parameter in _parameters(operator)}
    return _count(parameter for parameter in graph.parameters() if id(parameter) not in used)


def unknowns(graph: Graph) -> list[tuple[str, str]]:
    """Every place that is not known, with the reason: places that could not be seen, parameters, shapes; each pair once."""
    found = [(_where(place.where.location() if place.where else None, graph), place.reason) for place in graph.blind]
    if graph.parameters_unknown is not None:
        found.append((graph.name, graph.parameters_unknown.reason))
    for parameter in graph.parameters():
        count = parameter.count()
        if isinstance(count, Unknown):
            owner = f"{parameter.owner.path}." if parameter.owner and parameter.owner.path else ""
            found.append((f"{owner}{parameter.name}", count.reason))
    reasons = {size.reason for row in graph.operators if row.shape for size in row.shape if isinstance(size, Unknown)}
    found += [("shapes", reason) for reason in sorted(reasons)]
    return list(dict.fromkeys(found))


def _where(place: Location | None, graph: Graph) -> str:
    return f"{place.filename}:{place.row}" if place else graph.filename or graph.name


def is_scenery(operator: Operator) -> bool:
    """Constants are not shown as layers of their own: they say nothing about the architecture."""
    return isinstance(operator, Constant)
