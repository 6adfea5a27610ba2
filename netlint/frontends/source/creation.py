"""Tensors made from nothing, parameters, and how parameters are initialised."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from netlint.frontends.source.heap import leaves
from netlint.frontends.source.module_tree import set_initialization
from netlint.frontends.source.operands import constant_tensor, read_parameter
from netlint.frontends.source.values import (
    NUMBER,
    ParameterValue,
    Tensor,
    members,
)
from netlint.frontends.torch_api import (
    CREATORS,
    INITIALIZERS,
    RANDOM_CREATORS,
    Signature,
    SignatureError,
)
from netlint.graph import Shape
from netlint.graph.operators import (
    Constant,
    Detach,
    Identity,
    Reshape,
    Weight,
)
from netlint.graph.parameter import Initialization, Parameter
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter


def create(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    last = name.rpartition(".")[2]
    value = _known_values(last, args, kwargs)
    if value is not None:
        return constant_tensor(interpreter, value)
    if args and isinstance(args[0], (Tensor, ParameterValue)):
        return args[0] if isinstance(args[0], Tensor) else Tensor(read_parameter(interpreter, args[0]))
    shape = CREATORS[name](args, kwargs)
    what = "random" if name in RANDOM_CREATORS else last
    return _constant(interpreter, what, shape, (*args, *kwargs.values()))


def _constant(interpreter: Interpreter, what: str, shape: Shape | None, args: Iterable[Any]) -> Tensor:
    """A tensor that is made of the arguments alone; its numbers tell it from others (`torch.full((8,), 2.0)`)."""
    given = tuple(("argument", value) for value in args if isinstance(value, (*NUMBER, Unknown)))
    place = interpreter.innermost_layer()
    return Tensor(interpreter.emit(Constant(value=what, shape=shape, further=given, site=interpreter.site, scope=place)))


def _known_values(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    numbers = all(isinstance(arg, NUMBER) for arg in args)
    if name == "linspace" and numbers:
        steps = kwargs.get("steps", args[2] if len(args) > 2 else None)
        if isinstance(steps, int) and len(args) >= 2 and 0 < steps <= 4096:
            start, end = args[0], args[1]
            return [start + (end - start) * i / (steps - 1) if steps > 1 else float(start) for i in range(steps)]
    if name == "arange" and numbers and args and all(isinstance(arg, int) for arg in args) and len(range(*args)) <= 1024:
        return list(range(*args))
    if name in ("tensor", "as_tensor") and args and leaves(args[0]) is not None and _is_number_list(args[0]):
        return args[0]
    return None


def _is_number_list(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return len(value) <= 1024 and all(_is_number_list(element) for element in value)
    return isinstance(value, NUMBER)


def create_like(interpreter: Interpreter, name: str, args: list[Any]) -> Any:
    shape = None
    if args and isinstance(args[0], (Tensor, ParameterValue)):
        shape = args[0].shape if isinstance(args[0], Tensor) else args[0].parameter.shape
    what = "random" if name in RANDOM_CREATORS else name.rpartition(".")[2]
    return _constant(interpreter, what, shape, args[1:])


def make_parameter(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`nn.Parameter(tensor)`."""
    value = args[0] if args else kwargs.get("data")
    shape = value.shape if isinstance(value, Tensor) else value.parameter.shape if isinstance(value, ParameterValue) else None
    trainable = kwargs.get("requires_grad", args[1] if len(args) > 1 else True)
    owner = interpreter.building[-1] if interpreter.building else None
    parameter = Parameter(
        "parameter",
        shape,
        trainable if isinstance(trainable, bool) else Unknown("whether it is trained"),
        owner=owner.layer if owner else None,
    )
    if isinstance(value, Tensor) and isinstance(value.operator, Constant):
        kind = value.operator.value if isinstance(value.operator.value, str) else "constant"
        parameter.initialization = Initialization(kind, {}, interpreter.site)
    return ParameterValue(parameter, owner)


def parameter_of(value: Any) -> ParameterValue | None:
    """The parameter that a value is, or is a detached view of."""
    if isinstance(value, ParameterValue):
        return value
    operator = value.operator if isinstance(value, Tensor) else None
    while isinstance(operator, (Detach, Identity, Reshape)) and operator.inputs:
        operator = operator.inputs[0]
    return ParameterValue(operator.parameter) if isinstance(operator, Weight) else None


def initializer(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        bound = Signature(INITIALIZERS[name]).bind(args, kwargs)
    except SignatureError:
        return args[0] if args else None
    target = next(iter(bound.values()), None)
    mark_initialized(interpreter, target, name.rpartition(".")[2], {key: value for key, value in bound.items() if value is not target})
    return target


def mark_initialized(interpreter: Interpreter, target: Any, name: str, options: dict[str, Any]) -> None:
    for option in members(target):
        found = parameter_of(option)
        if found is not None:
            set_initialization(interpreter, found.parameter, name if name.endswith("_") else f"{name}_", options)
