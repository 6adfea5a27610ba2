"""Deep copies of live modules, and what must not change while one is made or run."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import numpy as np
import torch
from torch import nn

from netlint.fixes.proposal import Refusal
from netlint.frontends.module.failures import described


def copied(model: nn.Module) -> nn.Module:
    """A deep copy that shares no tensor with the model: its hooks, tied weights, buffers, devices, types and modes are the model's.

    Gradients are not copied (PyTorch does not). Raises Refusal for a module that cannot be copied.
    """
    try:
        with draws_kept(model), torch.inference_mode(False), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            twin = copy.deepcopy(model)
    except Exception as error:  # whatever the user's own __deepcopy__ does
        raise Refusal(f"the model cannot be copied: {described(error)}") from error
    mine = {id(tensor): name for name, tensor in _tensors(model)}
    shared = next((mine[id(tensor)] for _, tensor in _tensors(twin) if id(tensor) in mine), None)
    if twin is model or shared is not None:
        raise Refusal(f"a copy of the model shares `{shared}` with it" if shared else "a copy of the model is the model itself")
    return twin


def _tensors(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    return chain(model.named_parameters(), model.named_buffers())


@contextmanager
def draws_kept(model: nn.Module, seed: int | None = None) -> Iterator[None]:
    """Puts the random numbers of the process back to where they were; `seed` starts them anew meanwhile."""
    devices = {tensor.device.index for _, tensor in _tensors(model) if tensor.device.type == "cuda"}
    plain, arrays = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=sorted(index for index in devices if index is not None)):
            if seed is not None:
                random.seed(seed)
                np.random.seed(seed)
                torch.manual_seed(seed)
            yield
    finally:
        random.setstate(plain)
        np.random.set_state(arrays)
