"""Normalisation layers and functions."""

from __future__ import annotations

from collections.abc import Callable

from netlint.frontends.torch_api.spec import Arguments, FunctionSpec, LayerSpec
from netlint.frontends.torch_api.template import given, template, told_mode, unknown
from netlint.graph.operator import Operator
from netlint.graph.operators import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, Norm, Normalize, RMSNorm

_LAZY = unknown("a lazy layer takes it from its first input")
_OF_INPUT = unknown("the channels of the input that a functional call is given")
_OPERANDS = ("input", "weight", "bias")

_BATCH = "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True"
_INSTANCE = "eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None, *, bias=True"


def _affine(kind: type[Norm], **fixed: object) -> Callable[[Arguments], Operator | None]:
    """A norm whose affine map has a scale and a shift; the variant without the shift (`bias=False`, PyTorch 2.14) is not modelled."""
    build = template(kind, **fixed)
    return lambda arguments: build(arguments) if arguments["bias"] in (True, 1) else None


def _batch_and_instance(dims: int) -> dict[str, LayerSpec]:
    return {
        f"torch.nn.BatchNorm{dims}d": LayerSpec(f"num_features, {_BATCH}", _affine(BatchNorm, dims=dims)),
        f"torch.nn.LazyBatchNorm{dims}d": LayerSpec(_BATCH, _affine(BatchNorm, dims=dims, num_features=_LAZY)),
        f"torch.nn.InstanceNorm{dims}d": LayerSpec(f"num_features, {_INSTANCE}", _affine(InstanceNorm, dims=dims)),
        # The lazy variants share one constructor, with the defaults of batch normalisation.
        f"torch.nn.LazyInstanceNorm{dims}d": LayerSpec(_BATCH, _affine(InstanceNorm, dims=dims, num_features=_LAZY)),
    }


LAYERS: dict[str, LayerSpec] = {
    **_batch_and_instance(1),
    **_batch_and_instance(2),
    **_batch_and_instance(3),
    "torch.nn.SyncBatchNorm": LayerSpec(
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, process_group=None, device=None, dtype=None, *, "
        "bias=True",
        _affine(BatchNorm, synchronized=True),
    ),
    # Weight, bias and statistics are buffers: nothing is learned, nothing is updated.
    "torchvision.ops.FrozenBatchNorm2d": LayerSpec(
        "num_features, eps=1e-05", template(BatchNorm, dims=2, frozen=True, affine=False), call="x", tensors=("x",)
    ),
    "torch.nn.LayerNorm": LayerSpec(
        "normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, device=None, dtype=None", template(LayerNorm)
    ),
    "torch.nn.RMSNorm": LayerSpec(
        "normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None", template(RMSNorm), call="x", tensors=("x",)
    ),
    "torch.nn.GroupNorm": LayerSpec(
        "num_groups, num_channels, eps=1e-05, affine=True, device=None, dtype=None, *, bias=True", _affine(GroupNorm)
    ),
    "torch.nn.LocalResponseNorm": LayerSpec("size, alpha=0.0001, beta=0.75, k=1.0", template(LocalResponseNorm)),
    "torch.nn.CrossMapLRN2d": LayerSpec("size, alpha=0.0001, beta=0.75, k=1", template(LocalResponseNorm)),
}

FUNCTIONS: dict[str, FunctionSpec] = {
    "torch.nn.functional.batch_norm": FunctionSpec(
        "input, running_mean, running_var, weight=None, bias=None, training=None, momentum=0.1, eps=1e-05",
        _OPERANDS,
        template(
            BatchNorm,
            num_features=_OF_INPUT,
            affine=given("weight"),
            track_running_stats=given("running_mean"),
            training=told_mode(default=False),
        ),
    ),
    "torch.batch_norm": FunctionSpec(
        "input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled",
        _OPERANDS,
        template(
            BatchNorm,
            num_features=_OF_INPUT,
            affine=given("weight"),
            track_running_stats=given("running_mean"),
            training=told_mode(default=False),
        ),
    ),
    "torch.nn.functional.instance_norm": FunctionSpec(
        "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-05",
        _OPERANDS,
        template(InstanceNorm, num_features=_OF_INPUT, affine=given("weight"), track_running_stats=given("running_mean")),
    ),
    "torch.instance_norm": FunctionSpec(
        "input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled",
        _OPERANDS,
        template(InstanceNorm, num_features=_OF_INPUT, affine=given("weight"), track_running_stats=given("running_mean")),
    ),
    "torch.nn.functional.layer_norm": FunctionSpec(
        "input, normalized_shape, weight=None, bias=None, eps=1e-05",
        _OPERANDS,
        template(LayerNorm, elementwise_affine=given("weight"), bias=given("bias")),
    ),
    "torch.layer_norm": FunctionSpec(
        "input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True",
        _OPERANDS,
        template(LayerNorm, elementwise_affine=given("weight"), bias=given("bias")),
    ),
    "torch.nn.functional.rms_norm": FunctionSpec(
        "input, normalized_shape, weight=None, eps=None", ("input", "weight"), template(RMSNorm, elementwise_affine=given("weight"))
    ),
    "torch.nn.functional.group_norm": FunctionSpec(
        "input, num_groups, weight=None, bias=None, eps=1e-05",
        _OPERANDS,
        template(GroupNorm, num_channels=_OF_INPUT, affine=given("weight")),
    ),
    "torch.group_norm": FunctionSpec(
        "input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True",
        _OPERANDS,
        template(GroupNorm, num_channels=_OF_INPUT, affine=given("weight")),
    ),
    "torch.nn.functional.local_response_norm": FunctionSpec(
        "input, size, alpha=0.0001, beta=0.75, k=1.0", ("input",), template(LocalResponseNorm)
    ),
    "torch.nn.functional.normalize": FunctionSpec("input, p=2.0, dim=1, eps=1e-12, out=None", ("input",), template(Normalize)),
}
