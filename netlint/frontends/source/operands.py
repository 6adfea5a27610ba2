"""From values to operators and back: the operands of an operation, its node in the graph, and the structure of its result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from netlint.frontends.source.constants import fold
from netlint.frontends.source.heap import OpenList, leaves
from netlint.frontends.source.values import (
    ABSENT,
    NUMBER,
    Bound,
    Either,
    External,
    Function,
    Instance,
    Native,
    ParameterValue,
    Several,
    Tensor,
)
from netlint.frontends.torch_api import (
    SEVERAL,
    UNCALLED,
    FunctionSpec,
    Signature,
    SignatureError,
)
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    BatchNorm,
    Constant,
    Conv,
    Detach,
    Dropout,
    Embedding,
    GroupNorm,
    Input,
    InstanceNorm,
    Linear,
    Opaque,
    Select,
    Slice,
    Weight,
)
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter


def operands(interpreter: Interpreter, value: Any) -> list[Operator]:
    """The operators that compute a value used as an operand: one, those of a list, or none for None."""
    match value:
        case None:
            return []
        case Tensor(operator=operator) | Several(operator=operator):
            return [_with_gradient(interpreter, operator)]
        case ParameterValue():
            return [read_parameter(interpreter, value)]
        case list() | tuple():
            return [operator for item in value for operator in operands(interpreter, item)]
        case Either(options=options):
            present = [option for option in options if option is not ABSENT and option is not None]
            found = [operator for option in present for operator in operands(interpreter, option)]
            return [interpreter.alternatives([Tensor(o) for o in found], "a branch").operator] if len(found) > 1 else found
        case bool() | int() | float():
            return [interpreter.emit(Constant(value=value, shape=(), site=interpreter.site, scope=interpreter.innermost_layer()))]
        case Unknown(reason=reason):
            known = interpreter.trace.unseen.get(id(value))
            if known is None:
                node = Opaque(label="an unknown value", reason=reason, site=interpreter.site, scope=interpreter.innermost_layer())
                known = interpreter.trace.unseen[id(value)] = (value, interpreter.emit(node))
            return [known[1]]
    return [
        interpreter.emit(Opaque(label="an object", reason="it is not a tensor", site=interpreter.site, scope=interpreter.innermost_layer()))
    ]


def _with_gradient(interpreter: Interpreter, operator: Operator) -> Operator:
    """The operator that stands for a result where it is read: what was computed under `no_grad` is cut off from its gradient outside."""
    unrecorded = interpreter.trace.unrecorded
    if interpreter.no_grad or id(operator) not in unrecorded or isinstance(operator, (Input, Constant)) or is_batch(operator):
        return operator
    cut = unrecorded[id(operator)]
    if cut is None:
        node = Detach(inputs=(operator,), how="no_grad", shape=operator.shape, site=interpreter.site, scope=interpreter.innermost_layer())
        cut = unrecorded[id(operator)] = interpreter.emit(node)
    return cut


def read_parameter(interpreter: Interpreter, value: ParameterValue) -> Operator:
    """The operator that reads a parameter's value."""
    parameter = value.parameter
    if parameter.owner is None and value.owner is not None:
        parameter.owner = value.owner.layer
    return interpreter.emit(Weight(parameter=parameter, shape=parameter.shape, site=interpreter.site, scope=interpreter.innermost_layer()))


def apply(interpreter: Interpreter, template: Operator, inputs: Sequence[Operator], **where: Any) -> Operator:
    """Puts a copy of a template into the graph, with the shape of its result."""
    known = fold(template, inputs)
    if known is not None:
        return constant(interpreter, known)
    _suppose_rank(template, inputs)
    node = template.apply(*inputs, site=interpreter.site, scope=interpreter.innermost_layer())
    for key, value in where.items():
        setattr(node, key, value)
    node.shape = node.infer(tuple(operator.shape for operator in inputs))
    return interpreter.emit(node)


def _suppose_rank(template: Operator, inputs: Sequence[Operator]) -> None:
    """A network's input of unknown shape that goes into a convolution or normalisation has a batch, channels and its spatial dimensions."""
    if not inputs or inputs[0].shape is not None or not (isinstance(inputs[0], Input) or is_batch(inputs[0])):
        return
    channels: Any = None
    if isinstance(template, Conv):
        channels = template.in_channels
    elif isinstance(template, (BatchNorm, InstanceNorm)) and template.dims in (2, 3):
        channels = template.num_features
    elif isinstance(template, GroupNorm):
        return
    if channels is not None:
        dims = template.dims  # type: ignore[attr-defined]
        inputs[0].shape = (Unknown("the batch size"), channels, *(Unknown("a size of the input") for _ in range(dims)))


def structured(interpreter: Interpreter, node: Operator, structure: Any) -> Any:
    """The value of a call from its operator: a tensor, a tuple of its results, or several."""
    if structure is None:
        return Tensor(node)
    if structure is SEVERAL:
        return Several(node)
    if isinstance(structure, tuple):
        return tuple(structured_part(interpreter, node, part) for part in structure)
    return Tensor(node)


def structured_part(interpreter: Interpreter, node: Operator, part: Any) -> Any:
    if isinstance(part, tuple):
        return tuple(structured_part(interpreter, node, inner) for inner in part)
    return Tensor(apply(interpreter, Select(index=part), (node,)))


