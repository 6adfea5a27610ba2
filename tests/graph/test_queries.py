"""Questions about the part an operator plays, on small networks of the kinds that rules meet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from netlint.graph import FixedSite, Graph, Layer, Location, Operator, Parameter, Unknown
from netlint.graph.operators import (
    GELU,
    GLU,
    MSE,
    Add,
    Alternatives,
    Attention,
    BatchNorm,
    Concat,
    Constant,
    Conv,
    CrossEntropy,
    Detach,
    Div,
    Dropout,
    Elementwise,
    Embedding,
    Expand,
    Flatten,
    Identity,
    Input,
    LayerNorm,
    Linear,
    MatMul,
    Mul,
    MultiheadAttention,
    Opaque,
    Permute,
    Recurrent,
    Reduce,
    ReLU,
    Reshape,
    Select,
    Sigmoid,
    SiLU,
    Softmax,
    Split,
    Sub,
    Tanh,
    TransformerLayer,
    Weight,
)
from netlint.graph.queries import (
    attention_products,
    between,
    comes_from,
    depends_on_data,
    depth_of,
    in_attention,
    is_gate,
    is_head,
    is_sequence_model,
    is_weighted,
    norm_between,
    origins,
    reaches,
    residual_around,
    residual_joins,
    same_data,
    stretch_after,
    stretch_before,
    unseen_after,
    unseen_before,
    user_class,
    weight_depth,
    weighted_after,
    weighted_before,
)

if TYPE_CHECKING:
    from tests.graph.conftest import Builder


def conv() -> Conv:
    return Conv(dims=2, in_channels=8, out_channels=8, kernel_size=(3,), padding=(1,))


def norm() -> BatchNorm:
    return BatchNorm(num_features=8, dims=2)


def weight() -> Weight:
    return Weight(parameter=Parameter("weight", (8, 8)))


# -- depth and neighbours -------------------------------------------------------------------------------------------------


def test_depth_counts_weighted_operators_on_the_longest_path(net: Builder) -> None:
    data = net.input()
    first = net.linear(data)
    second = net.linear(net(ReLU(), first))
    joined = net(Add(), second, net.linear(data))
    head = net.linear(joined)
    net(CrossEntropy(), head, net.input())
    assert [depth_of(net.graph, node) for node in (data, first, second, joined, head)] == [0, 1, 2, 2, 3]
    assert weight_depth(net.graph) == 3
    assert weight_depth(Graph("Empty")) == 0


def test_a_product_with_a_parameter_is_a_weight_layer_and_a_fixed_kernel_is_not(net: Builder) -> None:
    data = net.input()
    learned = net(MatMul(), data, net(Permute(swap=(0, 1)), net(weight())))
    scores = net(MatMul(), learned, data)
    blur = net(conv(), learned, net(Constant()))
    dynamic = net(conv(), learned, net.linear(data))
    assert [is_weighted(net.graph, node) for node in (learned, scores, blur, dynamic)] == [True, False, False, True]
    assert weighted_before(net.graph, blur) == [learned]


def test_a_tensor_that_a_script_hands_to_a_layer_is_data_and_other_constants_are_not(net: Builder) -> None:
    noise, buffer, target = net(Constant(value="random")), net(Constant(value="zeros")), net(Constant(value="ones"))
    buffer.scope = Layer("", "Net")
    hidden = net(Linear(in_features=8, out_features=8), noise, layer=Layer("first", "torch.nn.Linear"))
    net(Add(), hidden, buffer)
    net(MSE(), hidden, target)
    assert [depends_on_data(net.graph, node) for node in (noise, hidden, buffer, target)] == [True, True, False, False]


def test_nearest_weighted_operators_look_through_everything_else(net: Builder) -> None:
    first = net.linear(net.input())
    hidden = net(ReLU(), first)
    dropped = net(Dropout(), hidden)
    left, right = net.linear(dropped), net.linear(hidden)
    total = net(Add(), left, right)
    assert weighted_after(net.graph, first) == [left, right]
    assert weighted_before(net.graph, total) == [right, left]
    assert stretch_after(net.graph, first) == [hidden, dropped]
    assert stretch_before(net.graph, left) == [dropped, hidden]
    assert weighted_after(net.graph, total) == []


def test_what_is_unseen_on_the_way_is_told(net: Builder) -> None:
    first = net.linear(net.input())
    hidden = net(Opaque(label="helper", reason="`helper` is not defined"), first)
    second = net.linear(hidden)
    head = net.linear(net(Alternatives(reason="`self.flag` is not known"), second, net(ReLU(), second)))
    net.returns(head)
    net(Opaque(label="accuracy"), head)
    unseen = [unseen_after(net.graph, first), unseen_before(net.graph, second), unseen_after(net.graph, second)]
    assert [answer.reason for answer in unseen if answer] == ["`helper` is not defined"] * 2 + ["`self.flag` is not known"]
    assert unseen_after(net.graph, head) is None  # what training code does with the output is not the network's


def test_between_and_norm_between(net: Builder) -> None:
    first = net(conv(), net.input())
    normed = net(norm(), first)
    active = net(ReLU(), normed)
    second = net(conv(), active)
    around = net(Add(), second, first)
    assert between(net.graph, first, second) == [normed, active]
    assert norm_between(net.graph, first, second) is normed
    assert norm_between(net.graph, second, around) is None
    assert reaches(net.graph, first, Add) and not reaches(net.graph, around, Add)
    assert comes_from(net.graph, around, (BatchNorm, GELU)) and not comes_from(net.graph, first, BatchNorm)


def test_data_and_its_copies(net: Builder) -> None:
    data = net.input()
    table = net(Mul(), net(weight()), net(Constant(value=2)))
    assert depends_on_data(net.graph, net(Add(), data, table)) and not depends_on_data(net.graph, table)
    assert depends_on_data(net.graph, net(Opaque(label="pretrained_features")))
    halves = net(Split(dim=1, pieces=2), data)
    left, again, right = net(Select(index=0), halves), net(Select(index=0), halves), net(Select(index=1), halves)
    assert same_data(net(Identity(), data), net(Detach(), data))
    assert same_data(left, again) and not same_data(left, right)
    assert not same_data(net(ReLU(), data), net(ReLU(), data))


def test_origins_look_back_through_copies_and_both_branches(net: Builder) -> None:
    left, right = net.linear(net.input()), net.linear(net.input())
    either = net(Alternatives(), net(Flatten(), left), net(Reshape(sizes=(-1,)), right))
    assert origins(net.graph, net(Identity(), either)) == [left, right]
    assert origins(net.graph, left) == [left]


# -- heads ----------------------------------------------------------------------------------------------------------------


def test_the_output_layer_is_the_head(net: Builder) -> None:
    hidden = net(ReLU(), net.linear(net.input()))
    logits = net.linear(hidden)
    probabilities = net(Softmax(dim=-1), logits)
    net.returns(probabilities)
    assert is_head(net.graph, logits) is True
    assert is_head(net.graph, probabilities) is True
    assert is_head(net.graph, hidden) is False


def test_features_that_are_returned_and_used_again_are_no_head(net: Builder) -> None:
    features = net.linear(net.input())
    logits = net.linear(features)
    net.returns(features, logits)
    assert is_head(net.graph, features) is False


def test_a_network_behind_the_outputs_does_not_count(net: Builder) -> None:
    image = net(Tanh(), net(conv(), net.input()))
    net.returns(image)
    verdict = net.linear(image)
    net(MSE(), verdict, net.input())
    assert is_head(net.graph, image) is True
    assert is_head(net.graph, verdict) is True


def test_a_piece_of_a_larger_network_has_no_known_head(net: Builder) -> None:
    last = net.linear(net.input())
    net.returns(last)
    net.graph.concrete = False
    answer = is_head(net.graph, last)
    assert isinstance(answer, Unknown) and "larger network" in answer.reason


def test_a_loss_makes_a_head_even_without_known_arguments(net: Builder) -> None:
    last = net.linear(net.input())
    net.returns(last)
    net.graph.concrete = False
    net(CrossEntropy(), last, net.input())
    assert is_head(net.graph, last) is True


def test_an_unseen_reader_makes_the_head_unknown(net: Builder) -> None:
    last = net.linear(net.input())
    net.returns(net(Opaque(label="decode", reason="`decode` is not defined"), last))
    answer = is_head(net.graph, last)
    assert isinstance(answer, Unknown) and answer.reason == "`decode` is not defined"


def test_a_layer_after_which_a_branch_may_end_is_not_known(net: Builder) -> None:
    features = net.linear(net.input())
    net.returns(net(Alternatives(reason="`pre_logits` is not known"), features, net.linear(features)))
    answer = is_head(net.graph, features)
    assert isinstance(answer, Unknown) and answer.reason == "`pre_logits` is not known"


def test_what_nothing_reads_is_no_head(net: Builder) -> None:
    unused = net.linear(net.input())
    assert isinstance(is_head(net.graph, unused), Unknown)  # no output was seen at all
    net.returns(net.linear(net.input()))
    assert is_head(net.graph, unused) is False


# -- gates ----------------------------------------------------------------------------------------------------------------


def squeeze_excite(net: Builder, source: Operator) -> tuple[Operator, Operator]:
    squeezed = net(Reduce(how="mean", dim=(2, 3), keepdim=True), source)
    excited = net(conv(), net(ReLU(), net(conv(), squeezed)))
    gate = net(Sigmoid(), excited)
    return gate, net(Mul(), source, gate)


def test_squeeze_excite_gates_and_what_it_gates_is_none(net: Builder) -> None:
    features = net(Tanh(), net(conv(), net.input()))
    gate, product = squeeze_excite(net, features)
    assert is_gate(net.graph, gate) and is_gate(net.graph, gate.inputs[0])
    assert not is_gate(net.graph, features)
    assert not is_gate(net.graph, product)


def test_gated_units(net: Builder) -> None:
    data = net.input()
    values, gate = net(Tanh(), net(conv(), data)), net(Sigmoid(), net(conv(), data))
    net(Mul(), values, gate)
    assert is_gate(net.graph, gate) and is_gate(net.graph, values)
    swish = net(Sigmoid(), data)
    net(Mul(), data, swish)
    assert is_gate(net.graph, swish) and not is_gate(net.graph, net.input())


def test_one_layer_whose_halves_multiply_is_a_gate(net: Builder) -> None:
    wide = net.linear(net.input())
    halves = net(Split(dim=-1, pieces=2), wide)
    left, right = net(Select(index=0), halves), net(Select(index=1), halves)
    net(Mul(), net(SiLU(), left), right)
    fused = net.linear(net.input())
    net(GLU(), fused)
    assert is_gate(net.graph, wide) and is_gate(net.graph, fused)


def test_a_gate_may_be_scaled_shifted_and_expanded_on_its_way(net: Builder) -> None:
    data = net.input()
    update = net(Sigmoid(), net.linear(data))
    keep = net(Sub(), net(Constant(value=1)), update)
    net(Mul(), net(Expand(sizes=(4, -1)), keep), net.linear(data))
    attention = net(Sigmoid(), net.linear(data))
    net(Div(), net.linear(data), attention)
    assert is_gate(net.graph, update) and is_gate(net.graph, attention)


def test_a_constant_factor_or_a_square_is_no_gate(net: Builder) -> None:
    hidden = net(Tanh(), net.linear(net.input()))
    net(Mul(), hidden, net(Constant(value=0.5)))
    net(Mul(), hidden, net(weight()))
    net(Mul(), hidden, hidden)
    net.linear(hidden)
    assert not is_gate(net.graph, hidden)


# -- residual paths -------------------------------------------------------------------------------------------------------


def test_an_addition_around_an_operator(net: Builder) -> None:
    data = net(conv(), net.input())
    branch = net(conv(), net(ReLU(), net(conv(), data)))
    total = net(Add(), branch, data)
    after = net(conv(), total)
    assert residual_around(net.graph, branch) is total
    assert residual_around(net.graph, branch.inputs[0]) is total
    assert residual_around(net.graph, data) is None
    assert residual_around(net.graph, after) is None
    assert residual_joins(net.graph) == [total]


def test_a_projected_shortcut_and_a_dense_concatenation(net: Builder) -> None:
    data = net(conv(), net.input())
    branch, shortcut = net(conv(), data), net(norm(), net(conv(), data))
    total = net(Add(), branch, shortcut)
    dense = net(conv(), total)
    joined = net(Concat(dim=1), total, dense)
    assert residual_around(net.graph, shortcut) is total
    assert residual_around(net.graph, dense) is joined
    assert residual_joins(net.graph) == [total, joined]


def test_sums_of_losses_biases_and_separate_towers_are_no_residuals(net: Builder) -> None:
    user, item = net.linear(net.input()), net.linear(net.input())
    logits = net(Add(), net(Concat(dim=1), user, item), net(weight()))
    net.returns(logits)
    first, second = net(CrossEntropy(), logits, net.input()), net(MSE(), logits, net.input())
    net(Add(), first, second)
    assert residual_around(net.graph, user) is None
    assert residual_around(net.graph, first) is None
    assert residual_joins(net.graph) == []


# -- attention and recurrence ---------------------------------------------------------------------------------------------


class Block:
    """A pre-norm transformer block with attention written by hand."""

    def __init__(self, net: Builder) -> None:
        self.data = net(LayerNorm(normalized_shape=(8,)), net(Embedding(num_embeddings=10, embedding_dim=8), net.input()))
        normed = net(LayerNorm(normalized_shape=(8,)), self.data)
        self.query, self.key, self.value = (net.linear(normed) for _ in range(3))
        self.scores = net(MatMul(), self.query, net(Permute(swap=(-1, -2)), self.key))
        self.weights = net(Dropout(), net(Softmax(dim=-1), net(Div(), self.scores, net(Constant(value=8.0)))))
        self.mixed = net(MatMul(), self.weights, self.value)
        self.out = net.linear(net(Reshape(sizes=(-1, 8)), self.mixed))
        self.middle = net(Add(), self.data, self.out)
        self.first = net.linear(net(LayerNorm(normalized_shape=(8,)), self.middle))
        self.second = net.linear(net(GELU(), self.first))
        self.result = net(Add(), self.middle, self.second)


def test_projections_belong_to_attention_and_the_feed_forward_layers_do_not(net: Builder) -> None:
    block = Block(net)
    following = net.linear(net(LayerNorm(normalized_shape=(8,)), block.result))  # the next block's query
    net(Attention(), following, following, following)
    inside = (block.query, block.key, block.value, block.scores, block.weights, block.mixed, block.out, following)
    assert all(in_attention(net.graph, node) for node in inside)
    assert not in_attention(net.graph, block.first) and not in_attention(net.graph, block.second)
    reduced = net.linear(block.result)  # patch merging: the norm behind it begins the next block
    after = net.linear(net(LayerNorm(normalized_shape=(8,)), reduced))
    net(Attention(), after, after, after)
    assert not in_attention(net.graph, reduced)
    assert attention_products(net.graph)[:2] == [block.scores, block.mixed]
    assert is_sequence_model(net.graph)


def test_a_parallel_feed_forward_branch_is_not_attention(net: Builder) -> None:
    data = net(LayerNorm(normalized_shape=(8,)), net.linear(net.input()))
    attended = net(Select(index=0), net(MultiheadAttention(embed_dim=8, num_heads=2), data, data, data))
    second = net.linear(net(GELU(), net.linear(data)))
    total = net(Add(), net(Add(), data, attended), second)
    net(MultiheadAttention(embed_dim=8, num_heads=2), total, total, total)
    assert not in_attention(net.graph, second)


def test_additive_attention_scores(net: Builder) -> None:
    states = net(Select(index=0), net(Recurrent(kind="GRU", input_size=8, hidden_size=8), net.input()))
    keys, query = net.linear(states), net.linear(net.input())
    squashed = net(Tanh(), net(Add(), keys, query))
    weights = net(Softmax(dim=1), net.linear(squashed))
    context = net(Mul(), weights, states)
    assert in_attention(net.graph, squashed) and in_attention(net.graph, keys) and in_attention(net.graph, context)
    assert is_sequence_model(net.graph)


def test_experts_are_mixed_by_a_softmax(net: Builder) -> None:
    data = net.input()
    router = net.linear(data)
    expert = net.linear(net(ReLU(), net.linear(data)))
    net(Mul(), net(Softmax(dim=-1), router), expert)
    assert in_attention(net.graph, router) and in_attention(net.graph, expert)


def test_a_classifier_has_no_attention(net: Builder) -> None:
    hidden = net.linear(net.input())
    head = net.linear(net(ReLU(), hidden))
    net.returns(net(Softmax(dim=-1), head))
    assert not in_attention(net.graph, hidden) and not in_attention(net.graph, head)
    assert not is_sequence_model(net.graph)


def test_a_learned_transform_of_its_input_is_a_product_and_no_sequence_model(net: Builder) -> None:
    points = net.input()
    matrix = net(Reshape(sizes=(-1, 3, 3)), net.linear(points))
    product = net(MatMul(), points, matrix)
    assert attention_products(net.graph) == [product]
    assert in_attention(net.graph, matrix.inputs[0])
    assert not is_sequence_model(net.graph)


@pytest.mark.parametrize(
    "operator",
    [Recurrent(kind="LSTM", input_size=8, hidden_size=8), TransformerLayer(d_model=8, nhead=2), Attention()],
    ids=lambda operator: operator.name,
)
def test_sequence_models(net: Builder, operator: Operator) -> None:
    data = net.input()
    net(operator, data, data, data)
    assert is_sequence_model(net.graph)


# -- provenance and cost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("AlexNet.forward", "AlexNet"),
        ("AlexNet", "AlexNet"),
        ("Outer.Block.__init__", "Outer.Block"),
        ("make_layers", "make_layers"),
        ("", ""),
    ],
)
def test_the_class_a_thing_stands_in(scope: str, expected: str) -> None:
    site = FixedSite(Location("net.py", 1, 1, 1, 5), scope)
    assert user_class(ReLU(site=site)) == expected
    assert user_class(Layer("act", "torch.nn.ReLU", site=site)) == expected
    assert user_class(ReLU()) == ""


def test_answers_follow_the_graph_when_it_grows(net: Builder) -> None:
    first = net.linear(net.input())
    assert weighted_after(net.graph, first) == []
    second = net.linear(first)
    assert weighted_after(net.graph, first) == [second]


def test_two_thousand_operators_are_answered_in_seconds(net: Builder) -> None:
    data: Operator = net(conv(), net.input())
    for _ in range(330):
        branch = net(conv(), net(ReLU(), net(norm(), net(conv(), data))))
        data = net(ReLU(), net(Add(), branch, data))
    graph = net.returns(net.linear(net(Elementwise(how="exp"), data)))
    assert len(graph.operators) > 1_900
    start = time.perf_counter()
    for operator in graph.operators:
        for query in (is_head, is_gate, residual_around, in_attention, weighted_before, weighted_after, unseen_after, depth_of):
            query(graph, operator)
    assert isinstance(graph.operators[0], Input)
    assert time.perf_counter() - start < 10
