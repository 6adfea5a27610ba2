"""The answers that a graph remembers until it changes, and the kinds of operators that several questions look through."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from netlint.graph.graph import Graph
from netlint.graph.operators import (
    Attention,
    Expand,
    Flatten,
    Identity,
    MultiheadAttention,
    Pad,
    Permute,
    PixelShuffle,
    Rearrange,
    Recurrent,
    RecurrentCell,
    Resample,
    Reshape,
    Select,
    Slice,
    Split,
    Squeeze,
    Transformer,
    TransformerLayer,
    Unflatten,
    Unsqueeze,
)

MOVES = (Identity, Flatten, Unflatten, Reshape, Permute, Squeeze, Unsqueeze, Expand, Slice, Split, Select, Rearrange, PixelShuffle, Pad)
"""Operators that only move, copy or pick elements: each element of the result is an element of the input (or padding)."""

KEEPS_MEANING = (*MOVES, Resample)
"""Operators behind which probabilities are probabilities and logits are logits: moved, or resized as a map (a mean of neighbours)."""

RECURRENT = (Recurrent, RecurrentCell)
ATTENTION = (Attention, MultiheadAttention, TransformerLayer, Transformer)


P = ParamSpec("P")
R = TypeVar("R")


def remembered(query: Callable[P, R]) -> Callable[P, R]:
    """Keeps a query's answers in the index of the graph, which is its first argument."""

    @wraps(query)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        graph = cast(Graph, args[0])
        memory = graph.index.memory
        key = (query, *args[1:], *kwargs.values())  # operators hash by identity
        if key not in memory:
            memory[key] = query(*args, **kwargs)
        return cast(R, memory[key])

    return answer
