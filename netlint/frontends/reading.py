"""What every front end answers with."""

from __future__ import annotations

from dataclasses import dataclass, field

from netlint.graph.graph import Graph


@dataclass(slots=True)
class Reading:
    """What was read from one input: the graphs of its networks and training code, the files that they depend on, and `notes`:
    sentences for the user about how it was read and what was lost on the way."""

    graphs: list[Graph] = field(default_factory=list)
    dependencies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
