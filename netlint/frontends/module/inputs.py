"""What a network is called with: inputs that the user gives, or, where that is safe, inputs guessed from its first layer."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from netlint.frontends.errors import InputError
from netlint.frontends.module.run import Call, device_of
from netlint.graph import Operator, Unknown
from netlint.graph import operators as ops

DTYPES: Mapping[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128")
} | {"float": torch.float32, "double": torch.float64, "half": torch.float16, "long": torch.int64, "int": torch.int32}

SIDES = (224, 32, 28, 64, 299, 256, 512)
"""Sides of an image that are tried, in order: most networks for images take the first, small ones the next two."""
LENGTHS = (16, 512, 16_000)
"""Lengths of a sequence that are tried, in order."""
_PRIMES = (61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157)
_SMALL_PRIMES = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
MAX_ELEMENTS = 1 << 28
"""A guessed input has no more, so that it can be allocated (its memory is not touched unless the network runs on data)."""
_PLAIN = ("int", "float", "bool", "str")


def parse_input(text: str) -> tuple[tuple[int, ...], torch.dtype]:
    """The shape and type of `1,3,224,224` or `1,16:int64`. Raises InputError with the form that is expected."""
    sizes, _, kind = text.partition(":")
    try:
        shape = tuple(int(size) for size in sizes.split(",") if sizes.strip())
    except ValueError:
        raise InputError(f"--input {text!r}: sizes are whole numbers with commas between them, as in 1,3,224,224") from None
    if any(size < 1 for size in shape):
        raise InputError(f"--input {text!r}: every size is at least 1")
    if kind and kind not in DTYPES:
        raise InputError(f"--input {text!r}: no type `{kind}`; the types are {', '.join(DTYPES)}")
    return shape, DTYPES[kind] if kind else torch.float32


def given(model: nn.Module, example: Any) -> Call:
    """The call with example inputs: a tuple or list of positional arguments, a mapping of named ones, or one tensor."""
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    if isinstance(example, Mapping):
        args, kwargs = (), dict(example)
    elif isinstance(example, (tuple, list)):
        args, kwargs = tuple(example), {}
    elif isinstance(example, torch.Tensor):
        args, kwargs = (example,), {}
    else:
        raise InputError(f"example_inputs is a tuple of tensors or a mapping of named ones, not {type(example).__name__}")
    device = device_of(model)

    def moved(value: Any) -> Any:
        return value.detach().to(device) if isinstance(value, torch.Tensor) and value.device != device else value

    args, kwargs = torch.utils._pytree.tree_map(moved, (args, kwargs))
    return Call(args, kwargs)


# -- guessing ---------------------------------------------------------------------------------------------------------------


def guessed(model: nn.Module, templates: Sequence[Operator]) -> list[Call]:
    """Calls that the network may take, the likeliest first. `templates` are its leaf layers in the order of registration.

    Raises InputError when its forward needs more than one tensor, or when its layers do not tell what one it needs.
    """
    _require_one_input(model)
    found = next((shapes for template in templates if (shapes := list(_shapes(template)))), None)
    if found is None:
        raise InputError(f"the inputs cannot be guessed from its layers: {_what_to_pass(model)}")
    many, few = _prime(model, _PRIMES), _prime(model, _SMALL_PRIMES)
    batches = [(shape, entries, many if _elements(shape, many) <= MAX_ELEMENTS else few) for shape, entries in found]
    return [_call(model, shape, entries, batch) for shape, entries, batch in batches if _elements(shape, batch) <= MAX_ELEMENTS]


def filled(model: nn.Module, call: Call) -> Call:
    """The same call with real data, and with fewer samples where their number was made up."""
    batch = _prime(model, _SMALL_PRIMES) if call.batch is not None else None

    def real(value: Any) -> Any:
        if batch is None or not isinstance(value, torch.Tensor):
            return value
        shape = [batch if size == call.batch else size for size in value.shape]
        if value.dtype.is_floating_point:
            data = torch.randn(shape, generator=torch.Generator().manual_seed(0))  # the same each time, and the user's draws stay theirs
            return data.to(value.device, value.dtype)
        return value.new_zeros(shape)

    args, kwargs = torch.utils._pytree.tree_map(real, (call.args, dict(call.kwargs)))
    return Call(args, kwargs, batch)


def signature(model: nn.Module) -> str:
    """The forward of a network as its author wrote it, without its annotations' modules."""
    try:
        return f"{type(model).__name__}.forward{inspect.signature(model.forward)}"
    except (TypeError, ValueError):
        return f"{type(model).__name__}.forward(...)"


