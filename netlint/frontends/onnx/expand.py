"""Operators that stand for several: fused ones of other domains, sums of many terms, convolutions with uneven padding."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from netlint.frontends.onnx.ir import OWN, Node, Program, Value
from netlint.frontends.onnx.neural import window_dims
from netlint.frontends.onnx.rewrite import Replacement, between, final, replace_each

_MS = "com.microsoft"
_ACTIVATIONS = {"Relu", "Tanh", "Sigmoid", "LeakyRelu", "Clip", "HardSigmoid", "HardSwish", "Gelu", "Elu", "Selu", "Softplus", "Softsign"}


def expand(program: Program) -> None:
    """Puts the plain operators in the place of those that stand for several."""
    replace_each(program, _FUSED)


def _sum(node: Node) -> list[Node] | None:
    """Additions two by two."""
    terms = [value for value in node.inputs if value is not None]
    if len(terms) < 2:
        return [final(node, "Identity", terms)]
    added: list[Node] = []
    for place, term in enumerate(terms[1:], start=2):
        pair = [added[-1].outputs[0] if added else terms[0], term]
        added.append(final(node, "Add", pair) if place == len(terms) else between(node, "Add", pair, like=node.outputs[0]))
    return added


def _transposed(node: Node) -> list[Node] | None:
    """A product of two results, one of them transposed. With a weight of the file it is a linear layer."""
    weight = node.input(1)
    flips = [name for name, value in (("transA", node.input(0)), ("transB", weight)) if value is not None and node.integer(name, 0)]
    if not flips or (weight is not None and weight.static and flips == ["transB"]):
        return None
    nodes, operands = [], list(node.inputs)
    for place, name in enumerate(("transA", "transB")):
        if name in flips:
            nodes.append(between(node, "Transpose", [operands[place]], {"perm": [1, 0]}))
            operands[place] = nodes[-1].outputs[0]
    return [*nodes, final(node, "Gemm", operands, {**node.attributes, "transA": 0, "transB": 0})]


def _mean(node: Node) -> list[Node] | None:
    """A sum, over the number of its terms."""
    total = between(node, "Sum", node.inputs, like=node.outputs[0])
    count = Value("count", (), 1, np.array(float(len(node.inputs)), np.float32), stored=True)
    return [*(_sum(total) or []), final(node, "Div", [total.outputs[0], count])]


def _uneven_padding(node: Node) -> list[Node] | None:
    """Zeros put around the input first, where a convolution has more of them on one side."""
    dims, pads = window_dims(node), node.integers("pads")
    if pads is None or len(pads) != 2 * dims or pads[:dims] == pads[dims:] or node.text("auto_pad", "NOTSET") != "NOTSET":
        return None
    padded = between(node, "Pad", [node.input(0)], {"pads": [0, 0, *pads[:dims], 0, 0, *pads[dims:]]})
    conv = final(node, node.kind, [padded.outputs[0], *node.inputs[1:]], {**node.attributes, "pads": [0] * (2 * dims)})
    return [padded, conv]


def _behind(*steps: str, domain: str = "") -> Callable[[Node], list[Node] | None]:
    """The first operator on the operands, the others each on the result of the one before."""

    def expanded(node: Node) -> list[Node] | None:
        kinds = [node.text("activation", "Relu") if step == "?" else step for step in steps]
        if kinds[-1] not in _ACTIVATIONS and "?" in steps:
            return None
        first = between(node, kinds[0], node.inputs, node.attributes, domain=domain, like=node.outputs[0])
        nodes = [first]
        for kind in kinds[1:-1]:
            nodes.append(between(node, kind, nodes[-1].outputs, like=node.outputs[0]))
        return [*nodes, final(node, kinds[-1], nodes[-1].outputs, _parameters(node))]

    return expanded


def _parameters(node: Node) -> dict[str, object]:
    """The options of a fused activation: `activation_alpha` or a list `activation_params`."""
    alpha = node.attributes.get("activation_alpha")
    values = node.attributes.get("activation_params")
    if isinstance(values, list) and node.text("activation") == "Clip" and len(values) == 2:
        return {"min": values[0], "max": values[1]}
    if isinstance(values, list) and values:
        alpha = values[0]
    return {"alpha": alpha} if isinstance(alpha, float) else {}


def _renamed(kind: str, *places: int, domain: str = "") -> Replacement:
    """The same operation under its standard name, on some of the operands (all if none are named)."""
    return lambda node: [final(node, kind, [node.input(place) for place in places] or node.inputs, node.attributes, domain=domain)]


def _integers(kind: str) -> Replacement:
    """A product of integers; the scale that it is multiplied with afterwards makes it the product of the tensors themselves."""
    return lambda node: [final(node, kind, node.inputs[:2], {**node.attributes, "unscaled": 1})]


def _quantized(kind: str, step: int, tensors: int = 1) -> Replacement:
    """An operation on quantised tensors, each followed by its scale and zero point, as the same on the tensors themselves."""
    return lambda node: [final(node, kind, [node.input(step * place) for place in range(tensors)], node.attributes)]


def _quantized_lstm(node: Node) -> list[Node] | None:
    """Its weights are stored the other way round."""
    return [final(node, "LSTM", [node.input(place) for place in range(7)], {**node.attributes, "weights_transposed": 1})]


def _quantize(node: Node) -> list[Node] | None:
    """The tensor itself; its scale and zero point are numbers."""
    numbers = [Node("Constant", outputs=[value], name=node.name) for value in node.outputs[1:]]
    for number in numbers:
        number.outputs[0].producer = number
    copy = final(node, "Identity", node.inputs[:1])
    copy.outputs = node.outputs[:1]
    return [*numbers, copy]


def _quantized_concat(node: Node) -> list[Node] | None:
    return [final(node, "Concat", node.inputs[2::3], node.attributes)]


def _gelu(node: Node) -> list[Node] | None:
    """GELU of x, or of x + bias."""
    options: dict[str, object] = {"approximate": "tanh"} if node.kind == "FastGelu" else {}
    if node.input(1) is None:
        return [final(node, "Gelu", node.inputs[:1], options)]
    added = between(node, "Add", node.inputs[:2], like=node.outputs[0])
    return [added, final(node, "Gelu", added.outputs, options)]


def _skip_norm(kind: str, bias: int) -> Replacement:
    """A sum and its norm; the sum is the fourth result."""

    def expanded(node: Node) -> list[Node] | None:
        added = between(node, "Add", node.inputs[:2], like=node.outputs[0])
        nodes, scales = [added], [node.input(2), *([node.input(3)] if bias == 4 else [])]
        if node.input(bias) is not None:
            nodes.append(between(node, "Add", [added.outputs[0], node.input(bias)], like=node.outputs[0]))
        norm = between(node, kind, [nodes[-1].outputs[0], *scales], node.attributes)
        norm.outputs = node.outputs[:1]
        norm.outputs[0].producer = norm
        nodes.append(norm)
        for value in node.outputs[3:4]:
            copy = between(node, "Identity", nodes[-2].outputs)
            copy.outputs, value.producer = [value], copy
            nodes.append(copy)
        return nodes

    return expanded


def _projected_attention(node: Node) -> list[Node] | None:
    """com.microsoft.Attention: one linear layer gives queries, keys and values."""
    if node.input(1) is None:
        return None
    projected = between(node, "MatMul", node.inputs[:3])
    result = projected.outputs[0]
    return [projected, final(node, "Attention", [result, result, result])]


def _group_norm(node: Node) -> list[Node] | None:
    return [final(node, "GroupNormalization", node.inputs, {**node.attributes, "num_groups": node.integer("groups", 1)})]


def _quick_gelu(node: Node) -> list[Node] | None:
    return [final(node, "Swish", node.inputs, {"alpha": node.number("alpha", 1.702)})]


_QUANTIZED = {"QLinearSigmoid": "Sigmoid", "QLinearLeakyRelu": "LeakyRelu", "QLinearSoftmax": "Softmax", "QLinearReduceMean": "ReduceMean"}
_POOLS = {"QLinearGlobalAveragePool": "GlobalAveragePool", "QLinearAveragePool": "AveragePool", "NhwcMaxPool": "MaxPool"}

_FUSED: Mapping[tuple[str, str], Replacement] = {
    ("", "Sum"): _sum,
    ("", "Mean"): _mean,
    ("", "Gemm"): _transposed,
    ("", "Conv"): _uneven_padding,
    ("", "QLinearConv"): _renamed("Conv", 0, 3, 8),
    ("", "ConvInteger"): _integers("Conv"),
    ("", "QLinearMatMul"): _renamed("MatMul", 0, 3),
    ("", "MatMulInteger"): _integers("MatMul"),
    ("", "SimplifiedLayerNormalization"): _renamed("RMSNormalization"),
    ("", "DynamicQuantizeLinear"): _quantize,
    (_MS, "SimplifiedLayerNormalization"): _renamed("RMSNormalization"),
    (_MS, "SkipLayerNormalization"): _skip_norm("LayerNormalization", 4),
    (_MS, "SkipSimplifiedLayerNormalization"): _skip_norm("RMSNormalization", 3),
    (_MS, "QuantizeLinear"): _renamed("Identity", 0),
    (_MS, "DequantizeLinear"): _renamed("Identity", 0),
    (_MS, "QLinearConv"): _renamed("Conv", 0, 3, 8),
    (_MS, "QLinearAdd"): _quantized("Add", 3, 2),
    (_MS, "QLinearMul"): _quantized("Mul", 3, 2),
    (_MS, "QLinearConcat"): _quantized_concat,
    (_MS, "QGemm"): _renamed("Gemm", 0, 3, 6),
    (_MS, "DynamicQuantizeMatMul"): _renamed("MatMul", 0, 1, 4),
    (_MS, "MatMulIntegerToFloat"): _renamed("MatMul", 0, 1, 6),
    (_MS, "DynamicQuantizeLSTM"): _quantized_lstm,
    (_MS, "MatMulNBits"): _renamed("PackedLinear", domain=OWN),
    (_MS, "FusedConv"): _behind("Conv", "?"),
    (_MS, "FusedGemm"): _behind("Gemm", "?"),
    (_MS, "FusedMatMul"): _renamed("MatMul"),
    (_MS, "Gelu"): _gelu,
    (_MS, "BiasGelu"): _gelu,
    (_MS, "FastGelu"): _gelu,
    (_MS, "QuickGelu"): _quick_gelu,
    (_MS, "GroupNorm"): _group_norm,
    (_MS, "Attention"): _projected_attention,
    (_MS, "QAttention"): _projected_attention,
    (_MS, "MultiHeadAttention"): _renamed("Attention", 0, 1, 2),
    (_MS, "GroupQueryAttention"): _renamed("Attention", 0, 1, 2),
    **{(_MS, kind): _renamed(plain, 0) for kind, plain in {**_QUANTIZED, **_POOLS}.items()},
}
"""By domain and kind."""
