"""Networks as a picture, laid out by Graphviz' `dot`. It is given netlint's own text in its language, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from netlint.engine.errors import NetlintError
from netlint.graph import Graph
from netlint.reports.network_dot import render_as_one

PROGRAM = "dot"
_MISSING = (
    "--format svg is laid out by Graphviz, whose program `dot` is not there: install it (apt install graphviz, brew install graphviz, "
    "https://graphviz.org/download). --format dot needs nothing, and `netlint check --output-format html:FILE` draws networks without it"
)


def render(graphs: Sequence[Graph]) -> str:
    """One SVG with all networks. Raises NetlintError where Graphviz is missing or fails."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise NetlintError(_MISSING)
    text = render_as_one(graphs).encode("utf-8", "replace")
    try:
        done = subprocess.run([program, "-Tsvg"], input=text, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = error.stderr.decode("utf-8", "replace").strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
        raise NetlintError(f"Graphviz failed: {said.splitlines()[0] if said else error}") from error
    return done.stdout.decode("utf-8")
