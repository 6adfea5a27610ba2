"""Why a rule did or did not fire: its verdict on each thing it looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from netlint.engine.rule import Rule
from netlint.engine.why import Explanation
from netlint.reports.terminal import Paint, columns_of, printable, table, wrapped

_STYLES = {"fired": "yellow", "suppressed": "cyan", "clear": "green", "unknown": "dim", "failed": "red"}


def render(rule: Rule, explanations: Sequence[Explanation], networks: Sequence[str], where: str, paint: Paint, columns: int) -> str:
    """The verdicts by network."""
    return "\n".join(_lines(rule, explanations, networks, where, paint, columns)) + "\n"


def _lines(
    rule: Rule, explanations: Sequence[Explanation], networks: Sequence[str], where: str, paint: Paint, columns: int
) -> Iterator[str]:
    yield f"{paint(f'{rule.code} {rule.name}', 'bold')}  {rule.summary}"
    if not networks:
        yield f"No network was found in {printable(where)}."
        return
    if not explanations:
        kinds = " or ".join(kind.__name__ for kind in rule.subjects)
        yield f"It looks at each {kinds}; there is none in {printable(where)} (networks: {printable(', '.join(networks))})."
    for network, members in groupby(explanations, key=lambda explanation: explanation.network):
        group = list(members)
        yield paint(printable(network), "bold")
        rows = [(f"{one.row}:{one.column}", printable(one.subject), one.verdict) for one in group]
        for line, one in zip(table(rows), group, strict=True):
            yield f"  {line[: len(line) - columns_of(one.verdict)]}{paint(one.verdict, _STYLES[one.verdict])}"
            if one.reason:
                yield wrapped(printable(one.reason), "      ", columns)
