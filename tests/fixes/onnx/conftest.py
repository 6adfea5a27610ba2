"""Models for the tests, written as ONNX's own text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from netlint.engine.intent import Intent  # noqa: E402
from netlint.engine.registry import load  # noqa: E402
from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect  # noqa: E402
from netlint.engine.settings import Settings  # noqa: E402
from netlint.engine.targets import given_model  # noqa: E402
from netlint.fixes.models import Operated, fix_model  # noqa: E402
from netlint.fixes.onnx import OnnxSurgeon  # noqa: E402
from netlint.graph import Graph, Operator  # noqa: E402

HEADER = '<ir_version: 10, opset_import: ["" : {opset}, "com.microsoft" : 1]>\n'
SAME = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)
CHANGES = Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.SAME)
EVERY = Settings(selected=frozenset(rule.code for rule in load().rules))


class Lab:
    """Models, surgery on them, and what they compute."""

    same = SAME
    changes = CHANGES

    @staticmethod
    def settings(*codes: str) -> Settings:
        return Settings(selected=frozenset(codes))

    @staticmethod
    def model(body: str, opset: int = 21) -> onnx.ModelProto:
        """A model from the text of its graph; weights without numbers (`<float[4, 4] w>`) are drawn."""
        parsed = onnx.parser.parse_model(HEADER.format(opset=opset) + body)
        given = {tensor.name for tensor in parsed.graph.initializer}
        random = np.random.default_rng(0)
        for entry in parsed.graph.value_info:
            if entry.name not in given:
                kind = entry.type.tensor_type
                dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
                array = random.normal(size=[dim.dim_value for dim in kind.shape.dim]).astype(dtype)
                parsed.graph.initializer.append(onnx.numpy_helper.from_array(array, entry.name))
        del parsed.graph.value_info[:]
        return onnx.shape_inference.infer_shapes(parsed)

    @staticmethod
    def surgeon(proto: onnx.ModelProto) -> OnnxSurgeon:
        return OnnxSurgeon(given_model(proto), EVERY)

    @staticmethod
    def graph(proto: onnx.ModelProto) -> Graph:
        [graph] = Lab.surgeon(proto).check(proto).graphs
        return graph

    @staticmethod
    def operated(proto: onnx.ModelProto, intent: Callable[[Graph], Intent], contract: Contract = SAME) -> onnx.ModelProto:
        """The model with one intent done, valid, and with the model itself as it was."""
        before = proto.SerializeToString(deterministic=True)
        graph = Lab.graph(proto)
        result: Operated[onnx.ModelProto] = Lab.surgeon(proto).operate(proto, graph, intent(graph), contract)
        assert proto.SerializeToString(deterministic=True) == before
        onnx.checker.check_model(result.model, full_check=True)
        assert [entry.name for entry in result.model.graph.output] == [entry.name for entry in proto.graph.output]
        assert [entry.name for entry in result.model.graph.input] == [entry.name for entry in proto.graph.input]
        return result.model

    @staticmethod
    def kinds(graph: onnx.GraphProto) -> list[str]:
        """The kinds of a graph's nodes, in order."""
        return [node.op_type for node in graph.node]

    @staticmethod
    def the(graph: Graph, kind: type[Operator]) -> Operator:
        """The first operator of a kind."""
        return next(graph.of(kind))

    @staticmethod
    def outputs(proto: onnx.ModelProto, **inputs: np.ndarray) -> Sequence[np.ndarray]:
        """What a model gives, by onnx's reference evaluator."""
        from onnx.reference import ReferenceEvaluator

        with np.errstate(all="ignore"):
            return ReferenceEvaluator(proto).run(None, inputs)

    @staticmethod
    def fixed(proto: onnx.ModelProto, *codes: str) -> onnx.ModelProto:
        """The model with the safe fixes of some rules made, and none of their findings left."""
        surgeon = OnnxSurgeon(given_model(proto), Lab.settings(*codes))
        result = fix_model(surgeon, proto)
        assert result.changed, [given_up.reason for given_up in result.given_up]
        assert not result.left
        onnx.checker.check_model(result.model, full_check=True)
        return result.model


@pytest.fixture
def lab() -> type[Lab]:
    return Lab


@pytest.fixture(params=["onnxruntime", "onnx"])
def each_runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """onnxruntime, where it is installed, and onnx's reference evaluator."""
    if request.param == "onnxruntime":
        pytest.importorskip("onnxruntime")
    else:
        monkeypatch.setattr("netlint.fixes.onnx.runtime.installed", lambda name: name != "onnxruntime")
    return str(request.param)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[onnx.ModelProto, str], Path]:
    """Saves a model with its weights in another file."""

    def save(proto: onnx.ModelProto, folder: str = "source") -> Path:
        path = tmp_path / folder / "model.onnx"
        path.parent.mkdir()
        copy = onnx.ModelProto()
        copy.CopyFrom(proto)
        onnx.save(copy, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
        return path

    return save
