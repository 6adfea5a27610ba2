"""Losses: inputs are the prediction and the target. `reduction` is mean, sum or none.

Weights of classes or elements are PyTorch's buffers `weight` and `pos_weight`, used if they are given. A target has no gradient.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from netlint.layers.activations import log_softmax, sigmoid, softplus
from netlint.layers.arithmetic import summed_to
from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace, size


def reduced(losses: Array, reduction: str, pulled: Callable[[Array], Array], total: Array | int | None = None) -> Step:
    """The mean, the sum or each of some losses, and their backward pass: `pulled` takes the gradient of each single loss.

    The mean is the sum over `total`, which is the number of losses if it is not given.
    """
    xp = namespace(losses)
    if reduction == "none":
        return Step((losses,), lambda g: Gradients((pulled(g), None)))
    if reduction not in ("mean", "sum", "batchmean"):
        raise ValueError(f"reduction {reduction!r}")
    count: Array | int = 1
    if reduction == "mean":
        count = size(losses) if total is None else total
    elif reduction == "batchmean":
        count = losses.shape[0]
    return Step((xp.sum(losses) / count,), lambda g: Gradients((pulled(xp.broadcast_to(g / count, losses.shape)), None)))


class ElementLoss(ReferenceLayer):
    """A loss of each element of the prediction."""

    arity = 2
    reduction: str

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x, target = inputs
        weight = parameters.get("weight", 1.0)
        losses = self.evaluate(x, target, parameters) * weight
        return reduced(losses, self.reduction, lambda g: summed_to(g * weight * self.slope(x, target, parameters), x))

    @abstractmethod
    def evaluate(self, x: Array, target: Array, parameters: Parameters) -> Array:
        """The loss of each element."""

    @abstractmethod
    def slope(self, x: Array, target: Array, parameters: Parameters) -> Array:
        """Its derivative with respect to x."""


@dataclass(frozen=True)
class MSE(ElementLoss):
    """(x - t)^2; the gradient is 2 (x - t).

    >>> import numpy as np
    >>> step = MSE().forward((np.array([1.0, 3.0]), np.array([0.0, 0.0])))
    >>> print(step.output, step.backward(np.array(1.0)).inputs[0])
    5.0 [1. 3.]
    """

    reduction: str = "mean"

    def evaluate(self, x: Array, target: Array, parameters: Parameters) -> Array:
        return (x - target) ** 2

    def slope(self, x: Array, target: Array, parameters: Parameters) -> Array:
        return 2 * (x - target)


@dataclass(frozen=True)
class BCE(ElementLoss):
    """-(t log x + (1 - t) log(1 - x)), each logarithm at least -100; the gradient is (x - t) / max(x (1 - x), 1e-12) (PyTorch).

    >>> import numpy as np
    >>> BCE().forward((np.array([0.5, 0.0]), np.array([1.0, 1.0])), {}).output.round(4)
    np.float64(50.3466)
    """

    reduction: str = "mean"

    def evaluate(self, x: Array, target: Array, parameters: Parameters) -> Array:
        return (target - 1) * _log(x, complement=True) - target * _log(x)

    def slope(self, x: Array, target: Array, parameters: Parameters) -> Array:
        xp = namespace(x)
        spread = (1 - x) * x
        return (x - target) / xp.where(spread < 1e-12, 0 * spread + 1e-12, spread)


def _log(x: Array, complement: bool = False) -> Array:
    """max(log x, -100), or of 1 - x."""
    xp = namespace(x)
    value = xp.log1p(-x) if complement else xp.log(x)
    return xp.where(value < -100, xp.full_like(value, -100.0), value)


@dataclass(frozen=True)
class BCEWithLogits(ElementLoss):
    """(1 - t) x + w log(1 + exp(-x)) with w = 1 + (pos_weight - 1) t; the gradient is (1 - t) - w sigma(-x).

    Without `pos_weight` that is the binary cross entropy of sigma(x), log(1 + exp(-|x|)) + max(x, 0) - t x, gradient sigma(x) - t.

    >>> import numpy as np
    >>> BCEWithLogits(reduction="none").forward((np.array([0.0, 1000.0]), np.array([1.0, 0.0]))).output.round(4)
    array([6.931e-01, 1.000e+03])
    """

    reduction: str = "mean"

    def evaluate(self, x: Array, target: Array, parameters: Parameters) -> Array:
        return (1 - target) * x + self._positive(target, parameters) * softplus(-x)

    def slope(self, x: Array, target: Array, parameters: Parameters) -> Array:
        if "pos_weight" not in parameters:
            return sigmoid(x) - target
        return (1 - target) - self._positive(target, parameters) * sigmoid(-x)

    @staticmethod
    def _positive(target: Array, parameters: Parameters) -> Array | float:
        return 1 + (parameters["pos_weight"] - 1) * target if "pos_weight" in parameters else 1.0


@dataclass(frozen=True)
class KLDivergence(ElementLoss):
    """t (log t - x) with x a log-probability, 0 where t is 0; the gradient is -t. With `log_target` the target is log t.

    >>> import numpy as np
    >>> KLDivergence(reduction="sum").forward((np.log(np.array([0.5, 0.5])), np.array([1.0, 0.0]))).output.round(4)
    np.float64(0.6931)
    """

    reduction: str = "mean"
    log_target: bool = False

    def evaluate(self, x: Array, target: Array, parameters: Parameters) -> Array:
        xp = namespace(x)
        if self.log_target:
            return xp.exp(target) * (target - x)
        return xp.where(target == 0, 0 * target, target * xp.log(target)) - target * x

    def slope(self, x: Array, target: Array, parameters: Parameters) -> Array:
        return -namespace(x).exp(target) if self.log_target else -target


@dataclass(frozen=True)
class NLL(ReferenceLayer):
    """-w_t x_t, where t is the class index of a sample (or position) and x are log-probabilities with the classes in dimension 1.

    The mean is weighted, sum of losses over sum of w_t. The class `ignore_index` is left out.

    >>> import numpy as np
    >>> NLL().forward((np.array([[-1.0, -2.0], [-3.0, -4.0]]), np.array([1, 0]))).output
    np.float64(2.5)
    """

    arity = 2
    reduction: str = "mean"
    ignore_index: int = -100

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x, target = inputs
        xp = namespace(x)
        share = chosen(x, target, self.ignore_index)
        if "weight" in parameters:
            share = share * along_classes(parameters["weight"], x)
        axis = class_axis(x)
        # 0 times the infinity of another class's log-probability must not count
        losses = -xp.sum(xp.where(share == 0, 0 * share, x * share), axis=axis)
        return reduced(losses, self.reduction, lambda g: -share * xp.expand_dims(g, axis=axis), xp.sum(share))


@dataclass(frozen=True)
class CrossEntropy(ReferenceLayer):
    """-sum_c q_c w_c log softmax(x)_c, with the classes in dimension 1; q is the target: a class index t, or probabilities.

    A label smoothing of s makes q_c = (1 - s) [c = t] + s / C (arXiv 1512.00567). The gradient is softmax(x) sum(q w) - q w.
    The mean over indices is over sum of w_t, over probabilities over the number of samples. The class `ignore_index` is left out.

    >>> import numpy as np
    >>> step = CrossEntropy().forward((np.array([[0.0, 0.0]]), np.array([1])))
    >>> print(step.output.round(4), step.backward(np.array(1.0)).inputs[0])
    0.6931 [[ 0.5 -0.5]]
    """

    arity = 2
    reduction: str = "mean"
    label_smoothing: float = 0.0
    ignore_index: int = -100

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x, target = inputs
        xp = namespace(x)
        axis = class_axis(x)
        indices = xp.isdtype(target.dtype, "integral")
        weight = along_classes(parameters["weight"], x) if "weight" in parameters else 1.0
        share = chosen(x, target, self.ignore_index) if indices else target
        total = xp.sum(share * weight) if indices else size(target) // x.shape[axis]
        if self.label_smoothing:
            counted = xp.sum(share, axis=axis, keepdims=True) if indices else 1.0
            share = (1 - self.label_smoothing) * share + counted * (self.label_smoothing / x.shape[axis])
        share = share * weight
        logs = log_softmax(x, axis)
        losses = -xp.sum(xp.where(share == 0, 0 * share, logs * share), axis=axis)

        def pulled(g: Array) -> Array:
            return (xp.exp(logs) * xp.sum(share, axis=axis, keepdims=True) - share) * xp.expand_dims(g, axis=axis)

        return reduced(losses, self.reduction, pulled, total)


def class_axis(x: Array) -> int:
    """The dimension of the classes: 1, or 0 for one sample without a batch."""
    return 0 if x.ndim == 1 else 1


def chosen(x: Array, target: Array, ignored: int) -> Array:
    """1 at the class of each target, else 0, in the shape of x; 0 for a class that is left out. Raises ValueError for one that does not
    exist."""
    xp = namespace(x, target)
    axis = class_axis(x)
    classes = x.shape[axis]
    if bool(xp.any(((target < 0) | (target >= classes)) & (target != ignored))):
        raise ValueError(f"a target class outside 0 .. {classes - 1}")
    numbers = xp.reshape(xp.arange(classes, dtype=target.dtype, device=x.device), tuple(-1 if a == axis else 1 for a in range(x.ndim)))
    target = xp.expand_dims(target, axis=axis)
    return xp.astype((numbers == target) & (target != ignored), x.dtype)


def along_classes(weight: Array, x: Array) -> Array:
    """The weight of each class, shaped to broadcast over x."""
    axis = class_axis(x)
    return namespace(weight).reshape(weight, tuple(-1 if place == axis else 1 for place in range(x.ndim)))
