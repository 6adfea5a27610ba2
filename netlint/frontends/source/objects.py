"""Attributes and elements of the objects of the interpreted program."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from netlint.frontends.source import module_methods, module_tree, operands, tensors, torch_calls, torch_modules, torch_training
from netlint.frontends.source.heap import ADict, AList, OpenList
from netlint.frontends.source.interpreter import Interpreter, Raised
from netlint.frontends.source.values import (
    ABSENT,
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
    Namespace,
    Native,
    OptimizerValue,
    ParameterValue,
    Partial,
    Several,
    Super,
    Tensor,
    UnknownShape,
)
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    pass
from netlint.frontends.source.classes import (
    DICTIONARIES,
    MAPPINGS,
    PLAIN_BASES,
    class_attribute,
    field_constructor,
    fill_fields,
    is_dictionary,
    is_torch_module,
)


def get_attribute(interpreter: Interpreter, value: Any, name: str) -> Any:
    """`value.name`."""
    match value:
        case Module():
            return module_attribute(interpreter, value, name)
        case Tensor() | ParameterValue() | Several():
            return tensors.tensor_attribute(interpreter, value, name)
        case Namespace(file=file):
            return _namespace_attribute(interpreter, file, name)
        case External(name=path):
            return _external_attribute(path, name)
        case Instance():
            return instance_attribute(interpreter, value, name)
        case Class():
            return _class_value_attribute(interpreter, value, name)
        case Super():
            return _super_attribute(interpreter, value, name)
        case Function() | Partial():
            return _function_attribute(value, name)
        case Either(options=options):
            present = [option for option in options if option is not ABSENT and option is not None]
            if not present:
                return Anything(f"attribute `{name}` of None")
            return interpreter.each(present, lambda option: get_attribute(interpreter, option, name), "which object it is")
        case OptimizerValue() | LoaderValue() | Dataset():
            return torch_calls.training_attribute(interpreter, value, name)
        case Anything() if name in ("parameters", "named_parameters"):
            return torch_training.unknown_parameters(interpreter, value, name)
        case Anything() if name == "backward":
            return Native(name, torch_training.unseen_backward)
        case Anything() if name in tensors.ONLY_TENSORS:
            return tensors.method_of_unseen(value, name)
        case Unknown(reason=reason):
            return Anything(reason)
        case Bound(function=Function() as function) if name not in ("__func__", "__self__"):
            return _function_attribute(function, name)
        case slice():
            return {"start": value.start, "stop": value.stop, "step": value.step}.get(name, Unknown("an attribute of a slice"))
    from netlint.frontends.source.python_methods import native_attribute

    return native_attribute(interpreter, value, name)


def _namespace_attribute(interpreter: Interpreter, file: Any, name: str) -> Any:
    from netlint.frontends.source.imports import imported

    return imported(interpreter, file, file.name, name, file)


def _external_attribute(path: str, name: str) -> Any:
    from netlint.frontends.source.python_library import CONSTANTS

    if name in ("__name__", "__qualname__"):
        return path.rpartition(".")[2]

    full = f"{path}.{name}"
    return CONSTANTS.get(full, External(full))


def _function_attribute(value: Function | Partial, name: str) -> Any:
    if name in value.attributes:
        return value.attributes[name]
    if isinstance(value, Partial):
        return {"func": value.function, "args": value.args, "keywords": ADict(value.kwargs)}.get(name, Anything(f"attribute `{name}`"))
    known = {
        "__name__": value.name,
        "__qualname__": value.qualname,
        "__module__": value.scope.file.name,
        "__doc__": None,
        "__dict__": value.attributes,
    }
    return known.get(name, Anything(f"attribute `{name}` of a function"))


def module_attribute(interpreter: Interpreter, module: Module, name: str) -> Any:
    """An attribute of a module object, in PyTorch's order: its own, parameters, buffers, children, then the class's."""
    found = _own(interpreter, module, name)
    if found is not None:
        return found[0]
    if name == "forward":  # called by its name, it is still this network that is applied
        return Native(name, lambda i, args, kwargs: torch_calls.call_module(i, module, args, kwargs))
    if isinstance(module.cls, Class):
        method = class_attribute(module.cls, name)
        if method is not None:
            return bind_method(interpreter, method, module, module.cls)
        if name in ("__module__", "__name__", "__qualname__"):
            return _class_value_attribute(interpreter, module.cls, name)
        getter = class_attribute(module.cls, "__getattr__")
        if getter is not None and not name.startswith("__") and name not in module_methods.METHODS and name != "training":
            return interpreter.call(getter, [module, name], {})
    return module_methods.builtin_attribute(interpreter, module, name)


def _own(interpreter: Interpreter, module: Module, name: str) -> tuple[Any] | None:
    if isinstance(module.cls, Class):
        prop = class_attribute(module.cls, name)
        if isinstance(prop, Function) and prop.kind == "property":
            return (interpreter.call(prop, [module], {}),)
    for table in (module.attributes, module.parameters, module.buffers, module.children):
        if name in table:
            value = table[name]
            if isinstance(value, Either) and ABSENT in value.options and isinstance(module.cls, Class):
                fallback = class_attribute(module.cls, name)
                if fallback is not None:
                    return (interpreter.join([interpreter.present(value, name), fallback], "a branch"),)
            return (interpreter.present(value, f"`{name}`"),)
    return None


def instance_attribute(interpreter: Interpreter, value: Instance, name: str) -> Any:
    method = class_attribute(value.cls, name)
    if isinstance(method, Function) and method.kind == "property":
        return interpreter.call(method, [value], {})
    if name in value.attributes:
        return interpreter.present(value.attributes[name], f"`{name}`")
    if method is not None:
        return bind_method(interpreter, method, value, value.cls)
    if name == "__class__":
        return value.cls
    if name == "__dict__":
        return value.attributes
    if name in ("_asdict",) and value.cls.fields is not None:
        return Native(name, lambda i, args, kwargs: ADict(value.attributes))
    if name == "_replace":
        return Native(name, lambda i, args, kwargs: Instance(value.cls, ADict({**value.attributes, **kwargs})))
    if is_dictionary(value.cls) and hasattr(dict, name):
        return _dictionary_method(value, name)
    if name == "get" and not MAPPINGS.isdisjoint(value.cls.external_bases()):
        return Native(name, partial(_get_of_mapping, value))
    getter = class_attribute(value.cls, "__getattr__")
    if getter is not None and not name.startswith("__"):
        return interpreter.call(getter, [value, name], {})
    return Anything(f"attribute `{name}` of `{value.cls.name}` is not set")


def _dictionary_method(value: Instance, name: str) -> Native:
    """A method that an object has because its class derives from `dict`."""
    from netlint.frontends.source.python_methods import native_attribute

    if name == "__getitem__":
        return Native(name, lambda i, args, kwargs: get_item(i, value.attributes, args[0]))
    if name == "__setitem__":
        return Native(name, lambda i, args, kwargs: set_item(i, value.attributes, args[0], args[1]))
    return Native(name, lambda i, args, kwargs: i.call(native_attribute(i, value.attributes, name), args, kwargs))


def _get_of_mapping(value: Instance, interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`mapping.get(key, default)`, by the `__getitem__` of its class."""
    try:
        return get_item(interpreter, value, args[0])
    except Raised:
        return args[1] if len(args) > 1 else kwargs.get("default")


