"""Compositions of operators that exporters write for one operation, recognised as that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from netlint.frontends.onnx.fold import ints, scalar
from netlint.frontends.onnx.ir import OWN, Node, Program, Value
from netlint.frontends.onnx.matching import Bindings, match, pattern
from netlint.frontends.onnx.neural import clip_bounds, is_linear
from netlint.frontends.onnx.rewrite import final
from netlint.frontends.onnx.tensors import axes

Build = Callable[[Node, Bindings], "Node | None"]
"""The node that stands for a match; None if something that the formula does not say is missing."""

NORMS = ("BatchNormalization", "InstanceNormalization", "LayerNormalization", "RMSNormalization", "GroupNormalization")


def recognize(program: Program) -> None:
    """Puts one node in the place of each composition that is known. What is inside goes, unless something else reads it."""
    readers = {id(value): len(nodes) for value, nodes in program.readers().items()}
    for value in program.outputs:
        readers[id(value)] = readers.get(id(value), 0) + 1
    for place, node in enumerate(program.nodes):
        if node.outputs and not node.outputs[0].static:
            program.nodes[place] = _recognized(node, readers)


def _recognized(node: Node, readers: dict[int, int]) -> Node:
    for formula, build, alone in _BY_ROOT.get(node.kind, ()) if node.standard else ():
        for found in match(node, pattern(formula)):
            if alone and readers.get(id(found.get("inner")), 1) > 1:
                continue
            built = build(node, found)
            if built is not None:
                return built
    return node


# -- activations ----------------------------------------------------------------------------------------------------------


def _named(kind: str, domain: str = "", **attributes: object) -> Build:
    return lambda node, found: final(node, kind, [found["x"]], attributes, domain=domain)


def _halves(inside: str) -> Iterator[str]:
    """x times half of (1 + inside), in the orders in which it is written."""
    yield f"x * (1 + {inside}) * 0.5"
    yield f"x * 0.5 * (1 + {inside})"
    yield f"x * (0.5 * (1 + {inside}))"
    yield f"x * (0.5 + 0.5 * {inside})"


_ERF = [form for inside in ("Erf(x / 1.41421356)", "Erf(x * 0.70710678)") for form in _halves(inside)]
_CUBES = ("x ** 3", "x * x * x", "x * x ** 2")
_INSIDE_TANH = [
    *(f"(x + 0.044715 * ({cube})) * 0.79788456" for cube in _CUBES),
    *(f"(x + 0.044715 * x * x * x) * {scale}" for scale in ("0.79788456",)),
    *(f"x * {scale} * (1 + 0.044715 * ({square}))" for scale, square in product(("0.79788456",), ("x * x", "x ** 2"))),
    *(f"x * (1 + 0.044715 * ({square})) * 0.79788456" for square in ("x * x", "x ** 2")),
]
_TANH = [form for inside in _INSIDE_TANH for form in _halves(f"Tanh({inside})")]


def _hardswish(node: Node, found: Bindings) -> Node | None:
    gate = found["inner"].producer
    standard = gate is not None and abs(gate.number("alpha", 0.2) - 1 / 6) < 1e-3 and abs(gate.number("beta", 0.5) - 0.5) < 1e-3
    return final(node, "HardSwish", [found["x"]]) if standard else None


def _six(build: Build) -> Build:
    """Only if the Clip inside is one to 0..6."""

    def checked(node: Node, found: Bindings) -> Node | None:
        clip = found["inner"].producer
        return build(node, found) if clip is not None and clip_bounds(clip) == (0, 6) else None

    return checked


def _glu(node: Node, found: Bindings) -> Node | None:
    """The halves of one tensor, the second through a sigmoid."""
    first, second = found["a"], found["b"]
    split = first.producer
    if split is None or split is not second.producer or split.kind != "Split" or split.outputs != [first, second]:
        return None
    return final(node, "GLU", split.inputs[:1], {"axis": split.integer("axis", 0)}, domain=OWN)


# -- norms ----------------------------------------------------------------------------------------------------------------


def _over(value: str, variance: str) -> Iterator[str]:
    """A value over the root of its variance plus epsilon."""
    yield f"{value} / Sqrt({variance} + e)"
    yield f"{value} * Reciprocal(Sqrt({variance} + e))"
    yield f"{value} / (({variance} + e) ** 0.5)"
    yield f"{value} * ({variance} + e) ** -0.5"
    yield f"{value} * (1 / Sqrt({variance} + e))"


_CENTERED = "(x - ReduceMean(x))"
_LAYER_NORM = [
    form for square in ("{0} ** 2", "{0} * {0}") for form in _over(_CENTERED, f"(inner := ReduceMean({square.format(_CENTERED)}))")
]
_RMS_NORM = [form for square in ("x ** 2", "x * x") for form in _over("x", f"(inner := ReduceMean({square}))")]


def _norm(kind: str) -> Build:
    """A norm over the last dimensions, or over the channels of a feature map."""

    def build(node: Node, found: Bindings) -> Node | None:
        mean, epsilon, rank = found["inner"].producer, scalar(found["e"]), found["x"].rank
        dims = axes(mean) if mean is not None else None
        if epsilon is None or not isinstance(dims, tuple):
            return None
        places = sorted(dim % rank if rank else dim for dim in dims)
        last = list(range(rank - len(places), rank)) if rank else list(range(-len(places), 0))
        if places == last:
            return final(node, kind, [found["x"]], {"epsilon": epsilon, "axis": places[0]})
        if kind == "LayerNormalization" and places == [1]:
            return final(node, kind, [found["x"]], {"epsilon": epsilon, "axis": 1, "channels_first": 1})
        return None

    return build


def _scaled(node: Node, found: Bindings) -> Node | None:
    """A norm and the learned scale behind it."""
    norm, scale = found["inner"].producer, found["w"]
    if norm is None or not _along_channels(scale):
        return None
    if norm.kind == "BatchNormalization":  # Caffe's: statistics in one layer, scale and shift in another
        inputs = norm.inputs
    elif norm.input(1) is None or (norm.kind == "InstanceNormalization" and scalar(norm.input(1)) == 1):
        inputs = [norm.input(0), _flat(scale)]
    else:
        return None
    return final(node, norm.kind, inputs, norm.attributes)


def _shifted(node: Node, found: Bindings) -> Node | None:
    """A norm and the learned shift behind it."""
    norm, shift = found["inner"].producer, found["b"]
    if norm is None or not _along_channels(shift):
        return None
    if norm.kind == "BatchNormalization":
        inputs = norm.inputs
    elif norm.input(1) is not None and norm.input(2) is None and norm.kind != "RMSNormalization":
        inputs = [*norm.inputs[:2], _flat(shift)]
    else:
        return None
    return final(node, norm.kind, inputs, norm.attributes)


def _along_channels(value: Value) -> bool:
    """Whether a tensor of the file has one number a channel (or a feature)."""
    sizes = [size for size in value.shape or () if size != 1]
    return value.static and len(sizes) <= 3 and value.shape != () and (bool(sizes) or len(value.shape or ()) == 1)


def _flat(value: Value) -> Value:
    """The same tensor without the dimensions of size one that line its numbers up with the channels."""
    sizes = tuple(size for size in value.shape or () if size != 1)
    producer = value.producer
    if sizes == value.shape:
        return value
    while producer is not None and producer.kind in ("Unsqueeze", "Reshape") and producer.inputs and producer.inputs[0] is not None:
        value = producer.inputs[0]
        if value.shape == sizes:
            return value
        producer = value.producer
    return Value(value.name, sizes or (1,), value.element, None, stored=True, static=True, learned=value.learned)


def _group_norm(node: Node, found: Bindings) -> Node | None:
    """Groups of channels seen as the channels of an instance norm, as PyTorch's exporters write a group norm."""
    norm = found["inner"].producer
    first = norm.input(0).producer if norm is not None and norm.input(0) is not None else None  # type: ignore[union-attr]
    sizes = ints(first.array(1)) if first is not None else None
    if norm is None or sizes is None or len(sizes) != 3 or not isinstance(sizes[1], int) or sizes[1] < 1:
        return None
    if scalar(norm.input(1)) != 1 or scalar(norm.input(2)) != 0:
        return None
    result, shape = node.outputs[0].shape, found["x"].shape
    if result is not None and shape is not None and len(result) != len(shape):
        return None
    return final(node, "GroupNormalization", [found["x"]], {"epsilon": norm.number("epsilon", 1e-5), "num_groups": sizes[1]})