def select(interpreter: Interpreter, value: Any, index: Any) -> Any:
    """One of several results, or one slice of a tensor along its first dimension."""
    if isinstance(value, Either):
        return interpreter.join([select(interpreter, option, index) for option in value.options if option is not ABSENT], "a branch")
    (operator,) = operands(interpreter, value)
    if isinstance(value, Several) or (isinstance(operator, (Input, Select)) and is_batch(operator)):
        if isinstance(index, Unknown):
            return Tensor(apply(interpreter, Select(index=-1), (operator,)))
        return Tensor(apply(interpreter, Select(index=index), (operator,)))
    if isinstance(operator, (Input, Opaque, Select)) and operator.shape is None:
        return Tensor(apply(interpreter, Select(index=-1 if isinstance(index, Unknown) else index), (operator,)))
    return Tensor(apply(interpreter, Slice(index=(index,)), (operator,)))


def is_batch(operator: Operator) -> bool:
    while isinstance(operator, Select) and operator.inputs:
        operator = operator.inputs[0]
    return isinstance(operator, Input) and operator.loader is not None


def elements(interpreter: Interpreter, value: Any) -> list[Any] | None:
    """The elements of a tensor along its first dimension, where they are known numbers."""
    if isinstance(value, Tensor) and isinstance(value.operator, Constant) and isinstance(value.operator.value, (list, tuple)):
        return [constant_tensor(interpreter, item) for item in value.operator.value]
    return None


def constant(interpreter: Interpreter, value: Any) -> Operator:
    """The operator of a tensor whose elements are known."""
    shape: Any = ()
    inner = value
    while isinstance(inner, (list, tuple)):
        shape = (*shape, len(inner))
        inner = inner[0] if inner else None
    return interpreter.emit(Constant(value=value, shape=shape, site=interpreter.site))


def constant_tensor(interpreter: Interpreter, value: Any) -> Tensor:
    return Tensor(constant(interpreter, value))


def item(interpreter: Interpreter, value: Any, how: str) -> Any:
    """`.item()`, `float(tensor)`: the known number, or the tensor cut off from its gradient."""
    if isinstance(value, Tensor) and isinstance(value.operator, Constant) and isinstance(value.operator.value, NUMBER):
        return value.operator.value
    return Tensor(apply(interpreter, Detach(how=how), operands(interpreter, value)))


def call_spec(
    interpreter: Interpreter, spec: FunctionSpec, name: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None
) -> Any:
    """A function of torch or a tensor method that is an operator."""
    args = [plain_argument(arg) for arg in args]
    kwargs = {key: plain_argument(arg) for key, arg in kwargs.items()}
    if opened is not None:
        return opaque(interpreter, name, opened.reason, [*args, *kwargs.values()])
    try:
        bound = Signature(spec.signature).bind(args, {key: value for key, value in kwargs.items() if key != "out"})
    except SignatureError as error:
        return opaque(interpreter, name, f"its arguments do not fit: {error}", [*args, *kwargs.values()])
    inputs = [operator for operand in spec.tensors for operator in operands(interpreter, bound.get(operand))]
    template = spec.build(bound)
    if interpreter.asked_mode and isinstance(template, Dropout) and not template.explicit:
        template.training, template.explicit = None, True
    layer = _adopt_weights(template, inputs)
    node = apply(interpreter, template, inputs, **({"layer": layer} if layer is not None else {}))
    return structured(interpreter, node, spec.results(bound) if spec.results is not None else None)


def plain_argument(value: Any) -> Any:
    """An argument in the form the table of the API expects."""
    if isinstance(value, Either):
        present = [option for option in value.options if option is not ABSENT and option is not None]
        if present and all(isinstance(option, (Tensor, ParameterValue)) for option in present):
            return Either(tuple(present))
        return Unknown("it depends on a branch")
    if isinstance(value, OpenList) and not any(isinstance(item, (Tensor, ParameterValue, Several)) for item in leaves(value) or ()):
        return Unknown("a list of unknown length")
    if (
        isinstance(value, Tensor)
        and isinstance(value.operator, Constant)
        and isinstance(value.operator.value, NUMBER)
        and value.shape == ()
    ):
        return value.operator.value
    if isinstance(value, (External, Function, Instance)):
        return str(value.name) if isinstance(value, External) else Unknown("an object")
    return UNCALLED if isinstance(value, (Bound, Native)) else value


def _adopt_weights(template: Operator, inputs: Sequence[Operator]) -> Any:
    """Reads widths of a functional convolution, linear layer or embedding off its weight; gives the layer that owns it."""
    weight = (
        next((o for o in inputs[1:] if isinstance(o, Weight)), None) if isinstance(template, (Conv, Linear, Embedding, BatchNorm)) else None
    )
    if weight is None:
        return None
    if weight.parameter.shape is None:
        return weight.parameter.owner
    shape = weight.parameter.shape
    if isinstance(template, Linear) and len(shape) == 2:
        template.out_features, template.in_features = shape
        template.bias = len(inputs) > 2
    elif isinstance(template, Conv) and len(shape) == template.dims + 2 and not template.transposed:
        template.out_channels = shape[0]
        groups, width = template.groups, shape[1]
        template.in_channels = width * groups if isinstance(width, int) and isinstance(groups, int) else Unknown("the number of groups")
        template.kernel_size = tuple(shape[2:])
        template.bias = len(inputs) > 2
    return weight.parameter.owner


def opaque(interpreter: Interpreter, label: str, reason: str, values: Iterable[Any], layer: Any = None) -> Tensor:
    inputs = []
    for value in values:
        for option in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(option, (Tensor, ParameterValue, Several)):
                inputs.extend(operands(interpreter, option))
    node = Opaque(label=label, reason=reason, inputs=tuple(inputs), site=interpreter.site, scope=interpreter.innermost_layer(), layer=layer)
    interpreter.blind(f"`{label}` cannot be seen: {reason}")
    return Tensor(interpreter.emit(node))
