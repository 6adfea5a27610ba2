"""Module objects: construction, registration, containers, and the methods every `nn.Module` has."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

from netlint.frontends.source import torch_training
from netlint.frontends.source.functions import bind_arguments
from netlint.frontends.source.heap import ADict, AList, ASet, OpenList
from netlint.frontends.source.interpreter import Raised
from netlint.frontends.source.torch_api import (
    INITIALIZERS,
    LAYERS,
    TRAINING_FLAG,
    TRANSFORMER_STACKS,
    Signature,
    SignatureError,
    canonical,
)
from netlint.frontends.source.values import (
    ABSENT,
    CONTAINERS,
    Anything,
    Class,
    Either,
    External,
    Function,
    Instance,
    Module,
    Native,
    ParameterValue,
    Tensor,
    members,
)
from netlint.graph.parameter import Initialization, Layer, Parameter
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter

_PLACEMENT = frozenset({"inputs", "layer", "site", "scope", "shape", "name", "path", "monotone"})
LIGHTNING = frozenset(
    {
        "pytorch_lightning.LightningModule",
        "pytorch_lightning.core.LightningModule",
        "pytorch_lightning.core.lightning.LightningModule",
        "lightning.LightningModule",
        "lightning.pytorch.LightningModule",
    }
)
"""Modules with their own training code: what `training_step` returns is propagated back."""
_MODULE_BASES = frozenset(
    {
        "torch.nn.Module",
        *LIGHTNING,
        "torch.jit.ScriptModule",
        "transformers.PreTrainedModel",
        "transformers.modeling_utils.PreTrainedModel",
    }
)
_LOSSES = ("torch.nn.modules.loss._Loss", "torch.nn.modules.loss._WeightedLoss")


def is_module_class(name: str) -> bool:
    """Whether a class outside the project derives from `nn.Module`."""
    name = canonical(name)
    return name in _MODULE_BASES or name in LAYERS or name in CONTAINERS or name in TRANSFORMER_STACKS or name in _LOSSES


_FAMILIES = {
    "torch.nn.modules.batchnorm._BatchNorm": ("torch.nn.BatchNorm", "torch.nn.SyncBatchNorm", "torch.nn.LazyBatchNorm"),
    "torch.nn.modules.conv._ConvNd": ("torch.nn.Conv", "torch.nn.LazyConv"),
    "torch.nn.modules.conv._ConvTransposeNd": ("torch.nn.ConvTranspose",),
    "torch.nn.modules.instancenorm._InstanceNorm": ("torch.nn.InstanceNorm",),
    "torch.nn.modules.dropout._DropoutNd": ("torch.nn.Dropout", "torch.nn.AlphaDropout", "torch.nn.FeatureAlphaDropout"),
    "torch.nn.modules.batchnorm._NormBase": ("torch.nn.BatchNorm", "torch.nn.InstanceNorm", "torch.nn.SyncBatchNorm"),
    "torch.nn.modules.rnn.RNNBase": ("torch.nn.LSTM", "torch.nn.GRU", "torch.nn.RNN"),
    "torch.nn.RNNBase": ("torch.nn.LSTM", "torch.nn.GRU", "torch.nn.RNN"),
}


def is_subclass(name: str, base: str) -> bool:
    """Whether one of torch's own module classes derives from another."""
    name, base = canonical(name), canonical(base)
    if name == base:
        return True
    if base == "torch.nn.Module":
        return is_module_class(name)
    return any(name.startswith(prefix) and not name.endswith("Cell") for prefix in _FAMILIES.get(base, ()))


def is_instance(module: Module, name: str) -> Any:
    """`isinstance(module, name)` for a class outside the project."""
    known = [base.name for base in module.cls.mro if isinstance(base, External)] if isinstance(module.cls, Class) else [module.cls.name]
    if any(is_subclass(base, name) for base in known):
        return True
    if any(not is_module_class(base) and base != "object" and not base.startswith(("abc.", "typing.")) for base in known):
        return Unknown("a base class that cannot be seen")
    return False


# -- construction ----------------------------------------------------------------------------------------------------


def _new(interpreter: Interpreter, cls: Class | External) -> Module:
    kind = cls.name
    module = Module(cls, Layer("", kind, site=interpreter.site))
    interpreter.trace.made.append(module)
    interpreter.progressed()
    return module


