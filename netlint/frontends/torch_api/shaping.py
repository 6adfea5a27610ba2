"""Shapes: views, permutations, joins, splits, padding, resampling, conversions; and what moves elements in other ways."""

from __future__ import annotations

from itertools import pairwise

from netlint.frontends.torch_api.spec import SEVERAL, Arguments, FunctionSpec, LayerSpec, Structure
from netlint.frontends.torch_api.template import (
    From,
    argument,
    first_given,
    in_place,
    options,
    pair,
    plain,
    sizes,
    template,
    unknown,
)
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Concat,
    Detach,
    Elementwise,
    Expand,
    Flatten,
    Identity,
    Pad,
    Permute,
    PixelShuffle,
    Rearrange,
    Resample,
    Reshape,
    Slice,
    Split,
    Squeeze,
    Stack,
    Unflatten,
    Unsqueeze,
)
from netlint.graph.unknown import Unknown

_INPUT = ("input",)
_OF_OTHER = unknown("the shape of another tensor")
_BY_RANK = unknown("a dimension that depends on the inputs' rank")


def _rearrange(signature: str, how: str, tensors: tuple[str, ...] = _INPUT, *arguments: str) -> FunctionSpec:
    """A movement of elements; `arguments` names the options that are kept."""
    return FunctionSpec(signature, tensors, template(Rearrange, how=how, arguments=options(*arguments)))


# -- views and permutations -----------------------------------------------------------------------------------------------


def _swap(first: str, second: str) -> FunctionSpec:
    return FunctionSpec(f"input, {first}, {second}", _INPUT, template(Permute, swap=options(first, second)))


def _squeezed(arguments: Arguments) -> object:
    """None for all, one dimension, or several."""
    dims = sizes("dim")(arguments)
    if isinstance(dims, tuple) and len(dims) < 2:
        return dims[0] if dims else None
    return dims


def _along(arguments: Arguments, piece: object) -> Slice:
    """`piece` of one dimension: `x.select(1, 0)` is `x[:, 0]`, `x.narrow(-1, 0, 2)` is `x[..., 0:2]`."""
    dim = arguments["dim"]
    if not isinstance(dim, int):
        return Slice(index=dim if isinstance(dim, Unknown) else Unknown("argument `dim`"))
    whole = slice(None)
    return Slice(index=(*[whole] * dim, piece) if dim >= 0 else (Ellipsis, piece, *[whole] * (-dim - 1)))


def _narrow(arguments: Arguments) -> Slice:
    start, length = arguments["start"], arguments["length"]
    if not isinstance(start, int) or not isinstance(length, int):
        return _along(arguments, Unknown("the range of `narrow`"))
    return _along(arguments, slice(start, start + length))


def _select(arguments: Arguments) -> Slice:
    index = arguments["index"]
    return _along(arguments, index if isinstance(index, (int, Unknown)) else Unknown("argument `index`"))


_VIEWS: dict[str, FunctionSpec] = {
    "reshape": FunctionSpec("input, *shape", _INPUT, template(Reshape, sizes=sizes("shape"))),
    "flatten": FunctionSpec("input, start_dim=0, end_dim=-1", _INPUT, template(Flatten)),
    "ravel": FunctionSpec("input", _INPUT, template(Flatten, start_dim=0)),
    "unflatten": FunctionSpec("input, dim, sizes", _INPUT, template(Unflatten)),
    "permute": FunctionSpec("input, *dims", _INPUT, template(Permute, order=sizes("dims"))),
    "transpose": _swap("dim0", "dim1"),
    "swapdims": _swap("dim0", "dim1"),
    "swapaxes": _swap("axis0", "axis1"),
    "t": FunctionSpec("input", _INPUT, template(Permute, swap=(0, 1))),
    "adjoint": FunctionSpec("input", _INPUT, template(Permute, swap=(-2, -1))),
    "movedim": FunctionSpec("input, source, destination", _INPUT, template(Permute, order=unknown("the order after `movedim`"))),
    "squeeze": FunctionSpec("input, *dim", _INPUT, template(Squeeze, dim=_squeezed)),
    "unsqueeze": FunctionSpec("input, dim", _INPUT, template(Unsqueeze)),
    "narrow": FunctionSpec("input, dim, start, length", _INPUT, _narrow),
    "select": FunctionSpec("input, dim, index", _INPUT, _select),
    "broadcast_to": FunctionSpec("input, *size", _INPUT, template(Expand, how="broadcast_to", sizes=sizes("size"))),
    "tile": FunctionSpec("input, *dims", _INPUT, template(Expand, how="tile", sizes=sizes("dims"))),
    "repeat_interleave": FunctionSpec(
        "input, repeats, dim=None, *, output_size=None",
        _INPUT,
        template(Expand, how="repeat_interleave", sizes=unknown("the sizes after `repeat_interleave`")),
    ),
}

