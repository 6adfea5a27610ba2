"""PyTorch's API as a table: what each layer, function and tensor method means on the graph. Nothing here imports torch.

The names are the canonical ones; `canonical` brings the other public paths to the same things to them.
"""

from __future__ import annotations

from collections.abc import Mapping

from netlint.frontends.source.torch_api import activations, dropout, normalization, pooling, weights
from netlint.frontends.source.torch_api.aliases import ALIASES, canonical
from netlint.frontends.source.torch_api.spec import (
    SEVERAL,
    TRAINING_FLAG,
    FunctionSpec,
    LayerSpec,
    Signature,
    SignatureError,
    Structure,
)

__all__ = [
    "ALIASES",
    "FUNCTIONS",
    "LAYERS",
    "METHODS",
    "SEVERAL",
    "TRAINING_FLAG",
    "FunctionSpec",
    "LayerSpec",
    "Signature",
    "SignatureError",
    "Structure",
    "canonical",
]

_FAMILIES = (weights, normalization, activations, pooling, dropout)

LAYERS: Mapping[str, LayerSpec] = {name: spec for family in _FAMILIES for name, spec in getattr(family, "LAYERS", {}).items()}
"""The leaf modules by qualified class name."""

_SHARED: dict[str, FunctionSpec] = {name: spec for family in _FAMILIES for name, spec in getattr(family, "SHARED", {}).items()}
"""Those that are both `torch.NAME(input, ...)` and `input.NAME(...)`."""

FUNCTIONS: Mapping[str, FunctionSpec] = {
    **{f"torch.{name}": spec for name, spec in _SHARED.items()},
    **{name: spec for family in _FAMILIES for name, spec in getattr(family, "FUNCTIONS", {}).items()},
}
"""The functions by qualified name."""

METHODS: Mapping[str, FunctionSpec] = {
    **_SHARED,
    **{name: spec for family in _FAMILIES for name, spec in getattr(family, "METHODS", {}).items()},
}
"""The tensor methods by name; their first parameter is the tensor itself."""
