"""Two models run as wholes on the same inputs."""

from __future__ import annotations

from typing import Any

import pytest

from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect

CLOSE = Contract(Forward.CLOSE, StateDict.SAME, TrainingEffect.SAME)
OPEN = "g (float[N, 4, H, W] x) => (float[N, 4, H, W] y) <float[4, 4, 3, 3] w> { c = Conv<pads = [1, 1, 1, 1]>(x, w) y = %s }"


def compared(lab: Any, before: str, after: str, contract: Contract | None = None) -> Any:
    one, two = lab.model(before), lab.model(after)
    return lab.surgeon(one).compare(one, two, contract or lab.same)


def test_a_model_is_the_same_as_itself_on_two_batches(lab: Any, each_runtime: str) -> None:
    result = compared(lab, OPEN % "Relu(c)", OPEN % "Relu(c)")
    assert result.holds and "identical" in result.line and each_runtime in result.line
    assert result.data["batches"] == [1, 3] and result.data["inputs"] == 20


def test_another_result_is_seen(lab: Any, each_runtime: str) -> None:
    result = compared(lab, OPEN % "Relu(c)", OPEN % "LeakyRelu(c)")
    assert not result.holds and "different" in result.line and "output 0" in result.line
    assert result.data["outputs"]["max_abs"] > 0  # type: ignore[index]
    assert compared(lab, OPEN % "Relu(c)", OPEN % "LeakyRelu(c)", lab.changes).holds


def test_rounding_is_close_but_not_the_same(lab: Any, each_runtime: str) -> None:
    body = "g (float[1, 64] x) => (float[1, 64] y) <float k = {3}, float t = {0.33333333}> { y = %s }"
    assert not compared(lab, body % "Div(x, k)", body % "Mul(x, t)").holds
    assert compared(lab, body % "Div(x, k)", body % "Mul(x, t)", CLOSE).holds


def test_a_result_of_another_shape_is_broken(lab: Any, each_runtime: str) -> None:
    body = "g (float[2, 3] x) => (float[M, K] y) { y = %s }"
    result = compared(lab, body % "Relu(x)", body % "Transpose(x)", lab.changes)
    assert not result.holds and "float32 [2, 3] became float32 [3, 2]" in result.line


def test_a_model_that_fails_after_the_change_is_broken(lab: Any, each_runtime: str) -> None:
    body = "g (float[2, 3] x) => (float[M, K] y) <float[3, 3] w, int64[2] s = {%d, -1}> { h = Reshape(x, s) y = MatMul(h, w) }"
    result = compared(lab, body % 2, body % 3, lab.changes)
    assert not result.holds and ("fails" in result.line or "cannot be run" in result.line)


@pytest.mark.parametrize(
    "body",
    [
        "g (float[2, 3] x) => (float[2, 3] y) { y = own.Secret(x) }",
        "g (float[2, 3] x) => (float[2, 3] y) { r = RandomNormal<shape = [2, 3]>() y = Add(x, r) }",
        "g (seq(float[2, 3]) x) => (float[2, 3] y) <int64 i = {0}> { y = SequenceAt(x, i) }",
    ],
    ids=["an unknown operator", "random numbers", "a sequence"],
)
def test_what_cannot_be_run_is_not_compared(lab: Any, each_runtime: str, body: str) -> None:
    from onnx import parser

    header = '<ir_version: 10, opset_import: ["" : 21, "own" : 1]>\n'
    proto = parser.parse_model(header + body)
    assert lab.surgeon(proto).compare(proto, proto, lab.same) is None


def test_integers_and_half_precision_are_inputs_too(lab: Any, each_runtime: str) -> None:
    body = "g (float16[2, 3] x, int64[2] i, bool[2, 3] m) => (float16[K, 3] y) { h = Where(m, x, x) y = Gather(h, i) }"
    result = compared(lab, body, body)
    assert result.holds


def test_large_models_are_not_run(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netlint.fixes.onnx.running.MOST_BYTES", 100)
    assert compared(lab, OPEN % "Relu(c)", OPEN % "Relu(c)") is None


def test_time_is_bounded_and_what_is_left_out_is_told(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netlint.fixes.onnx.running.SECONDS", 0.0)
    result = compared(lab, OPEN % "Relu(c)", OPEN % "Relu(c)")
    assert result.data["inputs"] == 1 and result.data["left_out"] == 19 and "19 inputs left out" in result.line
