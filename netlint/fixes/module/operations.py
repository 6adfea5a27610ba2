"""Module surgery: the steps of a fix on a copy of a live network.

A module may be held in several places and applied several times. A step is done where all of its applications are meant, or where a
`Sequential` applies it at one place of its own; what the code of a `forward` does is not to be changed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import nn

from netlint.engine.intent import Replace, SetOption, Step
from netlint.engine.rule import StateDict
from netlint.fixes.module.copies import copied
from netlint.fixes.module.making import made, written
from netlint.fixes.module.places import Element, applies_in_order, in_code, places_of
from netlint.fixes.proposal import Refusal
from netlint.fixes.safety import hooks, overwriting, swap_caveats
from netlint.frontends.module.naming import class_name
from netlint.frontends.module.templates import known_layer
from netlint.graph import Graph, Layer, Operator
from netlint.graph.operators import BatchNorm, Conv, Linear, PReLU, Select

_WITH_STATE = frozenset({"eps", "momentum", "inplace"})
"""Those options of a layer with parameters or buffers that are read each time it is applied: the attribute is all there is to set."""


MANY = 4
"""So many layers are named in one sentence."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done, in words that go before and behind what it was done to, and what makes it unsafe here."""

    words: str
    to: str
    ending: str = ""
    caveats: tuple[str, ...] = ()


def told(steps: Sequence[Done]) -> str:
    """Steps in words: those that do the same to several layers in one sentence, with a few of them named."""
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for step in steps:
        groups.setdefault((step.words, step.ending), {})[step.to] = None
    return "; ".join(f"{words} {_few(list(names))}{ending}" for (words, ending), names in groups.items())


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= MANY else f"{', '.join(names[: MANY - 1])} and {len(names) - MANY + 1} more"


@dataclass
class Patient:
    """A model, its graph, and the copy on which the steps of a fix are done. The copy is made when it is first needed."""

    model: nn.Module
    graph: Graph
    steps: Sequence[Step] = ()
    _modules: dict[int, nn.Module] = field(default_factory=dict, init=False)
    _before: dict[str, torch.Tensor] = field(default_factory=dict, init=False)
    replaced: dict[int, Done] = field(default_factory=dict, init=False)
    """What was done about a layer, by its id: several steps may be about the same one."""

    def __post_init__(self) -> None:
        if isinstance(self.model, torch.jit.ScriptModule):
            raise Refusal("this is TorchScript, which is compiled: fix the module that it was compiled from")
        if self.graph.root is None or self.graph.root.kind != class_name(self.model):
            raise Refusal(f"the network is wrapped in a {type(self.model).__name__}: fix what is within it")

    @cached_property
    def copy(self) -> nn.Module:
        twin = copied(self.model)
        modules = dict(twin.named_modules(remove_duplicate=False))
        self._modules = {id(layer): modules[layer.path] for layer in self.graph.layers if layer.registered and layer.path in modules}
        self._before = twin.state_dict(keep_vars=True)
        return twin

    def module(self, layer: Layer) -> nn.Module:
        """The module of the copy that a layer of the graph was read from. Raises Refusal for one that no module owns."""
        assert self.copy is not None  # which finds the modules
        if id(layer) not in self._modules:
            applied = [operator.site for operator in self.graph.applications(layer)]
            raise in_code(f"the {layer.kind.rpartition('.')[2]} belongs to no module", next(filter(None, (layer.site, *applied)), None))
        return self._modules[id(layer)]

    def element(self, operator: Operator) -> Element | None:
        """The entry of a `Sequential` that an operator is an application of; None if no `Sequential` applies it.

        An object that stands in one `Sequential` several times is applied once for each of its entries, in their order.
        """
        layer, scope = operator.layer, operator.scope
        if layer is None or scope is None or id(scope) not in self._modules:
            return None
        container, module = self._modules[id(scope)], self.module(layer)
        if not isinstance(container, nn.Sequential) or not applies_in_order(container):
            return None
        names = [name for name, child in container._modules.items() if child is module]
        applied = [other for other in self.graph.operators if other.scope is scope and other.layer is layer]
        if not names or len(applied) % len(names):
            return None
        turn = applied.index(operator) % len(names)
        return Element(container, scope.path, names[turn], tuple(applied[turn :: len(names)]))

    def state_dict(self) -> StateDict:
        """What became of the keys: the same tensors under the same names, the same ones under others (or fewer), or new ones."""
        after: dict[str, torch.Tensor] = self.copy.state_dict(keep_vars=True)
        there = {id(tensor) for tensor in after.values()}
        stayed = {key for key, tensor in after.items() if key in self._before and _stays(self._before[key], tensor, there)}
        if stayed == after.keys() == self._before.keys():
            return StateDict.SAME
        known = {id(tensor) for tensor in self._before.values() if isinstance(tensor, torch.Tensor)}
        return StateDict.REMAP if all(key in stayed or id(tensor) in known for key, tensor in after.items()) else StateDict.BREAKS


