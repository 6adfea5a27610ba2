"""The precision of the rules, from findings that a person judged in their code.

`python benchmarks/verdicts.py [FILE]` reads the table of verdicts and prints right, wrong and precision per rule and in total. Exits with 1
if the total is below `--at-least`, with 2 if the table is not valid.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from report import table

HERE = Path(__file__).parent
RIGHT, WRONG, UNCLEAR = VERDICTS = ("right", "wrong", "unclear")


class InvalidTable(ValueError):
    """The table of verdicts does not have the form that it must have; the message names the row."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judged finding; the fields are the columns of the table.

    `file` is relative to the folder that holds the package, `line` counts from 1, `rule` is a code. `why` tells what in the code decides.
    """

    package: str
    version: str
    file: str
    line: int
    rule: str
    verdict: str
    why: str


COLUMNS = [field.name for field in fields(Verdict)]


def load(path: Path) -> list[Verdict]:
    """The verdicts of a table. Raises InvalidTable, OSError."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if reader.fieldnames != COLUMNS:
            raise InvalidTable(f"{path}: the columns must be {','.join(COLUMNS)}, not {','.join(reader.fieldnames or [])}")
        verdicts: dict[tuple[str, str, str, int, str], Verdict] = {}
        for record in reader:
            where = f"{path}:{reader.line_num}"
            verdict = _verdict(record, where)
            key = (verdict.package, verdict.version, verdict.file, verdict.line, verdict.rule)
            if key in verdicts:
                raise InvalidTable(f"{where}: {verdict.rule} at {verdict.file}:{verdict.line} is judged twice")
            verdicts[key] = verdict
    return list(verdicts.values())


def _verdict(record: dict[str, str], where: str) -> Verdict:
    if set(record) != set(COLUMNS) or None in record.values():
        raise InvalidTable(f"{where}: a row has {len(COLUMNS)} cells; a cell with a comma stands in double quotes")
    empty = [column for column, cell in record.items() if not cell.strip()]
    if empty:
        raise InvalidTable(f"{where}: nothing stands in {', '.join(empty)}")
    if record["verdict"] not in VERDICTS:
        raise InvalidTable(f"{where}: the verdict is {', '.join(VERDICTS)}, not {record['verdict']}")
    if not record["line"].isdecimal():
        raise InvalidTable(f"{where}: the line is a number, not {record['line']}")
    cells = {column: cell for column, cell in record.items() if column != "line"}
    return Verdict(line=int(record["line"]), **cells)


def precision(verdicts: Iterable[Verdict]) -> float | None:
    """right / (right + wrong); None where nothing was decided. What is unclear counts for neither side."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    decided = counts[RIGHT] + counts[WRONG]
    return counts[RIGHT] / decided if decided else None


def summary(verdicts: Sequence[Verdict]) -> str:
    """The counts and the precision of each rule and of all, then each finding that was judged wrong."""
    rules = sorted({verdict.rule for verdict in verdicts})
    rows = [_row(rule, [verdict for verdict in verdicts if verdict.rule == rule]) for rule in rules]
    counted = table(("rule", *VERDICTS, "precision"), [*rows, _row("all", verdicts)], right=range(1, 5))
    wrong = [f"- {one.rule} {one.package} {one.version} {one.file}:{one.line}: {one.why}" for one in verdicts if one.verdict == WRONG]
    return "\n\n".join([counted, *(["Wrong:\n\n" + "\n".join(wrong)] if wrong else [])])


def _row(rule: str, verdicts: Sequence[Verdict]) -> tuple[object, ...]:
    counts = Counter(verdict.verdict for verdict in verdicts)
    share = precision(verdicts)
    return rule, *(counts[verdict] for verdict in VERDICTS), "" if share is None else f"{share:.3f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("table", type=Path, nargs="?", default=HERE / "results" / "verdicts.csv", metavar="FILE")
    parser.add_argument("--at-least", type=float, default=0.95, metavar="P", help="the precision to hold (default: %(default)s)")
    options = parser.parse_args()
    try:
        verdicts = load(options.table)
    except (InvalidTable, csv.Error, OSError, UnicodeDecodeError) as error:
        print(f"verdicts: {error}", file=sys.stderr)
        return 2
    print(summary(verdicts))
    share = precision(verdicts)
    return int(share is None or share < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
