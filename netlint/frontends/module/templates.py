"""What a live layer computes: the operator of the table, its arguments read off the module's attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from netlint.frontends.module.naming import table_class
from netlint.frontends.torch_api import LayerSpec, Signature, SignatureError
from netlint.graph import Operator, Unknown
from netlint.graph.operators import BatchNorm, Dropout, RReLU

_MISSING = object()
MAX_READ = 4096
"""Elements of a tensor that are looked at on the way to a fact."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the table says of a live module: the class that it is, or derives from, and the operator with its options.

    `is_leaf` is False where it has a forward of its own: the operator is then not what it applies.
    """

    kind: str
    spec: LayerSpec
    operator: Operator
    is_leaf: bool


def known_layer(module: nn.Module) -> Known | None:
    """What the table says of a module; None if it derives from no class of it, or not with the options that are described."""
    found = table_class(module)
    if found is None:
        return None
    name, spec, is_leaf = found
    arguments = {}
    for argument in Signature(spec.signature).names:
        value = _argument(module, name, argument)
        if value is not _MISSING:
            arguments[argument] = value
    try:
        operator = spec.build(Signature(spec.signature).bind((), arguments))
    except SignatureError:  # a class of that name with other attributes than its constructor has arguments
        return None
    return None if operator is None else Known(name, spec, operator, is_leaf)


def follow_mode(operator: Operator, training: bool) -> None:
    """A layer that is in evaluation mode inside a network that is in training mode (frozen statistics) was put there on purpose."""
    if isinstance(operator, (BatchNorm, Dropout, RReLU)) and operator.training is None and not training:
        operator.training = False


def _argument(module: nn.Module, kind: str, name: str) -> Any:
    facts = _FACTS.get(kind, {})
    if name in facts:
        return facts[name](module)
    if name in ("device", "dtype", "args", "kwargs"):
        return _MISSING
    if name == "bias":
        return _has_bias(module)
    value = getattr(module, name, _MISSING)
    return _MISSING if isinstance(value, torch.Tensor) else value


def _has(module: nn.Module, name: str) -> bool:
    """Whether a module has a tensor, plain or parametrised, under a name. Does not compute a parametrised one."""
    if name in getattr(module, "parametrizations", {}):
        return True
    return vars(module)["_parameters"].get(name, vars(module).get(name)) is not None


def _has_bias(module: nn.Module) -> Any:
    """Whether there is a bias. A norm without an affine map is not asked: it has none either way."""
    if isinstance(vars(module).get("bias"), bool):
        return module.bias
    if getattr(module, "affine", True) is False or getattr(module, "elementwise_affine", True) is False:
        return True
    return _has(module, "bias")


def _slope(module: Any) -> Any:
    """The slope of a PReLU, where all its channels have the same one."""
    weight = vars(module)["_parameters"].get("weight")
    if weight is None or weight.device.type == "meta":
        return Unknown("the slope of a PReLU on the meta device" if weight is not None else "the slope of a PReLU is computed")
    slopes = weight.detach().flatten()[:MAX_READ].unique().tolist()
    # 0.1 as a float32 is 0.100000001490116
    return float(f"{slopes[0]:.6g}") if len(slopes) == 1 else Unknown("the channels of a PReLU have different slopes")


def _activation(module: Any) -> Any:
    function = module.activation
    if isinstance(function, nn.Module):
        return type(function).__name__.lower()
    return getattr(function, "__name__", Unknown("an activation without a name"))


_TRANSFORMER_LAYER: Mapping[str, Callable[[Any], Any]] = {
    "d_model": lambda layer: layer.self_attn.embed_dim,
    "nhead": lambda layer: layer.self_attn.num_heads,
    "dim_feedforward": lambda layer: layer.linear1.out_features,
    "dropout": lambda layer: layer.dropout.p,
    "activation": _activation,
    "layer_norm_eps": lambda layer: layer.norm1.eps,
    "batch_first": lambda layer: layer.self_attn.batch_first,
    "bias": lambda layer: _has(layer.linear1, "bias"),
}


def _custom(name: str, kind: type[nn.Module]) -> Callable[[Any], Any]:
    return lambda transformer: None if type(getattr(transformer, name)) is kind else getattr(transformer, name)


def _first_layer(name: str) -> Callable[[Any], Any]:
    def value(transformer: Any) -> Any:
        layers: Any = getattr(transformer.encoder, "layers", ())
        return _TRANSFORMER_LAYER[name](layers[0]) if len(layers) else _MISSING

    return value


_FACTS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "torch.nn.PReLU": {"init": _slope},
    "torch.nn.MultiheadAttention": {
        "bias": lambda attention: _has(attention, "in_proj_bias"),
        "add_bias_kv": lambda attention: _has(attention, "bias_k"),
    },
    "torch.nn.TransformerEncoderLayer": _TRANSFORMER_LAYER,
    "torch.nn.TransformerDecoderLayer": _TRANSFORMER_LAYER,
    "torch.nn.Transformer": {
        **{name: _first_layer(name) for name in ("dim_feedforward", "dropout", "activation", "layer_norm_eps", "bias")},
        "num_encoder_layers": lambda transformer: len(getattr(transformer.encoder, "layers", ())),
        "num_decoder_layers": lambda transformer: len(getattr(transformer.decoder, "layers", ())),
        "custom_encoder": _custom("encoder", nn.TransformerEncoder),
        "custom_decoder": _custom("decoder", nn.TransformerDecoder),
    },
}
"""The constructor's arguments that are not attributes of the same name."""
