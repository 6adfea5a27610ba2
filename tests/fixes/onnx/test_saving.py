"""Writing changed models: checked, atomic, with their external weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from netlint.engine.targets import single
from netlint.fixes import NotWritten
from netlint.fixes.models import fix_model
from netlint.fixes.onnx import OnnxSurgeon, write_model

BODY = """g (float[1, 3, 8, 8] x) => (float[1, 4, 4, 4] y) <float[4, 3, 1, 1] w> {
    c = Conv(x, w) a = Relu(c) y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a)
}"""
X = np.random.default_rng(3).normal(size=(1, 3, 8, 8)).astype(np.float32)
Save = Callable[..., Path]


@pytest.fixture
def source(lab: Any, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(lab.model(BODY), path)
    return path


def fixed(lab: Any, path: Path, external: bool = False) -> onnx.ModelProto:
    model = onnx.load(path, load_external_data=not external)
    result = fix_model(OnnxSurgeon(single(str(path)), lab.settings("NL501")), model)
    assert len(result.made) == 1
    assert next(iter(result.proofs.values())).run is not None
    return result.model


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_written_and_read_again(lab: Any, source: Path) -> None:
    target = source.with_name("fixed.onnx")
    write_model(target, fixed(lab, source), source)
    assert names(source.parent) == ["fixed.onnx", "model.onnx"]
    assert target.stat().st_mode & 0o777 == source.stat().st_mode & 0o777
    np.testing.assert_array_equal(lab.outputs(onnx.load(target), x=X)[0], lab.outputs(onnx.load(source), x=X)[0])
    assert lab.kinds(onnx.load(target).graph) == ["Conv", "MaxPool", "Relu"]


def test_the_file_itself_is_replaced_unless_it_changed(lab: Any, source: Path) -> None:
    old, model = source.read_bytes(), fixed(lab, source)
    source.write_bytes(old + b"\x10\x00")
    with pytest.raises(NotWritten, match="changed since"):
        write_model(source, model, source, old)
    source.write_bytes(old)
    write_model(source, model, source, old)
    assert lab.kinds(onnx.load(source).graph) == ["Conv", "MaxPool", "Relu"]
    assert names(source.parent) == ["model.onnx"]


def test_an_invalid_model_is_not_written(lab: Any, source: Path) -> None:
    model = fixed(lab, source)
    model.graph.node[0].input[0] = "nobody"
    with pytest.raises(NotWritten, match="checker refuses it"):
        write_model(source.with_name("fixed.onnx"), model, source)
    assert names(source.parent) == ["model.onnx"]


def test_external_weights_are_shared_in_the_same_folder(lab: Any, saved: Save) -> None:
    source = saved(lab.model(BODY))
    write_model(source.with_name("fixed.onnx"), fixed(lab, source, external=True), source)
    assert names(source.parent) == ["fixed.onnx", "model.onnx", "weights.bin"]
    np.testing.assert_array_equal(lab.outputs(onnx.load(source.with_name("fixed.onnx")), x=X)[0], lab.outputs(lab.model(BODY), x=X)[0])


def test_external_weights_are_copied_into_another_folder(lab: Any, saved: Save, tmp_path: Path) -> None:
    source = saved(lab.model(BODY))
    target = tmp_path / "elsewhere" / "fixed.onnx"
    target.parent.mkdir()
    for _ in range(2):  # the second time the weights are there, and are the same
        write_model(target, fixed(lab, source, external=True), source)
    assert names(target.parent) == ["fixed.onnx", "weights.bin"]
    np.testing.assert_array_equal(lab.outputs(onnx.load(target), x=X)[0], lab.outputs(lab.model(BODY), x=X)[0])


def test_other_weights_are_never_overwritten(lab: Any, saved: Save, tmp_path: Path) -> None:
    source = saved(lab.model(BODY))
    target = tmp_path / "elsewhere" / "fixed.onnx"
    target.parent.mkdir()
    (target.parent / "weights.bin").write_bytes(b"somebody's")
    with pytest.raises(NotWritten, match="holds other weights"):
        write_model(target, fixed(lab, source, external=True), source)
    assert names(target.parent) == ["weights.bin"] and (target.parent / "weights.bin").read_bytes() == b"somebody's"


def test_copied_weights_go_again_if_the_model_cannot_be_written(lab: Any, saved: Save, tmp_path: Path) -> None:
    source = saved(lab.model(BODY))
    model = fixed(lab, source, external=True)
    model.graph.node[0].input[0] = "nobody"
    target = tmp_path / "elsewhere" / "fixed.onnx"
    target.parent.mkdir()
    with pytest.raises(NotWritten, match="checker refuses it"):
        write_model(target, model, source)
    assert names(target.parent) == []


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", ""])
def test_weights_outside_the_folder_are_not_copied(lab: Any, saved: Save, tmp_path: Path, location: str) -> None:
    source = saved(lab.model(BODY))
    model = onnx.load(source, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    target = tmp_path / "elsewhere" / "fixed.onnx"
    target.parent.mkdir()
    with pytest.raises(NotWritten, match="outside the folder"):
        write_model(target, model, source)
    assert names(target.parent) == []


def test_a_model_at_hand_whose_weights_lie_elsewhere_is_not_written(lab: Any, saved: Save, tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="nobody knows where"):
        write_model(tmp_path / "fixed.onnx", onnx.load(saved(lab.model(BODY)), load_external_data=False), None)


def test_a_model_larger_than_protobuf_is_not_written(lab: Any, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netlint.fixes.onnx.saving.MOST_BYTES", 100)
    with pytest.raises(NotWritten, match="2 GiB"):
        write_model(source.with_name("fixed.onnx"), onnx.load(source), source)


def test_a_folder_that_is_not_there(lab: Any, source: Path) -> None:
    with pytest.raises(NotWritten, match="No such file"):
        write_model(source.parent / "missing" / "fixed.onnx", onnx.load(source), source)
