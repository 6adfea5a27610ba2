"""What the engine refuses to go on with."""

from __future__ import annotations


class NetlintError(Exception):
    """Wrong use, or an input that cannot be used: one sentence for the user. The command line exits 2 with it."""


class MissingExtra(NetlintError):
    """A target needs a package that is not installed."""
