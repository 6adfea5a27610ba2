"""Operators that move elements without computing on them, and resampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.shapes import (
    at,
    chunk,
    concatenated,
    expanded,
    flattened,
    indexed,
    padded,
    permuted,
    pixel_shuffled,
    product,
    rearranged,
    reduced,
    repeated,
    replaced,
    resampled,
    reshaped,
    squeezed,
    swapped,
    unflattened,
    unfolded,
    unsqueezed,
    written,
)
from netlint.graph.unknown import Bool, Dim, Int, Shape, Unknown


@dataclass(eq=False, kw_only=True)
class Identity(Operator):
    """Gives its input unchanged (`nn.Identity`, `.contiguous()`, `.to(...)`, `.clone()`)."""

    keeps_shape: ClassVar[bool] = True
    elementwise: ClassVar[bool] = True

    @property
    def monotone(self) -> Bool:
        return True


@dataclass(eq=False, kw_only=True)
class Detach(Operator):
    """Gives its input without its gradient (`.detach()`, `.data`, `.item()`, anything under `no_grad`); `how` names which."""

    keeps_shape: ClassVar[bool] = True
    how: str = "detach"


@dataclass(eq=False, kw_only=True)
class Flatten(Operator):
    """Merges dimensions start_dim..end_dim into one."""

    start_dim: Int = 1
    end_dim: Int = -1

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return flattened(inputs[0], self.start_dim, self.end_dim) if inputs else None


@dataclass(eq=False, kw_only=True)
class Unflatten(Operator):
    """Splits one dimension into several."""

    dim: Int
    sizes: tuple[Int, ...] | Unknown

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return unflattened(inputs[0], self.dim, self.sizes) if inputs else None


@dataclass(eq=False, kw_only=True)
class Reshape(Operator):
    """`view` or `reshape` to `sizes` (-1 is inferred)."""

    sizes: tuple[Int, ...] | Unknown

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        if shape is None or isinstance(self.sizes, Unknown) or reshaped(shape, self.sizes) is not None:
            return None
        return f"{written(shape)} has {product(shape)} elements, which cannot be seen as {written(self.sizes)}"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return reshaped(inputs[0], self.sizes) if inputs else None


@dataclass(eq=False, kw_only=True)
class Permute(Operator):
    """Reorders dimensions (`permute`, `transpose`, `.T`, `movedim`). `order` is None when it is given as two swapped `dims`."""

    order: tuple[Int, ...] | Unknown | None = None
    swap: tuple[Int, Int] | None = None

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if not inputs:
            return None
        if self.swap is not None:
            return swapped(inputs[0], *self.swap)
        return None if self.order is None else permuted(inputs[0], self.order)


@dataclass(eq=False, kw_only=True)
class Squeeze(Operator):
    """Drops dimensions of size one (all if dim is None)."""

    dim: int | tuple[Int, ...] | None | Unknown = None

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return squeezed(inputs[0], self.dim) if inputs else None


@dataclass(eq=False, kw_only=True)
class Unsqueeze(Operator):
    """Inserts a dimension of size one."""

    dim: Int

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return unsqueezed(inputs[0], self.dim) if inputs else None


@dataclass(eq=False, kw_only=True)
class Expand(Operator):
    """`expand`, `repeat`, `repeat_interleave`, `tile`: copies along dimensions. `how` is the method's name."""

    how: str = "expand"
    sizes: tuple[Int, ...] | Unknown = ()

    @property
    def name(self) -> str:
        return self.how

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        shape = inputs[0] if inputs else None
        if self.how in ("expand", "broadcast_to"):
            return expanded(shape, self.sizes)
        if self.how == "repeat":
            return repeated(shape, self.sizes)
        if self.how == "tile" and shape is not None and not isinstance(self.sizes, Unknown):
            return repeated(shape, (1,) * (len(shape) - len(self.sizes)) + self.sizes)
        return None


@dataclass(eq=False, kw_only=True)
class Slice(Operator):
    """Indexing: `index` is a tuple of ints, slices, None, Ellipsis or Unknown, as written."""

    index: tuple[object, ...] | Unknown = ()

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return indexed(inputs[0], self.index) if inputs else None


