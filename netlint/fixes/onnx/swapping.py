"""Two neighbouring operators in the other order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from netlint.fixes.onnx.editing import Bench
from netlint.fixes.onnx.region import Region, region_of, span_of
from netlint.fixes.proposal import Refusal
from netlint.fixes.safety import swap_caveats
from netlint.graph import Graph, Operator, Unknown
from netlint.graph.operators import AdaptiveMaxPool, MaxPool, PReLU


def swap(model: onnx.ModelProto, graph: Graph, first: Operator, second: Operator, folder: Path | None) -> tuple[str, ...]:
    """Applies a maximum over windows before an activation that stands before it; `model` is changed. Gives the caveats.

    act(max(x)) = max(act(x)) for an activation that never falls, with the same slope at all places. The value that both read and the
    one that both give keep their names; the one between them is another tensor now, and gets a name of its own.
    """
    if not isinstance(second, (MaxPool, AdaptiveMaxPool)):
        raise Refusal(f"the {second.name} takes no maximum, and does not give the same after the {first.name} as before it")
    caveats = swap_caveats(graph, first, second)
    before, behind = span_of(first), span_of(second)
    if before.home != behind.home:
        raise Refusal("the two stand in different graphs of the file")
    bench = Bench(model, before.home)
    act, pool = region_of(bench, first, before), region_of(bench, second, behind)
    _refuse_falling(bench, first, act, folder)
    if len(act.gives) != 1 or act.gives != pool.reads or len(act.reads) != 1:
        raise Refusal(f"something stands between the {first.name} and the {second.name} in the file")
    if len(pool.gives) != 1:
        raise Refusal(f"the {second.name} gives indices too")
    _refuse_other_readers(bench, first, act, pool)
    _exchange(bench, act, pool)
    return caveats


def _refuse_falling(bench: Bench, operator: Operator, act: Region, folder: Path | None) -> None:
    commutes = operator.commutes_with_max
    if isinstance(operator, PReLU) and isinstance(commutes, Unknown):
        if isinstance(operator.num_parameters, Unknown):
            raise Refusal("the slopes of the PReLU run along other dimensions than the channels")
        slopes = _slopes(bench, act, folder)
        if slopes is None:
            raise Refusal("the slopes of the PReLU are not in the file")
        if not bool(np.all(slopes >= 0)):
            raise Refusal(f"a slope of the PReLU is negative ({float(np.min(slopes)):.3g}): it falls where its input rises")
        return
    if isinstance(commutes, Unknown):
        raise Refusal(f"whether the {operator.name} never falls is not known: {commutes.reason}")
    if not commutes:
        raise Refusal(f"the {operator.name} falls where its input rises, so it does not give the same behind the maximum")


def _slopes(bench: Bench, act: Region, folder: Path | None) -> np.ndarray | None:
    node = next((node for node in act.nodes if node.op_type == "PRelu"), None)
    tensors = {tensor.name: tensor for graph in bench.around for tensor in graph.initializer}
    tensor = tensors.get(node.input[1]) if node is not None else None
    if tensor is None or (tensor.data_location == onnx.TensorProto.EXTERNAL and folder is None):
        return None
    try:
        values: np.ndarray = numpy_helper.to_array(tensor, str(folder or ""))
    except (OSError, ValueError, onnx.checker.ValidationError):
        return None
    return values.astype(np.float64)


def _refuse_other_readers(bench: Bench, operator: Operator, act: Region, pool: Region) -> None:
    for name in (*act.inside, *act.gives, *pool.inside):
        if bench.is_output(name):
            raise Refusal(f"`{name}` is an output of the model")
        if not all(act.has(node) or pool.has(node) for node in bench.readers(name)):
            raise Refusal(f"`{name}`, inside the {operator.name}, is read elsewhere too")


def _exchange(bench: Bench, act: Region, pool: Region) -> None:
    [source], [middle], [result] = act.reads, act.gives, pool.gives
    between = bench.fresh(f"{result}_before_{act.nodes[-1].op_type}")
    bench.forget([middle, *act.inside, *pool.inside])
    bench.state(between, like=result)
    for node in pool.nodes:
        _rename(node, {middle: source}, {result: between})
    for node in act.nodes:
        _rename(node, {source: between}, {middle: result})
    last = max(place for place, node in enumerate(bench.graph.node) if pool.has(node))
    order: list[onnx.NodeProto] = []
    for place, node in enumerate(bench.graph.node):
        if place == last:
            order += [*pool.nodes, *act.nodes]
        elif not act.has(node) and not pool.has(node):
            order.append(node)
    bench.put(order)


def _rename(node: onnx.NodeProto, inputs: dict[str, str], outputs: dict[str, str]) -> None:
    for place, name in enumerate(node.input):
        node.input[place] = inputs.get(name, name)
    for place, name in enumerate(node.output):
        node.output[place] = outputs.get(name, name)
