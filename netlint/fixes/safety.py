"""Facts of a place that make an innocent change unsafe, or impossible."""

from __future__ import annotations

from netlint.fixes.proposal import Refusal
from netlint.graph import Graph, Layer, Operator
from netlint.graph.operators import Detach, Identity, Input
from netlint.graph.queries import MOVES


def has_state(operator: Operator) -> bool:
    """Whether the operator's layer has parameters or statistics in the state_dict."""
    layer = operator.layer
    return layer is not None and (bool(layer.parameters) or operator.stateful_in_training)


def swap_caveats(graph: Graph, first: Operator, second: Operator) -> tuple[str, ...]:
    """Why applying two operators in the other order is not safe here. Raises Refusal where it would give other results."""
    if graph.only_consumer(first) is not second or not second.inputs or second.inputs[0] is not first:
        raise Refusal(f"the result of the {first.name} is read in several places")
    if getattr(second, "return_indices", False) is not False:
        raise Refusal(f"the {second.name} may return indices too")
    return (*overwriting(graph, first), *hooks(first, second))


def overwriting(graph: Graph, operator: Operator) -> tuple[str, ...]:
    """What follows from an operator that overwrites its input. Raises Refusal when others read that tensor."""
    if operator.inplace is False or not operator.inputs:
        return ()
    source = operator.inputs[0]
    while True:
        if len(graph.consumers(source)) > 1 or source in graph.outputs:
            raise Refusal(f"the {operator.name} overwrites its input, which is read elsewhere too")
        if not isinstance(source, (*MOVES, Identity, Detach)) or not source.inputs:
            break
        source = source.inputs[0]
    return (f"the {operator.name} overwrites the tensor that the caller passed in",) if isinstance(source, Input) else ()


def hooks(*operators: Operator) -> tuple[str, ...]:
    """Layers whose forward hooks would see other tensors than before."""
    hooked = [operator.path for operator in operators if operator.layer is not None and operator.layer.hooked]
    return tuple(f"a hook on `{path}` would see another tensor" for path in hooked)


def indexed(container: Layer) -> tuple[str, ...]:
    """A container whose elements are picked by number elsewhere."""
    chain = [container, *container.ancestors]
    return tuple(f"other code indexes into `{layer.path or layer.kind}`" for layer in chain[:1] if layer.indexed)
