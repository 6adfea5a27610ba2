"""Edits of the arguments of a call: of a layer's constructor, a function, an optimizer, a loader."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.fixes.proposal import Refusal
from netlint.fixes.source.code import Code, Files, Place
from netlint.fixes.source.expressions import application
from netlint.fixes.source.lowered import Lowered, applied_at, constructed_at, lowered
from netlint.fixes.source.names import imports_of
from netlint.fixes.source.spelling import written
from netlint.frontends.torch_api import DATALOADER, LAYERS, OPTIMIZERS, Signature
from netlint.graph import Loader, Operator, Optimizer
from netlint.graph.training import Penalty

LITERALS = (cst.BaseNumber, cst.BaseString, cst.UnaryOperation)
CONSTANTS = frozenset({"True", "False", "None"})


def set_option(files: Files, target: Operator | Optimizer | Loader | Penalty, options: Mapping[str, object]) -> Lowered:
    """Changes, adds or takes away keyword arguments where the target is made (a layer, optimizer, loader) or called (a function)."""
    if isinstance(target, Operator) and target.layer is None:
        found = application(files, target)
        if found.signature is None:
            raise Refusal("the signature of the call is not known")
        names = method_names(found.signature, found.method)
        return _result(files, target, found.call, names, options, applied_at(target.site))
    made = target.layer if isinstance(target, Operator) else target
    call = files.place(made.site if made is not None else None)
    return _result(files, target, call, _names_of(call, target), options, constructed_at(made.site if made is not None else None))


def _result(files: Files, target: object, call: Place, names: tuple[str, ...], options: Mapping[str, object], reaches: object) -> Lowered:
    listed = ", ".join(f"{name}={written(value)}" if value is not None else f"no {name}" for name, value in options.items())
    label = target.name if isinstance(target, Operator) else getattr(target, "kind", type(target).__name__)
    edits = arguments_set(call, names, options)
    return lowered(f"Give the {label} {listed}", call, edits, reaches, (target,))  # type: ignore[arg-type]


def method_names(signature: Signature, method: bool) -> tuple[str, ...]:
    """The parameters of a function in order; of a method, without the tensor."""
    return signature.names[1:] if method else signature.names


def _names_of(call: Place, target: Operator | Optimizer | Loader | Penalty) -> tuple[str, ...]:
    """The parameters of the class that a call makes an object of. Raises Refusal for a class that is not torch's own."""
    if not isinstance(call.node, cst.Call):
        raise Refusal("it is not made by a call")
    name = imports_of(call.code).qualified(call.node.func)
    if isinstance(target, Operator) and name in LAYERS:
        return Signature(LAYERS[name].signature).names
    if isinstance(target, Optimizer) and name in OPTIMIZERS:
        return Signature(OPTIMIZERS[name]).names
    if isinstance(target, Loader) and name == "torch.utils.data.DataLoader":
        return Signature(DATALOADER).names
    raise Refusal(f"`{call.at(call.node.func).text}` is not torch's own class, so its arguments are not known")


def arguments_set(call: Place, names: tuple[str, ...], options: Mapping[str, object], overwrite: bool = False) -> list[Edit]:
    """The edits that make a call pass these options. Without `overwrite`, only literals are replaced."""
    node = call.node
    assert isinstance(node, cst.Call)
    edits: list[Edit] = []
    added: list[str] = []
    for name, value in options.items():
        argument = _given(node, names, name)
        if argument is None and value is None:
            continue
        if argument is None:
            if name not in names or any(arg.star for arg in node.args):
                raise Refusal(f"the call does not show whether `{name}` is passed" if name in names else f"the call takes no `{name}`")
            added.append(f"{name}={written(value)}")
            continue
        old = call.at(argument.value)
        if not overwrite and not _is_literal(argument.value):
            raise Refusal(f"`{name}` is set by the expression `{old.text}`")
        edits.append(_removed(call, argument, name) if value is None else call.code.edit(old.span, written(value)))
    return edits + _added(call, added)


def _given(node: cst.Call, names: tuple[str, ...], name: str) -> cst.Arg | None:
    """The argument that a call passes for a parameter."""
    for index, argument in enumerate(node.args):
        if argument.star:
            return None
        if argument.keyword is not None and argument.keyword.value == name:
            return argument
        if argument.keyword is None and index < len(names) and names[index] == name:
            return argument
    return None


def _is_literal(node: cst.BaseExpression) -> bool:
    return isinstance(node, LITERALS) or (isinstance(node, cst.Name) and node.value in CONSTANTS)


def _removed(call: Place, argument: cst.Arg, name: str) -> Edit:
    assert isinstance(call.node, cst.Call)
    arguments = list(call.node.args)
    index = next(place for place, found in enumerate(arguments) if found is argument)
    if argument.keyword is None and index + 1 < len(arguments) and arguments[index + 1].keyword is None:
        raise Refusal(f"`{name}` is passed by its position before others")
    start = call.at(argument.keyword).span[0] if argument.keyword is not None else call.at(argument.value).span[0]
    end = call.at(argument.value).span[1]
    if index:
        start = call.at(arguments[index - 1].value).span[1]
    elif index + 1 < len(arguments):
        following = arguments[index + 1]
        end = call.at(following.keyword or following.value).span[0]
    return call.code.edit((start, end), "")


def _added(call: Place, arguments: list[str]) -> list[Edit]:
    """Keyword arguments behind the last one, on a line of their own where the last one has one."""
    if not arguments:
        return []
    assert isinstance(call.node, cst.Call)
    code = call.code
    if not call.node.args:
        end = call.span[1] - _closing(call)
        return [code.edit((end, end), ", ".join(arguments))]
    last = call.node.args[-1]
    start = call.at(last.keyword or last.value).span[0]
    end = call.at(last.value).span[1]
    separator = f",\n{code.indent(code.row(start))}" if _has_own_line(code, start, call) else ", "
    return [code.edit((end, end), separator + separator.join(arguments))]


def _closing(call: Place) -> int:
    """How many characters lie between the end of a call's arguments and the end of its range: `)`, and those of brackets around it."""
    text = call.text
    brackets = len(getattr(call.node, "rpar", ()))
    position = len(text)
    for _ in range(brackets + 1):
        position = text.rindex(")", 0, position)
    return len(text) - position


def _has_own_line(code: Code, start: int, call: Place) -> bool:
    row = code.row(start)
    return row != code.row(call.span[0]) and not code.cut((code.line(row)[0], start)).strip()
