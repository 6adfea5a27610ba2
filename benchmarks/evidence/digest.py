"""What other parts of the project show of the committed results: the verdicts on rules' pages, and the table of all statements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netlint.engine.registry import load

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
VERDICTS = REPOSITORY / "netlint" / "reports" / "measured.json"
TABLE = REPOSITORY / "docs" / "evidence.md"
KEPT = ("experiment", "rules", "question", "data", "summary", "command", "date")
HEAD = """# What the advice is worth

netlint checks networks against a document of advice, whose statements it numbers S1 to S26. Each has been put to a small experiment,
which anyone can run again on a processor in minutes: `python -m benchmarks.evidence SLUG`
([how they are made and judged](../benchmarks/README.md)). What was measured is here beside what netlint makes of it; what papers say for
and against is on the rules' own pages (`netlint rule CODE`), with their sources.

A verdict is computed from the figures, paired by seed, and never written by hand. These are small networks on small data: they can refute
"always", and cannot prove it.

| statement | experiment | verdict | rules, with what they report by default |
|---|---|---|---|
"""


def results() -> list[dict[str, Any]]:
    """The committed results, by name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "results").glob("*.json"))]


def verdicts(found: list[dict[str, Any]]) -> str:
    """The text of `netlint/reports/measured.json`."""
    records = [{key: result[key] for key in KEPT} | {"verdicts": result["by_statement"]} for result in found]
    return json.dumps(records, indent=1, ensure_ascii=False) + "\n"


def table(found: list[dict[str, Any]]) -> str:
    """The text of `docs/evidence.md`."""
    rows = sorted(
        (int(statement.strip("S+")), statement, result["experiment"], verdict, result["rules"])
        for result in found
        for statement, verdict in result["by_statement"].items()
    )
    lines = [
        f"| {statement} | [{slug}](../benchmarks/evidence/results/{slug}.svg) | {_weighted(verdict)} | {', '.join(map(_rule, rules))} |"
        for _, statement, slug, verdict, rules in rows
    ]
    details = [
        f"## {result['experiment']}\n\n{result['question']}\n\n{result['summary']}\n\n"
        f"Data: {result['data']}; `{result['command']}`, {result['date']}."
        for result in found
    ]
    return HEAD + "\n".join(lines) + "\n\n" + "\n\n".join(details) + "\n"


def _weighted(verdict: str) -> str:
    return f"**{verdict}**" if verdict == "contradicts" else verdict


def _rule(code: str) -> str:
    rule = load().find(code).rule
    return f"{code} {rule.name} ({rule.severity.value})"


def write() -> None:
    found = results()
    VERDICTS.write_text(verdicts(found), encoding="utf-8")
    TABLE.write_text(table(found), encoding="utf-8")