def bind_method(interpreter: Interpreter, method: Any, value: Any, cls: Class) -> Any:
    if isinstance(method, Function):
        if method.kind == "property":
            return interpreter.call(method, [value], {})
        if method.kind == "static":
            return method
        return Bound(method, cls if method.kind == "class" else value)
    if isinstance(method, (Native, Partial)):
        return Bound(method, value) if isinstance(method, Native) else method
    return method


def _class_value_attribute(interpreter: Interpreter, cls: Class, name: str) -> Any:
    if cls.members is not None and name in cls.members:
        return cls.members[name]
    found = class_attribute(cls, name)
    if found is not None:
        if isinstance(found, Function) and found.kind == "class":
            return Bound(found, cls)
        return interpreter.present(found, f"`{name}`")
    if name in ("__name__", "__qualname__"):
        return cls.name
    if name == "__module__":
        return cls.file.name
    if name == "__members__" and cls.members is not None:
        return cls.members
    if name == "__dict__":
        return cls.namespace
    if name in ("__bases__", "__mro__"):
        return cls.bases if name == "__bases__" else cls.mro
    if name == "__dataclass_fields__" and cls.fields is not None:
        return ADict(cls.fields)
    if name == "_fields" and cls.fields is not None:
        return tuple(cls.fields)
    if name == "__init__" and cls.fields is not None:
        return field_constructor(cls)
    if name == "apply" and "torch.autograd.Function" in cls.external_bases():
        forward = class_attribute(cls, "forward")
        if forward is not None:
            return Partial(forward, (Anything("the context of an autograd function"),), {})
    if name in ("__doc__", "__annotations__"):
        return Unknown(f"`{name}`")
    base = next((base for base in cls.external_bases() if is_torch_module(base)), None)
    if base is not None:
        return Native(name, lambda i, args, kwargs: module_methods.call_builtin(i, base, name, args, kwargs))
    return Anything(f"attribute `{name}` of class `{cls.name}`")