def _stays(before: object, after: object, there: set[int]) -> bool:
    """Whether what is saved under a key is what was, or has taken its place: the old one did not move to another key."""
    if isinstance(after, torch.Tensor) and isinstance(before, torch.Tensor):
        return after is before or (after.shape == before.shape and id(before) not in there)
    return type(after) is type(before)


def layer_of(operator: Operator) -> Layer:
    """The layer that an operator applies. Raises Refusal for a functional call."""
    if operator.layer is None:
        raise in_code(f"the {operator.name} is applied by the code of a `forward`", operator.site)
    return operator.layer


# -- order ----------------------------------------------------------------------------------------------------------------


def swap(patient: Patient, first: Operator, second: Operator) -> Done:
    """Exchanges two neighbouring elements of a `Sequential`. The numbers of its entries stay; names move with what they name."""
    layers = layer_of(first), layer_of(second)
    for layer in layers:
        patient.module(layer)
    one, two = patient.element(first), patient.element(second)
    if one is None or two is None or one.container is not two.container:
        raise in_code(f"the {first.name} and the {second.name} are applied by the code of a `forward`", second.site)
    names = list(one.container._modules)
    place = names.index(one.name)
    if names[place + 1 : place + 2] != [two.name] or len(one.operators) != len(two.operators):
        raise Refusal(f"the two layers are no neighbours in `{one.path}`")
    caveats = [caveat for pair in zip(one.operators, two.operators, strict=True) for caveat in swap_caveats(patient.graph, *pair)]
    entries = list(one.container._modules.items())
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    if one.name.isdigit() and two.name.isdigit():
        entries[place : place + 2] = [(one.name, entries[place][1]), (two.name, entries[place + 1][1])]
    _refill(one.container, entries)
    return Done("Put", f"`{_path(two)}` ({second.name})", f" before `{_path(one)}` ({first.name})", tuple(caveats))


def _refill(container: nn.Sequential, entries: Sequence[tuple[str, nn.Module | None]]) -> None:
    container._modules.clear()
    container._modules.update(dict(entries))  # type: ignore[arg-type]  # an entry may be None


def _path(element: Element) -> str:
    return f"{element.path}.{element.name}".lstrip(".")


# -- other layers ---------------------------------------------------------------------------------------------------------


def replace(patient: Patient, old: Operator, new: tuple[Operator, ...]) -> Done:
    """Puts another layer, or `nn.Identity()` for none, into every place of one. Tensors that keep their name and shape are kept."""
    layer = layer_of(old)
    if id(layer) in patient.replaced:
        return patient.replaced[id(layer)]
    if len(new) > 1:
        raise Refusal("several layers in the place of one are not written yet")
    _all_meant(patient, layer, Replace(old, new))
    module = patient.module(layer)
    _plain(layer, module)
    if layer.hooked:
        raise Refusal(f"a hook on `{layer.path}` would be lost")
    caveats = [caveat for one in patient.graph.applications(layer) for caveat in overwriting(patient.graph, one)]
    places = places_of(patient.copy, module)
    fresh: nn.Module = made(new[0], module, patient.copy) if new else nn.Identity().train(module.training)
    kept = _carried(module, fresh)
    for place in places:
        place.put(fresh)
    uses = len(patient.graph.applications(layer))
    if new and new[0].parameter_shapes() and uses > 1:
        caveats.append(f"one object is applied in {uses} places, so they share the parameters of the new {new[0].name}")
    weights = f" with its {' and '.join(kept)}" if kept else ""
    words = f"Use {written(new[0])}{weights} in the place of" if new else "Use nn.Identity(), which keeps the names of all others, for"
    patient.replaced[id(layer)] = Done(words, f"`{layer.path}` ({old.name})", caveats=tuple(caveats))
    return patient.replaced[id(layer)]


