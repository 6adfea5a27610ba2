"""True parameter counts, from the real packages: prints JSON. Runs in the environment that `parameters.py` makes, which has torch.

{"root", "versions": {"torch", ...}, "builders": [{"module", "builder", "file", "parameters": int or null, "error"}, ...]}
`root` is the folder that holds the package, `file` is relative to it.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import platform
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

Builder = Callable[[], Any]


def torchvision_builders() -> list[Builder]:
    """torchvision's classification builders."""
    models = importlib.import_module("torchvision.models")
    return [models.get_model_builder(name) for name in models.list_models(module=models)]


def timm_builders() -> list[Builder]:
    """The first registered model of each module of timm.models, in the order of its source."""
    timm = importlib.import_module("timm")
    modules = [[timm.model_entrypoint(name) for name in timm.list_models(module=module)] for module in sorted(timm.list_modules())]
    return [min(builders, key=_row) for builders in modules if builders]


def _row(builder: Builder) -> int:
    row: int = inspect.unwrap(builder).__code__.co_firstlineno
    return row


def count(builder: Builder) -> tuple[int | None, str]:
    """The number of parameters, or None and why the model cannot be built. The meta device needs no memory; some models need data."""
    error = ""
    for device in ("meta", "cpu"):
        try:
            with importlib.import_module("torch").device(device):
                total: int = sum(parameter.numel() for parameter in builder().parameters())
            return total, ""
        except Exception as failure:  # whatever a model raises, the others are counted
            error = f"{type(failure).__name__}: {failure}"
    return None, error


def measure(package: str) -> dict[str, object]:
    """The counts of a package's builders."""
    builders = {"torchvision": torchvision_builders, "timm": timm_builders}[package]()
    home = sys.modules[package].__file__
    assert home is not None
    root = Path(home).parent.parent
    records = []
    for builder in builders:
        parameters, error = count(builder)
        file = Path(inspect.getfile(inspect.unwrap(builder))).relative_to(root).as_posix()
        record = {"module": builder.__module__, "builder": builder.__name__, "file": file, "parameters": parameters, "error": error}
        records.append(record)
    versions = {name: importlib.import_module(name).__version__ for name in ("torch", package)}
    return {"root": str(root), "versions": {**versions, "Python": platform.python_version()}, "builders": records}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):  # nothing a package prints may get between the lines of the JSON
        measured = measure(sys.argv[1])
    print(json.dumps(measured))
