"""The design review: what it says of a network is what torch measures on the real module."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import netlint
from netlint.advice import remarks
from netlint.advice.activations import activation_table
from netlint.advice.flow import MOST_WORK, Flow, flow
from netlint.advice.penalties import LAMBDAS, ladder
from netlint.cli import run
from netlint.graph import Unknown
from netlint.reports.measured import measured
from netlint.verify import alternatives

DEPTH = 10
TWICE = 2.0
SIGMOID = f"""\
from torch import nn

net = nn.Sequential({", ".join(["nn.Linear(64, 64), nn.Sigmoid()"] * (DEPTH - 1))}, nn.Linear(64, 10))
"""
BATCH = 32


@pytest.fixture
def advise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `netlint advise` on source in an empty folder; exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(source: str, *arguments: str, target: str = "model.py") -> tuple[int, str, str]:
        Path("model.py").write_text(source)
        code = run(["advise", target, *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def reviews(advise: Callable[..., tuple[int, str, str]], source: str, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = advise(source, *arguments, "--output-format", "json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


# -- gradient flow ------------------------------------------------------------------------------------------------------

CURES: dict[str, tuple[str, str, bool]] = {
    # the cure: the activation, what stands before it, an initialisation
    "ReLU for Sigmoid": ("ReLU()", "", False),
    "Tanh for Sigmoid": ("Tanh()", "", False),
    "PReLU(0.1) for Sigmoid": ("PReLU(init=0.1)", "", False),
    "ELU for Sigmoid": ("ELU()", "", False),
    "ReLU for Sigmoid, He initialisation": ("ReLU()", "kaiming_normal_", False),
    "Xavier initialisation": ("Sigmoid()", "xavier_uniform_", False),
    "BatchNorm before every activation": ("Sigmoid()", "", True),
}


@pytest.fixture
def torch() -> Iterator[Any]:
    """On one thread: these networks are too small for more."""
    found = pytest.importorskip("torch")
    threads = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(threads)


def module(torch: Any, activation: str, init: str, norm: bool) -> Any:
    """The real network, each time with new first weights."""
    nn, layers = torch.nn, []
    for _ in range(DEPTH - 1):
        layers += [nn.Linear(64, 64), *([nn.BatchNorm1d(64)] if norm else []), eval(f"nn.{activation}", {"nn": nn})]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    for layer in net if init else ():
        if isinstance(layer, nn.Linear):
            options = {"nonlinearity": "relu"} if init == "kaiming_normal_" else {}
            getattr(nn.init, init)(layer.weight, **options)
            nn.init.zeros_(layer.bias)
    return net.double()


def ratio_by_torch(torch: Any, activation: str = "Sigmoid()", init: str = "", norm: bool = False) -> float:
    """The median of the first over the last linear layer's gradient norm, over several initialisations and batches."""
    found = []
    for seed in range(9):
        torch.manual_seed(seed)
        net = module(torch, activation, init, norm)
        y = net(torch.randn(BATCH, 64, dtype=torch.float64))
        (y * torch.randn_like(y)).sum().div(BATCH).backward()
        linear = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
        found.append(float(linear[0].weight.grad.norm() / linear[-1].weight.grad.norm()))
    return statistics.median(found)


def test_the_gradient_of_a_deep_sigmoid_network_and_each_cure_are_as_torch_measures(
    advise: Callable[..., tuple[int, str, str]], torch: Any
) -> None:
    [review] = reviews(advise, SIGMOID, "--input", f"{BATCH},64")
    before, suggestions = review["flow"]["before"]["ratio"], review["suggestions"]
    real = ratio_by_torch(torch)
    assert before < 1e-4
    assert 1 / TWICE < before / real < TWICE
    assert {one["name"] for one in suggestions} == CURES.keys()
    for one in suggestions:
        cured = ratio_by_torch(torch, *CURES[one["name"]])
        assert 1 / TWICE < one["ratio"] / cured < TWICE, one["name"]
        assert 1 / TWICE**2 < one["lift"] / (cured / real) < TWICE**2, one["name"]


