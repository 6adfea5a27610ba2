"""How far source is followed. What lies beyond is unknown, with the reason; a file that is too large or takes too long is not checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of reading one source file, checked and settable in `[tool.netlint.limits]`.

    `steps` are the statements, expressions and calls that are executed for all networks of the file together, `depth` the calls that stand
    within each other, `elements` those of a container or a string, and the operators of a network, `bits` those of a whole number,
    `file_size` bytes of a file (checked or imported), `memory` bytes that the process grows by, `seconds` by the clock.
    """

    steps: int = 600_000
    depth: int = 60
    elements: int = 20_000
    bits: int = 4_096
    file_size: int = 4_000_000
    memory: int = 1_000_000_000
    seconds: int = 120

    @property
    def entry_steps(self) -> int:
        """The steps of one entry point: a class, a builder function, the top level."""
        return self.steps // 2

    @property
    def builder_steps(self) -> int:
        """After so many steps no further builder function is looked at: they are variants of networks seen already, mostly."""
        return self.steps * 5 // 12


USUAL = Limits()
