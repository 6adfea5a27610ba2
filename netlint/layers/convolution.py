"""Convolutions and their transposes.

Both are made of three sums over the taps k of a window, each the adjoint of the next, with x_k the input under tap k of every window:
correlate y = sum_k W_k x_k, spread dx_k = W_k^T g, and the weight's gradient dW_k = sum over samples and windows of g x_k^T.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlint.layers.layer import (
    Array,
    Context,
    Gradients,
    Parameters,
    ReferenceLayer,
    Step,
    all_but,
    namespace,
    of_one_sample,
    per_channel,
    size,
)
from netlint.layers.shaping import Pad
from netlint.layers.windows import Sizes, Windows, each


def correlate(x: Array, weight: Array, windows: Windows, groups: int) -> Array:
    """y[n, o, p] = sum over c, k of weight[o, c, k] x[n, c, p s + k d - before], in groups of channels."""
    xp = namespace(x, weight)
    wide, kernel = windows.padded(x), _grouped(weight, groups)
    total = 0.0
    for tap in windows.taps:
        total = total + xp.matmul(_at(kernel, tap), _columns(wide[windows.at(tap)], groups, len(windows.sizes)))
    return xp.reshape(total, (x.shape[0], weight.shape[0], *windows.counts))


def spread(g: Array, weight: Array, windows: Windows, groups: int) -> Array:
    """The adjoint of `correlate` in x: each window's value goes back to the elements under it, times the weight."""
    xp = namespace(g, weight)
    lead = (g.shape[0], weight.shape[1] * groups)
    wide = windows.padded(xp.zeros((*lead, *windows.sizes), dtype=g.dtype, device=g.device))
    kernel, columns = _grouped(weight, groups), _columns(g, groups, len(windows.sizes))
    for tap in windows.taps:
        wide[windows.at(tap)] += xp.reshape(xp.matmul(xp.matrix_transpose(_at(kernel, tap)), columns), (*lead, *windows.counts))
    return windows.cropped(wide)


