"""Arithmetic, reductions and movements of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netlint.frontends.onnx.fold import ints, scalar
from netlint.frontends.onnx.ir import Node, Value
from netlint.frontends.onnx.spec import Spec, simple, unknown
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    AdaptiveAvgPool,
    Add,
    Compare,
    Concat,
    Constant,
    Div,
    Einsum,
    Elementwise,
    Embedding,
    Expand,
    Flatten,
    Identity,
    Mul,
    Pad,
    Permute,
    PixelShuffle,
    Pow,
    Rearrange,
    Reduce,
    Resample,
    Reshape,
    Slice,
    Split,
    Squeeze,
    Sub,
    Unsqueeze,
)
from netlint.graph.shapes import broadcast
from netlint.graph.unknown import Int, Shape, Unknown

FLOATS = frozenset({1, 10, 11, 16, 17, 18, 19, 20, 23, 24})
"""The element types of ONNX that hold fractions: float32, float16, double, bfloat16, and those of eight and four bits."""

# -- arithmetic -----------------------------------------------------------------------------------------------------------


def _pow(node: Node) -> Operator:
    return Pow(exponent=scalar(node.input(1)))


def _extremum(how: str) -> Callable[[Node], Operator]:
    return lambda node: Elementwise(how=how) if len(node.inputs) > 1 else Identity()


def _cast(node: Node) -> Operator:
    """To another precision the values are the same; to integers they are rounded."""
    kind = node.integer("to", 1)
    return Identity() if kind in FLOATS else Elementwise(how="bool" if kind == 9 else "long")


def axes(node: Node) -> tuple[int, ...] | None | Unknown:
    """The axes of a reduction: an attribute at first, an operand later; None for all."""
    if node.input(1) is not None:
        known = ints(node.array(1))
        if known is None or any(isinstance(axis, Unknown) for axis in known):
            return unknown("which dimensions are reduced")
        return tuple(axis for axis in known if isinstance(axis, int)) or None
    return node.integers("axes")


def _reduce(how: str, order: float | None = None) -> Callable[[Node], Operator]:
    def build(node: Node) -> Operator:
        dims = axes(node)
        if dims is None and node.integer("noop_with_empty_axes", 0):
            return Identity()
        return Reduce(how=how, dim=dims, keepdim=bool(node.integer("keepdims", 1)), order=order)

    return build


def _mean(node: Node) -> Operator:
    """The mean of all positions of a feature map, one a channel, is global pooling, however it is exported."""
    shape, dims = node.shape(0), axes(node)
    if shape is None or len(shape) < 4 or not isinstance(dims, tuple) or not node.integer("keepdims", 1):
        return _reduce("mean")(node)
    positions = sorted(dim % len(shape) for dim in dims) == list(range(2, len(shape)))
    return AdaptiveAvgPool(dims=len(dims), output_size=(1,) * len(dims)) if positions else _reduce("mean")(node)


def _arg(how: str) -> Callable[[Node], Operator]:
    return lambda node: Reduce(how=how, dim=node.integer("axis", 0), keepdim=bool(node.integer("keepdims", 1)))


# -- movements ------------------------------------------------------------------------------------------------------------


def _flatten(node: Node) -> Operator:
    """ONNX's Flatten gives a matrix: for axis 1 that is PyTorch's."""
    axis, shape = node.integer("axis", 1), node.shape(0)
    if axis == 1 or (shape is not None and axis == 1 - len(shape)):
        return Flatten(start_dim=1)
    return Reshape(sizes=node.outputs[0].shape or unknown("the sizes of a matrix"))


def _reshape(node: Node) -> Operator:
    """A Reshape whose result is a matrix with the same first dimension flattens the others."""
    shape = node.shape(0)
    sizes = _sizes(node, 1) if node.input(1) is not None else node.integers("shape")
    if sizes is None:
        sizes = node.outputs[0].shape
    if sizes is None:
        return Reshape(sizes=unknown("the sizes of a reshape"))
    if not node.integer("allowzero", 0):
        sizes = tuple(_copied(shape, place) if size == 0 else size for place, size in enumerate(sizes))
    if len(sizes) == 2 and shape is not None and len(shape) > 2 and (sizes[0] is shape[0] or sizes[0] == shape[0]):
        return Flatten(start_dim=1)
    return Reshape(sizes=sizes)


def _copied(shape: Shape | None, place: int) -> Int:
    """What a zero among the sizes of a Reshape stands for: the input's size in the same place."""
    return shape[place] if shape is not None and place < len(shape) else unknown("a size that is kept")


