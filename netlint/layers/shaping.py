"""Layers that move elements: their backward pass moves the gradient back, and sums it where an element was copied."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from netlint.layers.arithmetic import summed_to
from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace


@dataclass(frozen=True)
class Identity(ReferenceLayer):
    """y = x.

    >>> Identity().forward((1.0,)).output
    1.0
    """

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        return Step(inputs[:1], lambda g: Gradients((g,)))


@dataclass(frozen=True)
class Detach(ReferenceLayer):
    """y = x, without a gradient.

    >>> Detach().forward((1.0,)).backward(1.0).inputs
    (None,)
    """

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        return Step(inputs[:1], lambda g: Gradients((None,)))


class Rearrangement(ReferenceLayer):
    """The same elements in another shape, in the same order; the gradient takes the old shape."""

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        old = tuple(x.shape)
        return Step((xp.reshape(x, self.reshaped(old)),), lambda g: Gradients((xp.reshape(g, old),)))

    @abstractmethod
    def reshaped(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The new shape."""


@dataclass(frozen=True)
class Flatten(Rearrangement):
    """Merges dimensions `start_dim` .. `end_dim` into one.

    >>> import numpy as np
    >>> Flatten().forward((np.zeros((2, 3, 4)),)).output.shape
    (2, 12)
    """

    start_dim: int = 1
    end_dim: int = -1

    def reshaped(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if not shape:
            return (1,)
        first, last = self.start_dim % len(shape), self.end_dim % len(shape)
        merged = 1
        for size in shape[first : last + 1]:
            merged *= size
        return (*shape[:first], merged, *shape[last + 1 :])


@dataclass(frozen=True)
class Kept:
    """The size that dimension `dim` of the input has, whatever it is: a batch, usually."""

    dim: int


@dataclass(frozen=True)
class Reshape(Rearrangement):
    """`view` or `reshape` to `sizes`, of which one may be -1, and those may be kept whose number is not known before.

    >>> import numpy as np
    >>> Reshape(sizes=(-1, 3)).forward((np.zeros((2, 6)),)).output.shape
    (4, 3)
    >>> Reshape(sizes=(Kept(0), 3, -1)).forward((np.zeros((2, 6)),)).output.shape
    (2, 3, 2)
    """

    sizes: tuple[int | Kept, ...]

    def reshaped(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(shape[size.dim] if isinstance(size, Kept) else size for size in self.sizes)


@dataclass(frozen=True)
class Unflatten(Rearrangement):
    """Splits dimension `dim` into `sizes`.

    >>> import numpy as np
    >>> Unflatten(dim=1, sizes=(3, 2)).forward((np.zeros((2, 6)),)).output.shape
    (2, 3, 2)
    """

    dim: int
    sizes: tuple[int, ...]

    def reshaped(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        place = self.dim % len(shape)
        return (*shape[:place], *self.sizes, *shape[place + 1 :])


@dataclass(frozen=True)
class Squeeze(Rearrangement):
    """Drops the dimensions of size one among `dim` (None: all).

    >>> import numpy as np
    >>> Squeeze(dim=(0, 1)).forward((np.zeros((1, 2, 1)),)).output.shape
    (2, 1)
    """

    dim: int | tuple[int, ...] | None = None

    def reshaped(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        chosen = range(len(shape)) if self.dim is None else (self.dim,) if isinstance(self.dim, int) else self.dim
        dropped = {place % len(shape) for place in chosen if shape}
        return tuple(size for place, size in enumerate(shape) if size != 1 or place not in dropped)


@dataclass(frozen=True)
class Unsqueeze(Rearrangement):
    """Inserts a dimension of size one.

    >>> import numpy as np
    >>> Unsqueeze(dim=-1).forward((np.zeros(2),)).output.shape
    (2, 1)
    """

    dim: int

    def reshaped(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        place = self.dim % (len(shape) + 1)
        return (*shape[:place], 1, *shape[place:])


@dataclass(frozen=True)
class Permute(ReferenceLayer):
    """Reorders the dimensions: `order` gives the old place of each, or `swap` two that change places.

    >>> import numpy as np
    >>> Permute(swap=(0, -1)).forward((np.zeros((2, 3, 4)),)).output.shape
    (4, 3, 2)
    """

    order: tuple[int, ...] | None = None
    swap: tuple[int, int] | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        places = list(range(x.ndim))
        if self.swap is not None:
            first, second = self.swap
            places[first], places[second] = places[second], places[first]
        else:
            places = [place % x.ndim for place in self.order] if self.order is not None else places[::-1]
        back = tuple(places.index(place) for place in range(x.ndim))
        return Step((xp.permute_dims(x, tuple(places)),), lambda g: Gradients((xp.permute_dims(g, back),)))


@dataclass(frozen=True)
class Concat(ReferenceLayer):
    """`torch.cat` along `dim`; each input gets its part of the gradient.

    >>> import numpy as np
    >>> step = Concat(dim=0).forward((np.zeros(1), np.ones(2)))
    >>> print(step.output, [g.shape for g in step.backward(step.output).inputs])
    [0. 1. 1.] [(1,), (2,)]
    """

    dim: int = 0

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        xp = namespace(*inputs)
        sizes = [x.shape[self.dim] for x in inputs]
        return Step((xp.concat(inputs, axis=self.dim),), lambda g: Gradients(tuple(_pieces(g, self.dim, sizes))))


@dataclass(frozen=True)
class Stack(ReferenceLayer):
    """`torch.stack` along a new `dim`.

    >>> import numpy as np
    >>> Stack(dim=1).forward((np.zeros(2), np.ones(2))).output
    array([[0., 1.],
           [0., 1.]])
    """

    dim: int = 0

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        xp = namespace(*inputs)
        return Step((xp.stack(inputs, axis=self.dim),), lambda g: Gradients(tuple(xp.unstack(g, axis=self.dim))))


@dataclass(frozen=True)
class Split(ReferenceLayer):
    """Several pieces along `dim`: of these `sizes`, or `pieces` of them as `torch.chunk` cuts; single slices if not `keep_dim`.

    >>> import numpy as np
    >>> Split(pieces=2).forward((np.arange(3),)).outputs
    (array([0, 1]), array([2]))
    """

    dim: int = 0
    pieces: int | None = None
    sizes: tuple[int, ...] | None = None
    keep_dim: bool = True

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        xp = namespace(x)
        length = x.shape[self.dim]
        if not self.keep_dim:
            outputs = tuple(xp.unstack(x, axis=self.dim))
        else:
            outputs = tuple(_pieces(x, self.dim, self.sizes or self._chunks(length)))

        def pull(*gradients: Array) -> Gradients:
            whole = [xp.zeros_like(y) if g is None else g for y, g in zip(outputs, gradients, strict=True)]
            return Gradients(((xp.concat if self.keep_dim else xp.stack)(whole, axis=self.dim),))

        return Step(outputs, pull)

    def _chunks(self, length: int) -> list[int]:
        size = max(-(-length // (self.pieces or 1)), 1)
        return [min(size, length - start) for start in range(0, length, size)]


def _along(axis: int, part: object) -> tuple[object, ...]:
    """The index of one part along one axis."""
    return (*(slice(None),) * axis, part, ...)


def _pieces(x: Array, dim: int, sizes: tuple[int, ...] | list[int]) -> Iterator[Array]:
    """Consecutive pieces of these sizes along a dimension."""
    start = 0
    for size in sizes:
        yield x[_along(dim % x.ndim, slice(start, start + size))]
        start += size


@dataclass(frozen=True)
class Pad(ReferenceLayer):
    """Padding by `pad` as in `F.pad`: (before, after) pairs, the last dimension first; a negative number crops.

    `mode` is constant (`value`), reflect (without the edge), replicate (the edge) or circular.

    >>> import numpy as np
    >>> Pad(pad=(1, 1), mode="reflect").forward((np.array([1.0, 2.0, 3.0]),)).output
    array([2., 1., 2., 3., 2.])
    """

    pad: tuple[int, ...]
    mode: str = "constant"
    value: float = 0.0

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        steps: list[Step] = []
        for number in range(len(self.pad) // 2):
            before, after = self.pad[2 * number : 2 * number + 2]
            if before or after:
                source = steps[-1].output if steps else x
                steps.append(self._along(source, source.ndim - 1 - number, before, after))

        def pull(g: Array) -> Gradients:
            for step in reversed(steps):
                (g,) = step.pull(g).inputs
            return Gradients((g,))

        return Step((steps[-1].output if steps else x,), pull)

    def _along(self, x: Array, axis: int, before: int, after: int) -> Step:
        """One dimension: position j of the result is a copy of position `sources[j]` of the input, or the value."""
        xp = namespace(x)
        sources = [self._source(place, x.shape[axis]) for place in range(-before, x.shape[axis] + after)]
        start, stop = max(before, 0), len(sources) - max(after, 0)
        inner = _along(axis, slice(max(-before, 0), max(-before, 0) + stop - start))
        outer = _along(axis, slice(start, stop))
        margin = [place for place in range(len(sources)) if not start <= place < stop]
        y = xp.zeros((*x.shape[:axis], len(sources), *x.shape[axis + 1 :]), dtype=x.dtype, device=x.device) + (self.value or 0)
        y[outer] = x[inner]
        for place in margin:
            if sources[place] is not None:
                y[_along(axis, place)] = x[_along(axis, sources[place])]

        def pull(g: Array) -> Gradients:
            back = xp.zeros_like(x)
            back[inner] += g[outer]
            for place in margin:
                if sources[place] is not None:
                    back[_along(axis, sources[place])] += g[_along(axis, place)]
            return Gradients((back,))

        return Step((y,), pull)

    def _source(self, place: int, length: int) -> int | None:
        if 0 <= place < length:
            return place
        match self.mode:
            case "constant":
                return None
            case "reflect":
                return -place if place < 0 else 2 * (length - 1) - place
            case "replicate":
                return 0 if place < 0 else length - 1
            case "circular":
                return place % length
        raise ValueError(f"padding mode {self.mode!r}")


@dataclass(frozen=True)
class Slice(ReferenceLayer):
    """Indexing by numbers, slices, None and Ellipsis.

    >>> import numpy as np
    >>> step = Slice(index=(slice(1, None),)).forward((np.array([1.0, 2.0, 3.0]),))
    >>> print(step.output, step.backward(np.ones(2)).inputs[0])
    [2. 3.] [0. 1. 1.]
    """

    index: tuple[object, ...] = ()

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        if not all(part is None or part is Ellipsis or type(part) is int or isinstance(part, slice) for part in self.index):
            raise ValueError(f"an index of {self.index}")

        def pull(g: Array) -> Gradients:
            back = namespace(x).zeros_like(x)
            back[self.index] = g
            return Gradients((back,))

        return Step((x[self.index],), pull)


@dataclass(frozen=True)
class Expand(ReferenceLayer):
    """Copies along dimensions: `expand` and `broadcast_to` stretch those of size one (-1 keeps a size), `repeat` and `tile` lay copies side
    by side. The gradient of an element is the sum over its copies.

    >>> import numpy as np
    >>> step = Expand(how="repeat", sizes=(2,)).forward((np.array([1.0, 2.0]),))
    >>> print(step.output, step.backward(np.arange(4.0)).inputs[0])
    [1. 2. 1. 2.] [2. 4.]
    """

    how: str
    sizes: tuple[int, ...]

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x = inputs[0]
        xp = namespace(x)
        if self.how in ("repeat", "tile"):
            times = (1,) * (x.ndim - len(self.sizes)) + self.sizes
            y = xp.tile(x, times)
            whole = (1,) * (len(times) - x.ndim) + tuple(x.shape)
            split = tuple(part for pair in zip(times, whole, strict=True) for part in pair)

            def pull(g: Array) -> Gradients:
                return Gradients((xp.reshape(xp.sum(xp.reshape(g, split), axis=tuple(range(0, len(split), 2))), x.shape),))

            return Step((y,), pull)
        extra = len(self.sizes) - x.ndim
        sizes = tuple(x.shape[place - extra] if size == -1 else size for place, size in enumerate(self.sizes))
        return Step((xp.broadcast_to(x, sizes),), lambda g: Gradients((summed_to(g, x),)))
