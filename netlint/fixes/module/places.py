"""Where the modules of a live network stand: under an attribute, or as an element that a `Sequential` applies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from netlint.fixes.proposal import Refusal
from netlint.graph import Operator, Site


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of a module's children."""

    owner: nn.Module
    path: str
    name: str

    def put(self, module: nn.Module) -> None:
        self.owner._modules[self.name] = module


@dataclass(frozen=True, slots=True)
class Element:
    """One entry of a `Sequential`, with the operators in which the graph has it applied there, in order."""

    container: nn.Sequential
    path: str
    name: str
    operators: tuple[Operator, ...]


def places_of(root: nn.Module, module: nn.Module) -> list[Place]:
    """All entries that hold a module. Raises Refusal if there are none, or if one is not to be written to."""
    found = list(_entries(root, module))
    if not found:
        raise Refusal("it is the model itself" if module is root else "no module owns it any more")
    if any(isinstance(place.owner, torch.jit.ScriptModule) for place in found):
        raise Refusal("its owner is TorchScript, which is compiled: fix the module that it was compiled from")
    return found


def _entries(root: nn.Module, module: nn.Module) -> Iterator[Place]:
    for path, owner in root.named_modules():
        for name, child in owner._modules.items():
            if child is module:
                yield Place(owner, f"{path}.{name}".lstrip("."), name)


def applies_in_order(module: nn.Module) -> bool:
    """Whether a module is a `Sequential` that applies its elements one after the other: it has no forward or iteration of its own."""
    own = [getattr(type(module), name, None) is not getattr(nn.Sequential, name) for name in ("forward", "__iter__")]
    return isinstance(module, nn.Sequential) and not any(own) and "forward" not in vars(module)


def in_code(what: str, site: Site | None) -> Refusal:
    """The refusal for what only a change of the code can do."""
    place = site.location() if site is not None else None
    if place is None or not place.filename:
        return Refusal(f"{what}: that is a change of the code")
    return Refusal(f"{what} ({place.filename}:{place.row}), in the code: `netlint check {place.filename} --fix`")
