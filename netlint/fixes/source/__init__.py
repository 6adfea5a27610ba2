"""Fixes of Python source: intents as edits of the text; made, read and checked again."""

from netlint.fixes.source.applying import apply, diff
from netlint.fixes.source.checking import checker
from netlint.fixes.source.convergence import Fixed, fix_source
from netlint.fixes.source.plan import plan, proposals, propose

__all__ = ["Fixed", "apply", "checker", "diff", "fix_source", "plan", "proposals", "propose"]
