"""Edits of the elements of containers: in a `Sequential(...)`, a list that becomes one, an `OrderedDict`, `append` and `add_module`."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.engine.rule import StateDict
from netlint.fixes.proposal import Refusal
from netlint.fixes.safety import has_state, indexed, swap_caveats
from netlint.fixes.source.code import Code, Files, Place, Span
from netlint.fixes.source.lowered import Lowered, children_of, constructed_at, lowered, whole_lines
from netlint.fixes.source.names import imports_of
from netlint.graph import Graph, Layer, Operator


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one element: `holder` is the literal, the call or (for `append`) the block, `index` its number there.

    `body` is what moves when elements change places, `named` says that its name moves with it, `statement` that it is a statement.
    """

    holder: Place
    index: int
    body: Span
    named: bool = False
    statement: Place | None = None


def slot_of(constructor: Place) -> Slot:
    """Where the constructor of a layer stands as an element. Raises Refusal if it does not."""
    parent = constructor.parent
    if parent is None:
        raise Refusal("its constructor stands alone")
    node = parent.node
    if isinstance(node, cst.DictElement) and node.value is constructor.node and parent.parent is not None:
        return _slot_in(parent.parent, parent, named=True)
    if isinstance(node, cst.Element) and parent.parent is not None:
        return _in_sequence(parent, parent.parent)
    if isinstance(node, cst.Arg) and parent.parent is not None and node.keyword is None and not node.star:
        return _in_call(parent, parent.parent)
    raise Refusal("its constructor is not an element of a literal")


def _in_sequence(element: Place, holder: Place) -> Slot:
    """An element of a list or tuple; a pair (name, layer) stands for the layer."""
    outer = holder.parent
    if isinstance(holder.node, cst.Tuple) and outer is not None and isinstance(outer.node, cst.Element) and outer.parent is not None:
        pair = holder.node.elements
        if len(pair) == 2 and isinstance(pair[0].value, (cst.SimpleString, cst.FormattedString)) and pair[1] is element.node:
            return _slot_in(outer.parent, outer, named=True)
    unpacked = outer is not None and isinstance(outer.node, cst.Assign) and _unpacks(outer.node)
    if not isinstance(holder.node, (cst.List, cst.Tuple)) or unpacked:
        raise Refusal("its constructor is not an element of a list")
    return _slot_in(holder, element, named=False)


def _unpacks(statement: cst.Assign) -> bool:
    return any(isinstance(target.target, (cst.Tuple, cst.List)) for target in statement.targets)


def _in_call(argument: Place, call: Place) -> Slot:
    function = call.node.func if isinstance(call.node, cst.Call) else None
    name = function.attr.value if isinstance(function, cst.Attribute) else ""
    if name in ("append", "add_module", "register_module") and isinstance(call.node, cst.Call):
        line = call.around(cst.SimpleStatementLine)
        expression = call.parent
        block = line.block if line is not None else None
        if line is None or block is None or expression is None or not isinstance(expression.node, cst.Expr):
            raise Refusal("it is added to a container within an expression")
        first, last = call.at(call.node.args[0].value).span, argument.at(call.node.args[-1].value).span
        index = [place.node for place in block.statements()].index(line.node)
        return Slot(block, index, (first[0], last[1]), named=name != "append", statement=call)
    if function is None or not (name == "__init__" or imports_of(call.code).qualified(function) == "torch.nn.Sequential"):
        raise Refusal(f"it is handed to `{call.at(function).text if function else call.text}`")
    return _slot_in(call, argument, named=False)


def _slot_in(holder: Place, element: Place, named: bool) -> Slot:
    return Slot(holder, elements(holder.node).index(element.node), body_of(element), named)


def elements(holder: cst.CSTNode) -> list[cst.CSTNode]:
    """The elements of a literal, or the arguments of a call."""
    return list(holder.args if isinstance(holder, cst.Call) else holder.elements)  # type: ignore[attr-defined]


