"""Methods of Python's own types: strings, lists, tuples, dictionaries and sets."""

from __future__ import annotations

import math
import re
from typing import Any

from netlint.frontends.source import objects
from netlint.frontends.source.heap import ADict, AList, ASet, OpenList
from netlint.frontends.source.interpreter import Interpreter, Raised
from netlint.frontends.source.python_builtins import from_keys, make_dict, quiet, sorted_items, type_of
from netlint.frontends.source.python_values import PLAIN, Call, pure, wrap
from netlint.frontends.source.values import (
    ABSENT,
    NUMBER,
    Anything,
    Bound,
    Either,
    External,
    Native,
)
from netlint.graph.unknown import Unknown


def native_attribute(interpreter: Interpreter, value: Any, name: str) -> Any:
    """An attribute of a number, string, list, tuple, dictionary or set; usually one of its methods."""
    if isinstance(value, Native):
        if value.name == "dict" and name == "fromkeys":
            return Native(name, from_keys)
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
        return type_of(interpreter, [value], {})
    return Anything(f"attribute `{name}`")


def _product(values: tuple[Any, ...]) -> Any:
    unknown = next((value for value in values if not isinstance(value, NUMBER)), None)
    return Unknown("a product of unknown sizes") if unknown is not None else math.prod(values)


_WIDE_FIELD = re.compile(r"\d{4}|\{[^}]*[\[.{!][^}]*\}")
"""A replacement field that asks for very many characters, or looks into its argument."""
_STRING = frozenset(
    "lower upper strip lstrip rstrip split rsplit startswith endswith replace join find rfind index count title capitalize isdigit "
    "isalpha isalnum isnumeric partition rpartition splitlines "
    "removeprefix removesuffix islower isupper swapcase casefold zfill isidentifier".split()
)


def string_method(interpreter: Interpreter, value: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A method of a known string."""
    interpreter.spend(len(value))
    pieces = [value, *(arg for arg in (*args, *kwargs.values()) if isinstance(arg, str))]
    if name in ("format", "replace") and len(value) * max(map(len, pieces)) > interpreter.limits.elements:
        return Unknown("a string too long to follow")
    if name == "format":
        if all(isinstance(arg, PLAIN) for arg in (*args, *kwargs.values())) and len(value) < 1000 and not _WIDE_FIELD.search(value):
            return pure(value.format)(interpreter, args, kwargs)
        return Unknown("a formatted string")
    if name not in _STRING:
        return Unknown(f"the string method `{name}`")
    if name == "zfill" and args and isinstance(args[0], int) and args[0] > 1000:
        return Unknown("a string too long to follow")
    if name == "join" and args:
        parts = interpreter.items(args[0])
        if parts is not None and sum(len(value) + len(part) for part in parts if isinstance(part, str)) > interpreter.limits.elements:
            return Unknown("a string too long to follow")
        args = [parts] if parts is not None else args
    return pure(getattr(value, name))(interpreter, args, kwargs)


def _append(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    target = args[0]
    interpreter.heap.touch(target)
    if len(target) < interpreter.limits.elements:
        target.append(args[1])
    elif type(target) is AList:
        target.__class__ = OpenList


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
    ordered = sorted_items(interpreter, args, kwargs)
    interpreter.heap.touch(args[0])
    if isinstance(ordered, list):
        args[0][:] = ordered


def _clear(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.heap.touch(args[0])
    args[0].clear()


def copy_container(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
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
    "copy": copy_container,
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
        other = args[1] if isinstance(args[1], dict) else make_dict(interpreter, [args[1]], {})
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
    "copy": copy_container,
    "clear": _clear,
    "popitem": lambda interpreter, args, kwargs: args[0].popitem() if args[0] else Anything("an item"),
    "move_to_end": quiet,
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
    "copy": copy_container,
    "difference": lambda interpreter, args, kwargs: ASet(args[0].difference(*(interpreter.items(o) or [] for o in args[1:]))),
    "intersection": lambda interpreter, args, kwargs: ASet(args[0].intersection(*(interpreter.items(o) or [] for o in args[1:]))),
    "issubset": lambda interpreter, args, kwargs: args[0].issubset(interpreter.items(args[1]) or []),
}
