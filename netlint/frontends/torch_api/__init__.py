"""PyTorch's API as a table: what each layer, function and tensor method means on the graph. Nothing here imports torch.

The names are the canonical ones; `canonical` brings the other public paths to the same things to them. Signatures are those of
PyTorch 2.14.
"""

from __future__ import annotations

from collections.abc import Mapping

from netlint.frontends.torch_api import (
    activations,
    arithmetic,
    attention,
    dropout,
    losses,
    normalization,
    pooling,
    recurrent,
    shaping,
    weights,
)
from netlint.frontends.torch_api.aliases import ALIASES, RENAMED, canonical
from netlint.frontends.torch_api.attention import TRANSFORMER_STACK_CALLS, TRANSFORMER_STACKS
from netlint.frontends.torch_api.classes import BASES, CONTAINERS
from netlint.frontends.torch_api.creation import CREATORS, CREATORS_LIKE, RANDOM_CREATORS, Creator
from netlint.frontends.torch_api.initialization import INITIALIZERS, TENSOR_INITIALIZERS
from netlint.frontends.torch_api.spec import (
    SEVERAL,
    TRAINING_FLAG,
    UNCALLED,
    FunctionSpec,
    LayerSpec,
    Signature,
    SignatureError,
    Structure,
)
from netlint.frontends.torch_api.training import DATALOADER, OPTIMIZERS, RANDOM_TRANSFORMS, is_random_transform

__all__ = [
    "ALIASES",
    "BASES",
    "CONTAINERS",
    "CREATORS",
    "CREATORS_LIKE",
    "DATALOADER",
    "FUNCTIONS",
    "INITIALIZERS",
    "LAYERS",
    "METHODS",
    "OPTIMIZERS",
    "RANDOM_CREATORS",
    "RANDOM_TRANSFORMS",
    "SEVERAL",
    "TENSOR_INITIALIZERS",
    "TRAINING_FLAG",
    "TRANSFORMER_STACKS",
    "TRANSFORMER_STACK_CALLS",
    "UNCALLED",
    "Creator",
    "FunctionSpec",
    "LayerSpec",
    "Signature",
    "SignatureError",
    "Structure",
    "canonical",
    "is_random_transform",
]

LAYERS: Mapping[str, LayerSpec] = {
    **weights.LAYERS,
    **normalization.LAYERS,
    **activations.LAYERS,
    **pooling.LAYERS,
    **dropout.LAYERS,
    **recurrent.LAYERS,
    **attention.LAYERS,
    **shaping.LAYERS,
    **arithmetic.LAYERS,
    **losses.LAYERS,
}
"""The leaf modules by qualified class name."""

_SHARED: Mapping[str, FunctionSpec] = {**activations.SHARED, **arithmetic.SHARED, **shaping.SHARED}
"""What is both `torch.NAME(input, ...)` and `input.NAME(...)`."""

FUNCTIONS: Mapping[str, FunctionSpec] = {
    **{f"torch.{name}": spec for name, spec in _SHARED.items()},
    **weights.FUNCTIONS,
    **normalization.FUNCTIONS,
    **activations.FUNCTIONS,
    **pooling.FUNCTIONS,
    **dropout.FUNCTIONS,
    **attention.FUNCTIONS,
    **shaping.FUNCTIONS,
    **arithmetic.FUNCTIONS,
    **losses.FUNCTIONS,
}
"""The functions by qualified name."""

METHODS: Mapping[str, FunctionSpec] = {
    **_SHARED,
    **{name: _SHARED[other] for name, other in RENAMED.items() if other in _SHARED},
    **shaping.METHODS,
    **arithmetic.METHODS,
}
"""The tensor methods by name; their first parameter is the tensor itself."""
