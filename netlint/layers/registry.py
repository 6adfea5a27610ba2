"""From an operator of a graph to its reference layer.

The options of a layer are the operator's fields of the same names. What an operator does not know, or does not say, makes the layer
Unknown: a layer with a guessed option would prove the wrong thing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from netlint.graph import operators as ops
from netlint.graph.operator import Operator
from netlint.graph.training import Penalty
from netlint.graph.unknown import Unknown
from netlint.layers import (
    activations,
    arithmetic,
    attention,
    convolution,
    dropout,
    linear,
    losses,
    normalization,
    pooling,
    recurrent,
    resampling,
    shaping,
)
from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step
from netlint.layers.penalties import L1Penalty, L2Penalty, NormPenalty
from netlint.layers.shaping import Kept

Build = Callable[[Operator], ReferenceLayer | Unknown]


def reference(operator: Operator) -> ReferenceLayer | Unknown:
    """The reference layer of an operator; Unknown with the reason where there is none, or where an option is not known.

    A functional call reads its weights as inputs behind the data; the layer then takes them there, and gives their gradients there.

    >>> reference(ops.LeakyReLU(negative_slope=0.1))
    LeakyReLU(negative_slope=0.1)
    >>> reference(ops.LeakyReLU(negative_slope=Unknown("no default")))
    Unknown(no default)
    """
    build = TABLE.get(type(operator))
    if build is None:
        return Unknown(f"no reference layer for {operator.name}")
    if operator.further:
        return Unknown(f"no reference layer for {operator.name} with {', '.join(name for name, _ in operator.further)}")
    layer = build(operator)
    names = tuple(operator.parameter_shapes())
    if isinstance(layer, Unknown) or operator.layer is not None or not names or len(operator.inputs) <= layer.arity:
        return layer
    if len(operator.inputs) != layer.arity + len(names):
        return Unknown(f"which weights a functional {operator.name} is given")
    return Functional(layer, names)


def penalty(term: Penalty) -> ReferenceLayer | Unknown:
    """The reference layer of a penalty on weights (S12-S16); its inputs are the penalised weights."""
    if isinstance(term.coefficient, Unknown):
        return term.coefficient
    if term.norm == 1:
        return L1Penalty(term.coefficient)
    if term.squared:
        return L2Penalty(term.coefficient)
    if len(term.parameters) > 1 and not term.grouped:
        return Unknown("whether the norm is one over all weights or one a weight")
    return NormPenalty(term.coefficient)


@dataclass(frozen=True)
class Functional(ReferenceLayer):
    """A layer as a function: its parameters stand behind the data among the inputs."""

    layer: ReferenceLayer
    names: tuple[str, ...]

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        arity = self.layer.arity
        given: Mapping[str, Array] = dict(zip(self.names, inputs[arity:], strict=True))
        step = self.layer.apply(inputs[:arity], {**parameters, **given}, context)

        def pull(*gradients: Array) -> Gradients:
            inner = step.pull(*gradients)
            return Gradients((*inner.inputs, *(inner.parameters.get(name) for name in self.names)))

        return Step(step.outputs, pull, step.state)


# -- building -------------------------------------------------------------------------------------------------------------


def named(kind: type[ReferenceLayer]) -> Build:
    """A layer whose options are the operator's fields of the same names."""

    def build(operator: Operator) -> ReferenceLayer | Unknown:
        options: dict[str, object] = {}
        for option in fields(kind):  # type: ignore[arg-type]  # every layer is a dataclass
            if not hasattr(operator, option.name):
                return Unknown(f"{operator.name} does not say its {option.name}")
            value = getattr(operator, option.name)
            unknown = _unknown(value)
            if unknown is not None:
                return unknown
            options[option.name] = value
        return kind(**options)

    return build


