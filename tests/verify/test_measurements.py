"""Measurements on a network say what torch measures on the real module."""

from __future__ import annotations

import json
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from netlint.graph import Initialization, Unknown
from netlint.graph import operators as ops
from netlint.verify import Propagation, activation_costs, alternatives, batch_noise, costs, propagation, total
from netlint.verify.initialization import default, initialized
from netlint.verify.tensors import generator

TWICE = 2.0


def stacked(layer: str, activation: str, depth: int, init: str = "") -> str:
    layers = ", ".join(f"{layer}, {activation}" for _ in range(depth - 1))
    return f"net = nn.Sequential({layers}, {layer})\n{init}"


_EACH = "for m in net:\n    if isinstance(m, nn.Linear):\n"
HE = f"{_EACH}        nn.init.kaiming_normal_(m.weight, nonlinearity='relu')\n        nn.init.zeros_(m.bias)\n"
XAVIER = "for m in net:\n    if isinstance(m, nn.Linear):\n        nn.init.xavier_uniform_(m.weight)\n        nn.init.zeros_(m.bias)\n"
ORTHOGONAL = "for m in net:\n    if isinstance(m, nn.Linear):\n        nn.init.orthogonal_(m.weight, gain=1.2)\n"

CASES = {
    "sigmoid, 10 layers": (stacked("nn.Linear(64, 64)", "nn.Sigmoid()", 10), (32, 64)),
    "sigmoid, Xavier": (stacked("nn.Linear(64, 64)", "nn.Sigmoid()", 10, XAVIER), (32, 64)),
    "tanh, Xavier": (stacked("nn.Linear(64, 64)", "nn.Tanh()", 10, XAVIER), (32, 64)),
    "tanh, orthogonal": (stacked("nn.Linear(64, 64)", "nn.Tanh()", 6, ORTHOGONAL), (32, 64)),
    "ReLU, 20 layers": (stacked("nn.Linear(64, 64)", "nn.ReLU()", 20), (32, 64)),
    "ReLU, He": (stacked("nn.Linear(64, 64)", "nn.ReLU()", 20, HE), (32, 64)),
    "convolutions with norms": (
        "net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.PReLU(16), nn.MaxPool2d(2), "
        "nn.Conv2d(16, 32, 3, groups=4), nn.GroupNorm(4, 32), nn.ELU(), nn.Flatten(), nn.Linear(32 * 6 * 6, 10))\n",
        (8, 3, 16, 16),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_propagation_is_what_torch_measures_within_twice(name: str, changes: ModuleType) -> None:
    torch = pytest.importorskip("torch")
    source, shape = CASES[name]
    measured = propagation(changes.graph_of(source), [shape], seed=0, n=4)
    assert isinstance(measured, Propagation), measured
    gradients, activations = _by_torch(torch, source, shape, 4)
    assert [layer.path for layer in measured.layers] == list(gradients)
    for layer in measured.layers:
        assert 1 / TWICE < layer.gradient / gradients[layer.path] < TWICE
        assert 1 / TWICE < layer.activation / activations[layer.path] < TWICE
    json.dumps(measured.as_json(), allow_nan=False)


def _by_torch(torch: Any, source: str, shape: tuple[int, ...], n: int) -> tuple[dict[str, float], dict[str, float]]:
    """Geometric means over n initialisations of the gradient norms of the weights and the deviations of the results, by path."""
    gradients: dict[str, list[float]] = {}
    activations: dict[str, list[float]] = {}
    for seed in range(n):
        torch.manual_seed(seed)
        scope: dict[str, Any] = {"nn": torch.nn, "torch": torch}
        exec(source, scope)
        net = scope["net"].double().train()

        def keep(path: str) -> Any:
            return lambda module, inputs, output: activations.setdefault(path, []).append(float(output.detach().std(correction=0)))

        layers = {path: m for path, m in net.named_modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))}
        for path, layer in layers.items():
            layer.register_forward_hook(keep(path))
        y = net(torch.randn(*shape, dtype=torch.float64))
        (y * torch.randn_like(y)).sum().div(shape[0]).backward()
        for path, layer in layers.items():
            gradients.setdefault(path, []).append(float(layer.weight.grad.norm()))
    mean = {True: lambda values: math.exp(sum(map(math.log, values)) / len(values))}[True]
    return {path: mean(values) for path, values in gradients.items()}, {path: mean(values) for path, values in activations.items()}


