"""Sizes for the free inputs of a region: what the graph knows, what the operators around ask for, and small numbers for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netlint.graph import Operator, Shape, Unknown
from netlint.graph import operators as ops
from netlint.verify.region import Region

CHANNELS = 4
BATCH = 3
SPATIAL = (2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 24, 32, 64)
"""Spatial sizes that are tried: odd and even ones, so that windows end inside and outside of the input."""


@dataclass(frozen=True)
class Hint:
    """What is known of a tensor: its rank, its number of channels (dimension 1, or the last one), and sizes at its end."""

    rank: int | None = None
    channels: int | None = None
    tail: tuple[int, ...] = ()


def shapes(region: Region) -> Iterator[list[tuple[int, ...]]]:
    """Candidates for the shapes of a region's inputs, small ones first; then the graph's own sizes."""
    hints = [_hint(pair, region) for pair in region.inputs]
    ranks = [hint.rank for hint in hints if hint.rank is not None]
    ranks += [len(hint.tail) + 1 for hint in hints if hint.tail]
    for rank in dict.fromkeys((*ranks[:1], 4, 2, 3, 5)):
        for size in SPATIAL:
            yield [_shape(pair[1].shape, hint, hint.rank or rank, size) for pair, hint in zip(region.inputs, hints, strict=True)]
            if not any((hint.rank or rank) > 2 for hint in hints):
                break
    yield [_own(pair[1].shape, hint) for pair, hint in zip(region.inputs, hints, strict=True)]


def _shape(known: Shape | None, hint: Hint, rank: int, size: int) -> tuple[int, ...]:
    """A shape of this rank, with spatial sizes `size`, `size + 1`, ..."""
    if not rank:
        return ()
    if known is not None and len(known) < 2:
        return tuple(length if isinstance(length, int) else CHANNELS for length in known)
    channels = hint.channels
    if channels is None and known is not None and len(known) > 1 and isinstance(known[1], int):
        channels = known[1]
    shape = (BATCH, channels or CHANNELS, *(size + place for place in range(rank - 2)))[:rank]
    if hint.tail:
        return (*shape[: rank - len(hint.tail)], *hint.tail)
    if known is not None and len(known) == rank:  # a dimension of size one is stretched: it stays
        shape = tuple(1 if length == 1 else chosen for length, chosen in zip(known, shape, strict=True))
    return shape


def _own(known: Shape | None, hint: Hint) -> tuple[int, ...]:
    """The graph's sizes, the batch and other unknown ones filled."""
    if known is None:
        return _shape(None, hint, hint.rank or 4, 8)
    return tuple(size if isinstance(size, int) else (BATCH if place == 0 else 8) for place, size in enumerate(known))


def _hint(pair: tuple[Operator, Operator], region: Region) -> Hint:
    operator = pair[1]
    found = Hint(rank=len(operator.shape) if operator.shape is not None else None)
    asked: list[Hint] = []
    for side, group in enumerate((region.before, region.after)):
        asked.extend(_asked(pair[side], group))
    for hint in (_made(operator), *asked):
        found = Hint(found.rank or hint.rank, found.channels or hint.channels, found.tail or hint.tail)
    return found


def _made(operator: Operator) -> Hint:
    """What an operator says of its own result, or of the input whose shape it keeps."""
    for _ in range(64):
        hint = _result(operator)
        if hint != Hint():
            return hint
        if not operator.inputs or not (operator.keeps_shape or isinstance(operator, ops.Elementwise)):
            return Hint()
        operator = operator.inputs[0]
    return Hint()


def _result(operator: Operator) -> Hint:
    match operator:
        case ops.Conv():
            return Hint(operator.dims + 2, _int(operator.out_channels))
        case ops.Linear():
            return Hint(None, None, _tail(operator.out_features))
    return _input(operator)


def _input(operator: Operator) -> Hint:
    """What an operator asks of its first input."""
    match operator:
        case ops.Conv():
            return Hint(operator.dims + 2, _int(operator.in_channels))
        case ops.Linear():
            return Hint(None, None, _tail(operator.in_features))
        case ops.BatchNorm() | ops.InstanceNorm():
            return Hint(None if operator.dims in (None, 1) else operator.dims + 2, _int(operator.num_features))
        case ops.GroupNorm():
            return Hint(None, _int(operator.num_channels))
        case ops.LayerNorm(channels_first=False) | ops.RMSNorm():
            return Hint(None, None, _tail(*operator.normalized_shape)) if isinstance(operator.normalized_shape, tuple) else Hint()
        case ops.PReLU():
            count = _int(operator.num_parameters)
            return Hint(None, count if count != 1 else None)
        case ops.Pool():
            return Hint(operator.dims + 2)
        case ops.ChannelDropout():
            return Hint(operator.dims + 2)
    return Hint()


def _asked(source: Operator, group: Sequence[Operator]) -> Iterator[Hint]:
    """What the readers of a value ask of it, also behind operators that keep its shape."""
    same = {id(source)}
    for operator in group:
        if not operator.inputs or id(operator.inputs[0]) not in same:
            if operator.elementwise and any(id(one) in same for one in operator.inputs):
                same.add(id(operator))
            continue
        hint = _input(operator)
        yield hint
        if operator.keeps_shape or operator.elementwise:
            same.add(id(operator))
        elif isinstance(operator, ops.Pool):  # rank and channels are kept
            for later in group:
                if later.inputs and later.inputs[0] is operator:
                    yield Hint(_input(later).rank, _input(later).channels)


def _int(size: int | Unknown) -> int | None:
    return size if isinstance(size, int) else None


def _tail(*sizes: int | Unknown) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else CHANNELS for size in sizes)
