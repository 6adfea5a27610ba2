"""The state_dict of a network as its graph tells it: keys, shapes, and which operator reads which key.

The keys follow `torch.nn.Module.state_dict`: parameters and buffers of a module before those of its children, a module that is registered
under two names under both. A graph keeps no buffers of its own, so those are the ones that the operator of a layer is known to own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TypeAlias

from netlint.graph import Graph, Layer, Operator, Parameter, Shape
from netlint.graph import operators as ops
from netlint.graph.shapes import written
from netlint.layers import Array

Values: TypeAlias = dict[str, Array]
"""Learned tensors and buffers by state_dict key."""


@dataclass
class State:
    """`shapes` has every key of the state_dict; the tables lead from a layer's own names, and from a parameter, to the key that stands for
    them (a tied tensor has several keys: the first one)."""

    shapes: dict[str, Shape | None] = field(default_factory=dict)
    tokens: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    """One entry a layer with a state, in order: its path, and what it is (kind, names and shapes)."""
    _names: dict[int, dict[str, str]] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)
    owners: dict[str, tuple[Operator | None, Parameter | None]] = field(default_factory=dict)
    """By key: the operator of the layer that owns it, and the parameter (None for a buffer)."""

    def names(self, layer: Layer | None) -> Mapping[str, str]:
        """The layer's own names (`weight`) with their keys (`features.0.weight`)."""
        return self._names.get(id(layer), {})

    def key(self, parameter: Parameter) -> str:
        return self._keys.get(id(parameter), f"unregistered {parameter.name}")

    def add(self, path: str, layer: Layer) -> None:
        """Enters what a layer owns itself, under one of its paths."""
        own: dict[str, tuple[Shape | None, Parameter | None]] = {name: (item.shape, item) for name, item in layer.parameters.items()}
        own |= {name: (shape, None) for name, shape in buffers(layer.operator).items()}
        for name, (shape, parameter) in own.items():
            key = f"{path}.{name}" if path else name
            self.shapes[key] = shape
            self.name(layer, name, parameter, key)
        if own:
            kind = (layer.kind, *((name, _plain(shape)) for name, (shape, _) in own.items()))
            self.tokens.append((path, kind))

    def name(self, layer: Layer, name: str, parameter: Parameter | None, key: str) -> None:
        """Gives an own name of a layer a key, unless it has one."""
        key = key if parameter is None else self._keys.setdefault(id(parameter), key)
        self._names.setdefault(id(layer), {}).setdefault(name, key)
        self.owners.setdefault(key, (layer.operator, parameter))


def state_of(graph: Graph) -> State:
    """The state_dict of a network. Layers that no module owns have no keys in it, only names that cannot be keys."""
    state = State()
    roots = [("", graph.root)] if graph.root is not None else [(layer.path, layer) for layer in graph.layers if layer.parent is None]
    for start, root in roots:
        for path, layer in walk(start, root):
            state.add(path, layer)
    for layer in graph.layers:
        own: dict[str, Parameter | None] = {**layer.parameters, **dict.fromkeys(buffers(layer.operator))}
        for name, parameter in own.items():
            state.name(layer, name, parameter, f"unregistered {layer.path}.{name}")
    return state


def walk(path: str, layer: Layer, around: tuple[Layer, ...] = ()) -> Iterator[tuple[str, Layer]]:
    """A layer and all below it, under every path that leads there."""
    yield path, layer
    for name, child in layer.children.items():
        if child is not layer and child not in around:
            yield from walk(f"{path}.{name}" if path else name, child, (*around, layer))


def buffers(operator: Operator | None) -> dict[str, Shape]:
    """The buffers that a normalisation layer owns, with their shapes."""
    if not isinstance(operator, (ops.BatchNorm, ops.InstanceNorm)):
        return {}
    vector: Shape = (operator.num_features,)
    if isinstance(operator, ops.BatchNorm) and operator.frozen:
        return {"weight": vector, "bias": vector, "running_mean": vector, "running_var": vector}
    if operator.track_running_stats is False:
        return {}
    return {"running_mean": vector, "running_var": vector, "num_batches_tracked": ()}


def _plain(shape: Shape | None) -> object:
    """A shape that can be compared across two readings of a file: unknown sizes by their reasons."""
    return None if shape is None else tuple(size if isinstance(size, int) else size.reason for size in shape)


# -- from one state_dict to another ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Remap:
    """How saved weights of the network before a fix become those of the network after it.

    `renamed` maps old keys to new ones (a key that is not there keeps its name if the network after has it, else it is dropped);
    `folded` maps a bias that is dropped to the running mean from which it is subtracted (both old keys).
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    folded: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, values: Values, after: State) -> Values:
        """The weights after; those that the network before does not have are missing."""
        moved = dict(values)
        for bias, mean in self.folded.items():
            if bias in values and mean in moved:
                moved[mean] = moved[mean] - values[bias]
        result = {self.renamed.get(key, key): value for key, value in moved.items()}
        known = set(after.owners)
        return {key: value for key, value in result.items() if key in known}

    def key(self, old: str) -> str:
        return self.renamed.get(old, old)

    @property
    def trivial(self) -> bool:
        return not self.folded and all(old == new for old, new in self.renamed.items())


def same_keys(before: State, after: State) -> str | None:
    """None when both have the same keys with the same shapes; else a sentence that names the first difference."""
    lost = [key for key in before.shapes if key not in after.shapes]
    gained = [key for key in after.shapes if key not in before.shapes]
    if lost and gained:
        return f"{lost[0]} is lost, {gained[0]} is new" + _more(len(lost) + len(gained) - 2)
    if lost or gained:
        return f"{(lost or gained)[0]} is {'lost' if lost else 'new'}" + _more(len(lost or gained) - 1)
    for key, shape in before.shapes.items():
        if _plain(shape) != _plain(after.shapes[key]):
            return f"{key} was {_written(shape)}, is {_written(after.shapes[key])}"
    return None


def _more(count: int) -> str:
    return f" (and {count} more)" if count else ""


def _written(shape: Shape | None) -> str:
    return "of unknown rank" if shape is None else written(shape)


def aligned(before: State, after: State) -> Remap:
    """The renaming that keeps the order of the layers: each layer with a state goes to the one that stands for it after the change."""
    matcher = SequenceMatcher(None, [kind for _, kind in before.tokens], [kind for _, kind in after.tokens], autojunk=False)
    paths: dict[str, str] = {}
    for _, first, end, start, stop in matcher.get_opcodes():
        if end - first == stop - start:  # the same layers, or as many others in their place
            paths |= {old: new for (old, _), (new, _) in zip(before.tokens[first:end], after.tokens[start:stop], strict=True)}
    renamed: dict[str, str] = {}
    for key, shape in before.shapes.items():
        path, _, name = key.rpartition(".")
        new = ".".join(part for part in (paths.get(path, path), name) if part)
        if _plain(after.shapes.get(new)) == _plain(shape):
            renamed[key] = new
    return Remap(renamed)


def unfilled(remap: Remap, before: State, after: State) -> list[str]:
    """The keys of the network after that get no value from saved weights of the network before."""
    given = {remap.key(key) for key in before.shapes}
    return [key for key in after.shapes if key not in given]


def lost(remap: Remap, before: State, after: State) -> list[str]:
    """The keys of the network before that have no place in the network after."""
    return [key for key in before.shapes if remap.key(key) not in after.shapes]
