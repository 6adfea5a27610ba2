"""From PyTorch's own functions and classes to the names under which the table of its API has them."""

from __future__ import annotations

import importlib
import types
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import nn

from netlint.frontends.torch_api import CREATORS, CREATORS_LIKE, FUNCTIONS, LAYERS, METHODS, LayerSpec, canonical
from netlint.frontends.torch_api.aliases import RENAMED

TENSOR = "torch.Tensor."

_REFLECTED = {
    "__radd__": "add",
    "__rsub__": "sub",
    "__rmul__": "mul",
    "__rdiv__": "div",
    "__rtruediv__": "div",
    "__rfloordiv__": "floor_divide",
    "__rmod__": "remainder",
    "__rpow__": "pow",
    "__rmatmul__": "matmul",
}
"""The operators of Python that a tensor answers from the right, by the method that they swap the operands of."""

_OPERATORS = {
    "__floordiv__": "floor_divide",
    "__truediv__": "div",
    "__idiv__": "div",
    "__itruediv__": "div",
    "__mod__": "remainder",
    "__and__": "bitwise_and",
    "__or__": "bitwise_or",
    "__xor__": "bitwise_xor",
    "__lshift__": "bitwise_left_shift",
    "__rshift__": "bitwise_right_shift",
    "__invert__": "bitwise_not",
    "__ipow__": "pow",
}
_PLAIN = ("add", "sub", "mul", "div", "pow", "matmul", "neg", "abs", "eq", "ne", "lt", "le", "gt", "ge")


def _methods() -> Iterator[tuple[str, Any]]:
    for name in METHODS:
        for spelling in (name, f"{name}_"):
            if hasattr(torch.Tensor, spelling):
                yield TENSOR + spelling, getattr(torch.Tensor, spelling)
    for written, name in [*_OPERATORS.items(), *((f"__{name}__", name) for name in _PLAIN)]:
        if hasattr(torch.Tensor, written):
            yield TENSOR + name, getattr(torch.Tensor, written)
    for written in _REFLECTED:
        if hasattr(torch.Tensor, written):
            yield TENSOR + written, getattr(torch.Tensor, written)


def _functions() -> Iterator[tuple[str, Any]]:
    spellings = [f"torch.{name}" for name in RENAMED]
    aliased = [f"torch.{name.rpartition('.')[2]}" for name in FUNCTIONS if name.startswith("torch.nn.functional.")]
    for name in (*FUNCTIONS, *CREATORS, *CREATORS_LIKE, *spellings, *aliased):
        if name.startswith("torch.") and not name.startswith(TENSOR):
            found: Any = torch
            for part in name.split(".")[1:]:
                found = getattr(found, part, None)
            if found is not None and any(canonical(name) in table for table in (FUNCTIONS, CREATORS, CREATORS_LIKE)):
                yield canonical(name), found


@cache
def _names() -> dict[Any, str]:
    """The name of each function of the table that this version of PyTorch has. Built once, in a few milliseconds."""
    found: dict[Any, str] = {}
    for name, function in (*_functions(), *_methods()):
        found.setdefault(function, name)
    return found


def function_name(function: Any) -> str:
    """A function's name in the table (`torch.nn.functional.relu`, `torch.Tensor.view`), or its own name where the table has none."""
    try:
        known = _names().get(function)
    except TypeError:  # not hashable
        known = None
    if known is not None:
        return known
    name = getattr(function, "__name__", type(function).__name__)
    if name in ("__get__", "__set__") and isinstance(function, types.MethodWrapperType):
        return f"{TENSOR}{getattr(function.__self__, '__name__', '?')}.{name}"
    if isinstance(function, (torch._ops.OpOverload, torch._ops.OpOverloadPacket)):
        return f"torch.ops.{function}"
    owner = getattr(function, "__objclass__", None)
    if owner is not None and issubclass(torch.Tensor, owner):
        return TENSOR + name
    module = getattr(function, "__module__", None) or "torch"
    return canonical(f"{module}.{name}")


def swapped(name: str) -> str | None:
    """For a reflected operator of Python, the method that has its operands in the other order."""
    return _REFLECTED.get(name.removeprefix(TENSOR)) if name.startswith(TENSOR) else None


@cache
def _class_name(cls: Any) -> str:
    name = canonical(f"{cls.__module__}.{cls.__qualname__}")
    return name if name in LAYERS or name.startswith("torch.") else str(cls.__name__)


def class_name(module: nn.Module) -> str:
    """A module's class: the canonical name if it is one of torch's own or a leaf of the table; else its own name, as written."""
    cls: Any = type(module)
    return _class_name(cls)


def table_class(module: nn.Module) -> tuple[str, LayerSpec, bool] | None:
    """The nearest class of the table that a module derives from, its specification, and whether its forward is that class's own."""
    if isinstance(module, torch.jit.ScriptModule):
        return None
    cls: Any = type(module)
    found = _table_class(cls)
    return (*found[:2], found[2] and "forward" not in vars(module)) if found is not None else None


@cache
def _table_class(cls: Any) -> tuple[str, LayerSpec, bool] | None:
    for base in cls.__mro__:
        name = canonical(f"{base.__module__}.{base.__qualname__}")
        if name in LAYERS:
            return name, LAYERS[name], cls.forward is base.forward
    return None


@cache
def package_folder() -> str:
    """The folder of PyTorch itself."""
    file = importlib.import_module("torch").__file__
    assert file is not None
    return file.rpartition("__init__")[0]