# -- pieces -----------------------------------------------------------------------------------------------------------------


_MOST_PIECES = 1024
"""More pieces than that are not told apart."""


def _pieces(count: object) -> Structure:
    return tuple(range(count)) if isinstance(count, int) and count <= _MOST_PIECES else SEVERAL


def _listed(name: str) -> From:
    """The list that `split_size=[2, 4]` gives; None when it is one number."""
    return lambda arguments: arguments[name] if isinstance(arguments[name], (list, tuple)) else None


def _chunk(signature: str) -> FunctionSpec:
    """`chunk` may give fewer pieces than asked for when the size is small; a network that asks for n reads n."""
    build = template(Split, pieces=argument("chunks"), sizes=None)
    return FunctionSpec(signature, _INPUT, build, lambda arguments: _pieces(arguments["chunks"]))


def _split(signature: str, name: str, tensor: str = "input") -> FunctionSpec:
    """Pieces of one size (their number then depends on the input), or of the sizes in a list."""
    listed = _listed(name)

    def count(arguments: Arguments) -> object:
        pieces = listed(arguments)
        return len(pieces) if isinstance(pieces, (list, tuple)) else None

    return FunctionSpec(signature, (tensor,), template(Split, pieces=count, sizes=listed), lambda arguments: _pieces(count(arguments)))


def _between(places: object) -> object:
    """The sizes of the pieces between indices counted from the start; the last one, and those of n sections, depend on the input."""
    if isinstance(places, (list, tuple)) and all(isinstance(index, int) and index >= 0 for index in places):
        return (*(end - start for start, end in pairwise((0, *places))), Unknown("the size of the last piece"))
    if isinstance(places, int) and places <= _MOST_PIECES:
        return tuple(Unknown("the size of a piece") for _ in range(places))
    return Unknown("the sizes of the pieces")


def _tensor_split(signature: str, **fixed: object) -> FunctionSpec:
    """Exactly n `sections`, or the pieces between `indices`; a list may stand in the place of either."""
    places = first_given("sections", "indices")

    def count(arguments: Arguments) -> object:
        where = places(arguments)
        return len(where) + 1 if isinstance(where, (list, tuple)) else where

    build = template(Split, pieces=count, sizes=lambda arguments: _between(places(arguments)), **fixed)
    return FunctionSpec(signature, _INPUT, build, lambda arguments: _pieces(count(arguments)))


_SPLITS: dict[str, FunctionSpec] = {
    "chunk": _chunk("input, chunks, dim=0"),
    "unsafe_chunk": _chunk("input, chunks, dim=0"),
    "unsafe_split": _split("input, split_size, dim=0", "split_size"),
    "split_with_sizes": _split("input, split_sizes, dim=0", "split_sizes"),
    "unbind": FunctionSpec("input, dim=0", _INPUT, template(Split, keep_dim=False, pieces=None, sizes=None), lambda _: SEVERAL),
    "tensor_split": _tensor_split("input, sections, dim=0 | input, indices, dim=0"),
    "hsplit": _tensor_split("input, sections | input, *indices", dim=_BY_RANK),
    "vsplit": _tensor_split("input, sections | input, *indices", dim=0),
    "dsplit": _tensor_split("input, sections | input, *indices", dim=2),
}

# -- other movements ----------------------------------------------------------------------------------------------------------