def _rescaled(node: Node, found: Bindings) -> Node | None:
    """A product of quantised tensors and the scale that makes numbers of it."""
    product = found["inner"].producer
    if product is None or not product.integer("unscaled", 0) or not found["s"].static:
        return None
    return final(node, product.kind, product.inputs, {**product.attributes, "unscaled": 0})


def _conv_bias(node: Node, found: Bindings) -> Node | None:
    """A convolution and the number a channel that is added to its result."""
    conv, bias, rank = found["inner"].producer, found["b"], found["inner"].rank
    sizes = bias.shape or ()
    if conv is None or conv.input(2) is not None or not bias.static or rank is None or len(sizes) < rank - 1:
        return None
    channel = len(sizes) - rank + 1
    if any(size != 1 for place, size in enumerate(sizes) if place != channel):
        return None
    return final(node, conv.kind, [*conv.inputs[:2], _flat(bias)], conv.attributes)


_UNIT = [f"x / {bounded.format('(inner := ReduceL2(x))')}" for bounded in ("Expand(Clip({}))", "Clip({})", "Expand(Max({}))")]


def _normalize(node: Node, found: Bindings) -> Node | None:
    """Division by the 2-norm, kept from zero."""
    dims = axes(found["inner"].producer) if found["inner"].producer is not None else None
    if not isinstance(dims, tuple) or len(dims) != 1:
        return None
    return final(node, "LpNormalization", [found["x"]], {"axis": dims[0], "p": 2})


# -- linear maps and attention --------------------------------------------------------------------------------------------


