"""Sizes as facts: those of real inputs are, a batch size that netlint made up is not."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from netlint.graph import Dim, Shape, Unknown


class Sizes:
    """Brings sizes from a running network into the graph.

    `batch` is the batch size if it was made up, else None. It is then a prime number that divides no size of the network, so that a
    size which it divides is made of the batch, and not known.
    """

    def __init__(self, model: nn.Module, batch: int | None) -> None:
        self._parameters = _forward_signature(model)
        self._batch = batch
        self._unknown: dict[int, Unknown] = {}

    def shape(self, tensor: torch.Tensor) -> Shape:
        return tuple(self.size(int(size)) for size in tensor.shape)

    def size(self, size: int) -> Dim:
        if self._batch is None or size < self._batch or size % self._batch:
            return size
        several = "the batch size" if size == self._batch else "a multiple of the batch size"
        return self._unknown.setdefault(size, Unknown(several))

    def plain(self, value: Any) -> Any:
        """An argument as the table of the API expects it: sizes that are not known, text for what is no plain value."""
        if isinstance(value, (bool, float, str, torch.Tensor, type(None), type(...))):
            return value
        if isinstance(value, int):
            return self.size(int(value))
        if isinstance(value, slice):
            return slice(*(self.plain(bound) for bound in (value.start, value.stop, value.step)))
        if isinstance(value, (list, tuple)):
            return tuple(self.plain(item) for item in value)
        if isinstance(value, (torch.SymInt, torch.SymFloat, torch.SymBool)):
            return Unknown("a number that is computed from data")
        return str(value)

    def labels(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the network by the names that its forward gives them."""
        if self._parameters is not None:
            try:
                return dict(self._parameters.bind(*args, **kwargs).arguments)
            except TypeError:
                pass
        return {**{f"input{place or ''}": value for place, value in enumerate(args)}, **kwargs}


def _forward_signature(model: nn.Module) -> inspect.Signature | None:
    try:
        return inspect.signature(model.forward)
    except (TypeError, ValueError):
        return None
