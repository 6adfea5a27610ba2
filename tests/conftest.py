"""What holds for all tests."""

from __future__ import annotations

import os
import tempfile

import pytest

os.environ["NETLINT_CACHE_DIR"] = tempfile.mkdtemp(prefix="netlint-tests-")  # nothing that a test runs may know the user's own cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without a cache."""
    monkeypatch.setenv("NETLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
