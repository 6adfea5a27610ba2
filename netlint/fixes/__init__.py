"""Fixes: what a rule intends, done to what the network was read from; made, proved, and written.

`source/` turns intents into edits of Python source. `netlint.fixes.session` does all that a fixed file needs, with proof by the
verifier; it needs NumPy, the rest does not.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOMES = ("proposal", "source", "writing")


def __getattr__(name: str) -> object:
    """Imports what is asked for: a run that fixes nothing needs none of it."""
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"{__name__}.{home}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
