"""Dropout and its relatives (S1-S4)."""

from __future__ import annotations

from netlint.frontends.torch_api.spec import FunctionSpec, LayerSpec
from netlint.frontends.torch_api.template import argument, template, told, told_mode
from netlint.graph.operators import AlphaDropout, ChannelDropout, DropBlock, Dropout, DropPath

_INPUT = ("input",)
_P = "p=0.5, inplace=False"


def _functional(kind: type[Dropout], default: bool, signature: str = "", mode: str = "training", **fixed: object) -> FunctionSpec:
    """A functional dropout. `training=None` in the text stands for "not told"; `default` is then PyTorch's own."""
    text = signature or "input, p=0.5, training=None, inplace=False"
    return FunctionSpec(text, _INPUT, template(kind, training=told_mode(default, mode), explicit=told(mode), **fixed))


_BLOCK = "input, p, block_size, inplace=False, eps=1e-06, training=None"

LAYERS: dict[str, LayerSpec] = {
    "torch.nn.Dropout": LayerSpec(_P, template(Dropout)),
    "torch.nn.Dropout1d": LayerSpec(_P, template(ChannelDropout, dims=1)),
    "torch.nn.Dropout2d": LayerSpec(_P, template(ChannelDropout, dims=2)),
    "torch.nn.Dropout3d": LayerSpec(_P, template(ChannelDropout, dims=3)),
    "torch.nn.AlphaDropout": LayerSpec(_P, template(AlphaDropout)),
    "torch.nn.FeatureAlphaDropout": LayerSpec(_P, template(AlphaDropout, channels=True)),
    "torchvision.ops.StochasticDepth": LayerSpec("p, mode", template(DropPath)),
    "torchvision.ops.DropBlock2d": LayerSpec("p, block_size, inplace=False, eps=1e-06", template(DropBlock)),
    "torchvision.ops.DropBlock3d": LayerSpec("p, block_size, inplace=False, eps=1e-06", template(DropBlock)),
    "timm.layers.DropPath": LayerSpec(
        "drop_prob=0.0, scale_by_keep=True", template(DropPath, p=argument("drop_prob")), call="x", tensors=("x",)
    ),
    "timm.layers.DropBlock2d": LayerSpec(
        "drop_prob=0.1, block_size=7, gamma_scale=1.0, with_noise=False, inplace=False, couple_channels=True, scale_by_keep=True",
        template(DropBlock, p=argument("drop_prob")),
        call="x",
        tensors=("x",),
    ),
}

FUNCTIONS: dict[str, FunctionSpec] = {
    "torch.nn.functional.dropout": _functional(Dropout, True),
    "torch.nn.functional.dropout1d": _functional(ChannelDropout, True, dims=1),
    "torch.nn.functional.dropout2d": _functional(ChannelDropout, True, dims=2),
    "torch.nn.functional.dropout3d": _functional(ChannelDropout, True, dims=3),
    "torch.nn.functional.alpha_dropout": _functional(AlphaDropout, False),
    "torch.nn.functional.feature_alpha_dropout": _functional(AlphaDropout, False, channels=True),
    "torch.dropout": _functional(Dropout, True, "input, p, train", "train"),
    "torch.dropout_": _functional(Dropout, True, "input, p, train", "train", inplace=True),
    "torch.feature_dropout": _functional(ChannelDropout, True, "input, p, train", "train"),
    "torch.feature_dropout_": _functional(ChannelDropout, True, "input, p, train", "train", inplace=True),
    "torch.alpha_dropout": _functional(AlphaDropout, True, "input, p, train", "train"),
    "torch.alpha_dropout_": _functional(AlphaDropout, True, "input, p, train", "train", inplace=True),
    "torch.feature_alpha_dropout": _functional(AlphaDropout, True, "input, p, train", "train", channels=True),
    "torch.feature_alpha_dropout_": _functional(AlphaDropout, True, "input, p, train", "train", channels=True, inplace=True),
    "torchvision.ops.stochastic_depth": _functional(DropPath, True, "input, p, mode, training=None"),
    "torchvision.ops.drop_block2d": _functional(DropBlock, True, _BLOCK),
    "torchvision.ops.drop_block3d": _functional(DropBlock, True, _BLOCK),
    "timm.layers.drop_path": FunctionSpec(
        "x, drop_prob=0.0, training=None, scale_by_keep=True",
        ("x",),
        template(DropPath, p=argument("drop_prob"), training=told_mode(False), explicit=told("training")),
    ),
}
