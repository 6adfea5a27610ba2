"""A bare parse of files, in a process that does nothing else: `python parsing.py libcst|ast PROCESSES LIST`.

LIST names a file with the paths, one a line. `speed.py` runs this beside netlint; the trees are thrown away.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path


def with_libcst(path: str) -> None:
    import libcst

    libcst.parse_module(Path(path).read_bytes())


def with_ast(path: str) -> None:
    import ast

    ast.parse(Path(path).read_bytes())


def main(parser: str, processes: int, listed: Path) -> None:
    parse = {"libcst": with_libcst, "ast": with_ast}[parser]
    paths = sorted(listed.read_text(encoding="utf-8").splitlines(), key=lambda path: -Path(path).stat().st_size)
    if processes == 1:
        for path in paths:
            parse(path)
        return
    with ProcessPoolExecutor(processes) as pool:
        for _ in pool.map(parse, paths):
            pass


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
