"""The cases of `benchmarks/layers.py` are the tests' too: one table of layers, options and data."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("numpy")
pytest.importorskip("array_api_compat")

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


def load() -> ModuleType:
    """The benchmark as a module."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("layers")
    finally:
        sys.path.remove(str(BENCHMARKS))


layers = load()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = layers.cases()
        metafunc.parametrize("case", cases, ids=[f"{case.name} {case.options}".strip() for case in cases])


@pytest.fixture
def bench() -> ModuleType:
    return layers
