"""Arithmetic on known tensors: the sizes, axes and masks that exporters compute in the graph.

Sizes that are not known take part as Unknown, in object arrays, so that `[batch, -1]` is known in its second place.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np

from netlint.frontends.onnx.ir import Node, Value
from netlint.frontends.onnx.load import SMALL
from netlint.graph.unknown import Shape, Unknown, when_known

Array: TypeAlias = "np.ndarray"
_Folder: TypeAlias = Callable[[Node, list[Array]], "Array | None"]
_FAILURES = (ValueError, TypeError, IndexError, KeyError, ArithmeticError, AttributeError, np.exceptions.AxisError)

_TYPES: Mapping[int, Any] = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
}
"""The element types of ONNX that numpy has."""


def fold(node: Node) -> None:
    """Sets the elements of a node's result where they can be computed from those of its operands."""
    if not node.standard or not node.outputs:
        return
    result = node.outputs[0]
    try:
        _fold(node, result)
    except _FAILURES:  # an attribute or operand that the operator does not take: nothing is known of the result
        return


def _fold(node: Node, result: Value) -> None:
    if node.kind == "CastLike" and node.inputs:  # to the type of something that need not be known itself
        array = node.array(0)
        _set(result, array)
    elif node.kind == "Constant":
        _constant(node, result)
    elif node.kind in ("Shape", "Size"):
        _shape(node, result)
    elif node.kind == "ConstantOfShape" and result.shape is None:
        result.shape = ints(node.array(0))
    if node.kind in _FOLDERS and node.inputs:
        arrays = [None if value is None else value.array for value in node.inputs]
        given = [array for array, value in zip(arrays, node.inputs, strict=True) if value is not None]
        if any(array is None or array.size > SMALL for array in given):
            return
        with np.errstate(all="ignore"):
            _set(result, _FOLDERS[node.kind](node, cast("list[Array]", arrays)))


def ints(array: Array | None) -> tuple[int | Unknown, ...] | None:
    """The elements of an array as integers; None if they are not known, or not integers."""
    if array is None:
        return None
    items = array.reshape(-1).tolist()
    if not all(isinstance(item, (int, Unknown)) for item in items):
        return None
    return tuple(items)


def scalar(value: Value | None) -> float | None:
    """The number that all elements of a tensor are; None if they differ or are not known."""
    if value is None or value.array is None or value.array.size == 0 or value.array.dtype == object:
        return None
    first = value.array.reshape(-1)[0]
    return float(first) if np.all(value.array == first) else None


def _set(result: Value, array: Array | None) -> None:
    if array is None or array.size > SMALL:
        return
    if array.dtype == object and not any(isinstance(item, Unknown) for item in array.reshape(-1)):
        array = np.array(array.tolist(), dtype=np.int64) if array.size else array.astype(np.int64)
    result.array = array
    result.shape = array.shape


def _constant(node: Node, result: Value) -> None:
    for name, content in node.attributes.items():
        if name == "value" and isinstance(content, Value):
            result.array, result.shape, result.element, result.stored = content.array, content.shape, content.element, True
        elif name in ("value_float", "value_floats") and isinstance(content, (int, float, list)):
            _set(result, np.array(content, dtype=np.float32))
        elif name in ("value_int", "value_ints") and isinstance(content, (int, list)):
            _set(result, np.array(content, dtype=np.int64))


def _shape(node: Node, result: Value) -> None:
    shape = node.inputs[0].shape if node.inputs and node.inputs[0] is not None else None
    if shape is None:
        return
    if node.kind == "Size":
        if all(isinstance(size, int) for size in shape):
            _set(result, np.array(np.prod(np.array(shape, dtype=np.int64))))
        return
    end = node.attributes.get("end")
    _set(result, _objects(shape[node.integer("start", 0) : end if isinstance(end, int) else None]))


def _objects(items: Shape) -> Array:
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return array


def _axes(node: Node, arrays: list[Array], place: int = 1) -> tuple[int, ...] | None:
    """Axes as an attribute (before opset 13) or an operand."""
    if len(arrays) > place and arrays[place] is not None:
        return tuple(int(axis) for axis in arrays[place].reshape(-1))
    return node.integers("axes")


def _unsqueeze(node: Node, arrays: list[Array]) -> Array:
    axes = _axes(node, arrays) or ()
    return np.expand_dims(arrays[0], tuple(axes))


def _squeeze(node: Node, arrays: list[Array]) -> Array:
    return np.squeeze(arrays[0], _axes(node, arrays))


def _slice(node: Node, arrays: list[Array]) -> Array | None:
    starts, ends = node.integers("starts"), node.integers("ends")
    axes, steps = node.integers("axes"), None
    if len(arrays) > 2:
        starts, ends = (tuple(int(item) for item in array.reshape(-1)) for array in arrays[1:3])
        axes = _axes(node, arrays, 3)
        steps = _axes(node, arrays, 4) if len(arrays) > 4 else None
    if starts is None or ends is None:
        return None
    index = [slice(None)] * arrays[0].ndim
    for axis, start, end, step in zip(axes or range(len(starts)), starts, ends, steps or (1,) * len(starts), strict=False):
        index[axis] = slice(start, None if step < 0 and end < -arrays[0].shape[axis] else end, step)
    return arrays[0][tuple(index)]


