"""What symbolic tensors do: attributes, methods, arithmetic, comparison and indexing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netlint.frontends.source import torch_training
from netlint.frontends.source.constants import integers, is_known
from netlint.frontends.source.heap import AList
from netlint.frontends.source.values import (
    NUMBER,
    Anything,
    External,
    Module,
    Native,
    ParameterValue,
    Several,
    Tensor,
    UnknownShape,
)
from netlint.frontends.torch_api import (
    CREATORS,
    METHODS,
    TENSOR_INITIALIZERS,
)
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Add,
    Compare,
    Constant,
    Detach,
    Div,
    Elementwise,
    MatMul,
    Mul,
    Opaque,
    Permute,
    Pow,
    Select,
    Slice,
    Stack,
    Sub,
)
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter
from netlint.frontends.source.creation import create, mark_initialized, parameter_of
from netlint.frontends.source.operands import apply, call_spec, constant_tensor, is_batch, item, opaque, operands, plain_argument

ONLY_TENSORS = ("softmax", "log_softmax", "sigmoid", "tanh", "relu")
"""Methods by which a value of unknown type gives away that it is a tensor: Python's and numpy's own types have none of them."""


def _shape_of(value: Any) -> Any:
    return value.parameter.shape if isinstance(value, ParameterValue) else value.operator.shape


def tensor_attribute(interpreter: Interpreter, value: Any, name: str) -> Any:
    """`tensor.name`."""
    shape = _shape_of(value)
    match name:
        case "shape":
            return shape if shape is not None else UnknownShape("the shape of a tensor")
        case "ndim":
            return len(shape) if shape is not None else Unknown("the rank of a tensor")
        case "data":
            return Tensor(apply(interpreter, Detach(how="data"), operands(interpreter, value)))
        case "T" | "mT" | "H" | "mH":
            return Tensor(apply(interpreter, Permute(swap=(-2, -1)), operands(interpreter, value)))
        case "requires_grad" if isinstance(value, ParameterValue):
            return value.parameter.trainable
        case "device" | "dtype" | "layout" | "is_cuda" | "requires_grad" | "is_leaf" | "grad_fn" | "is_quantized" | "is_sparse" | "is_mps":
            return Unknown(f"the {name} of a tensor")
        case "grad":
            return Anything("a gradient")
        case "__class__":
            return External("torch.Tensor")
    return Native(f"Tensor.{name}", lambda i, args, kwargs: tensor_method(i, value, name, args, kwargs))


def method_of_unseen(value: Anything, name: str) -> Native:
    """`value.softmax(1)` of something unseen, which makes it a tensor; `module.softmax(tensor)` may be a function of any kind."""

    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if any(isinstance(arg, (Tensor, Unknown)) for arg in (*args, *kwargs.values())):
            return Anything(value.reason)
        return tensor_method(interpreter, Tensor(operands(interpreter, value)[0]), name, args, kwargs)

    return Native(name, call)


def tensor_method(interpreter: Interpreter, value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`tensor.name(...)`."""
    if name in ("size", "dim", "ndimension", "numel", "nelement", "element_size", "stride", "storage", "data_ptr"):
        return measure(value, name, args, kwargs)
    if name in ("item", "tolist") and not args:
        known = value.operator.value if isinstance(value, Tensor) and isinstance(value.operator, Constant) else None
        if isinstance(known, (*NUMBER, list, tuple)):
            return AList(known) if isinstance(known, (list, tuple)) else known
        return item(interpreter, value, name)
    if name == "split" and isinstance(value, Tensor) and isinstance(value.operator, Constant) and isinstance(value.operator.value, list):
        return _split_known(interpreter, value.operator.value, args[0] if args else kwargs.get("split_size"))
    if name in ("int", "long") and isinstance(value, Tensor) and isinstance(value.operator, Constant) and is_known(value.operator.value):
        return constant_tensor(interpreter, integers(value.operator.value))
    if name == "backward":
        torch_training.backward(interpreter, value)
        return None
    if name.startswith("new_"):
        creator = f"torch.{name.removeprefix('new_')}"
        return create(interpreter, creator, args, kwargs) if creator in CREATORS else opaque(interpreter, name, "a new tensor", [])
    if name in ("requires_grad_", "retain_grad", "register_hook", "share_memory_", "is_contiguous", "is_floating_point", "is_complex"):
        if name == "requires_grad_" and isinstance(value, ParameterValue):
            value.parameter.trainable = args[0] if args and isinstance(args[0], bool) else kwargs.get("requires_grad", True)
        return value if name.endswith("_") else Unknown(f"`{name}`")
    if name in TENSOR_INITIALIZERS:
        found = parameter_of(value)
        if found is not None:
            mark_initialized(interpreter, found, name, {"arguments": tuple(args)})
        elif isinstance(value, Tensor):
            what = "random" if name not in ("zero_", "fill_") else name
            value.operator = interpreter.emit(
                Constant(value=what, shape=value.shape, site=interpreter.site, scope=interpreter.innermost_layer())
            )
        return value
    if name == "copy_" and parameter_of(value) is not None:
        mark_initialized(interpreter, value, "copy_", {})
        return value
    if name.endswith("_") and not name.startswith("_") and name[:-1] in METHODS:
        result = call_spec(interpreter, METHODS[name[:-1]], f"Tensor.{name}", [value, *args], kwargs)
        if isinstance(result, Tensor) and isinstance(value, Tensor):
            result.operator.inplace = True
            value.operator = result.operator
        return result
    if name in METHODS:
        return call_spec(interpreter, METHODS[name], f"Tensor.{name}", [value, *args], kwargs)
    return opaque(interpreter, f"Tensor.{name}", "it is not a known method", [value, *args, *kwargs.values()])


