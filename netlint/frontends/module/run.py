"""Runs a live network so that it can be recorded, and leaves no trace on it: by torch.export, by tracing, or module by module."""

from __future__ import annotations

import copy
import io
import logging
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from netlint.frontends.module.layers import Layers
from netlint.frontends.module.recorder import Recorder
from netlint.frontends.module.sizes import Sizes
from netlint.graph.operators import BatchNorm

MAX_REAL = 2_000_000_000
"""Bytes of parameters up to which a network is run on real data, where its course depends on them."""


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments that a network is called with, on its own device; `batch` is the batch size if it was made up."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a way of running a network did not work."""

    way: str
    error: BaseException


def exported(model: nn.Module, layers: Layers, call: Call) -> Recorder | Failure:
    """The record of a network while torch.export traces it: it holds for all data of these shapes."""
    return _recorded("torch.export", model, Recorder(model, layers, Sizes(model, call.batch)), lambda: _export(model, call))


def traced(model: nn.Module, layers: Layers, call: Call) -> Recorder | Failure:
    """The record of one run on tensors without data: it holds where nothing is decided by data, too."""
    return _recorded("tracing without data", model, Recorder(model, layers, Sizes(model, call.batch)), lambda: _run_fake(model, call))


def traced_on_data(model: nn.Module, layers: Layers, call: Call) -> Recorder | Failure:
    """The record of one run on real tensors: the way that these data took."""
    return _recorded("tracing", model, Recorder(model, layers, Sizes(model, call.batch)), lambda: _run_real(model, call))


def hooked(model: nn.Module, layers: Layers, call: Call) -> Recorder | Failure:
    """The record of the modules alone, in the order in which they are called."""
    recorder = Recorder(model, layers, Sizes(model, call.batch), functions=False)
    return _recorded("forward hooks", model, recorder, lambda: _run_real(model, call))


def _recorded(way: str, model: nn.Module, recorder: Recorder, run: Callable[[], object]) -> Recorder | Failure:
    with untouched(model), _quiet(), _training(model, recorder.layers), torch.enable_grad(), _eager():
        try:
            with recorder.listening():
                run()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the user's forward, and whatever it exits with
            return Failure(way, error)
    if not recorder.complete:
        return Failure(way, RuntimeError("its forward was not called"))
    return recorder


def _export(model: nn.Module, call: Call) -> object:
    with _on_device_of(model):
        return torch.export.export(model, call.args, dict(call.kwargs), strict=False)


def _run_fake(model: nn.Module, call: Call) -> object:
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, _on_device_of(model):

        def fake(value: Any) -> Any:
            return mode.from_tensor(value) if isinstance(value, torch.Tensor) else value

        tensors = {name: fake(value) for name, value in (*model.named_parameters(), *model.named_buffers())}
        args, kwargs = torch.utils._pytree.tree_map(fake, (call.args, dict(call.kwargs)))
        return torch.func.functional_call(model, tensors, args, kwargs)


def _run_real(model: nn.Module, call: Call) -> object:
    size = sum(value.numel() * value.element_size() for value in model.parameters())
    if size > MAX_REAL:
        raise RuntimeError(f"its {size / 1e9:.1f} GB of weights are too much for a run on data")
    buffers = {name: value.detach().clone() for name, value in model.named_buffers()}
    return torch.func.functional_call(model, buffers, call.args, dict(call.kwargs))


def _on_device_of(model: nn.Module) -> Any:
    """New tensors are made on the meta device where the network is there."""
    return torch.device("meta") if device_of(model).type == "meta" else nullcontext()


def device_of(model: nn.Module) -> torch.device:
    """The device of a network's first tensor."""
    first = next(chain(model.parameters(), model.buffers()), None)
    return first.device if first is not None else torch.device("cpu")


# -- leaving no trace -----------------------------------------------------------------------------------------------------


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Brings every attribute of every module back to what it was, for a forward may count and cache; and what is drawn meanwhile is
    the same each time, and no draw of the user's."""
    modules = [module for module in model.modules() if not isinstance(module, torch.jit.ScriptModule)]
    before = [(module, dict(vars(module)), _containers(module)) for module in modules]
    drawn, state = random.getstate(), torch.get_rng_state()
    random.seed(0)
    torch.default_generator.manual_seed(0)
    try:
        yield
    finally:
        for module, attributes, containers in before:
            vars(module).clear()
            vars(module).update(attributes)
            for container, content in containers:
                _refill(container, content)
        random.setstate(drawn)
        torch.set_rng_state(state)


def _containers(module: nn.Module) -> list[tuple[Any, Any]]:
    return [(value, copy.copy(value)) for value in vars(module).values() if isinstance(value, (list, dict, set))]


def _refill(container: Any, content: Any) -> None:
    container.clear()
    if isinstance(container, list):
        container.extend(content)
    else:
        container.update(content)


@contextmanager
def _training(model: nn.Module, layers: Layers) -> Iterator[None]:
    """The graph is the network in training mode. The flags are set directly: a `train()` of the user's own may do more.

    A batch norm with running statistics is one operator either way, and in training mode it would not take a single sample.
    """
    in_training = model.training
    for module in model.modules():
        if isinstance(module, torch.jit.ScriptModule):  # its flag is not among its attributes: it could not be set back
            continue
        layer = layers.of(module)
        if layer is not None and isinstance(layer.operator, BatchNorm) and getattr(module, "running_mean", None) is not None:
            module.training = False
        elif not in_training:
            module.training = True
    yield  # `untouched` sets them back


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is shown of a run that the user did not ask for: no warnings, no log lines, nothing that the forward prints."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        logger = logging.getLogger("torch")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)


@contextmanager
def _eager() -> Iterator[None]:
    """Parts that are compiled run as they are written."""
    with ExitStack() as stack:
        stance = getattr(torch.compiler, "set_stance", None)
        if stance is not None:
            stack.enter_context(stance("force_eager"))
        yield
