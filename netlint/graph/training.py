"""How a network is trained, as far as the code that was read says: optimizers, loaders, penalties, losses, modes.

Every fact here is linked to its network by data flow (the optimizer was given this network's parameters, this loss read its
output), never by standing in the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from netlint.graph.operator import Operator
from netlint.graph.parameter import Layer, Parameter
from netlint.graph.provenance import Site
from netlint.graph.unknown import Bool, Float, Int, Unknown


@dataclass(eq=False, slots=True, kw_only=True)
class ParameterGroup:
    """One group of an optimizer. `parameters` is None where it is not known which; `options` are this group's own settings,
    the optimizer's defaults filled in (`lr`, `weight_decay`, ...), each a value or Unknown."""

    parameters: tuple[Parameter, ...] | None
    options: Mapping[str, object]


@dataclass(eq=False, slots=True, kw_only=True)
class Optimizer:
    """A `torch.optim` optimizer: `kind` is its class name (`SGD`, `Adam`, `AdamW`, ...). `explicit` holds the names of the options
    written in the code (the others are PyTorch's defaults)."""

    kind: str
    groups: tuple[ParameterGroup, ...]
    options: Mapping[str, object]
    explicit: frozenset[str]
    site: Site

    @property
    def decay(self) -> Float:
        """The largest weight decay of any group: 0 when none decays, Unknown when one is unknown."""
        decays = [group.options.get("weight_decay", 0.0) for group in self.groups]
        unknown = [decay for decay in decays if not isinstance(decay, (int, float))]
        if unknown:
            first = unknown[0]
            return first if isinstance(first, Unknown) else Unknown("weight decay is not a number")
        return max((float(decay) for decay in decays if isinstance(decay, (int, float))), default=0.0)


@dataclass(eq=False, slots=True, kw_only=True)
class Loader:
    """A `torch.utils.data.DataLoader`. `samples` is the data set's length where it is known; `evaluation` says that its batches are
    only used under `no_grad`/`eval()` (None: not seen)."""

    batch_size: Int | None
    drop_last: Bool
    shuffle: Bool
    samples: Int | None
    site: Site
    evaluation: bool | None = None
    feeds_training: bool = False
    """A batch of it reaches a loss on which `backward()` is called."""


@dataclass(eq=False, slots=True, kw_only=True)
class Penalty:
    """A term made of parameters that is added to a loss (S12-S16).

    `norm` is 1 (sum of absolute values) or 2; `squared` is False for a 2-norm without the square. `coefficient` is lambda.
    `blocked_by` names what cuts its gradient (`.data`, `.item()`, `.detach()`, `no_grad`), None when it trains.
    `term` is the operator of the finished term, `coefficient_site` where lambda multiplies it.
    """

    norm: Literal[1, 2]
    squared: bool
    coefficient: Float
    parameters: tuple[Parameter, ...]
    blocked_by: str | None
    term: Operator
    site: Site
    grouped: bool = False
    """Norms of several groups are summed without the square (group lasso)."""


@dataclass(eq=False, slots=True, kw_only=True)
class TrainingContext:
    """Everything that is known about the training of one network."""

    optimizers: list[Optimizer] = field(default_factory=list)
    loaders: list[Loader] = field(default_factory=list)
    penalties: list[Penalty] = field(default_factory=list)
    backward: list[Operator] = field(default_factory=list)
    """The operators on whose result `backward()` is called."""
    augmentations: tuple[str, ...] = ()
    """Names of random transforms seen in the data that feeds the network (`RandomCrop`, ...)."""
    switches_to_eval: bool = False
    """The code calls `eval()` on this network somewhere."""
    pretrained: bool = False
    """Weights are loaded into it (`load_state_dict`, `pretrained=True`, `weights=...`)."""
    frozen: tuple[Layer, ...] = ()
    unknown: list[Unknown] = field(default_factory=list)
