"""`netlint` under watch: `watched.py REPORT INPUTS WRITABLE ARGUMENT...` runs a command line and writes what was forbidden to a file.

A process of its own, since an audit hook is there to stay. Like the console script, and unlike `python -m`, it has no folder of the input
on its path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def main() -> int:
    sys.path[0] = str(BENCHMARKS)
    from fuzzing.audit import Audit

    from netlint.cli import run

    report = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    audit = Audit(lambda complaint: os.write(report, f"{complaint}\n".encode("utf-8", "backslashreplace")) and None)
    writable = [Path(path) for path in sys.argv[3].split(os.pathsep) if path]
    with audit.watching([Path(sys.argv[2])], writable):
        return run(sys.argv[4:])


if __name__ == "__main__":
    sys.exit(main())
