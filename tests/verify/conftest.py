"""The changes of `mutants.py` are the benchmark's too: it is loaded by its path. Without the libraries that the verifier is made of,
nothing here can be imported."""

from __future__ import annotations

import importlib.util
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

collect_ignore_glob = [] if find_spec("numpy") and find_spec("array_api_compat") else ["test_*.py"]
NAME = "netlint_mutants"


def mutants() -> ModuleType:
    """The table of changes, as a module."""
    if NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(NAME, Path(__file__).parent / "mutants.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[NAME])
    return sys.modules[NAME]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in ("wrong", "right"):
        if name in metafunc.fixturenames:
            table = getattr(mutants(), name.upper())
            metafunc.parametrize(name, table, ids=[change.name for change in table])


@pytest.fixture(scope="session")
def changes() -> ModuleType:
    return mutants()
