"""Fixes: what a rule intends, as edits of the source; made, checked again, and written.

`propose` and `plan` turn findings into fixes, `apply` makes them, `fix_source` repeats that until none is left, `write` puts the result
into the file. `netlint.fixes.session` does all of that for a file, with proof by the verifier; it needs NumPy, the rest does not.
"""

from netlint.fixes.applying import apply, diff
from netlint.fixes.checking import checker
from netlint.fixes.convergence import Checked, Fixed, GivenUp, Made, fix_source
from netlint.fixes.plan import Judged, Proposal, plan, proposals, propose
from netlint.fixes.writing import NotWritten, write

__all__ = [
    "Checked",
    "Fixed",
    "GivenUp",
    "Judged",
    "Made",
    "NotWritten",
    "Proposal",
    "apply",
    "checker",
    "diff",
    "fix_source",
    "plan",
    "proposals",
    "propose",
    "write",
]