def _split_known(interpreter: Interpreter, values: list[Any], sizes: Any) -> Any:
    if isinstance(sizes, int) and sizes > 0:
        sizes = [sizes] * -(-len(values) // sizes)
    if not isinstance(sizes, (list, tuple)) or not all(isinstance(size, int) for size in sizes):
        return Anything("a split into unknown sizes")
    pieces, start = [], 0
    for size in sizes:
        pieces.append(constant_tensor(interpreter, values[start : start + size]))
        start += size
    return tuple(pieces)


def measure(value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    shape = _shape_of(value)
    if name == "size":
        which = args[0] if args else kwargs.get("dim")
        if which is None:
            return shape if shape is not None else UnknownShape("the shape of a tensor")
        if shape is not None and isinstance(which, int) and -len(shape) <= which < len(shape):
            return shape[which]
        return Unknown("a size of a tensor")
    if name in ("dim", "ndimension"):
        return len(shape) if shape is not None else Unknown("the rank of a tensor")
    if name in ("numel", "nelement") and shape is not None and all(isinstance(size, int) for size in shape):
        total = 1
        for size in shape:
            total *= size
        return total
    return Unknown(f"the {name} of a tensor")


_BINARY = {"Add": Add, "Subtract": Sub, "Multiply": Mul, "Divide": Div, "MatrixMultiply": MatMul}


def tensor_binary(interpreter: Interpreter, symbol: str, left: Any, right: Any, inplace: bool = False) -> Any:
    """Arithmetic with at least one tensor."""
    sides = []
    for side in (left, right):
        found = operands(interpreter, side)
        if not found:
            return opaque(interpreter, symbol, "an operand is None", [left, right])
        sides.append(found[0] if len(found) == 1 else apply(interpreter, Stack(dim=0), found))
    template: Operator
    if symbol in _BINARY:
        template = _BINARY[symbol]()
    elif symbol == "Power":
        exponent = right if isinstance(right, NUMBER) else None
        template = Pow(exponent=float(exponent) if exponent is not None else None)
    elif symbol in ("FloorDivide", "Modulo"):
        template = Elementwise(how={"FloorDivide": "floor_divide", "Modulo": "remainder"}[symbol])
    else:
        template = Compare(how=symbol)
    node = apply(interpreter, template, sides)
    node.inplace = inplace
    return Tensor(node)


def tensor_unary(interpreter: Interpreter, symbol: str, value: Any) -> Any:
    """`-x`, `~x`."""
    if symbol == "Plus":
        return value
    return Tensor(apply(interpreter, Elementwise(how="neg" if symbol == "Minus" else "logical_not"), operands(interpreter, value)))


def tensor_compare(interpreter: Interpreter, symbol: str, left: Any, right: Any) -> Any:
    """A comparison with a tensor: a tensor, or a known truth for known numbers."""
    from netlint.frontends.source.expressions import compare

    known = [plain_argument(side) for side in (left, right)]
    if all(isinstance(side, NUMBER) for side in known):
        return compare(interpreter, symbol, *known)
    if symbol in ("Is", "IsNot"):
        return (left is right) == (symbol == "Is")
    if any(isinstance(side, (str, External, Module, dict)) for side in (left, right)):
        return symbol == "NotEqual"
    inputs = [operator for side in (left, right) for operator in operands(interpreter, side)]
    return Tensor(apply(interpreter, Compare(how=symbol), inputs[:2]))


def tensor_index(interpreter: Interpreter, value: Any, index: Any) -> Any:
    """`tensor[index]`."""
    if isinstance(value, Several):
        if isinstance(index, (int, str)):
            return Tensor(apply(interpreter, Select(index=index), (value.operator,)))
        return Several(value.operator) if isinstance(index, slice) else Tensor(apply(interpreter, Select(index=-1), (value.operator,)))
    if isinstance(index, str):
        return Tensor(apply(interpreter, Select(index=index), operands(interpreter, value)))
    (operator,) = operands(interpreter, value)
    if is_batch(operator) and isinstance(index, int):
        return Tensor(apply(interpreter, Select(index=index), (operator,)))
    values = operator.value if isinstance(operator, Constant) else None
    if isinstance(values, (list, tuple)) and isinstance(index, int) and -len(values) <= index < len(values):
        return constant_tensor(interpreter, values[index])
    parts = index if isinstance(index, tuple) else (index,)
    inputs = [operator]
    plain: list[object] = []
    for part in parts:
        if isinstance(part, (Tensor, ParameterValue, Several)):
            inputs.extend(operands(interpreter, part))
            plain.append(Unknown("indexed by a tensor"))
        elif isinstance(part, slice):
            plain.append(slice(*(_bound(bound) for bound in (part.start, part.stop, part.step))))
        else:
            plain.append(part if isinstance(part, (int, type(None), type(...), Unknown)) else Unknown("an index"))
    return Tensor(apply(interpreter, Slice(index=tuple(plain)), inputs))


def _bound(value: Any) -> Any:
    return value if isinstance(value, (int, Unknown, type(None))) else Unknown("a bound")


def tensor_assign(interpreter: Interpreter, target: Any, index: Any, value: Any) -> None:
    """`tensor[index] = value`: the tensor now depends on the value, in a way that is not followed."""
    if isinstance(target, Tensor) and isinstance(value, (Tensor, ParameterValue)):
        inputs = (target.operator, *operands(interpreter, value))
        node = Opaque(
            label="index assignment",
            reason="elements are overwritten",
            inputs=inputs,
            shape=target.shape,
            site=interpreter.site,
            inplace=True,
        )
        node.scope = interpreter.innermost_layer()
        target.operator = interpreter.emit(node)
    elif isinstance(target, ParameterValue):
        mark_initialized(interpreter, target, "partly set", {})
