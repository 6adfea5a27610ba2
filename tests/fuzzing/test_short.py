"""A short run of `benchmarks/fuzz.py`: every target, a few inputs each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"


def test_a_few_inputs_of_every_kind(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), "--inputs", "150", "--seed", "1", "--keep", str(tmp_path / "kept")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "| source | 51 | 0 | 0 | 0 |" in result.stdout
    assert not (tmp_path / "kept").exists()
