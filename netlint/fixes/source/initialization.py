"""Initialisers: called at the end of a constructor on the weights of its layers, or given other arguments where they are called."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.engine.rule import StateDict
from netlint.fixes.proposal import Refusal
from netlint.fixes.source.code import Files, Place
from netlint.fixes.source.insertion import method_of
from netlint.fixes.source.lowered import Lowered, lowered
from netlint.fixes.source.names import imports_of
from netlint.fixes.source.options import arguments_set
from netlint.fixes.source.spelling import written
from netlint.frontends.torch_api import INITIALIZERS, Signature
from netlint.graph import Graph, Layer, Site


def change_call(files: Files, site: Site, options: Mapping[str, object]) -> Lowered:
    """Other arguments for a call of one of torch's initialisers."""
    call = files.place(site)
    name = imports_of(call.code).qualified(call.node.func) if isinstance(call.node, cst.Call) else ""
    if name not in INITIALIZERS:
        raise Refusal("it is not a call of one of torch's initialisers")
    listed = ", ".join(f"{option}={written(value)}" for option, value in options.items())
    edits = arguments_set(call, Signature(INITIALIZERS[name]).names, options)
    return lowered(f"Initialise with {listed}", call, edits, lambda thing: False, (site,), state_dict=StateDict.SAME)


def initialize(files: Files, graph: Graph, layers: tuple[Layer, ...], name: str, options: Mapping[str, object]) -> Lowered:
    """A loop over the modules of the network behind what makes them, which initialises the weights of layers of these classes."""
    kinds = sorted({layer.kind for layer in layers})
    if not kinds or graph.root is None or any(not kind.startswith("torch.nn.") for kind in kinds):
        raise Refusal("the layers are not torch's own")
    made = files.place(layers[0].site)
    line = made.around(cst.SimpleStatementLine)
    if line is None:
        raise Refusal("the layers are not made in a plain statement")
    code = made.code
    spelled = [imports_of(code).spell(kind) for kind in kinds]
    function = imports_of(code).spell(f"torch.nn.init.{name}")
    owner, line = _owner(files, graph, made, line)
    indent = code.indent(code.row(line.span[0]))
    classes = ", ".join(text for text, _ in spelled)
    arguments = "".join(f", {option}={written(value)}" for option, value in options.items())
    loop = (
        f"\n{indent}for module in {owner}.modules():"
        f"\n{indent}    if isinstance(module, {f'({classes})' if len(kinds) > 1 else classes}):"
        f"\n{indent}        {function[0]}(module.weight{arguments})"
    )
    end = code.line(code.row(line.span[1]))[1]
    edits: list[Edit] = [code.edit((end, end), loop), *(edit for _, imports in (*spelled, function) for edit in imports)]
    words = f"Initialise the weights of every {classes} of `{graph.name}` with {function[0]}"
    return lowered(words, made, edits, lambda thing: False, layers, state_dict=StateDict.SAME)


def _owner(files: Files, graph: Graph, made: Place, line: Place) -> tuple[str, Place]:
    """What the network is called where it is complete, and the last line of that place."""
    assert graph.root is not None
    root = files.place(graph.root.site) if graph.root.site is not None else None
    try:
        method = method_of(made)
    except Refusal:
        statement = line.node.body[0] if isinstance(line.node, cst.SimpleStatementLine) else None
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]) if root is not None:
                if root.node is statement.value:
                    return name, line
        raise Refusal("the network has no name where it is made") from None
    assert isinstance(method.function.node, cst.FunctionDef) and isinstance(method.owner.node, cst.ClassDef)
    if method.function.node.name.value != "__init__" or method.owner.node.name.value != graph.root.kind.rpartition(".")[2]:
        raise Refusal("the layers are made in several classes")
    return method.this, _last_line(method.function)


def _last_line(function: Place) -> Place:
    body = function.node.body  # type: ignore[attr-defined]
    if not isinstance(body, cst.IndentedBlock) or not isinstance(body.body[-1], cst.SimpleStatementLine):
        raise Refusal("`__init__` does not end with a plain line")
    return function.at(body.body[-1])
