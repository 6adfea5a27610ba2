"""Layers of networks: convolutions, linear maps, norms, pooling, activations, recurrence, attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netlint.frontends.onnx.fold import ints, scalar
from netlint.frontends.onnx.ir import Node, maps_constant
from netlint.frontends.onnx.spec import Spec, simple, unknown
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    CELU,
    ELU,
    GELU,
    GLU,
    NLL,
    SELU,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    Attention,
    AvgPool,
    BatchNorm,
    Conv,
    CrossEntropy,
    Dropout,
    DropPath,
    Elementwise,
    GroupNorm,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    Linear,
    LocalResponseNorm,
    LogSigmoid,
    LogSoftmax,
    LPPool,
    MatMul,
    MaxPool,
    MaxUnpool,
    Mish,
    MultiheadAttention,
    Normalize,
    Opaque,
    PReLU,
    Recurrent,
    ReLU,
    ReLU6,
    RMSNorm,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from netlint.graph.unknown import Bool, Float, Int, Shape, Unknown, when_known

# -- windows ------------------------------------------------------------------------------------------------------------


def window_dims(node: Node) -> int:
    """The number of spatial dimensions: the kernel's, the input's less two, or 2 where neither is known."""
    kernel = node.integers("kernel_shape")
    if kernel:
        return len(kernel)
    for shape in (node.shape(0), node.outputs[0].shape if node.outputs else None, node.shape(1)):
        if shape is not None and len(shape) > 2:
            return len(shape) - 2
    return 2


def _per_axis(node: Node, name: str, dims: int, default: int) -> tuple[int, ...]:
    """A list of one value a spatial dimension; the default where it is left out, or is as long as no such list."""
    values = node.integers(name)
    return values if values is not None and len(values) == dims else (default,) * dims


def padding(node: Node, dims: int) -> tuple[int, ...] | str | Unknown:
    """Padding that is the same on both sides; "same" for what keeps the size, Unknown for what depends on it."""
    automatic = node.text("auto_pad", "NOTSET")
    if automatic == "VALID":
        return (0,) * dims
    if automatic.startswith("SAME"):
        kernel, dilation = node.integers("kernel_shape"), _per_axis(node, "dilations", dims, 1)
        strides = _per_axis(node, "strides", dims, 1)
        if kernel is not None and all(step == 1 for step in strides) and all(size % 2 for size in kernel):
            return tuple((size - 1) * spread // 2 for size, spread in zip(kernel, dilation, strict=False))
        return Unknown("the padding depends on the size of the input")
    pads = _per_axis(node, "pads", 2 * dims, 0)
    return pads[:dims] if pads[:dims] == pads[dims:] else Unknown("the padding differs between the two sides")


def _conv(node: Node) -> Operator:
    dims, shape, groups = window_dims(node), node.shape(1), node.integer("group", 1)
    transposed = node.kind == "ConvTranspose"
    first, second = node.size(1, 0, "the weight's shape"), node.size(1, 1, "the weight's shape")
    grouped = when_known(lambda size: size * groups, second)
    pad = padding(node, dims)
    if transposed and ("output_shape" in node.attributes or isinstance(pad, str)):
        pad = unknown("the padding")
    kernel: tuple[Int, ...] | Unknown = unknown("the size of the kernel")
    if shape is not None and len(shape) == dims + 2:
        kernel = shape[2:]
    return Conv(
        dims=dims,
        in_channels=first if transposed else grouped,
        out_channels=grouped if transposed else first,
        kernel_size=node.integers("kernel_shape") or kernel,
        stride=_per_axis(node, "strides", dims, 1),
        padding=pad,
        output_padding=_per_axis(node, "output_padding", dims, 0),
        dilation=_per_axis(node, "dilations", dims, 1),
        groups=groups,
        bias=node.input(2) is not None,
        transposed=transposed,
    )


def _max_pool(node: Node) -> Operator:
    dims = window_dims(node)
    pad = padding(node, dims)
    pool = MaxPool(
        dims=dims,
        kernel_size=_per_axis(node, "kernel_shape", dims, 1),
        stride=_per_axis(node, "strides", dims, 1),
        padding=pad if not isinstance(pad, str) else unknown("the padding"),
        dilation=_per_axis(node, "dilations", dims, 1),
        ceil_mode=bool(node.integer("ceil_mode", 0)),
        return_indices=len(node.outputs) > 1 and bool(node.outputs[1].name),
    )
    return _evenly_padded(pool, node) if isinstance(pad, Unknown) else pool


def _evenly_padded(pool: MaxPool, node: Node) -> MaxPool:
    """The pool that PyTorch would use for one whose padding differs between the two sides, as TensorFlow's "same" padding does.

    Padding never is a maximum, so two pools are the same if their windows start at the same places and are as many: where the first side is
    padded alike, the number of windows decides, with or without ceil mode.
    """
    shape = node.shape(0)
    sizes = shape[2:] if shape is not None and len(shape) == pool.dims + 2 else ()
    pads = _pads(node, pool, sizes)
    if pads is None:
        return pool
    wanted = tuple(_windows(pool, place, size + sum(pads[place]), node) for place, size in enumerate(sizes) if isinstance(size, int))
    for ceil_mode in (False, True):
        even = pool.apply(padding=tuple(first for first, _ in pads), ceil_mode=ceil_mode)
        if even.pooled(sizes) == wanted:
            return even
    return pool


def _pads(node: Node, pool: MaxPool, sizes: Shape) -> tuple[tuple[int, int], ...] | None:
    """The padding on both sides of each dimension; None if it depends on sizes that are not known."""
    if not sizes or not all(isinstance(size, int) for size in sizes):
        return None
    automatic = node.text("auto_pad", "NOTSET")
    if automatic == "NOTSET":
        given = _per_axis(node, "pads", 2 * pool.dims, 0)
        return tuple(zip(given[: pool.dims], given[pool.dims :], strict=True))
    pads = []
    for place, size in enumerate(sizes):
        step = _per_axis(node, "strides", pool.dims, 1)[place]
        whole = max((-(-size // step) - 1) * step + _reach(node, pool, place) - size, 0)  # type: ignore[operator]
        pads.append((whole // 2, whole - whole // 2) if automatic == "SAME_UPPER" else (whole - whole // 2, whole // 2))
    return tuple(pads)


def _reach(node: Node, pool: MaxPool, place: int) -> int:
    """How many elements a window spans, gaps included."""
    return (_per_axis(node, "kernel_shape", pool.dims, 1)[place] - 1) * _per_axis(node, "dilations", pool.dims, 1)[place] + 1


def _windows(pool: MaxPool, place: int, padded: int, node: Node) -> int:
    """How many windows ONNX lays on a padded dimension."""
    free, step = padded - _reach(node, pool, place), _per_axis(node, "strides", pool.dims, 1)[place]
    return (-(-free // step) if node.integer("ceil_mode", 0) else free // step) + 1


def _avg_pool(node: Node) -> Operator:
    dims = window_dims(node)
    pad = padding(node, dims)
    return AvgPool(
        dims=dims,
        kernel_size=_plain_kernel(node, dims),
        stride=_per_axis(node, "strides", dims, 1),
        padding=pad if not isinstance(pad, str) else unknown("the padding"),
        ceil_mode=bool(node.integer("ceil_mode", 0)),
        count_include_pad=bool(node.integer("count_include_pad", 0)),
    )


def _plain_kernel(node: Node, dims: int) -> tuple[Int, ...] | Unknown:
    """The size of the window; Unknown where it has gaps, which PyTorch's pooling has not."""
    if any(spread != 1 for spread in _per_axis(node, "dilations", dims, 1)):
        return Unknown("the window has gaps")
    return _per_axis(node, "kernel_shape", dims, 1)


