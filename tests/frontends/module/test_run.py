"""How a live network is run: by torch.export, else in other ways that say what they lose; and nothing of it is changed."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from netlint.frontends.errors import InputError  # noqa: E402
from netlint.frontends.module import read  # noqa: E402
from netlint.graph.operators import BatchNorm, Conv, Dropout, Linear, Opaque, ReLU, Weight  # noqa: E402

EXPORTED = "read through torch.export"
ONE_ROW = (torch.ones(2, 6),)


def test_control_flow_on_data_is_followed_on_one_way(live: Any) -> None:
    forward = "y = self.a(x)\nif (x > 0).all():\n    return torch.relu(y)\nreturn F.gelu(y)"
    seen = live("self.a = nn.Linear(6, 6)", forward, inputs=ONE_ROW)
    assert seen.operators.split()[-1] == "ReLU"
    assert seen.notes[-1].startswith(
        "read by tracing one run: where data decide, the other way is not seen (torch.export does not take it: "
    )


def test_control_flow_on_data_is_followed_with_guessed_inputs(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 6)", "y = self.a(x)\nreturn y if y.sum() > 1e9 else torch.relu(y)")
    assert seen.formula == "ReLU(Linear(x))"
    assert seen.graph.outputs[0].shape[1:] == (6,)
    assert not isinstance(seen.graph.outputs[0].shape[0], int)


def test_an_output_that_export_does_not_know_is_traced_without_data(live: Any) -> None:
    forward = "class Output:\n    pass\nout = Output()\nout.y = self.a(x)\nreturn out"
    seen = live("self.a = nn.Linear(6, 6)", forward, inputs=ONE_ROW)
    assert seen.formula == "Linear(x)"
    assert seen.notes[-1].startswith("read by tracing a run without data (torch.export does not take it: ")


def test_where_nothing_can_be_recorded_but_modules_their_order_is_seen(live: Any) -> None:
    forward = (
        "if torch.overrides._is_torch_function_mode_enabled():\n    raise RuntimeError('not here')\n"
        "y = self.a(x)\nreturn self.b(self.d(y) * 2)"
    )
    seen = live("self.a = nn.Linear(6, 6)\nself.d = nn.Dropout()\nself.b = nn.Linear(6, 2)", forward, inputs=ONE_ROW)
    assert seen.formula == "Linear(?a tensor of unknown origin())"
    assert [o.name for o in seen.graph.operators if o.layer is not None] == ["Linear", "Dropout", "Linear"]
    [dropout] = seen.graph.of(Dropout)
    assert dropout.inputs[0] is seen.operator("Linear")
    assert seen.notes[-1].startswith("read through forward hooks: only the order of the layers is seen")


def test_a_network_in_evaluation_mode_is_read_as_it_trains(live: Any) -> None:
    forward = "y = self.d(self.n(self.a(x)))\nif self.training:\n    return torch.relu(y), y\nreturn y"
    seen = live("self.a = nn.Linear(6, 6)\nself.n = nn.BatchNorm1d(6)\nself.d = nn.Dropout(.2)", forward, prepare=lambda net: net.eval())
    assert seen.operators == "Linear BatchNorm1d Dropout ReLU"
    assert seen.notes[0] == "the model is in evaluation mode; it is read as it trains"
    assert [d.training for d in seen.graph.of(Dropout)] == [None]


def test_a_norm_that_is_in_evaluation_mode_alone_was_put_there(live: Any) -> None:
    def freeze(net: nn.Module) -> nn.Module:
        net.n.eval()
        return net

    seen = live("self.n = nn.BatchNorm1d(6)\nself.m = nn.BatchNorm1d(6)", "return self.m(self.n(x))", prepare=freeze, inputs=ONE_ROW)
    assert [norm.training for norm in seen.graph.of(BatchNorm)] == [False, None]


def test_one_sample_is_enough_for_a_batch_norm(live: Any) -> None:
    seen = live("self.n = nn.BatchNorm1d(6)", "return self.n(x)", inputs=(torch.randn(1, 6),))
    assert (seen.formula, seen.notes) == ("BatchNorm1d(x)", (EXPORTED,))


class Restless(nn.Module):
    """Changes what it can while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.n = nn.Linear(6, 6), nn.BatchNorm1d(6)
        self.count, self.seen, self.cache = 0, [], None

    def train(self, mode: bool = True) -> Restless:
        raise AssertionError("the user's own train() is not called")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sys.stdout.write("noise")
        self.count += 1
        self.seen.append(x)
        self.cache = self.n(self.a(x)) * random.random()
        self.extra = x
        if getattr(self, "on_data", False) and self.cache.sum() > 1e9:
            return x
        return self.cache


