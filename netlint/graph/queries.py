"""Questions that rules ask of a graph: depth, neighbours in weight layers, heads, gates, residual paths, attention.

Every answer about one operator is remembered by the graph's index until the graph changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce, wraps
from operator import and_
from typing import ParamSpec, TypeVar, cast

from netlint.graph.graph import Graph
from netlint.graph.index import Kinds, OperatorSet
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    GLU,
    Activation,
    Add,
    Alternatives,
    Attention,
    AvgPool,
    BatchNorm,
    Binary,
    Concat,
    Constant,
    Conv,
    Detach,
    Div,
    Dropout,
    Einsum,
    Elementwise,
    Embedding,
    Expand,
    Flatten,
    Identity,
    Input,
    Linear,
    LocalResponseNorm,
    Loss,
    MatMul,
    MaxPool,
    Mul,
    MultiheadAttention,
    Norm,
    Opaque,
    Pad,
    Permute,
    PixelShuffle,
    Pool,
    Rearrange,
    Recurrent,
    RecurrentCell,
    Reduce,
    Resample,
    Reshape,
    Select,
    Slice,
    Softmax,
    Split,
    Squeeze,
    Transformer,
    TransformerLayer,
    Unflatten,
    Unsqueeze,
    Weight,
)
from netlint.graph.parameter import Layer, Parameter
from netlint.graph.training import Optimizer
from netlint.graph.unknown import Int, Unknown

P = ParamSpec("P")
R = TypeVar("R")

MOVES = (Identity, Flatten, Unflatten, Reshape, Permute, Squeeze, Unsqueeze, Expand, Slice, Split, Select, Rearrange, PixelShuffle, Pad)
"""Operators that only move, copy or pick elements: each element of the result is an element of the input (or padding)."""

KEEPS_MEANING = (*MOVES, Resample)
"""Operators behind which probabilities are probabilities and logits are logits: moved, or resized as a map (a mean of neighbours)."""

RECURRENT = (Recurrent, RecurrentCell)
ATTENTION = (Attention, MultiheadAttention, TransformerLayer, Transformer)


def _remembered(query: Callable[P, R]) -> Callable[P, R]:
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


# -- reachability ---------------------------------------------------------------------------------------------------------


def reaches(graph: Graph, operator: Operator, kinds: Kinds) -> bool:
    """Whether an operator of the given kinds reads the result, directly or through others."""
    return bool(graph.index.downstream(operator) & graph.index.of(kinds))


def comes_from(graph: Graph, operator: Operator, kinds: Kinds) -> bool:
    """Whether the result depends on an operator of the given kinds, directly or through others."""
    return bool(graph.index.upstream(operator) & graph.index.of(kinds))


def is_upstream(graph: Graph, first: Operator, second: Operator) -> bool:
    """Whether `second` depends on the result of `first`."""
    return bool(graph.index.upstream(second) & graph.index.bit(first))


def between(graph: Graph, first: Operator, second: Operator) -> list[Operator]:
    """The operators on all paths from `first` to `second`, without both ends."""
    index = graph.index
    return index.members(index.downstream(first) & index.upstream(second))


def norm_between(graph: Graph, first: Operator, second: Operator) -> Norm | None:
    """The first normalisation layer on a path from `first` to `second`."""
    return next((node for node in between(graph, first, second) if isinstance(node, Norm)), None)


def reaches_output(graph: Graph, operator: Operator) -> bool:
    """Whether an output of the network is the operator's result or depends on it."""
    return bool(graph.index.network & graph.index.bit(operator))


@_remembered
def depends_on_data(graph: Graph, operator: Operator) -> bool:
    """Whether the result changes with the network's input; what could not be seen is taken to depend on it."""
    index = graph.index
    return bool((index.upstream(operator) | index.bit(operator)) & (index.of((Input, Opaque)) | _handed_in(graph)))


@_remembered
def _handed_in(graph: Graph) -> OperatorSet:
    """The tensors that a script makes outside of all modules and hands to layers: a data set in memory, noise for a generator."""
    index = graph.index
    layers = index.where(lambda node: node.weighted and node.layer is not None)
    made = index.where(lambda node: isinstance(node, Constant) and node.scope is None and _is_made(node))
    return index.union(node for node in index.members(made) if index.downstream(node) & layers)


