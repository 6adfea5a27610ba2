"""What a fix wants to do, stated on the graph. `netlint.fixes` turns an intent into edits of source, module or ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from netlint.graph import Operator, Optimizer
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
    """Change keyword arguments of a constructor or call; a value of None removes the argument."""

    target: Operator | Optimizer | Loader | Penalty
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A change that is none of the above, told in words (display only until a front end knows how)."""

    target: object
    words: str


Intent: TypeAlias = Swap | Replace | InsertAfter | SetOption | Rewrite