def body_of(element: Place) -> Span:
    """An element without its comma."""
    node = element.node
    assert isinstance(node, (cst.Arg, cst.Element, cst.DictElement))
    value = element.at(node.value).span
    return (element.at(node.key).span[0], value[1]) if isinstance(node, cst.DictElement) else value


def slots(files: Files, operators: tuple[Operator, ...]) -> tuple[list[Slot], bool]:
    """The elements of several layers of one container, and whether they were found by their names in the container's own call."""
    try:
        found = [slot_of(files.place(operator.layer.site)) for operator in operators if operator.layer is not None]
    except Refusal:
        return [_by_position(files, operator) for operator in operators], True
    return found, False


def _by_position(files: Files, operator: Operator) -> Slot:
    """The argument of `Sequential(...)` that stands for a layer which was made before."""
    container, layer = operator.scope, operator.layer
    if container is None or layer is None:
        raise Refusal("its container is not known")
    call = files.place(container.site)
    names = [name for name, child in container.children.items() if child is layer]
    node = call.node
    if not isinstance(node, cst.Call) or container.kind != "torch.nn.Sequential" or len(names) != 1 or not names[0].isdigit():
        raise Refusal("its constructor is not an element of the container's literal")
    if len(node.args) != len(container.children) or any(argument.star or argument.keyword for argument in node.args):
        raise Refusal("the elements of the container are put together elsewhere")
    return _slot_in(call, call.at(node.args[int(names[0])]), named=False)


def swap(files: Files, graph: Graph, first: Operator, second: Operator) -> Lowered:
    """Exchanges two neighbouring elements."""
    container = first.scope
    if container is None or container is not second.scope or first.layer is None or second.layer is None:
        raise Refusal("the two layers stand in different containers")
    (one, two), by_name = slots(files, (first, second))
    if one.holder.node is not two.holder.node:
        raise Refusal("the two layers are written in different lists or branches, so the change is not local")
    if one.named is not two.named or (one.statement is None) is not (two.statement is None) or one.index >= two.index:
        raise Refusal("the two layers are not written side by side")
    if one.statement is not None and two.statement is not None:
        _alone_between(one, two)
    code = one.holder.code
    edits = (code.edit(one.body, code.cut(two.body)), code.edit(two.body, code.cut(one.body)))
    moved = not one.named and (has_state(first) or has_state(second))
    names = [name for name, child in container.children.items() if child in (first.layer, second.layer)]
    return lowered(
        f"Put the {second.name} before the {first.name}",
        one.holder,
        edits,
        children_of(container, names) if by_name else constructed_at(first.layer.site, second.layer.site),
        (first, second),
        state_dict=StateDict.REMAP if moved else StateDict.SAME,
        caveats=(*swap_caveats(graph, first, second), *indexed(container)),
    )


def _alone_between(one: Slot, two: Slot) -> None:
    """Raises Refusal unless two `append`s add to the same list with nothing about it between them."""
    lists = [_list_of(slot) for slot in (one, two)]
    if lists[0] != lists[1]:
        raise Refusal("the two layers are added to different lists")
    for place in one.holder.statements()[one.index + 1 : two.index]:
        if lists[0] in place.text:
            raise Refusal("between the two layers, something else is done to the list")


def _list_of(slot: Slot) -> str:
    """What an `append` adds to, as it is written."""
    call = slot.statement
    function = call.node.func if call is not None and isinstance(call.node, cst.Call) else None
    return call.at(function.value).text if call is not None and isinstance(function, cst.Attribute) else ""


def insert(files: Files, after: Operator, text: str, new: Operator) -> Lowered:
    """Puts a new element behind another."""
    layer, container = after.layer, after.scope
    assert layer is not None and container is not None
    constructor = files.place(layer.site)
    slot = slot_of(constructor)
    if slot.named:
        raise Refusal("the new layer would need a name among the named elements")
    code = slot.holder.code
    if slot.statement is not None:
        edits = [_as_statement(slot, text)]
    else:
        edits = _as_element(code, slot, text)
    return lowered(
        f"Insert {text} behind the {after.name}",
        constructor,
        edits,
        constructed_at(layer.site),
        (after,),
        state_dict=StateDict.REMAP if _state_behind(after) else StateDict.SAME if not new.parameter_shapes() else StateDict.BREAKS,
        caveats=indexed(container),
    )


