"""Patterns as in `.gitignore`, with an end: they come with the files that are checked, and one with many stars can take longer on a long
name than anybody waits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netlint.engine.bounds import TooLong, bounds
from netlint.engine.errors import NetlintError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

PATIENCE = 2.0
"""Seconds that one name may take."""
FEW = 2
"""Runs of stars in a pattern that cannot take long: the time grows with the length of the name to the power of their number."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Some patterns; `origin` says where they stand, for errors."""

    spec: GitIgnoreSpec
    may_take_long: bool
    origin: str

    @classmethod
    def of(cls, lines: Iterable[str], origin: str) -> Patterns:
        """Raises ValueError for a pattern that git would not take either."""
        from pathspec import GitIgnoreSpec

        lines = list(lines)
        return cls(GitIgnoreSpec.from_lines(lines), any(len(re.findall(r"\*+", line)) > FEW for line in lines), origin)

    def decides(self, name: str) -> bool | None:
        """True if a pattern matches (a folder's name ends with `/`), False if one takes it back, None if no pattern speaks of it. Raises
        NetlintError if that takes too long."""
        if not self.may_take_long:
            return self.spec.check_file(name).include
        try:
            with bounds(PATIENCE, None):
                return self.spec.check_file(name).include
        except TooLong:
            shown = f"{name[:60]}..." if len(name) > 60 else name
            raise NetlintError(
                f"{self.origin}: its patterns take more than {PATIENCE:g} s for `{shown}`: they have too many stars"
            ) from None
