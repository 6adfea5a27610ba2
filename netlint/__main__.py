"""The entry of the command `netlint` and of `python -m netlint`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109
    # `python -m` puts the working folder first, in which a file of the input may be called like a module. The command `netlint` does not.
    del sys.path[0]


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    from netlint.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
