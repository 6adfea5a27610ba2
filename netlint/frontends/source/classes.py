"""Classes of the interpreted program: their making, their instances, and what they inherit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import libcst as cst

from netlint.frontends.source import torch_calls, torch_modules
from netlint.frontends.source.heap import ADict, leaves
from netlint.frontends.source.interpreter import CALL, Interpreter, Raised
from netlint.frontends.source.values import (
    ABSENT,
    MISSING,
    Anything,
    Class,
    Either,
    External,
    Function,
    Instance,
    Module,
    Native,
    Partial,
    Scope,
    Super,
)
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    pass


NO_GRAD = frozenset({"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad"})
"""Contexts and decorators under which no gradient is recorded."""


ENUM_BASES = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"})


DICTIONARIES = frozenset({"dict", "collections.OrderedDict", "collections.UserDict", "typing.OrderedDict"})


MAPPINGS = frozenset({"collections.abc.MutableMapping", "collections.abc.Mapping", "typing.Mapping", "typing.MutableMapping"})
"""Bases that give a class with a `__getitem__` of its own the other methods of a dictionary."""


PLAIN_BASES = frozenset({"object", "abc.ABC", "typing.Generic", "typing.Protocol", "abc.ABCMeta", "type"}) | ENUM_BASES


def class_attribute(cls: Class, name: str) -> Any:
    """An attribute found in the namespaces of the class and its bases of the project; None if there is none."""
    for base in cls.mro:
        if isinstance(base, Class) and name in base.namespace:
            return base.namespace[name]
    return None


def make_class(interpreter: Interpreter, node: cst.ClassDef, scope: Scope) -> Class:
    """Executes a class body and gives the class."""
    bases = []
    for arg in node.bases:
        base = interpreter.evaluate(arg.value, scope)
        bases.append(base.options[0] if isinstance(base, Either) and base.options[0] is not ABSENT else base)
    qualname = f"{scope.name}.{node.name.value}" if scope.name else node.name.value
    body = Scope(scope.file, scope, qualname, scope.piece, is_class=True)
    cls = Class(node.name.value, tuple(bases), body.variables, scope.file, node)
    cls.mro = linearize(cls)
    interpreter.block(node.body, body)
    for value in body.variables.values():
        if isinstance(value, Function) and value.owner is None:
            value.owner = cls
    inherited = next((base.fields for base in cls.mro[1:] if isinstance(base, Class) and base.fields is not None), None)
    if "typing.NamedTuple" in cls.external_bases():
        cls.fields = _fields(cls)
    elif inherited is not None:
        cls.fields = {**inherited, **_fields(cls)}
    if ENUM_BASES & set(cls.external_bases()):
        _make_members(cls)
    _announce(interpreter, node, cls, scope)
    return cls


def _announce(interpreter: Interpreter, node: cst.ClassDef, cls: Class, scope: Scope) -> None:
    """What a base's `__init_subclass__` does to a new class."""
    hook = next((found for base in cls.mro[1:] if isinstance(base, Class) and (found := base.namespace.get("__init_subclass__"))), None)
    if isinstance(hook, Function):
        options = {arg.keyword.value: interpreter.evaluate(arg.value, scope) for arg in node.keywords if arg.keyword is not None}
        with suppress(Raised):
            interpreter.call(hook, [cls], options)


def _fields(cls: Class) -> dict[str, Any]:
    annotations = cls.namespace.get("__annotations__", {})
    return {name: cls.namespace.get(name, MISSING) for name in annotations}


def _make_members(cls: Class) -> None:
    cls.members = ADict()
    automatic = 0
    for name, value in list(cls.namespace.items()):
        if name.startswith("_") or isinstance(value, (Function, Native)):
            continue
        if isinstance(value, External) and value.name.startswith("enum.auto"):
            automatic += 1
            value = automatic
        cls.members[name] = Instance(cls, ADict({"name": name, "value": value, "_value_": value}))