def _is_made(constant: Constant) -> bool:
    """Whether code made a tensor (`torch.randn(8, 3)`, `torch.tensor(rows)`), rather than wrote a number."""
    return constant.value is not None and constant.shape != ()


def data_inputs(graph: Graph, operator: Operator) -> list[Operator]:
    """The distinct operands that depend on the network's input: no weights, buffers or numbers."""
    return [source for source in dict.fromkeys(operator.inputs) if depends_on_data(graph, source)]


def same_data(first: Operator, second: Operator) -> bool:
    """Whether two results are certainly the same values: the same operator, or the same piece of one, through copies."""
    first, second = _behind_copies(first), _behind_copies(second)
    if isinstance(first, Select) and isinstance(second, Select):
        return first.index == second.index and same_data(first.inputs[0], second.inputs[0])
    return first is second


def _behind_copies(operator: Operator) -> Operator:
    while isinstance(operator, (Identity, Detach)) and operator.inputs:
        operator = operator.inputs[0]
    return operator


# -- weight layers --------------------------------------------------------------------------------------------------------


@_remembered
def is_weighted(graph: Graph, operator: Operator) -> bool:
    """Whether an operator is a learned linear map, one layer of depth.

    A product with a parameter (`x @ self.weight`) is one; a convolution with a constant kernel (a blur) is not.
    """
    if isinstance(operator, (MatMul, Einsum)):
        return len(data_inputs(graph, operator)) == 1 and any(_is_weight(graph, source) for source in operator.inputs)
    if isinstance(operator, (Conv, Linear)) and operator.layer is None and len(operator.inputs) > 1:
        kernel = operator.inputs[1]
        return _is_weight(graph, kernel) or depends_on_data(graph, kernel)
    return operator.weighted


def _is_weight(graph: Graph, operator: Operator) -> bool:
    return not depends_on_data(graph, operator) and (isinstance(operator, Weight) or comes_from(graph, operator, Weight))


@_remembered
def _weighted(graph: Graph) -> OperatorSet:
    return graph.index.where(lambda operator: is_weighted(graph, operator))


@_remembered
def _depths(graph: Graph) -> dict[int, int]:
    depths: dict[int, int] = {}
    for operator in graph.index.order:
        below = max((depths.get(id(source), 0) for source in operator.inputs), default=0)
        depths[id(operator)] = below + is_weighted(graph, operator)
    return depths


def weight_depth(graph: Graph) -> int:
    """The number of weighted operators on the longest path of the network (losses and what follows them add none)."""
    return max(_depths(graph).values(), default=0)


def depth_of(graph: Graph, operator: Operator) -> int:
    """The number of weighted operators on the longest path up to and including an operator."""
    return _depths(graph)[id(operator)]


def weighted_before(graph: Graph, operator: Operator) -> list[Operator]:
    """The nearest weighted operators upstream, last applied first, looking through everything that is not weighted."""
    weighted = _weighted(graph)
    return graph.index.members(graph.index.upstream(operator, weighted) & weighted)[::-1]


def weighted_after(graph: Graph, operator: Operator) -> list[Operator]:
    """The nearest weighted operators downstream, first applied first, looking through everything that is not weighted."""
    weighted = _weighted(graph)
    return graph.index.members(graph.index.downstream(operator, weighted) & weighted)


def stretch_before(graph: Graph, operator: Operator) -> list[Operator]:
    """The operators without weights between an operator and the weighted ones upstream, last applied first."""
    return graph.index.members(_stretch_before(graph, operator))[::-1]


def stretch_after(graph: Graph, operator: Operator) -> list[Operator]:
    """The operators without weights between an operator and the weighted ones downstream, first applied first."""
    return graph.index.members(_stretch_after(graph, operator))


def _stretch_before(graph: Graph, operator: Operator) -> OperatorSet:
    weighted = _weighted(graph)
    return graph.index.upstream(operator, weighted) & ~weighted


def _stretch_after(graph: Graph, operator: Operator) -> OperatorSet:
    weighted = _weighted(graph)
    return graph.index.downstream(operator, weighted) & ~weighted