_MOVEMENTS: dict[str, FunctionSpec] = {
    "roll": _rearrange("input, shifts, dims=()", "roll", _INPUT, "shifts", "dims"),
    "flip": _rearrange("input, *dims", "flip", _INPUT, "dims"),
    "fliplr": _rearrange("input", "fliplr"),
    "flipud": _rearrange("input", "flipud"),
    "rot90": _rearrange("input, k=1, dims=(0, 1)", "rot90", _INPUT, "k", "dims"),
    "gather": _rearrange("input, dim, index, *, sparse_grad=False, out=None", "gather", ("input", "index"), "dim"),
    "index_select": _rearrange("input, dim, index, *, out=None", "index_select", ("input", "index"), "dim"),
    "take": _rearrange("input, index", "take", ("input", "index")),
    "take_along_dim": _rearrange("input, indices, dim=None, *, out=None", "take_along_dim", ("input", "indices"), "dim"),
    "masked_select": _rearrange("input, mask, *, out=None", "masked_select", ("input", "mask")),
    "masked_scatter": _rearrange("input, mask, source", "masked_scatter", ("input", "mask", "source")),
    "scatter": _rearrange("input, dim, index, src=None, *, value=None, reduce=None, out=None", "scatter", ("input", "index", "src"), "dim"),
    "scatter_add": _rearrange("input, dim, index, src, *, out=None", "scatter_add", ("input", "index", "src"), "dim"),
    "scatter_reduce": _rearrange(
        "input, dim, index, src, reduce, *, include_self=True, out=None", "scatter_reduce", ("input", "index", "src"), "dim", "reduce"
    ),
    "index_add": _rearrange("input, dim, index, source, *, alpha=1, out=None", "index_add", ("input", "index", "source"), "dim"),
    "index_copy": _rearrange("input, dim, index, source, *, out=None", "index_copy", ("input", "index", "source"), "dim"),
    "index_reduce": _rearrange(
        "input, dim, index, source, reduce, *, include_self=True, out=None", "index_reduce", ("input", "index", "source"), "dim", "reduce"
    ),
    "index_fill": _rearrange("input, dim, index, value", "index_fill", ("input", "index"), "dim", "value"),
    "index_put": _rearrange("input, indices, values, accumulate=False", "index_put", ("input", "indices", "values")),
    "select_scatter": _rearrange("input, src, dim, index", "select_scatter", ("input", "src"), "dim", "index"),
    "slice_scatter": _rearrange("input, src, dim=0, start=None, end=None, step=1, *, out=None", "slice_scatter", ("input", "src"), "dim"),
    "diagonal_scatter": _rearrange("input, src, offset=0, dim1=0, dim2=1", "diagonal_scatter", ("input", "src")),
    "diag": _rearrange("input, diagonal=0, *, out=None", "diag", _INPUT, "diagonal"),
    "diagonal": _rearrange("input, offset=0, dim1=0, dim2=1", "diagonal", _INPUT, "offset", "dim1", "dim2"),
    "diag_embed": _rearrange("input, offset=0, dim1=-2, dim2=-1", "diag_embed", _INPUT, "offset", "dim1", "dim2"),
    "diagflat": _rearrange("input, offset=0", "diagflat", _INPUT, "offset"),
    "diff": _rearrange("input, n=1, dim=-1, prepend=None, append=None, *, out=None", "diff", ("input", "prepend", "append"), "n", "dim"),
    "as_strided": _rearrange("input, size, stride, storage_offset=None", "as_strided", _INPUT, "size", "stride"),
    "argwhere": _rearrange("input", "argwhere"),
    "msort": _rearrange("input, *, out=None", "msort"),
    "argsort": _rearrange("input, dim=-1, descending=False, *, stable=False, out=None", "argsort", _INPUT, "dim", "descending"),
    "renorm": _rearrange("input, p, dim, maxnorm, *, out=None", "renorm", _INPUT, "p", "dim", "maxnorm"),
    "nonzero": FunctionSpec(
        "input, *, as_tuple=False, out=None",
        _INPUT,
        template(Rearrange, how="nonzero"),
        lambda arguments: None if arguments["as_tuple"] is False else SEVERAL,
    ),
    "sort": FunctionSpec(
        "input, dim=-1, descending=False, *, stable=False, out=None",
        _INPUT,
        template(Rearrange, how="sort", arguments=options("dim", "descending")),
        pair,
    ),
    "topk": FunctionSpec(
        "input, k, dim=-1, largest=True, sorted=True, *, out=None",
        _INPUT,
        template(Rearrange, how="topk", arguments=options("k", "dim")),
        pair,
    ),
}