def construct(interpreter: Interpreter, cls: Class, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None) -> Module:
    """An object of a class of the project that derives from `nn.Module`."""
    from netlint.frontends.source import classes

    module = _new(interpreter, cls)
    if not interpreter.building and not interpreter.applying:
        interpreter.trace.free.append(module)
    interpreter.building.append(module)
    for base in cls.mro:
        if isinstance(base, Unknown):
            module.tainted = Unknown(f"a base class of `{cls.name}` cannot be seen")
        elif isinstance(base, External) and not is_module_class(base.name) and base.name not in classes.PLAIN_BASES:
            unseen = not base.name.startswith(("typing.", "abc.", "collections."))
            module.tainted = Unknown(f"the base class `{base.name}` cannot be seen") if unseen else module.tainted
    try:
        init = classes.class_attribute(cls, "__init__")
        if isinstance(init, Function) and is_lightning(cls):
            module.arguments["hparams"] = _hyperparameters(cls, bind_arguments(init, [module, *args], kwargs, opened))
        if init is not None:
            interpreter.call(init, [module, *args], kwargs, opened)
        elif cls.fields is not None:
            fields = Instance(cls, module.attributes)
            classes.fill_fields(interpreter, fields, cls.fields, args, kwargs, opened)
        else:
            for base in cls.external_bases():
                if canonical(base) != "torch.nn.Module" and is_module_class(base):
                    call_builtin(interpreter, base, "__init__", [module, *args], kwargs, opened)
                    break
    except Raised:
        module.tainted = Unknown("its constructor raises an exception")
        raise
    finally:
        interpreter.building.pop()
    return module


def is_lightning(cls: Class) -> bool:
    """Whether a class of the project derives from PyTorch Lightning's module."""
    return any(base in LIGHTNING for base in cls.external_bases())


def _hyperparameters(cls: Class, bound: dict[str, Any]) -> Instance:
    """`self.hparams` after `save_hyperparameters()`: the arguments of the constructor."""
    kind = Class("AttributeDict", (), ADict(), cls.file, None)
    kind.mro = (kind,)
    return Instance(kind, ADict(list(bound.items())[1:]))


def construct_leaf(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None) -> Module:
    """`torch.nn.X(...)`."""
    module = _new(interpreter, External(name))
    _initialize(interpreter, module, name, args, kwargs, opened)
    return module


def _initialize(
    interpreter: Interpreter, module: Module, name: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None
) -> None:
    """What the constructor of one of torch's own modules does to an object."""
    if name in CONTAINERS:
        _fill_container(interpreter, module, name.rpartition(".")[2], args, kwargs, opened)
        return
    if name in TRANSFORMER_STACKS:
        _fill_stack(interpreter, module, name, args, kwargs)
        return
    spec = LAYERS.get(name)
    if spec is None:
        return
    if opened is not None:
        module.tainted = opened
        return
    try:
        bound = Signature(spec.signature).bind(args, kwargs)
    except SignatureError as error:
        module.tainted = Unknown(f"the arguments of `{name}`: {error}")
        interpreter.blind(f"the arguments of `{name}` do not fit: {error}")
        return
    module.arguments = bound
    if any(isinstance(value, Either) for value in bound.values()):
        module.tainted = Unknown("an argument depends on a branch")
        bound = {key: Unknown("it depends on a branch") if isinstance(value, Either) else value for key, value in bound.items()}
    module.operator = spec.build(bound)
    if module.operator is None:
        module.tainted = Unknown(f"what `{name}` computes is not known")
        return
    for key, shape in module.operator.parameter_shapes().items():
        module.parameters[key] = ParameterValue(Parameter(key, shape, owner=module.layer), module)
    module.layer.operator = module.operator
    module.layer.kind = name