def _carried(old: nn.Module, new: nn.Module) -> list[str]:
    """Gives a new module the parameters of the old one that have the same names and shapes (they may be tied, or frozen)."""
    kept = []
    for name, value in new._parameters.items():
        known = old._parameters.get(name)
        if known is not None and value is not None and known.shape == value.shape:
            new._parameters[name] = known
            kept.append(name)
    return kept


def _all_meant(patient: Patient, layer: Layer, step: Replace | SetOption) -> None:
    """Raises Refusal if a layer is applied in places that the fix does not mean, or does not mean the same for."""
    meant = [other for other in patient.steps if type(other) is type(step) and _target(other).layer is layer]
    applied = patient.graph.applications(layer)
    if any(operator not in [_target(other) for other in meant] for operator in applied):
        raise Refusal(f"`{layer.path}` is applied in {len(applied)} places, of which only some are to change")
    if any(_change(other) != _change(step) for other in meant):
        raise Refusal(f"the places where `{layer.path}` is applied need different changes")


def _target(step: Step) -> Operator:
    target = step.old if isinstance(step, Replace) else step.target if isinstance(step, SetOption) else None
    assert isinstance(target, Operator)
    return target


def _change(step: Step) -> object:
    if isinstance(step, Replace):
        return [(type(template), vars(template)) for template in step.new]
    return step.options if isinstance(step, SetOption) else None


def _plain(layer: Layer, module: nn.Module) -> None:
    """Raises Refusal for a layer of a class of the user's own, or with a reparametrised tensor."""
    if layer.wrapped:
        raise Refusal(f"`{layer.path}` is under {', '.join(layer.wrapped)}")
    if not type(module).__module__.startswith("torch."):
        raise Refusal(f"`{layer.path}` is of a class of its own, {type(module).__name__}")


# -- one more layer -------------------------------------------------------------------------------------------------------


def insert_after(patient: Patient, after: Operator, new: Operator) -> Done:
    """Applies a new layer to the result of another, with the keys of all others as they are where that can be.

    A `Sequential` gets one more entry under a name of its own, so that the numbers of the others stay. Elsewhere the layer's place gets
    both in a `Sequential`, which moves the keys of a layer that has any.
    """
    layer = layer_of(after)
    graph = patient.graph
    if len(graph.applications(layer)) > 1:
        raise Refusal(f"`{layer.path}` is applied in {len(graph.applications(layer))} places, of which only one is meant")
    if any(isinstance(reader, Select) for reader in graph.consumers(after)):
        raise Refusal(f"the {after.name} gives several results")
    module = patient.module(layer)
    element = patient.element(after)
    fresh = made(new, module, patient.copy)
    words, to = f"Insert {written(new)} behind", f"`{layer.path}` ({after.name})"
    if element is not None:
        name = _free(element.container, new.name.lower())
        entries = list(element.container._modules.items())
        entries.insert([key for key, _ in entries].index(element.name) + 1, (name, fresh))
        _refill(element.container, entries)
        where = f"`{element.path}.{name}`" if element.path else f"`{name}`"
        return Done(words, to, f" as {where}, so that no other name moves")
    both = nn.Sequential(module, fresh).train(module.training)
    for place in places_of(patient.copy, module):
        place.put(both)
    return Done(words, to, ": both stand in an nn.Sequential there")


def _free(container: nn.Module, base: str) -> str:
    """A name that is neither a child nor any other attribute."""
    name, number = base, 1
    while name in container._modules or hasattr(container, name):
        number += 1
        name = f"{base}{number}"
    return name


# -- options --------------------------------------------------------------------------------------------------------------