@pytest.mark.parametrize("on_data", [False, True])
def test_nothing_of_the_model_is_changed_and_nothing_is_shown(on_data: bool, capfd: pytest.CaptureFixture[str]) -> None:
    model = Restless()
    model.on_data, model.n.training = on_data, False
    before = {key: value.clone() for key, value in model.state_dict().items()}
    drawn, state = random.getstate(), torch.get_rng_state()
    graph = read(model).graphs[0]
    assert [o.name for o in graph.operators if o.layer is not None] == ["Linear", "BatchNorm1d"]
    assert (model.count, model.seen, model.cache, hasattr(model, "extra")) == (0, [], None, False)
    assert (model.training, model.a.training, model.n.training) == (True, True, False)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert random.getstate() == drawn and torch.equal(torch.get_rng_state(), state)
    assert not model._forward_pre_hooks and not torch.nn.modules.module._global_forward_hooks
    assert "noise" not in "".join(capfd.readouterr())


def test_the_wrappers_of_pytorch_are_looked_through() -> None:
    inner = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
    for wrapped in (nn.DataParallel(inner), torch.compile(inner), nn.DataParallel(torch.compile(inner))):
        reading = read(wrapped)
        assert [layer.path for layer in reading.graphs[0].layers] == ["", "0", "1"]
        assert reading.notes[0].startswith("read within its ")
    part = nn.Sequential(torch.compile(nn.Linear(6, 6)), nn.ReLU())
    assert [o.name for o in read(part).graphs[0].operators] == ["Input", "Linear", "ReLU"]


def test_four_billion_parameters_on_the_meta_device() -> None:
    with torch.device("meta"):
        model = nn.Sequential(*(layer for _ in range(10) for layer in (nn.Linear(20_000, 20_000), nn.ReLU())))
    graph = read(model).graphs[0]
    assert graph.parameter_count() == 10 * 20_000 * 20_001
    assert len(list(graph.of(ReLU))) == 10
    assert graph.outputs[0].shape[1] == 20_000


def test_lazy_layers_are_unknown_and_stay_lazy() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    reading = read(model)
    assert "`0` is lazy and has no shape yet: call the model once on real data" in reading.notes[-1]
    assert [layer.kind for layer in reading.graphs[0].layers] == ["torch.nn.Sequential", "torch.nn.LazyLinear", "torch.nn.ReLU"]
    assert reading.graphs[0].operators == [] and reading.graphs[0].facts == frozenset()
    assert isinstance(model[0], nn.LazyLinear) and model[0].has_uninitialized_params()
    model(torch.ones(2, 5))
    assert [o.name for o in read(model).graphs[0].operators] == ["Input", "Linear", "ReLU"]


def test_torchscript_is_opaque() -> None:
    with pytest.warns() if hasattr(torch.jit, "_script") else pytest.deprecated_call():
        scripted = torch.jit.script(nn.Sequential(nn.Linear(6, 4), nn.ReLU()))
    reading = read(nn.Sequential(nn.Linear(6, 6), scripted, nn.Linear(4, 2)))
    [opaque] = reading.graphs[0].of(Opaque)
    assert (opaque.label, opaque.reason) == ("Sequential", "its TorchScript code is not read")
    assert [o.name for o in reading.graphs[0].outputs[0].inputs] == ["Sequential"]
    assert reading.graphs[0].parameter_count() == 42 + 28 + 10