def unseen_before(graph: Graph, operator: Operator) -> Unknown | None:
    """Why it is not known what stands between an operator and the weighted ones upstream; None when all is seen."""
    return _unseen(graph, _stretch_before(graph, operator))


def unseen_after(graph: Graph, operator: Operator) -> Unknown | None:
    """Why it is not known what stands between an operator and the weighted ones downstream; None when all is seen.

    What training code does with the network's outputs is not asked.
    """
    stretch = _stretch_after(graph, operator)
    return _unseen(graph, stretch & graph.index.network if reaches_output(graph, operator) else stretch)


def _unseen(graph: Graph, operators: OperatorSet) -> Unknown | None:
    unseen = graph.index.members(operators & graph.index.of((Opaque, Alternatives)))
    return _reason(cast("Opaque | Alternatives", unseen[0])) if unseen else None


def _reason(operator: Opaque | Alternatives) -> Unknown:
    if isinstance(operator, Opaque):
        return Unknown(operator.reason or f"what `{operator.label}` does was not seen")
    return Unknown(operator.reason or "two branches could not be decided")


def origins(graph: Graph, operator: Operator, through: Kinds = MOVES) -> list[Operator]:
    """What a result is computed by, looking back through the kinds `through`; the origins of both branches of an undecided one.

    An operator that is not looked through is its own origin: ask for the origins of `loss.inputs[0]`.
    """
    found: list[Operator] = []
    pending = [operator]
    for node in pending:
        if isinstance(node, Alternatives):
            pending.extend(node.inputs)
        elif isinstance(node, through) and node.inputs:
            pending.append(node.inputs[0])
        else:
            found.append(node)
    return list(dict.fromkeys(found))


# -- the part an operator plays -------------------------------------------------------------------------------------------


@_remembered
def is_head(graph: Graph, operator: Operator) -> bool | Unknown:
    """Whether an operator belongs to the network's output layer: no weighted operator reads its result, and an output or a loss does.

    Networks behind the outputs (a discriminator that judges a generator's result) do not count as readers. Unknown when something
    unseen reads the result, or when the graph may be a piece of a larger network.
    """
    index = graph.index
    below = index.downstream(operator)
    if reaches_output(graph, operator):
        below &= index.network
    if below & _weighted(graph):
        undecided = index.members(_stretch_after(graph, operator) & index.network & index.of(Alternatives))
        skips = any(_is_bare_output(graph, node) for node in undecided)
        return _reason(cast(Alternatives, undecided[0])) if skips else False
    opaque = index.members(below & index.of(Opaque))
    if opaque:
        return _reason(cast(Opaque, opaque[0]))
    if reaches(graph, operator, Loss):
        return True
    if not reaches_output(graph, operator):
        return False if graph.outputs else Unknown("no output of the network was seen")
    return True if graph.concrete else Unknown(f"`{graph.name}` may be a piece of a larger network")


def _is_bare_output(graph: Graph, operator: Operator) -> bool:
    """Whether the result is an output without any weighted operator behind it."""
    return bool((_stretch_after(graph, operator) | graph.index.bit(operator)) & graph.index.union(graph.outputs))


SCALES = (*MOVES, Resample, Dropout, Activation, Softmax, Elementwise, Alternatives)
"""What a gate may pass on its way to the product: nothing that mixes positions or channels by weights."""


@_remembered
def is_gate(graph: Graph, operator: Operator) -> bool:
    """Whether a result ends up as a factor of other data: gated units, squeeze-excite, attention masks, mixtures of experts.

    The factor is the operand that is not the source of the other one: in x * sigmoid(conv(x)) the sigmoid is a gate and x is not.
    """
    pending = [(operator, operator)]
    seen = {id(operator)}
    while pending:
        node, piece = pending.pop()
        for reader in graph.consumers(node):
            if isinstance(reader, GLU):
                return True
            if isinstance(reader, (Mul, Div)) and _scales_other_data(graph, node, piece, reader):
                return True
            passes = isinstance(reader, SCALES) or (isinstance(reader, Binary) and len(data_inputs(graph, reader)) == 1)
            if passes and id(reader) not in seen:
                seen.add(id(reader))
                # two pieces of one result that are multiplied with each other are a gate and its data
                pending.append((reader, reader if isinstance(reader, (Select, Slice)) else piece))
    return False


