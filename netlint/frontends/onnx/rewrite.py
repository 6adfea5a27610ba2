"""Putting nodes in the place of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from netlint.frontends.onnx.ir import Node, Program, Value

_NONE: Mapping[str, object] = {}

Replacement = Callable[[Node], "list[Node] | None"]
"""Gives the nodes that stand in the place of one, in order; None to leave it. The last one gives its results."""


def replace_each(program: Program, table: Mapping[tuple[str, str], Replacement]) -> None:
    """Replaces the nodes of the kinds in a table, by domain and kind."""
    nodes: list[Node] = []
    for node in program.nodes:
        replacement = table.get((node.domain, node.kind))
        nodes.extend((replacement(node) if replacement is not None else None) or [node])
    program.nodes = nodes


def between(
    old: Node,
    kind: str,
    inputs: Iterable[Value | None],
    attributes: Mapping[str, object] = _NONE,
    *,
    domain: str = "",
    like: Value | None = None,
) -> Node:
    """A node in the place of an old one whose result only a later one reads; `like` has its shape."""
    shape, element = (like.shape, like.element) if like is not None else (None, 0)
    result = Value(f"{old.outputs[0].name if old.outputs else old.name}.{kind}", shape, element)
    return _placed(old, Node(kind, domain, list(inputs), [result], dict(attributes)))


def final(old: Node, kind: str, inputs: Iterable[Value | None], attributes: Mapping[str, object] = _NONE, *, domain: str = "") -> Node:
    """A node that takes over the results of an old one."""
    return _placed(old, Node(kind, domain, list(inputs), old.outputs, dict(attributes)))


def _placed(old: Node, node: Node) -> Node:
    node.name, node.metadata, node.caller, node.version = old.name, old.metadata, old.caller, 0
    for value in node.outputs:
        value.producer = node
    return node
