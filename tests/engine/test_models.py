"""Live models and ONNX models through the engine: what is said of them, and where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netlint
from netlint.cli import run

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3)
        self.second = nn.Conv2d(16, 16, 3)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        x = self.pool(torch.relu(self.first(x)))
        return self.pool(torch.relu(self.second(x)))


def broken():
    raise ValueError("no weights at hand")


number = 3
"""
RELUS = [14, 15]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    name = f"live_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODEL)
    return tmp_path / f"{name}.py"


def records(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    capsys.readouterr()
    run(["check", "--select", "NL501", "--output-format", "json", *arguments])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_a_live_network_is_found_where_its_source_applies_it(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    live = records(capsys, f"{package.stem}:Net")
    source = records(capsys, package.name)
    assert [(one["filename"], one["location"]["row"]) for one in live] == [(package.name, row) for row in RELUS]  # type: ignore[index]
    assert {one["frontend"] for one in live} == {"module"}
    for one, other in zip(live, source, strict=True):
        assert (one["location"], one["message"], one["network"]) == (other["location"], other["message"], other["network"])


def test_a_comment_in_the_source_speaks_for_the_live_network(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = MODEL.split("\n")
    lines[RELUS[0] - 1] += "  # netlint: ignore[NL501] measured"
    package.write_text("\n".join(lines))
    assert [one["location"]["row"] for one in records(capsys, f"{package.stem}:Net")] == RELUS[1:]  # type: ignore[index]


def test_the_user_is_told_before_the_code_runs_and_how_it_was_read(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", f"{package.stem}:Net", "--input", "2,3,20,20"])
    told = capsys.readouterr().err
    assert f"{package.stem}:Net is imported and run" in told
    assert "read through torch.export" in told
    assert "guessed" not in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken", "no weights at hand"),
        ("number", "not a network"),
        ("Nat", "did you mean `Net`"),
    ],
)
def test_a_live_network_that_cannot_be_had_is_exit_2(package: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    assert run(["check", f"{package.stem}:{name}"]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def test_graph_and_why_take_live_networks(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", f"{package.stem}:Net", "--input", "2,3,20,20"]) == 0
    assert "2 x 16 x 18 x 18" in capsys.readouterr().out
    assert run(["why", "NL501", f"{package.stem}:Net"]) == 0
    assert capsys.readouterr().out.count("fired") >= len(RELUS)


def test_a_module_at_hand(package: Path) -> None:
    import torch

    namespace: dict[str, object] = {}
    exec(compile(MODEL, str(package), "exec"), namespace)
    model = namespace["Net"]()  # type: ignore[operator]
    found = netlint.check(model, example_inputs=(torch.zeros(2, 3, 20, 20),), config={"select": ["NL501"]})
    assert [one.symbol for one in found] == ["Net", "Net"]
    [graph] = netlint.graph(model, inputs=((2, 3, 20, 20),))
    assert graph.parameter_count() == sum(p.numel() for p in model.parameters())


# -- ONNX -----------------------------------------------------------------------------------------------------------------

TEXT = """
<ir_version: 8, opset_import: ["" : 17]>
net (float[1, 3, 16, 16] x, float[8, 3, 3, 3] w, float[8, 8, 3, 3] v) => (float[1, 8, 2, 2] y)
{
    c = Conv(x, w)
    r = Relu(c)
    p = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(r)
    d = Conv(p, v)
    s = Relu(d)
    y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(s)
}
"""


@pytest.fixture
def model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    onnx = pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.parser.parse_model(TEXT), "net.onnx")
    return Path("net.onnx")


def test_nodes_of_a_model_file_are_places_of_their_own(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = records(capsys, str(model_file))
    assert [(one["filename"], one["location"], one["frontend"]) for one in found] == [("net.onnx", {"row": 1, "column": 1}, "onnx")] * 2
    assert len({str(one["symbol"]) for one in found}) == 2
    assert len({str(one["fingerprint"]) for one in found}) == 2


def test_a_model_file_in_a_folder_is_found(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(records(capsys, ".")) == 2


def test_rules_about_training_are_not_evaluated(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", str(model_file), "--verbose"])
    assert "NL301  1 x an ONNX model does not tell how the network is trained" in capsys.readouterr().out


def test_a_part_of_a_model_can_be_left_out_by_the_settings(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [first, _] = records(capsys, str(model_file))
    Path("netlint.toml").write_text(f"ignore-modules = ['{first['symbol']}']")
    assert len(records(capsys, str(model_file))) == 1


def test_a_broken_model_is_exit_2_and_the_others_are_checked(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.onnx").write_bytes(model_file.read_bytes()[:50])
    assert run(["check", "--select", "NL501", "."]) == 2
    printed = capsys.readouterr()
    assert "broken.onnx:1:1  NL000" in printed.out
    assert "2 advice in 2 files, 1 network" in printed.out
    assert "Traceback" not in printed.out + printed.err


def test_a_model_at_hand(model_file: Path) -> None:
    import onnx

    found = netlint.check(onnx.load(model_file), config={"select": ["NL501"]})
    assert [one.code for one in found] == ["NL501", "NL501"]


def test_graph_and_why_take_model_files(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(model_file)]) == 0
    assert "MaxPool2d" in capsys.readouterr().out
    assert run(["why", "NL501", str(model_file)]) == 0
    assert capsys.readouterr().out.count("fired") >= 2


def test_an_onnx_model_is_called_as_the_user_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx = pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 3]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "net", values[:1], values[1:])
    onnx.save(onnx.helper.make_model(graph), "net.onnx")
    run(["graph", "net.onnx", "--format", "json"])
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert [node["filename"] for node in nodes if node["op"] == "ReLU"] == ["net.onnx"]
    Path("broken.onnx").write_bytes(b"broken")
    assert run(["check", "broken.onnx"]) == 2
    assert "`broken.onnx` is no ONNX model" in capsys.readouterr().out