def _lp_pool(node: Node) -> Operator:
    dims = window_dims(node)
    padded = padding(node, dims) != (0,) * dims
    return LPPool(
        dims=dims,
        norm_type=node.number("p", 2),
        kernel_size=Unknown("the input is padded first") if padded else _plain_kernel(node, dims),
        stride=_per_axis(node, "strides", dims, 1),
    )


def _unpool(node: Node) -> Operator:
    dims = window_dims(node)
    pad = padding(node, dims)
    return MaxUnpool(
        dims=dims,
        kernel_size=_per_axis(node, "kernel_shape", dims, 1),
        stride=_per_axis(node, "strides", dims, 1),
        padding=pad if not isinstance(pad, str) else unknown("the padding"),
    )


def _global(kind: type[AdaptiveAvgPool] | type[AdaptiveMaxPool]) -> Callable[[Node], Operator]:
    def build(node: Node) -> Operator:
        dims = window_dims(node)
        sizes = node.integers("output_size") or (1,) * dims
        return kind(dims=dims, output_size=sizes)

    return build


# -- linear maps --------------------------------------------------------------------------------------------------------


def _gemm(node: Node) -> Operator:
    """A Gemm with a weight of the file is a linear layer; with two results of the network it is a product."""
    weight = node.input(1)
    if weight is None or not weight.static or node.integer("transA", 0):
        return MatMul()
    first, second = node.size(1, 0, "the weight's shape"), node.size(1, 1, "the weight's shape")
    if not node.integer("transB", 0):
        first, second = second, first
    return Linear(in_features=second, out_features=first, bias=node.input(2) is not None)


