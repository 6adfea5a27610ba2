"""Convolutions, linear layers and embeddings."""

from __future__ import annotations

from netlint.frontends.torch_api.spec import FunctionSpec, LayerSpec
from netlint.frontends.torch_api.template import given, template, unknown
from netlint.graph.operators import Bilinear, Conv, Embedding, Linear

_LAZY = unknown("a lazy layer takes it from its first input")
_OF_WEIGHT = unknown("the shape of the weight that a functional call is given")
_WEIGHTS = ("input", "weight", "bias")

_CONV = "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', device=None, dtype=None"
_TRANSPOSED = (
    "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', "
    "device=None, dtype=None"
)
_BAG = (
    "max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', sparse=False, _weight=None, "
    "include_last_offset=False, padding_idx=None, device=None, dtype=None"
)


def _convolutions(dims: int) -> dict[str, LayerSpec]:
    conv, transposed = {"dims": dims}, {"dims": dims, "transposed": True}
    return {
        f"torch.nn.Conv{dims}d": LayerSpec(f"in_channels, {_CONV}", template(Conv, **conv)),
        f"torch.nn.LazyConv{dims}d": LayerSpec(_CONV, template(Conv, in_channels=_LAZY, **conv)),
        f"torch.nn.ConvTranspose{dims}d": LayerSpec(
            f"in_channels, {_TRANSPOSED}", template(Conv, **transposed), call="input, output_size=None"
        ),
        f"torch.nn.LazyConvTranspose{dims}d": LayerSpec(
            _TRANSPOSED, template(Conv, in_channels=_LAZY, **transposed), call="input, output_size=None"
        ),
    }


def _functional_convolutions(dims: int) -> dict[str, FunctionSpec]:
    unseen = {"dims": dims, "in_channels": _OF_WEIGHT, "out_channels": _OF_WEIGHT, "kernel_size": _OF_WEIGHT, "bias": given("bias")}
    return {
        f"torch.nn.functional.conv{dims}d": FunctionSpec(
            "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1", _WEIGHTS, template(Conv, **unseen)
        ),
        f"torch.nn.functional.conv_transpose{dims}d": FunctionSpec(
            "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
            _WEIGHTS,
            template(Conv, transposed=True, **unseen),
        ),
    }


LAYERS: dict[str, LayerSpec] = {
    **_convolutions(1),
    **_convolutions(2),
    **_convolutions(3),
    "torch.nn.Linear": LayerSpec("in_features, out_features, bias=True, device=None, dtype=None", template(Linear)),
    "torch.nn.LazyLinear": LayerSpec("out_features, bias=True, device=None, dtype=None", template(Linear, in_features=_LAZY)),
    "torch.nn.Bilinear": LayerSpec(
        "in1_features, in2_features, out_features, bias=True, device=None, dtype=None",
        template(Bilinear),
        call="input1, input2",
        tensors=("input1", "input2"),
    ),
    "torch.nn.Embedding": LayerSpec(
        "num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False, "
        "_weight=None, _freeze=False, device=None, dtype=None",
        template(Embedding),
    ),
    "torch.nn.EmbeddingBag": LayerSpec(
        f"num_embeddings, embedding_dim, {_BAG}", template(Embedding, bag=True), call="input, offsets=None, per_sample_weights=None"
    ),
}

_OF_TABLE = unknown("the shape of the pretrained table")
_TABLE = {"num_embeddings": _OF_TABLE, "embedding_dim": _OF_TABLE}

# Class methods that make a layer, too.
LAYERS |= {
    "torch.nn.Embedding.from_pretrained": LayerSpec(
        "embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
        template(Embedding, **_TABLE),
    ),
    "torch.nn.EmbeddingBag.from_pretrained": LayerSpec(
        "embeddings, freeze=True, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', sparse=False, "
        "include_last_offset=False, padding_idx=None",
        template(Embedding, bag=True, **_TABLE),
        call="input, offsets=None, per_sample_weights=None",
    ),
}

FUNCTIONS: dict[str, FunctionSpec] = {
    **_functional_convolutions(1),
    **_functional_convolutions(2),
    **_functional_convolutions(3),
    "torch.nn.functional.linear": FunctionSpec(
        "input, weight, bias=None",
        _WEIGHTS,
        template(Linear, in_features=_OF_WEIGHT, out_features=_OF_WEIGHT, bias=given("bias")),
    ),
    "torch.nn.functional.bilinear": FunctionSpec(
        "input1, input2, weight, bias=None",
        ("input1", "input2", "weight", "bias"),
        template(Bilinear, in1_features=_OF_WEIGHT, in2_features=_OF_WEIGHT, out_features=_OF_WEIGHT, bias=given("bias")),
    ),
    "torch.nn.functional.embedding": FunctionSpec(
        "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
        ("input", "weight"),
        template(Embedding, num_embeddings=_OF_WEIGHT, embedding_dim=_OF_WEIGHT),
    ),
    "torch.nn.functional.embedding_bag": FunctionSpec(
        "input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', sparse=False, "
        "per_sample_weights=None, include_last_offset=False, padding_idx=None",
        ("input", "weight", "offsets", "per_sample_weights"),
        template(Embedding, num_embeddings=_OF_WEIGHT, embedding_dim=_OF_WEIGHT, bag=True),
    ),
    "torch.embedding": FunctionSpec(
        "weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False",
        ("indices", "weight"),
        template(Embedding, num_embeddings=_OF_WEIGHT, embedding_dim=_OF_WEIGHT),
    ),
}
