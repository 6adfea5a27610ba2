"""The module objects of a live network as layers: paths, parameters with what their values tell, hooks, reparametrisations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from netlint.frontends.module.construction import ConstructionSites
from netlint.frontends.module.naming import class_name
from netlint.frontends.module.templates import MAX_READ, follow_mode, known_layer
from netlint.frontends.torch_api import LayerSpec
from netlint.graph import Initialization, Layer, Parameter, Unknown

_WRAPPERS = {"_WeightNorm": "weight_norm", "WeightNorm": "weight_norm", "_SpectralNorm": "spectral_norm", "SpectralNorm": "spectral_norm"}
"""PyTorch's names for the classes behind `weight_norm` and `spectral_norm`, new (parametrisations) and old (hooks)."""
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def key_of(module: nn.Module) -> int:
    """What tells a module from others: its attributes, for torch.export may put a proxy with the same ones in its place."""
    return id(vars(module))


@dataclass(eq=False)
class Layers:
    """The layers of one network, and how to find the layer of a module and the parameter of a tensor."""

    root: Layer
    sites: ConstructionSites
    in_training: bool
    found: list[Layer] = field(default_factory=list)
    modules: dict[int, tuple[nn.Module, Layer]] = field(default_factory=dict)
    """By key of the module, which is kept so that the key stays its own."""
    leaves: dict[int, LayerSpec] = field(default_factory=dict)
    """The specification of each leaf, by key of the module."""
    parameters: dict[int, Parameter] = field(default_factory=dict)
    """By id of the tensor."""

    def of(self, module: nn.Module) -> Layer | None:
        """The layer of a module; None for one that was made while the network ran."""
        known = self.modules.get(key_of(module))
        return known[1] if known is not None else None

    def adopt(self, module: nn.Module) -> Layer:
        """A layer for a module that no module owns, and that was met while the network ran."""
        return _Reader(self).add("", module, None, False)


def read_layers(model: nn.Module, sites: ConstructionSites) -> Layers:
    """All layers below a model, parents first, then those that no module owns (in plain lists and dictionaries)."""
    layers = Layers(Layer("", class_name(model)), sites, model.training)
    _Reader(layers).read(model)
    return layers


class _Reader:
    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    def read(self, model: nn.Module) -> None:
        self.add("", model, None, True, self.layers.root)
        for layer in list(self.layers.found):
            module = next(module for module, known in self.layers.modules.values() if known is layer)
            for key, inner in _unregistered(module):
                if key_of(inner) not in self.layers.modules:
                    self.add(f"{layer.path}.{key}".lstrip("."), inner, layer, False)

    def add(self, path: str, module: nn.Module, parent: Layer | None, registered: bool, layer: Layer | None = None) -> Layer:
        """A module and everything below it. What is below a leaf is part of it."""
        found = known_layer(module)
        layer = layer if layer is not None else Layer(path, class_name(module))
        layer.parent, layer.registered = parent, registered
        layer.hooked, layer.wrapped = _is_hooked(module), _wrappers(module)
        layer.site = self.layers.sites.of(module)
        self.layers.modules[key_of(module)] = (module, layer)
        self.layers.found.append(layer)
        is_leaf = found is not None and found.is_leaf
        if found is not None:
            layer.kind, layer.operator = found.kind, found.operator
            follow_mode(found.operator, module.training or not self.layers.in_training)
        if found is not None and is_leaf:
            self.layers.leaves[key_of(module)] = found.spec
            tensors = dict(module.named_parameters(remove_duplicate=False))
        elif isinstance(module, torch.jit.ScriptModule):
            layer.kind = str(module.original_name)
            tensors = dict(module.named_parameters())
        else:
            tensors = {key: value for key, value in vars(module)["_parameters"].items() if value is not None}
        layer.parameters = {key: self._parameter(key, value, layer, module) for key, value in tensors.items()}
        layer.frozen = bool(layer.parameters) and not any(value.requires_grad for value in tensors.values())
        if not is_leaf and not isinstance(module, torch.jit.ScriptModule):
            for key, child in module.named_children():
                known = self.layers.of(child)
                inner = known if known is not None else self.add(f"{path}.{key}".lstrip("."), child, layer, registered)
                layer.children[key] = inner
        return layer

    def _parameter(self, name: str, value: torch.Tensor, owner: Layer, module: nn.Module) -> Parameter:
        known = self.layers.parameters.get(id(value))
        if known is None:
            lazy = isinstance(value, UninitializedParameter)
            shape = None if lazy else tuple(int(size) for size in value.shape)
            known = Parameter(name, shape, value.requires_grad, None if lazy else initialization(name, value, module), owner)
            self.layers.parameters[id(value)] = known
        return known


