"""Another operator, or none, in the place of one."""

from __future__ import annotations

import ast

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.engine.rule import StateDict
from netlint.fixes.proposal import Refusal
from netlint.fixes.safety import hooks, overwriting
from netlint.fixes.source import expressions, sequential
from netlint.fixes.source.code import Files, Place
from netlint.fixes.source.expressions import Application, application, exchange
from netlint.fixes.source.insertion import Taken, method_of, new_layer, once_per_call
from netlint.fixes.source.lowered import Lowered, applied_at, constructed_at, in_container, lowered
from netlint.fixes.source.names import imports_of
from netlint.fixes.source.options import arguments_set, method_names
from netlint.fixes.source.spelling import Expression, constructor, function_name
from netlint.fixes.source.statements import removal
from netlint.frontends.torch_api import FUNCTIONS, METHODS, canonical
from netlint.graph import Graph, Operator


def remove(files: Files, graph: Graph, old: Operator, tidy: bool) -> Lowered:
    """Takes an operator out. With `tidy`, the constructor goes too if nothing else names the layer."""
    caveats = (*overwriting(graph, old), *hooks(old))
    if in_container(old):
        assert old.layer is not None
        identity = imports_of(files.place(old.layer.site).code).spell("torch.nn.Identity")
        found = sequential.remove(files, old, (f"{identity[0]}()", identity[1]))
    else:
        found = expressions.remove(files, old)
    edits = list(found.edits)
    if tidy and old.layer is not None and not in_container(old) and not sequential.holds_state(old.layer):
        edits += _unused_constructor(files, old)
    return lowered(found.message, files.place(old.site), edits, found.reaches, found.subjects, state_dict=found.state_dict, caveats=caveats)


def _unused_constructor(files: Files, old: Operator) -> list[Edit]:
    """The removal of `self.drop = nn.Dropout()` if this call is all that names it in the file."""
    assert old.layer is not None
    call, made = files.place(old.site), files.place(old.layer.site)
    function = call.node.func if isinstance(call.node, cst.Call) else None
    statement = made.parent
    if not isinstance(function, cst.Attribute) or statement is None or not isinstance(statement.node, cst.Assign):
        return []
    name = function.attr.value
    targets = statement.node.targets
    if made.code is not call.code or len(targets) != 1 or not isinstance(targets[0].target, cst.Attribute):
        return []
    uses = [node for node in ast.walk(made.code.file.syntax) if isinstance(node, ast.Attribute) and node.attr == name]
    quoted = any(isinstance(node, ast.Constant) and node.value == name for node in ast.walk(made.code.file.syntax))
    line = statement.parent
    alone = line is not None and isinstance(line.node, cst.SimpleStatementLine) and len(line.node.body) == 1
    if len(uses) != 2 or quoted or not alone or line is None or targets[0].target.attr.value != name:
        return []
    return removal(line) or []


def replace(files: Files, graph: Graph, old: Operator, new: tuple[Operator, ...], taken: Taken, tidy: bool) -> Lowered:
    """Puts other operators in the place of one."""
    if not new:
        return remove(files, graph, old, tidy)
    if len(new) != 1:
        raise Refusal("several layers in the place of one are not written yet")
    [template] = new
    if old.layer is not None:
        return _constructor(files, old, template)
    found = application(files, old)
    edits: list[Edit]
    if type(template) is type(old):
        edits, words = _mode(found), f"Let the {old.name} follow the mode of the module"
    elif template.parameter_shapes():
        once_per_call(found.call, old, graph)
        layer = new_layer(files, found.call, template, old, graph, taken)
        edits = [*exchange(found, f"{layer.attribute}(", ")"), *layer.edits]
        words = f"Apply a new {template.name}, `{layer.attribute}`, in the place of the {old.name}"
    else:
        edits, words = _function(found, old, template), f"Use {template.name} in the place of {old.name}"
    return lowered(words, found.call, edits, applied_at(old.site), (old,), caveats=overwriting(graph, old))


def _constructor(files: Files, old: Operator, template: Operator) -> Lowered:
    """Another class for a layer, with what it says of the same quantities."""
    assert old.layer is not None
    call = files.place(old.layer.site)
    names = imports_of(call.code)
    if not isinstance(call.node, cst.Call) or names.qualified(call.node.func) != canonical(old.layer.kind):
        raise Refusal(f"the layer is not made by a call of `{old.layer.kind}` itself")
    text, imports = constructor(template, names, (old, call))
    return lowered(
        f"Use {text} in the place of {call.text if len(call.text) < 60 else old.name}",
        call,
        (call.code.edit(call.span, text), *imports),
        constructed_at(old.layer.site),
        (old,),
        caveats=hooks(old),
        state_dict=StateDict.SAME if not template.parameter_shapes() and not sequential.holds_state(old.layer) else None,
    )


def _mode(found: Application) -> list[Edit]:
    """`training=self.training` for a function that was told its mode wrongly, or not at all."""
    if found.signature is None:
        raise Refusal("the signature of the call is not known")
    this = method_of(found.call).this
    names = method_names(found.signature, found.method)
    option = next((name for name in names if name in ("training", "train")), None)
    if option is None:
        raise Refusal("the call takes no `training`")
    return arguments_set(found.call, names, {option: Expression(f"{this}.training")}, overwrite=True)


def _function(found: Application, old: Operator, template: Operator) -> list[Edit]:
    """Another function with the same arguments."""
    name = function_name(template)
    node = found.call.node
    assert isinstance(node, cst.Call)
    last = name.rpartition(".")[2]
    function: Place = found.call.at(node.func)
    if found.method:
        if last not in METHODS or METHODS[last].signature != (found.signature.text if found.signature else ""):
            raise Refusal(f"tensors have no method for {template.name} with the same arguments")
        assert isinstance(node.func, cst.Attribute)
        return [found.call.code.edit(function.at(node.func.attr).span, last)]
    shared = f"torch.{last}"
    here = imports_of(found.call.code).qualified(node.func)
    name = shared if shared in FUNCTIONS and here.rpartition(".")[0] == "torch" else name
    if found.signature is None or FUNCTIONS[name].signature != found.signature.text:
        raise Refusal(f"`{name}` takes other arguments")
    text, imports = imports_of(found.call.code).spell(name)
    return [found.call.code.edit(function.span, text), *imports]
