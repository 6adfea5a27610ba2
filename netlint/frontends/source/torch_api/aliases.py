"""Other public paths to the things in the table."""

from collections.abc import Mapping

ALIASES: Mapping[str, str] = {}


def canonical(name: str) -> str:
    return ALIASES.get(name, name)