def _unique(arguments: Arguments) -> Structure:
    extra = [arguments[name] for name in ("return_inverse", "return_counts")]
    if any(not isinstance(flag, bool) for flag in extra):
        return SEVERAL
    count = 1 + sum(flag is True for flag in extra)
    return None if count == 1 else tuple(range(count))


_MOVEMENTS |= {
    name: FunctionSpec(f"input, {first}return_inverse=False, return_counts=False, dim=None", _INPUT, template(Rearrange, how=name), _unique)
    for name, first in (("unique", "sorted=True, "), ("unique_consecutive", ""))
}

# -- values unchanged ---------------------------------------------------------------------------------------------------------

_SAME: dict[str, FunctionSpec] = {
    "clone": FunctionSpec("input, *, memory_format=None", _INPUT, template(Identity)),
    **{name: FunctionSpec("input", _INPUT, template(Identity)) for name in ("resolve_conj", "resolve_neg")},
    "detach": FunctionSpec("input", _INPUT, template(Detach, how="detach")),
}

_FLOATING = "float double half bfloat16 cfloat cdouble chalf"
_FAST = "input, *, memory_format=None"
_DEVICE = "input, device=None, non_blocking=False, memory_format=None"

_INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 int long short bool"


def _converted(arguments: Arguments) -> Operator:
    """`x.to(torch.long)` rounds, as `x.long()` does; any other conversion keeps the values."""
    args, kwargs, dtype = (arguments.get(name) for name in ("args", "kwargs", "dtype"))
    given = [*(args if isinstance(args, tuple) else ()), *(kwargs.values() if isinstance(kwargs, dict) else ()), dtype]
    kind = next((name for value in given if (name := _type_name(value)) in _INTEGERS.split()), None)
    return Identity() if kind is None else Elementwise(how=kind)


def _type_name(value: object) -> str:
    """The name of a dtype without its module: a live one, or as source says it."""
    return str(value).removeprefix("torch.") if isinstance(value, str) or type(value).__name__ == "dtype" else ""


_CONVERSIONS: dict[str, FunctionSpec] = {
    "contiguous": FunctionSpec("input, memory_format=None", _INPUT, template(Identity)),
    "to": FunctionSpec("input, *args, **kwargs", _INPUT, _converted),
    "type": FunctionSpec("input, dtype=None, non_blocking=False, **kwargs", _INPUT, _converted),
    "type_as": FunctionSpec("input, other", _INPUT, template(Identity)),
    "cpu": FunctionSpec("input, memory_format=None", _INPUT, template(Identity)),
    **{name: FunctionSpec(_DEVICE, _INPUT, template(Identity)) for name in ("cuda", "xpu")},
    **{name: FunctionSpec(_FAST, _INPUT, template(Identity)) for name in _FLOATING.split()},
    # Rounds towards zero: element by element, but not the same values.
    **{name: FunctionSpec(_FAST, _INPUT, template(Elementwise, how=name)) for name in ("int", "long", "short", "char", "byte", "bool")},
    "requires_grad": FunctionSpec("input, requires_grad=True", _INPUT, template(Identity)),
    "copy": FunctionSpec("input, other, non_blocking=False", ("other",), template(Identity)),
    "pin_memory": FunctionSpec("input, device=None", _INPUT, template(Identity)),
    "share_memory": FunctionSpec("input", _INPUT, template(Identity)),
    "as_subclass": FunctionSpec("input, cls", _INPUT, template(Identity)),
    "to_dense": FunctionSpec("input, dtype=None, *, masked_grad=None", _INPUT, template(Identity)),
    "to_sparse": FunctionSpec("input, *args, **kwargs", _INPUT, template(Identity)),
    "coalesce": FunctionSpec("input", _INPUT, template(Identity)),
    "item": FunctionSpec("input", _INPUT, template(Detach, how="item")),
    "tolist": FunctionSpec("input", _INPUT, template(Detach, how="tolist")),
    "numpy": FunctionSpec("input, *, force=False", _INPUT, template(Detach, how="numpy")),
}

