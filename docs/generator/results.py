"""What benchmarks measured, as it stands in `benchmarks/results` or as a command prints it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def speed() -> str:
    """netlint beside its peers, without the title."""
    return (BENCHMARKS / "results" / "speed.md").read_text(encoding="utf-8").partition("\n")[2].strip()


def precision() -> str:
    """The counts of right and wrong findings, without the list of those."""
    printed = subprocess.run([sys.executable, BENCHMARKS / "verdicts.py"], capture_output=True, text=True, check=True)
    return printed.stdout.partition("\n\n")[0]