def _unregistered(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules in a module's plain lists, tuples and dictionaries, with the keys that lead to them (`blocks.2`)."""
    for name, value in vars(module).items():
        if not name.startswith("_") and isinstance(value, (list, tuple, dict)):
            yield from ((f"{name}.{key}", found) for key, found in _kept_in(value))


def _kept_in(value: Any, depth: int = 4) -> Iterator[tuple[str, nn.Module]]:
    elements = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, element in elements:
        if isinstance(element, nn.Module):
            yield str(key), element
        elif depth:
            yield from ((f"{key}.{inner}", found) for inner, found in _kept_in(element, depth - 1))


def _reparametrizing_hooks(module: nn.Module) -> list[str]:
    hooks = vars(module).get("_forward_pre_hooks", {}).values()
    return [_WRAPPERS[type(hook).__name__] for hook in hooks if type(hook).__name__ in _WRAPPERS and _is_torch(hook)]


def _is_torch(thing: object) -> bool:
    return str(getattr(thing, "__module__", None) or type(thing).__module__).startswith("torch.")


def _is_hooked(module: nn.Module) -> bool:
    """Whether somebody else's code runs when the module is called; PyTorch's own reparametrisations do not count."""
    return any(not _is_torch(hook) for name in _HOOKS for hook in (vars(module).get(name) or {}).values())


def _wrappers(module: nn.Module) -> tuple[str, ...]:
    """The reparametrisations of a module's tensors, old style and new."""
    names = _reparametrizing_hooks(module)
    for parametrizations in getattr(module, "parametrizations", {}).values():
        kinds = (type(each).__name__ for each in parametrizations)
        names.extend(_WRAPPERS.get(kind, kind.strip("_").lower()) for kind in kinds)
    return tuple(names)


# -- what the values of a parameter tell ----------------------------------------------------------------------------------


def initialization(name: str, value: torch.Tensor, module: nn.Module) -> Initialization | None:
    """How a weight must have been initialised, or trained, by its values: None where they fit the layer's own default.

    PyTorch draws the weights of convolutions and linear layers from U(-b, b), b = 1 / sqrt(fan_in). A sample of them tells apart
    that, one number for all, and anything else.
    """
    if name != "weight" or not isinstance(module, _UNIFORM) or value.numel() < 2:
        return None
    if value.device.type == "meta" or type(value.data) is not torch.Tensor or not value.is_floating_point() or value.is_sparse:
        return UNSEEN
    with torch.no_grad(), torch._C.DisableTorchFunction():
        sample = value.detach().flatten()[:MAX_READ].double().cpu()
        if bool((sample == sample[0]).all()) and bool((value == value.flatten()[0]).all()):
            return Initialization("constant_", {"val": float(sample[0])})
        fan_in, _ = nn.init._calculate_fan_in_and_fan_out(value)
        bound = 1 / math.sqrt(fan_in)
        largest, spread = float(sample.abs().max()), float(sample.std())
    # the standard deviation of n draws from U(-b, b) is b / sqrt(3) within a few times b / sqrt(7.5 n)
    tolerance = 5 * bound / math.sqrt(7.5 * sample.numel())
    fits = largest <= bound * 1.001 and abs(spread - bound / math.sqrt(3)) <= tolerance
    return None if fits else UNSEEN


_UNIFORM = (nn.modules.conv._ConvNd, nn.Linear)
_REASON = "how the values of a live model came about"
UNSEEN = Initialization("unknown", {option: Unknown(_REASON) for option in ("mode", "nonlinearity", "a", "gain", "val")})
"""Drawn in another way than PyTorch's default, or trained."""