def _sizes(node: Node, place: int) -> Shape | None:
    """Sizes that an operand states, those that it states as unknown replaced by the result's where they are known."""
    known = ints(node.array(place))
    result = node.outputs[0].shape
    if known is None or result is None or len(result) != len(known):
        return known
    return tuple(found if isinstance(size, Unknown) else size for size, found in zip(known, result, strict=True))


def _transpose(node: Node) -> Operator:
    order = node.integers("perm")
    if order is None and (shape := node.shape(0)) is not None:
        order = tuple(reversed(range(len(shape))))
    return Permute(order=order if order is not None else unknown("the order of dimensions"))


def _squeeze(node: Node) -> Operator:
    dims = axes(node)
    return Squeeze(dim=dims[0] if isinstance(dims, tuple) and len(dims) == 1 else dims)


def _unsqueeze(node: Node) -> Operator:
    """One new dimension; several are a reshape."""
    dims = axes(node)
    if isinstance(dims, tuple) and len(dims) == 1:
        return Unsqueeze(dim=dims[0])
    sizes, shape = node.outputs[0].shape, node.shape(0)
    if sizes is None and isinstance(dims, tuple) and shape is not None:
        rank = len(shape) + len(dims)
        inserted, old = {dim % rank for dim in dims}, iter(shape)
        sizes = tuple(1 if place in inserted else next(old, 1) for place in range(rank))
    return Reshape(sizes=sizes if sizes is not None else unknown("where dimensions are inserted"))


def _slice(node: Node) -> Operator:
    starts, ends, along = node.integers("starts"), node.integers("ends"), node.integers("axes")
    steps: tuple[Int, ...] | None = None
    if node.input(1) is not None:
        starts, ends, along, steps = (_plain(ints(node.array(place))) for place in (1, 2, 3, 4))
        if node.input(3) is not None and along is None:
            return Slice(index=unknown("which dimension is cut"))
    if starts is None or ends is None:
        return Slice(index=unknown("where a dimension is cut"))
    bounds = zip(along or range(len(starts)), starts, ends, steps or (1,) * len(starts), strict=False)
    cuts = {axis: _piece(start, end, step) for axis, start, end, step in bounds}
    shape = node.shape(0)
    rank = len(shape) if shape is not None else None
    if any(axis < 0 for axis in cuts) and rank is None:
        return Slice(index=unknown("which dimension is cut"))
    places = {axis % rank if rank else axis: piece for axis, piece in cuts.items()}
    return Slice(index=tuple(places.get(place, slice(None)) for place in range(max(places, default=-1) + 1)))


def _plain(items: tuple[Int, ...] | None) -> tuple[int, ...] | None:
    """Integers, if all of them are known."""
    known = tuple(item for item in items or () if isinstance(item, int))
    return known if items is not None and len(known) == len(items) else None


_FAR = 2**31 - 2


def _piece(start: int, end: int, step: Int) -> slice:
    """A cut as Python writes it: ONNX writes the end of a dimension as the largest number."""
    return slice(start or None, None if abs(end) >= _FAR else end, None if step == 1 else step)


def is_lookup(node: Node) -> bool:
    """Whether a Gather looks rows up in a table of the file: an embedding."""
    table, index = node.input(0), node.input(1)
    looked_up = table is not None and table.static and (table.element in FLOATS or table.element == 0) and table.rank == 2
    return looked_up and index is not None and not index.static and node.integer("axis", 0) == 0


def _gather(node: Node) -> Operator:
    if is_lookup(node):
        return Embedding(num_embeddings=node.size(0, 0, "the table's rows"), embedding_dim=node.size(0, 1, "the table's width"))
    index, axis = node.input(1), node.integer("axis", 0)
    if index is not None and index.array is not None and index.array.ndim == 0:
        shape = node.shape(0)
        place = axis % len(shape) if shape else axis
        if place >= 0:
            known = ints(index.array)
            return Slice(index=(*[slice(None)] * place, known[0] if known else unknown("an index")))
    return Rearrange(how="index_select", arguments=(axis,))