def test_a_deep_sigmoid_network_loses_its_gradient_and_cures_lift_it(changes: ModuleType) -> None:
    graph = changes.graph_of(CASES["sigmoid, 10 layers"][0])
    plain = propagation(graph, [(32, 64)])
    assert isinstance(plain, Propagation)
    assert plain.ratio is not None
    assert plain.ratio < 1e-4
    cured = {name: propagation(other, [(32, 64)]) for name, other in alternatives(graph).items()}
    ratios = {name: found.ratio for name, found in cured.items() if isinstance(found, Propagation)}
    assert ratios.keys() == cured.keys()
    assert ratios["ReLU for Sigmoid"] > 100 * plain.ratio
    assert 0.1 < ratios["ReLU for Sigmoid, He initialisation"] < 10
    assert 0.01 < ratios["BatchNorm before every activation"] < 100
    assert all(isinstance(one, ops.Sigmoid) for one in graph.operators if isinstance(one, ops.Activation))  # the graph is as it was


def test_dead_and_saturated_units(changes: ModuleType) -> None:
    init = "nn.init.constant_(net[0].bias, {})\n"
    dead = propagation(changes.graph_of(stacked("nn.Linear(16, 16)", "nn.ReLU()", 2, init.format(-100.0))), [(8, 16)])
    assert isinstance(dead, Propagation)
    assert dead.activations[0].dead == 1.0
    assert dead.layers[0].gradient == 0.0
    assert dead.ratio is None  # what the last layer reads is zero too
    flat = propagation(changes.graph_of(stacked("nn.Linear(16, 16)", "nn.Sigmoid()", 2, init.format(20.0))), [(8, 16)])
    assert isinstance(flat, Propagation)
    assert flat.activations[0].saturated == 1.0
    fresh = propagation(changes.graph_of(stacked("nn.Linear(16, 16)", "nn.Sigmoid()", 2)), [(8, 16)])
    assert isinstance(fresh, Propagation)
    assert fresh.activations[0].saturated == 0.0
    assert fresh.activations[0].dead == 0.0


def test_what_cannot_be_measured_is_unknown(changes: ModuleType) -> None:
    graph = changes.graph_of("from somewhere import strange\n" + changes.module("self.a = nn.Linear(4, 4)", "return strange(self.a(x))"))
    assert isinstance(propagation(graph, [(2, 4)]), Unknown)
    assert isinstance(costs(graph, [(2, 4)]), Unknown)
    fits = changes.graph_of(changes.stack("nn.Linear(4, 4)"))
    wrong = propagation(fits, [(2, 5)])
    assert isinstance(wrong, Unknown)
    assert "[2, 5]" in wrong.reason
    unknown = changes.graph_of(
        "import sys\n" + changes.stack("nn.Linear(4, 4)") + "nn.init.normal_(net[0].weight, std=float(sys.argv[1]))\n"
    )
    assert isinstance(propagation(unknown, [(2, 4)]), Unknown)


# -- initialisers ---------------------------------------------------------------------------------------------------------

SHAPE = (48, 32, 3, 3)
DRAWS: tuple[tuple[str, dict[str, object]], ...] = (
    ("kaiming_normal_", {"a": 0, "mode": "fan_in", "nonlinearity": "relu"}),
    ("kaiming_normal_", {"a": 0.1, "mode": "fan_out", "nonlinearity": "leaky_relu"}),
    ("kaiming_uniform_", {"a": 5**0.5}),
    ("xavier_normal_", {"gain": 2.0}),
    ("xavier_uniform_", {}),
    ("orthogonal_", {"gain": 1.5}),
    ("normal_", {"mean": 1.0, "std": 0.1}),
    ("uniform_", {"a": -2.0, "b": 1.0}),
    ("trunc_normal_", {"std": 1.0, "a": -0.5, "b": 1.0}),
    ("constant_", {"val": 0.3}),
    ("dirac_", {"groups": 2}),
    ("zeros_", {}),
    ("ones_", {}),
)