def weight_gradient(x: Array, g: Array, windows: Windows, groups: int) -> Array:
    """The adjoint of `correlate` in the weight."""
    xp = namespace(x, g)
    wide, columns = windows.padded(x), _columns(g, groups, len(windows.sizes))
    shape = (groups, g.shape[1] // groups, x.shape[1] // groups)
    result = xp.zeros((*shape, *windows.kernel), dtype=x.dtype, device=x.device)
    for tap in windows.taps:
        rows = xp.matrix_transpose(_columns(wide[windows.at(tap)], groups, len(windows.sizes)))
        at = (..., *tap)
        result[at] = xp.sum(xp.matmul(columns, rows), axis=0)
    return xp.reshape(result, (g.shape[1], x.shape[1] // groups, *windows.kernel))


def _grouped(weight: Array, groups: int) -> Array:
    """[group, output, input, *kernel]"""
    return namespace(weight).reshape(weight, (groups, weight.shape[0] // groups, *weight.shape[1:]))


def _at(kernel: Array, tap: Sizes) -> Array:
    """The matrices [group, output, input] of one tap."""
    index = (..., *tap)
    return kernel[index]


def _columns(x: Array, groups: int, dims: int) -> Array:
    """[sample, group, channel, position]"""
    return namespace(x).reshape(x, (x.shape[0], groups, x.shape[1] // groups, size(x, range(x.ndim - dims, x.ndim))))


@dataclass(frozen=True)
class Convolution(ReferenceLayer):
    """y_o = b_o + sum over channels c and taps k of W_{o,c,k} x_{c, position + k} (cross-correlation: `torch.nn.Conv1d` ... `Conv3d`).

    The kernel size is the weight's, [out, in / groups, *kernel]; a bias is added if it is given. `padding` may be "same" or "valid".

    >>> import numpy as np
    >>> step = Convolution(dims=1).forward((np.array([[[1.0, 2.0, 4.0]]]),), {"weight": np.array([[[1.0, -1.0]]])})
    >>> print(step.output, step.backward(np.ones((1, 1, 2))).inputs[0])
    [[[-1. -2.]]] [[[ 1.  0. -1.]]]
    """

    dims: int
    stride: Sizes = (1,)
    padding: Sizes | str = (0,)
    dilation: Sizes = (1,)
    groups: int = 1
    padding_mode: str = "zeros"

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        if x.ndim == self.dims + 1:
            return of_one_sample(lambda batch: self.apply((batch,), parameters, context), x)
        weight = parameters["weight"]
        kernel = tuple(weight.shape[2:])
        before, after = self._margins(kernel)
        # zeros or an edge: the margin is an operation of its own, a convolution without padding follows
        flat = tuple(margin for pair in reversed(list(zip(before, after, strict=True))) for margin in pair)
        margin = Pad(flat, "constant" if self.padding_mode == "zeros" else self.padding_mode).apply(inputs, {}, context)
        windows = Windows.over(tuple(margin.output.shape[2:]), kernel, self.stride, (0,), self.dilation)
        y = correlate(margin.output, weight, windows, self.groups)

        def pull(g: Array) -> Gradients:
            learned = {"weight": weight_gradient(margin.output, g, windows, self.groups)} | bias_gradient(g, parameters)
            return Gradients(margin.pull(spread(g, weight, windows, self.groups)).inputs, learned)

        return Step((biased(y, parameters),), pull)

    def _margins(self, kernel: Sizes) -> tuple[Sizes, Sizes]:
        """Padding before and after, a dimension; "same" puts the odd element behind."""
        if self.padding == "same":
            missing = [d * (k - 1) for d, k in zip(each(self.dilation, self.dims), kernel, strict=True)]
            return tuple(n // 2 for n in missing), tuple(n - n // 2 for n in missing)
        padding = (0,) * self.dims if isinstance(self.padding, str) else each(self.padding, self.dims)
        return padding, padding


@dataclass(frozen=True)
class TransposedConvolution(ReferenceLayer):
    """The adjoint of a convolution in its input, plus a bias (`torch.nn.ConvTranspose1d` ... `ConvTranspose3d`).

    The weight is [in, out / groups, *kernel]. The result has (n - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1 elements.

    >>> import numpy as np
    >>> TransposedConvolution(dims=1, stride=(2,)).forward((np.array([[[1.0, 2.0]]]),), {"weight": np.array([[[1.0, 3.0]]])}).output
    array([[[1., 3., 2., 6.]]])
    """

    dims: int
    stride: Sizes = (1,)
    padding: Sizes = (0,)
    output_padding: Sizes = (0,)
    dilation: Sizes = (1,)
    groups: int = 1

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        if x.ndim == self.dims + 1:
            return of_one_sample(lambda batch: self.apply((batch,), parameters, context), x)
        weight = parameters["weight"]
        windows = self._windows(tuple(x.shape[2:]), tuple(weight.shape[2:]))

        def pull(g: Array) -> Gradients:
            learned = {"weight": weight_gradient(g, x, windows, self.groups)} | bias_gradient(g, parameters)
            return Gradients((correlate(g, weight, windows, self.groups),), learned)

        return Step((biased(spread(x, weight, windows, self.groups), parameters),), pull)

    def _windows(self, counts: Sizes, kernel: Sizes) -> Windows:
        """The windows of the convolution whose adjoint this is: they lie on the result."""
        options = (self.stride, self.padding, self.output_padding, self.dilation)
        stride, padding, extra, dilation = (each(values, self.dims) for values in options)
        places = zip(counts, kernel, stride, padding, extra, dilation, strict=True)
        sizes = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, p, e, d in places)
        return Windows(sizes, kernel, stride, padding, dilation, counts)


def biased(y: Array, parameters: Parameters) -> Array:
    """y with the bias of each channel, if there is one."""
    return y + per_channel(parameters["bias"], y.ndim) if "bias" in parameters else y


def bias_gradient(g: Array, parameters: Parameters) -> dict[str, Array]:
    """The sum of the gradient over everything but the channels."""
    return {"bias": namespace(g).sum(g, axis=all_but(1, g.ndim))} if "bias" in parameters else {}
