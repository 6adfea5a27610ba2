"""Where a node stands: in the model file, and in the source that it was exported from if the exporter tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable
from dataclasses import dataclass

from netlint.frontends.onnx.ir import Node
from netlint.graph.provenance import FixedSite, Location

_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+), in (\S+)', re.MULTILINE)
_LIBRARY = re.compile(r"[/\\](torch|transformers[/\\]modeling_layers)[/\\]")
_STACK = "pkg.torch.onnx.stack_trace"


@dataclass(frozen=True, slots=True)
class NodeSite:
    """A node of a model file. A model has no lines, so all its sites are shown at its start, but no two of them are the same place.

    `written` is the line of the source that the node was exported from.
    """

    filename: str
    node: int
    written: FixedSite | None = None

    @property
    def key(self) -> Hashable:
        return self.filename, self.node

    @property
    def scope(self) -> str:
        return self.written.scope if self.written is not None else ""

    def location(self) -> Location:
        return Location(self.filename, 1, 1, 1, 1)


def site(node: Node, filename: str, number: int) -> NodeSite:
    """The site of the `number`-th node of a file."""
    return NodeSite(filename, number, _written(node))


def _written(node: Node) -> FixedSite | None:
    """The innermost line of the stack that the exporter recorded which is not PyTorch's own."""
    frames = [frame for frame in _FRAME.findall(node.metadata.get(_STACK, "")) if not _LIBRARY.search(frame[0])]
    if not frames:
        return None
    filename, row, function = frames[-1]
    classes = [name for _, name in modules(node) if not name.startswith("torch.")]
    scope = f"{classes[-1].rpartition('.')[2]}.{function}" if classes else function
    return FixedSite(Location(filename, int(row), 1, int(row), 1), scope)


def modules(node: Node) -> list[tuple[str, str]]:
    """The modules around a node as (path, class), outermost first, from the metadata of PyTorch's exporter; empty without them."""
    paths = _listed(node.metadata.get("pkg.torch.onnx.name_scopes", ""))
    classes = _listed(node.metadata.get("pkg.torch.onnx.class_hierarchy", ""))
    return list(zip(paths, classes, strict=True))[:-1] if len(paths) == len(classes) else []


def call(node: Node) -> tuple[str, str] | None:
    """The name and the target of the PyTorch call that a node was exported from (`relu_1`, `aten.relu.default`)."""
    paths = _listed(node.metadata.get("pkg.torch.onnx.name_scopes", ""))
    classes = _listed(node.metadata.get("pkg.torch.onnx.class_hierarchy", ""))
    return (paths[-1], classes[-1]) if paths and len(paths) == len(classes) else None


def _listed(text: str) -> list[str]:
    """A list of strings as Python writes it; empty if it is none."""
    try:
        items = ast.literal_eval(text) if text.startswith("[") and len(text) < 100_000 else []
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
