"""Pooling layers and functions."""

from __future__ import annotations

from collections.abc import Callable

from netlint.frontends.torch_api.spec import Arguments, FunctionSpec, LayerSpec, Structure
from netlint.frontends.torch_api.template import pair, template
from netlint.graph.operator import Operator
from netlint.graph.operators import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, FractionalMaxPool, LPPool, MaxPool, MaxUnpool

_INPUT = ("input",)


def _stride(arguments: Arguments) -> object:
    """PyTorch's default stride of a pool is its kernel size; the C functions write "none" as an empty list."""
    stride = arguments["stride"]
    return arguments["kernel_size"] if stride is None or stride in ((), []) else stride


def _layer_results(pool: Operator) -> Structure:
    return (0, 1) if isinstance(pool, (MaxPool, AdaptiveMaxPool)) and pool.return_indices is True else None


def _results(arguments: Arguments) -> Structure:
    return (0, 1) if arguments["return_indices"] is True else None


_MAX = "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False"
_MAX_FUNCTION = "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False"
_AVG = "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True"
_LP = "norm_type, kernel_size, stride=None, ceil_mode=False"
_FRACTIONAL = "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None"


def _fractional(dims: int) -> Callable[[Arguments], Operator | None]:
    """None when indices are asked for: the operator does not say that it gives two results."""
    build = template(FractionalMaxPool, dims=dims)
    return lambda arguments: build(arguments) if arguments["return_indices"] is False else None


def _layers(dims: int) -> dict[str, LayerSpec]:
    pool = {"dims": dims, "stride": _stride}
    divisor = ", divisor_override=None" if dims > 1 else ""
    return {
        f"torch.nn.MaxPool{dims}d": LayerSpec(_MAX, template(MaxPool, **pool), results=_layer_results),
        f"torch.nn.AvgPool{dims}d": LayerSpec(_AVG + divisor, template(AvgPool, **pool)),
        f"torch.nn.LPPool{dims}d": LayerSpec(_LP, template(LPPool, **pool)),
        f"torch.nn.AdaptiveMaxPool{dims}d": LayerSpec(
            "output_size, return_indices=False", template(AdaptiveMaxPool, dims=dims), results=_layer_results
        ),
        f"torch.nn.AdaptiveAvgPool{dims}d": LayerSpec("output_size", template(AdaptiveAvgPool, dims=dims)),
        f"torch.nn.MaxUnpool{dims}d": LayerSpec(
            "kernel_size, stride=None, padding=0",
            template(MaxUnpool, **pool),
            call="input, indices, output_size=None",
            tensors=("input", "indices"),
        ),
    }


def _functions(dims: int) -> dict[str, FunctionSpec]:
    pool = {"dims": dims, "stride": _stride}
    prefix = "torch.nn.functional."
    divisor = ", divisor_override=None" if dims > 1 else ""
    return {
        f"{prefix}max_pool{dims}d": FunctionSpec(f"{_MAX_FUNCTION}, return_indices=False", _INPUT, template(MaxPool, **pool), _results),
        f"{prefix}max_pool{dims}d_with_indices": FunctionSpec(
            f"{_MAX_FUNCTION}, return_indices=False", _INPUT, template(MaxPool, **{**pool, "return_indices": True}), pair
        ),
        f"torch.max_pool{dims}d": FunctionSpec(_MAX_FUNCTION, _INPUT, template(MaxPool, **pool)),
        f"{prefix}avg_pool{dims}d": FunctionSpec(f"input, {_AVG}{divisor}", _INPUT, template(AvgPool, **pool)),
        f"{prefix}lp_pool{dims}d": FunctionSpec(f"input, {_LP}", _INPUT, template(LPPool, **pool)),
        f"{prefix}adaptive_max_pool{dims}d": FunctionSpec(
            "input, output_size, return_indices=False", _INPUT, template(AdaptiveMaxPool, dims=dims), _results
        ),
        f"{prefix}adaptive_max_pool{dims}d_with_indices": FunctionSpec(
            "input, output_size, return_indices=False", _INPUT, template(AdaptiveMaxPool, dims=dims, return_indices=True), pair
        ),
        f"{prefix}adaptive_avg_pool{dims}d": FunctionSpec("input, output_size", _INPUT, template(AdaptiveAvgPool, dims=dims)),
        f"{prefix}max_unpool{dims}d": FunctionSpec(
            "input, indices, kernel_size, stride=None, padding=0, output_size=None", ("input", "indices"), template(MaxUnpool, **pool)
        ),
    }


def _fractional_functions(dims: int) -> dict[str, FunctionSpec]:
    name, build = f"torch.nn.functional.fractional_max_pool{dims}d", template(FractionalMaxPool, dims=dims)
    return {
        name: FunctionSpec(f"input, {_FRACTIONAL}", _INPUT, build, _results),
        f"{name}_with_indices": FunctionSpec(f"input, {_FRACTIONAL}", _INPUT, build, pair),
    }


LAYERS: dict[str, LayerSpec] = {
    **_layers(1),
    **_layers(2),
    **_layers(3),
    "torch.nn.FractionalMaxPool2d": LayerSpec(_FRACTIONAL, _fractional(2)),
    "torch.nn.FractionalMaxPool3d": LayerSpec(_FRACTIONAL, _fractional(3)),
}

FUNCTIONS: dict[str, FunctionSpec] = {
    **_functions(1),
    **_functions(2),
    **_functions(3),
    **_fractional_functions(2),
    **_fractional_functions(3),
    "torch.adaptive_max_pool1d": FunctionSpec("input, output_size", _INPUT, template(AdaptiveMaxPool, dims=1, return_indices=True), pair),
}