def _matmul(node: Node) -> Operator:
    """A product with a matrix of the file on its right is a linear layer without a bias, or with one as third operand."""
    weight = node.input(1)
    if weight is None or not weight.static or weight.rank != 2:
        return MatMul()
    first, second = node.size(1, 0, "the weight's shape"), node.size(1, 1, "the weight's shape")
    return Linear(in_features=first, out_features=second, bias=node.input(2) is not None)


def is_linear(node: Node) -> bool:
    """Whether a Gemm or MatMul multiplies with a matrix of the file."""
    weight = node.input(1)
    plain = weight is not None and weight.static and weight.rank == 2 and not node.integer("transA", 0)
    operand = node.input(0)
    return plain and operand is not None and (not operand.static or maps_constant(node))


def _product_operands(node: Node) -> tuple[int, ...]:
    return (0,) if is_linear(node) else tuple(range(len(node.inputs)))


def _packed_linear(node: Node) -> Operator:
    """com.microsoft.MatMulNBits: weights of a few bits, packed."""
    return Linear(in_features=node.integer("K", 0), out_features=node.integer("N", 0), bias=node.input(5) is not None)


# -- norms --------------------------------------------------------------------------------------------------------------


def _batch_norm(node: Node) -> Operator:
    rank = node.inputs[0].rank if node.inputs and node.inputs[0] is not None else None
    return BatchNorm(
        num_features=node.size(1, 0, "the number of channels"),
        eps=rounded(node.number("epsilon", 1e-5)),
        momentum=rounded(1 - node.number("momentum", 0.9)),
        dims=None if rank is None else max(1, rank - 2),
    )


def _affine(node: Node) -> bool:
    """Whether scale and shift do anything: exporters fill in ones and zeros where a norm has none."""
    return not (scalar(node.input(1)) == 1 and (node.input(2) is None or scalar(node.input(2)) == 0))


def _instance_norm(node: Node) -> Operator:
    return InstanceNorm(
        num_features=node.size(1, 0, "the number of channels"),
        eps=rounded(node.number("epsilon", 1e-5)),
        affine=_affine(node),
        dims=window_dims(node),
    )


def _normalized_shape(node: Node) -> tuple[Int, ...] | Unknown:
    """The sizes of the normalised dimensions: the scale's, or the input's from `axis` on."""
    scale, shape = node.shape(1), node.shape(0)
    if scale:
        return scale
    axis = node.integer("axis", -1)
    return shape[axis:] if shape is not None and -len(shape) <= axis < len(shape) else unknown("what is normalised")


def _layer_norm(node: Node) -> Operator:
    return LayerNorm(
        normalized_shape=_normalized_shape(node),
        eps=rounded(node.number("epsilon", 1e-5)),
        elementwise_affine=node.input(1) is not None and _affine(node),
        bias=node.input(2) is not None,
        channels_first=bool(node.integer("channels_first", 0)),
    )


