"""Python's builtins and the parts of its library that network code computes with: pure functions on known values."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from typing import Any

from netlint.frontends.source import objects, torch_calls, torch_modules
from netlint.frontends.source.heap import ADict, AList, ASet, OpenList
from netlint.frontends.source.interpreter import MAX_SIZE, Interpreter, Raised
from netlint.frontends.source.torch_api import CREATORS, FUNCTIONS, canonical
from netlint.frontends.source.values import (
    ABSENT,
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
from netlint.graph.unknown import Unknown

Call = Callable[[Interpreter, list[Any], dict[str, Any]], Any]
NUMBER = (bool, int, float)
PLAIN = (bool, int, float, complex, str, bytes, type(None))


def is_known_package(path: str) -> bool:
    """Whether a module is Python's own or part of PyTorch, so that importing it cannot fail."""
    top = path.partition(".")[0]
    return top in sys.stdlib_module_names or top in ("torch", "numpy")


def _known(value: Any) -> bool:
    """Whether a value and its elements are plain known values."""
    if isinstance(value, (list, tuple, set)):
        return all(_known(item) for item in value)
    if isinstance(value, dict):
        return all(_known(item) for item in value.values())
    return isinstance(value, (*PLAIN, range, slice))


def wrap(value: Any) -> Any:
    """A result of Python's own as a value of the interpreted program."""
    if type(value) is list:
        return AList(wrap(item) for item in value)
    if type(value) is dict:
        return ADict({key: wrap(item) for key, item in value.items()})
    if type(value) is set:
        return ASet(value)
    return tuple(wrap(item) for item in value) if type(value) is tuple else value


def pure(function: Callable[..., Any]) -> Call:
    """A function of Python's own that is applied to known values; Unknown if one is not."""

    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, Unknown):
                return Unknown(value.reason)
            if not _known(value):
                return Unknown("a computation on objects that are not followed")
        try:
            return wrap(function(*args, **kwargs))
        except (ValueError, TypeError, ArithmeticError, KeyError, IndexError, AttributeError, MemoryError, RecursionError):
            return Unknown("a computation that fails")

    return call


