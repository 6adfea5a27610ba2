"""Edits of training code: the class of an optimizer, and the groups of its parameters."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from netlint.engine.rule import StateDict
from netlint.fixes.proposal import Refusal
from netlint.fixes.source.code import Files, Place
from netlint.fixes.source.lowered import Lowered, constructed_at, lowered
from netlint.fixes.source.names import imports_of
from netlint.fixes.source.spelling import written
from netlint.frontends.source.code import names_in
from netlint.frontends.torch_api import OPTIMIZERS, Signature
from netlint.graph import Optimizer


def another_class(files: Files, optimizer: Optimizer, kind: str) -> Lowered:
    """An optimizer of another class with the same arguments. Raises Refusal if that class takes other ones."""
    call, node, signature = _call_of(files, optimizer)
    new = f"torch.optim.{kind}"
    if new not in OPTIMIZERS:
        raise Refusal(f"torch has no optimizer {kind}")
    names = Signature(OPTIMIZERS[new]).names
    positional = [argument for argument in node.args if argument.keyword is None]
    foreign = [argument.keyword.value for argument in node.args if argument.keyword is not None and argument.keyword.value not in names]
    if foreign or names[: len(positional)] != signature.names[: len(positional)] or any(argument.star == "*" for argument in node.args):
        raise Refusal(f"{kind} takes other arguments")
    text, imports = imports_of(call.code).spell(new)
    edits = (call.code.edit(call.at(node.func).span, text), *imports)
    return lowered(f"Use {text} with the same arguments", call, edits, constructed_at(optimizer.site), (optimizer,))


def split_groups(files: Files, optimizer: Optimizer, options: Mapping[str, object]) -> Lowered:
    """Options of their own for the parameters with fewer than two dimensions: slopes, biases, and the scales and shifts of norms.

    Only `net.parameters()` is split: what else is handed to an optimizer may be in groups already.
    """
    call, node, _ = _call_of(files, optimizer)
    given = next((argument for argument in node.args if argument.keyword is None or argument.keyword.value == "params"), None)
    value = given.value if given is not None and not given.star else None
    match value:
        case cst.Call(func=cst.Attribute(value=cst.Name() | cst.Attribute(), attr=cst.Name(value="parameters")), args=[]):
            place = call.at(value)
        case _:
            raise Refusal("the optimizer is not given `parameters()` of a network")
    name = next(name for name in ("p", "param", "parameter") if name not in names_in(value))
    indent = call.code.indent(call.code.row(place.span[0]))
    own = "".join(f', "{key}": {written(option)}' for key, option in options.items())
    text = (
        "[\n"
        f'{indent}    {{"params": [{name} for {name} in {place.text} if {name}.ndim >= 2]}},\n'
        f'{indent}    {{"params": [{name} for {name} in {place.text} if {name}.ndim < 2]{own}}},\n'
        f"{indent}]"
    )
    return lowered(
        f"Split the parameters, with{own.replace(chr(34), '').removeprefix(',')} for those with fewer than two dimensions",
        call,
        (call.code.edit(place.span, text),),
        constructed_at(optimizer.site),
        (optimizer,),
        state_dict=StateDict.SAME,
        caveats=("a saved state of the optimizer no longer fits",),
    )


def _call_of(files: Files, optimizer: Optimizer) -> tuple[Place, cst.Call, Signature]:
    """The constructor call of an optimizer of torch's own."""
    call = files.place(optimizer.site)
    name = imports_of(call.code).qualified(call.node.func) if isinstance(call.node, cst.Call) else ""
    if not isinstance(call.node, cst.Call) or name not in OPTIMIZERS:
        raise Refusal("the optimizer is not made by a call of torch's own class")
    return call, call.node, Signature(OPTIMIZERS[name])
