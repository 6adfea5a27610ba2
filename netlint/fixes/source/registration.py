"""Layers that no module owns: a plain list becomes an `nn.ModuleList`, a layer made in `forward` an attribute."""

from __future__ import annotations

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.fixes.proposal import Refusal
from netlint.fixes.source.code import Files, Place
from netlint.fixes.source.expressions import application, exchange
from netlint.fixes.source.insertion import Taken, layer_from, method_of
from netlint.fixes.source.lowered import Lowered, applied_at, lowered
from netlint.fixes.source.names import imports_of
from netlint.graph import Graph, Layer, Operator

LISTS = (cst.List, cst.Tuple, cst.ListComp)


def register(files: Files, graph: Graph, layer: Layer, taken: Taken) -> Lowered:
    """Makes a module own a layer. Raises Refusal if the code that keeps it is not seen."""
    made = files.place(layer.site)
    applied = next(iter(graph.applications(layer)), None)
    if applied is not None and is_made_where_applied(files, applied):
        return hoisted(files, graph, applied, taken)
    containers = _containers(made)
    module_list, imports = imports_of(made.code).spell("torch.nn.ModuleList")
    edits = [edit for place in containers for edit in _wrapped(place, module_list)]
    return lowered(
        f"Keep the layers in an {module_list}",
        made,
        (*edits, *imports),
        lambda thing: False,  # whatever else the list holds is not owned either, and is better off owned
        (layer,),
    )


def _wrapped(place: Place, module_list: str) -> list[Edit]:
    code, (start, end) = place.code, place.span
    if isinstance(place.node, cst.List) and not place.node.elements:
        return [code.edit((start, end), f"{module_list}()")]
    bare = isinstance(place.node, cst.Tuple) and not place.node.lpar
    return [code.edit((start, start), f"{module_list}({'(' if bare else ''}"), code.edit((end, end), f"{')' if bare else ''})")]


def _containers(made: Place) -> list[Place]:
    """The literals around a constructor, up to the value of an attribute of the object."""
    found: list[Place] = []
    place = made
    for outer in made.ancestors():
        if isinstance(outer.node, LISTS):
            found.append(outer)
        elif isinstance(outer.node, cst.Arg) and not found and (start := _appended_to(outer)) is not None:
            return [start]
        elif isinstance(outer.node, (cst.Assign, cst.AnnAssign)):
            if _is_attribute(outer) and found and outer.node.value is place.node:
                return found
            break
        elif not isinstance(outer.node, cst.Element):
            break
        place = outer
    raise Refusal("the layer is not kept in a list that is an attribute of the module")


def _is_attribute(statement: Place) -> bool:
    targets = [target.target for target in statement.node.targets] if isinstance(statement.node, cst.Assign) else [statement.node.target]  # type: ignore[attr-defined]
    this = method_of(statement).this
    return any(isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == this for node in targets)


def _appended_to(argument: Place) -> Place | None:
    """The empty list that an attribute begins as, for a constructor in `self.layers.append(...)`."""
    call = argument.parent
    if call is None or not isinstance(call.node, cst.Call) or not isinstance(call.node.func, cst.Attribute):
        return None
    function = call.node.func
    if function.attr.value != "append":
        return None
    name = call.at(function.value).text
    for statement in method_of(call).function.all(cst.Assign):
        assert isinstance(statement.node, cst.Assign)
        target = statement.node.targets[0].target
        value = statement.at(statement.node.value)
        if statement.at(target).text == name and isinstance(value.node, cst.List) and not value.node.elements and _is_attribute(statement):
            return value
    return None


# -- layers made in `forward` ------------------------------------------------------------------------------------------------


def is_made_where_applied(files: Files, operator: Operator) -> bool:
    """Whether a call makes the layer and applies it: `nn.Dropout(0.5)(x)`."""
    if operator.layer is None or operator.layer.site is None or operator.site is None:
        return False
    call, made = files.place(operator.site), files.place(operator.layer.site)
    return isinstance(call.node, cst.Call) and call.node.func is made.node


def hoisted(files: Files, graph: Graph, operator: Operator, taken: Taken) -> Lowered:
    """The constructor of such a layer, moved to `__init__`."""
    assert operator.layer is not None
    found, made = application(files, operator), files.place(operator.layer.site)
    node = made.node
    assert isinstance(node, cst.Call)
    if any(list(made.at(argument.value).all(cst.Name)) for argument in node.args if not _is_constant(argument.value)):
        raise Refusal("the arguments of the layer are known in `forward` alone")
    layer = layer_from(files, found.call, made.text, operator.name.lower(), operator, graph, taken)
    return lowered(
        f"Make the {operator.name} once, as `{layer.attribute}`",
        found.call,
        (*exchange(found, f"{layer.attribute}(", ")"), *layer.edits),
        applied_at(operator.site),
        (operator,),
    )


def _is_constant(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value in ("True", "False", "None")