def set_attribute(interpreter: Interpreter, target: Any, name: str, value: Any) -> None:
    """`target.name = value`."""
    if isinstance(target, Module):
        setter = class_attribute(target.cls, name) if isinstance(target.cls, Class) else None
        if isinstance(setter, Function) and setter.kind in ("property", "setter"):
            return
        module_tree.set_attribute(interpreter, target, name, value)
    elif isinstance(target, (Instance, Function, Partial, OptimizerValue)):
        interpreter.heap.touch(target.attributes)
        target.attributes[name] = value
    elif isinstance(target, Class):
        interpreter.heap.touch(target.namespace)
        target.namespace[name] = value
    elif isinstance(target, Either):
        for option in target.options:
            if option is not ABSENT and option is not None:
                set_attribute(interpreter, option, name, value)
    elif isinstance(target, Namespace):
        scope = interpreter.module_scope(target.file)
        interpreter.heap.touch(scope.variables)
        scope.variables[name] = value
    elif isinstance(target, ParameterValue):
        module_tree.set_parameter_attribute(interpreter, target, name, value)
    elif isinstance(target, Super):
        set_attribute(interpreter, target.self_value, name, value)


def delete_attribute(interpreter: Interpreter, target: Any, name: str) -> None:
    """`del target.name`."""
    tables: list[ADict] = []
    if isinstance(target, Module):
        tables = [target.attributes, target.children, target.parameters, target.buffers]
    elif isinstance(target, Instance):
        tables = [target.attributes]
    for table in tables:
        if name in table:
            interpreter.heap.touch(table)
            del table[name]


def get_item(interpreter: Interpreter, container: Any, index: Any) -> Any:
    """`container[index]`."""
    if isinstance(container, (Tensor, ParameterValue, Several)):
        return tensors.tensor_index(interpreter, container, index)
    if isinstance(container, Either):
        present = [option for option in container.options if option is not ABSENT and option is not None]
        if not present:
            return Anything("an element of None")
        return interpreter.each(present, lambda option: get_item(interpreter, option, index), "which container it is")
    if isinstance(container, Module):
        return torch_modules.module_item(interpreter, container, index)
    if isinstance(container, dict):
        return _dict_item(interpreter, container, index)
    if isinstance(container, (list, tuple, str, bytes, range)):
        return _sequence_item(interpreter, container, index)
    if isinstance(container, Class):
        if container.members is not None and isinstance(index, str):
            return container.members.get(index, Anything("an enum member"))
        return container
    if isinstance(container, Instance):
        method = class_attribute(container.cls, "__getitem__")
        if method is not None:
            return interpreter.call(method, [container, index], {})
        if is_dictionary(container.cls):
            return _dict_item(interpreter, container.attributes, index)
        if container.cls.fields is not None and isinstance(index, int):
            values = list(container.attributes.values())
            return values[index] if -len(values) <= index < len(values) else Anything("a field")
    if isinstance(container, External) and container.name == "sys.modules" and isinstance(index, str):
        return _loaded_module(interpreter, index)
    if isinstance(container, External):
        return (
            container if container.name.startswith(("typing.", "collections.", "type")) else Anything(f"an element of `{container.name}`")
        )
    if isinstance(container, UnknownShape):
        return UnknownShape(container.reason) if isinstance(index, slice) else Unknown("a size of a tensor")
    if isinstance(container, (Unknown, LoaderValue, Dataset)):
        return Anything(container.reason if isinstance(container, Unknown) else "an element of a data set")
    return Anything("an element of an object that is not followed")