def test_suggestions_come_in_the_order_of_their_effect(advise: Callable[..., tuple[int, str, str]]) -> None:
    [review] = reviews(advise, SIGMOID, "--input", f"{BATCH},64")
    gains = [one["gain"] for one in review["suggestions"]]
    assert gains == sorted(gains, reverse=True)
    assert review["suggestions"][0]["name"] == "ReLU for Sigmoid, He initialisation"
    assert review["suggestions"][-1]["name"] == "Xavier initialisation"
    assert review["suggestions"][0]["rules"] == ["NL402", "NL403"]


def test_a_network_without_a_problem_gets_no_suggestion(advise: Callable[..., tuple[int, str, str]]) -> None:
    sound = "from torch import nn\nnet = nn.Sequential(nn.Linear(64, 64), nn.PReLU(init=0.1), nn.Linear(64, 10))\n"
    [review] = reviews(advise, sound, "--input", "32,64")
    assert review["flow"]["problem"] is None
    assert review["suggestions"] == []


def test_dead_units_are_a_problem_of_their_own(advise: Callable[..., tuple[int, str, str]]) -> None:
    stuck = (
        "from torch import nn\nnet = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))\n"
        "nn.init.constant_(net[0].bias, -1.5)\n"
    )
    [review] = reviews(advise, stuck, "--input", "32,8")
    assert review["flow"]["problem"].endswith("% of the units of an activation are dead")
    assert 0.5 < max(units["dead"] for units in review["flow"]["before"]["activations"]) < 1
    cures = {one["name"]: max(units["dead"] for units in one["after"]["activations"]) for one in review["suggestions"]}
    assert cures["PReLU(0.1) for ReLU"] == cures["ELU for ReLU"] == 0
    assert list(cures)[-1] == "He initialisation"  # ReLU stays, and some units with it
    [review] = reviews(advise, stuck, "--input", "4,8")
    assert "dead" not in (review["flow"]["problem"] or "")  # four samples tell nothing


def test_a_part_of_the_batch_is_measured_where_the_whole_is_too_much() -> None:
    [graph] = netlint.networks(SIGMOID, inputs=((BATCH, 64),))
    pretended = int(MOST_WORK)  # operations of one pass
    found = flow(graph, ((1024, 64),), pretended)
    assert isinstance(found, Flow)
    assert (found.before.shapes, found.before.n) == (((42, 64),), 1)  # 1024 / (3 for forward and back, 8 networks)
    too_much = flow(graph, ((2, 64),), pretended)
    assert isinstance(too_much, Unknown)
    assert "give a smaller `--input`" in too_much.reason


def test_every_alternative_has_its_remarks() -> None:
    for activation in ("Sigmoid", "Tanh", "ReLU"):
        [graph] = netlint.networks(SIGMOID.replace("Sigmoid", activation), inputs=((BATCH, 64),))
        names = list(alternatives(graph))
        assert names
        assert [name for name in names if remarks(name) is None] == []
    assert remarks("something new") is None


# -- the other sections -------------------------------------------------------------------------------------------------