def _what_to_pass(model: nn.Module) -> str:
    how = "pass example_inputs=(tensor, ...) or {name: tensor}, on the command line --input 1,3,224,224[:dtype] for each"
    return f"{how}, for {signature(model)}"


def _require_one_input(model: nn.Module) -> None:
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return
    required = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    first = required[0] if required else parameters[0] if parameters else None
    if first is None:
        raise InputError(f"its forward takes no input: {signature(model)}")
    kind = first.annotation if isinstance(first.annotation, str) else getattr(first.annotation, "__name__", str(first.annotation))
    if (
        len(required) > 1
        or first.kind is first.KEYWORD_ONLY
        or kind in _PLAIN
        or kind.lower().startswith(("list", "tuple", "dict", "typing.", "mapping"))
    ):
        needs = f"its forward needs {len(required)} arguments" if len(required) > 1 else "what its forward needs is not one tensor"
        raise InputError(f"{needs}: {_what_to_pass(model)}")


_Guess = tuple[tuple[int | None, ...], int | None]
"""A shape with None for the batch, and the number of indices where it holds indices."""


def _shapes(template: Any) -> Iterator[_Guess]:
    """The shapes that a layer takes where it comes first; none for a layer that does not tell."""
    match template:
        case ops.Conv(dims=dims, in_channels=int() as channels):
            yield from _maps(dims, channels)
        case ops.BatchNorm(dims=dims, num_features=int() as channels) | ops.InstanceNorm(dims=dims, num_features=int() as channels):
            if dims == 1:
                yield (None, channels), None
            yield from _maps(dims or 2, channels)
        case ops.GroupNorm(num_channels=int() as channels):
            yield from _maps(2, channels)
        case ops.Linear(in_features=int() as features):
            yield (None, features), None
            yield from (((None, length, features), None) for length in LENGTHS)
            yield from _images_of(features)
        case ops.Embedding(num_embeddings=int() as entries):
            yield from (((None, length), entries) for length in LENGTHS)
            yield (None,), entries
        case ops.Recurrent(input_size=int() as features, batch_first=first):
            yield from (((None, length, features) if first is True else (length, None, features), None) for length in LENGTHS)
        case ops.RecurrentCell(input_size=int() as features):
            yield (None, features), None
        case ops.LayerNorm(normalized_shape=tuple() as shape) | ops.RMSNorm(normalized_shape=tuple() as shape):
            if not any(isinstance(size, Unknown) for size in shape):
                yield (None, 16, *shape), None
        case (
            ops.MultiheadAttention(embed_dim=int() as width, batch_first=first)
            | ops.TransformerLayer(d_model=int() as width, batch_first=first)
        ):
            yield ((None, 16, width) if first is True else (16, None, width)), None


def _maps(dims: int, channels: int) -> Iterator[_Guess]:
    if dims == 1:
        yield from (((None, channels, length), None) for length in (1024, 64, 16_000))
    elif dims == 2:
        yield from (((None, channels, side, side), None) for side in SIDES)
    else:
        yield from (((None, channels, 16, side, side), None) for side in (112, 64, 32))


def _images_of(features: int) -> Iterator[_Guess]:
    """The square images, of one channel or three, that have so many elements: a network that flattens its input first."""
    for channels in (1, 3):
        side = round((features / channels) ** 0.5)
        if channels * side * side == features and side > 3:
            yield (None, channels, side, side), None


def _elements(shape: tuple[int | None, ...], batch: int) -> int:
    return math.prod(batch if size is None else size for size in shape)


def _call(model: nn.Module, shape: tuple[int | None, ...], entries: int | None, batch: int) -> Call:
    sizes = [batch if size is None else size for size in shape]
    device = device_of(model)
    if entries is not None:
        return Call((torch.zeros(sizes, dtype=torch.int64, device=device),), {}, batch)
    floating = next((value.dtype for value in model.parameters() if value.dtype.is_floating_point), torch.float32)
    # not filled: the first ways of running a network do not read it, and `filled` makes data for those that do
    return Call((torch.empty(sizes, dtype=floating, device=device),), {}, batch)


def _prime(model: nn.Module, primes: Sequence[int]) -> int:
    """A batch size that divides no size of any parameter: what it divides in a shape then comes from the batch."""
    sizes = {size for value in model.parameters() for size in value.shape} | set(SIDES) | set(LENGTHS)
    return next((prime for prime in primes if not any(size % prime == 0 for size in sizes)), primes[-1])