def _loaded_module(interpreter: Interpreter, name: str) -> Any:
    """`sys.modules[name]`, for modules of the project."""
    here = interpreter.site.slice.file if interpreter.site is not None else None
    for file in (here, *interpreter.project.files()):
        if file is not None and (file.name == name or interpreter.module_scope(file).variables.get("__name__") == name):
            return Namespace(file)
    return Anything(f"the module `{name}`")


def _dict_item(interpreter: Interpreter, container: dict[Any, Any], index: Any) -> Any:
    if isinstance(index, Unknown):
        values = list(container.values())
        if 0 < len(values) <= 6:
            return interpreter.join(values, "the key") if not all(isinstance(v, (int, float)) for v in values) else Unknown(index.reason)
        return Anything(f"an element with an unknown key: {index.reason}")
    try:
        if index in container:
            return interpreter.present(container[index], "an element")
    except TypeError:
        return Anything("an element with a key that is not hashable")
    factory = getattr(container, "factory", None)
    if factory is not None:
        interpreter.heap.touch(container)
        container[index] = interpreter.call(factory, [], {})
        return container[index]
    raise Raised(External("KeyError"))


def _sequence_item(interpreter: Interpreter, container: Any, index: Any) -> Any:
    interpreter.spend(min(len(container), interpreter.limits.elements))
    optional = isinstance(container, list) and any(isinstance(item, Either) and ABSENT in item.options for item in container)
    if isinstance(container, OpenList):
        return container if isinstance(index, slice) else interpreter.representative(container)
    if isinstance(index, slice):
        parts = (index.start, index.stop, index.step)
        if not container:
            return container
        if any(isinstance(part, Unknown) or not isinstance(part, (int, type(None))) for part in parts):
            return Anything("a slice with unknown bounds")
        if index.step == 0:
            raise Raised(External("ValueError"))
        piece = container[index]
        return AList(piece) if isinstance(piece, list) else piece
    if isinstance(index, (bool, int)):
        if optional:
            return (
                Anything("an element of a list of unknown length")
                if index < 0
                else interpreter.present(container[index], "an element")
                if index < len(container)
                else Anything("an element")
            )
        if -len(container) <= index < len(container):
            return interpreter.present(container[index], "an element")
        raise Raised(External("IndexError"))
    if isinstance(index, Unknown) and container and not isinstance(container, (str, bytes, range)) and len(container) <= 6:
        if all(isinstance(item, (int, float, str)) for item in container):
            return Unknown(index.reason)
        return interpreter.join(list(container), "the index")
    return Anything("an element with an unknown index")


def set_item(interpreter: Interpreter, container: Any, index: Any, value: Any) -> None:
    """`container[index] = value`."""
    if isinstance(container, dict):
        try:
            interpreter.heap.touch(container)
            if not isinstance(index, Unknown) and len(container) < interpreter.limits.elements:
                container[index] = value
        except TypeError:
            return
    elif isinstance(container, list):
        interpreter.heap.touch(container)
        if isinstance(index, int) and -len(container) <= index < len(container):
            container[index] = value
        elif (
            isinstance(index, slice)
            and isinstance(value, (list, tuple))
            and all(isinstance(p, (int, type(None))) for p in (index.start, index.stop, index.step))
        ):
            try:
                container[index] = value
            except ValueError as error:
                raise Raised(External("ValueError")) from error
        else:
            container[:] = [Anything("an element set at an unknown index")] * len(container)
    elif isinstance(container, Module):
        torch_modules.set_module_item(interpreter, container, index, value)
    elif isinstance(container, (Tensor, ParameterValue)):
        tensors.tensor_assign(interpreter, container, index, value)
    elif isinstance(container, Instance):
        method = class_attribute(container.cls, "__setitem__")
        if method is not None:
            interpreter.call(method, [container, index, value], {})
        elif is_dictionary(container.cls):
            set_item(interpreter, container.attributes, index, value)


