"""What one application of an operator costs in floating-point operations, from the shapes of its inputs and its result.

The counts are for the forward pass in evaluation mode. A multiply-add counts as two operations; a comparison, an addition, a division and
an exponential as one each. Biases are left out (one addition in a few hundred operations), and moving elements costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import netlint.graph.operators as ops
from netlint.graph.operator import Operator
from netlint.graph.shapes import einsum_sizes, per_dimension, product, total
from netlint.graph.unknown import Bool, Int, Shape, Unknown

PER_ELEMENT: Mapping[type[Operator], int] = {
    ops.ReLU: 1,
    ops.Threshold: 1,
    ops.LeakyReLU: 2,  # compare, multiply
    ops.PReLU: 2,
    ops.RReLU: 2,
    ops.ReLU6: 2,
    ops.Hardtanh: 2,
    ops.Hardshrink: 2,
    ops.Softshrink: 3,
    ops.ELU: 3,  # exponential, subtract, multiply
    ops.CELU: 4,
    ops.SELU: 4,
    ops.Softsign: 3,  # absolute value, add, divide
    ops.Sigmoid: 3,  # exponential, add, divide
    ops.Hardsigmoid: 4,
    ops.SiLU: 4,
    ops.Hardswish: 5,
    ops.Tanh: 5,  # as 2 sigmoid(2x) - 1
    ops.Tanhshrink: 6,
    ops.Softplus: 3,  # exponential, add, logarithm
    ops.LogSigmoid: 3,
    ops.Mish: 9,
    ops.GELU: 5,  # scale, error function, add, two products
    ops.GLU: 4,
    ops.Softmax: 5,  # maximum, subtract, exponential, add, divide
    ops.Softmin: 5,
    ops.LogSoftmax: 5,
    ops.BatchNorm: 2,  # scale and shift: its statistics are constants
    ops.InstanceNorm: 8,  # mean 1, variance 3, normalise 2, scale and shift 2
    ops.LayerNorm: 8,
    ops.GroupNorm: 8,
    ops.RMSNorm: 4,  # square, add, normalise, scale
    ops.Normalize: 4,
}
"""Operations for each element of the result."""

COMPUTES_NOTHING = (
    *(ops.Input, ops.Weight, ops.Constant, ops.Select, ops.Embedding),
    *(ops.Identity, ops.Detach, ops.Dropout, ops.MaxUnpool),
    *(ops.Flatten, ops.Unflatten, ops.Reshape, ops.Permute, ops.Squeeze, ops.Unsqueeze, ops.Expand, ops.Slice, ops.Split),
    *(ops.Concat, ops.Stack, ops.Pad, ops.PixelShuffle, ops.Rearrange),
)
"""Operators that bring data in, look it up or move it."""

TAPS: Mapping[str, int] = {"nearest": 0, "nearest-exact": 0, "linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 4}
"""How many neighbours along each dimension an interpolation weighs."""


def flops(operator: Operator) -> int | None:
    """The floating-point operations of one application; None if a size that decides it is not known, or for an unknown kind."""
    if isinstance(operator, COMPUTES_NOTHING):
        return 0
    count = _flops(operator, [source.shape for source in operator.inputs])
    return count if isinstance(count, int) else None


def _flops(operator: Operator, inputs: Sequence[Shape | None]) -> Int | None:
    if operator.shape is None:
        return None
    results = product(operator.shape)
    if isinstance(operator, (ops.Binary, ops.Elementwise)):
        return results
    first = inputs[0] if inputs else None
    if first is None:
        return None
    if type(operator) in PER_ELEMENT:
        return product((PER_ELEMENT[type(operator)], results))
    match operator:
        case ops.Conv():
            # each result of a convolution, and each input element of a transposed one, meets every weight of its filter
            seen = len(inputs) > 1 and operator.layer is None
            weight = inputs[1] if seen else operator.parameter_shapes()["weight"]
            return None if weight is None else product((2, product(first) if operator.transposed else results, *weight[1:]))
        case ops.Linear() | ops.MatMul():
            return product((2, results, first[-1]))
        case ops.Bilinear():
            return product((2, results, operator.in1_features, total((operator.in2_features, 1))))
        case ops.Einsum(equation=str() as equation):
            sizes = einsum_sizes(equation, inputs)
            return None if sizes is None else product((2, *sizes.values()))
        case ops.Recurrent() | ops.RecurrentCell():
            weights = total(product(shape) for shape in operator.parameter_shapes().values() if len(shape) == 2)
            return product((2, weights, *first[:-1]))
        case ops.Attention() | ops.MultiheadAttention() | ops.TransformerLayer() | ops.Transformer():
            return _attention_family(operator, [shape or () for shape in inputs])
        case ops.Reduce() | ops.AdaptiveAvgPool() | ops.AdaptiveMaxPool():
            return product(first)
        case ops.MaxPool() | ops.AvgPool() | ops.LPPool() | ops.FractionalMaxPool():
            return product((results, *per_dimension(operator.kernel_size, operator.dims)))
        case ops.LocalResponseNorm():
            return product((results, total((product((2, operator.size)), 3))))  # squares and their sum, then scale, power, divide
        case ops.Resample(mode=str() as mode) if mode in TAPS:
            return product((2, results, TAPS[mode] ** (len(first) - 2)))
    return None


# -- attention ------------------------------------------------------------------------------------------------------------


def _attention_family(operator: Operator, inputs: Sequence[Shape]) -> Int | None:
    match operator:
        case ops.Attention():
            return _attention(*inputs[:3]) if len(inputs) > 2 and all(inputs[:3]) else None
        case ops.MultiheadAttention():
            query, key = inputs[0], inputs[1] if len(inputs) > 1 else ()
            return _multihead(operator.embed_dim, operator.num_heads, query, key or query, operator.batch_first)
        case ops.TransformerLayer():
            memory = inputs[1] if operator.decoder and len(inputs) > 1 else ()
            return product((operator.num_layers, _layer(operator, inputs[0], memory)))
        case ops.Transformer() if len(inputs) > 1 and inputs[1]:
            source, target = inputs[:2]
            encoder = product((operator.num_encoder_layers, _layer(operator, source)))
            decoder = product((operator.num_decoder_layers, _layer(operator, target, source)))
            norms = product((PER_ELEMENT[ops.LayerNorm], total((product(source), product(target)))))
            return total((encoder, decoder, norms))
    return None


def _attention(query: Shape, key: Shape, value: Shape) -> Int:
    """q k^T, the softmax of the scores, and their product with v: 2 L S (E + E_v) + 5 L S for each head of each sample."""
    scores = product((*query[:-1], key[-2] if len(key) > 1 else key[0]))
    return product((scores, total((product((2, query[-1])), product((2, value[-1])), PER_ELEMENT[ops.Softmax]))))


def _multihead(width: Int, heads: Int, query: Shape, key: Shape, batch_first: Bool) -> Int:
    """Four projections and the attention of all heads; keys and values are of one shape."""
    if isinstance(batch_first, Unknown):
        return batch_first
    targets, sources = product(query[:-1]), product(key[:-1])
    length = key[-2] if batch_first or len(key) == 2 else key[0]
    projections = product((4, width, total((product((targets, width)), product((sources, key[-1]))))))
    each = total((product((4, width)), product((PER_ELEMENT[ops.Softmax], heads))))
    return total((projections, product((targets, length, each))))


def _layer(layer: ops.TransformerLayer | ops.Transformer, data: Shape, memory: Shape = ()) -> Int:
    """One layer: attention to itself (and to a memory, in a decoder), two linear maps, and a norm and a sum for each of these."""
    width, hidden = layer.d_model, layer.dim_feedforward
    blocks = [_multihead(width, layer.nhead, data, source, layer.batch_first) for source in (data, memory) if source]
    each = {"relu": PER_ELEMENT[ops.ReLU], "gelu": PER_ELEMENT[ops.GELU]}.get(str(layer.activation))
    activation = Unknown("the activation of a transformer layer") if each is None else each
    blocks.append(product((product(data[:-1]), hidden, total((product((4, width)), activation)))))
    joins = product((len(blocks), product(data), PER_ELEMENT[ops.LayerNorm] + 1))
    return total((*blocks, joins))
