"""Edits of calls in an expression: `self.pool(F.relu(self.conv(x)))`, `x.relu()`, `F.dropout(x, 0.5)`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.engine.rule import StateDict
from netlint.fixes.proposal import Refusal
from netlint.fixes.safety import swap_caveats
from netlint.fixes.source.code import Files, Place, Span
from netlint.fixes.source.lowered import Lowered, applied_at, lowered
from netlint.fixes.source.names import imports_of
from netlint.frontends.torch_api import FUNCTIONS, METHODS, Signature
from netlint.graph import Graph, Operator

ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)
"""Expressions to which `.method()` can be appended without parentheses."""


@dataclass(frozen=True)
class Application:
    """The call that applies an operator, split around the tensor that it is applied to.

    `data` is the expression of that tensor: an argument, or what stands before the dot of a method. `signature` is that of a function
    or method of torch, None where a module is called.
    """

    call: Place
    data: Place
    signature: Signature | None
    method: bool

    @cached_property
    def before(self) -> Span:
        return self.call.span[0], self.data.span[0]

    @cached_property
    def after(self) -> Span:
        return self.data.span[1], self.call.span[1]

    @property
    def head(self) -> str:
        return self.call.code.cut(self.before)

    @property
    def tail(self) -> str:
        return self.call.code.cut(self.after)


def application(files: Files, operator: Operator) -> Application:
    """Raises Refusal for an operator that no call in the code applies to one tensor that can be seen."""
    call = files.place(operator.site)
    node = call.node
    if not isinstance(node, cst.Call):
        raise Refusal(f"the {operator.name} is not applied by a call")
    if operator.layer is not None:
        return Application(call, _argument(call, node, ("input", "x")), None, False)
    name = imports_of(call.code).qualified(node.func)
    if name in FUNCTIONS:
        spec = FUNCTIONS[name]
        return Application(call, _argument(call, node, spec.tensors[:1]), Signature(spec.signature), False)
    if name or not isinstance(node.func, cst.Attribute):
        raise Refusal(f"`{call.at(node.func).text}` is not a function of torch")
    if node.func.attr.value not in METHODS and node.func.attr.value.rstrip("_") not in METHODS:
        raise Refusal(f"`{call.at(node.func).text}` is not a method of tensors")
    spec = METHODS.get(node.func.attr.value) or METHODS[node.func.attr.value.rstrip("_")]
    return Application(call, call.at(node.func.value), Signature(spec.signature), True)


def _argument(call: Place, node: cst.Call, keywords: tuple[str, ...]) -> Place:
    """The expression that is passed as the first argument."""
    if any(argument.star for argument in node.args):
        raise Refusal("the arguments of the call are unpacked from a container")
    for index, argument in enumerate(node.args):
        if argument.keyword is None and index == 0:
            return call.at(argument.value)
        if argument.keyword is not None and argument.keyword.value in keywords:
            return call.at(argument.value)
    raise Refusal("the call is not given a tensor as its first argument")


def wrapped(data: Place, head: str) -> tuple[str, str]:
    """Parentheses for an expression that is to stand before the dot of a method (where nothing stands before it)."""
    loose = head == "" and not isinstance(data.node, ATOMS) and not getattr(data.node, "lpar", ())
    return ("(", ")") if loose else ("", "")


def swap(graph: Graph, first: Application, second: Application, operators: tuple[Operator, Operator]) -> Lowered | None:
    """`second(first(x))` as `first(second(x))`; None if the one does not stand in the other."""
    if second.data.node is not first.call.node or second.data.slice is not first.call.slice:
        return None
    code = first.call.code
    caveats = swap_caveats(graph, *operators)
    opened, closed = wrapped(first.data, second.head)
    start, end = second.call.span
    left = (start, first.data.span[0])
    right = (first.data.span[1], end)
    edits = [
        code.edit(left, first.head + second.head + opened),
        code.edit(right, closed + second.tail + first.tail),
    ]
    return swapped(first, operators, edits, caveats)


def swapped(first: Application, operators: tuple[Operator, Operator], edits: list[Edit], caveats: tuple[str, ...]) -> Lowered:
    """Two operators applied in the other order: no key of the state_dict tells in which order calls stand."""
    return lowered(
        f"Apply the {operators[1].name} before the {operators[0].name}",
        first.call,
        edits,
        applied_at(operators[0].site, operators[1].site),
        operators,
        state_dict=StateDict.SAME,
        caveats=caveats,
    )


def remove(files: Files, old: Operator) -> Lowered:
    """Puts the tensor itself in the place of the call; a statement that then says `x = x` goes."""
    from netlint.fixes.source.statements import without_statement

    found = application(files, old)
    edits = without_statement(found) or bare(found)
    return lowered(f"Remove the {old.name}", found.call, edits, applied_at(old.site), (old,), state_dict=StateDict.SAME)


def bare(found: Application) -> list[Edit]:
    """The call without the function around its tensor."""
    code = found.call.code
    parent = found.call.parent
    alone = parent is None or isinstance(parent.node, (cst.Arg, cst.AssignTarget, cst.Assign, cst.Return, cst.AnnAssign))
    data = found.data
    tight = not alone and not isinstance(data.node, ATOMS) and not getattr(data.node, "lpar", ())
    opened, closed = ("(", ")") if tight else ("", "")
    return [code.edit(found.before, opened), code.edit(found.after, closed)]


def wrap(found: Place, head: str, tail: str) -> list[Edit]:
    """A function around a call."""
    start, end = found.span
    return [found.code.edit((start, start), head), found.code.edit((end, end), tail)]


def exchange(found: Application, head: str, tail: str) -> list[Edit]:
    """Another function around the same tensor."""
    return [found.call.code.edit(found.before, head), found.call.code.edit(found.after, tail)]
