"""From the bound arguments of a call to an operator: the operator's own annotations say what each argument must be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias, TypeVar

from netlint.frontends.torch_api.spec import (
    TRAINING_FLAG,
    UNCALLED,
    Arguments,
    FunctionSpec,
    Rest,
    Structure,
    TrainingFlag,
    is_option,
)
from netlint.graph.operator import Operator
from netlint.graph.unknown import Unknown

O = TypeVar("O", bound=Operator)  # noqa: E741
From: TypeAlias = "Callable[[Arguments], object]"
"""Computes one field of an operator from the bound arguments."""

_PLACEMENT = {field.name for field in dataclasses.fields(Operator)} - {"inplace"}
"""The fields that say where an operator stands, which no argument of a call sets."""
_SYNONYMS = {"Int": "int | Unknown", "Float": "float | Unknown", "Bool": "bool | Unknown"}


def template(kind: type[O], /, **fixed: object) -> Callable[[Arguments], O]:
    """A builder of operators of one kind: each field is taken from the argument of the same name.

    `fixed` states fields that are not, each a value or a function of the arguments. Either way the value is
    brought to the field's type, or becomes Unknown with a reason that names the field.
    """

    construct: Callable[..., O] = kind
    dims = fixed.get("dims")
    repeats = dims if isinstance(dims, int) else 1

    def build(arguments: Arguments) -> O:
        values: dict[str, object] = {}
        for name, accepted in _fields(kind).items():
            if name in fixed:
                source = fixed[name]
                value = source(arguments) if callable(source) else source
            elif name in arguments:
                value = arguments[name]
            else:
                continue
            values[name] = _convert(name, value, accepted, repeats)
        return construct(**values)

    return build


def in_place(spec: FunctionSpec) -> FunctionSpec:
    """The variant of a function that overwrites its first operand (`torch.relu_`)."""

    def build(arguments: Arguments) -> Operator:
        operator = spec.build(arguments)
        operator.inplace = True
        return operator

    return dataclasses.replace(spec, build=build)


def _fields(kind: type[Operator]) -> Mapping[str, frozenset[str]]:
    """The accepted types of each settable field, from its annotation: `int`, `None`, `tuple[int]`, ..."""
    return {field.name: _accepted(str(field.type)) for field in dataclasses.fields(kind) if field.name not in _PLACEMENT}


@cache
def _accepted(annotation: str) -> frozenset[str]:
    for synonym, meaning in _SYNONYMS.items():
        annotation = annotation.replace(synonym, meaning)
    depth, parts = 0, [""]
    for character in annotation.replace(" ", ""):
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return frozenset(parts)


def _convert(name: str, value: object, accepted: frozenset[str], dims: int) -> object:
    """`value` as one of the accepted types; a number stands for a sequence of `dims` of it, as in PyTorch's `_ntuple`."""
    if isinstance(value, Unknown) or "object" in accepted or (value is None and "None" in accepted):
        return value
    if "bool" in accepted and isinstance(value, (int, float, str, list, tuple, TrainingFlag, type(None))):
        return bool(value)
    if "str" in accepted and isinstance(value, str):
        return value
    if "int" in accepted and isinstance(value, int):
        return int(value)
    if "float" in accepted and isinstance(value, (int, float)):
        return float(value)
    sequence = next((part for part in accepted if part.startswith("tuple[")), None)
    if sequence is not None and isinstance(value, (int, float, list, tuple, range, type(None))):
        inner = _accepted(sequence.removeprefix("tuple[").removesuffix("]").removesuffix(",..."))
        items = [_convert(name, item, inner, 1) for item in (value if isinstance(value, (list, tuple, range)) else (value,))]
        return tuple(items * dims if len(items) == 1 else items)
    return Unknown(f"argument `{name}` is {value!r}" if isinstance(value, (int, float, str, type(None))) else f"argument `{name}`")


# -- fields that need more than the argument of the same name ------------------------------------------------------------


def argument(name: str) -> From:
    """The argument of another name than the field's."""
    return lambda arguments: arguments[name]


def first_given(*names: str) -> From:
    """The first of several arguments that is there (not None): a deprecated spelling before the current one, say."""
    return lambda arguments: next((arguments[name] for name in names if arguments[name] is not None), None)


def given(name: str) -> From:
    """Whether an argument is there (not None). That does not say which it is: an option is still to be kept."""
    return lambda arguments: dict.get(arguments, name) is not None


def told(name: str) -> From:
    """Whether an argument was given a value; a method in its place says nothing."""
    return lambda arguments: arguments[name] is not None and arguments[name] is not UNCALLED


def unknown(reason: str) -> From:
    """A fresh Unknown for each operator: two unknowns are equal only if they are the same object."""
    return lambda _: Unknown(reason)


def plain(value: object) -> object:
    """An option as it is; Unknown for anything that is not a plain Python value (a tensor that stands in for a number, say)."""
    return value if is_option(value) else Unknown("a value that is not a plain number")


def options(*names: str) -> From:
    """Several arguments as a tuple."""
    return lambda arguments: tuple(plain(arguments[name]) for name in names)


def sizes(name: str) -> From:
    """The variadic sizes or dimensions of `view(2, 3)`: Unknown as a whole when the one argument may itself be a sequence."""

    def value(arguments: Arguments) -> object:
        items = arguments[name]
        if not isinstance(items, (list, tuple)):
            return items if isinstance(items, (int, Unknown)) else Unknown(f"argument `{name}`")
        if rest := next((item for item in items if isinstance(item, Rest)), None):
            return rest
        if len(items) == 1 and not isinstance(items[0], int):
            return items[0] if isinstance(items[0], Unknown) else Unknown(f"argument `{name}`")
        return tuple(items)

    return value


def told_mode(default: bool, name: str = "training") -> From:
    """How a functional call was told its mode: None when it follows the module (`self.training`), `default` when it was not told."""

    def training(arguments: Arguments) -> object:
        value = arguments[name]
        if value is TRAINING_FLAG:
            return None
        if value is None:
            return default
        if value is UNCALLED:
            return True
        return value if isinstance(value, (bool, Unknown)) else Unknown(f"argument `{name}`")

    return training


def pair(_: object) -> Structure:
    """The structure of two results, whatever the arguments: values and their indices, mostly."""
    return (0, 1)
