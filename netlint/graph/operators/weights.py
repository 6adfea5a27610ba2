"""Operators with learned linear maps: convolutions, linear layers, embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.parameter import optional
from netlint.graph.shapes import all_positive, per_dimension, rank_conflict, size_conflict, spatial, transposed_size, window_count, written
from netlint.graph.unknown import Bool, Dim, Int, Shape, Unknown, when_known


@dataclass(eq=False, kw_only=True)
class Conv(Operator):
    """Convolution over `dims` spatial dimensions, or its transpose (`torch.nn.Conv1d` ... `ConvTranspose3d`).

    A functional call reads (input, weight[, bias]); the weight's shape then stands in for unknown channels and kernel sizes.
    """

    weighted: ClassVar[bool] = True
    dims: int
    in_channels: Int
    out_channels: Int
    kernel_size: tuple[Int, ...] | Unknown
    stride: tuple[Int, ...] | Unknown = (1,)
    padding: tuple[Int, ...] | str | Unknown = (0,)
    output_padding: tuple[Int, ...] | Unknown = (0,)
    dilation: tuple[Int, ...] | Unknown = (1,)
    groups: Int = 1
    bias: Bool = True
    padding_mode: str | Unknown = "zeros"
    transposed: bool = False

    @property
    def name(self) -> str:
        return f"Conv{'Transpose' if self.transposed else ''}{self.dims}d"

    def parameter_shapes(self) -> dict[str, Shape]:
        kernel = per_dimension(self.kernel_size, self.dims)
        wide, grouped = (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        weight = (wide, when_known(int.__floordiv__, grouped, self.groups), *kernel)
        return {"weight": weight, **optional(self.bias, bias=(self.out_channels,))}

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        sentence = rank_conflict(self.name, shape, (self.dims + 1, self.dims + 2)) or size_conflict(
            self.name, shape, -self.dims - 1, self._channels(inputs)[0], "channels"
        )
        if sentence is not None or shape is None:
            return sentence
        sizes = self._spatial_sizes(shape[-self.dims :], inputs)
        if all_positive(sizes) is None:
            return f"{self.name} with kernel {written(self._kernel(inputs))} does not fit into its input {written(shape)}"
        return None

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        split = spatial(inputs[0], self.dims) if inputs else None
        if split is None or self.conflict(inputs) is not None:
            return None
        lead, sizes = split
        return (*lead[:-1], self._channels(inputs)[1], *self._spatial_sizes(sizes, inputs))

    def _channels(self, inputs: tuple[Shape | None, ...]) -> tuple[Int, Int]:
        """Channels in and out, by argument or by the weight of a functional call."""
        if not isinstance(self.in_channels, Unknown) or len(inputs) < 2 or inputs[1] is None or len(inputs[1]) < 2:
            return self.in_channels, self.out_channels
        first, second = inputs[1][:2]
        grouped = when_known(int.__mul__, second, self.groups)
        return (first, grouped) if self.transposed else (grouped, first)

    def _kernel(self, inputs: tuple[Shape | None, ...]) -> tuple[Int, ...]:
        if isinstance(self.kernel_size, Unknown) and len(inputs) > 1 and inputs[1] is not None and len(inputs[1]) == self.dims + 2:
            return inputs[1][2:]
        return per_dimension(self.kernel_size, self.dims)

    def _spatial_sizes(self, sizes: Shape, inputs: tuple[Shape | None, ...]) -> Shape:
        kernel = self._kernel(inputs)
        stride = per_dimension(self.stride, self.dims)
        dilation = per_dimension(self.dilation, self.dims)
        if self.padding == "same":
            return sizes
        padding = (0,) * self.dims if isinstance(self.padding, str) else per_dimension(self.padding, self.dims)
        if not self.transposed:
            windows = zip(sizes, kernel, stride, padding, dilation, strict=True)
            return tuple(window_count(*window) for window in windows)
        extra = per_dimension(self.output_padding, self.dims)
        return tuple(transposed_size(*window) for window in zip(sizes, kernel, stride, padding, extra, dilation, strict=True))


@dataclass(eq=False, kw_only=True)
class Linear(Operator):
    """y = x W^T + b over the last dimension (`torch.nn.Linear`). A functional call reads (input, weight[, bias])."""

    weighted: ClassVar[bool] = True
    in_features: Int
    out_features: Int
    bias: Bool = True

    def parameter_shapes(self) -> dict[str, Shape]:
        return {"weight": (self.out_features, self.in_features), **optional(self.bias, bias=(self.out_features,))}

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        return size_conflict(self.name, inputs[0] if inputs else None, -1, self._features(inputs)[1], "features in the last dimension")

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if not inputs or not inputs[0] or self.conflict(inputs) is not None:
            return None
        return (*inputs[0][:-1], self._features(inputs)[0])

    def _features(self, inputs: tuple[Shape | None, ...]) -> tuple[Dim, Dim]:
        """Features out and in, by argument or by the weight of a functional call."""
        if isinstance(self.in_features, Unknown) and len(inputs) > 1 and inputs[1] is not None and len(inputs[1]) == 2:
            return inputs[1][0], inputs[1][1]
        return self.out_features, self.in_features


@dataclass(eq=False, kw_only=True)
class Bilinear(Operator):
    """y = x1^T A x2 + b (`torch.nn.Bilinear`)."""

    weighted: ClassVar[bool] = True
    in1_features: Int
    in2_features: Int
    out_features: Int
    bias: Bool = True

    def parameter_shapes(self) -> dict[str, Shape]:
        weight = (self.out_features, self.in1_features, self.in2_features)
        return {"weight": weight, **optional(self.bias, bias=(self.out_features,))}

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        for shape, expected in zip(inputs, (self.in1_features, self.in2_features), strict=False):
            sentence = size_conflict(self.name, shape, -1, expected, "features in the last dimension")
            if sentence is not None:
                return sentence
        return None

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if not inputs or not inputs[0] or self.conflict(inputs) is not None:
            return None
        return (*inputs[0][:-1], self.out_features)


@dataclass(eq=False, kw_only=True)
class Embedding(Operator):
    """A table looked up by integer index (`torch.nn.Embedding`, `EmbeddingBag` when `bag`)."""

    num_embeddings: Int
    embedding_dim: Int
    padding_idx: int | None | Unknown = None
    bag: bool = False

    @property
    def name(self) -> str:
        return "EmbeddingBag" if self.bag else "Embedding"

    def parameter_shapes(self) -> dict[str, Shape]:
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        shape = inputs[0] if inputs else None
        if shape is None:
            return None
        if self.bag:
            bags = shape[0] if len(shape) == 2 else Unknown("the number of bags")
            return (bags, self.embedding_dim)
        return (*shape, self.embedding_dim)
