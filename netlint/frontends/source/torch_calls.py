"""What happens when modules, functions of torch, or things that cannot be seen are called, and what tensors do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from netlint.frontends.source import torch_modules, torch_training
from netlint.frontends.source.constants import fold, integers, is_known
from netlint.frontends.source.heap import ADict, AList
from netlint.frontends.source.torch_api import (
    CREATORS,
    CREATORS_LIKE,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    METHODS,
    RANDOM_CREATORS,
    SEVERAL,
    TENSOR_INITIALIZERS,
    TRANSFORMER_STACKS,
    FunctionSpec,
    Signature,
    SignatureError,
    canonical,
)
from netlint.frontends.source.values import (
    ABSENT,
    CONTAINERS,
    Anything,
    Bound,
    Class,
    Dataset,
    Either,
    External,
    Function,
    Instance,
    LoaderValue,
    Module,
    Native,
    OptimizerValue,
    ParameterValue,
    Partial,
    Several,
    Tensor,
    UnknownShape,
    members,
)
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Add,
    BatchNorm,
    Compare,
    Constant,
    Conv,
    Detach,
    Div,
    Dropout,
    Elementwise,
    Embedding,
    GroupNorm,
    Identity,
    Input,
    InstanceNorm,
    Linear,
    MatMul,
    Mul,
    Opaque,
    Permute,
    Pow,
    Reshape,
    Select,
    Slice,
    Stack,
    Sub,
    Weight,
)
from netlint.graph.parameter import Initialization, Parameter
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter

NUMBER = (bool, int, float)


def public_names(path: str) -> list[str]:
    """The names that `from path import *` binds, for modules of torch."""
    tables = (LAYERS, FUNCTIONS, CONTAINERS, TRANSFORMER_STACKS, INITIALIZERS, CREATORS)
    prefix = f"{path}."
    names = {name.removeprefix(prefix) for table in tables for name in table if name.startswith(prefix)}
    return sorted(name for name in names if "." not in name) + (["Module", "Parameter", "functional", "init"] if path == "torch.nn" else [])


# -- operands and results ----------------------------------------------------------------------------------------------


def operands(interpreter: Interpreter, value: Any) -> list[Operator]:
    """The operators that compute a value used as an operand: one, those of a list, or none for None."""
    match value:
        case None:
            return []
        case Tensor(operator=operator) | Several(operator=operator):
            return [operator]
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


def read_parameter(interpreter: Interpreter, value: ParameterValue) -> Operator:
    """The operator that reads a parameter's value."""
    parameter = value.parameter
    if parameter.owner is None and value.owner is not None:
        parameter.owner = value.owner.layer
    node: Operator = interpreter.emit(
        Weight(parameter=parameter, shape=parameter.shape, site=interpreter.site, scope=interpreter.innermost_layer())
    )
    if interpreter.no_grad and not interpreter.applying:
        node = interpreter.emit(Detach(inputs=(node,), how="no_grad", shape=node.shape, site=interpreter.site))
    return node


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
    if not inputs or inputs[0].shape is not None or not (isinstance(inputs[0], Input) or _is_batch(inputs[0])):
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
    if isinstance(value, Several) or (isinstance(operator, (Input, Select)) and _is_batch(operator)):
        if isinstance(index, Unknown):
            return Tensor(apply(interpreter, Select(index=-1), (operator,)))
        return Tensor(apply(interpreter, Select(index=index), (operator,)))
    if isinstance(operator, (Input, Opaque, Select)) and operator.shape is None:
        return Tensor(apply(interpreter, Select(index=-1 if isinstance(index, Unknown) else index), (operator,)))
    return Tensor(apply(interpreter, Slice(index=(index,)), (operator,)))


def _is_batch(operator: Operator) -> bool:
    while isinstance(operator, Select) and operator.inputs:
        operator = operator.inputs[0]
    return isinstance(operator, Input) and operator.loader is not None


def batch(interpreter: Interpreter, value: LoaderValue) -> Tensor:
    """A batch drawn from a loader."""
    return torch_training.draw_batch(interpreter, value)