# -- padding, resampling, pixels ----------------------------------------------------------------------------------------------


def _pad_layer(dims: int, mode: str) -> LayerSpec:
    """nn.ZeroPad2d and the like: one number stands for all 2 * dims sides."""
    return LayerSpec("padding", template(Pad, mode=mode, pad=_sides(dims)))


def _sides(dims: int) -> From:
    def pad(arguments: Arguments) -> object:
        padding = arguments["padding"]
        return (padding,) * (2 * dims) if isinstance(padding, (int, Unknown)) else padding

    return pad


def _pad_value(arguments: Arguments) -> object:
    return 0.0 if arguments["value"] is None else plain(arguments["value"])


_FOLD = "output_size, kernel_size, dilation=1, padding=0, stride=1"
_UNFOLD = "kernel_size, dilation=1, padding=0, stride=1"
_FOLD_OPTIONS = ("output_size", "kernel_size", "dilation", "padding", "stride")
_RESIZE = "size=None, scale_factor=None, mode='nearest', align_corners=None"

LAYERS: dict[str, LayerSpec] = {
    "torch.nn.Identity": LayerSpec("*args, **kwargs", template(Identity)),
    "torch.nn.Flatten": LayerSpec("start_dim=1, end_dim=-1", template(Flatten)),
    "torch.nn.Unflatten": LayerSpec("dim, unflattened_size", template(Unflatten, sizes=argument("unflattened_size"))),
    **{
        f"torch.nn.{name}Pad{dims}d": _pad_layer(dims, mode)
        for name, mode in (("Zero", "constant"), ("Reflection", "reflect"), ("Replication", "replicate"), ("Circular", "circular"))
        for dims in (1, 2, 3)
    },
    **{
        f"torch.nn.ConstantPad{dims}d": LayerSpec("padding, value", template(Pad, pad=_sides(dims), value=_pad_value)) for dims in (1, 2, 3)
    },
    "torch.nn.Upsample": LayerSpec(f"{_RESIZE}, recompute_scale_factor=None", template(Resample)),
    "torch.nn.UpsamplingNearest2d": LayerSpec("size=None, scale_factor=None", template(Resample, mode="nearest")),
    "torch.nn.UpsamplingBilinear2d": LayerSpec("size=None, scale_factor=None", template(Resample, mode="bilinear", align_corners=True)),
    "torch.nn.PixelShuffle": LayerSpec("upscale_factor", template(PixelShuffle, factor=argument("upscale_factor"))),
    "torch.nn.PixelUnshuffle": LayerSpec("downscale_factor", template(PixelShuffle, factor=argument("downscale_factor"), inverse=True)),
    "torch.nn.ChannelShuffle": LayerSpec("groups", template(Rearrange, how="channel_shuffle", arguments=options("groups"))),
    "torch.nn.Fold": LayerSpec(_FOLD, template(Rearrange, how="fold", arguments=options(*_FOLD_OPTIONS))),
    "torch.nn.Unfold": LayerSpec(_UNFOLD, template(Rearrange, how="unfold", arguments=options(*_FOLD_OPTIONS[1:]))),
    "torchvision.ops.Permute": LayerSpec("dims", template(Permute, order=argument("dims")), call="x", tensors=("x",)),
    "einops.layers.torch.Rearrange": LayerSpec(
        "pattern, **axes_lengths", template(Rearrange, how="einops.rearrange", arguments=options("pattern"))
    ),
}


def _resample(signature: str, **fixed: object) -> FunctionSpec:
    return FunctionSpec(signature, _INPUT, template(Resample, **fixed))