def _rms_norm(node: Node) -> Operator:
    return RMSNorm(
        normalized_shape=_normalized_shape(node),
        eps=rounded(node.number("epsilon", 1e-5)),
        elementwise_affine=node.input(1) is not None and scalar(node.input(1)) != 1,
    )


def _group_norm(node: Node) -> Operator:
    return GroupNorm(
        num_groups=node.integer("num_groups", 1),
        num_channels=node.size(0, 1, "the number of channels"),
        eps=rounded(node.number("epsilon", 1e-5)),
        affine=node.input(1) is not None and _affine(node),
    )


def _local_response_norm(node: Node) -> Operator:
    return LocalResponseNorm(
        size=node.integer("size", 1),
        alpha=rounded(node.number("alpha", 1e-4)),
        beta=rounded(node.number("beta", 0.75)),
        k=rounded(node.number("bias", 1.0)),
    )


def rounded(number: float) -> float:
    """A float32 as a person wrote it: 9.999999747378752e-06 is 1e-5."""
    return float(f"{number:.6g}")


# -- activations --------------------------------------------------------------------------------------------------------


def _prelu(node: Node) -> Operator:
    slopes, shape = node.shape(1), node.shape(0)
    count: Int = unknown("along which dimension the slopes run")
    if slopes is not None and all(size == 1 for size in slopes):
        count = 1
    elif slopes is not None and shape is not None:
        along = [len(shape) - len(slopes) + place for place, size in enumerate(slopes) if size != 1]
        count = slopes[1 - len(shape) + len(slopes)] if along == [1] else count
    return PReLU(num_parameters=count, init=Unknown("the slopes of a trained network are not those it started with"))


def clip_bounds(node: Node) -> tuple[float | Unknown | None, float | Unknown | None]:
    """The bounds of a Clip: attributes before opset 11, operands since; None where there is none."""
    bounds: list[float | Unknown | None] = []
    for place, name in ((1, "min"), (2, "max")):
        if node.input(place) is not None:
            number = scalar(node.input(place))
            bounds.append(unknown(f"the {name} of a Clip") if number is None else rounded(number))
        else:
            limit = node.attributes.get(name)
            bounds.append(rounded(limit) if isinstance(limit, float) and abs(limit) < 1e38 else None)
    return bounds[0], bounds[1]


def _clip(node: Node) -> Operator:
    match clip_bounds(node):
        case (0, 6):
            return ReLU6()
        case (None, None):
            return Identity()
        case (low, None):
            return Elementwise(how="clamp_min", arguments=(low,))
        case (None, high):
            return Elementwise(how="clamp_max", arguments=(high,))
        case (low, high):
            return Elementwise(how="clamp", arguments=(low, high))


def _hardtanh(node: Node) -> Operator:
    low, high = clip_bounds(node)
    return Hardtanh(min_val=-1.0 if low is None else low, max_val=1.0 if high is None else high)


def _shrink(node: Node) -> Operator:
    lambd, bias = rounded(node.number("lambd", 0.5)), rounded(node.number("bias", 0.0))
    if bias == 0:
        return Hardshrink(lambd=lambd)
    return Softshrink(lambd=lambd) if bias == lambd else Elementwise(how="shrink", arguments=(lambd, bias))


def _swish(node: Node) -> Operator:
    return SiLU() if node.number("alpha", 1.0) == 1 else GELU(approximate=f"x * sigmoid({node.number('alpha', 1.0):g} x)")


def _hard_sigmoid(node: Node) -> Operator:
    return Hardsigmoid() if node.number("alpha", 0.2) > 0 else Opaque(label="HardSigmoid", reason="a slope that is not positive")


def _slope(kind: Callable[..., Operator], field: str, default: float) -> Callable[[Node], Operator]:
    return lambda node: kind(**{field: rounded(node.number("alpha", default))})