def _unknown(value: object) -> Unknown | None:
    """The first thing in a value that is not known."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, tuple):
        return next((found for part in value if (found := _unknown(part)) is not None), None)
    return None


def _conv(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Conv)
    return named(convolution.TransposedConvolution if operator.transposed else convolution.Convolution)(operator)


def _batch_norm(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.BatchNorm)
    if operator.layer is None and operator.inputs and operator.training is not True:
        return Unknown("the running statistics that a functional batch_norm is given")
    return named(normalization.BatchNorm)(operator)


def _embedding(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Embedding)
    return Unknown("how an EmbeddingBag joins its vectors") if operator.bag else named(linear.Embedding)(operator)


def _normalize(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Normalize)
    order = operator.p
    plain = isinstance(order, Unknown) or (0 < order < math.inf)
    return named(normalization.Normalize)(operator) if plain else Unknown(f"no reference layer for a norm of order {order}")


def _reduce(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Reduce)
    return named(arithmetic.Reduce)(operator) if operator.how in ("sum", "mean") else Unknown(f"no reference layer for {operator.how}")


def _multihead(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.MultiheadAttention)
    if len(operator.inputs) > 3:
        return Unknown("which masks an attention is given")
    return _without_dropout(operator.dropout) or named(attention.MultiheadAttention)(operator)


def _recurrent(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Recurrent)
    if operator.proj_size != 0:
        return Unknown("no reference layer for a recurrence with projections")
    single = operator.num_layers == 1  # PyTorch drops between layers
    return (None if single else _without_dropout(operator.dropout)) or named(recurrent.Recurrent)(operator)


def _without_dropout(rate: object) -> Unknown | None:
    return None if rate == 0 else rate if isinstance(rate, Unknown) else Unknown("a dropout within a layer")


def _resample(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Resample)
    if len(operator.inputs) > 1 or operator.antialias is not False or operator.mode not in (*resampling.NEAREST, *resampling.LINEAR):
        return operator.mode if isinstance(operator.mode, Unknown) else Unknown(f"no reference layer for resampling by {operator.mode}")
    return named(resampling.Resample)(operator)


def _expand(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Expand)
    known = operator.how in ("expand", "broadcast_to", "repeat", "tile")
    return named(shaping.Expand)(operator) if known else Unknown(f"no reference layer for {operator.how}")


def _elementwise(operator: Operator) -> ReferenceLayer | Unknown:
    assert isinstance(operator, ops.Elementwise)
    known = operator.how in arithmetic.FUNCTIONS and len(operator.inputs) < 2
    return named(arithmetic.Elementwise)(operator) if known else Unknown(f"no reference layer for {operator.how}")


def _reshape(operator: Operator) -> ReferenceLayer | Unknown:
    """Sizes that are not known are those of the input where they are the same unknown; one that is left follows from the others."""
    assert isinstance(operator, ops.Reshape)
    if isinstance(operator.sizes, Unknown):
        return operator.sizes
    shape = operator.inputs[0].shape if operator.inputs else None
    kept = {id(size): Kept(dim) for dim, size in enumerate(shape or ()) if isinstance(size, Unknown)}
    sizes = [kept.get(id(size), size) if isinstance(size, Unknown) else size for size in operator.sizes]
    left = [size for size in sizes if isinstance(size, Unknown)]
    if len(left) > 1 or (left and -1 in sizes):
        return left[0]
    return shaping.Reshape(tuple(-1 if isinstance(size, Unknown) else size for size in sizes))


TABLE: dict[type[Operator], Build] = {
    ops.Conv: _conv,
    ops.BatchNorm: _batch_norm,
    ops.Embedding: _embedding,
    ops.Reduce: _reduce,
    ops.Linear: lambda operator: linear.Linear(),
    ops.Bilinear: lambda operator: linear.Bilinear(),
    ops.PReLU: lambda operator: activations.PReLU(),
    ops.Dropout: named(dropout.Dropout),
    ops.ChannelDropout: named(dropout.ChannelDropout),
    ops.AlphaDropout: named(dropout.AlphaDropout),
    ops.DropPath: named(dropout.DropPath),
    ops.LayerNorm: named(normalization.LayerNorm),
    ops.GroupNorm: named(normalization.GroupNorm),
    ops.InstanceNorm: named(normalization.InstanceNorm),
    ops.RMSNorm: named(normalization.RMSNorm),
    ops.LocalResponseNorm: named(normalization.LocalResponseNorm),
    ops.Normalize: _normalize,
    ops.Sigmoid: named(activations.Sigmoid),
    ops.Tanh: named(activations.Tanh),
    ops.ReLU: named(activations.ReLU),
    ops.ReLU6: lambda operator: activations.ReLU6(),
    ops.LeakyReLU: named(activations.LeakyReLU),
    ops.RReLU: named(activations.RReLU),
    ops.ELU: named(activations.ELU),
    ops.SELU: named(activations.SELU),
    ops.CELU: named(activations.CELU),
    ops.GELU: named(activations.GELU),
    ops.SiLU: named(activations.SiLU),
    ops.Mish: named(activations.Mish),
    ops.Hardsigmoid: named(activations.Hardsigmoid),
    ops.Hardswish: named(activations.Hardswish),
    ops.Hardtanh: named(activations.Hardtanh),
    ops.Softplus: named(activations.Softplus),
    ops.Softsign: named(activations.Softsign),
    ops.Tanhshrink: named(activations.Tanhshrink),
    ops.Softshrink: named(activations.Softshrink),
    ops.Hardshrink: named(activations.Hardshrink),
    ops.LogSigmoid: named(activations.LogSigmoid),
    ops.Threshold: named(activations.Threshold),
    ops.GLU: named(activations.GLU),
    ops.Softmax: named(activations.Softmax),
    ops.LogSoftmax: named(activations.LogSoftmax),
    ops.Softmin: named(activations.Softmin),
    ops.MaxPool: named(pooling.MaxPool),
    ops.AvgPool: named(pooling.AvgPool),
    ops.AdaptiveAvgPool: named(pooling.AdaptiveAvgPool),
    ops.AdaptiveMaxPool: named(pooling.AdaptiveMaxPool),
    ops.CrossEntropy: named(losses.CrossEntropy),
    ops.NLL: named(losses.NLL),
    ops.BCE: named(losses.BCE),
    ops.BCEWithLogits: named(losses.BCEWithLogits),
    ops.MSE: named(losses.MSE),
    ops.KLDivergence: named(losses.KLDivergence),
    ops.Add: named(arithmetic.Add),
    ops.Sub: named(arithmetic.Sub),
    ops.Mul: named(arithmetic.Mul),
    ops.Div: named(arithmetic.Div),
    ops.MatMul: named(arithmetic.MatMul),
    ops.Identity: named(shaping.Identity),
    ops.Detach: named(shaping.Detach),
    ops.Flatten: named(shaping.Flatten),
    ops.Reshape: _reshape,
    ops.Unflatten: named(shaping.Unflatten),
    ops.Squeeze: named(shaping.Squeeze),
    ops.Unsqueeze: named(shaping.Unsqueeze),
    ops.Permute: named(shaping.Permute),
    ops.Concat: named(shaping.Concat),
    ops.Stack: named(shaping.Stack),
    ops.Split: named(shaping.Split),
    ops.Pad: named(shaping.Pad),
    ops.Slice: named(shaping.Slice),
    ops.RecurrentCell: named(recurrent.RecurrentCell),
    ops.Recurrent: _recurrent,
    ops.MultiheadAttention: _multihead,
    ops.Resample: _resample,
    ops.Expand: _expand,
    ops.Pow: named(arithmetic.Pow),
    ops.Elementwise: _elementwise,
    ops.Attention: named(attention.Attention),
}
"""How the layer of each kind of operator is built. A subclass of an operator is another operator and has its own line."""