_FUNCTIONAL: dict[str, FunctionSpec] = {
    "pad": FunctionSpec("input, pad, mode='constant', value=None", _INPUT, template(Pad, value=_pad_value)),
    "interpolate": _resample(f"input, {_RESIZE}, recompute_scale_factor=None, antialias=False"),
    "upsample": _resample(f"input, {_RESIZE}"),
    "upsample_nearest": _resample("input, size=None, scale_factor=None", mode="nearest"),
    "upsample_bilinear": _resample("input, size=None, scale_factor=None", mode="bilinear", align_corners=True),
    "grid_sample": FunctionSpec(
        "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None",
        ("input", "grid"),
        template(Resample, size=unknown("the size of the sampling grid")),
    ),
    "affine_grid": _rearrange("theta, size, align_corners=None", "affine_grid", ("theta",), "size"),
    "pixel_shuffle": FunctionSpec("input, upscale_factor", _INPUT, template(PixelShuffle, factor=argument("upscale_factor"))),
    "pixel_unshuffle": FunctionSpec(
        "input, downscale_factor", _INPUT, template(PixelShuffle, factor=argument("downscale_factor"), inverse=True)
    ),
    "channel_shuffle": _rearrange("input, groups", "channel_shuffle", _INPUT, "groups"),
    "native_channel_shuffle": _rearrange("input, groups", "channel_shuffle", _INPUT, "groups"),
    "fold": _rearrange(f"input, {_FOLD}", "fold", _INPUT, *_FOLD_OPTIONS),
    "unfold": _rearrange(f"input, {_UNFOLD}", "unfold", _INPUT, *_FOLD_OPTIONS[1:]),
    "one_hot": _rearrange("input, num_classes=-1", "one_hot", _INPUT, "num_classes"),
}

# -- joins, and what is a function or a method only ---------------------------------------------------------------------------


def _join(kind: type[Operator], **fixed: object) -> FunctionSpec:
    signature = "tensors, *, out=None" if fixed else "tensors, dim=0, *, out=None"
    return FunctionSpec(signature, ("tensors",), template(kind, **fixed))


def _each(signature: str, how: str) -> FunctionSpec:
    """Gives as many tensors as it takes."""

    def results(arguments: Arguments) -> Structure:
        tensors = arguments["tensors"]
        return _pieces(len(tensors)) if isinstance(tensors, tuple) and len(tensors) > 1 else SEVERAL

    return FunctionSpec(signature, ("tensors",), template(Expand, how=how, sizes=_OF_OTHER), results)


_STACKS = "vstack dstack column_stack row_stack"
_FFT = "fft ifft rfft irfft hfft ihfft"

