"""The arithmetic of shapes: what size comes out of a convolution, a reshape, a broadcast.

Sizes that are not known flow through as Unknown and are never guessed. Two sizes are equal when they are the same number or
the same Unknown object, so a size computed from an unknown one is a new Unknown unless it is certainly the same size.
A function answers None when the result is not known to any rank, and also when the sizes contradict each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from netlint.graph.unknown import Bool, Dim, Int, Shape, Unknown, when_known

if TYPE_CHECKING:
    from netlint.graph.operator import Operator


def conflicts(operator: Operator) -> str | None:
    """A sentence when the known sizes of the inputs contradict the operator; None when they fit or are not known."""
    return operator.conflict(tuple(source.shape for source in operator.inputs))


def written(shape: Shape) -> str:
    """A shape as a person would write it, `[?, 64, 56, 56]`."""
    return "[" + ", ".join("?" if isinstance(size, Unknown) else str(size) for size in shape) + "]"


def size_conflict(name: str, shape: Shape | None, dim: int, expected: Int, what: str) -> str | None:
    """A sentence when one dimension of an input has another size than the operator called `name` expects."""
    size = at(shape, dim)
    if shape is None or size is None or not differ(size, expected):
        return None
    return f"{name} takes {expected} {what}, its input {written(shape)} has {size}"


def rank_conflict(name: str, shape: Shape | None, ranks: tuple[int, ...]) -> str | None:
    """A sentence when an input has another number of dimensions than an operator takes."""
    if shape is None or len(shape) in ranks:
        return None
    return f"{name} takes {' or '.join(map(str, ranks))} dimensions, its input {written(shape)} has {len(shape)}"


# -- single sizes ---------------------------------------------------------------------------------------------------------


def product(sizes: Iterable[Dim]) -> Dim:
    """The number of elements; a single unknown size times ones is that size."""
    known, unknown = 1, []
    for size in sizes:
        if isinstance(size, Unknown):
            unknown.append(size)
        else:
            known *= size
    if not unknown:
        return known
    return unknown[0] if known == 1 and len(unknown) == 1 else Unknown(unknown[0].reason)


def total(sizes: Iterable[Dim]) -> Dim:
    """The sum of sizes."""
    parts = list(sizes)
    return when_known(lambda *known: sum(known), *parts)


def differ(first: Int, second: Int) -> bool:
    """Whether two sizes are certainly different."""
    return isinstance(first, int) and isinstance(second, int) and first != second


def agreed(first: Dim, second: Dim) -> Dim | None:
    """The value of two sizes that must be equal; None if they are not."""
    if differ(first, second):
        return None
    return first if isinstance(first, int) else second


def axis(dim: int, rank: int) -> int | None:
    """A dimension counted from the front; None if it does not exist."""
    return dim % rank if -rank <= dim < rank else None


def at(shape: Shape | None, dim: Int) -> Dim | None:
    """The size of one dimension; None if the shape is not known or too short."""
    if shape is None or isinstance(dim, Unknown):
        return None
    place = axis(dim, len(shape))
    return None if place is None else shape[place]


def replaced(shape: Shape | None, dim: Int, size: Dim) -> Shape | None:
    """The shape with another size in one dimension; in all of them an unknown one if the dimension is not known."""
    if shape is None:
        return None
    if isinstance(dim, Unknown):
        return tuple(Unknown(dim.reason) for _ in shape)
    place = axis(dim, len(shape))
    return None if place is None else (*shape[:place], size, *shape[place + 1 :])


# -- windows --------------------------------------------------------------------------------------------------------------


def per_dimension(values: tuple[Int, ...] | Unknown, dims: int) -> tuple[Int, ...]:
    """One value a spatial dimension; a single one stands for all."""
    if isinstance(values, Unknown):
        return tuple(Unknown(values.reason) for _ in range(dims))
    if len(values) == 1:
        return tuple(values) * dims
    return tuple(values) if len(values) == dims else tuple(Unknown(f"{len(values)} values for {dims} dimensions") for _ in range(dims))


def window_count(size: Dim, kernel: Int, stride: Int, padding: Int, dilation: Int, ceil_mode: Bool = False) -> Dim:
    """How many windows fit: the output size of a convolution or pooling along one dimension (below 1: none fits)."""
    if isinstance(size, Unknown) and stride == 1 and when_known(lambda k, p, d: 2 * p == d * (k - 1), kernel, padding, dilation) is True:
        return size
    return when_known(_window_count, size, kernel, stride, padding, dilation, ceil_mode)


def _window_count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    if stride < 1:
        return 0
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    # a window that ceil mode adds must start inside the input or its left padding
    return count - 1 if (count - 1) * stride >= size + padding else count


def transposed_size(size: Dim, kernel: Int, stride: Int, padding: Int, output_padding: Int, dilation: Int) -> Dim:
    """The output size of a transposed convolution along one dimension."""
    return when_known(
        lambda n, k, s, p, o, d: (n - 1) * s - 2 * p + d * (k - 1) + o + 1, size, kernel, stride, padding, output_padding, dilation
    )


def spatial(shape: Shape | None, dims: int) -> tuple[Shape, Shape] | None:
    """The leading dimensions ((N,) C, batch and channels) and the spatial ones; None if the rank does not fit."""
    if shape is None or len(shape) not in (dims + 1, dims + 2):
        return None
    return shape[:-dims], shape[-dims:]


def all_positive(shape: Shape) -> Shape | None:
    """The shape, or None if a window did not fit anywhere."""
    return None if any(isinstance(size, int) and size < 1 for size in shape) else shape


# -- joining --------------------------------------------------------------------------------------------------------------


def broadcast(*shapes: Shape | None) -> Shape | None:
    """The common shape of operands whose dimensions are aligned at the end, where size one stretches."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) != len(shapes) or not known:
        return None
    rank = max(map(len, known))
    result: list[Dim] = []
    for sizes in zip(*((1,) * (rank - len(shape)) + shape for shape in known), strict=True):
        common: Dim | None = sizes[0]
        for size in sizes[1:]:
            common = None if common is None else _stretched(common, size)
        if common is None:
            return None
        result.append(common)
    return tuple(result)


