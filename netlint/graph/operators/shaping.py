"""Operators that move elements without computing on them, and resampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Int, Unknown


@dataclass(eq=False, kw_only=True)
class Identity(Operator):
    """Gives its input unchanged (`nn.Identity`, `.contiguous()`, `.to(...)`, `.clone()`)."""

    elementwise: ClassVar[bool] = True


@dataclass(eq=False, kw_only=True)
class Detach(Operator):
    """Gives its input without its gradient (`.detach()`, `.data`, `.item()`, anything under `no_grad`); `how` names which."""

    how: str = "detach"


@dataclass(eq=False, kw_only=True)
class Flatten(Operator):
    """Merges dimensions start_dim..end_dim into one."""

    start_dim: Int = 1
    end_dim: Int = -1


@dataclass(eq=False, kw_only=True)
class Unflatten(Operator):
    """Splits one dimension into several."""

    dim: Int
    sizes: tuple[Int, ...] | Unknown


@dataclass(eq=False, kw_only=True)
class Reshape(Operator):
    """`view` or `reshape` to `sizes` (-1 is inferred)."""

    sizes: tuple[Int, ...] | Unknown


@dataclass(eq=False, kw_only=True)
class Permute(Operator):
    """Reorders dimensions (`permute`, `transpose`, `.T`, `movedim`). `order` is None when it is given as two swapped `dims`."""

    order: tuple[Int, ...] | Unknown | None = None
    swap: tuple[Int, Int] | None = None


@dataclass(eq=False, kw_only=True)
class Squeeze(Operator):
    """Drops dimensions of size one (all if dim is None)."""

    dim: int | tuple[Int, ...] | None | Unknown = None


@dataclass(eq=False, kw_only=True)
class Unsqueeze(Operator):
    """Inserts a dimension of size one."""

    dim: Int


@dataclass(eq=False, kw_only=True)
class Expand(Operator):
    """`expand`, `repeat`, `repeat_interleave`, `tile`: copies along dimensions. `how` is the method's name."""

    how: str = "expand"
    sizes: tuple[Int, ...] | Unknown = ()


@dataclass(eq=False, kw_only=True)
class Slice(Operator):
    """Indexing: `index` is a tuple of ints, slices, None, Ellipsis or Unknown, as written."""

    index: tuple[object, ...] | Unknown = ()


@dataclass(eq=False, kw_only=True)
class Split(Operator):
    """`chunk`, `split`, `unbind`: several pieces along `dim`; read them with `Select`. `sizes` are the pieces' sizes, if known."""

    dim: Int = 0
    pieces: Int | None = None
    sizes: tuple[Int, ...] | Unknown | None = None
    keep_dim: bool = True


@dataclass(eq=False, kw_only=True)
class Concat(Operator):
    """`torch.cat` along `dim`."""

    dim: Int = 0


@dataclass(eq=False, kw_only=True)
class Stack(Operator):
    """`torch.stack` along a new `dim`."""

    dim: Int = 0


@dataclass(eq=False, kw_only=True)
class Pad(Operator):
    """Padding; `pad` as in `F.pad`: last dimension first, (before, after) pairs. `mode` constant, reflect, replicate, circular."""

    pad: tuple[Int, ...] | Unknown
    mode: str | Unknown = "constant"
    value: object = 0.0


@dataclass(eq=False, kw_only=True)
class Resample(Operator):
    """`nn.Upsample`, `F.interpolate`, `grid_sample`: resampling of the spatial dimensions."""

    size: tuple[Int, ...] | Int | None = None
    scale_factor: tuple[object, ...] | float | None | Unknown = None
    mode: str | Unknown = "nearest"


@dataclass(eq=False, kw_only=True)
class PixelShuffle(Operator):
    """(C r^2, H, W) to (C, H r, W r); the inverse when `inverse`."""

    factor: Int
    inverse: bool = False


@dataclass(eq=False, kw_only=True)
class Rearrange(Operator):
    """Any other pure movement of elements (`roll`, `flip`, `channel_shuffle`, `unfold`, `fold`, `gather`, einops patterns)."""

    how: str = ""
    arguments: tuple[object, ...] = ()
