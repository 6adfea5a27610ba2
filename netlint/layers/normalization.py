"""Normalisation layers (statements S5-S11).

All but the last two are one equation, x^ = (x - mu) / sqrt(sigma^2 + eps), y = gamma x^ + beta, and differ in the axes over which mu
and sigma^2 are taken. Statistics are formed in double precision, as PyTorch's batch normalisation does on the CPU.
The affine map uses what is given of the parameters `weight` (gamma) and `bias` (beta).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netlint.layers.layer import (
    Array,
    Context,
    Gradients,
    Parameters,
    ReferenceLayer,
    Step,
    all_but,
    doubled,
    namespace,
    of_one_sample,
    size,
)

Backward = Callable[[Array], Array]


def standardized(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Backward]:
    """x^ = (x - mu) / sqrt(sigma^2 + eps) with mu, sigma^2 over `axes` (S5), and its backward pass.

    dx = (g - mean(g) - x^ mean(g x^)) / sqrt(sigma^2 + eps), because mu and sigma^2 depend on x too.
    """
    xp = namespace(x)
    count = size(x, axes)

    def mean(values: Array) -> Array:
        return xp.sum(values, axis=axes, keepdims=True) / count

    centred = x - mean(x)
    inverse = 1 / xp.sqrt(mean(centred * centred) + eps)
    result = centred * inverse
    return result, lambda g: inverse * (g - mean(g) - result * mean(g * result))


def normalized(
    x: Array, parameters: Parameters, along: tuple[int, ...], standardize: Callable[[Array], tuple[Array, Backward]], state: Parameters
) -> Step:
    """gamma x^ + beta with parameters that lie along some axes of x; dgamma = sum g x^, dbeta = sum g over the others."""
    xp = namespace(x)
    spread = tuple(n if axis in along else 1 for axis, n in enumerate(x.shape))
    others = tuple(axis for axis in range(x.ndim) if axis not in along)
    given = {name: parameters[name] for name in ("weight", "bias") if name in parameters}
    affine = {name: xp.reshape(doubled(values), spread) for name, values in given.items()}
    result, back = standardize(doubled(x))
    y = result * affine["weight"] if "weight" in affine else result
    y = y + affine["bias"] if "bias" in affine else y

    def pull(g: Array) -> Gradients:
        wide = doubled(g)
        products = {"weight": wide * result, "bias": wide}
        sums = {name: xp.sum(products[name], axis=others) if others else products[name] for name in given}
        learned = {name: xp.astype(xp.reshape(sums[name], values.shape), values.dtype) for name, values in given.items()}
        inner = back(wide * affine["weight"] if "weight" in affine else wide)
        return Gradients((xp.astype(inner, x.dtype),), learned)

    return Step((xp.astype(y, x.dtype),), pull, dict(state))


def running(parameters: Parameters, mean: Array, variance: Array, share: float) -> dict[str, Array]:
    """The running statistics after a step: r <- (1 - share) r + share s, for the mean and the variance.

    `variance` is the unbiased one, n / (n - 1) of the biased one that normalises (PyTorch).
    """
    state: dict[str, Array] = {}
    for name, statistic in (("running_mean", mean), ("running_var", variance)):
        old = parameters[name]
        state[name] = namespace(old).astype((1 - share) * doubled(old) + share * statistic, old.dtype)
    return state


@dataclass(frozen=True)
class BatchNorm(ReferenceLayer):
    """mu_c, sigma_c^2 over the batch and all positions, one a channel c in dimension 1 (S5-S8; arXiv 1502.03167).

    x^ = (x - mu) / sqrt(sigma^2 + eps), y = gamma x^ + beta. In training the statistics are the batch's, and the running ones follow
    (they are returned in the step's state); at test they are the running ones, and the layer is an affine map.
    Without running statistics (`track_running_stats=False`) they are always the batch's; a `frozen` layer always uses the running ones.

    >>> import numpy as np
    >>> x = np.array([[1.0], [3.0]])
    >>> buffers = {"running_mean": np.zeros(1), "running_var": np.ones(1)}
    >>> step = BatchNorm(eps=0.0).forward((x,), buffers, Context(training=True))
    >>> print(step.output[:, 0], step.state["running_mean"], step.state["running_var"])
    [-1.  1.] [0.2] [1.1]
    >>> BatchNorm(eps=0.0).forward((x,), buffers).output[:, 0]
    array([1., 3.])
    """

    eps: float = 1e-5
    momentum: float | None = 0.1
    track_running_stats: bool = True
    frozen: bool = False
    training: bool | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        training = not self.frozen and (context.training if self.training is None else self.training)
        if self.track_running_stats and not training:
            return self._with_running(x, parameters)
        axes = all_but(1, x.ndim)
        count = size(x, axes)
        if training and count == 1:
            raise ValueError(f"batch statistics of one value a channel, input of shape {tuple(x.shape)}")
        state: dict[str, Array] = {}
        if training and self.track_running_stats and count:
            state = self._following(parameters, *moments(doubled(x), axes))
        return normalized(x, parameters, (1,), lambda wide: standardized(wide, axes, self.eps), state)

    def _following(self, parameters: Parameters, mean: Array, variance: Array) -> dict[str, Array]:
        """The buffers after a step. Without a momentum the statistics are the average over all steps, which are counted."""
        counted = {name: parameters[name] + 1 for name in ("num_batches_tracked",) if name in parameters}
        share = 1 / int(counted["num_batches_tracked"]) if self.momentum is None else self.momentum
        return running(parameters, mean, variance, share) | counted

    def _with_running(self, x: Array, parameters: Parameters) -> Step:
        xp = namespace(x)
        spread = (1, -1) + (1,) * (x.ndim - 2)
        mean = xp.reshape(doubled(parameters["running_mean"]), spread)
        inverse = 1 / xp.sqrt(xp.reshape(doubled(parameters["running_var"]), spread) + self.eps)
        return normalized(x, parameters, (1,), lambda wide: ((wide - mean) * inverse, lambda g: g * inverse), {})


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and unbiased variance over some axes."""
    xp = namespace(x)
    count = size(x, axes)
    mean = xp.sum(x, axis=axes, keepdims=True) / count
    centred = x - mean
    variance = xp.sum(centred * centred, axis=axes) / (count - 1) if count > 1 else xp.sum(x, axis=axes) * float("nan")
    return xp.reshape(mean, variance.shape), variance


@dataclass(frozen=True)
class LayerNorm(ReferenceLayer):
    """mu, sigma^2 over the last dimensions of one sample, those of `normalized_shape` (S9; arXiv 1607.06450).

    `channels_first` normalises dimension 1 of a feature map at each position instead (ConvNeXt's variant).

    >>> import numpy as np
    >>> LayerNorm(normalized_shape=(2,), eps=0.0).forward((np.array([[1.0, 3.0], [5.0, 9.0]]),)).output
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    normalized_shape: tuple[int, ...]
    eps: float = 1e-5
    channels_first: bool = False

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        axes = (1,) if self.channels_first else trailing(x, self.normalized_shape)
        return normalized(x, parameters, axes, lambda wide: standardized(wide, axes, self.eps), {})


def trailing(x: Array, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of the last dimensions, which must have this shape."""
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    if tuple(x.shape[x.ndim - len(shape) :]) != tuple(shape):
        raise ValueError(f"last dimensions {tuple(shape)} are normalised, the input has shape {tuple(x.shape)}")
    return axes


@dataclass(frozen=True)
class RMSNorm(ReferenceLayer):
    """y = gamma x / sqrt(mean(x^2) + eps) over the last dimensions (arXiv 1910.07467); `eps` None is the resolution of x's type.

    >>> import numpy as np
    >>> RMSNorm(normalized_shape=(2,)).forward((np.array([[3.0, 3.0]]),)).output
    array([[1., 1.]])
    """

    normalized_shape: tuple[int, ...]
    eps: float | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        axes = trailing(x, self.normalized_shape)
        eps = float(xp.finfo(x.dtype).eps) if self.eps is None else self.eps

        def scaled(wide: Array) -> tuple[Array, Backward]:
            count = size(wide, axes)
            inverse = 1 / xp.sqrt(xp.sum(wide * wide, axis=axes, keepdims=True) / count + eps)
            result = wide * inverse
            return result, lambda g: inverse * (g - result * (xp.sum(g * result, axis=axes, keepdims=True) / count))

        return normalized(x, parameters, axes, scaled, {})


@dataclass(frozen=True)
class GroupNorm(ReferenceLayer):
    """mu, sigma^2 over the channels of one group and all positions of one sample (S8; arXiv 1803.08494).

    >>> import numpy as np
    >>> GroupNorm(num_groups=2, eps=0.0).forward((np.array([[1.0, 3.0, 5.0, 9.0]]),)).output
    array([[-1.,  1., -1.,  1.]])
    """

    num_groups: int
    eps: float = 1e-5

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        return normalized(x, parameters, (1,), lambda wide: _grouped(wide, x.shape[0], self.num_groups, self.eps), {})


def _grouped(x: Array, samples: int, groups: int, eps: float) -> tuple[Array, Backward]:
    """Standardised over each of the groups into which the elements of each sample fall."""
    xp = namespace(x)
    result, back = standardized(xp.reshape(x, (samples, groups, size(x) // max(samples * groups, 1))), (2,), eps)
    return xp.reshape(result, x.shape), lambda g: xp.reshape(back(xp.reshape(g, result.shape)), x.shape)


@dataclass(frozen=True)
class InstanceNorm(ReferenceLayer):
    """mu, sigma^2 over the positions of one channel of one sample (arXiv 1607.08022).

    With running statistics these are used at test, and follow the mean over the batch of the samples' statistics in training (not at all
    if `momentum` is None: PyTorch does not count the steps here).
    An input of `dims` + 1 dimensions is one sample.

    >>> import numpy as np
    >>> InstanceNorm(eps=0.0).forward((np.array([[[1.0, 3.0], [5.0, 9.0]]]),)).output
    array([[[-1.,  1.],
            [-1.,  1.]]])
    """

    eps: float = 1e-5
    momentum: float | None = 0.1
    track_running_stats: bool = False
    dims: int | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        if x.ndim - 1 == self.dims:
            return of_one_sample(lambda batch: self.apply((batch,), parameters, context), x)
        if self.track_running_stats and not context.training:
            return BatchNorm(eps=self.eps, frozen=True).apply((x,), parameters, context)
        axes = tuple(range(2, x.ndim))
        if size(x, axes) == 1:
            raise ValueError(f"statistics of one value a channel, input of shape {tuple(x.shape)}")
        state: dict[str, Array] = {}
        if self.track_running_stats:
            xp = namespace(x)
            means, variances = moments(doubled(x), axes)
            state = running(parameters, xp.mean(means, axis=0), xp.mean(variances, axis=0), self.momentum or 0.0)
        return normalized(x, parameters, (1,), lambda wide: standardized(wide, axes, self.eps), state)


@dataclass(frozen=True)
class LocalResponseNorm(ReferenceLayer):
    """y_c = x_c / (k + alpha / size * sum of x_j^2 over the `size` channels j around c)^beta (AlexNet, section 3.3; PyTorch's alpha).

    >>> import numpy as np
    >>> LocalResponseNorm(size=1, alpha=1.0, beta=1.0).forward((np.array([[[1.0], [3.0]]]),)).output[0, :, 0]
    array([0.5, 0.3])
    """

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        before, after = self.size // 2, (self.size - 1) // 2
        energy = self.k + self.alpha / self.size * _banded(x * x, before, after)
        factor = energy ** (-self.beta)

        def pull(g: Array) -> Gradients:
            # x_c enters the energy of every channel whose window holds it: the mirrored window
            outer = _banded(g * x * factor / energy, after, before)
            return Gradients((g * factor - (2 * self.alpha * self.beta / self.size) * x * outer,))

        return Step((x * factor,), pull)


def _banded(x: Array, before: int, after: int) -> Array:
    """The sum over the channels from c - before to c + after, those that exist."""
    channels = x.shape[1]
    total = x * 0
    for offset in range(-before, after + 1):
        low, high = max(0, -offset), min(channels, channels - offset)
        if low < high:
            total[:, low:high, ...] += x[:, low + offset : high + offset, ...]
    return total


@dataclass(frozen=True)
class Normalize(ReferenceLayer):
    """y = x / max(||x||_p, eps) along `dim` (`torch.nn.functional.normalize`).

    >>> import numpy as np
    >>> Normalize(dim=0).forward((np.array([3.0, 4.0]),)).output
    array([0.6, 0.8])
    """

    p: float = 2.0
    dim: int = 1
    eps: float = 1e-12

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        length = xp.sum(xp.abs(x) ** self.p, axis=self.dim, keepdims=True) ** (1 / self.p)
        below = xp.where(length > self.eps, length, 0 * length + self.eps)

        def pull(g: Array) -> Gradients:
            # d||x||_p / dx_i = sign(x_i) (|x_i| / ||x||_p)^(p - 1), and 0 where eps stands in
            slope = xp.where(length > self.eps, xp.sign(x) * (xp.abs(x) / below) ** (self.p - 1), 0 * x)
            return Gradients(((g - slope * xp.sum(g * x, axis=self.dim, keepdims=True) / below) / below,))

        return Step((x / below,), pull)
