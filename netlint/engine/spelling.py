"""The nearest valid name for one that is not."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The valid name most like `word`, however little; None only when there is no valid name at all."""
    import os
    from difflib import SequenceMatcher

    def likeness(name: str) -> tuple[float, int, str]:
        common = len(os.path.commonprefix([word.lower(), name.lower()]))  # noqa: RUF071  # these are words
        return -SequenceMatcher(a=word.lower(), b=name.lower(), autojunk=False).ratio(), -common, name

    return min(valid, key=likeness, default=None)


def hint(word: str, valid: Iterable[str]) -> str:
    """A clause to end an error message with: "; the nearest is `NL501`" (empty when nothing is valid)."""
    name = nearest(word, valid)
    return f"; the nearest is `{name}`" if name else ""
