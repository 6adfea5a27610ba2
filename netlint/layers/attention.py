"""Attention: on projected inputs, and with its projections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from netlint.layers.activations import softmax
from netlint.layers.arithmetic import summed_to
from netlint.layers.dropout import Dropout
from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace
from netlint.layers.linear import Linear


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


@dataclass(frozen=True)
class MultiheadAttention(ReferenceLayer):
    """concat(head_1, ..., head_h) W_o^T + b_o with head_i = Attention of the i-th parts of Q, K and V, which are linear maps of the inputs
    (arXiv 1706.03762, section 3.2.2). Gives that and the weights, averaged over the heads.

    Inputs are (length, batch, width), (batch, length, width) if `batch_first`, or (length, width). `bias_k` and `bias_v`, if they are
    given, are one more key and value; `add_zero_attn` adds one of zeros behind them. Without dropout and without masks.

    >>> import numpy as np
    >>> parameters = {"in_proj_weight": np.ones((3, 1)), "out_proj.weight": np.ones((1, 1))}
    >>> x = np.array([[[0.0]], [[0.0]], [[3.0]]])
    >>> MultiheadAttention(num_heads=1).forward((x[:2], x, x), parameters).output[:, 0, 0]
    array([1., 1.])
    """

    arity = 3
    num_heads: int
    batch_first: bool = False
    add_zero_attn: bool = False

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        xp = namespace(*inputs)
        owned = zip(inputs, _projections(parameters), strict=True)
        maps = [Linear().apply((self._batched(x),), own, context) for x, own in owned]
        extra = (None, parameters.get("bias_k"), parameters.get("bias_v"))
        q, k, v = (
            self._parted(self._extended(step.output, row, place > 0)) for place, (step, row) in enumerate(zip(maps, extra, strict=True))
        )
        scale = 1 / math.sqrt(q.shape[-1])
        weights = softmax(xp.matmul(q, xp.matrix_transpose(k)) * scale, -1)
        out = Linear().apply((self._joined(xp.matmul(weights, v)),), _named(parameters, "out_proj.weight", "out_proj.bias"), context)

        def pull(g: Array | None, g_weights: Array | None = None) -> Gradients:
            last = out.pull(xp.zeros_like(out.output) if g is None else self._batched(g))
            heads = self._parted(last.inputs[0])
            slope = xp.matmul(heads, xp.matrix_transpose(v))
            if g_weights is not None:
                shared = g_weights if g_weights.ndim == 3 else xp.expand_dims(g_weights, axis=0)
                slope = slope + xp.expand_dims(shared, axis=1) / self.num_heads
            inner = weights * (slope - xp.sum(slope * weights, axis=-1, keepdims=True)) * scale
            parts = xp.matmul(inner, k), xp.matmul(xp.matrix_transpose(inner), q), xp.matmul(xp.matrix_transpose(weights), heads)
            whole = [self._joined(part) for part in parts]
            back = [step.pull(part[:, : step.output.shape[1], :]) for step, part in zip(maps, whole, strict=True)]
            learned = {f"out_proj.{name}": value for name, value in last.parameters.items()}
            learned |= _gathered([one.parameters for one in back], parameters, xp)
            for name, step, part in (("bias_k", maps[1], whole[1]), ("bias_v", maps[2], whole[2])):
                if name in parameters:
                    length = step.output.shape[1]
                    learned[name] = xp.sum(part[:, length : length + 1, :], axis=0, keepdims=True)
            return Gradients(tuple(self._as_given(one.inputs[0], x) for one, x in zip(back, inputs, strict=True)), learned)

        mean = xp.mean(weights, axis=1)
        return Step((self._as_given(out.output, inputs[0]), mean if inputs[0].ndim == 3 else mean[0, ...]), pull)

    def _batched(self, x: Array) -> Array:
        """As (batch, length, width)."""
        xp = namespace(x)
        if x.ndim == 2:
            return xp.expand_dims(x, axis=0)
        return x if self.batch_first else xp.permute_dims(x, (1, 0, 2))

    def _as_given(self, x: Array, like: Array) -> Array:
        """The inverse of `_batched`."""
        if like.ndim == 2:
            return x[0, ...]
        return x if self.batch_first else namespace(x).permute_dims(x, (1, 0, 2))

    def _extended(self, x: Array, row: Array | None, zero: bool) -> Array:
        """With the keys or values behind it that do not come from the input."""
        xp = namespace(x)
        shape = (x.shape[0], 1, x.shape[2])
        rows = [x] if row is None else [x, xp.broadcast_to(row, shape)]
        if zero and self.add_zero_attn:
            rows.append(xp.zeros(shape, dtype=x.dtype, device=x.device))
        return xp.concat(rows, axis=1)

    def _parted(self, x: Array) -> Array:
        """(batch, length, width) as (batch, heads, length, width of a head)."""
        xp = namespace(x)
        return xp.permute_dims(xp.reshape(x, (*x.shape[:2], self.num_heads, -1)), (0, 2, 1, 3))

    def _joined(self, x: Array) -> Array:
        """The inverse of `_parted`."""
        xp = namespace(x)
        rows = xp.permute_dims(x, (0, 2, 1, 3))
        return xp.reshape(rows, (*rows.shape[:2], rows.shape[2] * rows.shape[3]))


_SEPARATE = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


def _named(parameters: Parameters, weight: str, bias: str) -> dict[str, Array]:
    return {"weight": parameters[weight]} | ({"bias": parameters[bias]} if bias in parameters else {})


def _projections(parameters: Parameters) -> list[dict[str, Array]]:
    """Weight and bias of the three maps: PyTorch keeps them as the rows of one where their widths are the same."""
    width = parameters["out_proj.weight"].shape[0]
    found: list[dict[str, Array]] = []
    for place, name in enumerate(_SEPARATE):
        rows = slice(place * width, (place + 1) * width)
        one = {"weight": parameters[name] if name in parameters else parameters["in_proj_weight"][rows, :]}
        found.append(one | ({"bias": parameters["in_proj_bias"][rows]} if "in_proj_bias" in parameters else {}))
    return found


def _gathered(maps: list[dict[str, Array]], parameters: Parameters, xp: Any) -> dict[str, Array]:
    """The gradients of the three maps under the names of their parameters."""
    learned = {name: one["weight"] for name, one in zip(_SEPARATE, maps, strict=True) if name in parameters}
    if "in_proj_weight" in parameters:
        learned["in_proj_weight"] = xp.concat([one["weight"] for one in maps], axis=0)
    if "in_proj_bias" in parameters:
        learned["in_proj_bias"] = xp.concat([one["bias"] for one in maps], axis=0)
    return learned
