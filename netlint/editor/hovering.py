"""What is known of the code under the cursor, as Markdown: the layers it makes or applies, and the evidence of what is found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from netlint.editor.messages import Hover, Place
from netlint.editor.places import holds, of_site
from netlint.engine.diagnostic import Diagnostic, Position
from netlint.engine.registry import load
from netlint.engine.settings import Settings
from netlint.graph import Graph, Int, Layer, Operator, Shape, Unknown
from netlint.graph.operators import Constant, Select, Slice, Weight
from netlint.reports import page

MOST_ROWS = 8
"""Layers that are listed where one line builds many."""
_SECTIONS = ("Evidence for", "Evidence against", "When it is fine")
"""Of a rule's page; editors show what was found, and why, themselves."""


def hover(graphs: Sequence[Graph], findings: Sequence[Diagnostic], settings: Settings, filename: str, at: Position) -> Hover | None:
    """What is known of a place of a file; None where nothing is."""
    here = _Here.of(graphs, filename, at)
    found = [finding for finding in findings if finding.location <= at < max(finding.end_location, _next(finding.location))]
    parts = [*([here.markdown()] if here else []), *(_evidence(finding, settings) for finding in found)]
    if not parts:
        return None
    start, end = (here.place.start, here.place.end) if here else (found[0].location, found[0].end_location)
    return Hover("\n\n---\n\n".join(parts), start, end)


def _next(position: Position) -> Position:
    return Position(position.row, position.column + 1)


# -- layers ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shown:
    """One layer or call of one network: `operators` are its applications, none for a layer that is never applied."""

    graph: Graph
    layer: Layer | None
    operators: tuple[Operator, ...]

    @property
    def name(self) -> str:
        if self.layer is not None:
            return self.layer.kind.rpartition(".")[2]
        return self.operators[0].name

    @property
    def path(self) -> str:
        return self.layer.path if self.layer is not None else self.operators[0].path

    def outputs(self) -> str:
        if not self.operators:
            return "never applied" if self.layer is not None and not self.layer.children else ""
        return ", ".join(dict.fromkeys(_shape(operator.shape) for operator in self.operators))

    def parameters(self) -> str:
        if self.layer is None:
            return ""
        count = parameter_count(self.layer)
        return "?" if isinstance(count, Unknown) else f"{count:,}" if count else ""

    def reasons(self) -> Iterator[str]:
        """Why something of it is not known."""
        if self.layer is not None and isinstance(count := parameter_count(self.layer), Unknown):
            yield count.reason
        for operator in self.operators:
            for size in operator.shape or ():
                if isinstance(size, Unknown):
                    yield size.reason


@dataclass(frozen=True, slots=True)
class _Here:
    """The smallest piece of code under the cursor that makes or applies layers, and those."""

    place: Place
    shown: tuple[_Shown, ...]

    @classmethod
    def of(cls, graphs: Sequence[Graph], filename: str, at: Position) -> _Here | None:
        found: dict[Place, dict[tuple[int, int], _Shown]] = {}
        for graph in graphs:
            for place, layer, operator in _sited(graph, filename, at):
                key = (id(graph), id(layer if layer is not None else operator))
                operators = (operator,) if operator is not None else tuple(graph.applications(layer)) if layer is not None else ()
                known = found.setdefault(place, {}).setdefault(key, _Shown(graph, layer, ()))
                new = tuple(one for one in operators if one not in known.operators)
                found[place][key] = _Shown(graph, layer, known.operators + new)
        if not found:
            return None
        place = min(found, key=lambda place: place.size)
        return cls(place, tuple(found[place].values()))

    def markdown(self) -> str:
        first, *others = self.shown
        lines = [f"**{_text(first.name)}**"]
        if not others:
            where = f"`{first.path}` of `{first.graph.name}`" if first.path else f"in `{first.graph.name}`"
            facts = [where, f"output {first.outputs()}" if first.outputs() else "", _counted(first.parameters())]
            lines.append("  \n".join(fact for fact in facts if fact))
        else:
            lines.append(f"in {self._networks} networks" if self._networks > 1 else f"in `{first.graph.name}`")
            lines.append(self._table())
        reasons = list(dict.fromkeys(reason for one in self.shown for reason in one.reasons()))
        if reasons:
            lines.append(f"? not known: {_text('; '.join(reasons[:3]))}")
        return "\n\n".join(lines)

    @property
    def _networks(self) -> int:
        return len({id(one.graph) for one in self.shown})

    def _table(self) -> str:
        rows = ["| module | output | parameters |", "|---|---|---:|"]
        for one in self.shown[:MOST_ROWS]:
            path = f"{one.graph.name}.{one.path}" if self._networks > 1 else one.path
            rows.append(f"| `{path.rstrip('.') or one.graph.name}` | {one.outputs()} | {one.parameters()} |")
        if len(self.shown) > MOST_ROWS:
            rows.append(f"| and {len(self.shown) - MOST_ROWS} more | | |")
        return "\n".join(rows)


def _sited(graph: Graph, filename: str, at: Position) -> Iterator[tuple[Place, Layer | None, Operator | None]]:
    """What of a network stands around a position. A call that applies a layer tells of that layer; what picks a part of a
    result tells nothing."""
    for operator in graph.operators:
        if isinstance(operator, (Constant, Weight, Select, Slice)) or operator.site is None or not holds(operator.site, filename, at.row):
            continue
        place = of_site(operator.site)
        if place.start <= at < place.end:
            yield place, operator.layer, operator
    for layer in graph.layers:
        if layer.site is not None and holds(layer.site, filename, at.row):
            place = of_site(layer.site)
            if place.start <= at < place.end:
                yield place, layer, None


def parameter_count(layer: Layer) -> Int:
    """The learned elements of a layer and of those in it, each tensor once, or Unknown with the first reason."""
    total = 0
    for parameter in {id(parameter): parameter for one in _with_children(layer) for parameter in one.parameters.values()}.values():
        count = parameter.count()
        if isinstance(count, Unknown):
            return count
        total += count
    return total


def _with_children(layer: Layer) -> Iterable[Layer]:
    pending = [layer]
    while pending:
        layer = pending.pop()
        yield layer
        pending.extend(layer.children.values())


def _counted(parameters: str) -> str:
    return "" if parameters == "" else f"{parameters} parameter{'' if parameters == '1' else 's'}"


def _shape(shape: Shape | None) -> str:
    if shape is None:
        return "?"
    return " × ".join("?" if isinstance(size, Unknown) else str(size) for size in shape) or "scalar"


# -- findings ----------------------------------------------------------------------------------------------------------


def _evidence(finding: Diagnostic, settings: Settings) -> str:
    """The rule of a finding, with the evidence on both sides."""
    entry = load(settings.rule_paths).find(finding.code)
    rule = entry.rule
    lines = [f"**{rule.code} {rule.name}** ({finding.severity.value})", _text(rule.summary)]
    if rule.evidence:
        lines.append(f"Evidence: {_text(rule.evidence)}" + (f" ({', '.join(rule.statements)})" if rule.statements else ""))
    lines += [f"**{title}.** {_text(text)}" for title in _SECTIONS if (text := page.section(entry.page, title))]
    return "\n\n".join(lines)


def _text(text: str) -> str:
    """Text that Markdown shows as it is, with its code in backticks."""
    return page.markdown(text).strip()
