"""The static reader: PyTorch source to graphs, without running it."""

from netlint.frontends.reading import Reading
from netlint.frontends.source import expressions as _expressions  # registers what evaluates each expression
from netlint.frontends.source import statements as _statements  # registers what executes each statement
from netlint.frontends.source.project import Project
from netlint.frontends.source.reader import read

del _expressions, _statements

__all__ = ["Project", "Reading", "read"]