TRAINED = """\
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

net = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
"""
LOOP = """\
loader = DataLoader(TensorDataset(torch.zeros(64, 20), torch.zeros(64).long()), batch_size=16)
for x, y in loader:
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def test_design_and_costs(advise: Callable[..., tuple[int, str, str]]) -> None:
    [review] = reviews(advise, SIGMOID, "--input", "32,64")
    design = review["design"]
    assert (design["depth"], design["widths"]) == (DEPTH, [64] * (DEPTH - 1) + [10])
    assert design["parameters"] == (DEPTH - 1) * (64 * 64 + 64) + 64 * 10 + 10
    assert design["flops"] == (DEPTH - 1) * (2 * 32 * 64 * 64 + 3 * 32 * 64) + 2 * 32 * 64 * 10
    assert design["result_bytes"] == 4 * (2 * (DEPTH - 1) * 32 * 64 + 32 * 10)
    table = {cost["name"]: cost for cost in review["activation_costs"]["costs"]}
    elements = (DEPTH - 1) * 32 * 64
    assert {name: cost["flops"] for name, cost in table.items()} == {"ReLU": elements, "PReLU": 2 * elements, "ELU": 3 * elements}
    assert table["ReLU"]["bytes"] == 8 * elements
    assert table["PReLU"]["bytes"] == 8 * elements + 4 * (DEPTH - 1)
    assert all(cost["forward"] is None for cost in table.values())


def test_times_are_measured_only_if_asked_for(advise: Callable[..., tuple[int, str, str]]) -> None:
    [review] = reviews(advise, SIGMOID, "--input", "4,64", "--measure")
    assert all(cost["forward"] > 0 and cost["backward"] > 0 and cost["measured_with"] for cost in review["activation_costs"]["costs"])
    [graph] = netlint.networks(SIGMOID)
    assert isinstance(activation_table(graph), Unknown)


def test_the_noise_of_batch_statistics_follows_the_batch(advise: Callable[..., tuple[int, str, str]]) -> None:
    spread = {}
    for batch in (4, 64):
        [review] = reviews(advise, TRAINED, "--input", "32,20", "--batch-size", str(batch))
        assert (review["batch_noise"]["batch"], review["batch_noise"]["source"]) == (batch, "as stated")
        [norm] = review["batch_noise"]["norms"]
        assert norm["values"] == batch
        spread[batch] = norm["mean"]
    assert spread[4] == pytest.approx(4 * spread[64], rel=0.3)
    [review] = reviews(advise, TRAINED, "--input", "32,20")
    assert review["batch_noise"] is None
    assert {"what": "noise of batch statistics", "reason": "the batch size is not known: give `--batch-size`", "rules": []} in review[
        "unjudged"
    ]


def test_the_ladder_starts_at_zero_and_its_steps_are_those_of_gradient_descent() -> None:
    [graph] = [graph for graph in netlint.networks(TRAINED + LOOP) if graph.root is not None]
    found = ladder(graph)
    assert not isinstance(found, Unknown), found
    assert found.loss == pytest.approx(math.log(10))
    assert tuple(rung.coefficient for rung in found.rungs) == LAMBDAS
    assert (found.rungs[0].l1, found.rungs[0].l2, found.rungs[0].l1_steps, found.rungs[0].l2_steps) == (0.0, 0.0, None, None)
    assert (found.rate, found.seen, found.weights) == (0.5, True, 20 * 64 + 64 * 10)
    uniform = (20 * 64 / 20 + 64 * 10 / 64) / 3  # the sum of w^2: weights are from U(-b, b), b = 1 / sqrt(fan_in), with variance b^2 / 3
    last = found.rungs[-1]
    assert last.l2 == pytest.approx(last.coefficient * uniform, rel=0.1)
    weight, steps = 1.0, 0
    while weight > 0.5:
        weight -= found.rate * last.coefficient * 2 * weight
        steps += 1
    assert last.l2_steps is not None
    assert steps - 1 < last.l2_steps <= steps


def test_findings_that_stand_are_one_a_rule_and_comments_are_heard(advise: Callable[..., tuple[int, str, str]]) -> None:
    [review] = reviews(advise, SIGMOID, "--input", "32,64")
    assert [(one["code"], one["count"]) for one in review["findings"] if one["code"] == "NL402"] == [("NL402", DEPTH - 1)]
    silent = SIGMOID.replace("nn.Linear(64, 10))", "nn.Linear(64, 10))  # netlint: ignore[NL402] the subject of this test")
    [review] = reviews(advise, silent, "--input", "32,64")
    assert [one for one in review["findings"] if one["code"] == "NL402"] == []


# -- what it is asked for -----------------------------------------------------------------------------------------------

MANY = "from torch import nn\n\n" + "".join(
    f"class Net{width}(nn.Module):\n    def __init__(self{', n' * (width == 9)}):\n        super().__init__()\n"
    f"        self.a = nn.Linear({'n' if width == 9 else width}, 4)\n\n    def forward(self, x):\n        return self.a(x)\n\n"
    for width in (2, 9, 3, 5, 4)
)


def test_the_concrete_and_large_networks_come_first_and_the_rest_is_named(advise: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = advise(MANY, "--output-format", "json")
    assert code == 0
    assert [review["network"] for review in json.loads(out)] == ["Net5", "Net4", "Net3"]
    assert "Net2, Net9; name one as FILE.py:NAME" in err
    code, out, _ = advise(MANY, "--output-format", "json", target="model.py:Net2")
    assert [review["network"] for review in json.loads(out)] == ["Net2"]


def test_what_could_not_be_judged_is_said_with_an_example(advise: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = advise(SIGMOID)
    assert code == 0
    assert "the shape of the input is not known: give it, such as `--input 32,64`" in " ".join(out.split())
    assert "Gradient flow" not in out


def test_the_text_fits_a_hundred_columns(advise: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    _, out, _ = advise(SIGMOID, "--input", "32,64", "--measure")
    assert max(map(len, out.splitlines())) <= 100
    for title in ("Gradient flow", "Suggestions, the most", "Cost of activations", "A ladder for weight penalties", "Findings that stand"):
        assert f"\n\n{title}" in out
    assert "netlint rule NL402" in out


def test_a_suggestion_tells_what_was_measured_about_its_rules(advise: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = advise(SIGMOID, "--input", "32,64")
    told = " ".join(out.split())
    said = [part.split(". See")[0] for part in told.split("Our experiments: ")[1:]]
    assert len(said) == told.count("Against: ") > 3
    for one in measured("NL402"):
        for statement, verdict in one.verdicts.items():
            shown = {"supports": "supported", "contradicts": "contradicted"}.get(verdict, verdict)
            assert any(re.search(rf"{statement}\b[^;a-z]*{shown}[^;]* \({one.experiment}\)", line) for line in said), (
                statement,
                one.experiment,
            )


@pytest.mark.parametrize(
    ("source", "arguments", "target", "said"),
    [
        (SIGMOID, (), "model.py:other", "has no network `other`"),
        ("class (:\n", (), "model.py", "model.py:1:"),
        (SIGMOID, (), "missing.py", "no such file or folder"),
        (SIGMOID, ("--input", "a,b"), "model.py", "sizes are whole numbers"),
    ],
)
def test_wrong_use_is_one_line_and_exit_two(
    advise: Callable[..., tuple[int, str, str]], source: str, arguments: tuple[str, ...], target: str, said: str
) -> None:
    code, out, err = advise(source, *arguments, target=target)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_the_same_input_gives_the_same_bytes(advise: Callable[..., tuple[int, str, str]]) -> None:
    first, second = (advise(SIGMOID, "--input", "32,64", "--output-format", "json") for _ in range(2))
    assert first == second


def test_python_gives_the_reviews_of_source_and_of_a_live_module(torch: Any) -> None:
    [review] = netlint.advise(SIGMOID, inputs=((BATCH, 64),))
    assert review.flow is not None
    assert review.flow.before.ratio is not None
    [live] = netlint.advise(module(torch, "Sigmoid()", "", False).float(), example_inputs=torch.zeros(BATCH, 64))
    assert (live.design.depth, live.design.parameters) == (review.design.depth, review.design.parameters)
    assert live.flow is not None
    assert live.flow.before.ratio == pytest.approx(review.flow.before.ratio, rel=1.0)
