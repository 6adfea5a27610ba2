"""Edits of consecutive statements: `x = self.act(x)` and then `x = self.pool(x)`."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.fixes.proposal import Refusal
from netlint.fixes.safety import swap_caveats
from netlint.fixes.source.code import Place, Span
from netlint.fixes.source.expressions import Application, swapped, wrapped
from netlint.fixes.source.lowered import Lowered, whole_lines
from netlint.graph import Graph, Operator

LOOPS = (cst.For, cst.While)
FUNCTIONS = (cst.FunctionDef, cst.Lambda)


@dataclass(frozen=True)
class Assignment:
    """A statement `name = value`, alone on its line."""

    line: Place
    name: str
    value: Place


def assignment_of(value: Place) -> Assignment | None:
    """The statement that gives exactly this value to one plain name."""
    statement = value.parent
    line = statement.parent if statement is not None else None
    if statement is None or line is None or not isinstance(line.node, cst.SimpleStatementLine) or len(line.node.body) != 1:
        return None
    match statement.node:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            return Assignment(line, name, value)
        case cst.AnnAssign(target=cst.Name(value=name)):
            return Assignment(line, name, value)
    return None


def swap(graph: Graph, first: Application, second: Application, operators: tuple[Operator, Operator]) -> Lowered:
    """`h = first(x)` and then `second(h)` as `h = second(x)` and then `first(h)`. Raises Refusal where that is not local."""
    caveats = swap_caveats(graph, *operators)
    given = assignment_of(first.call)
    read = second.data.node
    if given is None or not isinstance(read, cst.Name) or read.value != given.name:
        raise Refusal("the two are not applied one right after the other, so the change is not local")
    _only_read_there(given, second)
    code = first.call.code
    opened, closed = wrapped(first.data, second.head)
    edits = [
        code.edit(first.before, second.head + opened),
        code.edit(first.after, closed + second.tail),
        code.edit(second.before, first.head),
        code.edit(second.after, first.tail),
    ]
    return swapped(first, operators, edits, caveats)


def _only_read_there(given: Assignment, second: Application) -> None:
    """Raises Refusal if the name between the two statements may be read by anything but the second call."""
    line = next((place for place in second.call.ancestors() if isinstance(place.node, cst.SimpleStatementLine)), None)
    block, other = given.line.block, line.block if line is not None else None
    if line is None or block is None or other is None or block.node is not other.node:
        raise Refusal("the two statements stand in different blocks, so the change is not local")
    statements = block.statements()
    nodes = [place.node for place in statements]
    one, two = nodes.index(given.line.node), nodes.index(line.node)
    if one >= two:
        raise Refusal("the two statements stand in the other order")
    reads = [place for statement in statements[one + 1 : two + 1] for place in statement.mentions(given.name)]
    overwritten = _assigns(line, given.name)
    reads = [place for place in reads if place.node is not second.data.node and not _is_target(place)]
    if reads or any(_assigns(statement, given.name) for statement in statements[one + 1 : two]):
        raise Refusal(f"`{given.name}` is used for something else too")
    if any(isinstance(place.node, cst.Lambda) for place in second.call.ancestors() if place.span[0] > line.span[0]):
        raise Refusal("the call stands in a function of its own")
    if not overwritten and not isinstance(getattr(line.node, "body", [None])[0], cst.Return):
        _not_read_later(given)


def _not_read_later(given: Assignment) -> None:
    """Raises Refusal if a name that lives on may be read once more."""
    outer = next((place for place in given.line.ancestors() if isinstance(place.node, (*LOOPS, *FUNCTIONS))), None)
    if outer is not None and isinstance(outer.node, LOOPS):
        raise Refusal(f"`{given.name}` lives on in a loop")
    function = given.line.around(cst.FunctionDef)
    if function is None:
        raise Refusal(f"`{given.name}` may be read by other code of the file")
    end = given.line.span[1]
    reads = [place for place in function.mentions(given.name) if place.span[0] > end and not _is_target(place)]
    if len(reads) > 1:
        raise Refusal(f"`{given.name}` is read again later")


def _assigns(statement: Place, name: str) -> bool:
    return any(_is_target(place) for place in statement.mentions(name))


def _is_target(place: Place) -> bool:
    parent = place.parent
    if parent is None:
        return False
    if isinstance(parent.node, cst.AssignTarget):
        return parent.node.target is place.node
    return isinstance(parent.node, cst.AnnAssign) and parent.node.target is place.node


def without_statement(found: Application) -> list[Edit] | None:
    """The removal of a statement that would only give a name to itself; None if it does more."""
    given = assignment_of(found.call)
    if given is None or not isinstance(found.data.node, cst.Name) or found.data.node.value != given.name:
        return None
    return removal(given.line)


def removal(line: Place) -> list[Edit] | None:
    """The removal of a statement with its line; None if the block would be empty, or if the line holds more."""
    block = line.block
    span: Span | None = whole_lines(line.code, line.span)
    if span is None or block is None or len(block.statements()) < 2:
        return None
    return [line.code.edit(span, "")]