def _as_statement(slot: Slot, text: str) -> Edit:
    """One more `append` below another."""
    call = slot.statement
    assert call is not None and isinstance(call.node, cst.Call)
    code = call.code
    row = code.row(call.span[0])
    end = code.line(code.row(call.span[1]))[1]
    return code.edit((end, end), f"\n{code.indent(row)}{call.at(call.node.func).text}({text})")


def _as_element(code: Code, slot: Slot, text: str) -> list[Edit]:
    """A new element on a line of its own where the old one has one, else behind a comma."""
    start, end = slot.body
    lines = whole_lines(code, slot.body)
    if lines is None:
        return [code.edit((end, end), f", {text}")]
    row = code.row(start)
    line_end = code.line(code.row(end))[1]
    rest = code.cut((end, line_end)).lstrip()
    new_line = f"\n{code.indent(row)}{text}"
    if rest.startswith(","):
        return [code.edit((line_end, line_end), f"{new_line},")]
    if not rest:
        return [code.edit((end, end), f",{new_line}")]
    return [code.edit((end, end), ","), code.edit((line_end, line_end), new_line)]


def remove(files: Files, old: Operator, identity: tuple[str, tuple[Edit, ...]]) -> Lowered:
    """Takes an element out, or puts `nn.Identity()` in its place where the keys of later layers would move."""
    layer, container = old.layer, old.scope
    assert layer is not None and container is not None
    constructor = files.place(layer.site)
    slot = slot_of(constructor)
    code = slot.holder.code
    keeps_place = (not slot.named and (_state_behind(old) or container.indexed)) or len(elements_of(slot)) == 1
    if keeps_place:
        spelled, imports = identity
        edits: list[Edit] = [code.edit(constructor.span, spelled), *imports]
        message = f"Replace the {old.name} by {spelled}, which keeps the numbers of the layers behind it"
    else:
        edits = [code.edit(_gap(code, slot), "")]
        message = f"Remove the {old.name}"
    state = StateDict.REMAP if has_state(old) else StateDict.SAME
    return lowered(message, constructor, edits, constructed_at(layer.site), (old,), state_dict=state)


def elements_of(slot: Slot) -> list[cst.CSTNode]:
    """What stands beside an element, and itself."""
    return elements(slot.holder.node) if slot.statement is None else [place.node for place in slot.holder.statements()]


def _gap(code: Code, slot: Slot) -> Span:
    """The text to delete with an element: its lines, or itself and one comma."""
    holder, (start, end) = slot.holder, slot.body
    if slot.statement is not None:
        start, end = slot.statement.span
        lines = whole_lines(code, (start, end))
        if lines is None:
            raise Refusal("the statement shares its line with others")
        return lines
    around = elements(holder.node)
    element = holder.at(around[slot.index])
    if slot.named and isinstance(element.node, cst.Element):
        start, end = element.at(element.node.value).span
    lines = whole_lines(code, (start, end))
    if lines is not None:
        return lines
    if slot.index + 1 < len(around):
        return start, body_of(holder.at(around[slot.index + 1]))[0]
    return body_of(holder.at(around[slot.index - 1]))[1], end


def _state_behind(operator: Operator) -> bool:
    """Whether a later element of the container has something in the state_dict."""
    container = operator.scope
    if container is None:
        return True
    names = list(container.children)
    own = next((index for index, child in enumerate(container.children.values()) if child is operator.layer), 0)
    return any(holds_state(container.children[name]) for name in names[own + 1 :])


def holds_state(layer: Layer) -> bool:
    """Whether a layer, or one within it, has parameters or statistics."""
    own = bool(layer.parameters) or (layer.operator is not None and layer.operator.stateful_in_training)
    return own or any(holds_state(child) for child in layer.children.values()) or (layer.operator is None and not layer.children)
