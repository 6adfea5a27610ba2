"""Parameter counts of real networks: the real packages against netlint, which reads their source and runs none of it.

`python benchmarks/parameters.py torchvision`: all classification builders; `timm`: the first registered model of each module. The
truth comes from a virtual environment with torch, made on the first run; this process never imports what it counts. Exits with 1 if a
count is wrong. netlint may say that it does not know (null), with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import provenance, table

import netlint
from netlint.graph import Unknown

HERE = Path(__file__).parent
REQUIREMENTS = ("torch==2.14.1", "torchvision==0.29.1", "timm==1.0.31")
SUBJECTS = {
    "torchvision": "torchvision's classification builders",
    "timm": "the first registered model of each module of timm.models",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One builder: its true count (None: it cannot be built), netlint's count (None: not known), and the reason for a None."""

    module: str
    builder: str
    true: int | None
    counted: int | None
    reason: str

    @property
    def verdict(self) -> str:
        if self.counted is None:
            return "null"
        if self.true is None:
            return "no truth"
        return "exact" if self.counted == self.true else "WRONG"


def environment(folder: Path) -> Path:
    """The Python of a virtual environment with the real packages. It is made where it does not exist, and completed where it does."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True, stdout=sys.stderr)
    return python


def truth(python: Path, package: str) -> dict[str, Any]:
    """What `truth.py` prints in that environment."""
    finished = subprocess.run([python, HERE / "truth.py", package], check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, Any] = json.loads(finished.stdout)
    return measured


def count(root: Path, file: str, builder: str) -> tuple[int | None, str]:
    """netlint's count of the network that a builder function in a source file makes, or None and the reason."""
    try:
        [network] = netlint.networks(f"{root / file}:{builder}")
    except netlint.NetlintError as error:
        return None, str(error).replace(f"{root}{os.sep}", "")
    counted = network.parameter_count()
    return (None, counted.reason) if isinstance(counted, Unknown) else (counted, "")


def compare(measured: dict[str, Any]) -> list[Row]:
    """Both counts of every builder."""
    rows = []
    for record in measured["builders"]:
        counted, reason = count(Path(measured["root"]), record["file"], record["builder"])
        rows.append(Row(record["module"], record["builder"], record["parameters"], counted, reason or record["error"]))
    return rows


def render(package: str, rows: Sequence[Row], versions: dict[str, str]) -> str:
    """The page that is kept in `results/`."""
    totals = Counter(row.verdict for row in rows)
    shown = [(row.module, row.builder, _number(row.true), _number(row.counted), _explained(row)) for row in rows]
    return "\n\n".join(
        (
            f"# Parameter counts: {SUBJECTS[package]}",
            provenance(f"python benchmarks/parameters.py {package}", (f"{name} {version}" for name, version in versions.items())),
            f"{len(rows)} networks: {', '.join(f'{totals[verdict]} {verdict}' for verdict in _verdicts(totals))}.",
            table(("module", "builder", "true", "netlint", "verdict"), shown, right=(2, 3)),
        )
    )


def _verdicts(totals: Counter[str]) -> list[str]:
    return ["exact", "null", "WRONG", *(["no truth"] if totals["no truth"] else [])]


def _explained(row: Row) -> str:
    return f"{row.verdict}: {row.reason}" if row.reason else row.verdict


def _number(value: int | None) -> str:
    return "null" if value is None else f"{value:,}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("package", choices=SUBJECTS, nargs="?", default="torchvision", help="whose networks (default: %(default)s)")
    parser.add_argument(
        "--env", type=Path, default=HERE / ".venv-parameters", metavar="DIR", help="the virtual environment to make or to use again"
    )
    options = parser.parse_args()
    measured = truth(environment(options.env), options.package)
    rows = compare(measured)
    imported = {"torch", *SUBJECTS} & sys.modules.keys()
    assert not imported, f"imported while counting from source: {', '.join(sorted(imported))}"
    print(render(options.package, rows, measured["versions"]))
    return int(any(row.verdict == "WRONG" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
