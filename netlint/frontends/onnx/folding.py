"""Batch norms that an exporter multiplied into the layer before them: put back where it says so, kept possible where it does not."""

from __future__ import annotations

from netlint.frontends.onnx.ir import STANDARD, Node, Program, Value
from netlint.frontends.onnx.neural import window_dims
from netlint.frontends.onnx.rewrite import between, final
from netlint.frontends.onnx.sites import arguments, modules, within

_RULE = "pkg.onnxscript.rewriter.rule_name"
_FOLDABLE = ("Conv", "ConvTranspose", "Gemm")
MARK = "a batch norm may be folded into it"


def put_back(program: Program) -> None:
    """A batch norm behind each layer into which the exporter says that it folded one."""
    program.nodes = [placed for node in program.nodes for placed in (_with_norm(node) if _is_folded(node) else [node])]


def may_hide_norm(node: Node, program_folds_none: bool) -> bool:
    """Whether a convolution may have swallowed a batch norm: it has a bias, and nothing says that the bias is its own.

    An exporter that folds gives the changed tensors new names; PyTorch's `<module>.weight` and `<module>.bias` are the old ones.
    """
    if node.kind not in ("Conv", "ConvTranspose") or node.input(2) is None or program_folds_none or modules(node):
        return False
    names = [value.name for value in node.inputs[1:3] if value is not None]
    own = [name.rpartition(".")[0] for name, key in zip(names, ("weight", "bias"), strict=True) if name.rpartition(".")[2] == key]
    return len(own) < 2 or own[0] != own[1]


def folds_none(program: Program) -> bool:
    """Whether a batch norm stands directly behind a convolution: then nobody folded them."""
    norms = (node.input(0) for node in program.nodes if node.kind == "BatchNormalization")
    return any(source is not None and source.producer is not None and source.producer.kind == "Conv" for source in norms)


def _is_folded(node: Node) -> bool:
    return node.kind in _FOLDABLE and node.domain in STANDARD and "FuseBatchNorm" in node.metadata.get(_RULE, "")


def _class(node: Node) -> str:
    return "torch.nn.Linear" if node.kind == "Gemm" else f"torch.nn.{node.kind}{window_dims(node)}d"


def _with_norm(node: Node) -> list[Node]:
    """The layer without the bias that the folding gave it, and the norm; the exporter's notes are about the norm."""
    across = 1 if node.kind == "ConvTranspose" or (node.kind == "Gemm" and not node.integer("transB", 0)) else 0
    size = node.size(1, across, "the number of channels")
    features = size * node.integer("group", 1) if isinstance(size, int) and node.kind == "ConvTranspose" else size
    numbers = Value(node.label, (features,), 1, stored=True, static=True, learned=True)
    weight = node.input(1)
    layer = between(node, node.kind, node.inputs[:2], node.attributes, like=node.outputs[0])
    layer.metadata = within(node, weight.name.rpartition(".")[0] if weight is not None else "", _class(node))
    given = arguments(node)
    options: dict[str, object] = {"epsilon": given[-1]} if given and 0 < given[-1] < 0.1 else {}
    return [layer, final(node, "BatchNormalization", [layer.outputs[0], *[numbers] * 4], options)]
