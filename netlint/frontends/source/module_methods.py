"""The methods and attributes that every `nn.Module` and every container has by virtue of its torch class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netlint.frontends.source import torch_training
from netlint.frontends.source.heap import AList, OpenList
from netlint.frontends.source.module_tree import (
    named_parameters,
    set_attribute,
    set_child,
    walk,
)
from netlint.frontends.source.torch_modules import construct_leaf, delete_module_item, initialize, is_module_class, module_item
from netlint.frontends.source.values import (
    Anything,
    Module,
    Native,
    ParameterValue,
)
from netlint.frontends.torch_api import (
    TRAINING_FLAG,
    canonical,
)
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter


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
            initialize(interpreter, module, base, rest, kwargs, opened)
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
