"""New modules from the templates of a fix."""

from __future__ import annotations

from dataclasses import MISSING, fields
from itertools import chain
from typing import Any

import torch
from torch import nn

from netlint.fixes.module.copies import draws_kept
from netlint.fixes.proposal import Refusal
from netlint.frontends.module.templates import known_layer
from netlint.frontends.torch_api import LAYERS, Signature
from netlint.graph import Operator, Unknown

_SHOWN = frozenset({"p"})
"""Options that are written even where they are PyTorch's defaults, because a reader wants to see them."""


def made(template: Operator, like: nn.Module, root: nn.Module) -> nn.Module:
    """A layer that applies an operator as the template describes it, in the mode, on the device and of the type of a module at hand
    (of the whole network, where that one has no tensors). Raises Refusal if torch has no such layer."""
    name = f"torch.nn.{template.name}"
    if name not in LAYERS:
        raise Refusal(f"torch has no layer for {template.name}")
    arguments = _arguments(template, Signature(LAYERS[name].signature).names)
    with draws_kept(root):
        layer: nn.Module = getattr(nn, template.name)(**arguments)
    known = known_layer(layer)
    if known is None or any(getattr(known.operator, option.name) != getattr(template, option.name) for option in _options(template)):
        raise Refusal(f"torch's {template.name} has not all of the options that are meant")
    sample = next((tensor for tensor in chain(_floating(like), _floating(root))), None)
    return layer.to(sample.device, sample.dtype).train(like.training) if sample is not None else layer.train(like.training)


def written(template: Operator) -> str:
    """The constructor call of a layer that applies an operator like this template."""
    arguments = _arguments(template, Signature(LAYERS[f"torch.nn.{template.name}"].signature).names)
    return f"nn.{template.name}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


def _options(template: Operator) -> list[Any]:
    """The fields that say what an operator computes, and not where it stands or how it is called."""
    places = {option.name for option in fields(Operator)} | {"training", "explicit"}
    return [option for option in fields(template) if option.name not in places]


def _arguments(template: Operator, names: tuple[str, ...]) -> dict[str, object]:
    found: dict[str, object] = {}
    for option in _options(template):
        value = getattr(template, option.name)
        required = option.default is MISSING and option.default_factory is MISSING
        if option.name not in names or not (required or option.name in _SHOWN or value != option.default):
            continue
        if isinstance(value, Unknown):
            raise Refusal(f"a value is not known: {value.reason}")
        found[option.name] = value
    return found


def _floating(module: nn.Module) -> Any:
    return (value for value in chain(module.parameters(), module.buffers()) if torch.is_floating_point(value))
