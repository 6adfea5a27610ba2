"""netlint: a linter for neural networks. It reads PyTorch source without running it, and checks the design of the network in it.

>>> import netlint
>>> findings = netlint.check("model.py")
>>> [network] = netlint.graph("model.py:Net")
>>> [suggestion, *_] = netlint.verify("model.py")
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netlint.api import advise as advise
    from netlint.api import check as check
    from netlint.api import fix as fix
    from netlint.api import networks as networks
    from netlint.engine.diagnostic import Diagnostic as Diagnostic
    from netlint.engine.errors import NetlintError as NetlintError

__version__ = "0.1.0"
__all__ = ["Diagnostic", "NetlintError", "__version__", "advise", "check", "fix", "graph", "networks", "verify"]

_HOMES = {
    "advise": "netlint.api",
    "check": "netlint.api",
    "fix": "netlint.api",
    "networks": "netlint.api",
    "Diagnostic": "netlint.engine.diagnostic",
    "NetlintError": "netlint.engine.errors",
}


class _Room(ModuleType):
    """A package that is also a function: `netlint.graph(target)` gives the networks of a target, `netlint.verify(target)` the proofs."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from netlint import api

        return getattr(api, _FUNCTIONS[self.__name__])(*arguments, **options)


_FUNCTIONS = {"netlint.graph": "networks", "netlint.verify": "verify"}


class _Package(ModuleType):
    """This package. Its public names are imported when they are first used, so that `import netlint` costs nothing."""

    def __getattr__(self, name: str) -> Any:
        from importlib import import_module

        if f"netlint.{name}" in _FUNCTIONS:
            return import_module(f"netlint.{name}")
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        if f"netlint.{name}" in _FUNCTIONS and isinstance(value, ModuleType):
            value.__class__ = _Room  # the import system sets the attribute once the package is imported
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
