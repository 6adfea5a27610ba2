"""The tree of a module: what is registered under which name, everything below it, and copies of it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from netlint.frontends.source.heap import ADict, AList, ASet
from netlint.frontends.source.values import (
    Either,
    Instance,
    Module,
    ParameterValue,
    Tensor,
    members,
)
from netlint.graph.parameter import Initialization, Parameter
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter

_PLACEMENT = frozenset({"inputs", "layer", "site", "scope", "shape", "name", "path", "monotone"})


def set_child(interpreter: Interpreter, module: Module, name: str, value: Any) -> None:
    """Registers a value under a name the way `Module.__setattr__` does."""
    tables = (module.attributes, module.parameters, module.buffers, module.children)
    if any(isinstance(option, Module) for option in members(value)):
        table = module.children
    elif any(isinstance(option, ParameterValue) for option in members(value)):
        table = module.parameters
    elif value is None and (name in module.children or name in module.parameters):
        table = module.children if name in module.children else module.parameters
    elif name in module.buffers and isinstance(value, (Tensor, type(None))):
        table = module.buffers
    else:
        table = module.children if module.container in ("Sequential", "ModuleList") and name.isdigit() else module.attributes
    for other in tables:
        if other is not table and name in other:
            interpreter.heap.touch(other)
            del other[name]
    interpreter.heap.touch(table)
    table[name] = value


def set_attribute(interpreter: Interpreter, module: Module, name: str, value: Any) -> None:
    """`module.name = value`."""
    if name == "training":
        return
    if (
        (
            module.operator is not None
            and hasattr(module.operator, name)
            and name not in _PLACEMENT
            and not isinstance(value, (Module, ParameterValue))
        )
        and isinstance(value, (bool, int, float, str, tuple, type(None), Unknown))
        and name not in ("bias", "weight")
    ):
        module.operator = copy(module.operator)
        setattr(module.operator, name, value)
    set_child(interpreter, module, name, value)


def set_parameter_attribute(interpreter: Interpreter, value: ParameterValue, name: str, new: Any) -> None:
    """`parameter.requires_grad = ...`, `parameter.data = ...`."""
    if name == "requires_grad":
        value.parameter.trainable = new if isinstance(new, bool) else Unknown("whether it is trained")
    elif name == "data" and isinstance(new, Tensor):
        set_initialization(interpreter, value.parameter, "data", {})
        if value.parameter.shape != new.shape:
            value.parameter.shape = new.shape


# -- walking -------------------------------------------------------------------------------------------------------------


def child_modules(module: Module) -> list[tuple[str, Module]]:
    """The children of a module by name; of an undecided one, each alternative."""
    return [(name, option) for name, value in module.children.items() for option in members(value) if isinstance(option, Module)]


def walk(module: Module) -> list[tuple[str, Module]]:
    """`named_modules()`: the module and everything below it, each once, parents first."""
    found: list[tuple[str, Module]] = []
    seen: set[int] = set()
    stack = [("", module)]
    while stack:
        path, current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        found.append((path, current))
        below = [(f"{path}.{name}" if path else name, child) for name, child in child_modules(current)]
        stack.extend(reversed(below))
    return found


def named_parameters(module: Module) -> list[tuple[str, ParameterValue]]:
    """All parameters below a module by their state_dict key, each once."""
    found: dict[int, tuple[str, ParameterValue]] = {}
    for path, current in walk(module):
        for name, value in current.parameters.items():
            for option in members(value):
                if isinstance(option, ParameterValue):
                    found.setdefault(id(option.parameter), (f"{path}.{name}" if path else name, option))
    return list(found.values())


def set_initialization(interpreter: Interpreter, parameter: Parameter, name: str, options: dict[str, Any]) -> None:
    """What a parameter starts from; unknown where it is not known whether this is executed."""
    parameter.initialization = Initialization("unknown" if interpreter.heap.undecided else name, options, interpreter.site)


# -- copies ---------------------------------------------------------------------------------------------------------------

COPY = 2_000
"""What the copy of a module costs, in elements (see `Interpreter.spend`)."""


def deep_copy(interpreter: Interpreter, value: Any, memo: dict[int, Any]) -> Any:
    """`copy.deepcopy`: modules, parameters and containers are new objects, everything else is shared."""
    interpreter.step()
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Module):
        interpreter.spend(COPY)
        layer = copy(value.layer)
        made = Module(
            value.cls,
            layer,
            operator=copy(value.operator) if value.operator is not None else None,
            arguments=value.arguments,
            tainted=value.tainted,
        )
        layer.operator = made.operator
        layer.parameters, layer.children, layer.parent = {}, {}, None
        memo[id(value)] = made
        for name in ("attributes", "children", "parameters", "buffers"):
            getattr(made, name).update({key: deep_copy(interpreter, item, memo) for key, item in getattr(value, name).items()})
        return made
    if isinstance(value, ParameterValue):
        parameter = copy(value.parameter)
        copied = memo[id(value)] = ParameterValue(parameter, None)
        if value.owner is not None and id(value.owner) in memo:
            copied.owner = memo[id(value.owner)]
            parameter.owner = copied.owner.layer if copied.owner else None
        return copied
    if isinstance(value, Instance):
        instance = memo[id(value)] = Instance(value.cls)
        instance.attributes.update({key: deep_copy(interpreter, item, memo) for key, item in value.attributes.items()})
        return instance
    if isinstance(value, AList):
        copied_list = memo[id(value)] = AList()
        copied_list.extend(deep_copy(interpreter, item, memo) for item in value)
        return copied_list
    if isinstance(value, ADict):
        copied_dict = memo[id(value)] = ADict()
        copied_dict.update({key: deep_copy(interpreter, item, memo) for key, item in value.items()})
        return copied_dict
    if isinstance(value, tuple):
        copied_tuple = memo[id(value)] = tuple(deep_copy(interpreter, item, memo) for item in value)
        return copied_tuple
    if isinstance(value, Either):
        return Either(tuple(deep_copy(interpreter, option, memo) for option in value.options))
    return ASet(value) if isinstance(value, ASet) else value
