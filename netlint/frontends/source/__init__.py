"""The static reader: PyTorch source to graphs, without running it."""

from netlint.frontends.source.project import Project
from netlint.frontends.source.reader import Reading, read

__all__ = ["Project", "Reading", "read"]
