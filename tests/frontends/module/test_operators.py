"""What a live network computes, by the names of the graph: the same as the source front end gives for the same code."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from netlint.frontends.source import read as read_source  # noqa: E402
from netlint.graph.operators import BatchNorm, Constant, Conv, Dropout, Input, Linear, Opaque, PReLU, Reduce, Reshape, Slice, Weight  # noqa: E402

IMAGE = (3, 8, 8)
VECTOR = (6,)
TOKENS = (5, 8)

ALIKE: list[tuple[str, str, tuple[int, ...]]] = [
    ("self.c = nn.Conv2d(3, 4, 3)\nself.n = nn.BatchNorm2d(4)", "return F.relu(self.n(self.c(x)))", IMAGE),
    ("self.c = nn.Conv2d(3, 3, 3, padding='same', groups=3)", "return x + torch.relu(self.c(x))", IMAGE),
    ("self.f = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2))", "return self.f(x).flatten(1)", IMAGE),
    ("self.p = nn.MaxPool2d(2, return_indices=True)\nself.u = nn.MaxUnpool2d(2)", "y, i = self.p(x)\nreturn self.u(y, i)", IMAGE),
    ("self.c = nn.Conv2d(3, 1, 1)", "return x * torch.sigmoid(self.c(x))", IMAGE),
    ("self.c = nn.ConvTranspose2d(3, 4, 2, 2)", "return self.c(x).mean([2, 3])", IMAGE),
    ("self.a = nn.AdaptiveAvgPool2d(1)\nself.l = nn.Linear(3, 2)", "return self.l(self.a(x).view(x.size(0), -1))", IMAGE),
    ("self.d = nn.Dropout(.2)\nself.e = nn.Dropout2d(.1)", "return self.d(self.e(x))", IMAGE),
    ("", "return F.dropout(F.dropout2d(x, .3, self.training), training=True)", IMAGE),
    ("self.i = nn.Identity()", "return self.i(x) + x", IMAGE),
    ("", "return F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode='bilinear')", IMAGE),
    ("", "return torch.cat([F.max_pool2d(x, 3, 1, 1), x * 2], dim=1)", IMAGE),
    ("self.g = nn.GroupNorm(1, 3)\nself.l = nn.LayerNorm([3, 8, 8])", "return F.normalize(self.l(self.g(x)))", IMAGE),
    ("self.l = nn.Linear(6, 6)", "return F.gelu(self.l(x)) - F.silu(x) / 2", VECTOR),
    ("self.l = nn.Linear(6, 6)", "return F.tanhshrink(x) + F.softsign(x) + F.mish(x) + F.hardswish(x) + F.softmin(x, 1)", VECTOR),
    ("self.l = nn.Linear(6, 6)\nself.p = nn.PReLU(6)", "return self.p(self.l(self.l(x)))", VECTOR),
    ("self.w = nn.Parameter(torch.ones(4, 6))", "return F.linear(x, self.w) @ self.w", VECTOR),
    ("self.register_buffer('b', torch.ones(6))", "return x + self.b", VECTOR),
    ("self.l = nn.Linear(6, 6)", "return x.clone().contiguous().detach() @ self.l(x).T", VECTOR),
    ("self.l = nn.Linear(6, 6)", "with torch.no_grad():\n    y = self.l(x)\nreturn y + x", VECTOR),
    ("", "a, b, c = x.chunk(3, dim=1)\nreturn a * b.softmax(-1) + c", VECTOR),
    ("", "x[:, 0] = x[:, 1]\nreturn x[:, None, :3].squeeze(1)", VECTOR),
    ("", "return torch.where(x > 0, x, -x).clamp(min=0).sum(1, keepdim=True).sqrt()", VECTOR),
    ("", "y = torch.relu_(x)\ny += 1\nreturn y.masked_fill(y > 0, 0.)", VECTOR),
    ("self.l = nn.Linear(6, 4)", "return F.log_softmax(self.l(x), dim=-1)", VECTOR),
    ("self.a = nn.MultiheadAttention(8, 2, batch_first=True)", "y, _ = self.a(x, x, x)\nreturn x + y", TOKENS),
    ("self.r = nn.LSTM(8, 4, batch_first=True)", "y, (h, c) = self.r(x)\nreturn y[:, -1] + h[-1]", TOKENS),
    ("self.r = nn.GRU(8, 4, batch_first=True)", "return self.r(x)[0]", TOKENS),
    ("self.t = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)", "return self.t(x)", TOKENS),
    ("self.q = nn.Linear(8, 8)", "q = self.q(x)\nreturn F.scaled_dot_product_attention(q, x, x)", TOKENS),
    ("", "return torch.einsum('bnc,bmc->bnm', x, x).transpose(1, 2).permute(0, 2, 1)", TOKENS),
    ("self.m = nn.ModuleList([nn.Linear(8, 8) for _ in range(2)])", "for m in self.m:\n    x = F.elu(m(x))\nreturn x", TOKENS),
    ("self.l = nn.Linear(8, 8)", "return x + 0.1 * (1 - self.l(x)) ** 2", TOKENS),
    ("self.n = nn.RMSNorm(8)\nself.n2 = nn.InstanceNorm1d(5)", "return self.n2(self.n(x))", TOKENS),
]


@pytest.mark.parametrize(("init", "forward", "shape"), ALIKE, ids=[forward.replace("\n", "; ")[:60] for _, forward, _ in ALIKE])
def test_source_and_module_give_the_same_operators(live: Any, init: str, forward: str, shape: tuple[int, ...]) -> None:
    seen = live(init, forward, inputs=(torch.randn(2, *shape),))
    graph = read_source(seen.file.read_text(), str(seen.file), network="Net").graphs[0]
    names = [[_word(o) for o in found.operators if not isinstance(o, (Constant, Weight))] for found in (graph, seen.graph)]
    assert names[0] == names[1]
    assert [o.path for o in graph.operators if o.layer is not None] == [o.path for o in seen.graph.operators if o.layer is not None]
    assert [o.path for o in graph.outputs] == [o.path for o in seen.graph.outputs]
    assert seen.notes == ("read through torch.export",)


SYMBOLS = {"GreaterThan": ">"}


def _word(operator: Any) -> str:
    """A name; comparisons have one for the symbol and one for the method."""
    return SYMBOLS.get(operator.name, operator.name)


def test_the_flow_of_data_is_that_of_the_code(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 6)\nself.b = nn.Linear(6, 6)", "h = self.a(x)\nreturn x + F.relu(self.b(h)) * h")
    assert seen.formula == "Add(x, Mul(ReLU(Linear(Linear(x))), Linear(x)))"


def test_a_layer_that_is_applied_twice_is_one_layer(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 6)\nself.b = self.a", "return self.b(self.a(x).relu())")
    first, second = seen.graph.of(Linear)
    assert first.layer is second.layer is seen.layer("a")
    assert seen.graph.parameter_count() == 42


def test_what_gives_its_input_back_does_not_hide_the_input(live: Any) -> None:
    seen = live("self.i = nn.Identity()\nself.l = nn.Linear(6, 6)", "return self.i(x) + self.l(x)")
    assert seen.formula == "Add(Identity(x), Linear(x))"


def test_options_are_those_of_the_live_layer(live: Any) -> None:
    seen = live(
        "self.c = nn.Conv2d(3, 8, (3, 5), stride=2, padding=1, groups=1, bias=False)\nself.n = nn.BatchNorm2d(8, eps=1e-3, momentum=None)\n"
        "self.d = nn.Dropout(.25)\nself.p = nn.PReLU(init=.1)",
        "self.d.p = .5\nreturn self.d(self.p(self.n(self.c(x))))",
        inputs=(torch.randn(2, 3, 8, 8),),
    )
    conv, norm = seen.operator("Conv2d"), seen.operator("BatchNorm2d")
    assert isinstance(conv, Conv) and (conv.kernel_size, conv.stride, conv.padding, conv.bias) == ((3, 5), (2, 2), (1, 1), False)
    assert isinstance(norm, BatchNorm) and (norm.eps, norm.momentum, norm.num_features) == (1e-3, None, 8)
    assert [drop.p for drop in seen.graph.of(Dropout)] == [0.25]  # the forward changes it while the network runs
    assert [prelu.init for prelu in seen.graph.of(PReLU)] == [0.1]
    assert conv.shape == (2, 8, 4, 3)


MODES = [
    ("F.dropout(x, .1)", True, False),
    ("F.dropout(x, .1, self.training)", None, True),
    ("F.dropout(x, p=.1, training=self.training)", None, True),
    ("F.dropout(x, training=True)", True, True),
    ("nn.Dropout(.1)(x)", None, True),
    ("F.dropout(x) if True else x", True, False),
]


@pytest.mark.parametrize(("call", "training", "explicit"), MODES)
def test_how_a_dropout_was_told_its_mode_is_read_from_its_call(live: Any, call: str, training: object, explicit: bool) -> None:
    [drop] = live("self.l = nn.Linear(6, 6)", f"return {call}", inputs=(torch.randn(2, 6),)).graph.of(Dropout)
    assert (drop.training, drop.explicit) == (training, explicit)


def test_a_dropout_behind_a_question_for_the_mode_follows_it(live: Any) -> None:
    [drop] = live("", "if self.training:\n    x = F.dropout(x)\nreturn x", inputs=(torch.randn(2, 6),)).graph.of(Dropout)
    assert (drop.training, drop.explicit) == (None, True)


def test_a_functional_layer_has_the_widths_of_its_weight(live: Any) -> None:
    seen = live("self.w = nn.Parameter(torch.ones(4, 6, 3))", "return F.conv1d(x, self.w, groups=1)", inputs=(torch.randn(2, 6, 9),))
    [conv] = seen.graph.of(Conv)
    assert (conv.in_channels, conv.out_channels, conv.kernel_size, conv.shape) == (6, 4, (3,), (2, 4, 7))
    assert conv.layer is seen.graph.root


def test_what_the_table_does_not_have_is_opaque_and_named(live: Any) -> None:
    seen = live("", "return torch.linalg.qr(x)[0] + torch.fft.rfft(x).abs().sum()", inputs=(torch.randn(4, 4),))
    assert seen.formula.startswith("Add(?torch.linalg.qr(x)[0]")
    assert [spot.reason for spot in seen.graph.blind] == ["`torch.linalg.qr` cannot be seen: no operator describes `torch.linalg.qr`"]


def test_results_in_dictionaries_and_tuples_are_the_outputs(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 2)", "y = self.a(x)\nreturn {'logits': y, 'rest': (y.relu(), [x])}")
    assert seen.formula == "Linear(x) ; ReLU(Linear(x)) ; x"


def test_inputs_in_dictionaries_and_tuples_are_named(live: Any) -> None:
    batch = {"image": torch.randn(2, 6), "pair": (torch.randn(2, 6), torch.randn(2, 6))}
    seen = live("self.a = nn.Linear(6, 2)", "return self.a(batch['image'] + batch['pair'][1])", "batch", (batch,))
    assert seen.formula == "Linear(Add(batch.image, batch.pair.1))"
    assert [i.label for i in seen.graph.of(Input)] == ["batch.image", "batch.pair.0", "batch.pair.1"]


def test_a_guessed_batch_size_is_no_fact_anywhere(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 8)", "y = self.a(x)\ny = y.view(x.shape[0] * 2, 4)\nreturn y.mean(0), y[: x.size(0)]")
    numbers = [size for o in seen.graph.operators for size in o.shape or () if isinstance(size, int)]
    assert set(numbers) == {6, 8, 4}
    [view], [piece] = seen.graph.of(Reshape), seen.graph.of(Slice)
    assert not isinstance(view.sizes, tuple) or not isinstance(view.sizes[0], int)
    assert "61" not in repr(piece.index)
    assert [o.dim for o in seen.graph.of(Reduce)] == [0]


def test_a_network_of_one_leaf(live: Any) -> None:
    from netlint.frontends.module import read

    graph = read(torch.nn.Conv2d(3, 4, 3)).graphs[0]
    assert [o.name for o in graph.operators] == ["Input", "Conv2d"]
    assert graph.outputs == (graph.operators[-1],)
    assert not any(isinstance(o, Opaque) for o in graph.operators)
