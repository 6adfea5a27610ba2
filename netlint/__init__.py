"""netlint: a linter for neural networks. It reads PyTorch source without running it, and checks the design of the network in it.

>>> import netlint
>>> findings = netlint.check("model.py")
>>> [network] = netlint.graph("model.py:Net")
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netlint.api import check as check
    from netlint.api import networks as networks
    from netlint.engine.diagnostic import Diagnostic as Diagnostic
    from netlint.engine.errors import NetlintError as NetlintError

__version__ = "0.1.0"
__all__ = ["Diagnostic", "NetlintError", "__version__", "check", "graph", "networks"]

_HOMES = {
    "check": "netlint.api",
    "networks": "netlint.api",
    "Diagnostic": "netlint.engine.diagnostic",
    "NetlintError": "netlint.engine.errors",
}


class _GraphRoom(ModuleType):
    """The package `netlint.graph`, which is also the function `netlint.graph(target)`: the networks of a target."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from netlint.api import networks

        return networks(*arguments, **options)


class _Package(ModuleType):
    """This package. Its public names are imported when they are first used, so that `import netlint` costs nothing."""

    def __getattr__(self, name: str) -> Any:
        from importlib import import_module

        if name == "graph":
            return import_module("netlint.graph")
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        if name == "graph" and isinstance(value, ModuleType):
            value.__class__ = _GraphRoom  # the import system sets the attribute once the package is imported
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