def _each(interpreter: Interpreter, value: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(value, Either):
        return interpreter.join([function(option) for option in value.options if option is not ABSENT], "which value it is")
    return function(value)


# -- builtins --------------------------------------------------------------------------------------------------------


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
        method = objects.class_attribute(value.cls, "__len__")
        if method is not None:
            return interpreter.call(method, [value], {})
    found = interpreter.items(value)
    return len(found) if found is not None else Unknown("the length of something unknown")


def _range(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if all(isinstance(arg, int) for arg in args) and 1 <= len(args) <= 3 and not (len(args) == 3 and args[2] == 0):
        return range(*args)
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


def _sequence(kind: type) -> Call:
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


def _dict(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
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
        if not all(_known(item) for item in keys):
            return Unknown(f"{function.__name__} of values that are not followed")
        try:
            return values[keys.index(function(keys))]
        except TypeError:
            return Unknown("a comparison that fails")

    return call


def _sorted(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    key = kwargs.get("key")
    if found is None:
        return Anything("sorted of something unknown")
    keys = [interpreter.call(key, [value], {}) for value in found] if key is not None else found
    if not all(_known(item) for item in keys):
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
            return torch_calls.item(interpreter, value, kind.__name__)
        if isinstance(value, Either):
            return _each(interpreter, value, lambda option: call(interpreter, [option, *args[1:]], kwargs))
        if isinstance(value, str) and (len(value) > 100 or len(args) > 1):
            return Unknown("a number from a string")
        return pure(kind)(interpreter, args[:1], {})

    return call


def _bool(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    known = interpreter.truth(args[0]) if args else False
    return Unknown("a condition that is not known") if known is None else known


def _str(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = args[0] if args else ""
    if isinstance(value, (*PLAIN,)) and not (isinstance(value, int) and value.bit_length() > 4096):
        return str(value)
    return Unknown("the text of an object")


def _isinstance(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return objects.is_instance(interpreter, *args[:2]) if len(args) == 2 else Unknown("isinstance")


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
        return _each(interpreter, value, lambda option: _hasattr(interpreter, [option, name], {}))
    if isinstance(value, Module):
        for table in (value.attributes, value.parameters, value.buffers, value.children):
            if name in table:
                stored = table[name]
                return Unknown(f"`{name}` is set in a branch") if isinstance(stored, Either) and ABSENT in stored.options else True
        if isinstance(value.cls, Class) and objects.class_attribute(value.cls, name) is not None:
            return True
        return torch_modules.has_builtin(value, name)
    if isinstance(value, Instance):
        return name in value.attributes or objects.class_attribute(value.cls, name) is not None
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
        from netlint.frontends.source.statements import defines

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


def _type(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
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


def _round(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return pure(round)(interpreter, args, kwargs)


def _pow(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source.expressions import binary

    return binary(interpreter, "Power", args[0], args[1]) if len(args) == 2 else Unknown("a power")


def _slice(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return slice(*args) if 1 <= len(args) <= 3 else Unknown("a slice")


def _quiet(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return None


def _native(name: str, call: Call) -> Native:
    return Native(name, call)


BUILTINS: dict[str, Any] = {
    name: Native(name, call)
    for name, call in {
        "len": _len,
        "range": _range,
        "zip": _zip,
        "enumerate": _enumerate,
        "reversed": _reversed,
        "list": _sequence(AList),
        "tuple": _sequence(tuple),
        "set": _sequence(ASet),
        "frozenset": _sequence(ASet),
        "dict": _dict,
        "sum": _sum,
        "max": _extreme(max),
        "min": _extreme(min),
        "sorted": _sorted,
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
        "type": _type,
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
        "print": _quiet,
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
    if isinstance(value, Instance):
        return name in value.cls.external_bases()
    if isinstance(value, (*PLAIN, list, tuple, dict, set, range)):
        if last == "NoneType":
            return value is None
        return False
    return Unknown("the type of something unknown")


# -- methods of Python's own types ---------------------------------------------------------------------------------------


def native_attribute(interpreter: Interpreter, value: Any, name: str) -> Any:
    """An attribute of a number, string, list, tuple, dictionary or set; usually one of its methods."""
    if isinstance(value, Native):
        if value.name == "dict" and name == "fromkeys":
            return Native(name, _fromkeys)
        return Anything(f"attribute `{name}` of a function")
    table: dict[str, Call] = {}
    if isinstance(value, list):
        if name == "tolist":
            return Native(name, lambda i, args, kwargs: value)
        table = _LIST
    elif isinstance(value, dict):
        table = _DICT
    elif isinstance(value, set):
        table = _SET
    elif isinstance(value, tuple):
        if name == "numel":
            return Native(name, lambda i, args, kwargs: _product(value))
        table = {"index": _LIST["index"], "count": _LIST["count"]}
    if name in table:
        return Bound(Native(name, table[name]), value)
    if isinstance(value, str):
        return Native(f"str.{name}", lambda i, args, kwargs: string_method(i, value, name, args, kwargs))
    if isinstance(value, int) and name == "bit_length":
        return Native(name, lambda i, args, kwargs: value.bit_length())
    if isinstance(value, re.Match) and name in ("group", "groups", "groupdict", "start", "end", "span"):
        return Native(name, pure(getattr(value, name)))
    if isinstance(value, float) and name == "is_integer":
        return Native(name, lambda i, args, kwargs: value.is_integer())
    if name == "__class__":
        return _type(interpreter, [value], {})
    return Anything(f"attribute `{name}`")


def _product(values: tuple[Any, ...]) -> Any:
    unknown = next((value for value in values if not isinstance(value, NUMBER)), None)
    return Unknown("a product of unknown sizes") if unknown is not None else math.prod(values)


_STRING = frozenset(
    "lower upper strip lstrip rstrip split rsplit startswith endswith replace join find rfind index count title capitalize isdigit isalpha "
    "isalnum isnumeric partition rpartition splitlines removeprefix removesuffix islower isupper swapcase casefold zfill isidentifier".split()
)


def string_method(interpreter: Interpreter, value: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A method of a known string."""
    if name == "format":
        if all(isinstance(arg, PLAIN) for arg in (*args, *kwargs.values())) and len(value) < 1000 and not any(c in value for c in ":.[!"):
            return pure(value.format)(interpreter, args, kwargs)
        return Unknown("a formatted string")
    if name not in _STRING:
        return Unknown(f"the string method `{name}`")
    if name == "zfill" and args and isinstance(args[0], int) and args[0] > 1000:
        return Unknown("a string too long to follow")
    if name == "join" and args:
        args = [interpreter.items(args[0])] if interpreter.items(args[0]) is not None else args
    if name == "replace" and len(args) > 1 and all(isinstance(a, str) for a in args[:2]) and len(value) * (1 + len(args[1])) > MAX_SIZE:
        return Unknown("a string too long to follow")
    return pure(getattr(value, name))(interpreter, args, kwargs)


def _fromkeys(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    return (
        ADict(dict.fromkeys(found, args[1] if len(args) > 1 else None)) if found is not None else Anything("a dictionary of unknown keys")
    )


def _append(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    target = args[0]
    interpreter.heap.touch(target)
    if len(target) < MAX_SIZE:
        target.append(args[1])


def _extend(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    objects.extend_list(interpreter, args[0], args[1])


def _insert(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    if isinstance(args[1], int):
        args[0].insert(args[1], args[2])
    else:
        interpreter.taint("an element is inserted at an unknown place")
        args[0].append(args[2])


def _pop(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    target = args[0]
    interpreter.heap.touch(target)
    index = args[1] if len(args) > 1 else -1
    if isinstance(index, int) and -len(target) <= index < len(target):
        return target.pop(index)
    if isinstance(index, int):
        raise Raised(External("IndexError"))
    return Anything("an element at an unknown place")


def _index(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source.interpreter import same

    for position, item in enumerate(args[0]):
        if same(item, args[1]):
            return position
        if isinstance(item, (Unknown, Either)):
            return Unknown("the position of an element")
    raise Raised(External("ValueError"))


def _count(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return pure(lambda items, item: items.count(item))(interpreter, args, kwargs)


def _remove(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    position = _index(interpreter, args, kwargs)
    interpreter.heap.touch(args[0])
    if isinstance(position, int):
        del args[0][position]


def _reverse(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    args[0].reverse()


def _sort(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    ordered = _sorted(interpreter, args, kwargs)
    interpreter.heap.touch(args[0])
    args[0][:] = ordered


def _clear(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    args[0].clear()


def _copy(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return type(args[0])(args[0]) if isinstance(args[0], (AList, ADict, ASet)) else wrap(args[0].copy())


_LIST: dict[str, Call] = {
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "pop": _pop,
    "index": _index,
    "count": _count,
    "remove": _remove,
    "reverse": _reverse,
    "sort": _sort,
    "clear": _clear,
    "copy": _copy,
    "appendleft": lambda interpreter, args, kwargs: _insert(interpreter, [args[0], 0, args[1]], {}),
    "popleft": lambda interpreter, args, kwargs: _pop(interpreter, [args[0], 0], {}),
}


def _get(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    default = args[2] if len(args) > 2 else kwargs.get("default")
    key = args[1]
    if isinstance(key, Unknown):
        return objects.get_item(interpreter, args[0], key)
    try:
        if key not in args[0]:
            return default
    except TypeError:
        return default
    value = args[0][key]
    if isinstance(value, Either) and ABSENT in value.options:
        return interpreter.join([interpreter.present(value, "an element"), default], "whether the key is present")
    return value


def _dict_pop(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    target, key = args[0], args[1]
    interpreter.heap.touch(target)
    if not isinstance(key, Unknown) and key in target:
        return target.pop(key)
    if len(args) > 2:
        return args[2]
    if isinstance(key, Unknown):
        return Anything("an element with an unknown key")
    raise Raised(External("KeyError"))


def _update(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    if len(args) > 1:
        other = args[1] if isinstance(args[1], dict) else _dict(interpreter, [args[1]], {})
        if isinstance(other, dict):
            args[0].update(other)
        else:
            interpreter.taint("a dictionary is updated from something unknown")
    args[0].update(kwargs)


def _setdefault(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    return args[0].setdefault(args[1], args[2] if len(args) > 2 else None)


_DICT: dict[str, Call] = {
    "get": _get,
    "keys": lambda interpreter, args, kwargs: AList(args[0].keys()),
    "values": lambda interpreter, args, kwargs: AList(args[0].values()),
    "items": lambda interpreter, args, kwargs: AList(args[0].items()),
    "pop": _dict_pop,
    "update": _update,
    "setdefault": _setdefault,
    "copy": _copy,
    "clear": _clear,
    "popitem": lambda interpreter, args, kwargs: args[0].popitem() if args[0] else Anything("an item"),
    "move_to_end": _quiet,
}


def _set_add(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    if not isinstance(args[1], (list, dict, set)):
        args[0].add(args[1])


def _set_discard(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    args[0].discard(args[1])


def _set_union(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ASet(args[0].union(*(interpreter.items(other) or [] for other in args[1:])))


def _set_update(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    for other in args[1:]:
        args[0].update(interpreter.items(other) or [])


_SET: dict[str, Call] = {
    "add": _set_add,
    "discard": _set_discard,
    "remove": _set_discard,
    "union": _set_union,
    "update": _set_update,
    "copy": _copy,
    "difference": lambda interpreter, args, kwargs: ASet(args[0].difference(*(interpreter.items(o) or [] for o in args[1:]))),
    "intersection": lambda interpreter, args, kwargs: ASet(args[0].intersection(*(interpreter.items(o) or [] for o in args[1:]))),
    "issubset": lambda interpreter, args, kwargs: args[0].issubset(interpreter.items(args[1]) or []),
}


# -- the standard library ------------------------------------------------------------------------------------------------


def _partial(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Partial(args[0], tuple(args[1:]), kwargs) if args else Anything("partial")


def _reduce(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[1])
    if found is None:
        return Anything("reduce over something unknown")
    values = [args[2], *found] if len(args) > 2 else found
    total = values[0] if values else Anything("reduce of nothing")
    for item in values[1:]:
        total = interpreter.call(args[0], [total, item], {})
    return total


def _wraps(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    wrapped = args[0] if args else None

    def decorate(interpreter: Interpreter, inner: list[Any], kwargs: dict[str, Any]) -> Any:
        if isinstance(inner[0], Function) and isinstance(wrapped, Function):
            inner[0].name, inner[0].qualname = wrapped.name, wrapped.qualname
            inner[0].attributes["__wrapped__"] = wrapped
        return inner[0]

    return Native("wraps", decorate)


def _identity_decorator(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if args and isinstance(args[0], (Function, Class, Bound)):
        return args[0]
    return Native("decorator", lambda i, inner, k: inner[0] if inner else None)


def _deepcopy(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return torch_modules.deep_copy(args[0], {})


def _shallow_copy(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = args[0]
    if isinstance(value, Instance):
        return Instance(value.cls, ADict(value.attributes))
    if isinstance(value, Module):
        return torch_modules.deep_copy(value, {})
    return _copy(interpreter, [value], {}) if isinstance(value, (AList, ADict, ASet)) else value


def _chain(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    result = AList()
    for arg in args:
        found = interpreter.items(arg)
        if found is None:
            return Anything("a chain of something unknown")
        result.extend(found)
    return result


def _chain_iterable(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    return _chain(interpreter, found, {}) if found is not None else Anything("a chain of something unknown")


def _product_of(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    import itertools

    columns = [interpreter.items(arg) for arg in args]
    if any(column is None for column in columns) or math.prod(len(c or ()) for c in columns) > MAX_SIZE:
        return Anything("a product of something unknown")
    repeat = kwargs.get("repeat", 1)
    return AList(itertools.product(*[c for c in columns if c is not None], repeat=repeat if isinstance(repeat, int) and repeat < 5 else 1))


def _repeat(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    times = args[1] if len(args) > 1 else kwargs.get("times")
    return AList([args[0]] * times) if isinstance(times, int) and times < MAX_SIZE else Anything("repeated without end")


def _accumulate(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    import itertools

    return pure(lambda items: list(itertools.accumulate(items)))(interpreter, args[:1], {})


def _pairwise(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    return AList(zip(found, found[1:], strict=False)) if found is not None else Anything("pairs of something unknown")


class DefaultDict(ADict):
    """`collections.defaultdict`."""

    __slots__ = ("factory",)


def _defaultdict(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    made = DefaultDict(kwargs)
    made.factory = args[0] if args else None
    return made


def _namedtuple(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(args) < 2 or not isinstance(args[0], str):
        return Anything("a named tuple")
    names = args[1].replace(",", " ").split() if isinstance(args[1], str) else interpreter.items(args[1])
    if names is None or not all(isinstance(name, str) for name in names) or interpreter.site is None:
        return Anything("a named tuple")
    defaults = interpreter.items(kwargs.get("defaults") or ()) or []
    fields: dict[str, Any] = dict.fromkeys(names, objects.MISSING)
    fields.update(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    cls = Class(args[0], (External("typing.NamedTuple"),), ADict(), interpreter.site.slice.file, None, fields=fields)
    cls.mro = (cls, External("typing.NamedTuple"))
    return cls


def _asdict(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ADict(args[0].attributes) if args and isinstance(args[0], Instance) else Unknown("asdict of something unknown")


def _replace(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if args and isinstance(args[0], Instance):
        return Instance(args[0].cls, ADict({**args[0].attributes, **kwargs}))
    return Unknown("replace of something unknown")


def _fields(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    cls = args[0].cls if args and isinstance(args[0], Instance) else args[0] if args else None
    if isinstance(cls, Class) and cls.fields is not None:
        return AList(Instance(cls, ADict({"name": name})) for name in cls.fields)
    return Anything("fields of something unknown")


_BACKTRACKING = "a regular expression that may take too long"


def _regex(name: str) -> Call:
    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if not all(isinstance(arg, (str, int)) for arg in args) or len(args) < 2 or kwargs:
            return Anything("a regular expression on something unknown")
        pattern, text = args[0], args[-1] if name != "sub" else args[2] if len(args) > 2 else None
        if not isinstance(pattern, str) or not isinstance(text, str) or len(text) > 300 or len(pattern) > 100 or _may_backtrack(pattern):
            return Anything(_BACKTRACKING)
        try:
            found = getattr(re, name)(*args)
        except (re.error, TypeError):
            return Anything("a regular expression that fails")
        return found if isinstance(found, re.Match) else wrap(found)

    return call


def _may_backtrack(pattern: str) -> bool:
    """Whether a pattern repeats something that itself repeats or branches, which can take exponential time."""
    depth_repeats: list[bool] = [False]
    previous_group = False
    for i, character in enumerate(pattern):
        if i and pattern[i - 1] == "\\":
            previous_group = False
            continue
        if character == "(":
            depth_repeats.append(False)
            previous_group = False
        elif character == ")" and len(depth_repeats) > 1:
            previous_group = depth_repeats.pop()
            depth_repeats[-1] = depth_repeats[-1] or previous_group
        elif character in "*+{":
            if previous_group:
                return True
            depth_repeats[-1] = True
            previous_group = False
        elif character == "|":
            depth_repeats[-1] = True
        else:
            previous_group = False
    return pattern.count("*") + pattern.count("+") > 4


LIBRARY: dict[str, Call] = {
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "functools.wraps": _wraps,
    "functools.lru_cache": _identity_decorator,
    "functools.cache": _identity_decorator,
    "copy.deepcopy": _deepcopy,
    "copy.copy": _shallow_copy,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain_iterable,
    "itertools.product": _product_of,
    "itertools.repeat": _repeat,
    "itertools.accumulate": _accumulate,
    "itertools.pairwise": _pairwise,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _defaultdict,
    "collections.namedtuple": _namedtuple,
    "collections.deque": _sequence(AList),
    "typing.OrderedDict": _dict,
    "typing.cast": lambda interpreter, args, kwargs: args[1],
    "typing.NamedTuple": _namedtuple,
    "typing.TypeVar": lambda interpreter, args, kwargs: External("typing.TypeVar"),
    "dataclasses.asdict": _asdict,
    "dataclasses.replace": _replace,
    "dataclasses.fields": _fields,
    "dataclasses.field": lambda interpreter, args, kwargs: Partial(objects.FIELD, (), kwargs),
    "warnings.warn": _quiet,
    "numpy.prod": pure(lambda values, *rest: math.prod(values) if isinstance(values, (list, tuple)) else values),
    "numpy.sqrt": pure(math.sqrt),
    "numpy.log2": pure(math.log2),
    "numpy.log": pure(math.log),
    "numpy.ceil": pure(lambda x: float(math.ceil(x))),
    "numpy.floor": pure(lambda x: float(math.floor(x))),
    "numpy.power": pure(lambda x, y: x**y if abs(y) < 64 else None),
    "numpy.cumsum": pure(lambda values: [sum(values[: i + 1]) for i in range(len(values))]),
    "numpy.round": pure(round),
    "operator.mul": pure(lambda x, y: x * y),
    "operator.add": pure(lambda x, y: x + y),
}
for _name in ("re.match", "re.search", "re.split", "re.findall", "re.sub", "re.fullmatch"):
    LIBRARY[_name] = _regex(_name.removeprefix("re."))
for _name in (
    "sqrt ceil floor log log2 log10 exp prod gcd lcm trunc fabs sin cos tan tanh atan atan2 hypot isclose isfinite isinf isnan degrees radians fsum copysign"
).split():
    LIBRARY[f"math.{_name}"] = pure(getattr(math, _name))
LIBRARY["math.pow"] = lambda interpreter, args, kwargs: pure(math.pow)(interpreter, args, kwargs)

CONSTANTS: dict[str, Any] = {
    "math.pi": math.pi,
    "math.e": math.e,
    "math.inf": math.inf,
    "math.nan": math.nan,
    "numpy.pi": math.pi,
    "numpy.inf": math.inf,
    "torch.pi": math.pi,
    "torch.inf": math.inf,
    "typing.TYPE_CHECKING": False,
    "sys.maxsize": sys.maxsize,
}