def _gather_operands(node: Node) -> tuple[int, ...]:
    if is_lookup(node):
        return (1,)
    return (0,) if node.array(1) is not None else (0, 1)


def _split(node: Node) -> Operator:
    sizes: tuple[Int, ...] | Unknown | None = node.integers("split")
    if node.input(1) is not None:
        sizes = ints(node.array(1)) or unknown("the sizes of the pieces")
    return Split(dim=node.integer("axis", 0), pieces=len(node.outputs), sizes=sizes)


def _pad(node: Node) -> Operator:
    """ONNX lists what comes before all dimensions, then what comes after; `F.pad` goes pair by pair from the last dimension."""
    pads = ints(node.array(1)) if node.input(1) is not None else node.integers("pads") or node.integers("paddings")
    mode = {"edge": "replicate", "wrap": "circular"}.get(node.text("mode", "constant"), node.text("mode", "constant"))
    value = scalar(node.input(2)) if node.input(2) is not None else node.number("value", 0.0)
    if pads is None or node.input(3) is not None:
        return Pad(pad=unknown("how much is padded"), mode=mode)
    rank = len(pads) // 2
    pairs = [(pads[dim], pads[rank + dim]) for dim in reversed(range(rank))]
    while pairs and pairs[-1] == (0, 0):
        pairs.pop()
    return Pad(pad=tuple(side for pair in pairs for side in pair), mode=mode, value=value if value is not None else unknown("the fill"))


def _expand(how: str) -> Callable[[Node], Operator]:
    def build(node: Node) -> Operator:
        sizes = ints(node.array(1))
        if how == "expand":
            # ONNX broadcasts both ways, PyTorch to the sizes asked for
            sizes = node.outputs[0].shape or (broadcast(node.shape(0), sizes) if sizes is not None else None)
        return Expand(how=how, sizes=sizes if sizes is not None else unknown("the sizes of an expansion"))

    return build


def _resize(node: Node) -> Operator:
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(node.text("mode", "nearest"), node.text("mode", "nearest"))
    result = node.outputs[0].shape
    sizes = result[2:] if result is not None and len(result) > 2 else unknown("the size after resampling")
    aligned = node.attributes.get("coordinate_transformation_mode") == "align_corners"
    grid = Resample(size=sizes, mode=mode, align_corners=aligned or None, antialias=bool(node.integer("antialias", 0)))
    placed = node.text("coordinate_transformation_mode", "half_pixel")
    usual = ("asymmetric",) if mode == "nearest" else ("half_pixel", "pytorch_half_pixel", "align_corners")
    if placed not in usual or (mode == "nearest" and node.text("nearest_mode", "round_prefer_floor") != "floor"):
        grid.further = (("coordinate_transformation_mode", placed), ("nearest_mode", node.text("nearest_mode", "round_prefer_floor")))
    return grid


def _depth_to_space(node: Node) -> Operator:
    """PyTorch's pixel shuffle is the mode CRD; the default puts the channels last within a block."""
    if node.text("mode", "DCR") == "CRD":
        return PixelShuffle(factor=node.integer("blocksize", 1))
    return Rearrange(how="depth_to_space", arguments=(node.integer("blocksize", 1),))


def _rearrange(how: str, *names: str) -> Callable[[Node], Operator]:
    return lambda node: Rearrange(how=how, arguments=tuple(node.attributes.get(name) for name in names))


def _top_k(node: Node) -> Operator:
    known = ints(node.array(1)) if node.input(1) is not None else (node.integer("k", 1),)
    return Rearrange(how="topk", arguments=(known[0] if known else unknown("how many are taken"), node.integer("axis", -1)))


# -- what does not depend on data -----------------------------------------------------------------------------------------


def constant(value: Value) -> Operator:
    """A tensor that the file holds or makes: its number, if it is one."""
    return Constant(value=scalar(value), shape=value.shape)


