"""Shapes: sizes of results against PyTorch's rules, unknown sizes that flow, and sentences for sizes that contradict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from netlint.graph import Operator, Shape, Unknown
from netlint.graph.operators import (
    GLU,
    AdaptiveAvgPool,
    Add,
    Alternatives,
    Attention,
    AvgPool,
    BatchNorm,
    Concat,
    Constant,
    Conv,
    CrossEntropy,
    Einsum,
    Elementwise,
    Embedding,
    Expand,
    Flatten,
    GroupNorm,
    LayerNorm,
    Linear,
    MatMul,
    MaxPool,
    MaxUnpool,
    MultiheadAttention,
    Opaque,
    Pad,
    Permute,
    PixelShuffle,
    Rearrange,
    Recurrent,
    Reduce,
    ReLU,
    Resample,
    Reshape,
    Select,
    Slice,
    Softmax,
    Split,
    Squeeze,
    Stack,
    Unflatten,
    Unsqueeze,
)
from netlint.graph.shapes import conflicts, written

if TYPE_CHECKING:
    from tests.graph.conftest import Builder

B = Unknown("the batch size")
H = Unknown("the height")
NOT_GIVEN = Unknown("an option")


def conv(kernel: int = 3, transposed: bool = False, **options: object) -> Conv:
    return Conv(dims=2, in_channels=3, out_channels=8, kernel_size=(kernel,), transposed=transposed, **options)  # type: ignore[arg-type]


def pool(kernel: int, stride: int, padding: int = 0, ceil_mode: bool = False) -> MaxPool:
    return MaxPool(dims=2, kernel_size=(kernel,), stride=(stride,), padding=(padding,), ceil_mode=ceil_mode)


IMAGE = (B, 3, 32, 30)
MAP = (B, 64, 7, 7)
TOKENS = (B, 16, 64)


@pytest.mark.parametrize(
    ("operator", "shapes", "expected"),
    [
        (conv(), [IMAGE], (B, 8, 30, 28)),
        (conv(padding=(1,), stride=(2,)), [IMAGE], (B, 8, 16, 15)),
        (conv(padding="same", dilation=(2,)), [IMAGE], (B, 8, 32, 30)),
        (conv(padding="valid", dilation=(2,)), [IMAGE], (B, 8, 28, 26)),
        (conv(padding=(1,)), [(B, 3, H, 30)], (B, 8, H, 30)),
        (conv(), [(3, 32, 30)], (8, 30, 28)),
        (conv(kernel=4, transposed=True, stride=(2,), padding=(1,)), [IMAGE], (B, 8, 64, 60)),
        (conv(transposed=True, stride=(2,), padding=(1,), output_padding=(1,)), [IMAGE], (B, 8, 64, 60)),
        (Conv(dims=1, in_channels=B, out_channels=B, kernel_size=B), [(2, 4, 9), (6, 4, 3)], (2, 6, 7)),  # F.conv1d(x, weight)
        (Linear(in_features=64, out_features=10), [TOKENS], (B, 16, 10)),
        (Linear(in_features=B, out_features=B), [(2, 4), (6, 4)], (2, 6)),
        (Embedding(num_embeddings=100, embedding_dim=64), [(B, 16)], TOKENS),
        (Embedding(num_embeddings=100, embedding_dim=64, bag=True), [(B, 16)], (B, 64)),
        (pool(3, 2, 1), [(B, 64, 112, 112)], (B, 64, 56, 56)),
        (pool(3, 2), [(B, 64, 112, 112)], (B, 64, 55, 55)),
        (pool(3, 2, ceil_mode=True), [(B, 64, 112, 112)], (B, 64, 56, 56)),
        (pool(3, 2, ceil_mode=True), [(B, 64, 2, 2)], (B, 64, 1, 1)),
        (pool(2, 2, 1, ceil_mode=True), [MAP], (B, 64, 4, 4)),  # no window begins in the right padding
        (AvgPool(dims=2, kernel_size=(7, 1), stride=(7, 1)), [MAP], (B, 64, 1, 7)),
        (AdaptiveAvgPool(dims=2, output_size=(6, None)), [MAP], (B, 64, 6, 7)),
        (MaxUnpool(dims=2, kernel_size=(2,), stride=(2,)), [MAP], (B, 64, 14, 14)),
        (BatchNorm(num_features=64, dims=2), [MAP], MAP),
        (LayerNorm(normalized_shape=(64,)), [TOKENS], TOKENS),
        (ReLU(), [MAP], MAP),
        (Softmax(dim=1), [MAP], MAP),
        (GLU(dim=1), [MAP], (B, 32, 7, 7)),
        (MultiheadAttention(embed_dim=64, num_heads=4), [TOKENS, TOKENS, TOKENS], TOKENS),
        (Attention(), [(B, 4, 16, 8), (B, 4, 9, 8), (B, 4, 9, 5)], (B, 4, 16, 5)),
        (Flatten(), [MAP], (B, 3136)),
        (Flatten(start_dim=0), [(2, 3, 4)], (24,)),
        (Flatten(start_dim=2), [MAP], (B, 64, 49)),
        (Unflatten(dim=1, sizes=(64, -1, 7)), [(B, 3136)], (B, 64, 7, 7)),
        (Reshape(sizes=(B, -1)), [MAP], (B, 3136)),
        (Reshape(sizes=(-1, 3136)), [MAP], (B, 3136)),
        (Reshape(sizes=(B, 16, 4, 16)), [TOKENS], (B, 16, 4, 16)),
        (Reshape(sizes=(3, -1, 2)), [(4, 6)], (3, 4, 2)),
        (Permute(order=(0, 2, 3, 1)), [MAP], (B, 7, 7, 64)),
        (Permute(swap=(1, -1)), [TOKENS], (B, 64, 16)),
        (Squeeze(dim=-1), [(B, 64, 1)], (B, 64)),
        (Squeeze(dim=1), [TOKENS], TOKENS),
        (Squeeze(), [(4, 1, 3, 1)], (4, 3)),
        (Unsqueeze(dim=-1), [TOKENS], (B, 16, 64, 1)),
        (Expand(sizes=(5, -1, -1)), [(1, 16, 64)], (5, 16, 64)),
        (Expand(how="repeat", sizes=(2, 1, 3)), [(16, 64)], (2, 16, 192)),
        (Expand(how="tile", sizes=(3,)), [(16, 64)], (16, 192)),
        (Slice(index=(slice(None), 0)), [TOKENS], (B, 64)),
        (Slice(index=(Ellipsis, slice(None, -1), None)), [TOKENS], (B, 16, 63, 1)),
        (Slice(index=(slice(None), slice(None, None, 2))), [TOKENS], (B, 8, 64)),
        (Concat(dim=1), [MAP, (B, 32, 7, 7)], (B, 96, 7, 7)),
        (Stack(dim=1), [TOKENS, TOKENS], (B, 2, 16, 64)),
        (Pad(pad=(1, 2, 3, 0)), [IMAGE], (B, 3, 35, 33)),
        (Resample(scale_factor=2.0), [MAP], (B, 64, 14, 14)),
        (Resample(scale_factor=1.5), [(B, 3, 7, 9)], (B, 3, 10, 13)),
        (Resample(size=(4, 5)), [MAP], (B, 64, 4, 5)),
        (PixelShuffle(factor=2), [MAP], (B, 16, 14, 14)),
        (PixelShuffle(factor=2, inverse=True), [(B, 16, 14, 14)], MAP),
        (Add(), [MAP, (64, 1, 1)], MAP),
        (Elementwise(how="lerp"), [(4, 1), (1, 5), ()], (4, 5)),
        (MatMul(), [(B, 4, 16, 8), (B, 4, 8, 9)], (B, 4, 16, 9)),
        (MatMul(), [(16, 8), (8,)], (16,)),
        (MatMul(), [(8,), (B, 8, 9)], (B, 9)),
        (Einsum(equation="bhid, bhjd -> bhij"), [(B, 4, 16, 8), (B, 4, 9, 8)], (B, 4, 16, 9)),
        (Einsum(equation="ij,jk"), [(2, 3), (3, 4)], (2, 4)),
        (Reduce(how="mean", dim=(2, 3)), [MAP], (B, 64)),
        (Reduce(how="sum", dim=-1, keepdim=True), [TOKENS], (B, 16, 1)),
        (Reduce(how="sum"), [TOKENS], ()),
        (Recurrent(kind="LSTM", input_size=64, hidden_size=20, bidirectional=True), [TOKENS], (B, 16, 40)),
        (Rearrange(how="roll"), [MAP], MAP),
        (Rearrange(how="unfold", arguments=(3, 1, 1, 2)), [(B, 3, 7, 8)], (B, 27, 16)),
        (Rearrange(how="einops.rearrange", arguments=("b c h w -> b (h w) c",)), [MAP], (B, 49, 64)),
        (CrossEntropy(), [(B, 10), (B,)], ()),
    ],
    ids=lambda value: value.name if isinstance(value, Operator) else "",
)
def test_results(operator: Operator, shapes: list[Shape], expected: Shape) -> None:
    assert operator.infer(tuple(shapes)) == expected
    assert operator.conflict(tuple(shapes)) is None


def test_results_by_index(net: Builder) -> None:
    lstm = net(
        Recurrent(kind="LSTM", input_size=64, hidden_size=20, num_layers=2, bidirectional=True, batch_first=True), net.input(*TOKENS)
    )
    assert [net(Select(index=index), lstm).shape for index in range(3)] == [(B, 16, 40), (4, B, 20), (4, B, 20)]
    time_first = net(Recurrent(kind="GRU", input_size=64, hidden_size=20), net.input(16, B, 64))
    assert net(Select(index=1), time_first).shape == (1, B, 20)
    projected = net(Recurrent(kind="LSTM", input_size=64, hidden_size=20, proj_size=5), net.input(16, 64))
    assert [net(Select(index=index), projected).shape for index in range(3)] == [(16, 5), (1, 5), (1, 20)]
    largest = net(Reduce(how="max", dim=1), net.input(*TOKENS))
    assert net(Select(index=1), largest).shape == (B, 64)


def test_pieces(net: Builder) -> None:
    data = net.input(*TOKENS)
    thirds = net(Split(dim=-1, pieces=4), data)
    assert net(Select(index=3), thirds).shape == (B, 16, 16)
    assert net(Select(index=4), thirds).shape is None
    written_out = net(Split(dim=-1, pieces=2, sizes=(60, 4)), data)
    assert net(Select(index=1), written_out).shape == (B, 16, 4)
    rows = net(Split(dim=1, keep_dim=False), data)
    assert net(Select(index=0), rows).shape == (B, 64)
    of_one_size = net(Split(dim=1), data)
    shape = net(Select(index=0), of_one_size).shape
    assert shape is not None and isinstance(shape[1], Unknown)


def test_the_rank_of_an_unknown_input_is_not_guessed() -> None:
    for operator in (conv(), Linear(in_features=4, out_features=2), Flatten(), ReLU(), MatMul(), Slice(index=(0,)), pool(2, 2)):
        assert operator.infer((None, None)) is None
    assert Opaque(label="torch.compile").infer(((2, 3),)) is None


def test_a_size_computed_from_an_unknown_one_is_another_unknown() -> None:
    shape = conv(stride=(2,)).infer(((B, 3, H, H),))
    assert shape is not None and shape[0] is B
    assert isinstance(shape[2], Unknown) and shape[2] is not H and shape[2].reason == H.reason
    # so that a view by the old height does not cancel
    viewed = Reshape(sizes=(B, H, -1)).infer((shape,))
    assert viewed is not None and isinstance(viewed[2], Unknown)


def test_two_unknown_sizes_that_stretch_to_each_other_are_a_third() -> None:
    shape = Add().infer(((B, 5), (H, 5)))
    assert shape is not None and shape[0] is not B and shape[0] is not H
    assert Add().infer(((B, 5), (B, 1))) == (B, 5)
    assert Add().infer(((B,), (7,))) == (7,)


def test_unknown_options_hide_only_the_sizes_that_they_decide() -> None:
    by_kernel = Conv(dims=2, in_channels=3, out_channels=8, kernel_size=NOT_GIVEN).infer((IMAGE,))
    assert by_kernel is not None and by_kernel[:2] == (B, 8) and all(isinstance(size, Unknown) for size in by_kernel[2:])
    joined = Concat(dim=1).infer((MAP, None))
    assert joined is not None and joined[2:] == (7, 7) and isinstance(joined[1], Unknown)
    assert Squeeze().infer((TOKENS,)) is None  # a batch of one would be dropped too
    assert Slice(index=(NOT_GIVEN,)).infer((TOKENS,)) is None
    sliced = Slice(index=(slice(None), slice(NOT_GIVEN, None))).infer((TOKENS,))
    assert sliced is not None and isinstance(sliced[1], Unknown) and sliced[2] == 64
    assert Recurrent(kind="GRU", input_size=64, hidden_size=20, bidirectional=NOT_GIVEN).infer((TOKENS,))[:2] == (B, 16)  # type: ignore[index]


def test_alternatives_agree_where_they_can(net: Builder) -> None:
    wide, narrow = net.input(B, 64, 7), net.input(B, 32, 7)
    shape = net(Alternatives(), wide, narrow).shape
    assert shape is not None and shape[0] is B and isinstance(shape[1], Unknown) and shape[2] == 7
    assert net(Alternatives(), wide, net.input(B, 64)).shape is None


def test_numbers_are_scalars(net: Builder) -> None:
    half = net(Constant(value=0.5))
    assert net(Add(), net.input(*MAP), half).shape == MAP


@pytest.mark.parametrize(
    ("operator", "shapes", "words"),
    [
        (Linear(in_features=512, out_features=10), [(B, 256)], "takes 512 features in the last dimension, its input [?, 256] has 256"),
        (conv(), [(B, 4, 32, 32)], "Conv2d takes 3 channels, its input [?, 4, 32, 32] has 4"),
        (conv(), [(B, 3136)], "Conv2d takes 3 or 4 dimensions"),
        (conv(kernel=5), [(B, 3, 4, 9)], "kernel [5, 5] does not fit into its input [?, 3, 4, 9]"),
        (pool(2, 2), [(B, 64, 1, 1)], "no window of MaxPool2d fits"),
        (BatchNorm(num_features=32, dims=2), [MAP], "takes 32 channels in dimension 1"),
        (BatchNorm(num_features=64, dims=2), [(B, 64)], "BatchNorm2d takes 4 dimensions"),
        (GroupNorm(num_groups=4, num_channels=32), [MAP], "takes 32 channels"),
        (LayerNorm(normalized_shape=(32,)), [TOKENS], "normalises last dimensions [32], its input is [?, 16, 64]"),
        (LayerNorm(normalized_shape=(7, 7)), [(7,)], "normalises last dimensions [7, 7]"),
        (Recurrent(kind="GRU", input_size=32, hidden_size=8), [TOKENS], "GRU takes 32 features a step"),
        (MultiheadAttention(embed_dim=64, num_heads=4, kdim=32), [TOKENS, TOKENS, TOKENS], "takes 32 features"),
        (Add(), [MAP, (B, 32, 7, 7)], "Add cannot stretch [?, 64, 7, 7] and [?, 32, 7, 7]"),
        (Concat(dim=1), [MAP, (B, 64, 14, 14)], "cannot be joined along dimension 1"),
        (MatMul(), [(B, 4, 8), (B, 9, 8)], "needs 8 rows in the second factor, it has 9"),
        (Reshape(sizes=(5, -1)), [(4, 6)], "[4, 6] has 24 elements"),
        (Reshape(sizes=(5, 5)), [(4, 6)], "cannot be seen as [5, 5]"),
        (GLU(dim=1), [(B, 7)], "has 7 entries"),
        (PixelShuffle(factor=2), [(B, 6, 4, 4)], "factor 2 does not divide"),
    ],
    ids=lambda value: value.name if isinstance(value, Operator) else "",
)
def test_contradictions_have_a_sentence_and_no_shape(net: Builder, operator: Operator, shapes: list[Shape], words: str) -> None:
    node = net(operator, *(net.input(*shape) for shape in shapes))
    sentence = conflicts(node)
    assert sentence is not None and words in sentence
    assert node.shape is None


@pytest.mark.parametrize(
    ("operator", "shapes"),
    [
        (Linear(in_features=NOT_GIVEN, out_features=10), [(B, 256)]),
        (Linear(in_features=512, out_features=10), [(B, H)]),
        (conv(), [(B, H, 32, 32)]),
        (conv(kernel=5), [(B, 3, H, 9)]),
        (Add(), [(B, 3), (H, 3)]),
        (Concat(dim=NOT_GIVEN), [MAP, TOKENS]),
        (Reshape(sizes=(-1, 9216)), [(B, 3136)]),  # three samples may make one
        (Linear(in_features=512, out_features=10), [None]),
    ],
    ids=lambda value: value.name if isinstance(value, Operator) else "",
)
def test_what_is_not_known_does_not_contradict(net: Builder, operator: Operator, shapes: list[Shape | None]) -> None:
    assert operator.conflict(tuple(shapes)) is None


def test_a_shape_is_written_with_question_marks() -> None:
    assert written((B, 3, 224)) == "[?, 3, 224]"
    assert written(()) == "[]"