def _cast(node: Node, arrays: list[Array]) -> Array | None:
    kind = _TYPES.get(node.integer("to", 0))
    if arrays[0].dtype == object:
        return arrays[0] if kind in (np.int32, np.int64) else None
    return None if kind is None else arrays[0].astype(kind)


def _filled(node: Node, arrays: list[Array]) -> Array | None:
    shape = [int(size) for size in arrays[0].reshape(-1)]
    if any(size < 0 for size in shape) or np.prod(np.array(shape, dtype=np.float64)) > SMALL:
        return None
    fill = node.attributes.get("value")
    content = fill.array if isinstance(fill, Value) else np.zeros(1, np.float32)
    return None if content is None else np.full(shape, content.reshape(-1)[0])


def _expand(node: Node, arrays: list[Array]) -> Array | None:
    sizes = [int(size) for size in arrays[1].reshape(-1)]
    shape = np.broadcast_shapes(arrays[0].shape, tuple(sizes))
    return np.broadcast_to(arrays[0], shape) if np.prod(np.array(shape, dtype=np.float64)) <= SMALL else None


def _reshape(node: Node, arrays: list[Array]) -> Array:
    sizes = [int(size) for size in arrays[1].reshape(-1)]
    if not node.integer("allowzero", 0):
        sizes = [arrays[0].shape[place] if size == 0 else size for place, size in enumerate(sizes)]
    return arrays[0].reshape(sizes)


def _range(node: Node, arrays: list[Array]) -> Array | None:
    start, limit, step = (array.item() for array in arrays)
    return np.arange(start, limit, step, dtype=arrays[0].dtype) if abs((limit - start) / step) <= SMALL else None


def _reduce(function: Callable[..., Any]) -> _Folder:
    def folded(node: Node, arrays: list[Array]) -> Array:
        axes = _axes(node, arrays)
        keep = bool(node.integer("keepdims", 1))
        return np.asarray(function(arrays[0], axis=tuple(axes) if axes else None, keepdims=keep))

    return folded


def _binary(function: Callable[[Any, Any], Any]) -> _Folder:
    """Element by element; what is computed with an Unknown is a new one, but times or plus nothing it is the same."""

    def one(first: Any, second: Any) -> Any:
        if function is operator.mul and 1 in (first, second):
            return second if first == 1 else first
        return when_known(function, first, second)

    def folded(node: Node, arrays: list[Array]) -> Array:
        first, second = arrays
        if object not in (first.dtype, second.dtype):
            return np.asarray(function(first, second))
        pairs = np.broadcast(first, second)
        return _objects(tuple(one(left, right) for left, right in pairs)).reshape(pairs.shape)

    return folded


def _divide(first: Any, second: Any) -> Any:
    """Integers are divided with truncation."""
    whole = all(np.asarray(item).dtype.kind in "iu" for item in (first, second))
    if not whole:
        return first / second
    if not np.all(second):
        raise ZeroDivisionError
    return np.trunc(np.asarray(first, np.float64) / second).astype(np.int64) if isinstance(first, np.ndarray) else int(first / second)


def _known(function: Callable[..., Any]) -> _Folder:
    """A function that is only computed when all elements are known."""

    def folded(node: Node, arrays: list[Array]) -> Array | None:
        return None if any(array.dtype == object for array in arrays) else np.asarray(function(*arrays))

    return folded


_FOLDERS: Mapping[str, _Folder] = {
    "Identity": lambda node, arrays: arrays[0],
    "Cast": _cast,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Slice": _slice,
    "Concat": lambda node, arrays: np.concatenate(arrays, axis=node.integer("axis", 0)),
    "Gather": lambda node, arrays: np.asarray(np.take(arrays[0], arrays[1].astype(np.int64), axis=node.integer("axis", 0))),
    "Reshape": _reshape,
    "Transpose": lambda node, arrays: np.transpose(arrays[0], node.integers("perm")),
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "Range": _range,
    "Add": _binary(operator.add),
    "Sub": _binary(operator.sub),
    "Mul": _binary(operator.mul),
    "Div": _binary(_divide),
    "Mod": _known(np.mod),
    "Pow": _known(np.power),
    "Neg": _known(np.negative),
    "Abs": _known(np.abs),
    "Sqrt": _known(np.sqrt),
    "Floor": _known(np.floor),
    "Ceil": _known(np.ceil),
    "Equal": _known(np.equal),
    "Less": _known(np.less),
    "Greater": _known(np.greater),
    "GreaterOrEqual": _known(np.greater_equal),
    "LessOrEqual": _known(np.less_equal),
    "Not": _known(np.logical_not),
    "And": _known(np.logical_and),
    "Or": _known(np.logical_or),
    "Where": lambda node, arrays: None if arrays[0].dtype == object else np.where(*arrays),
    "Max": _known(lambda *arrays: np.max(np.stack(np.broadcast_arrays(*arrays)), axis=0)),
    "Min": _known(lambda *arrays: np.min(np.stack(np.broadcast_arrays(*arrays)), axis=0)),
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
}