_OF_ONE = (
    "Abs:abs Neg:neg Exp:exp Log:log Floor:floor Ceil:ceil Round:round Sign:sign Sin:sin Cos:cos Tan:tan Asin:asin Acos:acos Atan:atan "
    "Sinh:sinh Cosh:cosh Asinh:asinh Acosh:acosh Atanh:atanh Erf:erf BitwiseNot:bitwise_not"
)
_OF_TWO = "Mod:fmod BitShift:bitwise_left_shift BitwiseAnd:bitwise_and BitwiseOr:bitwise_or BitwiseXor:bitwise_xor"
_TESTS = (
    "Equal:== Greater:> GreaterOrEqual:>= Less:< LessOrEqual:<= And:logical_and Or:logical_or Xor:logical_xor Not:logical_not "
    "IsNaN:isnan IsInf:isinf"
)
_REDUCTIONS = "Sum:sum Max:amax Min:amin Prod:prod LogSumExp:logsumexp LogSum:logsum SumSquare:sum_square"
_MOVEMENTS = (
    "GatherElements:gather GatherND:gather_nd ScatterElements:scatter Scatter:scatter ScatterND:index_put Compress:masked_select "
    "ReverseSequence:reverse_sequence CumSum:cumsum Trilu:tril OneHot:one_hot CenterCropPad:center_crop_pad TensorScatter:index_put"
)


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(kind, how) for kind, _, how in (word.partition(":") for word in text.split())]


SPECS: Mapping[str, Spec] = {
    **{kind: Spec(simple(Elementwise, how=how)) for kind, how in _pairs(_OF_ONE)},
    **{kind: Spec(simple(Elementwise, how=how), None) for kind, how in _pairs(_OF_TWO)},
    **{kind: Spec(simple(Compare, how=how), None) for kind, how in _pairs(_TESTS)},
    **{f"Reduce{kind}": Spec(_reduce(how)) for kind, how in _pairs(_REDUCTIONS)},
    **{kind: Spec(simple(Rearrange, how=how), None) for kind, how in _pairs(_MOVEMENTS)},
    "ReduceMean": Spec(_mean),
    "ReduceL1": Spec(_reduce("norm", 1.0)),
    "ReduceL2": Spec(_reduce("norm", 2.0)),
    "ArgMax": Spec(_arg("argmax")),
    "ArgMin": Spec(_arg("argmin")),
    "Add": Spec(simple(Add), None),
    "Sub": Spec(simple(Sub), None),
    "Mul": Spec(simple(Mul), None),
    "Div": Spec(simple(Div), None),
    "Pow": Spec(_pow, None),
    "Sqrt": Spec(simple(Pow, exponent=0.5)),
    "Reciprocal": Spec(simple(Pow, exponent=-1.0)),
    "Max": Spec(_extremum("maximum"), None),
    "Min": Spec(_extremum("minimum"), None),
    "Where": Spec(simple(Elementwise, how="where"), None),
    "Einsum": Spec(lambda node: Einsum(equation=node.text("equation")), None),
    "Cast": Spec(_cast),
    **{kind: Spec(simple(Identity)) for kind in ("Identity", "CastLike", "BitCast", "QuantizeLinear", "DequantizeLinear")},
    "Flatten": Spec(_flatten),
    "Reshape": Spec(_reshape),
    "Transpose": Spec(_transpose),
    "Squeeze": Spec(_squeeze),
    "Unsqueeze": Spec(_unsqueeze),
    "Slice": Spec(_slice),
    "Gather": Spec(_gather, _gather_operands),
    "Split": Spec(_split, several=True),
    "Concat": Spec(lambda node: Concat(dim=node.integer("axis", 1)), None),
    "Pad": Spec(_pad),
    "Expand": Spec(_expand("expand")),
    "Tile": Spec(_expand("tile")),
    "Resize": Spec(_resize),
    "Upsample": Spec(_resize),
    "GridSample": Spec(lambda node: Resample(mode=node.text("mode", "bilinear")), (0, 1)),
    "DepthToSpace": Spec(_depth_to_space),
    "SpaceToDepth": Spec(lambda node: PixelShuffle(factor=node.integer("blocksize", 1), inverse=True)),
    "TopK": Spec(_top_k, several=True),
    "NonZero": Spec(_rearrange("nonzero")),
    "Unique": Spec(_rearrange("unique"), several=True),
    "Col2Im": Spec(_rearrange("fold")),
}
"""The standard operators that compute with, or move, elements."""
