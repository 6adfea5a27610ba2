"""The parts of Python's library that network code computes with."""

from __future__ import annotations

import itertools
import math
import re
import sys
from typing import Any

from netlint.frontends.source import classes, module_tree
from netlint.frontends.source.command_line import NAMESPACES
from netlint.frontends.source.functions import parameters_of
from netlint.frontends.source.heap import ADict, AList, ASet
from netlint.frontends.source.interpreter import Interpreter
from netlint.frontends.source.python_builtins import make_dict, quiet, sequence_maker
from netlint.frontends.source.python_methods import copy_container
from netlint.frontends.source.python_values import Call, pure, wrap
from netlint.frontends.source.values import (
    MISSING,
    Anything,
    Bound,
    Class,
    External,
    Function,
    Instance,
    Module,
    Native,
    Partial,
)
from netlint.frontends.torch_api import LAYERS, canonical
from netlint.frontends.torch_api import Signature as ApiSignature
from netlint.graph.unknown import Unknown


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
    return module_tree.deep_copy(interpreter, args[0], {})


def _shallow_copy(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = args[0]
    if isinstance(value, Instance):
        return Instance(value.cls, ADict(value.attributes))
    if isinstance(value, Module):
        return module_tree.deep_copy(interpreter, value, {})
    return copy_container(interpreter, [value], {}) if isinstance(value, (AList, ADict, ASet)) else value


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
    repeat = kwargs.get("repeat", 1)
    if any(column is None for column in columns) or not isinstance(repeat, int) or not 0 <= repeat < 20:
        return Anything("a product of something unknown")
    if math.prod(len(c or ()) for c in columns) ** repeat > interpreter.limits.elements:
        return Anything("a product too long to follow")
    return AList(itertools.product(*[c for c in columns if c is not None], repeat=repeat))


def _repeat(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    times = args[1] if len(args) > 1 else kwargs.get("times")
    return AList([args[0]] * times) if isinstance(times, int) and times < interpreter.limits.elements else Anything("repeated without end")


def _accumulate(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source.expressions import binary

    found = interpreter.items(args[0])
    if found is None or "initial" in kwargs:
        return Anything("sums of something unknown")
    function = args[1] if len(args) > 1 else kwargs.get("func")
    totals = AList(found[:1])
    for item in found[1:]:
        before = totals[-1]
        totals.append(interpreter.call(function, [before, item], {}) if function is not None else binary(interpreter, "Add", before, item))
    return totals


def _import_module(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.frontends.source.imports import module_value

    path = args[0] if args else kwargs.get("name")
    if not isinstance(path, str) or path.startswith(".") or interpreter.site is None:
        return Anything("a module whose name is not known")
    return module_value(interpreter, path, interpreter.site.slice.file)


def _pairwise(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    found = interpreter.items(args[0])
    return AList(itertools.pairwise(found)) if found is not None else Anything("pairs of something unknown")


class DefaultDict(ADict):
    """`collections.defaultdict`."""

    __slots__ = ("factory",)
    factory: Any


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
    fields: dict[str, Any] = dict.fromkeys(names, MISSING)
    fields.update(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    cls = Class(args[0], (External("typing.NamedTuple"),), ADict(), interpreter.site.slice.file, None, fields=fields)
    cls.mro = (cls, External("typing.NamedTuple"))
    return cls


def _asdict(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ADict(args[0].attributes) if args and isinstance(args[0], Instance) else Unknown("asdict of something unknown")


def _signature(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`inspect.signature(callable)`, as far as the names of its parameters."""
    names = _parameter_names(args[0] if args else None)
    if names is None:
        return Unknown("the signature of something unknown")
    cls = Class("Signature", (), ADict(), interpreter.site.slice.file, None) if interpreter.site is not None else None
    if cls is None:
        return Unknown("a signature")
    cls.mro = (cls,)
    return Instance(cls, ADict({"parameters": ADict({name: Unknown(f"parameter `{name}`") for name in names})}))


def _parameter_names(value: Any) -> list[str] | None:
    if isinstance(value, External):
        spec = LAYERS.get(canonical(value.name))
        return list(ApiSignature(spec.signature).names) if spec is not None else None
    if isinstance(value, Class):
        init = classes.class_attribute(value, "__init__")
        return _parameter_names(init)[1:] if isinstance(init, Function) else None  # type: ignore[index]
    if isinstance(value, Partial):
        return _parameter_names(value.function)
    if isinstance(value, Function):
        params = parameters_of(value.node)
        stars = [name for name in (params.star, params.double_star) if name is not None]
        return [parameter.name for parameter in (*params.positional, *params.keyword_only)] + stars
    return None


def _replace(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if args and isinstance(args[0], Instance):
        return Instance(args[0].cls, ADict({**args[0].attributes, **kwargs}))
    return Unknown("replace of something unknown")


def _fields(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    cls = args[0].cls if args and isinstance(args[0], Instance) else args[0] if args else None
    if isinstance(cls, Class) and cls.fields is not None:
        return AList(Instance(cls, ADict({"name": name, **_defaults_of_field(default)})) for name, default in cls.fields.items())
    return Anything("fields of something unknown")


def _defaults_of_field(default: Any) -> dict[str, Any]:
    """The `default` and `default_factory` of a field, `dataclasses.MISSING` where there is none."""
    if isinstance(default, Partial) and default.function is classes.FIELD:
        return {name: default.kwargs.get(name, _NO_DEFAULT) for name in ("default", "default_factory")}
    return {"default": _NO_DEFAULT if default is MISSING else default, "default_factory": _NO_DEFAULT}


_NO_DEFAULT = External("dataclasses.MISSING")


def _dataclass(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`dataclass(cls)`, and the decorator `dataclass(...)` without a class."""
    if not args:
        return External("dataclasses.dataclass()")
    classes.decorate_class(interpreter, "dataclasses.dataclass", args[0])
    return args[0]


_BACKTRACKING = "a regular expression that may take too long"


def _regex(name: str) -> Call:
    def call(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if not all(isinstance(arg, (str, int)) for arg in args) or len(args) < 2 or kwargs:
            return Anything("a regular expression on something unknown")
        pattern, text = args[0], args[-1] if name != "sub" else args[2] if len(args) > 2 else None
        if not isinstance(pattern, str) or not isinstance(text, str) or len(text) > 300 or len(pattern) > 100 or _may_backtrack(pattern):
            return Anything(_BACKTRACKING)
        interpreter.spend(len(text) ** 2)
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
    repeats, optionals = pattern.count("*") + pattern.count("+"), pattern.count("?")
    return repeats > 3 or optionals > 10 or re.search(r"\\[1-9]", pattern) is not None


LIBRARY: dict[str, Call] = {
    **NAMESPACES,
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
    "importlib.import_module": _import_module,
    "collections.OrderedDict": make_dict,
    "collections.defaultdict": _defaultdict,
    "collections.namedtuple": _namedtuple,
    "collections.deque": sequence_maker(AList),
    "typing.OrderedDict": make_dict,
    "typing.cast": lambda interpreter, args, kwargs: args[1],
    "typing.NamedTuple": _namedtuple,
    "typing.TypeVar": lambda interpreter, args, kwargs: External("typing.TypeVar"),
    "dataclasses.dataclass": _dataclass,
    "dataclasses.asdict": _asdict,
    "dataclasses.replace": _replace,
    "dataclasses.fields": _fields,
    "dataclasses.field": lambda interpreter, args, kwargs: Partial(classes.FIELD, (), kwargs),
    "inspect.signature": _signature,
    "warnings.warn": quiet,
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
    "sqrt isqrt ceil floor log log2 log10 exp prod gcd lcm trunc fabs sin cos tan tanh atan atan2 hypot isclose isfinite isinf isnan "
    "degrees radians fsum copysign"
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
