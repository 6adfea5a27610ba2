"""What the values of a graph do not show: hooks, containers that are indexed, tensors that are overwritten, and how training is set up."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass

from netlint.graph import Graph, Layer, Operator, Parameter, Unknown
from netlint.graph import operators as ops
from netlint.verify.region import Region
from netlint.verify.state import Remap, State, walk

VIEWS = (
    *(ops.Identity, ops.Detach, ops.Flatten, ops.Unflatten, ops.Reshape, ops.Permute, ops.Squeeze, ops.Unsqueeze, ops.Expand),
    *(ops.Slice, ops.Split, ops.Select, ops.Dropout),
)
"""Operators whose result may share its memory with their input (dropout does in evaluation mode)."""

KEEPS_RESULT = (ops.ReLU, ops.Sigmoid, ops.Tanh, ops.Softmax, ops.LogSoftmax, ops.Softmin)
"""Operators whose backward pass needs their result: PyTorch refuses to go back when it was overwritten."""


def refusals(before: Graph, after: Graph, regions: Sequence[Region]) -> tuple[str, ...]:
    """Why a change must not be made although the values would be equal."""
    found = [*_hooked(before, after, regions), *_reindexed(before, after), *_overwritten(before, after, regions)]
    return tuple(dict.fromkeys(found))


# -- hooks ----------------------------------------------------------------------------------------------------------------


def _hooked(before: Graph, after: Graph, regions: Sequence[Region]) -> Iterator[str]:
    """A hook sees what goes in and out of its module: it must not be inside of what changes."""
    for region in regions:
        for group, results in ((region.before, 0), (region.after, 1)):
            ends = {id(pair[results]) for pair in region.results}
            for operator in group:
                if operator.layer is not None and operator.layer.hooked:
                    yield f"a hook on {operator.layer.path or operator.name} sees other values"
                for around in _containers(operator):
                    outside = [one for one in group if around not in _containers(one)]
                    inner = [one for one in group if around in _containers(one)]
                    if around.hooked and outside and any(id(one) not in ends for one in inner):
                        yield f"a hook on {around.path or 'the network'} may see other values"


def _containers(operator: Operator) -> list[Layer]:
    start = operator.layer.parent if operator.layer is not None else operator.scope
    return [] if start is None else [start, *start.ancestors]


# -- indexed containers ---------------------------------------------------------------------------------------------------


def _reindexed(before: Graph, after: Graph) -> Iterator[str]:
    """Code that indexes into a container means a certain layer by a number."""
    tables = [_contents(graph) for graph in (before, after)]
    for path, (layer, children) in tables[0].items():
        if layer.indexed and path in tables[1] and tables[1][path][1] != children:
            yield f"code elsewhere indexes into {path or 'the network'}, and the layers of it change places"


def _contents(graph: Graph) -> dict[str, tuple[Layer, Hashable]]:
    """By path: the container, and the names of its children with what each is."""
    if graph.root is None:
        return {}
    return {
        path: (layer, tuple((name, child.kind, plain(child.operator)) for name, child in layer.children.items()))
        for path, layer in walk("", graph.root)
        if layer.children
    }


# -- overwritten tensors --------------------------------------------------------------------------------------------------


def _overwritten(before: Graph, after: Graph, regions: Sequence[Region]) -> Iterator[str]:
    """An operator that works in place changes a tensor for whoever reads it later. The graph's values do not show that, so a change must
    not bring such a place, and must not be about one that is there."""
    about = {id(one) for region in regions for pair in region.inputs for one in pair}
    about |= {id(one) for region in regions for one in (*region.before, *region.after)}
    old = [(type(operator), hazard) for operator, hazard in _hazards(before)]
    for graph in (before, after):
        for operator, hazard in _hazards(graph):
            near = id(operator) in about or any(id(source) in about for source in operator.inputs)
            if hazard.lasting and near:
                yield f"{operator.name} works in place on {hazard.on}"
            elif graph is after:
                if (type(operator), hazard) in old:
                    old.remove((type(operator), hazard))
                else:
                    yield f"{operator.name} now works in place on {hazard.on}"


@dataclass(frozen=True)
class Hazard:
    """What an operator overwrites, and whether that changes values (else it makes PyTorch refuse to go back, or changes the caller's)."""

    on: str
    lasting: bool = False


def _hazards(graph: Graph) -> Iterator[tuple[Operator, Hazard]]:
    """The operators that work in place where something else needs the tensor as it was, and what does."""
    place = {id(operator): number for number, operator in enumerate(graph.operators)}
    outputs = {id(output) for output in graph.outputs}
    for operator in graph.operators:
        if operator.inplace is False or not operator.inputs:
            continue
        source = operator.inputs[0]
        while isinstance(source, VIEWS) and source.inputs:
            source = source.inputs[0]
        family = _family(graph, source, operator)
        late = [
            reader
            for member in family
            for reader in graph.consumers(member)
            if reader is not operator and place.get(id(reader), -1) > place[id(operator)] and reader not in family
        ]
        if late:
            yield operator, Hazard(f"a tensor that {late[0].name} reads later", lasting=True)
        elif any(id(member) in outputs for member in family):
            yield operator, Hazard("a tensor that is a result of the network", lasting=True)
        elif isinstance(source, ops.Input):
            yield operator, Hazard("the network's own input")
        elif isinstance(source, KEEPS_RESULT):
            yield operator, Hazard(f"the result of {source.name}, which its backward pass needs")


def _family(graph: Graph, source: Operator, without: Operator) -> list[Operator]:
    """A tensor and the views of it, without what an operator makes of it."""
    found = [source]
    for member in found:
        views = [reader for reader in graph.consumers(member) if isinstance(reader, VIEWS) and reader is not without]
        found.extend(view for view in views if view not in found)
    return found


# -- how training is set up -----------------------------------------------------------------------------------------------


def training_differences(before: Graph, after: Graph, states: tuple[State, State], remap: Remap) -> tuple[str, ...]:
    """What training does otherwise, apart from what the network computes."""
    found: list[str] = []
    for old, (operator, parameter) in states[0].owners.items():
        new = states[1].owners.get(remap.key(old))
        if new is None or parameter is None or new[1] is None:
            continue
        if _start(operator, parameter) != _start(new[0], new[1]):
            found.append(f"{remap.key(old)} starts from other values")
        elif plain(parameter.trainable) != plain(new[1].trainable):
            found.append(f"{remap.key(old)} is trained otherwise")
    contexts = (before.training, after.training)

    def keys(side: int, parameters: Iterable[Parameter] | None) -> Hashable:
        if parameters is None:
            return None
        rename = remap.key if side == 0 else str
        return tuple(rename(states[side].key(parameter)) for parameter in parameters)

    optimizers = [
        [(one.kind, plain(one.options), [(keys(side, g.parameters), plain(g.options)) for g in one.groups]) for one in context.optimizers]
        for side, context in enumerate(contexts)
    ]
    if optimizers[0] != optimizers[1]:
        found.append("the optimizer is set up otherwise")
    loaders = [
        [plain((one.batch_size, one.drop_last, one.shuffle, one.samples, one.feeds_training)) for one in context.loaders]
        for context in contexts
    ]
    if loaders[0] != loaders[1]:
        found.append("the data loader is set up otherwise")
    losses = [sum(isinstance(operator, ops.Loss) for operator in graph.operators) for graph in (before, after)]
    if losses[0] != losses[1] or len(contexts[0].backward) != len(contexts[1].backward):
        found.append("another loss is trained on")
    penalties = [
        [(plain((one.norm, one.squared, one.coefficient, one.blocked_by, one.grouped)), keys(side, one.parameters)) for one in c.penalties]
        for side, c in enumerate(contexts)
    ]
    if penalties[0] != penalties[1]:
        found.append("the penalty on the weights is another")
    return tuple(found)


def _start(operator: Operator | None, parameter: Parameter) -> Hashable:
    """What a parameter starts from."""
    if parameter.initialization is not None:
        return (parameter.initialization.name, plain(parameter.initialization.options))
    slope = plain(operator.init) if isinstance(operator, ops.PReLU) else None
    return (type(operator).__name__, slope)


def plain(value: object) -> Hashable:
    """A value that can be compared across two readings of a file: what is unknown is so for the same reason."""
    match value:
        case Unknown():
            return ("unknown", value.reason)
        case dict():
            return tuple(sorted((str(key), repr(plain(item))) for key, item in value.items()))
        case tuple() | list():
            return tuple(plain(part) for part in value)
        case Operator():
            hidden = ("inputs", "layer", "site", "scope", "shape")
            options = tuple(plain(getattr(value, field.name)) for field in fields(value) if field.name not in hidden)
            return (type(value).__name__, options)
        case bool() | int() | float() | str() | None:
            return (type(value).__name__, repr(value))
    return type(value).__name__ if is_dataclass(value) else repr(type(value))
