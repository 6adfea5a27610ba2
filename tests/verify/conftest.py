"""Without the libraries that the verifier is made of, nothing here can be imported."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("numpy") and find_spec("array_api_compat") else ["test_*.py"]