def elements(interpreter: Interpreter, value: Any) -> list[Any] | None:
    """The elements of a tensor along its first dimension, where they are known numbers."""
    if isinstance(value, Tensor) and isinstance(value.operator, Constant) and isinstance(value.operator.value, (list, tuple)):
        return [_constant(interpreter, item) for item in value.operator.value]
    return None


def constant(interpreter: Interpreter, value: Any) -> Operator:
    """The operator of a tensor whose elements are known."""
    shape: Any = ()
    inner = value
    while isinstance(inner, (list, tuple)):
        shape = (*shape, len(inner))
        inner = inner[0] if inner else None
    return interpreter.emit(Constant(value=value, shape=shape, site=interpreter.site))


def _constant(interpreter: Interpreter, value: Any) -> Tensor:
    return Tensor(constant(interpreter, value))


def item(interpreter: Interpreter, value: Any, how: str) -> Any:
    """`.item()`, `float(tensor)`: the known number, or the tensor cut off from its gradient."""
    if isinstance(value, Tensor) and isinstance(value.operator, Constant) and isinstance(value.operator.value, NUMBER):
        return value.operator.value
    return Tensor(apply(interpreter, Detach(how=how), operands(interpreter, value)))


# -- calling modules ---------------------------------------------------------------------------------------------------


