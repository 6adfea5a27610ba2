"""Fixing a piece of code, for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes import Checked, Fixed, Proposal, checker, fix_source, plan
from netlint.testing.rules import IMPORTS

FILENAME = "model.py"
EVERYTHING = ("safe", "unsafe")


def reader(codes: Collection[str]) -> Callable[[bytes], Checked]:
    return checker(InputFile(FILENAME, Path(FILENAME).absolute(), Path.cwd()), Settings(selected=frozenset(codes)))


class Fixing:
    """Fixes code with some rules on."""

    imports = IMPORTS

    def run(self, code: str | bytes, *codes: str, levels: Collection[str] = EVERYTHING) -> Fixed:
        source = code if isinstance(code, bytes) else (self.imports + code).encode()
        return fix_source(reader(codes), source, FILENAME, levels)

    def __call__(self, code: str, *codes: str, levels: Collection[str] = EVERYTHING) -> str:
        """The fixed code, without the imports in front if they were not touched."""
        return self.run(code, *codes, levels=levels).source.decode().removeprefix(self.imports)

    def proposals(self, code: str, *codes: str) -> list[Proposal]:
        return plan(reader(codes)((self.imports + code).encode()).judged)

    def proposal(self, code: str, *codes: str) -> Proposal:
        [proposal] = self.proposals(code, *codes)
        return proposal


@pytest.fixture
def fixed() -> Fixing:
    return Fixing()
