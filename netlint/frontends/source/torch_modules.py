"""Module objects: which classes are modules, how they are constructed, and the elements of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netlint.frontends.source.functions import bind_arguments
from netlint.frontends.source.heap import ADict, AList, OpenList
from netlint.frontends.source.interpreter import Raised
from netlint.frontends.source.module_tree import (
    deep_copy,
    set_child,
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
    ParameterValue,
    members,
)
from netlint.frontends.torch_api import (
    LAYERS,
    TRANSFORMER_STACKS,
    Signature,
    SignatureError,
    canonical,
)
from netlint.graph.parameter import Layer, Parameter
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter

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
                    initialize(interpreter, module, canonical(base), args, kwargs, opened)
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
    initialize(interpreter, module, name, args, kwargs, opened)
    return module


def initialize(
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
    bound = {key: Unknown("a list of unknown length") if isinstance(value, OpenList) else value for key, value in bound.items()}
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


# -- the elements of containers ----------------------------------------------------------------------------------------


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
