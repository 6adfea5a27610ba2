"""Why a rule did or did not fire: its verdict on each thing it looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from netlint.engine.reading import Source
from netlint.engine.rule import Rule
from netlint.engine.why import Explanation
from netlint.reports.terminal import Paint, columns_of, printable, table, wrapped

_STYLES = {"fired": "yellow", "suppressed": "cyan", "clear": "green", "unknown": "dim", "failed": "red"}


def render(
    rule: Rule,
    explanations: Sequence[Explanation],
    networks: Sequence[str],
    where: str,
    paint: Paint,
    columns: int,
    source: Source | None = None,
) -> str:
    """The verdicts by network; `source` is the text, which tells the cells of a notebook."""
    return "\n".join(_lines(rule, explanations, networks, where, paint, columns, source)) + "\n"


def _lines(
    rule: Rule,
    explanations: Sequence[Explanation],
    networks: Sequence[str],
    where: str,
    paint: Paint,
    columns: int,
    source: Source | None,
) -> Iterator[str]:
    head = f"{rule.code} {rule.name}"
    yield paint(head, "bold") + wrapped(f"{head}  {rule.summary}", "", columns).removeprefix(head)
    if not networks:
        yield f"No network was found in {printable(where)}."
        return
    if not explanations:
        kinds = " or ".join(kind.__name__ for kind in rule.subjects)
        names = f"networks: {printable(', '.join(networks))}"
        yield wrapped(f"It looks at each {kinds}; there is none in {printable(where)} ({names}).", "", columns)
    for network, members in groupby(explanations, key=lambda explanation: explanation.network):
        asked = list(members)
        alike = _alike(asked) if source is not None and source.text else [[one] for one in asked]  # the nodes of a model have no lines
        yield paint(printable(network), "bold")
        rows = [(_place(group[0], source), _subjects(group), group[0].verdict) for group in alike]
        for line, group in zip(table(rows), alike, strict=True):
            verdict = group[0].verdict
            yield f"  {line[: len(line) - columns_of(verdict)]}{paint(verdict, _STYLES[verdict])}"
            if group[0].reason:
                yield wrapped(printable(group[0].reason), "      ", columns)


def _alike(explanations: Sequence[Explanation]) -> list[list[Explanation]]:
    """Those that say the same of the same line of code, which may make many layers, together."""
    groups: dict[tuple[object, ...], list[Explanation]] = {}
    for one in explanations:
        kind = one.subject.rpartition(" ")[2]
        groups.setdefault((one.row, one.column, kind, one.verdict, one.reason), []).append(one)
    return list(groups.values())


def _subjects(group: Sequence[Explanation]) -> str:
    more = f" and {len(group) - 1} more" if len(group) > 1 else ""
    return f"{printable(group[0].subject)}{more}"


def _place(one: Explanation, source: Source | None) -> str:
    cell = source.cell_of(one.row) if source is not None else None
    return f"cell {cell[0]}:{cell[1]}:{one.column}" if cell else f"{one.row}:{one.column}"


def render_json(rule: Rule, explanations: Sequence[Explanation], networks: Sequence[str], source: Source | None = None) -> str:
    """The same for programs: every verdict, in order. In a notebook, rows are those of the cell."""
    verdicts = []
    for one in explanations:
        cell = source.cell_of(one.row) if source is not None else None
        verdicts.append(
            {
                "network": one.network,
                "subject": one.subject,
                "cell": cell[0] if cell else None,
                "location": {"row": cell[1] if cell else one.row, "column": one.column},
                "verdict": one.verdict,
                "reason": one.reason or None,
            }
        )
    record = {"code": rule.code, "name": rule.name, "networks": list(networks), "verdicts": verdicts}
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