def _scales_other_data(graph: Graph, factor: Operator, piece: Operator, product: Operator) -> bool:
    others = [source for source in data_inputs(graph, product) if source is not factor]
    return any(other is not piece and not is_upstream(graph, piece, other) for other in others)


@_remembered
def residual_around(graph: Graph, operator: Operator) -> Add | Concat | None:
    """The first addition or concatenation that joins a path through the operator with one around it.

    The other operand comes from upstream of the operator, or both share a producer that depends on the input. Sums of losses are no joins.
    """
    index = graph.index
    here = index.bit(operator)
    shared = index.upstream(operator) & _data(graph)
    for join, operands in _joins(graph):
        if index.upstream(join) & here and any(not path & here and path & shared for path in operands):
            return join
    return None


def residual_joins(graph: Graph) -> list[Add | Concat]:
    """The additions and concatenations whose operands come from one producer along different weighted paths, in order."""
    found = []
    for join, operands in _joins(graph):
        common = reduce(and_, operands) & _data(graph)
        if common and graph.index.upstream(join) & ~common & _weighted(graph):
            found.append(join)
    return found


@_remembered
def _data(graph: Graph) -> OperatorSet:
    return graph.index.where(lambda node: depends_on_data(graph, node))


@_remembered
def _joins(graph: Graph) -> list[tuple[Add | Concat, list[OperatorSet]]]:
    """The additions and concatenations of data within the network, each with what its operands are computed from, themselves included."""
    index = graph.index
    joins = index.of((Add, Concat)) & (index.network if graph.outputs else -1)
    found = []
    for join in index.members(joins):
        operands = [index.upstream(source) | index.bit(source) for source in data_inputs(graph, join)]
        if len(operands) > 1 and not comes_from(graph, join, Loss):
            found.append((cast("Add | Concat", join), operands))
    return found


# -- attention and recurrence ---------------------------------------------------------------------------------------------


@_remembered
def is_sequence_model(graph: Graph) -> bool:
    """Whether recurrent or attention operators, or attention written by hand, stand in the network (S9)."""
    return bool(graph.index.of((*RECURRENT, *ATTENTION))) or any(
        isinstance(node, (MatMul, Einsum)) and _next_to_softmax(graph, node) for node in attention_products(graph)
    )


@_remembered
def attention_products(graph: Graph) -> list[Operator]:
    """Where attention takes place: attention operators, and products written by hand.

    A matrix product of two results is one when a softmax stands next to it (scores or their use) or when both factors come from
    the same data (linear attention, a learned transform of its own input). A product with a softmax of other data is one
    (additive attention, mixtures of experts).
    """
    return [node for node in graph.index.order if _is_attention_product(graph, node)]


def _is_attention_product(graph: Graph, operator: Operator) -> bool:
    if isinstance(operator, (Attention, MultiheadAttention)):
        return True
    if not isinstance(operator, (MatMul, Einsum, Mul)):
        return False
    factors = data_inputs(graph, operator)
    if len(factors) < 2:
        return False
    if isinstance(operator, Mul):
        return any(isinstance(node, Softmax) for factor in factors for node in origins(graph, factor, (*MOVES, Dropout)))
    index = graph.index
    origins_in_common = reduce(and_, (index.upstream(factor) | index.bit(factor) for factor in factors))
    return _next_to_softmax(graph, operator) or bool(origins_in_common & _data(graph))


def _next_to_softmax(graph: Graph, product: Operator) -> bool:
    near = _stretch_before(graph, product) | _stretch_after(graph, product)
    return bool(near & graph.index.of(Softmax))


@_remembered
def in_attention(graph: Graph, operator: Operator) -> bool:
    """Whether an operator belongs to an attention mechanism: q, k, v and output projections, scoring networks.

    Forward, one weighted operator (the scoring of additive attention) or one norm (of queries and keys) may stand between an
    operator and the product; backward, no weighted operator for a weighted one (the output projection) and one for others (its
    dropout). A residual path ends the search: what is behind it is the next layer.
    """
    index = graph.index
    products = _attention(graph)
    return bool(
        products & index.bit(operator)
        or (products & index.downstream(operator) and _feeds(graph, operator, products))
        or (products & index.upstream(operator) and _follows(graph, operator, products))
    )