def delete_item(interpreter: Interpreter, container: Any, index: Any) -> None:
    """`del container[index]`."""
    if isinstance(container, Module):
        torch_modules.delete_module_item(interpreter, container, index)
    elif isinstance(container, (list, dict)) and not isinstance(index, Unknown):
        interpreter.heap.touch(container)
        try:
            del container[index]
        except (KeyError, IndexError, TypeError) as error:
            raise Raised(External("KeyError")) from error


def extend_list(interpreter: Interpreter, target: list[Any], value: Any) -> None:
    """`target += value`, `target.extend(value)`."""
    interpreter.heap.touch(target)
    found = interpreter.items(value)
    if found is None:
        found = list(value) if isinstance(value, OpenList) else [interpreter.representative(value)]
        if type(target) is AList:
            target.__class__ = OpenList
    if len(target) + len(found) <= interpreter.limits.elements:
        target.extend(found)
    elif type(target) is AList:
        target.__class__ = OpenList


def iterate(interpreter: Interpreter, value: Any) -> list[Any] | None:
    """The elements of an object that is not one of Python's own containers; None if they are not known."""
    if isinstance(value, Module):
        return torch_modules.iterate(interpreter, value)
    if isinstance(value, (Tensor, ParameterValue)):
        return operands.elements(interpreter, value)
    if isinstance(value, Class) and value.members is not None:
        return list(value.members.values())
    if isinstance(value, Instance):
        if value.cls.fields is not None and any(base == "typing.NamedTuple" for base in value.cls.external_bases()):
            return list(value.attributes.values())
        method = class_attribute(value.cls, "__iter__")
        if method is not None:
            return interpreter.items(interpreter.call(method, [value], {}))
    return None


def _call_base(base: str, name: str, target: Any, interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return module_methods.call_builtin(interpreter, base, name, [target, *args], kwargs)


def _super_attribute(interpreter: Interpreter, value: Super, name: str) -> Any:
    target = value.self_value
    cls = target.cls if isinstance(target, (Module, Instance)) else target
    mro = cls.mro if isinstance(cls, Class) else value.after.mro
    start = next((i + 1 for i, base in enumerate(mro) if base is value.after), 1)
    for base in mro[start:]:
        if isinstance(base, Class) and name in base.namespace:
            return bind_method(interpreter, base.namespace[name], target, cls if isinstance(cls, Class) else value.after)
        if isinstance(base, External) and base.name in DICTIONARIES and isinstance(target, Instance) and hasattr(dict, name):
            return Native(name, lambda i, args, kwargs: None) if name == "__init__" else _dictionary_method(target, name)
        if isinstance(base, External) and base.name not in PLAIN_BASES:
            call = partial(_call_base, base.name, name, target)
            return Native(f"{base.name}.{name}", call)
        if isinstance(base, Unknown):
            if isinstance(target, Module):
                interpreter.taint(f"the base class of `{value.after.name}` cannot be seen")
            return Anything(f"a method of a base class that cannot be seen: {base.reason}")
    if name == "__init__":
        fields = next((base.fields for base in mro[start:] if isinstance(base, Class) and base.fields is not None), None)
        if fields is not None and isinstance(target, Instance):
            return Native("dataclass.__init__", lambda i, args, kwargs: fill_fields(i, target, fields, args, kwargs, None))
        return Native("object.__init__", lambda i, args, kwargs: None)
    if isinstance(target, Module):
        return module_methods.builtin_attribute(interpreter, target, name)
    return Anything(f"`super().{name}`")
