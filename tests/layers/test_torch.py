"""Every case against torch.nn and autograd, on NumPy arrays and on torch tensors, within its limit in ulp."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("torch")


def test_a_layer_is_torchs(case: Any, bench: ModuleType) -> None:
    far = [(*run, error) for *run, error in bench.measure(case) if error > case.bound(*run[1:])]
    assert far == []


def test_a_limit_above_4_ulp_has_a_reason(bench: ModuleType) -> None:
    assert [case.name for case in bench.cases() if case.limit > 4 and not case.why] == []


def test_the_kept_table_is_of_these_cases(bench: ModuleType) -> None:
    page = (Path(bench.__file__).parent / "results" / "layers.md").read_text(encoding="utf-8")
    kept = {name: int(count) for name, count in re.findall(r"^\| (\w+) \| (\d+) \|", page, re.MULTILINE)}
    counted: dict[str, int] = {}
    for case in bench.cases():
        counted[case.name] = counted.get(case.name, 0) + 1
    assert kept == counted