def _stretched(first: Dim, second: Dim) -> Dim | None:
    if first is second or second == 1:
        return first
    if first == 1:
        return second
    if isinstance(first, Unknown) and isinstance(second, Unknown):
        return Unknown(first.reason)
    return agreed(first, second)


def concatenated(shapes: Sequence[Shape | None], dim: Int) -> Shape | None:
    """The shape of tensors joined along `dim`. One of unknown shape hides only that dimension, since all others must agree."""
    known = [shape for shape in shapes if shape is not None]
    if not known or len({len(shape) for shape in known}) > 1:
        return None
    if isinstance(dim, Unknown):
        return tuple(Unknown(dim.reason) for _ in known[0])
    place = axis(dim, len(known[0]))
    if place is None:
        return None
    result: list[Dim] = []
    for position, sizes in enumerate(zip(*known, strict=True)):
        if position == place:
            result.append(total(sizes) if len(known) == len(shapes) else Unknown("the size of a concatenated tensor"))
            continue
        common: Dim | None = sizes[0]
        for size in sizes[1:]:
            common = None if common is None else agreed(common, size)
        if common is None:
            return None
        result.append(common)
    return tuple(result)


def matrix_product(first: Shape | None, second: Shape | None) -> Shape | None:
    """The shape of `first @ second`: the last two dimensions multiply, those before them broadcast; a vector loses its one."""
    if not first or not second:
        return None
    rows, columns = first[-2:-1], second[-1:] if len(second) > 1 else ()
    if agreed(first[-1], second[-2] if len(second) > 1 else second[-1]) is None:
        return None
    batch = broadcast(first[:-2], second[:-2])
    return None if batch is None else (*batch, *rows, *columns)


def einsum(equation: str, shapes: Sequence[Shape | None]) -> Shape | None:
    """The shape of an Einstein sum; None for equations with an ellipsis."""
    sizes = einsum_sizes(equation, shapes)
    if sizes is None:
        return None
    left, arrow, right = equation.replace(" ", "").partition("->")
    if not arrow:  # the letters that occur once, in alphabetical order
        letters = Counter(left.replace(",", ""))
        right = "".join(sorted(letter for letter, count in letters.items() if count == 1))
    return tuple(sizes[letter] for letter in right) if set(right) <= sizes.keys() else None


def einsum_sizes(equation: str, shapes: Sequence[Shape | None]) -> dict[str, Dim] | None:
    """The size of each letter of an Einstein sum; None if they contradict each other."""
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    if "." in equation or len(terms) != len(shapes):
        return None
    sizes: dict[str, Dim] = {}
    for term, shape in zip(terms, shapes, strict=True):
        if shape is not None and len(term) != len(shape):
            return None
        for letter, size in zip(term, shape or [Unknown(f"dimension `{letter}` of `{equation}`") for letter in term], strict=True):
            common = agreed(sizes.get(letter, size), size)
            if common is None:
                return None
            sizes[letter] = common
    return sizes


