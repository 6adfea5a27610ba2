"""Shape inference with onnx's own tool, which knows the operators; what it cannot infer the graph's operators infer later."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import shape_inference

from netlint.graph.unknown import Dim, Shape, Unknown

_FAILURES = (shape_inference.InferenceError, RuntimeError, ValueError, TypeError, MemoryError, onnx.checker.ValidationError)
LARGEST = 2**40
"""A size above this is a mistake."""


def inferred(model: onnx.ModelProto, inputs: tuple[Shape, ...] = ()) -> tuple[onnx.ModelProto, str | None]:
    """The model with the shapes of its values, and why there are none if that failed. `inputs` replace those that the file states."""
    for entry, shape in zip(_entries(model.graph), inputs, strict=False):
        _state(entry, shape)
    if not model.opset_import:
        return model, "the model does not say which operator set it uses: shapes are not inferred"
    try:
        # without `data_prop`, whose time and memory grow with the size that a one-dimensional tensor claims to have
        return shape_inference.infer_shapes(model, check_type=False, strict_mode=False), None
    except _FAILURES as error:
        return model, f"shape inference failed, so that fewer shapes are known: {str(error).splitlines()[0] if str(error) else error!r}"


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
