"""New operators as code: the constructor of a layer, or a function of torch."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.fixes.proposal import Refusal
from netlint.fixes.source.code import Place
from netlint.fixes.source.names import Names
from netlint.frontends.torch_api import FUNCTIONS, LAYERS, Signature
from netlint.graph import Operator, Unknown

PLAIN = ("p",)
"""Options that are written even where they are PyTorch's defaults, because a reader wants to see them."""

SAME_QUANTITY = {
    "normalized_shape": ("num_features", "num_channels", "normalized_shape"),
    "num_channels": ("num_features", "num_channels"),
    "num_features": ("num_features", "num_channels"),
    "p": ("p",),
}
"""The arguments of other layers that hold the same number, and how it is written there: `nn.BatchNorm2d(width)`."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A piece of code in the place of a value (`self.training`)."""

    text: str


def written(value: object) -> str:
    """A value as a literal. Raises Refusal for one that is not known."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Unknown):
        raise Refusal(f"a value is not known: {value.reason}")
    if isinstance(value, tuple) and len(value) == 1:
        return written(value[0])
    if isinstance(value, (list, tuple)):
        inner = ", ".join(written(item) for item in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if value is None or isinstance(value, (bool, int, float, str)):
        return f'"{value}"' if isinstance(value, str) and value.isprintable() and not set(value) & set('"\\') else repr(value)
    raise Refusal(f"a {type(value).__name__} cannot be written as a literal")


def layer_name(operator: Operator) -> str:
    """The qualified class of the layer that applies an operator. Raises Refusal if torch has none."""
    name = f"torch.nn.{operator.name}"
    if name not in LAYERS:
        raise Refusal(f"torch has no layer for {operator.name}")
    return name


def function_name(operator: Operator) -> str:
    """The qualified function that applies an operator. Raises Refusal if torch has none."""
    wanted = operator.name.lower()
    for name in FUNCTIONS:
        if name.startswith("torch.nn.functional.") and name.rpartition(".")[2].replace("_", "") == wanted:
            return name
    raise Refusal(f"torch has no function for {operator.name}")


def constructor(operator: Operator, names: Names, old: tuple[Operator, Place] | None = None) -> tuple[str, tuple[Edit, ...]]:
    """The constructor call of a layer that applies an operator like this template, with the edits that import its class.

    `old` is the operator that it replaces and the call that made it: what it says of the same quantity is repeated as it is written.
    """
    qualified = layer_name(operator)
    text, imports = names.spell(qualified)
    return f"{text}({', '.join(_arguments(operator, Signature(LAYERS[qualified].signature), old))})", imports


def _arguments(operator: Operator, signature: Signature, old: tuple[Operator, Place] | None) -> list[str]:
    table = {field.name: field for field in fields(operator)}
    result: list[str] = []
    positional = True
    for name in signature.names:
        field = table.get(name)
        if field is None or name in ("inplace", "device", "dtype"):
            positional = positional and field is not None
            continue
        value = getattr(operator, name)
        required = field.default is MISSING and field.default_factory is MISSING
        if not (required or name in PLAIN or value != field.default):
            positional = False
            continue
        text = _as_before(name, value, old) or written(value)
        result.append(text if positional and (required or name in PLAIN) else f"{name}={text}")
    return result


def _as_before(name: str, value: object, old: tuple[Operator, Place] | None) -> str:
    """How the replaced layer's constructor writes the same number; empty if it does not."""
    if old is None or not isinstance(old[1].node, cst.Call):
        return ""
    operator, call = old
    kind = operator.layer.kind if operator.layer is not None else ""
    spec = LAYERS.get(kind)
    assert isinstance(call.node, cst.Call)
    if spec is None or any(argument.star for argument in call.node.args):
        return ""
    order = Signature(spec.signature).names
    for index, argument in enumerate(call.node.args):
        given = argument.keyword.value if argument.keyword is not None else order[index] if index < len(order) else ""
        same = given in SAME_QUANTITY.get(name, ()) and getattr(operator, given, None) in (
            value,
            *(value if isinstance(value, tuple) else ()),
        )
        if same:
            return call.at(argument.value).text
    return ""
