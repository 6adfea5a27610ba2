"""`package.module:name`: imports the user's module and makes the network that the name stands for. This runs the user's code."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from netlint.frontends.errors import InputError
from netlint.frontends.module.construction import watch_construction
from netlint.frontends.module.failures import described, place_of

T = TypeVar("T")


def load(target: str, *, folder: Path | None = None) -> nn.Module:
    """The network that a class, factory or instance gives. Modules are looked for in `folder` (the current one) first.

    A class or factory is called without arguments. Raises InputError when there is no such thing, when it needs arguments, when the
    user's code raises, and when what it gives is not a module.
    """
    module_name, colon, name = target.partition(":")
    if not colon or not module_name or not name:
        raise InputError(f"`{target}`: a live network is named package.module:name")
    with _importable(folder or Path.cwd()), watch_construction(), contextlib.redirect_stdout(sys.stderr):
        value = _named(_imported(target, module_name), name, target)
        if isinstance(value, nn.Module):
            return value
        if not callable(value):
            raise InputError(f"`{target}` is a {type(value).__name__}, not a network, a class of one or a function that makes one")
        _require_no_arguments(target, value)
        made = _run(f"`{target}()`", value)
    if not isinstance(made, nn.Module):
        raise InputError(f"`{target}()` gives a {type(made).__name__}, not a torch.nn.Module")
    return made


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules of a folder can be imported meanwhile."""
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(entry)


def _imported(target: str, name: str) -> Any:
    def import_it() -> Any:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
                raise InputError(f"`{target}`: there is no module `{error.name}` to import") from None
            raise

    return _run(f"importing `{name}`", import_it)


def _named(module: Any, name: str, target: str) -> Any:
    value = module
    for part in name.split("."):
        if not hasattr(value, part):
            near = (
                difflib.get_close_matches(part, [key for key in vars(value) if not key.startswith("_")], 1)
                if hasattr(value, "__dict__")
                else []
            )
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise InputError(f"`{target}`: `{module.__name__}` has no `{name}`{hint}")
        value = getattr(value, part)
    return value


def _require_no_arguments(target: str, value: Any) -> None:
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if needed:
        names = ", ".join(f"`{name}`" for name in needed)
        raise InputError(f"`{target}` needs arguments ({names}): name a function without arguments that makes the network, or an instance")


def _run(what: str, function: Callable[[], T]) -> T:
    """Runs a piece of the user's code; whatever it raises or exits with becomes an InputError with the place."""
    try:
        return function()
    except (InputError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise InputError(f"{what} raised {described(error)}{place_of(error)}") from error
