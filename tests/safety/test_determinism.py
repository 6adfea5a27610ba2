"""The same files give the same bytes: over hash seeds, job counts, the cache, locales, and the order of the named files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def output(cache: Path, form: str, *targets: str, jobs: str = "1", **environment: str) -> bytes:
    command = [sys.executable, "-m", "netlint", "check", "--isolated", "--jobs", jobs, "--output-format", form, *targets]
    values = {**os.environ, "NETLINT_CACHE_DIR": str(cache), **environment}
    return subprocess.run(command, cwd=REPOSITORY, env=values, capture_output=True, check=False).stdout


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html"])
def test_the_report_is_the_same_bytes(tmp_path: Path, form: str) -> None:
    files = [str(path.relative_to(REPOSITORY)) for path in sorted((REPOSITORY / "fixtures").glob("*/flawed/*.py"))]
    first = output(tmp_path / "a", form, *files, PYTHONHASHSEED="0")
    assert b"NL501" in first
    assert output(tmp_path / "a", form, *files, PYTHONHASHSEED="42", LC_ALL="C", TZ="Asia/Tokyo") == first  # warm
    assert output(tmp_path / "b", form, *reversed(files), jobs="2", PYTHONHASHSEED="1") == first
