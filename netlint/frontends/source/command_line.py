"""`argparse` and namespaces: the settings that a program has when its command line says nothing."""

from __future__ import annotations

from typing import Any

from netlint.frontends.source.heap import ADict, AList
from netlint.frontends.source.interpreter import Interpreter
from netlint.frontends.source.python_values import Call
from netlint.frontends.source.values import ABSENT, Anything, Class, External, Instance, Native
from netlint.graph.unknown import Unknown

FLAGS = {"store_true": False, "store_false": True, "count": None, "append": None}
"""What these actions leave without an explicit default."""


def _object(interpreter: Interpreter, name: str, attributes: dict[str, Any]) -> Any:
    """An object of a class of the library; what it is not known to have is unknown, and no error."""
    if interpreter.site is None:
        return Anything(f"`{name}`")
    cls = Class(name.rpartition(".")[2], (External(name),), ADict(), interpreter.site.slice.file, None)
    cls.mro = (cls, External(name))
    return Instance(cls, ADict(attributes))


def _namespace(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = dict(args[0]) if args and isinstance(args[0], dict) else {}
    return _object(interpreter, "argparse.Namespace", {**given, **kwargs})


def _parser(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A parser whose `parse_args` gives the defaults; an argument without a default is unknown."""
    settings = ADict()

    def add_argument(interpreter: Interpreter, names: list[Any], options: dict[str, Any]) -> Any:
        name = _destination(names, options)
        if name is not None:
            settings[name] = _default(name, options)
        return Anything("an argument of a parser")

    def set_defaults(interpreter: Interpreter, args: list[Any], values: dict[str, Any]) -> Any:
        settings.update(values)

    def parse(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return _object(interpreter, "argparse.Namespace", settings)

    def parse_known(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return (parse(interpreter, args, kwargs), AList())

    methods = {
        "add_argument": add_argument,
        "set_defaults": set_defaults,
        "parse_args": parse,
        "parse_known_args": parse_known,
        "parse_intermixed_args": parse,
        "add_argument_group": lambda i, args, kwargs: parser,
        "add_mutually_exclusive_group": lambda i, args, kwargs: parser,
    }
    parser: Any = _object(interpreter, "argparse.ArgumentParser", {name: Native(name, method) for name, method in methods.items()})
    return parser


def _destination(names: list[Any], options: dict[str, Any]) -> str | None:
    """The attribute that an argument sets: its `dest`, or the first long name, or the first one."""
    if isinstance(options.get("dest"), str):
        return str(options["dest"])
    known = [name for name in names if isinstance(name, str)]
    chosen = next((name for name in known if name.startswith("--")), known[0] if known else "")
    return chosen.lstrip("-").replace("-", "_") or None


def _default(name: str, options: dict[str, Any]) -> Any:
    value = options.get("default", ABSENT)
    if value is ABSENT:
        action = options.get("action")
        return FLAGS[action] if isinstance(action, str) and action in FLAGS else Unknown(f"the command line's `{name}`")
    return _number(value) if isinstance(value, str) and "type" in options else value


def _number(text: str) -> Any:
    """A default that is written as text goes through the argument's type."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


NAMESPACES: dict[str, Call] = {
    "argparse.ArgumentParser": _parser,
    "argparse.Namespace": _namespace,
    "types.SimpleNamespace": _namespace,
}
