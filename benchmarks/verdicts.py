"""The precision of the rules, from findings that a person judged in their code.

`python benchmarks/verdicts.py [FILE]` reads the table of verdicts and prints their counts and the precision per rule and in total,
when the findings were made and now. Exits with 1
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
RIGHT, WRONG, MENDED, UNCLEAR = VERDICTS = ("right", "wrong", "mended", "unclear")
"""`mended`: wrong when it was found, and no longer reported since then."""


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


def precision(verdicts: Iterable[Verdict], when_found: bool = False) -> float | None:
    """right / (right + wrong) of what is still reported, or `when_found`, before anything was mended; None where nothing was decided.

    What is unclear counts for neither side.
    """
    counts = Counter(verdict.verdict for verdict in verdicts)
    wrong = counts[WRONG] + (counts[MENDED] if when_found else 0)
    return counts[RIGHT] / (counts[RIGHT] + wrong) if counts[RIGHT] + wrong else None


def summary(verdicts: Sequence[Verdict]) -> str:
    """The counts and the precision of each rule and of all, then each finding that was judged wrong."""
    rules = sorted({verdict.rule for verdict in verdicts})
    rows = [_row(rule, [verdict for verdict in verdicts if verdict.rule == rule]) for rule in rules]
    counted = table(("rule", *VERDICTS, "precision when found", "precision now"), [*rows, _row("all", verdicts)], right=range(1, 7))
    return "\n\n".join([counted, *_listed("Wrong", WRONG, verdicts), *_listed("Wrong when found, no longer reported", MENDED, verdicts)])


def _listed(title: str, verdict: str, verdicts: Sequence[Verdict]) -> list[str]:
    chosen = [f"- {one.rule} {one.package} {one.version} {one.file}:{one.line}: {one.why}" for one in verdicts if one.verdict == verdict]
    return [f"{title}:\n\n" + "\n".join(chosen)] if chosen else []


def _row(rule: str, verdicts: Sequence[Verdict]) -> tuple[object, ...]:
    counts = Counter(verdict.verdict for verdict in verdicts)
    shares = (precision(verdicts, when_found=True), precision(verdicts))
    return rule, *(counts[verdict] for verdict in VERDICTS), *("" if share is None else f"{share:.3f}" for share in shares)


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