def _linear(node: Node, found: Bindings) -> Node | None:
    """A product with a matrix of the file, and the bias that is added to it."""
    product, bias = found["inner"].producer, found["b"]
    if product is None or not is_linear(product) or product.input(2) is not None or not bias.static:
        return None
    sizes = [size for size in bias.shape or () if size != 1]
    if len(sizes) > 1 or bias.shape in (None, ()) or (sizes and bias.shape is not None and bias.shape[-1] == 1):
        return None
    return final(node, product.kind, [*product.inputs[:2], bias], product.attributes)


def _attention(node: Node, found: Bindings) -> Node | None:
    """softmax(q k^T / scale + mask) v, of three tensors that depend on the data."""
    query, key, value = found["q"], found["k"], found["v"]
    if any(tensor.static for tensor in (query, key, value)):
        return None
    rank, axis = query.rank, found["inner"].producer.integer("axis", -1) if found["inner"].producer is not None else -1
    if axis not in (-1, (rank or 0) - 1):
        return None
    transposed = key.producer
    if transposed is not None and transposed.kind == "Transpose" and transposed.input(0) is not None and _swaps_last(transposed):
        key = transposed.inputs[0]  # type: ignore[assignment]
    mask = [found["m"]] if "m" in found else []
    return final(node, "Attention", [query, key, value, *mask])


def _swaps_last(node: Node) -> bool:
    order = node.integers("perm")
    return order is not None and order[-2:] == (len(order) - 1, len(order) - 2) and order[:-2] == tuple(range(len(order) - 2))


def _scores() -> Iterator[str]:
    """What the softmax of attention reads: a product, scaled or not, masked or not."""
    for scaled in ("MatMul(q, k)", "MatMul(q, k) / c", "MatMul(q, k) * c"):
        yield scaled
        yield f"{scaled} + m"
        yield f"Where(m, {scaled}, f)"
        yield f"Where(m, f, {scaled})"


_ATTENTION = [f"MatMul({wrapped.format(f'(inner := Softmax({scores}))')}, v)" for scores in _scores() for wrapped in ("{}", "Dropout({})")]


def _guarded_softplus(node: Node, found: Bindings) -> Node | None:
    """PyTorch computes softplus as the identity above a threshold."""
    return final(node, "Softplus", [found["x"]]) if scalar(found["t"]) is not None else None


_PATTERNS: list[tuple[list[str], Build, bool]] = [
    (_ERF, _named("Gelu"), False),
    (_TANH, _named("Gelu", approximate="tanh"), False),
    (["Softplus(x * 1)", "Log(Exp(x) + 1)"], _named("Softplus"), False),
    (["Where(Greater(x, t), x, Softplus(x))"], _guarded_softplus, False),
    (["x * Sigmoid(x)"], _named("Swish"), False),
    (["x * Sigmoid(x * 1.702)"], _named("Swish", alpha=1.702), False),
    (["x * Tanh(Softplus(x))"], _named("Mish"), False),
    (["x * (inner := HardSigmoid(x))"], _hardswish, False),
    (["x * (inner := Clip(x + 3)) / 6", "x * (inner := Clip(x + 3)) * 0.16666667"], _six(_named("HardSwish")), False),
    (["(inner := Clip(x + 3)) / 6", "(inner := Clip(x + 3)) * 0.16666667"], _six(_named("HardSigmoid", alpha=1 / 6, beta=0.5)), False),
    (["Log(Sigmoid(x))"], _named("LogSigmoid", OWN), False),
    (["x / (1 + Abs(x))"], _named("Softsign"), False),
    (["x - Tanh(x)"], _named("Tanhshrink", OWN), False),
    (["a * Sigmoid(b)"], _glu, False),
    (_LAYER_NORM, _norm("LayerNormalization"), False),
    (_RMS_NORM, _norm("RMSNormalization"), False),
    (["Reshape((inner := InstanceNormalization(Reshape(x))))"], _group_norm, False),
    ([f"(inner := {kind}(x)) * w" for kind in NORMS], _scaled, True),
    ([f"(inner := {kind}(x)) + b" for kind in NORMS], _shifted, True),
    (_UNIT, _normalize, False),
    ([f"(inner := {kind}(x, w)) * s" for kind in ("Conv", "MatMul")], _rescaled, True),
    ([f"(inner := {kind}(x, w)) + b" for kind in ("Conv", "ConvTranspose")], _conv_bias, True),
    (["(inner := MatMul(x, w)) + b", "(inner := Gemm(x, w)) + b"], _linear, True),
    (_ATTENTION, _attention, False),
    (["x * 1"], _named("Identity"), False),  # a scale that was left at one: ELU and its like are exported with it
]
"""Formulas, what they are, and whether `inner` must be read here alone. The earlier ones go first."""

_BY_ROOT: dict[str, list[tuple[str, Build, bool]]] = {}
for _formulas, _build, _alone in _PATTERNS:
    for _formula in _formulas:
        _BY_ROOT.setdefault(pattern(_formula).kind, []).append((_formula, _build, _alone))
