"""Python's builtin functions on the values of the interpreted program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from netlint.frontends.source import classes, module_methods, objects, operands, torch_calls, torch_modules
from netlint.frontends.source.heap import ADict, AList, ASet, OpenList
from netlint.frontends.source.interpreter import Interpreter, Raised
from netlint.frontends.source.python_values import PLAIN, Call, each_option, is_plain, pure
from netlint.frontends.source.values import (
    ABSENT,
    NUMBER,
    Anything,
    Bound,
    Class,
    Either,
    Enumerated,
    External,
    Function,
    Instance,
    Module,
    Namespace,
    Native,
    ParameterValue,
    Partial,
    Several,
    Tensor,
)
from netlint.frontends.torch_api import CREATORS, FUNCTIONS, canonical
from netlint.graph.unknown import Unknown


def _len(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = args[0] if args else None
    if isinstance(value, OpenList):
        return Unknown("the length of a list that is not fully known")
    if isinstance(value, (list, tuple)) and any(isinstance(item, Either) and ABSENT in item.options for item in value):
        return Unknown("the length of a list that depends on a branch")
    if isinstance(value, (str, bytes, list, tuple, dict, set, range)):
        return len(value)
    if isinstance(value, Module):
        return torch_modules.length(interpreter, value)
    if isinstance(value, Tensor):
        return value.shape[0] if value.shape else Unknown("the length of a tensor of unknown shape")
    if isinstance(value, Instance):
        method = classes.class_attribute(value.cls, "__len__")
        if method is not None:
            return interpreter.call(method, [value], {})
    found = interpreter.items(value)
    return len(found) if found is not None else Unknown("the length of something unknown")


def _range(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if all(isinstance(arg, int) for arg in args) and 1 <= len(args) <= 3 and not (len(args) == 3 and args[2] == 0):
        found = range(*args)
        beyond = max(map(abs, args)) > sys.maxsize
        return Anything("a range too long to follow") if beyond else found
    return Anything(f"a range of unknown length: {next((a.reason for a in args if isinstance(a, Unknown)), 'its bounds')}")


def _zip(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    columns = [interpreter.items(arg) for arg in args]
    known = [column for column in columns if column is not None]
    if not known:
        return Anything("zip of things of unknown length")
    if len(known) < len(columns):
        length = min(len(column) for column in known)
        columns = [
            column if column is not None else [interpreter.representative(arg)] * length for column, arg in zip(columns, args, strict=True)
        ]
    return AList(tuple(row) for row in zip(*[column for column in columns if column is not None], strict=False))


def _enumerate(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    found = interpreter.items(args[0])
    if found is None:
        return Enumerated(args[0])
    return AList((i + start if isinstance(start, int) else Unknown("a position"), item) for i, item in enumerate(found))


def _reversed(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    if isinstance(args[0], OpenList):
        return OpenList(reversed(args[0]))
    return AList(reversed(found)) if found is not None else Anything("reversed of something unknown")


def sequence_maker(kind: type) -> Call:
    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if not args:
            return () if kind is tuple else kind()
        found = interpreter.items(args[0])
        if found is None:
            if isinstance(args[0], OpenList):
                return OpenList(args[0])
            return Several(args[0].operator) if isinstance(args[0], Tensor) else args[0]
        if kind is ASet:
            return ASet(item for item in found if not isinstance(item, (list, dict, set)))
        return kind(found)

    return call


def make_dict(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    made = ADict()
    if args:
        if isinstance(args[0], dict):
            made.update(args[0])
        else:
            pairs = interpreter.items(args[0])
            if pairs is None or any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in pairs):
                return Anything("a dictionary made from something unknown")
            made.update({pair[0]: pair[1] for pair in pairs if not isinstance(pair[0], (list, dict, set, Unknown))})
    made.update(kwargs)
    return made


def _sum(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source.expressions import binary

    found = interpreter.items(args[0])
    total = args[1] if len(args) > 1 else kwargs.get("start", 0)
    if found is None:
        item = interpreter.representative(args[0])
        return binary(interpreter, "Add", total, item) if isinstance(item, Tensor) else Unknown("a sum of unknown length")
    if all(isinstance(item, NUMBER) for item in found) and isinstance(total, NUMBER):
        return sum(found, total)
    for item in found:
        total = item if total == 0 and isinstance(item, (Tensor, Unknown)) else binary(interpreter, "Add", total, item)
    return total


def _extreme(function: Callable[..., Any]) -> Call:
    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        values = interpreter.items(args[0]) if len(args) == 1 else args
        key = kwargs.get("key")
        if values is None or not values:
            return kwargs.get("default", Unknown(f"{function.__name__} of something unknown"))
        keys = [interpreter.call(key, [value], {}) for value in values] if key is not None else values
        for item in keys:
            if isinstance(item, Unknown):
                return Unknown(item.reason)
        if not all(is_plain(item) for item in keys):
            return Unknown(f"{function.__name__} of values that are not followed")
        try:
            return values[keys.index(function(keys))]
        except TypeError:
            return Unknown("a comparison that fails")

    return call


def sorted_items(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    key = kwargs.get("key")
    if found is None:
        return Anything("sorted of something unknown")
    keys = [interpreter.call(key, [value], {}) for value in found] if key is not None else found
    if not all(is_plain(item) for item in keys):
        return AList(found)
    try:
        order = sorted(range(len(found)), key=lambda i: keys[i], reverse=bool(kwargs.get("reverse", False)))
    except TypeError:
        return AList(found)
    return AList(found[i] for i in order)


def _all(stop: bool) -> Call:
    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        found = interpreter.items(args[0])
        if found is None:
            return Unknown("whether all elements of something unknown hold")
        truths = [interpreter.truth(item) for item in found]
        if stop in truths:
            return stop
        return Unknown("whether all elements hold") if None in truths else not stop

    return call


def _number(kind: Callable[[Any], Any]) -> Call:
    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        value = args[0] if args else 0
        if isinstance(value, (Tensor, ParameterValue)):
            return operands.item(interpreter, value, kind.__name__)
        if isinstance(value, Either):
            return each_option(interpreter, value, lambda option: call(interpreter, [option, *args[1:]], kwargs))
        if isinstance(value, str) and (len(value) > 100 or len(args) > 1):
            return Unknown("a number from a string")
        return pure(kind)(interpreter, args[:1], {})

    return call


def _bool(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    known = interpreter.truth(args[0]) if args else False
    return Unknown("a condition that is not known") if known is None else known


def _str(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = args[0] if args else ""
    if isinstance(value, (*PLAIN,)) and not (isinstance(value, int) and value.bit_length() > interpreter.limits.bits):
        return str(value)
    return Unknown("the text of an object")


def _isinstance(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return classes.is_instance(interpreter, *args[:2]) if len(args) == 2 else Unknown("isinstance")


def _issubclass(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(args) != 2 or not isinstance(args[0], (Class, External)):
        return Unknown("issubclass of something unknown")
    wanted = args[1] if isinstance(args[1], tuple) else (args[1],)
    if isinstance(args[0], Class):
        return any(base is option or (isinstance(base, External) and base == option) for base in args[0].mro for option in wanted)
    return any(torch_modules.is_subclass(args[0].name, option.name) for option in wanted if isinstance(option, External))


def _hasattr(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value, name = args[0], args[1]
    if not isinstance(name, str):
        return Unknown("an attribute with an unknown name")
    if isinstance(value, Either):
        return each_option(interpreter, value, lambda option: _hasattr(interpreter, [option, name], {}))
    if isinstance(value, Module):
        for table in (value.attributes, value.parameters, value.buffers, value.children):
            if name in table:
                stored = table[name]
                return Unknown(f"`{name}` is set in a branch") if isinstance(stored, Either) and ABSENT in stored.options else True
        if isinstance(value.cls, Class) and classes.class_attribute(value.cls, name) is not None:
            return True
        return module_methods.has_builtin(value, name)
    if isinstance(value, Instance):
        return name in value.attributes or classes.class_attribute(value.cls, name) is not None
    if isinstance(value, (Class, Function, Partial)):
        return not isinstance(objects.get_attribute(interpreter, value, name), Unknown)
    if isinstance(value, (list, tuple, dict, str, int, float, bool, type(None))):
        return (hasattr(value, name) and not isinstance(value, AList)) or name in dir(
            type(value).__mro__[-2] if len(type(value).__mro__) > 1 else type(value)
        )
    if isinstance(value, External) and value.name.partition(".")[0] == "torch":
        full = canonical(f"{value.name}.{name}")
        known = (
            full in FUNCTIONS
            or full in CREATORS
            or torch_modules.is_module_class(full)
            or (f"torch.{name}" == full and name in ("no_grad", "compile"))
        )
        return True if known else Unknown(f"whether this version of torch has `{name}`")
    if isinstance(value, Namespace):
        from netlint.frontends.source.imports import defines

        return defines(value.file, name)
    return Unknown(f"whether something unknown has `{name}`")


def _getattr(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value, name = args[0], args[1]
    if not isinstance(name, str):
        return Anything("an attribute with an unknown name")
    if len(args) > 2:
        known = interpreter.truth(_hasattr(interpreter, [value, name], {}))
        if known is False:
            return args[2]
        if known is None and not isinstance(value, (External, Unknown)):
            return interpreter.join([objects.get_attribute(interpreter, value, name), args[2]], f"whether `{name}` is set")
        if known is None and isinstance(value, Unknown):
            return Anything(value.reason)
    return objects.get_attribute(interpreter, value, name)


def _setattr(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if isinstance(args[1], str):
        objects.set_attribute(interpreter, args[0], args[1], args[2])
    elif isinstance(args[0], Module):
        interpreter.taint("an attribute is set under an unknown name")
    return None


def type_of(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = args[0]
    if isinstance(value, (Module, Instance)):
        return value.cls
    if isinstance(value, Tensor):
        return External("torch.Tensor")
    for kind in (bool, int, float, str, list, tuple, dict, set, type(None)):
        if isinstance(value, kind):
            return BUILTINS.get(kind.__name__, External(kind.__name__))
    return Anything("the type of something unknown")


def _map(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    columns = [interpreter.items(arg) for arg in args[1:]]
    if any(column is None for column in columns):
        return Anything("map over something unknown")
    return AList(interpreter.call(args[0], list(row), {}) for row in zip(*[c for c in columns if c is not None], strict=False))


def _filter(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[1])
    if found is None:
        return Anything("filter over something unknown")
    kept = []
    for item in found:
        verdict = interpreter.truth(item if args[0] is None else interpreter.call(args[0], [item], {}))
        if verdict is not False:
            kept.append(item)
    return AList(kept)


def _next(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    if found is None:
        return interpreter.representative(args[0])
    if found and isinstance(args[0], list):
        interpreter.heap.touch(args[0])
        return args[0].pop(0)
    if found:
        return found[0]
    if len(args) > 1:
        return args[1]
    raise Raised(External("StopIteration"))


def _iter(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    return AList(found) if found is not None else args[0]


def _callable(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = args[0]
    if isinstance(value, (Function, Class, Bound, Native, Partial, Module)):
        return True
    if isinstance(value, (*PLAIN, list, tuple, dict, set)):
        return False
    return Unknown("whether something unknown can be called") if not isinstance(value, External) else True


def _abs(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if isinstance(args[0], (Tensor, ParameterValue)):
        return torch_calls.call_external(interpreter, "torch.abs", args, kwargs)
    return pure(abs)(interpreter, args, kwargs)


MAX_DIGITS = 400


def _round(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if any(isinstance(digits, int) and abs(digits) > MAX_DIGITS for digits in (*args[1:], *kwargs.values())):
        return Unknown("a number rounded to more digits than it has")
    return pure(round)(interpreter, args, kwargs)


def _pow(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source.expressions import binary

    return binary(interpreter, "Power", args[0], args[1]) if len(args) == 2 else Unknown("a power")


def _slice(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return slice(*args) if 1 <= len(args) <= 3 else Unknown("a slice")


def quiet(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return None


def native(name: str, call: Call) -> Native:
    return Native(name, call)


BUILTINS: dict[str, Any] = {
    name: Native(name, call)
    for name, call in {
        "len": _len,
        "range": _range,
        "zip": _zip,
        "enumerate": _enumerate,
        "reversed": _reversed,
        "list": sequence_maker(AList),
        "tuple": sequence_maker(tuple),
        "set": sequence_maker(ASet),
        "frozenset": sequence_maker(ASet),
        "dict": make_dict,
        "sum": _sum,
        "max": _extreme(max),
        "min": _extreme(min),
        "sorted": sorted_items,
        "all": _all(False),
        "any": _all(True),
        "int": _number(int),
        "float": _number(float),
        "bool": _bool,
        "str": _str,
        "repr": _str,
        "isinstance": _isinstance,
        "issubclass": _issubclass,
        "hasattr": _hasattr,
        "getattr": _getattr,
        "setattr": _setattr,
        "type": type_of,
        "map": _map,
        "filter": _filter,
        "next": _next,
        "iter": _iter,
        "callable": _callable,
        "abs": _abs,
        "round": _round,
        "pow": _pow,
        "divmod": pure(divmod),
        "slice": _slice,
        "print": quiet,
        "id": lambda interpreter, args, kwargs: Unknown("an object's identity"),
        "hash": lambda interpreter, args, kwargs: Unknown("a hash"),
        "ord": pure(ord),
        "chr": pure(chr),
    }.items()
}


BUILTINS["object"] = External("object")


for _name in (
    "property",
    "staticmethod",
    "classmethod",
    "NotImplemented",
    "complex",
    "bytes",
    "memoryview",
    "open",
    "input",
    "exec",
    "eval",
    "format",
):
    BUILTINS[_name] = External(_name)


for _name, _value in vars(__import__("builtins")).items():
    if isinstance(_value, type) and issubclass(_value, BaseException):
        BUILTINS[_name] = External(_name)


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "str": (str,),
    "list": (list,),
    "tuple": (tuple,),
    "dict": (dict,),
    "set": (set,),
    "range": (range,),
    "frozenset": (set,),
}


_ABSTRACT: dict[str, tuple[type, ...]] = {
    "Iterable": (list, tuple, dict, set, str, range),
    "Sequence": (list, tuple, str, range),
    "Mapping": (dict,),
    "Number": (int, float),
    "Integral": (int,),
    "Real": (int, float),
    "Sized": (list, tuple, dict, set, str),
    "OrderedDict": (dict,),
    "Container": (list, tuple, dict, set, str),
    "List": (list,),
    "Tuple": (tuple,),
    "Dict": (dict,),
}


def python_types(value: Any, cls: Any) -> Any:
    """`isinstance` against a type of Python's own or a class outside the project."""
    if isinstance(cls, Native) and cls.name in _TYPES:
        if isinstance(value, Unknown):
            return Unknown(value.reason)
        return isinstance(value, _TYPES[cls.name])
    if isinstance(cls, Native) and cls.name == "type":
        if isinstance(value, External):
            return True if torch_modules.is_module_class(value.name) else Unknown("whether a name of a library is a class")
        return Unknown(value.reason) if isinstance(value, Unknown) else isinstance(value, Class)
    if not isinstance(cls, External):
        return Unknown("isinstance with an unknown class")
    name = cls.name
    if name == "object":
        return True
    last = name.rpartition(".")[2]
    if name.partition(".")[0] in ("typing", "collections", "numbers", "abc") and last in _ABSTRACT:
        if isinstance(value, (Unknown, External)):
            return Unknown("the type of something unknown")
        if isinstance(value, Module):
            return value.container is not None and last in ("Iterable", "Sized", "Container")
        return isinstance(value, _ABSTRACT[last])
    if name == "functools.partial":
        return isinstance(value, Partial) if not isinstance(value, Unknown) else Unknown(value.reason)
    if name in ("types.FunctionType", "types.LambdaType", "types.MethodType", "types.BuiltinFunctionType"):
        if isinstance(value, Unknown):
            return Unknown(value.reason)
        if isinstance(value, External):
            return value.name in FUNCTIONS and name == "types.FunctionType"
        return isinstance(value, Bound if name == "types.MethodType" else Function)
    if last in ("Callable",):
        return _callable(None, [value], {})  # type: ignore[arg-type]
    if isinstance(value, Module):
        return torch_modules.is_instance(value, name)
    if isinstance(value, (Tensor, ParameterValue)):
        if last in ("Tensor", "TensorType") or name == "torch.Tensor":
            return True
        if last == "Parameter":
            return isinstance(value, ParameterValue)
        return False if name.startswith("torch.") else Unknown("the type of a tensor")
    if isinstance(value, External) and (value.name in FUNCTIONS or torch_modules.is_module_class(value.name)):
        return last == "type" and value.name not in FUNCTIONS
    if isinstance(value, (Function, Native, Partial, Class, Bound)) and name.startswith("torch."):
        return False
    if name in ("enum.EnumMeta", "enum.EnumType") and isinstance(value, Class):
        return value.members is not None
    if isinstance(value, Instance):
        return name in value.cls.external_bases()
    if isinstance(value, (*PLAIN, list, tuple, dict, set, range)):
        if last == "NoneType":
            return value is None
        if last == "Hashable":
            return not isinstance(value, (list, dict, set))
        return Unknown(f"whether it is a `{name}`") if name.startswith(("collections.", "typing.", "numbers.")) else False
    return Unknown("the type of something unknown")


def from_keys(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    return (
        ADict(dict.fromkeys(found, args[1] if len(args) > 1 else None)) if found is not None else Anything("a dictionary of unknown keys")
    )
