"""The projects in `fixtures/`: each flawed one gives exactly its expected findings, each clean twin none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import netlint

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROJECTS = sorted(path.parent.name for path in FIXTURES.glob("*/expected.json"))


def _findings(folder: Path) -> list[tuple[str, int, str, str]]:
    """File, line, code and severity of everything that a check of the folder reports."""
    found = netlint.check(folder)
    return sorted((os.path.relpath(one.filename, folder), one.location.row, one.code, one.severity.value) for one in found)


def test_every_project_has_both_twins() -> None:
    assert len(PROJECTS) == 8
    for project in PROJECTS:
        for twin in ("flawed", "clean"):
            assert list((FIXTURES / project / twin).glob("*.py")), f"{project}/{twin} holds no source"


@pytest.mark.parametrize("project", PROJECTS)
def test_flawed_project_gives_its_findings(project: str) -> None:
    rows = json.loads((FIXTURES / project / "expected.json").read_text(encoding="utf-8"))
    assert _findings(FIXTURES / project / "flawed") == sorted((row["file"], row["line"], row["code"], row["severity"]) for row in rows)


@pytest.mark.parametrize("project", PROJECTS)
def test_clean_twin_gives_none(project: str) -> None:
    assert _findings(FIXTURES / project / "clean") == []