def test_quantised_layers_are_opaque() -> None:
    import torch.ao.nn.quantized.dynamic as quantized

    reading = read(nn.Sequential(quantized.Linear(6, 4), nn.ReLU()), example_inputs=torch.ones(2, 6))
    [opaque] = reading.graphs[0].of(Opaque)
    assert opaque.reason == "it is quantised"
    assert reading.graphs[0].outputs[0].name == "ReLU"


def test_a_layer_within_a_layer_that_adapts_it(live: Any) -> None:
    class Adapter(nn.Module):
        def __init__(self, base: nn.Linear) -> None:
            super().__init__()
            self.base_layer = base.requires_grad_(False)
            self.lora_A, self.lora_B = nn.Linear(6, 2, bias=False), nn.Linear(2, 6, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.base_layer(x) + self.lora_B(self.lora_A(x))

    graph = read(nn.Sequential(Adapter(nn.Linear(6, 6)), nn.ReLU())).graphs[0]
    assert [o.path for o in graph.of(Linear)] == ["0.base_layer", "0.lora_A", "0.lora_B"]
    assert [o.layer.frozen for o in graph.of(Linear) if o.layer] == [True, False, False]


def test_parametrised_layers_are_leaves_like_others() -> None:
    parametrizations = torch.nn.utils.parametrizations
    model = nn.Sequential(parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), parametrizations.spectral_norm(nn.Conv2d(4, 4, 3)))
    graph = read(model).graphs[0]
    assert [(o.name, o.layer.wrapped) for o in graph.of(Conv) if o.layer] == [("Conv2d", ("weight_norm",)), ("Conv2d", ("spectral_norm",))]
    assert graph.parameter_count() == sum(value.numel() for value in model.parameters())


def test_a_forward_of_ones_own_is_not_taken_for_pytorchs(live: Any) -> None:
    class Mine(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tanh(super().forward(x))

    graph = read(nn.Sequential(Mine(6, 6), nn.ReLU())).graphs[0]
    assert [(o.name, o.path) for o in graph.operators if not isinstance(o, Weight)][1:] == [("Linear", "0"), ("Tanh", "0"), ("ReLU", "1")]


REFUSED: list[tuple[Any, Any, str]] = [
    (3, None, "a live model is a torch.nn.Module, not builtins.int"),
    ({"weight": torch.ones(2)}, None, "a state_dict holds weights, but no network"),
    (nn.Linear(4, 2), 7, "example_inputs is a tuple of tensors or a mapping of named ones, not int"),
    (nn.Linear(4, 2), (torch.ones(2, 5),), "its forward cannot be run: RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
    (nn.Linear(4, 2), (torch.ones(2, 4), 3), "its forward cannot be run: TypeError"),
]


@pytest.mark.parametrize(("model", "inputs", "message"), REFUSED, ids=[message[:50] for *_, message in REFUSED])
def test_what_cannot_be_read_is_refused_with_the_cause(model: Any, inputs: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(model, example_inputs=inputs)
    assert message in str(caught.value)


def test_what_the_forward_raises_is_said_with_its_place(live: Any) -> None:
    with pytest.raises(InputError) as caught:
        live("self.a = nn.Linear(6, 6)", "raise KeyError('mask')", inputs=ONE_ROW)
    assert "its forward cannot be run: KeyError: 'mask' at " in str(caught.value)
    assert str(caught.value).endswith(".py:10")


def test_whatever_a_forward_exits_with_does_not_get_out(live: Any) -> None:
    with pytest.raises(InputError, match="SystemExit: 3"):
        live("self.a = nn.Linear(6, 6)", "raise SystemExit(3)", inputs=ONE_ROW)


def test_a_module_that_was_not_initialised_is_refused() -> None:
    class Forgot(nn.Module):
        def __init__(self) -> None:
            pass

    with pytest.raises(InputError, match="cannot be read"):
        read(Forgot())