@_remembered
def _attention(graph: Graph) -> OperatorSet:
    return graph.index.union(attention_products(graph))


def _feeds(graph: Graph, operator: Operator, products: OperatorSet) -> bool:
    def steps(node: Operator) -> Iterable[Operator]:
        return (reader for reader in graph.consumers(node) if not _is_skipped_to(graph, operator, reader))

    return _meets(graph, operator, steps, products, lambda node: is_weighted(graph, node) or isinstance(node, Norm), allowed=1)


def _is_skipped_to(graph: Graph, operator: Operator, join: Operator) -> bool:
    """Whether a join ends a residual branch: without a weighted operator in between it reads data from upstream of the operator."""
    if not isinstance(join, (Add, Concat)):
        return False
    index = graph.index
    for source in data_inputs(graph, join):
        if source is operator or is_weighted(graph, source) or is_upstream(graph, operator, source):
            continue
        if (_stretch_before(graph, source) | index.bit(source)) & index.upstream(operator) & _data(graph):
            return True
    return False


def _follows(graph: Graph, operator: Operator, products: OperatorSet) -> bool:
    def steps(node: Operator) -> Iterable[Operator]:
        joins = isinstance(node, (Add, Concat)) and len(data_inputs(graph, node)) > 1
        return () if joins else data_inputs(graph, node)

    return _meets(graph, operator, steps, products, lambda node: is_weighted(graph, node), allowed=0 if is_weighted(graph, operator) else 1)


def _meets(
    graph: Graph,
    start: Operator,
    steps: Callable[[Operator], Iterable[Operator]],
    wanted: OperatorSet,
    counts: Callable[[Operator], bool],
    allowed: int,
) -> bool:
    """Whether a walk meets a wanted operator after crossing at most `allowed` operators that count."""
    fewest = {id(start): 0}
    pending = [start]
    for node in pending:
        for neighbour in steps(node):
            if wanted & graph.index.bit(neighbour):
                return True
            crossed = fewest[id(node)] + counts(neighbour)
            if crossed <= allowed and crossed < fewest.get(id(neighbour), allowed + 1):
                fewest[id(neighbour)] = crossed
                pending.append(neighbour)
    return False


# -- provenance -----------------------------------------------------------------------------------------------------------


def user_class(thing: Operator | Layer) -> str:
    """The class (or function) in whose code a thing stands, as written: `AlexNet` for a place in `AlexNet.forward`; "" at module level."""
    scope = thing.site.scope if thing.site is not None else ""
    owner, _, _ = scope.rpartition(".")
    return owner or scope


# -- training -------------------------------------------------------------------------------------------------------------


def trained_totals(graph: Graph, operator: Operator) -> list[Operator]:
    """The results on which `backward()` is called and which are, or depend on, an operator's result.

    Training code may stand outside the network's own graph, so it is walked from its results.
    """
    return [total for total in graph.training.backward if total is operator or any(node is operator for node in graph.upstream(total))]


def trained_losses(graph: Graph) -> list[Loss]:
    """The losses behind the results on which `backward()` is called; where no call is seen, the losses in the graph."""
    totals = graph.training.backward
    if not totals:
        return list(graph.of(Loss))
    behind = dict.fromkeys(node for total in totals for node in (total, *graph.upstream(total)))
    return [node for node in behind if isinstance(node, Loss)]


def parameters_behind(graph: Graph, operator: Operator) -> list[Parameter]:
    """The learned tensors of the layers that a result depends on: those of all networks behind a loss, in the order of application."""
    layers = dict.fromkeys(node.layer for node in reversed([*graph.upstream(operator)]) if node.layer is not None)
    return list(dict.fromkeys(parameter for layer in layers for parameter in layer.parameters.values()))


def decouples_decay(optimizer: Optimizer) -> bool | Unknown:
    """Whether an optimizer shrinks the weights apart from their gradient (arXiv 1711.05101), instead of adding lambda w to it (L2)."""
    if optimizer.kind in ("AdamW", "Adafactor"):
        return True
    flag = optimizer.options.get("decoupled_weight_decay", False)
    return flag if isinstance(flag, (bool, Unknown)) else bool(flag)


