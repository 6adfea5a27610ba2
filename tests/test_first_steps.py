"""docs/first-steps.md: what it shows is what a user sees who does it, step by step."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from netlint.cli import run

PAGE = (Path(__file__).parent.parent / "docs" / "first-steps.md").read_text(encoding="utf-8")
COLUMNS = 100
"""How wide the terminal of the page is."""


def test_each_step_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    [model] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    Path("model.py").write_text(model)
    steps = re.findall(r"^```console\n\$ netlint (.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(steps) == 8
    codes = []
    for command, shown in steps:
        codes.append(run(shlex.split(command)))
        printed = capsys.readouterr()
        assert lines(printed.err + printed.out) == lines(shown), command
    assert codes[0] == 1 and codes[-1] == 0, "the page starts with findings that fail a run, and ends with none"
    text = Path("model.py").read_text()
    assert "# netlint: ignore[NL204] the published weights have it" in text and "softmax" not in text


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def test_the_pages_that_it_names_are_there() -> None:
    for page in re.findall(r"\]\(([\w./-]+)\)", PAGE):
        assert (Path(__file__).parent.parent / "docs" / page).is_file()
