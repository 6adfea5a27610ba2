"""The layers of a live network, with what their values tell."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from netlint.frontends.module import read  # noqa: E402
from netlint.graph import EVERY_FACT, Fact, Unknown  # noqa: E402
from netlint.graph.operators import PReLU  # noqa: E402

ONE_ROW = (torch.ones(2, 6),)


def test_layers_stand_parents_first_with_their_kinds(live: Any) -> None:
    seen = live(
        "self.f = nn.Sequential(nn.Linear(6, 4), nn.ReLU())\nself.a = nn.MultiheadAttention(6, 2)", "return self.f(x)", inputs=ONE_ROW
    )
    assert [(layer.path, layer.kind) for layer in seen.graph.layers] == [
        ("", "Net"),
        ("f", "torch.nn.Sequential"),
        ("f.0", "torch.nn.Linear"),
        ("f.1", "torch.nn.ReLU"),
        ("a", "torch.nn.MultiheadAttention"),
    ]
    assert list(seen.layer("a").parameters) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    assert seen.layer("f").children == {"0": seen.layer("f.0"), "1": seen.layer("f.1")}
    assert seen.layer("f.0").ancestors == [seen.layer("f"), seen.layer("")]
    assert seen.graph.root is seen.layer("")


def test_parameters_have_their_shapes_and_whether_they_train(live: Any) -> None:
    seen = live(
        "self.a = nn.Linear(6, 4)\nself.a.bias.requires_grad = False\nself.b = nn.Linear(6, 4)\nself.b.weight = self.a.weight",
        "return self.b(x)",
        inputs=ONE_ROW,
    )
    first, second = seen.layer("a"), seen.layer("b")
    assert first.parameters["weight"] is second.parameters["weight"]
    assert (first.parameters["weight"].shape, first.parameters["bias"].trainable, first.frozen) == ((4, 6), False, False)
    assert seen.graph.parameter_count() == 24 + 8


def test_layers_in_plain_lists_are_not_registered(live: Any) -> None:
    seen = live(
        "self.a = nn.Linear(6, 6)\nself.heads = [nn.Linear(6, 6), {'x': nn.Linear(6, 6)}]",
        "return self.heads[1]['x'](self.heads[0](self.a(x)))",
    )
    assert [(layer.path, layer.registered) for layer in seen.graph.layers] == [
        ("", True),
        ("a", True),
        ("heads.0", False),
        ("heads.1.x", False),
    ]
    assert seen.formula == "Linear(Linear(Linear(x)))"
    assert seen.graph.parameter_count() == 42


def test_hooks_are_facts_and_what_they_compute_is_seen(live: Any) -> None:
    def hook(net: nn.Module) -> nn.Module:
        net.a.register_forward_hook(lambda module, args, output: output * 2)
        return net

    seen = live("self.a = nn.Linear(6, 6)\nself.b = nn.Linear(6, 6)", "return self.b(self.a(x))", prepare=hook)
    assert [layer.hooked for layer in seen.graph.layers] == [False, True, False]
    assert seen.formula == "Linear(Mul(Linear(x), 2))"
    assert seen.notes[0].startswith("hooks run at `a`")


def test_pytorchs_own_hooks_are_no_hooks() -> None:
    with pytest.warns(FutureWarning):
        wrapped = torch.nn.utils.weight_norm(nn.Linear(6, 6))
    graph = read(nn.Sequential(wrapped, torch.nn.utils.spectral_norm(nn.Linear(6, 6)))).graphs[0]
    assert [(layer.hooked, layer.wrapped) for layer in graph.layers[1:]] == [(False, ("weight_norm",)), (False, ("spectral_norm",))]


SLOPES = [("nn.PReLU()", 0.25), ("nn.PReLU(6, init=.1)", 0.1)]


@pytest.mark.parametrize(("made", "slope"), SLOPES)
def test_the_slope_of_a_prelu_is_that_of_its_weight(live: Any, made: str, slope: float) -> None:
    assert [prelu.init for prelu in live(f"self.p = {made}", "return self.p(x)", inputs=ONE_ROW).graph.of(PReLU)] == [slope]


def test_slopes_that_differ_are_not_one_number(live: Any) -> None:
    seen = live("self.p = nn.PReLU(6)\nself.p.weight.data[2] = .3", "return self.p(x)", inputs=ONE_ROW)
    assert [str(prelu.init) for prelu in seen.graph.of(PReLU)] == ["Unknown(the channels of a PReLU have different slopes)"]


INITIALIZED = [
    ("pass", None),
    ("nn.init.zeros_(self.a.weight)", "constant_"),
    ("nn.init.constant_(self.a.weight, .5)", "constant_"),
    ("nn.init.kaiming_normal_(self.a.weight)", "unknown"),
    ("nn.init.orthogonal_(self.a.weight)", "unknown"),
    ("self.a.weight.data *= .5", "unknown"),
]


@pytest.mark.parametrize(("statement", "name"), INITIALIZED)
@pytest.mark.parametrize("layer", ["nn.Linear(64, 64)", "nn.Conv2d(16, 32, 3)"])
def test_what_the_values_of_a_weight_tell_of_its_initialisation(live: Any, statement: str, name: str | None, layer: str) -> None:
    shape = (2, 64) if "Linear" in layer else (2, 16, 8, 8)
    found = (
        live(f"torch.manual_seed(0)\nself.a = {layer}\n{statement}", "return self.a(x)", inputs=(torch.ones(shape),))
        .layer("a")
        .parameters["weight"]
        .initialization
    )
    assert (found.name if found is not None else None) == name


def test_an_initialisation_that_is_not_known_does_not_look_like_one(live: Any) -> None:
    seen = live("self.a = nn.Linear(64, 64)\nnn.init.kaiming_normal_(self.a.weight)", "return self.a(x)", inputs=(torch.ones(2, 64),))
    options = seen.layer("a").parameters["weight"].initialization.options
    assert all(isinstance(value, Unknown) for value in options.values())


def test_what_a_live_model_can_tell(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 6)", "return self.a(x)")
    assert seen.graph.facts == EVERY_FACT - {Fact.TRAINING}
    assert read(nn.Linear(6, 6, device="meta")).graphs[0].facts == EVERY_FACT - {Fact.TRAINING, Fact.INITIALIZATION}
    assert (seen.graph.frontend, seen.graph.name, seen.graph.concrete) == ("module", "Net", True)