# -- hidden units ---------------------------------------------------------------------------------------------------------

PASSES = (*MOVES, Norm, LocalResponseNorm, Dropout, Pool, Resample)
"""Operators that hand features on to the next layer: normalised, pooled, dropped or moved, but not computed with."""


@_remembered
def fed_by(graph: Graph, operator: Operator) -> list[Operator]:
    """The weighted operators that an operator gets its features from: nothing but `PASSES`, sums and concatenations in between."""
    found: list[Operator] = []
    pending = data_inputs(graph, operator)
    seen = {id(node) for node in pending}
    for node in pending:
        if is_weighted(graph, node):
            found.append(node)
        elif isinstance(node, (Add, Concat)) or _hands_on(node):
            fresh = [source for source in data_inputs(graph, node) if id(source) not in seen]
            seen.update(id(source) for source in fresh)
            pending.extend(fresh)
    return found


@_remembered
def feeds(graph: Graph, operator: Operator) -> list[Operator]:
    """The weighted operators that compute with an operator's result as features: nothing but `PASSES` and sums in between.

    A concatenation hands it on only together with the results of other activations: what is set beside raw data or logits is
    a result of its own (a mask, a heat map, a refined estimate).
    """
    found: list[Operator] = []
    pending = [operator]
    seen = {id(operator)}
    for node in pending:
        for reader in graph.consumers(node):
            if id(reader) in seen:
                continue
            seen.add(id(reader))
            if is_weighted(graph, reader):
                found.append(reader)
            elif isinstance(reader, Add) or _hands_on(reader) or (isinstance(reader, Concat) and _joins_features(graph, reader)):
                pending.append(reader)
    return found


def _hands_on(operator: Operator) -> bool:
    """Whether an operator is one of `PASSES`, or a pooling written as a reduction (`x.mean([2, 3])`)."""
    return isinstance(operator, PASSES) or (isinstance(operator, Reduce) and operator.how in ("mean", "max", "amax"))


def _joins_features(graph: Graph, concat: Concat) -> bool:
    return all(isinstance(node, Activation) for source in concat.inputs for node in origins(graph, source, PASSES))


def class_count(graph: Graph, logits: Operator) -> int | None:
    """The number of classes of logits, or of what is computed from them: the width of the one layer that feeds it, if known."""
    layers = [logits] if is_weighted(graph, logits) else fed_by(graph, logits)
    widths = {
        layer.out_features if isinstance(layer, Linear) else layer.out_channels for layer in layers if isinstance(layer, (Linear, Conv))
    }
    width = widths.pop() if len(widths) == 1 else None
    return width if isinstance(width, int) else None


def feature_size(operator: Operator) -> int | None:
    """The size of a result's last dimension, known behind a linear layer or an embedding even where the rank is not."""
    while operator.shape is None and operator.keeps_shape and len(operator.inputs) == 1:
        operator = operator.inputs[0]
    match operator:
        case _ if operator.shape:
            size: Int | None = operator.shape[-1]
        case Linear():
            size = operator.out_features
        case Embedding():
            size = operator.embedding_dim
        case _:
            size = None
    return size if isinstance(size, int) else None


def same_place(graph: Graph, operator: Operator) -> list[Operator]:
    """All applications at the place in the code where an operator is applied (a loop, a block used several times), itself included."""
    if operator.site is None:
        return [operator]
    key = operator.site.key
    return [node for node in graph.operators if node is operator or (node.site is not None and node.site.key == key)]


def network_of(operator: Operator) -> Layer | None:
    """The outermost module in which an operator is applied; None for one that stands in no module."""
    layer = operator.layer or operator.scope
    while layer is not None and layer.parent is not None:
        layer = layer.parent
    return layer


# -- feature maps and batch statistics ------------------------------------------------------------------------------------

KEEPS_MAP = (Activation, Norm, LocalResponseNorm, Identity, Dropout, MaxPool, AvgPool, Pad, Resample, PixelShuffle, Add, Concat, Mul)
"""Operators that turn a feature map into a feature map, channel and position still in place."""


@_remembered
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


@_remembered
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
