"""Feature maps and batch statistics."""

from __future__ import annotations

from netlint.graph.graph import Graph
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    Identity,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Mul,
    Norm,
    Pad,
    PixelShuffle,
    Resample,
    Slice,
)
from netlint.graph.queries.memory import MOVES, remembered
from netlint.graph.queries.reachability import data_inputs
from netlint.graph.queries.weights import origins
from netlint.graph.unknown import Unknown

KEEPS_MAP = (Activation, Norm, LocalResponseNorm, Identity, Dropout, MaxPool, AvgPool, Pad, Resample, PixelShuffle, Add, Concat, Mul)
"""Operators that turn a feature map into a feature map, channel and position still in place."""


@remembered
def feature_map_of(graph: Graph, operator: Operator) -> list[Conv]:
    """The nearest convolutions whose feature map an operator reads, before anything flattens, reduces or reorders it."""
    found: list[Conv] = []
    pending = data_inputs(graph, operator)
    seen = {id(node) for node in pending}
    for node in pending:
        if isinstance(node, Conv):
            found.append(node)
        elif isinstance(node, KEEPS_MAP) or _is_crop(node):
            fresh = [source for source in data_inputs(graph, node) if id(source) not in seen]
            seen.update(id(source) for source in fresh)
            pending.extend(fresh)
    return found


def _is_crop(node: Operator) -> bool:
    """Whether a slice cuts pieces off a feature map (causal padding) and leaves all its dimensions."""
    return isinstance(node, Slice) and not isinstance(node.index, Unknown) and all(isinstance(i, slice) or i is ... for i in node.index)


def reads_neighbours(conv: Conv) -> bool:
    """Whether a convolution's kernel spans several positions; a 1 x 1 convolution is a linear layer at each position."""
    return isinstance(conv.kernel_size, Unknown) or any(size != 1 for size in conv.kernel_size)


def uses_batch_statistics(norm: BatchNorm) -> bool:
    """Whether a batch norm computes mean and variance from the batch in training: not when they are frozen, or read from its buffers."""
    return not norm.frozen and norm.training is not False


@remembered
def batch_norms_after(graph: Graph, operator: Operator) -> list[BatchNorm]:
    """The batch norms that record an operator's result: only activations, dropout, max pooling, moves and concatenations in between."""
    readers = graph.consumers(operator, through=(Activation, Dropout, MaxPool, Concat, *MOVES))
    norms = [reader for reader in readers if isinstance(reader, BatchNorm)]
    return [norm for norm in norms if uses_batch_statistics(norm) and norm.track_running_stats is not False]


def has_positions(graph: Graph, norm: BatchNorm) -> bool | Unknown:
    """Whether a batch norm sees several positions a sample, as on a feature map, or one value a feature, as behind a linear layer."""
    shape = norm.inputs[0].shape
    if shape is not None:
        return len(shape) > 2
    if norm.dims in (2, 3) or feature_map_of(graph, norm):
        return True
    sources = origins(graph, norm.inputs[0], (Activation, Dropout, Identity))
    if all(isinstance(source, Linear) and source.out_features == norm.num_features for source in sources):
        return False
    return Unknown("the rank of what the batch norm reads")
