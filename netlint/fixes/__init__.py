"""Fixes: what a rule intends, done to what the network was read from; made, proved, and written.

`source/` turns intents into edits of Python source. `netlint.fixes.session` does all that a fixed file needs, with proof by the
verifier; it needs NumPy, the rest does not.
"""

from netlint.fixes.proposal import Checked, GivenUp, Judged, Made, Proposal, Refusal
from netlint.fixes.source import Fixed, apply, checker, diff, fix_source, plan, proposals, propose
from netlint.fixes.writing import NotWritten, write

__all__ = [
    "Checked",
    "Fixed",
    "GivenUp",
    "Judged",
    "Made",
    "NotWritten",
    "Proposal",
    "Refusal",
    "apply",
    "checker",
    "diff",
    "fix_source",
    "plan",
    "proposals",
    "propose",
    "write",
]
