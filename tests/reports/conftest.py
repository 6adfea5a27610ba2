"""A command line in an empty folder, for the reports that other programs read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from netlint.cli import run
from netlint.cli.publishing import CHECKOUTS

NETWORK = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(16 * 16 * 16, 10)

    def forward(self, x):
        return self.head(torch.flatten(self.features(x), 1))
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Netlint = Callable[..., Result]


@pytest.fixture
def network() -> str:
    """A network with a finding of NL501, which has a safe fix."""
    return NETWORK


@pytest.fixture
def netlint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Netlint:
    """Runs `netlint check --select NL501` in an empty folder that no service has checked out."""
    monkeypatch.chdir(tmp_path)
    for name in CHECKOUTS:
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> Result:
        code = run(["check", "--select", "NL501", *arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Result(code, captured.out, captured.err)

    return call
