"""The cases of `benchmarks/layers.py` are the tests' too: one table of layers, options and data."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
collect_ignore_glob = [] if find_spec("numpy") and find_spec("array_api_compat") else ["test_*.py"]
"""Without the libraries that the layers are made of, nothing here can be imported."""


@pytest.fixture(scope="session")
def bench() -> ModuleType:
    """The benchmark as a module."""
    return _load()


def _load() -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("layers")
    finally:
        sys.path.remove(str(BENCHMARKS))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = _load().cases()
        metafunc.parametrize("case", cases, ids=[f"{case.name} {case.options}".strip() for case in cases])