def _fill_container(
    interpreter: Interpreter, module: Module, kind: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None
) -> None:
    if opened is not None:
        module.tainted = opened
    if kind == "Sequential" and not (len(args) == 1 and isinstance(args[0], dict)):
        for index, value in enumerate(args):
            set_child(interpreter, module, str(index), value)
        return
    content = args[0] if args else kwargs.get("modules", kwargs.get("parameters", kwargs.get("values")))
    if content is None:
        return
    if isinstance(content, dict):
        for key, value in content.items():
            set_child(interpreter, module, str(key), value)
        return
    if isinstance(content, Module) and content.container == "ModuleDict":
        for key, value in content.children.items():
            set_child(interpreter, module, str(key), value)
        return
    found = interpreter.items(content)
    if found is None:
        module.tainted = Unknown("the container's contents are not known")
        found = list(content) if isinstance(content, OpenList) else [interpreter.representative(content)]
    if kind in ("ModuleDict", "ParameterDict"):
        for pair in found:
            if isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str):
                set_child(interpreter, module, pair[0], pair[1])
            else:
                module.tainted = Unknown("the container's keys are not known")
        return
    for index, value in enumerate(found):
        set_child(interpreter, module, str(index), value)


def _fill_stack(interpreter: Interpreter, module: Module, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """`nn.TransformerEncoder(layer, num_layers, norm)`: copies of the layer, then the norm."""
    try:
        bound = Signature(TRANSFORMER_STACKS[name]).bind(args, kwargs)
    except SignatureError as error:
        module.tainted = Unknown(f"the arguments of `{name}`: {error}")
        return
    layer = next((value for key, value in bound.items() if key.endswith("_layer")), None)
    count, norm = bound.get("num_layers"), bound.get("norm")
    layers = construct_leaf(interpreter, "torch.nn.ModuleList", [], {}, None)
    if not isinstance(count, int) or count > 1000:
        module.tainted = Unknown("the number of layers is not known")
        count = 1
    for index in range(count):
        set_child(interpreter, layers, str(index), deep_copy(interpreter, layer, {}))
    set_child(interpreter, module, "layers", layers)
    if norm is not None:
        set_child(interpreter, module, "norm", norm)


# -- registration ------------------------------------------------------------------------------------------------------


def set_child(interpreter: Interpreter, module: Module, name: str, value: Any) -> None:
    """Registers a value under a name the way `Module.__setattr__` does."""
    tables = (module.attributes, module.parameters, module.buffers, module.children)
    if any(isinstance(option, Module) for option in members(value)):
        table = module.children
    elif any(isinstance(option, ParameterValue) for option in members(value)):
        table = module.parameters
    elif value is None and (name in module.children or name in module.parameters):
        table = module.children if name in module.children else module.parameters
    elif name in module.buffers and isinstance(value, (Tensor, type(None))):
        table = module.buffers
    else:
        table = module.children if module.container in ("Sequential", "ModuleList") and name.isdigit() else module.attributes
    for other in tables:
        if other is not table and name in other:
            interpreter.heap.touch(other)
            del other[name]
    interpreter.heap.touch(table)
    table[name] = value


def set_attribute(interpreter: Interpreter, module: Module, name: str, value: Any) -> None:
    """`module.name = value`."""
    if name == "training":
        return
    if (
        (
            module.operator is not None
            and hasattr(module.operator, name)
            and name not in _PLACEMENT
            and not isinstance(value, (Module, ParameterValue))
        )
        and isinstance(value, (bool, int, float, str, tuple, type(None), Unknown))
        and name not in ("bias", "weight")
    ):
        module.operator = copy(module.operator)
        setattr(module.operator, name, value)
    set_child(interpreter, module, name, value)


def set_parameter_attribute(interpreter: Interpreter, value: ParameterValue, name: str, new: Any) -> None:
    """`parameter.requires_grad = ...`, `parameter.data = ...`."""
    if name == "requires_grad":
        value.parameter.trainable = new if isinstance(new, bool) else Unknown("whether it is trained")
    elif name == "data" and isinstance(new, Tensor):
        value.parameter.initialization = Initialization("data", {}, interpreter.site)
        if value.parameter.shape != new.shape:
            value.parameter.shape = new.shape


# -- walking -------------------------------------------------------------------------------------------------------------


def child_modules(module: Module) -> list[tuple[str, Module]]:
    """The children of a module by name; of an undecided one, each alternative."""
    return [(name, option) for name, value in module.children.items() for option in members(value) if isinstance(option, Module)]


def walk(module: Module) -> list[tuple[str, Module]]:
    """`named_modules()`: the module and everything below it, each once, parents first."""
    found: list[tuple[str, Module]] = []
    seen: set[int] = set()
    stack = [("", module)]
    while stack:
        path, current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        found.append((path, current))
        below = [(f"{path}.{name}" if path else name, child) for name, child in child_modules(current)]
        stack.extend(reversed(below))
    return found


def named_parameters(module: Module) -> list[tuple[str, ParameterValue]]:
    """All parameters below a module by their state_dict key, each once."""
    found: dict[int, tuple[str, ParameterValue]] = {}
    for path, current in walk(module):
        for name, value in current.parameters.items():
            for option in members(value):
                if isinstance(option, ParameterValue):
                    found.setdefault(id(option.parameter), (f"{path}.{name}" if path else name, option))
    return list(found.values())


def iterate(interpreter: Interpreter, module: Module) -> list[Any] | None:
    """The elements of a container."""
    kind = module.container
    if kind in ("Sequential", "ModuleList"):
        if module.tainted is not None:
            return list(module.children.values()) or None
        return list(module.children.values())
    if kind == "ModuleDict":
        return list(module.children)
    if kind in ("ParameterList", "ParameterDict"):
        return list(module.parameters.values()) if kind == "ParameterList" else list(module.parameters)
    return None


def length(interpreter: Interpreter, module: Module) -> Any:
    """`len(container)`."""
    if module.container is None or module.tainted is not None:
        from netlint.frontends.source import classes

        method = classes.class_attribute(module.cls, "__len__") if isinstance(module.cls, Class) else None
        return interpreter.call(method, [module], {}) if method is not None else Unknown("the length of a module")
    table = module.parameters if module.container.startswith("Parameter") else module.children
    if any(ABSENT in members(value) for value in table.values()):
        return Unknown("the length of a container that depends on a branch")
    return len(table)


def module_item(interpreter: Interpreter, module: Module, index: Any) -> Any:
    """`container[index]`."""
    from netlint.frontends.source import classes, objects

    if isinstance(module.cls, Class):
        method = classes.class_attribute(module.cls, "__getitem__")
        if method is not None:
            return interpreter.call(method, [module, index], {})
    table = module.parameters if (module.container or "").startswith("Parameter") else module.children
    module.layer.indexed = True
    if isinstance(index, str):
        return interpreter.present(table[index], "an element") if index in table else Anything(f"the element `{index}`")
    values = list(table.values())
    if isinstance(index, slice):
        piece = objects.get_item(interpreter, AList(values), index)
        if not isinstance(piece, list):
            return piece
        keys = list(table)[index]
        made = _new(interpreter, External(f"torch.nn.{module.container}") if module.container else External("torch.nn.Sequential"))
        for key, value in zip(keys, piece, strict=True):
            made.children[key] = value
        return made
    return objects.get_item(interpreter, AList(values), index)


def set_module_item(interpreter: Interpreter, module: Module, index: Any, value: Any) -> None:
    """`container[index] = value`."""
    if isinstance(index, str):
        set_child(interpreter, module, index, value)
    elif isinstance(index, int):
        keys = list(module.children)
        if -len(keys) <= index < len(keys):
            set_child(interpreter, module, keys[index], value)
    else:
        module.tainted = Unknown("an element is set at an unknown place")


def delete_module_item(interpreter: Interpreter, module: Module, index: Any) -> None:
    """`del container[index]`; the later children of a list move up."""
    keys = list(module.children)
    interpreter.heap.touch(module.children)
    chosen = (
        [index]
        if isinstance(index, str)
        else keys[index]
        if isinstance(index, slice)
        else [keys[index]]
        if isinstance(index, int) and -len(keys) <= index < len(keys)
        else None
    )
    if chosen is None:
        module.tainted = Unknown("an element is deleted at an unknown place")
        return
    for key in chosen:
        module.children.pop(key, None)
    if module.container in ("Sequential", "ModuleList"):
        rest = list(module.children.values())
        module.children.clear()
        module.children.update({str(i): value for i, value in enumerate(rest)})


COPY = 2_000
"""What the copy of a module costs, in elements (see `Interpreter.spend`)."""


def deep_copy(interpreter: Interpreter, value: Any, memo: dict[int, Any]) -> Any:
    """`copy.deepcopy`: modules, parameters and containers are new objects, everything else is shared."""
    interpreter.step()
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Module):
        interpreter.spend(COPY)
        layer = copy(value.layer)
        made = Module(
            value.cls,
            layer,
            operator=copy(value.operator) if value.operator is not None else None,
            arguments=value.arguments,
            tainted=value.tainted,
        )
        layer.operator = made.operator
        layer.parameters, layer.children, layer.parent = {}, {}, None
        memo[id(value)] = made
        for name in ("attributes", "children", "parameters", "buffers"):
            getattr(made, name).update({key: deep_copy(interpreter, item, memo) for key, item in getattr(value, name).items()})
        return made
    if isinstance(value, ParameterValue):
        parameter = copy(value.parameter)
        copied = memo[id(value)] = ParameterValue(parameter, None)
        if value.owner is not None and id(value.owner) in memo:
            copied.owner = memo[id(value.owner)]
            parameter.owner = copied.owner.layer if copied.owner else None
        return copied
    if isinstance(value, Instance):
        instance = memo[id(value)] = Instance(value.cls)
        instance.attributes.update({key: deep_copy(interpreter, item, memo) for key, item in value.attributes.items()})
        return instance
    if isinstance(value, AList):
        copied_list = memo[id(value)] = AList()
        copied_list.extend(deep_copy(interpreter, item, memo) for item in value)
        return copied_list
    if isinstance(value, ADict):
        copied_dict = memo[id(value)] = ADict()
        copied_dict.update({key: deep_copy(interpreter, item, memo) for key, item in value.items()})
        return copied_dict
    if isinstance(value, tuple):
        copied_tuple = memo[id(value)] = tuple(deep_copy(interpreter, item, memo) for item in value)
        return copied_tuple
    if isinstance(value, Either):
        return Either(tuple(deep_copy(interpreter, option, memo) for option in value.options))
    return ASet(value) if isinstance(value, ASet) else value