@pytest.mark.parametrize(("name", "options"), DRAWS, ids=[f"{name} {options}" for name, options in DRAWS])
def test_an_initialiser_draws_from_torch_s_distribution(name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    mine = initialized(Initialization(name, options), SHAPE, generator(name))
    assert not isinstance(mine, Unknown)
    theirs = getattr(torch.nn.init, name)(torch.empty(*SHAPE, dtype=torch.float64), **options).numpy()
    assert mine.shape == theirs.shape
    for of in (np.mean, np.std, np.min, np.max):
        assert float(of(mine)) == pytest.approx(float(of(theirs)), rel=0.1 if of is np.std else 0.35, abs=0.02)


@pytest.mark.parametrize(
    "layer", ["Conv2d(6, 8, 3, groups=2)", "ConvTranspose2d(6, 8, 3)", "Linear(300, 200)", "Bilinear(5, 7, 40)", "PReLU(9, 0.1)"]
)
def test_a_layer_s_own_start_is_torch_s(layer: str, changes: ModuleType) -> None:
    torch = pytest.importorskip("torch")
    module = eval(f"nn.{layer}", {"nn": torch.nn})
    made = changes.graph_of(changes.stack(f"nn.{layer}")) if "Bilinear" not in layer else None
    operator = made.root.children["0"].operator if made is not None else ops.Bilinear(in1_features=5, in2_features=7, out_features=40)
    for name, parameter in module.named_parameters():
        value = default(name, tuple(parameter.shape), operator, generator(layer, name))
        assert not isinstance(value, Unknown)
        assert float(np.max(np.abs(value))) == pytest.approx(float(parameter.abs().max()), rel=0.5)
        if parameter.numel() > 200:
            assert float(np.std(value)) == pytest.approx(float(parameter.std()), rel=0.2)


# -- noise and cost -------------------------------------------------------------------------------------------------------


def test_batch_statistics_are_noisier_in_small_batches(changes: ModuleType) -> None:
    graph = changes.graph_of(changes.stack("nn.Linear(20, 64)", "nn.BatchNorm1d(64)", "nn.ReLU()"))
    spread = {}
    for batch in (2, 8, 32):
        found = batch_noise(graph, [(1, 20)], batch)
        assert not isinstance(found, Unknown)
        [noise] = found
        assert noise.values == batch
        assert noise.mean == pytest.approx(noise.independent, rel=0.3)  # samples are independent here
        spread[batch] = noise
    assert spread[2].mean > spread[8].mean > spread[32].mean
    assert spread[2].variance > spread[8].variance > spread[32].variance
    assert isinstance(batch_noise(graph, [(1, 20)], 1), Unknown)


def test_costs_add_up(changes: ModuleType) -> None:
    graph = changes.graph_of(changes.stack("nn.Conv2d(3, 8, 3)", "nn.ReLU()", "nn.MaxPool2d(2)"))
    parts = costs(graph, [(2, 3, 10, 10)])
    assert not isinstance(parts, Unknown)
    assert [part.name for part in parts] == ["Conv2d", "ReLU", "MaxPool2d"]
    assert parts[0].flops == 2 * (2 * 8 * 8 * 8) * 27
    assert parts[1].flops == 2 * 8 * 8 * 8
    assert parts[1].bytes == 2 * 4 * 2 * 8 * 8 * 8
    whole = total(parts)
    assert whole.flops == sum(part.flops or 0 for part in parts)
    assert whole.forward is not None
    assert whole.backward is not None
    assert whole.forward > 0
    assert whole.measured_with
    json.dumps(whole.as_json(), allow_nan=False)


def test_the_swap_s_saving_is_counted(changes: ModuleType) -> None:
    before, after = (
        costs(changes.graph_of(changes.stack("nn.Conv2d(3, 8, 3, padding=1)", *pair)), [(2, 3, 16, 16)], measure=False)
        for pair in (("nn.ReLU()", "nn.MaxPool2d(2)"), ("nn.MaxPool2d(2)", "nn.ReLU()"))
    )
    assert not isinstance(before, Unknown)
    assert not isinstance(after, Unknown)
    assert before[1].flops == 4 * (after[2].flops or 0)
    assert before[1].measured_with == ""


def test_activations_at_a_shape() -> None:
    table = {cost.name: cost for cost in activation_costs((2, 8, 14, 14))}
    assert table["ELU"].flops == 3 * 2 * 8 * 14 * 14
    assert (table["ELU"].flops or 0) > (table["PReLU"].flops or 0) > (table["ReLU"].flops or 0)
    assert all(cost.forward is not None and cost.measured_with for cost in table.values())
