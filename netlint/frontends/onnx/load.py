"""From a path or bytes to a model: sizes first, then the protobuf, then a copy without the large tensors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeAlias

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped,unused-ignore]

from netlint.frontends.errors import InputError
from netlint.frontends.files import content

Source: TypeAlias = "Path | str | bytes | onnx.ModelProto"

MOST_BYTES = 2**31 - 1
"""What protobuf can hold in one message."""
SMALL = 4096
"""Tensors of at most this many elements are kept: sizes, axes, slopes, scalars. Of the others the shape and type are enough."""
MOST_ELEMENTS = 2**48
"""A tensor that claims more elements than this exists in no network: its shape is a mistake."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model without its large tensors, where it came from, and sentences about what was not read."""

    model: onnx.ModelProto
    filename: str
    notes: tuple[str, ...] = ()


def load(source: Source, filename: str = "") -> Loaded:
    """Reads a model; `filename` is what its file is called, if not by its path. Raises InputError for what is none, or cannot be held by
    protobuf. External data is not opened."""
    if isinstance(source, onnx.ModelProto):
        return _lightened(source, "", None)
    if isinstance(source, bytes):
        return _lightened(_parsed(source, "the bytes"), "", None)
    shown = filename or str(source)
    return _lightened(_parsed(_read(Path(source), shown), f"`{shown}`"), shown, Path(source).parent)


def load_whole(path: Path) -> onnx.ModelProto:
    """The model of a file with all that the file holds. Raises InputError as `load` does. External data is not opened."""
    return _parsed(_read(path, str(path)), f"`{path}`")


def _read(path: Path, shown: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f"`{shown}` has {size / 2**30:.1f} GiB, and protobuf cannot read a message of more than 2 GiB: save the model with its "
                "weights as external data (`onnx.save(model, path, save_as_external_data=True)`)"
            )
        return content(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read `{shown}`: {getattr(error, 'strerror', None) or error}") from error


def _parsed(data: bytes, what: str) -> onnx.ModelProto:
    if not data:
        raise InputError(f"{what} is empty, so it is no ONNX model")
    if len(data) > MOST_BYTES:
        raise InputError(f"{what} are more than the 2 GiB that protobuf can read: pass the path of a model with external data")
    if data.startswith(b"version https://git-lfs"):
        raise InputError(f"{what} is a Git LFS pointer, not the model itself: fetch it with `git lfs pull`")
    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(data)
    except (DecodeError, RecursionError, ValueError) as error:
        raise InputError(f"{what} is no ONNX model, or only a part of one: the protobuf is broken ({error})") from error
    if not model.HasField("graph"):
        raise InputError(f"{what} is no ONNX model: there is no graph in it")
    return model


def _lightened(model: onnx.ModelProto, filename: str, folder: Path | None) -> Loaded:
    """A copy with the same structure; the elements of large tensors, and of those in other files, stay behind."""
    if not model.HasField("graph"):
        raise InputError("this ModelProto has no graph")
    notes: dict[str, None] = {}
    light = onnx.ModelProto()
    for field, value in model.ListFields():
        if field.name not in ("graph", "training_info"):
            _copy(light, field, value)
    light.graph.CopyFrom(_light_graph(model.graph))
    for tensor in tensors([light.graph, *light.functions]):
        reason = _external_problem(tensor, folder)
        if reason is not None:
            notes[reason] = None
    return Loaded(light, filename, tuple(notes))


def _light_graph(graph: onnx.GraphProto) -> onnx.GraphProto:
    """The graph with its large initialisers emptied before they are copied; those of subgraphs and constants afterwards."""
    light = onnx.GraphProto()
    for field, value in graph.ListFields():
        if field.name != "initializer":
            _copy(light, field, value)
    light.initializer.extend(_emptied(tensor) for tensor in graph.initializer)
    for tensor in list(tensors([light])):
        if elements(tensor) > SMALL:
            tensor.CopyFrom(_emptied(tensor))
    return light


def _copy(target: object, field: object, value: object) -> None:
    """One field of a message, set in another message of the same type."""
    name = field.name  # type: ignore[attr-defined]
    if isinstance(value, bytes):
        raise InputError(f"the {name.replace('_', ' ')} of the model is not text: the protobuf is broken")
    if isinstance(value, (int, float, str)):
        setattr(target, name, value)
    elif hasattr(value, "CopyFrom"):
        getattr(target, name).CopyFrom(value)
    else:
        getattr(target, name).extend(value)


def _emptied(tensor: onnx.TensorProto) -> onnx.TensorProto:
    """The tensor without its elements if there are many; marked as external, so that nobody takes them for missing."""
    if elements(tensor) <= SMALL:
        return tensor
    light = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    light.data_location = onnx.TensorProto.EXTERNAL
    light.external_data.extend(tensor.external_data)
    return light


def elements(tensor: onnx.TensorProto) -> int:
    """How many elements a tensor says it has. Raises InputError for a shape that no tensor has."""
    if any(size < 0 for size in tensor.dims):
        raise InputError(f"the tensor `{tensor.name}` has a negative size: {list(tensor.dims)}")
    count: int = math.prod(tensor.dims)
    if count > MOST_ELEMENTS:
        raise InputError(f"the tensor `{tensor.name}` says that it has the shape {list(tensor.dims)}, which no memory holds")
    return count


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs among a node's attributes: branches and bodies."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def tensors(graphs: Iterable[onnx.GraphProto | onnx.FunctionProto]) -> Iterator[onnx.TensorProto]:
    """All tensors in some graphs and their subgraphs: initialisers and attributes."""
    pending = list(graphs)
    while pending:
        graph = pending.pop()
        if isinstance(graph, onnx.GraphProto):
            yield from graph.initializer
        for node in graph.node:
            pending.extend(subgraphs(node))
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors


def _external_problem(tensor: onnx.TensorProto, folder: Path | None) -> str | None:
    """Why a tensor's file would not be opened, should somebody want its elements: it leaves the model's folder, or is not there."""
    location = next((entry.value for entry in tensor.external_data if entry.key == "location"), None)
    if location is None:
        return None
    try:
        if not stays_inside(location, folder):
            return f"the weights in `{location}` lie outside the model's folder and are not read"
        there = folder is None or (folder / location).is_file()
        return None if there else f"the weights' file `{location}` is missing: their shapes are known, their values are not"
    except (OSError, ValueError, RuntimeError) as error:
        return f"the weights' file `{location}` cannot be looked at: {error}"


def stays_inside(location: str, folder: Path | None) -> bool:
    """Whether the file that a model names for its weights lies below the model's folder: by its spelling on any system and, where the
    folder is known, through links. Raises OSError, ValueError or RuntimeError for a name that cannot be looked at."""
    posix = PurePosixPath(location.replace("\\", "/"))
    if not location or posix.is_absolute() or PureWindowsPath(location).drive or ".." in posix.parts:
        return False
    return folder is None or folder.resolve() in (folder / location).resolve().parents
