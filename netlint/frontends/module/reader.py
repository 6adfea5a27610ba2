"""From a live network to its graph: unwrapped, called as far as it can be, and recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn

from netlint.frontends.errors import InputError
from netlint.frontends.module import inputs
from netlint.frontends.module.construction import ConstructionSites, class_site, source_file
from netlint.frontends.module.failures import described, place_of
from netlint.frontends.module.layers import Layers, read_layers
from netlint.frontends.module.recorder import Recorder
from netlint.frontends.module.run import Call, Failure, exported, hooked, traced, traced_on_data
from netlint.frontends.reading import Reading
from netlint.graph import EVERY_FACT, Blind, Fact, Graph

_ATTRIBUTE = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "FullyShardedDataParallel": "module",
}
"""PyTorch's own wrappers, with the attribute that holds the network in them."""


def read(model: nn.Module, *, name: str | None = None, example_inputs: Any = None) -> Reading:
    """The graph of a live network in training mode. Its forward is run; nothing of it is changed.

    `example_inputs` are a tuple of positional arguments, a mapping of named ones, or one tensor; without them they are guessed from
    the first layer where that is safe. Raises InputError when it cannot be read, with what to do.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"a live model is a torch.nn.Module, not {_kind_of(model)}")
    try:
        return _read(model, name, example_inputs)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError, RecursionError) as error:
        # a module may be anything behind its attributes: half made, or with properties that raise
        raise InputError(f"this {type(model).__name__} cannot be read: {described(error)}{place_of(error)}") from error


def _read(model: nn.Module, name: str | None, example_inputs: Any) -> Reading:
    model, notes = _unwrapped(model)
    layers = read_layers(model, ConstructionSites(model))
    if not model.training:
        notes.append("the model is in evaluation mode; it is read as it trains")
    hooks = [layer.path or "the model itself" for layer in layers.found if layer.hooked]
    if hooks:
        notes.append(f"hooks run at {_few(hooks)}: what they change is read where it can be seen, and fixes there are not safe")
    lazy = [layer.path for layer in layers.found if any(p.shape is None for p in layer.parameters.values())]
    if lazy:
        notes.append(
            f"{_few(lazy)} is lazy and has no shape yet: call the model once on real data, then check it; its forward was not read"
        )
        return Reading([_graph(model, name, layers, None, notes[-1])], _files(model), tuple(notes))
    if isinstance(model, torch.jit.ScriptModule):
        notes.append("this is TorchScript, whose code is not read: check the module that it was compiled from")
        return Reading([_graph(model, name, layers, None, notes[-1])], _files(model), tuple(notes))
    recorder = _record(model, layers, example_inputs, notes)
    return Reading([_graph(model, name, layers, recorder)], _files(model), tuple(notes))


def _kind_of(value: object) -> str:
    if isinstance(value, dict):
        return "a dictionary (a state_dict holds weights, but no network: load it into its model and pass that)"
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _unwrapped(model: nn.Module) -> tuple[nn.Module, list[str]]:
    """The network within PyTorch's wrappers, and what to say about them."""
    notes = []
    while type(model).__module__.startswith("torch.") and type(model).__name__ in _ATTRIBUTE:
        notes.append(f"read within its {type(model).__name__}")
        model = getattr(model, _ATTRIBUTE[type(model).__name__])
    return model, notes


# -- the ways of running --------------------------------------------------------------------------------------------------


def _record(model: nn.Module, layers: Layers, example_inputs: Any, notes: list[str]) -> Recorder:
    """The record of the best way of running that works, with notes on which it was and what it lost."""
    if example_inputs is not None:
        calls = [inputs.given(model, example_inputs)]
    else:
        calls = inputs.guessed(model, [layer.operator for layer in layers.found if layer.operator is not None])
    call, outcome, how = _best(model, layers, calls)
    if isinstance(outcome, Failure):
        guessed = f" with the guessed inputs {_shown(call)}; pass example_inputs (--input) that fit {inputs.signature(model)}"
        reason = f"{described(outcome.error)}{place_of(outcome.error)}"
        raise InputError(f"its forward cannot be run: {reason}{guessed if call.batch is not None else ''}")
    if call.batch is not None:
        notes.append(f"example inputs were guessed: {_shown(call)}; pass example_inputs (--input) to give others")
    notes.append(how)
    return outcome


def _best(model: nn.Module, layers: Layers, calls: Sequence[Call]) -> tuple[Call, Recorder | Failure, str]:
    """The first call that the network takes, its record, and how that was made; else the likeliest call, and why it failed."""
    refused = exported(model, layers, calls[0])
    if isinstance(refused, Recorder):
        return calls[0], refused, _EXPORTED
    for call in calls:
        outcome = traced(model, layers, call)
        if isinstance(outcome, Recorder):
            again = exported(model, layers, call) if call is not calls[0] else refused
            if isinstance(again, Recorder):
                return call, again, _EXPORTED
            return call, outcome, _instead("read by tracing a run without data", again)
    failure: Failure = refused
    for call in calls[:MAX_RUNS]:
        for way, how in _ON_DATA:
            try:
                real = inputs.filled(model, call)
            except RuntimeError as error:  # out of memory
                outcome = Failure("data", error)
            else:
                outcome = way(model, layers, real)
            if isinstance(outcome, Recorder):
                return real, outcome, _instead(how, refused)
            failure = outcome if failure is refused else failure
    return calls[0], failure, ""


_EXPORTED = "read through torch.export"
_ON_DATA = (
    (traced_on_data, "read by tracing one run: where data decide, the other way is not seen"),
    (hooked, "read through forward hooks: only the order of the layers is seen, not what happens between them"),
)
MAX_RUNS = 3
"""So many guesses are run on data."""


def _instead(how: str, refused: Failure) -> str:
    return f"{how} (torch.export does not take it: {described(refused.error)})"


def _shown(call: Call) -> str:
    sizes = [
        tuple("N" if size == call.batch else str(size) for size in value.shape) for value in call.args if isinstance(value, torch.Tensor)
    ]
    return ", ".join(f"({', '.join(shape)})" for shape in sizes)


def _few(paths: Sequence[str]) -> str:
    named = ", ".join(f"`{path}`" for path in paths[:3])
    return named if len(paths) <= 3 else f"{named} and {len(paths) - 3} more"


# -- the graph --------------------------------------------------------------------------------------------------------------


def _graph(model: nn.Module, name: str | None, layers: Layers, recorder: Recorder | None, unread: str = "") -> Graph:
    """The graph of a record; without one, of the layers alone, which tells nothing that a rule could ask."""
    graph = Graph(
        name or type(model).__name__,
        "module",
        layers.root,
        layers=layers.found,
        filename=source_file(type(model)),
        site=class_site(type(model)),
    )
    if recorder is None:
        graph.blind, graph.facts = [Blind(layers.root.site, unread)], frozenset()
        return graph
    graph.operators, graph.outputs, graph.blind = recorder.operators, recorder.outputs, _unique(recorder.blind)
    on_meta = any(value.device.type == "meta" for value in model.parameters())
    graph.facts = EVERY_FACT - {Fact.TRAINING} - ({Fact.INITIALIZATION} if on_meta else set())
    return graph


def _unique(blind: Iterable[Blind]) -> list[Blind]:
    found: dict[Any, Blind] = {}
    for spot in blind:
        found.setdefault((spot.where.key if spot.where is not None else None, spot.reason), spot)
    return list(found.values())


def _files(model: nn.Module) -> tuple[str, ...]:
    """The files of the user's classes that the network is made of."""
    return tuple(sorted({file for kind in {type(module) for module in model.modules()} if (file := source_file(kind))}))