def call_module(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`module(...)`: runs its forward."""
    module.called = True
    if not interpreter.applying and not interpreter.building:
        call = torch_training.enter_network(interpreter, module, args, kwargs)
        call.result = _run_forward(interpreter, module, args, kwargs)
        call.end = len(interpreter.trace.operators)
        return call.result
    return _run_forward(interpreter, module, args, kwargs)


def _run_forward(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source import objects

    if len(interpreter.applying) > 40:
        return _opaque(interpreter, module.layer.kind, "modules nested too deeply", [*args, *kwargs.values()])
    own = module.attributes.get("forward")
    forward = own if own is not None else objects.class_attribute(module.cls, "forward") if isinstance(module.cls, Class) else None
    if forward is None or (isinstance(forward, Native)):
        return apply_builtin_forward(interpreter, module, args, kwargs)
    interpreter.applying.append(module)
    try:
        return interpreter.call(forward, args if own is not None else [module, *args], kwargs)
    finally:
        interpreter.applying.pop()


def apply_builtin_forward(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The forward of a leaf or container of torch's own."""
    if module.operator is not None:
        return _apply_leaf(interpreter, module, args, kwargs)
    if module.container == "Sequential":
        return _apply_in_order(interpreter, module, list(module.children.values()), args, kwargs)
    if "layers" in module.children and module.layer.kind in TRANSFORMER_STACKS:
        layers = module.children["layers"]
        chain = list(layers.children.values()) + ([module.children["norm"]] if "norm" in module.children else [])
        rest = args[1:2] if "Decoder" in module.layer.kind else []
        value = args[0] if args else kwargs.get("src", kwargs.get("tgt"))
        for child in chain:
            extra = rest if child is not chain[-1] or "norm" not in module.children else []
            value = _apply_in_order(interpreter, module, [child], [value, *extra], {})
        return value
    reason = module.tainted.reason if module.tainted is not None else "its forward cannot be seen"
    return _opaque(interpreter, module.layer.kind, reason, [*args, *kwargs.values()], layer=module.layer)


def _apply_in_order(interpreter: Interpreter, module: Module, children: list[Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.applying.append(module)
    site = interpreter.site
    value: Any = args[0] if args else kwargs.get("input")
    rest = args[1:]
    try:
        for child in children:
            present = [option for option in members(child) if option is not ABSENT and option is not None]
            if not present:
                continue

            def run(child: Any, value: Any = value) -> Any:
                if isinstance(child, Module) and child.layer.site is not None:
                    interpreter.site = child.layer.site  # type: ignore[assignment]
                return interpreter.call(child, [value, *rest], {})

            runs = [lambda child=option: run(child) for option in present]
            if len(present) < len(members(child)):
                runs.append(lambda value=value: value)
            value = runs[0]() if len(runs) == 1 else interpreter.choose(runs, "which layer it is")
    finally:
        interpreter.applying.pop()
        interpreter.site = site
    return value


def _leaf_spec(module: Module) -> Any:
    names = [module.cls.name] if isinstance(module.cls, External) else module.cls.external_bases()
    return next((LAYERS[canonical(name)] for name in names if canonical(name) in LAYERS), None)


def _apply_leaf(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    spec = _leaf_spec(module)
    template = module.operator
    assert template is not None
    try:
        bound = Signature(spec.call).bind(args, kwargs)
    except SignatureError:
        return _opaque(interpreter, module.layer.kind, "its arguments do not fit", [*args, *kwargs.values()], layer=module.layer)
    inputs = [operator for name in spec.tensors for operator in operands(interpreter, bound.get(name))]
    node = apply(interpreter, template, inputs, layer=module.layer)
    return structured(interpreter, node, spec.results(node) if spec.results is not None else None)


# -- calling functions outside the project ---------------------------------------------------------------------------------


def call_external(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None) -> Any:
    """Calls a function or class outside the project, by its qualified name."""
    from netlint.frontends.source.natives import BUILTINS, LIBRARY

    name = canonical(name)
    if name.startswith("numpy."):
        twin = f"torch.{NUMPY.get(name.removeprefix('numpy.'), name.removeprefix('numpy.'))}"
        if twin in CREATORS or (twin in FUNCTIONS and any(isinstance(arg, Tensor) for arg in args)):
            name = twin
    if name in LIBRARY:
        return LIBRARY[name](interpreter, args, kwargs)
    if name in LAYERS or name in CONTAINERS or name in TRANSFORMER_STACKS:
        return torch_modules.construct_leaf(interpreter, name, args, kwargs, opened)
    if name in FUNCTIONS:
        return call_spec(interpreter, FUNCTIONS[name], name, args, kwargs, opened)
    if name in SPECIAL:
        return SPECIAL[name](interpreter, args, kwargs)
    if name in INITIALIZERS:
        return _initializer(interpreter, name, args, kwargs)
    if name in CREATORS:
        return _create(interpreter, name, args, kwargs)
    if name in CREATORS_LIKE:
        return _create_like(interpreter, name, args)
    found = torch_training.call(interpreter, name, args, kwargs)
    if found is not None:
        return found
    if name.startswith("torch.Tensor.") and args:
        return interpreter.call(tensor_attribute(interpreter, args[0], name.removeprefix("torch.Tensor.")), args[1:], kwargs)
    if name.startswith("builtins."):
        return interpreter.call(BUILTINS.get(name.removeprefix("builtins."), Anything(name)), args, kwargs)
    if "." not in name and (name.endswith(("Error", "Exception", "Warning")) or name in ("StopIteration", "KeyboardInterrupt")):
        return External(name)
    if name.startswith("typing."):
        return External(name)
    if opened is None and name in _PURE_CONTEXTS:
        return External(f"{name}()")
    return call_unknown(interpreter, External(name), args, kwargs)


NUMPY = {"array": "tensor", "asarray": "tensor", "concatenate": "cat", "power": "pow"}
"""NumPy's names for what torch calls otherwise."""
_PURE_CONTEXTS = frozenset(
    {
        "torch.no_grad",
        "torch.inference_mode",
        "torch.enable_grad",
        "torch.autograd.no_grad",
        "torch.device",
        "torch.amp.autocast",
        "torch.cuda.amp.autocast",
        "torch.autocast",
        "torch.set_grad_enabled",
        "enum.auto",
        "dataclasses.dataclass",
        "contextlib.nullcontext",
        "property",
        "object",
    }
)


def call_spec(
    interpreter: Interpreter, spec: FunctionSpec, name: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None
) -> Any:
    """A function of torch or a tensor method that is an operator."""
    args = [_plain(arg) for arg in args]
    kwargs = {key: _plain(arg) for key, arg in kwargs.items()}
    if opened is not None:
        return _opaque(interpreter, name, opened.reason, [*args, *kwargs.values()])
    try:
        bound = Signature(spec.signature).bind(args, {key: value for key, value in kwargs.items() if key != "out"})
    except SignatureError as error:
        return _opaque(interpreter, name, f"its arguments do not fit: {error}", [*args, *kwargs.values()])
    inputs = [operator for operand in spec.tensors for operator in operands(interpreter, bound.get(operand))]
    template = spec.build(bound)
    if interpreter.asked_mode and isinstance(template, Dropout) and not template.explicit:
        template.training, template.explicit = None, True
    layer = _adopt_weights(template, inputs)
    node = apply(interpreter, template, inputs, **({"layer": layer} if layer is not None else {}))
    return structured(interpreter, node, spec.results(bound) if spec.results is not None else None)


def _plain(value: Any) -> Any:
    """An argument in the form the table of the API expects."""
    if isinstance(value, Either):
        present = [option for option in value.options if option is not ABSENT and option is not None]
        if present and all(isinstance(option, (Tensor, ParameterValue)) for option in present):
            return Either(tuple(present))
        return Unknown("it depends on a branch")
    if (
        isinstance(value, Tensor)
        and isinstance(value.operator, Constant)
        and isinstance(value.operator.value, NUMBER)
        and value.shape == ()
    ):
        return value.operator.value
    if isinstance(value, (External, Function, Instance)):
        return str(value.name) if isinstance(value, External) else Unknown("an object")
    return value


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


def _opaque(interpreter: Interpreter, label: str, reason: str, values: Iterable[Any], layer: Any = None) -> Tensor:
    inputs = []
    for value in values:
        for option in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(option, (Tensor, ParameterValue, Several)):
                inputs.extend(operands(interpreter, option))
    node = Opaque(label=label, reason=reason, inputs=tuple(inputs), site=interpreter.site, scope=interpreter.innermost_layer(), layer=layer)
    interpreter.blind(f"`{label}` cannot be seen: {reason}")
    return Tensor(interpreter.emit(node))


def call_unknown(interpreter: Interpreter, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Calls something that cannot be seen: an opaque operator if tensors go in, else a value that may be anything."""
    values = [*args, *kwargs.values()]
    label = function.name if isinstance(function, External) else "a function that cannot be seen"
    reason = (
        function.reason
        if isinstance(function, Unknown)
        else f"`{label}` is outside the project"
        if isinstance(function, External)
        else "it is not a function"
    )
    for value in values:
        if isinstance(value, Module) and interpreter.building and value in interpreter.building:
            value.tainted = value.tainted or Unknown(f"it is handed to `{label}`, which cannot be seen")
    passed = torch_training.pass_through(function, values)
    if passed is not None:
        return passed
    if any(_holds_tensor(value) for value in values):
        return _opaque(interpreter, label, reason, values)
    return Anything(f"the result of `{label}`: {reason}" if isinstance(function, External) else reason)


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_tensor(element) for element in value[:8])
    return isinstance(value, (Tensor, Several))


# -- making tensors ----------------------------------------------------------------------------------------------------------


def _create(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    last = name.rpartition(".")[2]
    value = _known_values(last, args, kwargs)
    if value is not None:
        return _constant(interpreter, value)
    if args and isinstance(args[0], (Tensor, ParameterValue)):
        return args[0] if isinstance(args[0], Tensor) else Tensor(read_parameter(interpreter, args[0]))
    shape = CREATORS[name](args, kwargs)
    what = "random" if name in RANDOM_CREATORS else last
    return Tensor(interpreter.emit(Constant(value=what, shape=shape, site=interpreter.site, scope=interpreter.innermost_layer())))


def _known_values(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    numbers = all(isinstance(arg, NUMBER) for arg in args)
    if name == "linspace" and numbers:
        steps = kwargs.get("steps", args[2] if len(args) > 2 else None)
        if isinstance(steps, int) and len(args) >= 2 and 0 < steps <= 4096:
            start, end = args[0], args[1]
            return [start + (end - start) * i / (steps - 1) if steps > 1 else float(start) for i in range(steps)]
    if name == "arange" and numbers and args and all(isinstance(arg, int) for arg in args) and len(range(*args)) <= 1024:
        return list(range(*args))
    if name in ("tensor", "as_tensor") and args and _is_number_list(args[0]):
        return args[0]
    return None


def _is_number_list(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return len(value) <= 1024 and all(_is_number_list(element) for element in value)
    return isinstance(value, NUMBER)


def _create_like(interpreter: Interpreter, name: str, args: list[Any]) -> Any:
    shape = None
    if args and isinstance(args[0], (Tensor, ParameterValue)):
        shape = args[0].shape if isinstance(args[0], Tensor) else args[0].parameter.shape
    what = "random" if name in RANDOM_CREATORS else name.rpartition(".")[2]
    return Tensor(interpreter.emit(Constant(value=what, shape=shape, site=interpreter.site, scope=interpreter.innermost_layer())))


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


def _initializer(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        bound = Signature(INITIALIZERS[name]).bind(args, kwargs)
    except SignatureError:
        return args[0] if args else None
    target = next(iter(bound.values()), None)
    _mark_initialized(interpreter, target, name.rpartition(".")[2], {key: value for key, value in bound.items() if value is not target})
    return target


def _mark_initialized(interpreter: Interpreter, target: Any, name: str, options: dict[str, Any]) -> None:
    for option in members(target):
        found = parameter_of(option)
        if found is not None:
            found.parameter.initialization = Initialization(name if name.endswith("_") else f"{name}_", options, interpreter.site)


# -- tensors -------------------------------------------------------------------------------------------------------------------


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


def tensor_method(interpreter: Interpreter, value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`tensor.name(...)`."""
    if name in ("size", "dim", "ndimension", "numel", "nelement", "element_size", "stride", "storage", "data_ptr"):
        return _measure(value, name, args, kwargs)
    if name in ("item", "tolist") and not args:
        known = value.operator.value if isinstance(value, Tensor) and isinstance(value.operator, Constant) else None
        if isinstance(known, (*NUMBER, list, tuple)):
            return AList(known) if isinstance(known, (list, tuple)) else known
        return item(interpreter, value, name)
    if name == "split" and isinstance(value, Tensor) and isinstance(value.operator, Constant) and isinstance(value.operator.value, list):
        return _split_known(interpreter, value.operator.value, args[0] if args else kwargs.get("split_size"))
    if name in ("int", "long") and isinstance(value, Tensor) and isinstance(value.operator, Constant) and is_known(value.operator.value):
        return _constant(interpreter, integers(value.operator.value))
    if name == "backward":
        torch_training.backward(interpreter, value)
        return None
    if name.startswith("new_"):
        creator = f"torch.{name.removeprefix('new_')}"
        return _create(interpreter, creator, args, kwargs) if creator in CREATORS else _opaque(interpreter, name, "a new tensor", [])
    if name in ("requires_grad_", "retain_grad", "register_hook", "share_memory_", "is_contiguous", "is_floating_point", "is_complex"):
        if name == "requires_grad_" and isinstance(value, ParameterValue):
            value.parameter.trainable = args[0] if args and isinstance(args[0], bool) else kwargs.get("requires_grad", True)
        return value if name.endswith("_") else Unknown(f"`{name}`")
    if name in TENSOR_INITIALIZERS:
        found = parameter_of(value)
        if found is not None:
            _mark_initialized(interpreter, found, name, {"arguments": tuple(args)})
        elif isinstance(value, Tensor):
            what = "random" if name not in ("zero_", "fill_") else name
            value.operator = interpreter.emit(
                Constant(value=what, shape=value.shape, site=interpreter.site, scope=interpreter.innermost_layer())
            )
        return value
    if name == "copy_" and parameter_of(value) is not None:
        _mark_initialized(interpreter, value, "copy_", {})
        return value
    if name.endswith("_") and not name.startswith("_") and name[:-1] in METHODS:
        result = call_spec(interpreter, METHODS[name[:-1]], f"Tensor.{name}", [value, *args], kwargs)
        if isinstance(result, Tensor) and isinstance(value, Tensor):
            result.operator.inplace = True
            value.operator = result.operator
        return result
    if name in METHODS:
        return call_spec(interpreter, METHODS[name], f"Tensor.{name}", [value, *args], kwargs)
    return _opaque(interpreter, f"Tensor.{name}", "it is not a known method", [value, *args, *kwargs.values()])


def _split_known(interpreter: Interpreter, values: list[Any], sizes: Any) -> Any:
    if isinstance(sizes, int) and sizes > 0:
        sizes = [sizes] * -(-len(values) // sizes)
    if not isinstance(sizes, (list, tuple)) or not all(isinstance(size, int) for size in sizes):
        return Anything("a split into unknown sizes")
    pieces, start = [], 0
    for size in sizes:
        pieces.append(_constant(interpreter, values[start : start + size]))
        start += size
    return tuple(pieces)


def _measure(value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
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
            return _opaque(interpreter, symbol, "an operand is None", [left, right])
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

    known = [_plain(side) for side in (left, right)]
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
    if _is_batch(operator) and isinstance(index, int):
        return Tensor(apply(interpreter, Select(index=index), (operator,)))
    if isinstance(operator, Constant) and isinstance(operator.value, (list, tuple)) and isinstance(index, int):
        if -len(operator.value) <= index < len(operator.value):
            return _constant(interpreter, operator.value[index])
    parts = index if isinstance(index, tuple) else (index,)
    inputs, plain = [operator], []
    for part in parts:
        if isinstance(part, (Tensor, ParameterValue, Several)):
            inputs.extend(operands(interpreter, part))
            plain.append(Unknown("indexed by a tensor"))
        elif isinstance(part, slice):
            plain.append(
                slice(
                    *(
                        bound if isinstance(bound, (int, Unknown)) or bound is None else Unknown("a bound")
                        for bound in (part.start, part.stop, part.step)
                    )
                )
            )
        else:
            plain.append(part if isinstance(part, (int, type(None), type(...), Unknown)) else Unknown("an index"))
    return Tensor(apply(interpreter, Slice(index=tuple(plain)), inputs))


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
        _mark_initialized(interpreter, target, "partly set", {})


def training_attribute(interpreter: Interpreter, value: Any, name: str) -> Any:
    """An attribute of an optimizer, loader or data set."""
    return torch_training.attribute(interpreter, value, name)


# -- functions that are neither operators nor creators ---------------------------------------------------------------------------


def _first(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _false(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return False


def _none(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return None


def _checkpoint(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return interpreter.call(
        args[0], args[1:], {key: value for key, value in kwargs.items() if key not in ("use_reentrant", "preserve_rng_state", "context_fn")}
    )


def _checkpoint_sequential(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value: Any = args[2] if len(args) > 2 else kwargs.get("input")
    for function in interpreter.items(args[0]) or []:
        value = interpreter.call(function, [value], {})
    return value


def _size(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return tuple(interpreter.items(args[0]) or ()) if args else ()


def _is_tensor(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if isinstance(args[0], Unknown):
        return Unknown(args[0].reason)
    return isinstance(args[0], (Tensor, ParameterValue))


def _wrap_norm(kind: str) -> Any:
    def wrap(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        module = args[0] if args else kwargs.get("module")
        name = args[1] if len(args) > 1 else kwargs.get("name", "weight")
        if not isinstance(module, Module) or not isinstance(name, str):
            return module
        module.layer.wrapped = (*module.layer.wrapped, kind)
        weight = module.parameters.get(name)
        if kind == "weight_norm" and isinstance(weight, ParameterValue) and weight.parameter.shape:
            dim = args[2] if len(args) > 2 else kwargs.get("dim", 0)
            shape = weight.parameter.shape
            known = isinstance(dim, int) and -len(shape) <= dim < len(shape)
            magnitude: Any = (
                tuple(size if i == dim % len(shape) else 1 for i, size in enumerate(shape)) if known else () if dim is None else None
            )
            module.parameters[f"{name}_g"] = ParameterValue(Parameter(f"{name}_g", magnitude, owner=module.layer), module)
        return module

    return wrap


def _data_parallel(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    module = args[0] if args else kwargs.get("module")
    if isinstance(module, Module):
        module.attributes["module"] = module
    return module


def _module_base(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Anything("a module")


def _numel(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _measure(args[0], "numel", [], {}) if args and isinstance(args[0], (Tensor, ParameterValue)) else Unknown("a number of elements")


def _rearrange(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.graph.operators import Rearrange

    pattern = args[1] if len(args) > 1 else kwargs.get("pattern", "")
    return Tensor(
        apply(interpreter, Rearrange(how="einops", arguments=(pattern,)), operands(interpreter, args[0] if args else kwargs.get("tensor")))
    )


SPECIAL: dict[str, Any] = {
    "torch.nn.Parameter": make_parameter,
    "torch.nn.parameter.Parameter": make_parameter,
    "torch.nn.UninitializedParameter": lambda interpreter, args, kwargs: ParameterValue(Parameter("parameter", None)),
    "torch.utils.checkpoint.checkpoint": _checkpoint,
    "torch.utils.checkpoint.checkpoint_sequential": _checkpoint_sequential,
    "torch.Size": _size,
    "torch.is_tensor": _is_tensor,
    "torch.numel": _numel,
    "torch.nn.Module": _module_base,
    "torch.nn.DataParallel": _data_parallel,
    "torch.nn.parallel.DataParallel": _data_parallel,
    "torch.nn.parallel.DistributedDataParallel": _data_parallel,
    "einops.rearrange": _rearrange,
    "einops.repeat": _rearrange,
    "einops.reduce": _rearrange,
    "os.environ.get": lambda interpreter, args, kwargs: args[1] if len(args) > 1 else None,
    "os.getenv": lambda interpreter, args, kwargs: args[1] if len(args) > 1 else None,
}
for _name in (
    "torch.jit.script torch.jit.trace torch.jit.export torch.jit.ignore torch.jit.unused torch.compile torch.fx.wrap torch.jit.interface torch.jit.script_if_tracing "
    "torch.nn.SyncBatchNorm.convert_sync_batchnorm torch.compiler.disable torch.jit._overload_method torch.autograd.Variable torch.autograd.variable.Variable torch.jit.freeze "
    "torch.jit.Attribute torch.jit.annotate torch.nn.utils.remove_weight_norm tqdm.tqdm tqdm.auto.tqdm"
).split():
    SPECIAL[_name] = _first
SPECIAL["torch.jit.Attribute"] = _first
SPECIAL["torch.jit.annotate"] = lambda interpreter, args, kwargs: args[1] if len(args) > 1 else None
for _name in (
    "torch.jit.is_scripting torch.jit.is_tracing torch.onnx.is_in_onnx_export torch.compiler.is_compiling torch._dynamo.is_compiling torch.is_autocast_enabled "
    "torch.overrides.has_torch_function torch.overrides.has_torch_function_unary torch.overrides.has_torch_function_variadic torch.compiler.is_exporting "
    "torch.compiler.is_dynamo_compiling torch._jit_internal.is_scripting torch.fx._symbolic_trace.is_fx_tracing torch.distributed.is_initialized"
).split():
    SPECIAL[_name] = _false
for _name in (
    "torch._assert torch.manual_seed torch._C._log_api_usage_once torch.set_float32_matmul_precision torch.nn.utils.clip_grad_norm_ torch.save torch.cuda.empty_cache"
).split():
    SPECIAL[_name] = _none
for _name, _kind in (
    ("torch.nn.utils.weight_norm", "weight_norm"),
    ("torch.nn.utils.parametrizations.weight_norm", "weight_norm"),
    ("torch.nn.utils.spectral_norm", "spectral_norm"),
    ("torch.nn.utils.parametrizations.spectral_norm", "spectral_norm"),
):
    SPECIAL[_name] = _wrap_norm(_kind)

__all__ = ["ADict", "Bound", "Dataset", "OptimizerValue", "Partial", "call_external", "call_module", "tensor_attribute"]