def linearize(cls: Class) -> tuple[Any, ...]:
    """The method resolution order (C3); depth first where the bases contradict each other."""
    if len(cls.bases) == 1 and isinstance(cls.bases[0], Class):
        return (cls, *cls.bases[0].mro)
    sequences = [list(base.mro) if isinstance(base, Class) else _external_mro(base) for base in cls.bases]
    sequences.append(list(cls.bases))
    order: list[Any] = [cls]
    while any(sequences):
        sequences = [sequence for sequence in sequences if sequence]
        for sequence in sequences:
            head = sequence[0]
            if not any(_in(head, other[1:]) for other in sequences):
                break
        else:
            head = sequences[0][0]
        order.append(head)
        sequences = [[item for item in sequence if not _equal(item, head)] for sequence in sequences]
    return tuple(order)


def _external_mro(base: Any) -> list[Any]:
    from netlint.frontends.torch_api import canonical

    if isinstance(base, External):
        name = canonical(base.name)
        if is_torch_module(name) and name != "torch.nn.Module":
            return [External(name), External("torch.nn.Module")]
        return [External(name)]
    return [base]


def _equal(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, External) and a == b)


def _in(item: Any, sequence: Sequence[Any]) -> bool:
    return any(_equal(item, other) for other in sequence)


def is_torch_module(name: str) -> bool:
    """Whether a class outside the project, by its qualified name, is known to derive from `nn.Module`."""
    return torch_modules.is_module_class(name)


def is_module_class(cls: Class) -> bool:
    """Whether a class of the project derives from `nn.Module`: through a known base, or an unseen base and a `forward` of its own."""
    unseen = False
    for base in cls.mro:
        if isinstance(base, External):
            if is_torch_module(base.name):
                return True
            unseen = unseen or (base.name not in PLAIN_BASES and not base.name.startswith(("typing.", "collections.", "abc.", "torch.")))
        elif isinstance(base, Unknown):
            unseen = True
    return unseen and class_attribute(cls, "forward") is not None


def decorate_class(interpreter: Interpreter, name: str, cls: Any) -> None:
    """What a decorator from outside the project does to a class."""
    if isinstance(cls, Class) and name.rpartition(".")[2].partition("(")[0] in ("dataclass", "define", "frozen", "attrs"):
        inherited = next((base.fields for base in cls.mro[1:] if isinstance(base, Class) and base.fields is not None), {})
        cls.fields = {**inherited, **_fields(cls)}
        if "__init__" not in cls.namespace and class_attribute(cls, "__init__") is not None:
            cls.namespace["__init__"] = field_constructor(cls)  # not the one that it would inherit


def is_dictionary(cls: Class) -> bool:
    """Whether a class derives from Python's dictionaries: an object's items are kept with its attributes."""
    return not DICTIONARIES.isdisjoint(cls.external_bases())