# -- methods of every module -----------------------------------------------------------------------------------------------

Method = Callable[["Interpreter", Module, list[Any], dict[str, Any]], Any]


def _argument(args: list[Any], kwargs: dict[str, Any], index: int, name: str, default: Any = None) -> Any:
    return args[index] if len(args) > index else kwargs.get(name, default)


def _register_buffer(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    name, value = _argument(args, kwargs, 0, "name"), _argument(args, kwargs, 1, "tensor")
    if isinstance(name, str):
        interpreter.heap.touch(module.buffers)
        module.attributes.pop(name, None)
        module.buffers[name] = value


def _register_parameter(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    name, value = _argument(args, kwargs, 0, "name"), _argument(args, kwargs, 1, "param")
    if not isinstance(name, str):
        module.tainted = Unknown("a parameter is registered under an unknown name")
    elif value is None:
        module.parameters.pop(name, None)
        module.attributes[name] = None
    else:
        set_child(interpreter, module, name, value)
        if not isinstance(value, ParameterValue):
            module.tainted = module.tainted or Unknown(f"the parameter `{name}` is not known")


def _add_module(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    name, value = _argument(args, kwargs, 0, "name"), _argument(args, kwargs, 1, "module")
    if isinstance(name, str):
        set_child(interpreter, module, name, value)
    else:
        module.tainted = Unknown("a module is added under an unknown name")
        set_child(interpreter, module, f"?{len(module.children)}", value)


def _apply(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    # PyTorch visits the children first.
    for _, current in reversed(list(walk(module))):
        interpreter.call(args[0], [current], {})
    return module


def _parameters(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if _argument(args, kwargs, 0, "recurse", True) is False:
        return AList(value for value in module.parameters.values() if isinstance(value, ParameterValue))
    return AList(value for _, value in named_parameters(module))


def _named_parameters(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if kwargs.get("recurse", True) is False:
        return AList((name, value) for name, value in module.parameters.items() if isinstance(value, ParameterValue))
    return AList(named_parameters(module))


def _named_modules(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return AList(walk(module))


def _modules(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return AList(current for _, current in walk(module))


def _children(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return AList(value for value in module.children.values() if value is not None)


def _named_children(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return AList((name, value) for name, value in module.children.items() if value is not None)


def _itself(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return module


def _train(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    module.in_eval = _argument(args, kwargs, 0, "mode", True) is False
    return module


def _eval(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    module.in_eval = True
    interpreter.trace.evaluated.append(module)
    return module


def _requires_grad(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    wanted = _argument(args, kwargs, 0, "requires_grad", True)
    for _, value in named_parameters(module):
        value.parameter.trainable = wanted if isinstance(wanted, bool) else Unknown("whether it is trained")
    return module


def _load_state_dict(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.trace.loaded.append(module)
    return Anything("the result of load_state_dict")


def _hook(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    module.layer.hooked = True
    return Anything("a hook's handle")


def _append(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if (module.container or "").startswith("Parameter"):
        set_child(interpreter, module, str(len(module.parameters)), args[0])
    else:
        set_child(interpreter, module, str(len(module.children)), args[0])
    return module


def _extend(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    if found is None:
        module.tainted = Unknown("extended by an unknown number of modules")
        found = list(args[0]) if isinstance(args[0], OpenList) else [interpreter.representative(args[0])]
    for value in found:
        _append(interpreter, module, [value], {})
    return module


def concatenate(interpreter: Interpreter, left: Module, right: Any) -> Module:
    """`left + right`: a new container with the elements of both."""
    made = construct_leaf(interpreter, f"torch.nn.{left.container}", [], {}, None)
    made.tainted = left.tainted
    for part in (AList(left.children.values()), right):
        _extend(interpreter, made, [part], {})
    return made


def _insert(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    values = list(module.children.values())
    if not isinstance(args[0], int):
        module.tainted = Unknown("a module is inserted at an unknown place")
    values.insert(args[0] if isinstance(args[0], int) else len(values), args[1])
    interpreter.heap.touch(module.children)
    module.children.clear()
    module.children.update({str(i): value for i, value in enumerate(values)})
    return module


def _get_submodule(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    path = _argument(args, kwargs, 0, "target")
    current: Any = module
    for part in path.split(".") if isinstance(path, str) and path else ():
        current = current.children.get(part) if isinstance(current, Module) else None
    return current if isinstance(path, str) and current is not None else Anything("a submodule")


def _update(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    content = args[0] if args else None
    if isinstance(content, dict):
        for key, value in content.items():
            set_child(interpreter, module, str(key), value)
    else:
        module.tainted = Unknown("updated from something unknown")


def _pop(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    keys = list(module.children)
    key = args[0] if args else -1
    key = keys[key] if isinstance(key, int) and -len(keys) <= key < len(keys) else key
    value = module.children.get(key, Anything("a popped module"))
    delete_module_item(interpreter, module, key)
    return value


def _forward(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source import torch_calls

    return torch_calls.apply_builtin_forward(interpreter, module, args, kwargs)


def _call_itself(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return interpreter.call(module, args, kwargs)


METHODS: dict[str, Method] = {
    "register_buffer": _register_buffer,
    "register_parameter": _register_parameter,
    "add_module": _add_module,
    "register_module": _add_module,
    "apply": _apply,
    "parameters": _parameters,
    "named_parameters": _named_parameters,
    "modules": _modules,
    "named_modules": _named_modules,
    "children": _children,
    "named_children": _named_children,
    "train": _train,
    "eval": _eval,
    "freeze": _itself,
    "requires_grad_": _requires_grad,
    "load_state_dict": _load_state_dict,
    "register_forward_hook": _hook,
    "register_forward_pre_hook": _hook,
    "register_full_backward_hook": _hook,
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "get_submodule": _get_submodule,
    "update": _update,
    "pop": _pop,
    "forward": _forward,
    "__call__": _call_itself,
    "values": lambda interpreter, module, args, kwargs: AList(module.children.values()),
    "keys": lambda interpreter, module, args, kwargs: AList(module.children),
    "items": lambda interpreter, module, args, kwargs: AList(module.children.items()),
    "buffers": lambda interpreter, module, args, kwargs: AList(module.buffers.values()),
    "named_buffers": lambda interpreter, module, args, kwargs: AList(module.buffers.items()),
    "manual_backward": lambda interpreter, module, args, kwargs: torch_training.unseen_backward(interpreter, args, kwargs),
    "zero_grad": lambda interpreter, module, args, kwargs: None,
    "compile": lambda interpreter, module, args, kwargs: None,
    "reset_parameters": lambda interpreter, module, args, kwargs: None,
    "_reset_parameters": lambda interpreter, module, args, kwargs: None,
    "state_dict": lambda interpreter, module, args, kwargs: Anything("a state_dict"),
    "_register_load_state_dict_pre_hook": lambda interpreter, module, args, kwargs: None,
    "register_load_state_dict_post_hook": lambda interpreter, module, args, kwargs: None,
    "extra_repr": lambda interpreter, module, args, kwargs: Unknown("a text"),
}
for _name in ("to", "cuda", "cpu", "float", "half", "double", "bfloat16", "share_memory", "type", "xpu", "to_empty"):
    METHODS[_name] = _itself
for _name in ("save_hyperparameters", "log", "log_dict", "register_state_dict_pre_hook"):
    METHODS[_name] = lambda interpreter, module, args, kwargs: None

_CONTAINER_ONLY = frozenset({"append", "extend", "insert", "update", "pop", "values", "keys", "items"})


def has_builtin(module: Module, name: str) -> Any:
    """Whether a module has an attribute by virtue of its torch class."""
    if name in METHODS:
        return name not in _CONTAINER_ONLY or module.container is not None
    if (module.operator is not None and hasattr(module.operator, name)) or name in module.arguments:
        return True
    return (
        Unknown("a base class that cannot be seen")
        if module.tainted is not None
        else name in ("training", "_modules", "_parameters", "_buffers")
    )


def builtin_attribute(interpreter: Interpreter, module: Module, name: str) -> Any:
    """What `nn.Module`, a container or a leaf of torch's own provides under a name."""
    if name == "training":
        return TRAINING_FLAG if not module.in_eval else False
    if name in METHODS and (name not in _CONTAINER_ONLY or module.container is not None):
        method = METHODS[name]
        return Native(name, lambda i, args, kwargs: method(i, module, args, kwargs))
    if name == "_modules":
        return module.children
    if name == "_parameters":
        return module.parameters
    if name == "__class__":
        return module.cls
    if name == "_get_name":
        return Native(name, lambda i, args, kwargs: module.cls.name)
    if name in ("__setattr__", "__getattr__", "__getitem__"):
        return Native(name, lambda i, args, kwargs: call_builtin(i, "torch.nn.Module", name, [module, *args], kwargs))
    if name in module.arguments:
        if module.operator is not None and hasattr(module.operator, name):
            value = getattr(module.operator, name)
            if name not in ("inputs", "shape", "layer", "bias", "scope", "name"):
                return value
        if name in ("bias", "weight"):
            return None
        return module.arguments[name]
    if (
        module.operator is not None
        and hasattr(module.operator, name)
        and name not in ("inputs", "shape", "layer", "site", "scope", "name", "bias")
    ):
        return getattr(module.operator, name)
    if name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        return None if module.operator is not None and name in ("weight", "bias") else Anything(f"the buffer `{name}`")
    return Anything(f"`{name}` is not set on `{module.layer.kind}`")


def call_builtin(
    interpreter: Interpreter, base: str, name: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None
) -> Any:
    """A method of a torch base class, called explicitly: `super().__init__(...)`, `nn.Module.__init__(self)`, `super().forward(x)`."""
    base = canonical(base)
    if not args or not isinstance(args[0], Module):
        return None if name == "__init__" else Anything(f"`{base}.{name}`")
    module, rest = args[0], args[1:]
    if name == "__init__":
        if not is_module_class(base):
            module.tainted = module.tainted or Unknown(f"the base class `{base}` cannot be seen")
        elif base != "torch.nn.Module":
            _initialize(interpreter, module, base, rest, kwargs, opened)
        return None
    if name in METHODS:
        return METHODS[name](interpreter, module, rest, kwargs)
    if name == "__setattr__" and len(rest) == 2 and isinstance(rest[0], str):
        set_attribute(interpreter, module, rest[0], rest[1])
        return None
    if name == "__getattr__" and rest and isinstance(rest[0], str):
        return builtin_attribute(interpreter, module, rest[0])
    if name == "__getitem__" and rest:
        return module_item(interpreter, module, rest[0])
    return Anything(f"`{base}.{name}`")


def initialize_parameter(interpreter: Interpreter, value: Any, name: str, options: dict[str, Any]) -> None:
    """Records that an initialiser was applied to a parameter."""
    for option in members(value):
        if isinstance(option, ParameterValue):
            option.parameter.initialization = Initialization(name, options, interpreter.site)


def is_initializer(name: str) -> bool:
    """Whether a qualified name is one of `torch.nn.init`'s functions."""
    return name in INITIALIZERS
