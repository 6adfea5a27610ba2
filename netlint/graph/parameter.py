"""Learned tensors and the layers that own them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netlint.graph.provenance import Site
from netlint.graph.unknown import Bool, Int, Shape, Unknown

if TYPE_CHECKING:
    from netlint.graph.operator import Operator


@dataclass(eq=False, slots=True)
class Initialization:
    """An initialiser that was applied to a parameter, such as `kaiming_normal_` with its keyword arguments."""

    name: str
    options: dict[str, object] = field(default_factory=dict)
    site: Site | None = None


@dataclass(eq=False, slots=True)
class Parameter:
    """One learned tensor. Identity is what counts: a tied weight is one Parameter in two layers.

    `shape` is None when the rank is unknown. `initialization` is None for the layer's own default.
    """

    name: str
    shape: Shape | None
    trainable: bool | Unknown = True
    initialization: Initialization | None = None
    owner: Layer | None = field(default=None, repr=False)

    def count(self) -> Int:
        """The number of elements, or Unknown with the first reason found."""
        if self.shape is None:
            return Unknown(f"shape of parameter `{self.name}`")
        for size in self.shape:
            if isinstance(size, Unknown):
                return size
        return math.prod(size for size in self.shape if isinstance(size, int))


@dataclass(eq=False, slots=True)
class Layer:
    """A module object of the network: a leaf such as `nn.Conv2d(...)`, or a container or user class.

    `path` is the dotted module path from the network's root (`features.0`; empty for the root), `kind` the
    qualified class name (`torch.nn.modules` aliases resolved, so `torch.nn.Conv2d`; a user class as written), `operator` the
    template that each application of a leaf copies (None for containers), `parameters` the layer's own parameters by
    state_dict key, without its children's. `registered` is False for a layer that no module owns (it stands in a plain list: its
    parameters do not train). `hooked` is True when forward hooks were put on it, `wrapped` names reparametrisations such as
    `weight_norm` or `spectral_norm`. `site` is the constructor call; `indexed` is True for a container into which code
    outside its own construction indexes or slices.
    """

    path: str
    kind: str
    operator: Operator | None = None
    parameters: dict[str, Parameter] = field(default_factory=dict)
    children: dict[str, Layer] = field(default_factory=dict, repr=False)
    site: Site | None = None
    parent: Layer | None = field(default=None, repr=False)
    registered: bool = True
    hooked: bool = False
    indexed: bool = False
    frozen: bool | Unknown = False
    wrapped: tuple[str, ...] = ()

    @property
    def ancestors(self) -> list[Layer]:
        """The containers around this layer, innermost first."""
        chain: list[Layer] = []
        layer = self.parent
        while layer is not None:
            chain.append(layer)
            layer = layer.parent
        return chain


def optional(exists: Bool, **shapes: Shape) -> dict[str, Shape]:
    """The shapes of parameters that exist only under an option; where it is unknown, so are their sizes."""
    if isinstance(exists, Unknown):
        return {key: (exists, *shape[1:]) for key, shape in shapes.items()}
    return dict(shapes) if exists else {}
