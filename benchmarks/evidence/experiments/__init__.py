"""The experiments: a module each, whose name is its slug with underscores, and whose `experiment` is found here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ..experiment import Experiment


def experiments() -> dict[str, Experiment]:
    """All experiments by slug, sorted."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    found: list[Experiment] = [import_module(f".{name}", __name__).experiment for name in names]
    return {experiment.slug: experiment for experiment in found}
