"""What every front end answers with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from netlint.graph.graph import Graph


@dataclass(slots=True)
class Lookups:
    """What a reading asked of the file system besides its own file: it is the same as long as the answers are.

    `read` holds the digests of the files that it read ("" for one that could not be), `exists` whether there was a file where it looked
    for one; both by absolute path.
    """

    read: dict[str, str] = field(default_factory=dict)
    exists: dict[str, bool] = field(default_factory=dict)


def digest(data: bytes) -> str:
    """What tells one content of a file from another."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


@dataclass(slots=True)
class Reading:
    """What was read from one input: the graphs of its networks and training code, the files that they depend on, and `notes`:
    sentences for the user about how it was read and what was lost on the way. `lookups` is None where not all that it depends on is
    known."""

    graphs: list[Graph] = field(default_factory=list)
    dependencies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lookups: Lookups | None = None
