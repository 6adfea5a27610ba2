"""What `equivalence` answers, and how: on random networks against torch, on large ones, and in words."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from types import ModuleType
from typing import Any

import pytest

from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect
from netlint.graph import Graph, Unknown
from netlint.graph import operators as ops
from netlint.verify import Remap, equivalence

CONV = "nn.Conv2d(3, 8, 3, padding=1)"


def test_in_one_line(changes: ModuleType) -> None:
    before = changes.graph_of(changes.stack(CONV, "nn.ReLU()", "nn.MaxPool2d(2)"))
    after = changes.graph_of(changes.stack(CONV, "nn.MaxPool2d(2)", "nn.ReLU()"))
    evidence = equivalence(before, after)
    assert str(evidence) == "forward identical on 25 tensors (float32, train and eval), gradients identical, state_dict the same"
    assert evidence.forward is Forward.EXACT
    assert evidence.state_dict is StateDict.SAME
    assert evidence.training is TrainingEffect.SAME


def test_the_smallest_counterexample_can_be_checked_by_hand(changes: ModuleType) -> None:
    numpy = pytest.importorskip("numpy")
    before = changes.graph_of(changes.stack(CONV, "nn.ReLU()", "nn.AvgPool2d(2)"))
    after = changes.graph_of(changes.stack(CONV, "nn.AvgPool2d(2)", "nn.ReLU()"))
    found = equivalence(before, after).counterexample
    assert found is not None
    assert found.shapes == ((1, 1, 2, 3),)
    x = numpy.reshape(numpy.array(found.inputs[0], dtype=numpy.float32), found.shapes[0])[..., :2]
    assert found.before == pytest.approx(float(numpy.maximum(x, 0).mean()))
    assert found.after == pytest.approx(max(float(x.mean()), 0.0))


def test_json_has_everything(changes: ModuleType) -> None:
    before = changes.graph_of(changes.stack(CONV, "nn.GELU()", "nn.MaxPool2d(2)"))
    after = changes.graph_of(changes.stack(CONV, "nn.MaxPool2d(2)", "nn.GELU()"))
    record = json.loads(json.dumps(equivalence(before, after).as_json(), allow_nan=False))
    assert record["holds"] is False
    assert record["broken"] == ["forward", "training"]
    assert record["measured"] == {"forward": "changes", "state_dict": "same", "training": "changes"}
    assert record["counterexample"]["before"] > record["counterexample"]["after"]


def test_a_bias_dropped_before_a_batch_norm_needs_its_running_mean_moved(changes: ModuleType) -> None:
    before = changes.graph_of(changes.stack(CONV, "nn.BatchNorm2d(8)"))
    after = changes.graph_of(changes.stack("nn.Conv2d(3, 8, 3, padding=1, bias=False)", "nn.BatchNorm2d(8)"))
    contract = Contract(Forward.CLOSE, StateDict.REMAP, TrainingEffect.SAME)
    moved = equivalence(before, after, contract)
    assert moved.holds, moved
    assert "0.bias goes into 1.running_mean" in str(moved)
    dropped = equivalence(before, after, contract, remap=Remap())
    assert not dropped.holds
    assert dropped.training_results.rounding  # in training the batch's own mean takes the bias off
    assert not dropped.evaluation_results.rounding


def test_a_wider_region_shows_what_a_narrow_one_cannot(changes: ModuleType) -> None:
    tail = ("nn.MaxPool2d(2)", "nn.ReLU()", "nn.Conv2d(8, 2, 1)")
    before = changes.graph_of(changes.stack(CONV, "nn.ReLU()", *tail))
    after = changes.graph_of(changes.stack(CONV, "nn.Identity()", *tail))
    assert equivalence(before, after).holds  # the ReLU behind the pooling makes up for the one before it
    alone = changes.graph_of(changes.stack(CONV, "nn.Identity()", "nn.MaxPool2d(2)", "nn.Conv2d(8, 2, 1)"))
    assert not equivalence(changes.graph_of(changes.stack(CONV, "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Conv2d(8, 2, 1)")), alone).holds


def test_every_block_of_a_deep_network_is_a_region_of_its_own(changes: ModuleType) -> None:
    block = ("nn.Conv2d(8, 8, 3, padding=1)", "nn.BatchNorm2d(8)", "nn.ReLU()", "nn.MaxPool2d(3, 1, 1)")
    swapped = (*block[:2], block[3], block[2])
    before, after = (changes.graph_of(changes.stack(CONV, *(part * 12), "nn.AdaptiveAvgPool2d(1)")) for part in (block, swapped))
    start = time.perf_counter()
    evidence = equivalence(before, after)
    assert evidence.holds, evidence
    assert evidence.regions == 12
    assert time.perf_counter() - start < 60


def test_an_unseen_reader_leaves_a_difference_undecided(changes: ModuleType) -> None:
    body = "self.conv = nn.Conv2d(3, 8, 3)"
    start = "from somewhere import strange\n"
    before = changes.graph_of(start + changes.module(body, "return strange(F.relu(self.conv(x)))"))
    after = changes.graph_of(start + changes.module(body, "return strange(F.gelu(self.conv(x)))"))
    evidence = equivalence(before, after)
    assert not evidence.holds
    assert evidence.forward is None
    assert "not verified" in str(evidence)


def test_around_brings_operators_into_the_run(changes: ModuleType) -> None:
    before, after = (changes.graph_of(changes.stack(CONV, "nn.ReLU()", "nn.MaxPool2d(2)")) for _ in range(2))
    assert equivalence(before, after).regions == 0
    evidence = equivalence(before, after, around=list(before.of(ops.ReLU)))
    assert evidence.regions == 1
    assert evidence.tensors
    assert evidence.holds


def test_importing_netlint_imports_no_numpy() -> None:
    code = "import sys, netlint, netlint.cli; assert 'numpy' not in sys.modules and 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# -- random networks ------------------------------------------------------------------------------------------------------

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

EXACT = ("nn.ReLU()", "nn.ReLU6()", "nn.LeakyReLU(0.1)", "nn.Hardtanh()", "nn.Softshrink()", "nn.Hardshrink()")
INEXACT = ("nn.GELU()", "nn.SiLU()", "nn.Mish()", "nn.Hardswish()", "nn.LeakyReLU(-0.2)")
OTHERS = (
    "nn.BatchNorm2d(8)",
    "nn.GroupNorm(2, 8)",
    "nn.Dropout(0.2)",
    "nn.Conv2d(8, 8, 3, padding=1)",
    "nn.Tanh()",
    "nn.ELU()",
    "nn.PReLU(8)",
)


@st.composite
def pools(draw: Any) -> str:
    """A max pooling that fits, with any options."""
    kernel = draw(st.integers(2, 3))
    padding = draw(st.integers(0, kernel // 2))
    stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    return f"nn.MaxPool2d({kernel}, {stride}, {padding}, {dilation}, ceil_mode={draw(st.booleans())})"


@st.composite
def networks(draw: Any, activations: tuple[str, ...]) -> tuple[list[str], list[str], list[int]]:
    """Layers before and after, and the places of the swapped activations before."""
    before, after, places = [CONV], [CONV], []
    for _ in range(draw(st.integers(1, 3))):
        filler = draw(st.lists(st.sampled_from(OTHERS), max_size=3))
        activation, pool = draw(st.sampled_from(activations)), draw(pools())
        before += filler
        after += filler
        places.append(len(before))
        before += [activation, pool]
        after += [pool, activation]
    tail = draw(st.lists(st.sampled_from(OTHERS), max_size=2))
    return before + tail, after + tail, places


SETTINGS = hypothesis.settings(max_examples=8, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True)


@SETTINGS
@hypothesis.given(networks(EXACT))
def test_a_right_swap_in_a_random_network_is_accepted_and_torch_agrees(drawn: tuple[list[str], list[str], list[int]]) -> None:
    before, after, _ = drawn
    evidence = equivalence(_graph(before), _graph(after))
    assert evidence.holds, evidence
    assert evidence.training_results.identical
    assert evidence.evaluation_results.identical
    torch = pytest.importorskip("torch")
    nets = [_net(torch, layers) for layers in (before, after)]
    nets[1].load_state_dict(nets[0].state_dict())
    x = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    for training in (True, False):
        results = []
        for net in nets:
            torch.manual_seed(1)
            try:
                results.append(net.train(training)(x))
            except (RuntimeError, ValueError):
                hypothesis.reject()  # it pools more than there is
        assert torch.equal(*results)


@SETTINGS
@hypothesis.given(networks(INEXACT))
def test_a_wrong_swap_in_a_random_network_is_refused(drawn: tuple[list[str], list[str], list[int]]) -> None:
    before, after, _ = drawn
    evidence = equivalence(_graph(before), _graph(after))
    assert not evidence.holds
    assert evidence.counterexample is not None


def _graph(layers: list[str]) -> Graph:
    from netlint.frontends.source import read

    source = "from torch import nn\nnet = nn.Sequential(" + ", ".join(layers) + ")\n"
    graph = next(graph for graph in read(source, "net.py").graphs if graph.root is not None)
    assert not any(isinstance(operator, ops.Opaque) for operator in graph.operators)
    return graph


def _net(torch: Any, layers: list[str]) -> Any:
    return eval("nn.Sequential(" + ", ".join(layers) + ")", {"nn": torch.nn})


def test_what_is_unknown_has_a_reason(changes: ModuleType) -> None:
    graph = changes.graph_of("import sys\n" + changes.stack(CONV, "nn.LeakyReLU(float(sys.argv[1]))"))
    [activation] = graph.of(ops.LeakyReLU)
    assert isinstance(activation.negative_slope, Unknown)
    other = changes.graph_of(changes.stack(CONV, "nn.LeakyReLU(0.1)"))
    assert equivalence(graph, other).unverified == activation.negative_slope.reason
