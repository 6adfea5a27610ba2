"""What the interpreter records while it runs one entry point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netlint.frontends.source.heap import OpenList
from netlint.frontends.source.values import LoaderValue, Module, OptimizerValue
from netlint.graph import Blind, Operator, Unknown
from netlint.graph.training import Loader, TrainingContext


@dataclass(eq=False, slots=True)
class RootCall:
    """A call of a network from outside any network: its operators are `trace.operators[start:end]`."""

    module: Module
    fed: list[Loader]
    """The loaders whose batches went in."""
    start: int
    end: int = 0
    result: Any = None


@dataclass(eq=False)
class Trace:
    """What one entry point did: the operators it applied, the networks it called, and the training facts it stated."""

    operators: list[Operator] = field(default_factory=list)
    roots: list[RootCall] = field(default_factory=list)
    """Calls of networks from outside any network, in order."""
    inside: dict[int, Module] = field(default_factory=dict)
    """For each operator that was applied inside a network, by id: the outermost module whose forward was running."""
    batches: dict[int, frozenset[Loader]] = field(default_factory=dict)
    """For each operator that depends on a loader's batch, by id: the loaders."""
    blind: list[Blind] = field(default_factory=list)
    training: TrainingContext = field(default_factory=TrainingContext)
    optimizers: list[OptimizerValue] = field(default_factory=list)
    made: list[Module] = field(default_factory=list)
    """All modules constructed, in order."""
    free: list[Module] = field(default_factory=list)
    """Those of a class of the project that were not constructed by another module."""
    tainted: Unknown | None = None
    unseen: dict[int, tuple[Unknown, Operator]] = field(default_factory=dict)
    """The operators that stand for unknown values, so that one value is one operator."""
    symbols: dict[int, tuple[Unknown, OpenList]] = field(default_factory=dict)
    """The parameters of models that are not known, so that one model has the same ones each time."""
    unrecorded: dict[int, Operator | None] = field(default_factory=dict)
    """For each operator that was applied under `no_grad`, by id: the Detach through which code outside reads it, once there is one."""
    fed: dict[int, Operator] = field(default_factory=dict)
    """The inputs that stand for tensors which were made up and given to a network, so that one tensor is one input."""
    loaders: list[LoaderValue] = field(default_factory=list)
    evaluated: list[Module] = field(default_factory=list)
    loaded: list[Module] = field(default_factory=list)
