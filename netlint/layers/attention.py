"""Attention on projected inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netlint.layers.activations import softmax
from netlint.layers.arithmetic import summed_to
from netlint.layers.dropout import Dropout
from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace


@dataclass(frozen=True)
class Attention(ReferenceLayer):
    """softmax(scale Q K^T + mask) V, with scale 1 / sqrt(d) if none is given (arXiv 1706.03762, equation 1).

    Inputs are Q, K, V and a mask, if there is one: added if it is of floating point, else True where attention is allowed. `is_causal`
    lets position i attend up to i. `dropout_p` drops weights whenever it is not 0, as the function in PyTorch does.

    >>> import numpy as np
    >>> one = np.ones((1, 2, 1))
    >>> Attention(is_causal=True).forward((one, one, np.array([[[1.0], [3.0]]]))).output[0, :, 0]
    array([1., 2.])
    """

    arity = 3
    dropout_p: float = 0.0
    is_causal: bool = False
    scale: float | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        q, k, v, *masks = inputs
        xp = namespace(q, k, v)
        scale = 1 / math.sqrt(q.shape[-1]) if self.scale is None else self.scale
        scores = xp.matmul(q, xp.matrix_transpose(k)) * scale
        if self.is_causal:
            masks = [*masks, xp.tril(xp.ones(scores.shape[-2:], dtype=xp.bool, device=q.device))]
        for mask in masks:
            scores = xp.where(mask, scores, xp.full_like(scores, -math.inf)) if mask.dtype == xp.bool else scores + mask
        weights = softmax(scores, -1)
        drop = Dropout(self.dropout_p, training=self.dropout_p > 0).apply((weights,), {}, context)

        def pull(g: Array) -> Gradients:
            (slope,) = drop.pull(xp.matmul(g, xp.matrix_transpose(v))).inputs
            inner = weights * (slope - xp.sum(slope * weights, axis=-1, keepdims=True))
            dq, dk = xp.matmul(inner, k) * scale, xp.matmul(xp.matrix_transpose(inner), q) * scale
            dv = xp.matmul(xp.matrix_transpose(drop.output), g)
            added = (summed_to(inner, mask) if mask.dtype != xp.bool else None for mask in masks[: len(inputs) - 3])
            return Gradients((summed_to(dq, q), summed_to(dk, k), summed_to(dv, v), *added))

        return Step((xp.matmul(drop.output, v),), pull)
