"""Where a node stands: in the model file, and in the source that it was exported from if the exporter tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable
from dataclasses import dataclass

from netlint.frontends.onnx.ir import Home, Node
from netlint.graph.provenance import FixedSite, Location

_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+), in (\S+)', re.MULTILINE)
_LIBRARY = re.compile(r"[/\\](torch|transformers[/\\]modeling_layers)[/\\]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_STACK = "pkg.torch.onnx.stack_trace"
_PATHS = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"
_CALL = "pkg.torch.onnx.fx_node"


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a file that one operator stands for: what lies between the values that it reads (those that depend on data) and the ones
    that it gives, by their names in one graph of the file. What it reads may also come from a graph around that one.
    """

    home: Home
    reads: tuple[str, ...]
    gives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeSite:
    """A node of a model file. A model has no lines, so all its sites are shown at its start, but no two of them are the same place.

    `written` is the line of the source that the node was exported from. `span` is the operator's part of the file; None where it has none
    of its own, as an activation that is an attribute of a fused convolution, or what stands in a function.
    """

    filename: str
    node: int
    written: FixedSite | None = None
    span: Span | None = None

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
    return NodeSite(filename, number, _written(node), _span(node))


def _span(node: Node) -> Span | None:
    homes = {value.home for value in node.outputs if value.name}
    home = next(iter(homes)) if len(homes) == 1 else None
    if home is None:
        return None
    reads = [value for value in node.inputs if value is not None and not value.static and value.array is None]
    if any(value.home is None or home[: len(value.home)] != value.home for value in reads):
        return None
    return Span(home, tuple(dict.fromkeys(value.name for value in reads)), tuple(value.name for value in node.outputs))


def _written(node: Node) -> FixedSite | None:
    """The innermost line of the stack that the exporter recorded which is not PyTorch's own, and the class in whose forward it stands."""
    frames = _FRAME.findall(node.metadata.get(_STACK, ""))
    own = [place for place, frame in enumerate(frames) if not _LIBRARY.search(frame[0])]
    if not own:
        return None
    filename, row, function = frames[own[-1]]
    owner = _owner([frame[2] for frame in frames[own[-1] + 1 :]], [name for _, name in modules(node)])
    return FixedSite(Location(filename, int(row), 1, int(row), 1), f"{owner}.{function}" if owner else function)


def _owner(inside: list[str], classes: list[str]) -> str:
    """The class whose code calls PyTorch's: of the modules around a node those that PyTorch itself applies (one for each `forward` in
    the library, a Sequential's or a leaf's) are inside that code."""
    outside = classes[: max(len(classes) - inside.count("forward"), 0)]
    name = outside[-1] if outside else ""
    return "" if name.startswith("torch.") else name.rpartition(".")[2]


def modules(node: Node) -> list[tuple[str, str]]:
    """The modules around a node as (path, class), outermost first, from the metadata of PyTorch's exporter; empty without them."""
    paths = _listed(node.metadata.get(_PATHS, ""))
    classes = _listed(node.metadata.get(_CLASSES, ""))
    if len(paths) != len(classes):
        return []
    return [(path, kind if "." in kind else "") for path, kind in zip(paths[:-1], classes[:-1], strict=True)]  # a bare word is no class


def call(node: Node) -> tuple[str, str] | None:
    """The name and the target of the PyTorch call that a node was exported from (`relu_1`, `aten.relu.default`)."""
    paths = _listed(node.metadata.get(_PATHS, ""))
    classes = _listed(node.metadata.get(_CLASSES, ""))
    return (paths[-1], classes[-1]) if paths and len(paths) == len(classes) else None


def arguments(node: Node) -> list[float]:
    """The numbers among the arguments of the PyTorch call that a node was exported from, in order."""
    _, _, written = node.metadata.get(_CALL, "").partition("](args = (")
    return [float(number) for number in _NUMBER.findall(re.sub(r"%\w+", "", written.partition("kwargs")[0]))]


def within(node: Node, path: str, kind: str) -> dict[str, str]:
    """The metadata of another module beside the one that a node stands in."""
    around = [(above, name) for above, name in modules(node) if not above or path.startswith(f"{above}.")]
    paths, kinds = [[*(pair[place] for pair in around), end, ""] for place, end in enumerate((path, kind))]
    return {_PATHS: str(paths), _CLASSES: str(kinds)} if path else {}


def _listed(text: str) -> list[str]:
    """A list of strings as Python writes it; empty if it is none."""
    try:
        items = ast.literal_eval(text) if text.startswith("[") and len(text) < 100_000 else []
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
