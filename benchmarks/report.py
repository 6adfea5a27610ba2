"""What the commands here print: Markdown that can be kept as it is printed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import netlint


def table(header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    """A table whose columns `right` (from 0) are aligned to the right."""
    rule = ["---:" if column in right else "---" for column in range(len(header))]
    return "\n".join(_line(cells) for cells in (header, rule, *rows))


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def provenance(command: str, versions: Iterable[str]) -> str:
    """One line that says how a table was made: the command, the date and the versions."""
    today = datetime.now(timezone.utc).date().isoformat()
    return f"`{command}`, {today}: {', '.join((_netlint(), *versions))}."


def _netlint() -> str:
    """netlint's version, and the commit where it runs from a checkout (`dirty`: with changes that are in no commit)."""
    describe = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"netlint {netlint.__version__}"
    return f"netlint {netlint.__version__} ({commit})"