FUNCTIONS: dict[str, FunctionSpec] = {
    **{f"torch.nn.functional.{name}": spec for name, spec in _FUNCTIONAL.items()},
    "torch.linalg.diagonal": _rearrange("A, *, offset=0, dim1=-2, dim2=-1", "diagonal", ("A",), "offset", "dim1", "dim2"),
    "torch.detach_": in_place(_SAME["detach"]),
    "torch.constant_pad_nd": FunctionSpec("input, pad, value=0", _INPUT, template(Pad, mode="constant", value=_pad_value)),
    "torch.cat": _join(Concat),
    "torch.stack": _join(Stack),
    "torch.hstack": _join(Concat, dim=_BY_RANK),
    # These add dimensions to inputs of low rank.
    **{f"torch.{name}": _rearrange("tensors, *, out=None", name, ("tensors",)) for name in _STACKS.split()},
    "torch.split": _split("tensor, split_size_or_sections, dim=0", "split_size_or_sections", "tensor"),
    "torch.meshgrid": _each("*tensors, indexing=None", "meshgrid"),
    "torch.broadcast_tensors": _each("*tensors", "broadcast_tensors"),
    **{
        f"torch.atleast_{rank}d": FunctionSpec(
            "*tensors", ("tensors",), template(Reshape, sizes=_BY_RANK), lambda arguments: _atleast(arguments["tensors"])
        )
        for rank in (1, 2, 3)
    },
    "torch.cartesian_prod": _rearrange("*tensors", "cartesian_prod", ("tensors",)),
    "torch.block_diag": _rearrange("*tensors", "block_diag", ("tensors",)),
    "torch.combinations": _rearrange("input, r=2, with_replacement=False", "combinations", _INPUT, "r"),
    "torch.searchsorted": _rearrange(
        "sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None, out=None",
        "searchsorted",
        ("sorted_sequence", "input"),
    ),
    "torch.real": FunctionSpec("input", _INPUT, template(Elementwise, how="real")),
    "torch.imag": FunctionSpec("input", _INPUT, template(Elementwise, how="imag")),
    "torch.view_as_real": _rearrange("input", "view_as_real"),
    "torch.view_as_complex": _rearrange("input", "view_as_complex"),
    # Fourier transforms are linear with fixed, orthogonal weights: what they do to a signal is to rearrange it.
    **{f"torch.fft.{name}": _rearrange("input, n=None, dim=-1, norm=None, *, out=None", name, _INPUT, "n", "dim") for name in _FFT.split()},
    **{
        f"torch.fft.{name}2": _rearrange("input, s=None, dim=(-2, -1), norm=None, *, out=None", f"{name}2", _INPUT, "s", "dim")
        for name in _FFT.split()
    },
    **{
        f"torch.fft.{name}n": _rearrange("input, s=None, dim=None, norm=None, *, out=None", f"{name}n", _INPUT, "s", "dim")
        for name in _FFT.split()
    },
    **{f"torch.fft.{name}": _rearrange("input, dim=None", name, _INPUT, "dim") for name in ("fftshift", "ifftshift")},
    "torch.nn.utils.rnn.pack_padded_sequence": _rearrange(
        "input, lengths, batch_first=False, enforce_sorted=True", "pack_padded_sequence", _INPUT, "batch_first"
    ),
    "torch.nn.utils.rnn.pad_packed_sequence": FunctionSpec(
        "sequence, batch_first=False, padding_value=0.0, total_length=None",
        ("sequence",),
        template(Rearrange, how="pad_packed_sequence", arguments=options("batch_first")),
        pair,
    ),
    "torch.nn.utils.rnn.pack_sequence": _rearrange("sequences, enforce_sorted=True", "pack_sequence", ("sequences",)),
    "torch.nn.utils.rnn.pad_sequence": _rearrange(
        "sequences, batch_first=False, padding_value=0.0, padding_side='right'", "pad_sequence", ("sequences",), "batch_first"
    ),
    "torch.nn.utils.rnn.unpad_sequence": FunctionSpec(
        "padded_sequences, lengths, batch_first=False", ("padded_sequences",), template(Rearrange, how="unpad_sequence"), lambda _: SEVERAL
    ),
    "einops.rearrange": _rearrange("tensor, pattern, **axes_lengths", "einops.rearrange", ("tensor",), "pattern"),
    "einops.repeat": FunctionSpec(
        "tensor, pattern, **axes_lengths",
        ("tensor",),
        template(Expand, how="einops.repeat", sizes=unknown("the sizes that an einops pattern makes")),
    ),
}


def _atleast(tensors: object) -> Structure:
    """One tensor gives one, several give as many."""
    return None if isinstance(tensors, tuple) and len(tensors) == 1 else _pieces(len(tensors) if isinstance(tensors, tuple) else None)


SHARED: dict[str, FunctionSpec] = {**_VIEWS, **_SPLITS, **_MOVEMENTS, **_SAME}

METHODS: dict[str, FunctionSpec] = {
    **_CONVERSIONS,
    "view": FunctionSpec("input, *size", _INPUT, template(Reshape, sizes=sizes("size"))),
    "view_as": FunctionSpec("input, other", _INPUT, template(Reshape, sizes=_OF_OTHER)),
    "reshape_as": FunctionSpec("input, other", _INPUT, template(Reshape, sizes=_OF_OTHER)),
    "resize": FunctionSpec("input, *sizes, memory_format=None", _INPUT, template(Reshape, sizes=sizes("sizes"))),
    "expand": FunctionSpec("input, *size, implicit=False", _INPUT, template(Expand, how="expand", sizes=sizes("size"))),
    "expand_as": FunctionSpec("input, other", _INPUT, template(Expand, how="expand_as", sizes=_OF_OTHER)),
    "repeat": FunctionSpec("input, *repeats", _INPUT, template(Expand, how="repeat", sizes=sizes("repeats"))),
    "split": _split("input, split_size, dim=0", "split_size"),
    "unfold": _rearrange("input, dimension, size, step", "Tensor.unfold", _INPUT, "dimension", "size", "step"),
    "put": _rearrange("input, index, source, accumulate=False", "put", ("input", "index", "source")),
}