def _softmax(kind: type[Softmax] | type[LogSoftmax]) -> Callable[[Node], Operator]:
    """Before opset 13 the default axis was 1, and all dimensions from there on were one."""
    return lambda node: kind(dim=node.integer("axis", -1 if node.version >= 13 or node.version == 0 else 1))


# -- dropout, recurrence, attention ---------------------------------------------------------------------------------------


def _dropout(kind: type[Dropout]) -> Callable[[Node], Operator]:
    return lambda node: kind(p=_rate(node))


def _rate(node: Node) -> Float:
    ratio: Float = rounded(node.number("ratio", 0.5))
    if node.input(1) is not None:
        known = scalar(node.input(1))
        ratio = unknown("the rate of a Dropout") if known is None else rounded(known)
    return ratio


def _recurrent(node: Node) -> Operator:
    hidden: Int = node.integer("hidden_size", 0) or node.size(2, -1, "the width of the state")
    activations = node.attributes.get("activations")
    named = activations[0] if isinstance(activations, list) and activations else "Tanh"
    bias: Bool = node.input(3) is not None
    unlike: list[tuple[str, object]] = [("direction", "reverse")] if node.text("direction", "forward") == "reverse" else []
    if node.kind == "GRU" and not node.integer("linear_before_reset", 0):  # PyTorch's GRU resets behind the linear map
        unlike.append(("linear_before_reset", 0))
    return Recurrent(
        kind=node.kind,
        input_size=node.size(1, 1 if node.integer("weights_transposed", 0) else -1, "the width of the input"),
        hidden_size=hidden,
        num_layers=node.integer("num_layers", 1),
        bias=bias,
        batch_first=bool(node.integer("layout", 0)),
        bidirectional=node.text("direction", "forward") == "bidirectional",
        nonlinearity=str(named).lower() if node.kind == "RNN" else "tanh",
        further=tuple(unlike),
    )


def recurrent_shapes(node: Node) -> list[Shape | None]:
    """ONNX keeps the directions in a dimension of their own: (length, directions, batch, hidden), and the states without the length."""
    shape, directions = node.shape(0), 2 if node.text("direction", "forward") == "bidirectional" else 1
    hidden: Int = node.integer("hidden_size", 0) or node.size(2, -1, "the width of the state")
    if shape is None or len(shape) != 3:
        return [None] * 3
    if node.integer("layout", 0):
        batch, length, _ = shape
        return [(batch, length, directions, hidden), *[(batch, directions, hidden)] * 2]
    length, batch, _ = shape
    return [(length, directions, batch, hidden), *[(directions, batch, hidden)] * 2]


def _recurrent_operands(node: Node) -> tuple[int, ...]:
    """The sequence, and first states that the network computes."""
    return (0, *(place for place in (5, 6) if node.input(place) is not None and not node.inputs[place].static))  # type: ignore[union-attr]


def _multihead(node: Node) -> Operator:
    heads = node.integer("num_heads", 0)
    return MultiheadAttention(
        embed_dim=node.integer("embed_dim", 0) or unknown("the width"),
        num_heads=heads or unknown("the number of heads"),
        bias=bool(node.integer("bias", 1)),
        batch_first=bool(node.integer("batch_first", 0)) if "batch_first" in node.attributes else unknown("the order of dimensions"),
    )


def _attention(node: Node) -> Operator:
    scale = node.attributes.get("scale")
    return Attention(is_causal=bool(node.integer("is_causal", 0)), scale=rounded(scale) if isinstance(scale, float) else None)


def _classes(kind: type[CrossEntropy] | type[NLL]) -> Callable[[Node], Operator]:
    """A loss on class indices. Without `ignore_index` every class counts; PyTorch's -100 is none."""
    return lambda node: kind(reduction=node.text("reduction", "mean"), ignore_index=node.integer("ignore_index", -100))


def _threshold(node: Node) -> Operator:
    alpha = rounded(node.number("alpha", 1.0))
    return Threshold(threshold=alpha, value=0.0)


