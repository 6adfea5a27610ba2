"""What a fix wants to do, stated on the graph. `netlint.fixes` turns an intent into edits of source, module or ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from netlint.graph import Layer, Operator, Optimizer, Site
from netlint.graph.training import Loader, Penalty


@dataclass(frozen=True, slots=True)
class Swap:
    """Apply two neighbouring operators in the other order."""

    first: Operator
    second: Operator


@dataclass(frozen=True, slots=True)
class Replace:
    """Put other operators (templates; none removes it) in the place of one."""

    old: Operator
    new: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class InsertAfter:
    """Apply a new operator (a template) to the result of another, before anything else reads it."""

    after: Operator
    new: Operator


@dataclass(frozen=True, slots=True)
class SetOption:
    """Change keyword arguments of a constructor or call (a site is that of an initialiser's call); None removes the argument."""

    target: Operator | Optimizer | Loader | Penalty | Site
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeClass:
    """Make an optimizer of another class of `torch.optim` with the same arguments."""

    target: Optimizer
    kind: str


@dataclass(frozen=True, slots=True)
class SplitGroups:
    """Give the parameters with fewer than two dimensions a group with options of their own."""

    target: Optimizer
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Register:
    """Let the module own a layer that stands in a plain list, or that is made in `forward`."""

    layer: Layer


@dataclass(frozen=True, slots=True)
class Initialize:
    """Call an initialiser of `torch.nn.init` on the weights of the network's layers of the classes of these."""

    layers: tuple[Layer, ...]
    name: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A change that is none of the above, told in words (display only until a front end knows how)."""

    target: object
    words: str
    because: str = ""
    """Why nothing of the above says it."""


Step: TypeAlias = Swap | Replace | InsertAfter | SetOption | ChangeClass | SplitGroups | Register | Initialize | Rewrite
Intent: TypeAlias = Step | tuple[Step, ...]
"""One step, or several that only together are a fix."""
