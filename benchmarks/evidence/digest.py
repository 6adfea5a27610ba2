"""What other parts of the project show of the committed results: the verdicts on rules' pages, and the table of all statements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netlint.engine.registry import load

from .statements import STATEMENTS
from .verdict import CONTRADICTS

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
VERDICTS = REPOSITORY / "netlint" / "reports" / "measured.json"
TABLE = REPOSITORY / "docs" / "evidence.md"
KEPT = ("experiment", "rules", "question", "data", "summary", "command", "date")
HEAD = """# What the advice is worth

netlint checks networks against a document of advice, whose statements it numbers S1 to S26. Here each of them stands beside what we
measured, what others have found, and what netlint reports by default. The rules' own pages (`netlint rule CODE`) tell more of each.

What was measured is a small experiment, which anyone can run again on a processor in minutes: `python -m benchmarks.evidence SLUG`
([how they are made and judged](../benchmarks/README.md)). A verdict (*supports*, *contradicts*, *no effect*, *mixed*) is computed from the
figures, paired by seed, and never written by hand. These are small networks on small data: they can refute "always", and cannot prove it.

Of the 17 whose data is digits, 14 take less than 60 s as they are (5 to 46 s each on one of two busy processors, 2026-11-24). Three take
longer, and say the same with fewer seeds: `dropout-conv --seeds 3` in 48 s, `norm-batch-size --seeds 2` in 53 s,
`deep-activations --seeds 2` in 92 s. All 17 printed the committed verdict again.

| | the document says | we measured | the literature says | by default |
|---|---|---|---|---|
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
    rows = [
        f"| {number} | {statement.says} | {_measured(number, found)} | {statement.literature} | {_defaults(number, found)} |"
        for number, statement in STATEMENTS.items()
    ]
    return HEAD + "\n".join(rows) + "\n\n" + "\n\n".join(map(_details, found)) + "\n"


def _measured(statement: str, found: list[dict[str, Any]]) -> str:
    """The verdicts on a statement, each with a link to its figures."""
    verdicts = [(result["experiment"], result["by_statement"].get(statement)) for result in found]
    return ", ".join(f"{_weighted(verdict)} ([{slug}](#{slug}))" for slug, verdict in verdicts if verdict)


def _weighted(verdict: str) -> str:
    return f"**{verdict}**" if verdict == CONTRADICTS else verdict


def _defaults(statement: str, found: list[dict[str, Any]]) -> str:
    """What the rules on a statement report; for one that no rule names, those of its experiments."""
    rules = [rule for rule in load().rules if statement in rule.statements]
    if not rules and statement.endswith("+"):
        codes = {code for result in found if statement in result["by_statement"] for code in result["rules"]}
        rules = [rule for rule in load().rules if rule.code in codes]
    return ", ".join(f"{rule.code} {rule.severity.value}" for rule in rules) or "no rule; `netlint advise` measures it"


def _details(result: dict[str, Any]) -> str:
    slug, question = result["experiment"], result["question"]
    kept = f"../benchmarks/evidence/results/{slug}"
    made = f"Data: {result['data']}; `{result['command']}`, {result['date']}; [all figures]({kept}.json)."
    return "\n\n".join([f"## {slug}", question, result["summary"], f"![{question}]({kept}.svg)", made])


def write() -> None:
    found = results()
    VERDICTS.write_text(verdicts(found), encoding="utf-8")
    TABLE.write_text(table(found), encoding="utf-8")