def field_constructor(cls: Class) -> Native:
    """The constructor that a data class has from its fields."""
    fields = cls.fields or {}

    def construct(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> None:
        if args and isinstance(args[0], (Instance, Module)):
            fill_fields(interpreter, args[0], fields, args[1:], kwargs, None)

    return Native("dataclass.__init__", construct)


def decorate_external(interpreter: Interpreter, name: str, function: Any) -> Any:
    """What a decorator from outside the project does to a function: most return it."""
    last = name.partition("(")[0].rpartition(".")[2]
    if isinstance(function, Function):
        function.no_grad = function.no_grad or name.removesuffix("()") in NO_GRAD
        if last in ("property", "cached_property", "abstractproperty"):
            function.kind = "property"
        elif last in ("staticmethod", "abstractstaticmethod"):
            function.kind = "static"
        elif last in ("classmethod", "abstractclassmethod"):
            function.kind = "class"
    return function


def make_super(interpreter: Interpreter, node: cst.Call, scope: Scope) -> Any:
    """`super()` and `super(Class, self)`."""
    if len(node.args) >= 2:
        cls, value = (interpreter.evaluate(arg.value, scope) for arg in node.args[:2])
        if isinstance(cls, Class):
            return Super(cls, value)
        return Anything("super() of something unknown")
    here: Scope | None = scope
    while here is not None:
        activation = here.activation
        if activation is not None and activation.function is not None and activation.function.owner is not None:
            return Super(activation.function.owner, activation.self_value)
        here = here.parent
    return Anything("super() outside a method")


def instantiate(interpreter: Interpreter, cls: Class, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None) -> Any:
    """`Class(...)`."""
    interpreter.instantiated.add(id(cls.node))
    if cls.members is not None:
        return _enum_member(cls, args)
    if is_module_class(cls):
        return torch_modules.construct(interpreter, cls, args, kwargs, opened)
    creator = class_attribute(cls, "__new__")
    if isinstance(creator, Function):
        creator.kind = "static"
        made = interpreter.call(creator, [cls, *args], kwargs, opened)
        if not isinstance(made, Instance):
            return made
    if any(base in ("torch.autograd.Function", "Exception", "BaseException") for base in cls.external_bases()):
        return Instance(cls)
    init = class_attribute(cls, "__init__")
    if is_dictionary(cls):
        instance = Instance(cls, ADict({**(args[0] if args and isinstance(args[0], dict) and init is None else {}), **kwargs}))
    else:
        instance = Instance(cls)
    if init is not None:
        interpreter.call(init, [instance, *args], kwargs, opened)
    elif cls.fields is not None:
        fill_fields(interpreter, instance, cls.fields, args, kwargs, opened)
    elif not is_dictionary(cls) and any(
        base not in PLAIN_BASES and not base.startswith(("typing.", "abc.")) for base in cls.external_bases()
    ):
        for key, item in kwargs.items():
            instance.attributes[key] = item
    return instance


def fill_fields(
    interpreter: Interpreter,
    instance: Instance | Module,
    fields: dict[str, Any],
    args: list[Any],
    kwargs: dict[str, Any],
    opened: Unknown | None,
) -> None:
    for position, (name, default) in enumerate(fields.items()):
        if position < len(args):
            value = args[position]
        elif name in kwargs:
            value = kwargs[name]
        elif opened is not None or default is MISSING:
            value = Anything(f"field `{name}` of `{instance.cls.name}`")
        elif isinstance(default, Partial) and default.function is FIELD:
            factory = default.kwargs.get("default_factory")
            value = interpreter.call(factory, [], {}) if factory is not None else default.kwargs.get("default", Anything(f"field `{name}`"))
        else:
            value = default
        instance.attributes[name] = value
    after = class_attribute(instance.cls, "__post_init__") if isinstance(instance.cls, Class) else None
    if after is not None:
        interpreter.call(after, [instance], {})


FIELD: Native = Native("dataclasses.field", lambda interpreter, args, kwargs: Partial(FIELD, (), kwargs))


def _enum_member(cls: Class, args: list[Any]) -> Any:
    assert cls.members is not None
    if args and isinstance(args[0], Instance) and args[0].cls is cls:
        return args[0]
    for member in cls.members.values():
        if args and not isinstance(args[0], Unknown) and member.attributes.get("value") == args[0]:
            return member
    return Anything(f"a member of `{cls.name}`")


def is_instance(interpreter: Interpreter, value: Any, cls: Any) -> Any:
    """`isinstance(value, cls)`: True, False, or Unknown."""
    if isinstance(cls, tuple):
        answers = [is_instance(interpreter, value, option) for option in leaves(cls) or (Unknown("too many classes"),)]
        if True in answers:
            return True
        return next((answer for answer in answers if isinstance(answer, Unknown)), False)
    if isinstance(value, Either):
        return interpreter.join(
            [is_instance(interpreter, None if option is ABSENT else option, cls) for option in value.options], "which object it is"
        )
    if isinstance(value, Anything):
        return Unknown(value.reason)
    if isinstance(cls, Class):
        return cls in value.cls.mro if isinstance(value, (Module, Instance)) and isinstance(value.cls, Class) else False
    from netlint.frontends.source.python_builtins import python_types

    return python_types(value, cls)


def _call_instance(interpreter: Interpreter, value: Instance, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None) -> Any:
    method = class_attribute(value.cls, "__call__")
    if method is not None:
        return interpreter.call(method, [value, *args], kwargs, opened)
    return torch_calls.call_unknown(interpreter, value, args, kwargs)


CALL[Class] = instantiate


CALL[Instance] = _call_instance


CALL[Module] = lambda interpreter, module, args, kwargs, opened: torch_calls.call_module(interpreter, module, args, kwargs)


CALL[External] = lambda interpreter, value, args, kwargs, opened: torch_calls.call_external(interpreter, value.name, args, kwargs, opened)


CALL[object] = lambda interpreter, value, args, kwargs, opened: torch_calls.call_unknown(interpreter, value, args, kwargs)
