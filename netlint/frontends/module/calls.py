"""One recorded call of PyTorch's API as an operator, by the table that the source front end reads with."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from netlint.frontends.module.naming import TENSOR, function_name, swapped
from netlint.frontends.module.sites import applied_call, asks_mode_before
from netlint.frontends.torch_api import (
    CREATORS,
    CREATORS_LIKE,
    FUNCTIONS,
    METHODS,
    RANDOM_CREATORS,
    TENSOR_INITIALIZERS,
    TRAINING_FLAG,
    FunctionSpec,
    Signature,
    SignatureError,
)
from netlint.graph import Layer, Operator, Unknown
from netlint.graph.operators import (
    BatchNorm,
    Bilinear,
    Conv,
    Detach,
    Embedding,
    GroupNorm,
    InstanceNorm,
    Linear,
    Opaque,
    Permute,
    PReLU,
    Slice,
    Weight,
)

if TYPE_CHECKING:
    from netlint.frontends.module.recorder import Recorder

_NOT_COMPUTED = frozenset(
    f"{TENSOR}{name}" for name in ("requires_grad_", "retain_grad", "share_memory_", "register_hook", "grad.__get__", "is_contiguous")
)
"""Calls that give a tensor without computing one."""
_TRANSPOSED = frozenset(f"{TENSOR}{name}.__get__" for name in ("T", "mT", "H", "mH"))
_MODES = ("training", "train")
"""The parameters by which a function is told its mode."""


def record(recorder: Recorder, function: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Any:
    """Puts a call that was made into the graph; gives its result, in which tensors may be replaced by aliases of themselves."""
    name = function_name(function)
    if name == f"{TENSOR}__setitem__":
        _assign_item(recorder, *args[:3])
        return result
    if name in _NOT_COMPUTED or not _gives_tensors(result):
        return result
    if name == f"{TENSOR}__getitem__":
        return recorder.give(_slice(recorder, *args[:2]), result, None, args)
    if name == f"{TENSOR}data.__get__":
        return recorder.give(recorder.apply(Detach(how="data"), recorder.operands(args[0])), result, None, args)
    if name in _TRANSPOSED:
        return recorder.give(recorder.apply(Permute(swap=(-2, -1)), recorder.operands(args[0])), result, None, args)
    created = _created(recorder, name, args, kwargs, result)
    if created is not None:
        recorder.overwrite(result, created)
        return result
    spec, args = _specification(name, args)
    if spec is None:
        return _unseen(recorder, name, args, kwargs, result)
    return _apply(recorder, name, spec, args, kwargs, result)


def _gives_tensors(result: Any) -> bool:
    if isinstance(result, (tuple, list)):
        return any(_gives_tensors(element) for element in result)
    return isinstance(result, torch.Tensor)


# -- the table ------------------------------------------------------------------------------------------------------------


def _specification(name: str, args: Sequence[Any]) -> tuple[FunctionSpec | None, Sequence[Any]]:
    """The entry of a call in the table, and its operands in the order that the entry has."""
    if not name.startswith(TENSOR):
        return FUNCTIONS.get(name), args
    reflected = swapped(name)
    if reflected is not None:
        return METHODS.get(reflected), (args[1], args[0], *args[2:])
    method = name.removeprefix(TENSOR)
    return METHODS.get(method) or METHODS.get(method.removesuffix("_")), args


def _apply(recorder: Recorder, name: str, spec: FunctionSpec, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Any:
    plain = recorder.sizes.plain
    try:
        bound = Signature(spec.signature).bind(
            [plain(arg) for arg in args], {key: plain(arg) for key, arg in kwargs.items() if key != "out"}
        )
    except SignatureError as error:
        return recorder.opaque(name, f"its arguments do not fit: {error}", [*args, *kwargs.values()], result)
    for mode in _MODES:
        if mode in bound:
            bound[mode] = _as_written(mode, bound[mode], name, spec)
    inputs = [operator for operand in spec.tensors for operator in recorder.operands(bound.get(operand))]
    template = spec.build(bound)
    in_place = name.startswith(TENSOR) and name.endswith("_") and not name.endswith("__")
    template.inplace = in_place or template.inplace
    if isinstance(template, Opaque):
        return recorder.opaque(template.label, template.reason, [bound.get(operand) for operand in spec.tensors], result)
    layer = fill_widths(template, inputs)
    node = recorder.apply(template, inputs, **({"layer": layer} if layer is not None else {}))
    structure = spec.results(bound) if spec.results is not None else None
    return recorder.give(node, result, structure, () if node.inplace is True else args)


def _as_written(mode: str, value: object, name: str, spec: FunctionSpec) -> object:
    """The mode that a functional call was told, as its source tells it: `self.training`, a constant, or nothing at all.

    While the network runs, `training=self.training` and `training=True` are the same, and whether the mode was named at all is gone.
    """
    found = applied_call(sys._getframe(1))
    if found is None:
        return Unknown("whether it follows the mode of its module")
    call, filename = found
    if ast.unparse(call.func).rpartition(".")[2] != name.rpartition(".")[2]:
        return Unknown("whether it follows the mode of its module")
    written = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in written or any(isinstance(argument, ast.Starred) for argument in call.args):
        return Unknown("whether it was told its mode")
    place = Signature(spec.signature).names.index(mode)
    expression = written.get(mode) or (call.args[place] if place < len(call.args) else None)
    if expression is None:
        return TRAINING_FLAG if asks_mode_before(call, filename) else None
    if isinstance(expression, ast.Constant):
        return value
    if isinstance(expression, ast.Attribute) and expression.attr == "training":
        return TRAINING_FLAG
    return Unknown("whether it follows the mode of its module")


def fill_widths(template: Operator, inputs: Sequence[Operator]) -> Layer | None:
    """Reads the widths of a functional layer off the weight that it is given; gives the layer that owns the weight, if one does."""
    if not isinstance(template, (Conv, Linear, Bilinear, Embedding, BatchNorm, InstanceNorm, GroupNorm, PReLU)):
        return None
    place = 2 if isinstance(template, Bilinear) else 1
    weight = inputs[place] if len(inputs) > place else None
    channels = inputs[0].shape[1] if inputs and inputs[0].shape is not None and len(inputs[0].shape) > 1 else None
    if isinstance(template, (BatchNorm, InstanceNorm)) and channels is not None:
        template.num_features = channels
    elif isinstance(template, GroupNorm) and channels is not None:
        template.num_channels = channels
    shape = weight.shape if weight is not None else None
    if shape is not None:
        _set_widths(template, shape)
    owner = weight.parameter.owner if isinstance(weight, Weight) else None
    return owner if isinstance(template, (Conv, Linear, Embedding, BatchNorm)) else None


def _set_widths(template: Operator, shape: Sequence[Any]) -> None:
    match template:
        case Linear() if len(shape) == 2:
            template.out_features, template.in_features = shape
        case Conv(groups=int() as groups) if len(shape) == template.dims + 2:
            first, second, *kernel = shape
            narrow = second * groups if isinstance(second, int) else Unknown("the number of groups")
            template.out_channels, template.in_channels = (narrow, first) if template.transposed else (first, narrow)
            template.kernel_size = tuple(kernel)
        case Bilinear() if len(shape) == 3:
            template.out_features, template.in1_features, template.in2_features = shape
        case Embedding() if len(shape) == 2:
            template.num_embeddings, template.embedding_dim = shape
        case PReLU() if len(shape) == 1:
            template.num_parameters = shape[0]


# -- what the table does not hold -----------------------------------------------------------------------------------------


def _slice(recorder: Recorder, tensor: Any, index: Any) -> Operator:
    inputs = recorder.operands(tensor)
    plain: list[object] = []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, torch.Tensor):
            inputs.extend(recorder.operands(part))
            plain.append(Unknown("indexed by a tensor"))
        elif isinstance(part, (int, slice, type(None), type(...))) and not isinstance(part, bool):
            plain.append(recorder.sizes.plain(part))
        else:
            plain.append(Unknown("an index"))
    return recorder.apply(Slice(index=tuple(plain)), inputs)


def _assign_item(recorder: Recorder, target: torch.Tensor, index: Any, value: Any) -> None:
    """`tensor[index] = value`: the tensor now depends on the value, in a way that is not followed."""
    if isinstance(value, torch.Tensor):
        inputs = [*recorder.operands(target), *recorder.operands(value)]
        template = Opaque(label="index assignment", reason="elements are overwritten", inplace=True)
        recorder.overwrite(target, recorder.apply(template, inputs))


def _created(recorder: Recorder, name: str, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Operator | None:
    """The operator of a tensor that is made from nothing, or overwritten as a whole; None for any other call."""
    method = name.removeprefix(TENSOR) if name.startswith(TENSOR) else ""
    filled = method in TENSOR_INITIALIZERS
    if not (name in CREATORS or name in CREATORS_LIKE or filled or method.startswith("new_")) or not isinstance(result, torch.Tensor):
        return None
    what = name.rpartition(".")[2].removeprefix("new_")
    if filled:
        what = method if method in ("zero_", "fill_") else "random"
    elif name in RANDOM_CREATORS:
        what = "random"
    value = args[0] if what in ("tensor", "as_tensor") and args and isinstance(args[0], (bool, int, float)) else what
    return recorder.constant(value, recorder.sizes.shape(result))


def _unseen(recorder: Recorder, name: str, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Any:
    """A function that the table does not have: opaque, or a constant where no tensor goes in."""
    label = name.removeprefix("torch.")
    return recorder.opaque(label, f"no operator describes `{label}`", [*args, *kwargs.values()], result)