@dataclass(eq=False, kw_only=True)
class Split(Operator):
    """`chunk`, `split`, `unbind`: several pieces along `dim`; read them with `Select`. `sizes` are the pieces' sizes, if known."""

    dim: Int = 0
    pieces: Int | None = None
    sizes: tuple[Int, ...] | Unknown | None = None
    keep_dim: bool = True

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        shape = inputs[0] if inputs else None
        if shape is None or not isinstance(index, int):
            return None
        if not self.keep_dim:
            return reduced(shape, self.dim, keepdim=False)
        size = self._piece(at(shape, self.dim), index)
        return None if size is None else replaced(shape, self.dim, size)

    def _piece(self, size: Dim | None, index: int) -> Dim | None:
        """The size of one piece, of `size` in all."""
        if isinstance(self.sizes, tuple):
            return self.sizes[index] if 0 <= index < len(self.sizes) else None
        if size is None or self.pieces is None or index < 0:
            return Unknown("the size of a piece")
        return chunk(size, self.pieces, index)


@dataclass(eq=False, kw_only=True)
class Concat(Operator):
    """`torch.cat` along `dim`."""

    dim: Int = 0

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        known = [shape for shape in inputs if shape is not None]
        if not known or isinstance(self.dim, Unknown) or concatenated(known, self.dim) is not None:
            return None
        return f"{' and '.join(map(written, known))} cannot be joined along dimension {self.dim}"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return concatenated(inputs, self.dim)


@dataclass(eq=False, kw_only=True)
class Stack(Operator):
    """`torch.stack` along a new `dim`."""

    dim: Int = 0

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        known = next((shape for shape in inputs if shape is not None), None)
        return unsqueezed(known, self.dim, len(inputs))


@dataclass(eq=False, kw_only=True)
class Pad(Operator):
    """Padding; `pad` as in `F.pad`: last dimension first, (before, after) pairs. `mode` constant, reflect, replicate, circular."""

    pad: tuple[Int, ...] | Unknown
    mode: str | Unknown = "constant"
    value: object = 0.0

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return padded(inputs[0], self.pad) if inputs else None


@dataclass(eq=False, kw_only=True)
class Resample(Operator):
    """`nn.Upsample`, `F.interpolate`, `grid_sample`: resampling of the spatial dimensions."""

    size: tuple[Int, ...] | Int | None = None
    scale_factor: tuple[object, ...] | float | None | Unknown = None
    mode: str | Unknown = "nearest"
    align_corners: bool | None | Unknown = None
    antialias: Bool = False
    recompute_scale_factor: bool | None | Unknown = None

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return resampled(inputs[0], self.size, self.scale_factor) if inputs else None


@dataclass(eq=False, kw_only=True)
class PixelShuffle(Operator):
    """(C r^2, H, W) to (C, H r, W r); the inverse when `inverse`."""

    factor: Int
    inverse: bool = False

    @property
    def name(self) -> str:
        return "PixelUnshuffle" if self.inverse else "PixelShuffle"

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        if shape is None or pixel_shuffled(shape, self.factor, self.inverse) is not None:
            return None
        return f"{self.name} with factor {self.factor} does not divide its input {written(shape)}"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return pixel_shuffled(inputs[0], self.factor, self.inverse) if inputs else None


_SAME_SHAPE = (
    "roll flip fliplr flipud channel_shuffle sort msort argsort cumsum cumprod logcumsumexp cummax cummin renorm fftshift ifftshift "
    "scatter scatter_add scatter_reduce masked_scatter index_add index_copy index_reduce index_fill index_put "
    "select_scatter slice_scatter diagonal_scatter"
)
SAME_SHAPE = frozenset(_SAME_SHAPE.split())
"""The movements whose result has the shape of the first input."""


@dataclass(eq=False, kw_only=True)
class Rearrange(Operator):
    """Any other pure movement of elements (`roll`, `flip`, `channel_shuffle`, `unfold`, `fold`, `gather`, einops patterns)."""

    how: str = ""
    arguments: tuple[object, ...] = ()

    @property
    def name(self) -> str:
        return self.how or "Rearrange"

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        shape = inputs[0] if inputs else None
        if self.how in SAME_SHAPE:
            return shape
        match self.how, self.arguments:
            case "gather", _:
                return inputs[1] if len(inputs) > 1 else None
            case "topk", (int() | Unknown() as count, int() | Unknown() as dim):
                return replaced(shape, dim, count)
            case "one_hot", (int() | Unknown() as classes,) if classes != -1 and shape is not None:
                return (*shape, classes)
            case "unfold", (kernel_size, dilation, padding, stride):
                return unfolded(shape, kernel_size, dilation, padding, stride)
            case "einops.rearrange", (str() as pattern,):
                return rearranged(shape, pattern)
        return None

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        # values and indices
        return self.infer(inputs) if self.how in ("sort", "topk", "cummax", "cummin") and index in (0, 1) else None