SPECS: Mapping[str, Spec] = {
    "Conv": Spec(_conv, weight=1),
    "ConvTranspose": Spec(_conv, weight=1),
    "Gemm": Spec(_gemm, _product_operands, weight=1),
    "MatMul": Spec(_matmul, _product_operands, weight=1),
    "MaxPool": Spec(_max_pool, several=True),
    "AveragePool": Spec(_avg_pool),
    "LpPool": Spec(_lp_pool),
    "MaxUnpool": Spec(_unpool, (0, 1)),
    "GlobalAveragePool": Spec(_global(AdaptiveAvgPool)),
    "GlobalMaxPool": Spec(_global(AdaptiveMaxPool)),
    "BatchNormalization": Spec(_batch_norm, weight=1),
    "InstanceNormalization": Spec(_instance_norm, weight=1),
    "LayerNormalization": Spec(_layer_norm, weight=1),
    "RMSNormalization": Spec(_rms_norm, weight=1),
    "GroupNormalization": Spec(_group_norm, weight=1),
    "LRN": Spec(_local_response_norm),
    "LpNormalization": Spec(lambda node: Normalize(p=float(node.integer("p", 2)), dim=node.integer("axis", -1), eps=0.0)),
    "Relu": Spec(simple(ReLU)),
    "LeakyRelu": Spec(_slope(LeakyReLU, "negative_slope", 0.01)),
    "PRelu": Spec(_prelu, weight=1),
    "Elu": Spec(_slope(ELU, "alpha", 1.0)),
    "Celu": Spec(_slope(CELU, "alpha", 1.0)),
    "Selu": Spec(simple(SELU)),
    "Gelu": Spec(lambda node: GELU(approximate=node.text("approximate", "none"))),
    "Sigmoid": Spec(simple(Sigmoid)),
    "Tanh": Spec(simple(Tanh)),
    "HardSigmoid": Spec(_hard_sigmoid),
    "HardSwish": Spec(simple(Hardswish)),
    "Mish": Spec(simple(Mish)),
    "Swish": Spec(_swish),
    "Softplus": Spec(simple(Softplus)),
    "Softsign": Spec(simple(Softsign)),
    "ThresholdedRelu": Spec(_threshold),
    "Shrink": Spec(_shrink),
    "Clip": Spec(_clip),
    "Softmax": Spec(_softmax(Softmax)),
    "LogSoftmax": Spec(_softmax(LogSoftmax)),
    "Dropout": Spec(_dropout(Dropout)),
    "LSTM": Spec(_recurrent, _recurrent_operands, weight=1, several=True),
    "GRU": Spec(_recurrent, _recurrent_operands, weight=1, several=True),
    "RNN": Spec(_recurrent, _recurrent_operands, weight=1, several=True),
    "Attention": Spec(_attention, None),
    "FlexAttention": Spec(simple(Attention), (0, 1, 2)),
    "SoftmaxCrossEntropyLoss": Spec(_classes(CrossEntropy), (0, 1)),
    "NegativeLogLikelihoodLoss": Spec(_classes(NLL), (0, 1)),
}
"""The standard operators that are layers of networks."""

RECOGNIZED: Mapping[str, Spec] = {
    "Hardtanh": Spec(_hardtanh),
    "LogSigmoid": Spec(simple(LogSigmoid)),
    "Tanhshrink": Spec(simple(Tanhshrink)),
    "Hardsigmoid": Spec(simple(Hardsigmoid)),
    "DropPath": Spec(_dropout(DropPath)),
    "GLU": Spec(lambda node: GLU(dim=node.integer("axis", -1))),
    "Threshold": Spec(lambda node: Threshold(threshold=node.number("threshold", 0.0), value=node.number("value", 0.0))),
    "AdaptiveAvgPool": Spec(_global(AdaptiveAvgPool)),
    "AdaptiveMaxPool": Spec(_global(AdaptiveMaxPool)),
    "MultiheadAttention": Spec(_multihead, None),
    "PackedLinear": Spec(_packed_linear),
}
"""What patterns and exporter metadata make that has no operator in ONNX."""

__all__ = ["RECOGNIZED", "SPECS", "clip_bounds", "ints", "is_linear", "padding", "window_dims"]
