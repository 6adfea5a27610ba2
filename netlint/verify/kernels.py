"""PyTorch's own function for an operator, to measure its time where PyTorch is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from netlint.graph import Operator
from netlint.graph import operators as ops

Kernel = Callable[..., Any]
"""Takes the inputs, then the parameters by name."""


def installed() -> bool:
    return find_spec("torch") is not None


def kernel(operator: Operator) -> Kernel | None:
    """The function of `torch.nn.functional` that computes an operator in training mode; None where there is none here."""
    build = _TABLE.get(type(operator))
    functional = importlib.import_module("torch.nn.functional")
    return build(operator, functional) if build is not None else None


def _pool(name: str, *options: str) -> Callable[[Any, Any], Kernel]:
    def build(operator: Any, functional: Any) -> Kernel:
        given = {option: getattr(operator, option) for option in options}
        return lambda x, **own: getattr(functional, f"{name}{operator.dims}d")(x, **given)

    return build


def _elementwise(name: str, *options: str) -> Callable[[Any, Any], Kernel]:
    def build(operator: Any, functional: Any) -> Kernel:
        given = {option: getattr(operator, option) for option in options}
        return lambda x, **own: getattr(functional, name)(x, **given)

    return build


def _conv(operator: Any, functional: Any) -> Kernel | None:
    if operator.transposed or operator.padding_mode != "zeros":
        return None
    given = {option: getattr(operator, option) for option in ("stride", "padding", "dilation", "groups")}
    return lambda x, weight, bias=None: getattr(functional, f"conv{operator.dims}d")(x, weight, bias, **given)


def _batch_norm(operator: Any, functional: Any) -> Kernel:
    return lambda x, weight=None, bias=None, **buffers: functional.batch_norm(x, None, None, weight, bias, training=True, eps=operator.eps)


def _layer_norm(operator: Any, functional: Any) -> Kernel | None:
    if operator.channels_first:
        return None
    return lambda x, weight=None, bias=None: functional.layer_norm(x, operator.normalized_shape, weight, bias, operator.eps)


_TABLE: Mapping[type[Operator], Callable[[Any, Any], Kernel | None]] = {
    ops.Conv: _conv,
    ops.Linear: lambda operator, functional: lambda x, weight, bias=None: functional.linear(x, weight, bias),
    ops.BatchNorm: _batch_norm,
    ops.LayerNorm: _layer_norm,
    ops.GroupNorm: lambda operator, functional: (
        lambda x, weight=None, bias=None: functional.group_norm(x, operator.num_groups, weight, bias, operator.eps)
    ),
    ops.MaxPool: _pool("max_pool", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    ops.AvgPool: _pool("avg_pool", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    ops.AdaptiveAvgPool: _pool("adaptive_avg_pool", "output_size"),
    ops.AdaptiveMaxPool: _pool("adaptive_max_pool", "output_size"),
    ops.PReLU: lambda operator, functional: lambda x, weight: functional.prelu(x, weight),
    ops.ReLU: _elementwise("relu"),
    ops.ReLU6: _elementwise("relu6"),
    ops.LeakyReLU: _elementwise("leaky_relu", "negative_slope"),
    ops.ELU: _elementwise("elu", "alpha"),
    ops.SELU: _elementwise("selu"),
    ops.CELU: _elementwise("celu", "alpha"),
    ops.GELU: _elementwise("gelu", "approximate"),
    ops.SiLU: _elementwise("silu"),
    ops.Mish: _elementwise("mish"),
    ops.Hardswish: _elementwise("hardswish"),
    ops.Hardsigmoid: _elementwise("hardsigmoid"),
    ops.Sigmoid: _elementwise("sigmoid"),
    ops.Tanh: _elementwise("tanh"),
    ops.Softplus: _elementwise("softplus", "beta", "threshold"),
    ops.Dropout: _elementwise("dropout", "p"),
    ops.Flatten: lambda operator, functional: lambda x: x.flatten(operator.start_dim, operator.end_dim),
    ops.Identity: lambda operator, functional: lambda x: x,
    ops.Add: lambda operator, functional: lambda x, y: x + y,
    ops.Mul: lambda operator, functional: lambda x, y: x * y,
    ops.Concat: lambda operator, functional: lambda *xs: importlib.import_module("torch").cat(xs, dim=operator.dim),
}
"""How PyTorch's function of each kind of operator is called."""
