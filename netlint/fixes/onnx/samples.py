"""Inputs to run a model on: of the shapes that it states, ordinary ones and those at which innocent changes break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from netlint.fixes.onnx.runtime import CannotRun, Feeds
from netlint.graph import Shape
from netlint.verify import tensors

BATCHES = (1, 3)
"""Sizes of a first dimension that is open."""
EDGES = (64, 224, 16, 8, 512, 1)
"""Sizes that are tried for the other open dimensions, until the model takes one."""
MOST_ELEMENTS = 2**24
"""Elements of one input; more are not tried."""
_IDS = 2
"""Integers are below this: what they are (tokens, sizes, a switch) is not known, but 0 and 1 are among the fewest that a table has."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An input of a model. A dimension is a size, or the name of one that is open (empty: without a name)."""

    name: str
    dtype: np.dtype
    dims: tuple[int | str, ...]

    @property
    def open_batch(self) -> bool:
        return bool(self.dims) and isinstance(self.dims[0], str)

    @property
    def open_edges(self) -> bool:
        return any(isinstance(dim, str) for dim in self.dims[1:])

    def shape(self, batch: int, edge: int) -> tuple[int, ...]:
        return tuple(dim if isinstance(dim, int) else batch if place == 0 else edge for place, dim in enumerate(self.dims))


@dataclass(frozen=True, slots=True)
class Sample:
    """Inputs of one kind (see `tensors.KINDS`)."""

    kind: tensors.Kind
    batch: int
    feeds: Feeds


def entries(model: onnx.ModelProto, given: Sequence[Shape] = ()) -> list[Entry]:
    """The inputs that a user passes; `given` are shapes to take instead of those that the file states. Raises CannotRun."""
    stored = {tensor.name for tensor in model.graph.initializer}
    found: list[Entry] = []
    for entry in model.graph.input:
        if entry.name in stored:
            continue
        kind = entry.type.tensor_type
        if not entry.type.HasField("tensor_type") or (not kind.HasField("shape") and len(given) <= len(found)):
            raise CannotRun(f"the model does not say which shape its input `{entry.name}` has")
        try:
            dtype = np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type))
        except (KeyError, ValueError, TypeError) as error:
            raise CannotRun(f"the input `{entry.name}` has a type that NumPy does not know") from error
        if dtype.kind not in "fiub":
            raise CannotRun(f"the input `{entry.name}` holds no numbers")
        dims: tuple[int | str, ...] = tuple(dim.dim_value if dim.dim_value > 0 else dim.dim_param for dim in kind.shape.dim)
        if len(found) < len(given):
            dims = tuple(size if isinstance(size, int) else "" for size in given[len(found)])
        found.append(Entry(entry.name, dtype, dims))
    return found


def samples(model: list[Entry], edge: int) -> Iterator[Sample]:
    """Inputs of every kind for one sample, then ordinary ones for several, if the model takes several."""
    for batch in BATCHES if any(entry.open_batch for entry in model) else BATCHES[:1]:
        for kind in tensors.KINDS:
            if batch == BATCHES[0] or kind.ordinary:
                yield Sample(kind, batch, {entry.name: _tensor(entry, kind, batch, edge) for entry in model})


def _tensor(entry: Entry, kind: tensors.Kind, batch: int, edge: int) -> np.ndarray:
    shape = entry.shape(batch, edge)
    count = 1
    for size in shape:
        count *= size
    if count > MOST_ELEMENTS:
        raise CannotRun(f"the input `{entry.name}` has {count} elements")
    if entry.dtype.kind == "f":
        return tensors.tensor(kind, shape, entry.dtype, entry.name)
    limit = 256 if entry.dtype == np.uint8 else _IDS
    return np.asarray(tensors.generator(kind.name, shape, entry.name).integers(0, limit, size=shape)).astype(entry.dtype)