def alternative(shapes: Sequence[Shape | None]) -> Shape | None:
    """The shape of a result that has one of several: unknown in the dimensions in which they differ."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) != len(shapes) or len({len(shape) for shape in known}) != 1:
        return None
    return tuple(
        sizes[0] if all(size is sizes[0] or size == sizes[0] for size in sizes) else Unknown("it depends on the branch taken")
        for sizes in zip(*known, strict=True)
    )


# -- moving elements ------------------------------------------------------------------------------------------------------


def flattened(shape: Shape | None, start: Int, end: Int) -> Shape | None:
    """Dimensions start..end as one."""
    if shape is None or isinstance(start, Unknown) or isinstance(end, Unknown):
        return None
    if not shape:
        return (1,)
    first, last = axis(start, len(shape)), axis(end, len(shape))
    if first is None or last is None or first > last:
        return None
    return (*shape[:first], product(shape[first : last + 1]), *shape[last + 1 :])


def reshaped(shape: Shape | None, sizes: tuple[Int, ...] | Unknown) -> Shape | None:
    """The sizes asked for, with the -1 filled in; None if the numbers of elements are known to differ.

    An unknown size that stands on both sides (the batch, usually) cancels.
    """
    if isinstance(sizes, Unknown):
        return None
    rest = [size for size in sizes if size != -1]
    if len(rest) == len(sizes):
        return None if shape is not None and differ(product(shape), product(sizes)) else sizes
    if len(rest) < len(sizes) - 1:
        return None
    missing = _quotient(shape, rest) if shape is not None else Unknown("the shape before it was reshaped")
    return None if missing is None else tuple(missing if size == -1 else size for size in sizes)


def _quotient(shape: Shape, divisors: Iterable[Int]) -> Dim | None:
    """The number of elements over the product of `divisors`; None if it does not divide."""
    divisors = list(divisors)
    above = Counter(size for size in shape if isinstance(size, Unknown))
    below = Counter(size for size in divisors if isinstance(size, Unknown))
    for foreign in below - above:
        return Unknown(foreign.reason)
    unknown = list((above - below).elements())
    elements = math.prod(size for size in shape if isinstance(size, int))
    divided = math.prod(size for size in divisors if isinstance(size, int))
    if unknown:
        return unknown[0] if len(unknown) == 1 and elements == divided else Unknown(unknown[0].reason)
    return elements // divided if divided > 0 and elements % divided == 0 else None


def unflattened(shape: Shape | None, dim: Int, sizes: tuple[Int, ...] | Unknown) -> Shape | None:
    """One dimension as several; -1 among the sizes is inferred."""
    size = at(shape, dim)
    if shape is None or size is None or isinstance(dim, Unknown):
        return None
    pieces = reshaped((size,), sizes)
    place = axis(dim, len(shape))
    return None if pieces is None or place is None else (*shape[:place], *pieces, *shape[place + 1 :])


def permuted(shape: Shape | None, order: tuple[Int, ...] | Unknown) -> Shape | None:
    """The dimensions in another order."""
    if shape is None:
        return None
    if isinstance(order, Unknown):
        return tuple(Unknown(order.reason) for _ in shape)
    if len(order) != len(shape):
        return None
    return tuple(_picked(shape, dim) for dim in order)


def swapped(shape: Shape | None, first: Int, second: Int) -> Shape | None:
    """Two dimensions exchanged."""
    if shape is None:
        return None
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return tuple(Unknown("which dimensions are exchanged") for _ in shape)
    one, other = axis(first, len(shape)), axis(second, len(shape))
    if one is None or other is None:
        return None
    order = list(range(len(shape)))
    order[one], order[other] = other, one
    return tuple(shape[place] for place in order)


def _picked(shape: Shape, dim: Int) -> Dim:
    size = at(shape, dim)
    return Unknown("which dimension moves here") if size is None else size


def squeezed(shape: Shape | None, dims: int | tuple[Int, ...] | None | Unknown) -> Shape | None:
    """Without dimensions of size one: those asked for, or all. Unknown where a size that decides the rank is."""
    if shape is None or isinstance(dims, Unknown):
        return None
    wanted = range(len(shape)) if dims is None else (dims,) if isinstance(dims, int) else dims
    places = set()
    for dim in wanted:
        size = at(shape, dim)
        if size is None or isinstance(size, Unknown) or isinstance(dim, Unknown):
            return None
        places.add(axis(dim, len(shape)))
    return tuple(size for place, size in enumerate(shape) if size != 1 or place not in places)


def unsqueezed(shape: Shape | None, dim: Int, size: Dim = 1) -> Shape | None:
    """With a new dimension at `dim`."""
    if shape is None:
        return None
    if isinstance(dim, Unknown):
        return tuple(Unknown(dim.reason) for _ in range(len(shape) + 1))
    place = axis(dim, len(shape) + 1)
    return None if place is None else (*shape[:place], size, *shape[place:])


def expanded(shape: Shape | None, sizes: tuple[Int, ...] | Unknown) -> Shape | None:
    """`Tensor.expand`: the sizes asked for, aligned at the end; -1 keeps a size."""
    if isinstance(sizes, Unknown) or (shape is not None and len(sizes) < len(shape)):
        return None
    old: Shape = shape if shape is not None else tuple(Unknown("the shape before it was expanded") for _ in sizes)
    kept = (-1,) * (len(sizes) - len(old)) + old
    result = tuple(before if size == -1 else size for before, size in zip(kept, sizes, strict=True))
    return None if -1 in result else result


def repeated(shape: Shape | None, times: tuple[Int, ...] | Unknown) -> Shape | None:
    """`Tensor.repeat`: each size multiplied, aligned at the end."""
    if shape is None or isinstance(times, Unknown) or len(times) < len(shape):
        return None
    old = (1,) * (len(times) - len(shape)) + shape
    return tuple(product((size, count)) for size, count in zip(old, times, strict=True))


def indexed(shape: Shape | None, index: tuple[object, ...] | Unknown) -> Shape | None:
    """Basic indexing with ints, slices, None and Ellipsis; None as soon as something else decides the rank."""
    if shape is None or isinstance(index, Unknown):
        return None
    if any(not (item is None or item is Ellipsis or isinstance(item, slice) or type(item) is int) for item in index):
        return None
    consumed = sum(item is not None and item is not Ellipsis for item in index)
    if consumed > len(shape) or sum(item is Ellipsis for item in index) > 1:
        return None
    items: list[object] = []
    for item in index if Ellipsis in index else (*index, Ellipsis):
        items.extend([slice(None)] * (len(shape) - consumed) if item is Ellipsis else [item])
    result: list[Dim] = []
    sizes = iter(shape)
    for item in items:
        if item is None:
            result.append(1)
            continue
        size = next(sizes)
        if isinstance(item, slice):
            result.append(_sliced(size, item))
        elif isinstance(item, int) and isinstance(size, int) and axis(item, size) is None:
            return None
    return tuple(result)


def _sliced(size: Dim, piece: slice) -> Dim:
    if piece == slice(None):
        return size
    bounds = (piece.start, piece.stop, piece.step)
    if isinstance(size, int) and all(bound is None or isinstance(bound, int) for bound in bounds) and piece.step != 0:
        return len(range(*piece.indices(size)))
    return Unknown("the size of a slice")


def reduced(shape: Shape | None, dims: int | tuple[Int, ...] | None | Unknown, keepdim: bool | Unknown) -> Shape | None:
    """Without the reduced dimensions (all if None), or with size one in their place."""
    if shape is None or isinstance(dims, Unknown) or isinstance(keepdim, Unknown):
        return () if dims is None and keepdim is False else None
    places = set()
    for dim in range(len(shape)) if dims is None or dims == () else (dims,) if isinstance(dims, int) else dims:
        place = axis(dim, len(shape)) if isinstance(dim, int) else None
        if place is None:
            return None
        places.add(place)
    if keepdim:
        return tuple(1 if place in places else size for place, size in enumerate(shape))
    return tuple(size for place, size in enumerate(shape) if place not in places)


def padded(shape: Shape | None, pad: tuple[Int, ...] | Unknown) -> Shape | None:
    """`F.pad`: (before, after) pairs from the last dimension on."""
    if shape is None:
        return None
    if isinstance(pad, Unknown):
        return tuple(Unknown(pad.reason) for _ in shape)
    if len(pad) % 2 or len(pad) > 2 * len(shape):
        return None
    result = list(shape)
    for pair in range(len(pad) // 2):
        before, after = pad[2 * pair], pad[2 * pair + 1]
        if (before, after) != (0, 0):
            result[-1 - pair] = total((result[-1 - pair], before, after))
    return None if any(isinstance(size, int) and size < 0 for size in result) else tuple(result)


def resampled(shape: Shape | None, size: object, scale: object) -> Shape | None:
    """`F.interpolate`: the spatial dimensions brought to `size`, or multiplied by `scale` and rounded down."""
    if shape is None or len(shape) < 3:
        return None
    dims = len(shape) - 2
    targets = _per_axis(size, dims)
    factors = _per_axis(scale, dims)
    result: list[Dim] = []
    for old, target, factor in zip(shape[2:], targets, factors, strict=True):
        if isinstance(target, (int, Unknown)):
            result.append(target)
        elif factor == 1:
            result.append(old)
        elif isinstance(factor, (int, float)):
            result.append(when_known(lambda n, by: math.floor(n * by), old, factor))
        else:
            result.append(Unknown(factor.reason if isinstance(factor, Unknown) else "the size it is resampled to"))
    return (*shape[:2], *result)


def _per_axis(value: object, dims: int) -> tuple[object, ...]:
    if not isinstance(value, tuple):
        return (value,) * dims
    return value * dims if len(value) == 1 else value if len(value) == dims else (Unknown("the number of spatial dimensions"),) * dims


def chunk(size: Dim, pieces: Int, index: int) -> Dim | None:
    """The size of one of several equal pieces; None without such a piece, or if they are not equal (`chunk` and `tensor_split` differ)."""
    if isinstance(pieces, int) and index >= pieces:
        return None
    return when_known(lambda n, count: n // count if count > 0 and n % count == 0 else None, size, pieces)


def pixel_shuffled(shape: Shape | None, factor: Int, inverse: bool) -> Shape | None:
    """(..., C r^2, H, W) as (..., C, H r, W r), or back; None if a size does not divide."""
    if shape is None or len(shape) < 3:
        return None
    area = product((factor, factor))
    *lead, channels, height, width = shape
    if inverse:
        wide = (_divided(height, factor), _divided(width, factor))
        result = (*lead, product((channels, area)), *wide)
    else:
        result = (*lead, _divided(channels, area), product((height, factor)), product((width, factor)))
    return all_positive(result)


def _divided(size: Dim, divisor: Int) -> Dim:
    """An exact quotient; 0 if there is none."""
    return when_known(lambda n, by: n // by if by > 0 and n % by == 0 else 0, size, divisor)


def unfolded(shape: Shape | None, kernel_size: object, dilation: object, padding: object, stride: object) -> Shape | None:
    """`F.unfold`: (N, C, H, W) as (N, C * window, number of windows)."""
    if shape is None or len(shape) not in (3, 4):
        return None
    windows = []
    for size, *options in zip(shape[-2:], *(_per_axis(value, 2) for value in (kernel_size, stride, padding, dilation)), strict=True):
        kernel, step, pad, spread = (value if isinstance(value, (int, Unknown)) else Unknown("an option of `unfold`") for value in options)
        windows.append((kernel, window_count(size, kernel, step, pad, spread)))
    channels = product((shape[-3], *(kernel for kernel, _ in windows)))
    return all_positive((*shape[:-3], channels, product(count for _, count in windows)))


def rearranged(shape: Shape | None, pattern: str) -> Shape | None:
    """`einops.rearrange`: an axis split on the left is unknown in its parts, since their lengths stand outside the pattern."""
    left, arrow, right = pattern.partition("->")
    sources, targets = _axes(left), _axes(right)
    if shape is None or not arrow or "..." in pattern or len(sources) != len(shape):
        return None
    sizes: dict[str, Dim] = {}
    for names, size in zip(sources, shape, strict=True):
        if len(names) == 1:
            sizes[names[0]] = size
    return tuple(product(1 if name == "1" else sizes.get(name) or Unknown(f"axis `{name}`") for name in names) for names in targets)


def _axes(side: str) -> list[list[str]]:
    """The axes of one side of an einops pattern, each with the names of its parts: `b (h d)` is [[b], [h, d]]."""
    axes: list[list[str]] = []
    group: list[str] | None = None
    for token in side.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            group = []
        elif token == ")" and group is not None:
            axes.append(group)
            group = None
        elif group is not None:
            group.append(token)
        else:
            axes.append([token])
    return axes