def set_options(patient: Patient, target: Operator, options: Mapping[str, object]) -> Done:
    """Gives a layer other options than it was made with."""
    layer = layer_of(target)
    _all_meant(patient, layer, SetOption(target, options))
    module = patient.module(layer)
    if options == {"bias": False} and isinstance(target, (Conv, Linear)):
        return _without_bias(patient, target, module)
    caveats = [caveat for name, value in options.items() for caveat in _set(target, layer, module, name, value)]
    listed = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return Done(f"Set {listed} of", f"`{layer.path}` ({target.name})", caveats=tuple(caveats))


def _set(target: Operator, layer: Layer, module: nn.Module, name: str, value: object) -> tuple[str, ...]:
    """Sets one option. Gives what follows from it; raises Refusal for one by which the layer is built."""
    if name == "init" and isinstance(target, PReLU) and isinstance(value, (int, float)):
        _plain(layer, module)
        slopes = module._parameters["weight"]
        assert slopes is not None
        with torch.no_grad():
            slopes.fill_(value)
        vars(module)["init"] = value
        return ("the slopes that it has now are lost",)
    if name not in vars(module) or ((layer.parameters or module._buffers) and name not in _WITH_STATE):
        raise Refusal(f"`{name}` of a {target.name} decides how it is built")
    setattr(module, name, value)
    known = known_layer(module)
    if known is None or getattr(known.operator, name, value) != value:
        raise Refusal(f"a {target.name} does not take {name}={value!r}")
    return ()


def _without_bias(patient: Patient, target: Operator, module: nn.Module) -> Done:
    """Drops a bias that the following batch norm subtracts again.

    In training the norm subtracts the batch's mean, in which the bias is; in evaluation it subtracts the running mean m of outputs
    with the bias b: (w x + b) - m = w x - (m - b). So the mean is moved, and stays right: an average of m - b is the average of m, less b.
    """
    layer = layer_of(target)
    norm = patient.graph.only_consumer(target)
    if not isinstance(norm, BatchNorm):
        raise Refusal(f"the result of the {target.name} is not read by one batch norm alone")
    if norm.layer is None or norm.frozen:
        raise in_code(f"the {norm.name} has no module of its own", norm.site)
    if len(patient.graph.applications(norm.layer)) > 1:
        raise Refusal(f"`{norm.layer.path}` is applied to other layers too, whose mean is not to be moved")
    bias = module._parameters.get("bias")
    if bias is None:
        raise Refusal(f"the bias of `{layer.path}` is no parameter of its own")
    mean = patient.module(norm.layer)._buffers.get("running_mean")
    moved = ""
    if mean is not None:
        with torch.no_grad():
            mean.copy_(mean.cpu().double() - bias.cpu().double())
        moved = f" and subtract it from the running mean of `{norm.layer.path}`"
    module.register_parameter("bias", None)
    return Done("Drop the bias of", f"`{layer.path}` ({target.name})", moved, hooks(target, norm))


# -- initial values -------------------------------------------------------------------------------------------------------


def initialize(patient: Patient, layers: Sequence[Layer], name: str, options: Mapping[str, object]) -> Done:
    """Draws the weights of layers anew with an initialiser of `torch.nn.init`; the random numbers of the process stay as they are."""
    generator = torch.Generator().manual_seed(0)
    wrapped = [layer.path for layer in layers if layer.wrapped]
    if wrapped:
        raise Refusal(f"the weights of `{wrapped[0]}` are reparametrised")
    drawn: dict[int, torch.Tensor] = {}
    for layer in layers:
        weight = patient.module(layer)._parameters.get("weight")
        if weight is None or weight.is_meta:
            raise Refusal(f"`{layer.path}` has no weights that could be drawn")
        if id(weight) not in drawn:
            fresh = torch.empty(weight.shape, dtype=torch.float32)
            getattr(nn.init, name)(fresh, generator=generator, **options)
            drawn[id(weight)] = weight
            with torch.no_grad():
                weight.copy_(fresh)
    arguments = ", ".join(f"{option}={value!r}" for option, value in options.items())
    ending = f" anew with nn.init.{name}({arguments})"
    return Done("Draw the weights of", f"{len(drawn)} layers", ending, ("what these weights have learned is lost",))
