"""The layers of a network that was built: their paths, their parameters, and those that no module owns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netlint.frontends.source import module_tree
from netlint.frontends.source.values import Anything, Module, ParameterValue, members
from netlint.graph import Layer, Operator, Unknown


def layers_of(root: Module) -> list[Layer]:
    """All layers below a root, parents first, with their paths, parents and parameters set."""
    found: list[Layer] = []
    walked = module_tree.walk(root)
    paths = {id(module): path for path, module in walked}
    for path, module in walked:
        layer = module.layer
        layer.path, layer.operator, layer.registered = path, module.operator, True
        layer.parameters = {
            name: option.parameter
            for name, value in module.parameters.items()
            for option in members(value)
            if isinstance(option, ParameterValue)
        }
        for name, parameter in layer.parameters.items():
            parameter.name, parameter.owner = name, parameter.owner or layer
        layer.children = {name: child.layer for name, child in module_tree.child_modules(module) if not _is_within(path, paths[id(child)])}
        found.append(layer)
    for layer in found:
        for child in layer.children.values():
            child.parent = layer
    root.layer.parent = None
    return found


def _is_within(path: str, other: str) -> bool:
    """Whether a module of this path is the other or stands below it: `self.head = self` makes no child, or layers would have no end."""
    return not other or path == other or path.startswith(f"{other}.")


def _kept_in(value: Any, depth: int = 4) -> Iterator[tuple[str, Any]]:
    """What stands in a plain list or dictionary, and in those within it, with the keys that lead there (`2`, `fine.0`)."""
    elements = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, element in elements:
        yield str(key), element
        if depth:
            yield from ((f"{key}.{inner}", found) for inner, found in _kept_in(element, depth - 1))


def add_unregistered(layers: list[Layer], root: Module, operators: list[Operator], modules: list[Module]) -> None:
    """Adds layers that no module owns: those in plain lists and dictionaries, and those that were only applied."""
    known = {id(layer) for layer in layers}
    for path, module in list(module_tree.walk(root)):
        for name, value in module.attributes.items():
            for key, element in _kept_in(value):
                if isinstance(element, Module) and id(element.layer) not in known:
                    for inner in layers_of(element):
                        inner.path = ".".join(part for part in (path, name, key, inner.path) if part)
                        inner.registered = False
                        inner.parent = inner.parent or module.layer
                        known.add(id(inner))
                        layers.append(inner)
    made = {id(module.layer): module for module in modules}
    for operator in operators:
        layer = operator.layer
        if layer is not None and id(layer) not in known:
            if id(layer) in made:
                layers_of(made[id(layer)])
            layer.registered = False
            known.add(id(layer))
            layers.append(layer)


def uncounted(root: Module) -> Unknown | None:
    """Why the parameters of a network cannot be counted, if they cannot."""
    for _, module in module_tree.walk(root):
        if module.tainted is not None:
            return module.tainted
        for name, value in module.children.items():
            options = members(value)
            if any(isinstance(option, Unknown) for option in options):
                return Unknown(f"`{name}` is not known")
            if len(options) > 1 and any(isinstance(o, Module) and module_tree.named_parameters(o) for o in options):
                return Unknown(f"`{name}` depends on a branch")
        for name, value in module.parameters.items():
            if len(members(value)) > 1 or not isinstance(value, (ParameterValue, type(None))):
                return Unknown(f"the parameter `{name}` depends on a branch")
        for name, value in module.attributes.items():
            if any(isinstance(option, Anything) for option in members(value)):
                return Unknown(f"`{name}` is not known: {next(o.reason for o in members(value) if isinstance(o, Anything))}")
    return None
