"""The shapes that a file states. Those that it does not state the operators' own arithmetic gives (`table.settle`).

onnx's shape inference is not used: it is native code that a malformed model can bring down with the whole process (an attribute of
another type than the operator's is enough), and its propagation of sizes takes memory by the sizes that a model claims.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from netlint.graph.unknown import Dim, Shape, Unknown

LARGEST = 2**40
"""A size above this is a mistake."""


def state(model: onnx.ModelProto, inputs: tuple[Shape, ...]) -> None:
    """Other shapes for the inputs than those that the file states; what it states of the values behind them is then forgotten."""
    if not inputs:
        return
    for entry, shape in zip(_entries(model.graph), inputs, strict=False):
        _state(entry, shape)
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")


def _entries(graph: onnx.GraphProto) -> Iterator[onnx.ValueInfoProto]:
    """The inputs that a user passes; old models list their weights among the inputs too."""
    stored = {tensor.name for tensor in graph.initializer}
    return (entry for entry in graph.input if entry.name not in stored)


def _state(entry: onnx.ValueInfoProto, shape: Shape) -> None:
    tensor = entry.type.tensor_type
    tensor.ClearField("shape")
    for size in shape:
        dim = tensor.shape.dim.add()
        if isinstance(size, int):
            dim.dim_value = size


class Dims:
    """The shapes of values; a symbolic size is one Unknown wherever its name stands."""

    def __init__(self) -> None:
        self._named: dict[str, Unknown] = {}

    def of(self, kind: onnx.TypeProto) -> Shape | None:
        """The shape that a type states; None without a rank."""
        if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
            return None
        return tuple(self._size(dim) for dim in kind.tensor_type.shape.dim)

    def _size(self, dim: onnx.TensorShapeProto.Dimension) -> Dim:
        if dim.HasField("dim_value") and 1 <= dim.dim_value <= LARGEST:
            return dim.dim_value
        if dim.HasField("dim_param") and dim.dim_param:
            return self._named.setdefault(dim.dim_param, Unknown(f"the size `{dim.dim_param}` is chosen when the model runs"))
        return Unknown("a size that the file does not state")
