"""Weights that lie in other files than the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import onnx

from netlint.frontends.onnx.load import subgraphs, tensors


def external_tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """The tensors whose elements lie in other files."""
    graphs = [model.graph, *model.functions]
    return (tensor for tensor in (*tensors(graphs), *_sparse(graphs)) if tensor.data_location == onnx.TensorProto.EXTERNAL)


def _sparse(graphs: Iterable[onnx.GraphProto | onnx.FunctionProto]) -> Iterator[onnx.TensorProto]:
    """The tensors that sparse ones are made of."""
    pending = list(graphs)
    while pending:
        graph = pending.pop()
        found = list(graph.sparse_initializer) if isinstance(graph, onnx.GraphProto) else []
        for node in graph.node:
            pending.extend(subgraphs(node))
            for attribute in node.attribute:
                found += [attribute.sparse_tensor, *attribute.sparse_tensors]
        yield from (part for one in found for part in (one.values, one.indices))


def is_external(model: onnx.ModelProto) -> bool:
    return next(external_tensors(model), None) is not None


def location(tensor: onnx.TensorProto) -> str:
    """The file that holds the elements of an external tensor, from the model's folder."""
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def weight_bytes(model: onnx.ModelProto) -> int:
    """What the weights need in memory, wherever they lie."""
    every = tensors([model.graph, *model.functions])
    return sum(math.prod(tensor.dims) * _width(tensor.data_type) for tensor in every)


def _width(element: int) -> int:
    try:
        width: int = onnx.helper.tensor_dtype_to_np_dtype(element).itemsize
    except (KeyError, ValueError, TypeError):
        return 8
    return width
