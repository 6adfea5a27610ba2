"""`netlint check --fix -o`, `netlint verify` and `netlint.fix` on models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import netlint
from netlint.cli import run

if TYPE_CHECKING:
    import onnx

MODEL = """<ir_version: 10, opset_import: ["": 21]>
net (float[N, 4, 8, 8] x) => (float[N, 4, 4, 4] y) <float[4, 4, 1, 1] w = {WEIGHTS}> {
  c = Conv(x, w)
  a = Relu(c)
  y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a)
}
""".replace("WEIGHTS", ", ".join(str((7 * number) % 16 - 7.5) for number in range(16)))
OTHER = MODEL.replace("Relu", "Sigmoid").replace("MaxPool<", "AveragePool<")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def model() -> onnx.ModelProto:
    pytest.importorskip("onnx")
    return saved("model.onnx", MODEL)


def saved(name: str, text: str) -> onnx.ModelProto:
    import onnx
    import onnx.parser

    model = onnx.parser.parse_model(text)
    onnx.save(model, name)
    return model


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_a_fixed_onnx_model_is_written_where_it_is_asked_for(model: onnx.ModelProto, capsys: pytest.CaptureFixture[str]) -> None:
    import onnx

    before = Path("model.onnx").read_bytes()
    assert run(["check", "--select", "NL501", "--fail-on", "advice", "--fix", "-o", "fixed.onnx", "model.onnx"]) == 0
    printed = capsys.readouterr()
    assert "fixed model.onnx" in printed.err and "forward identical" in printed.err and "outputs identical" in printed.err
    assert "No findings in 1 file" in printed.out
    fixed = onnx.load("fixed.onnx")
    onnx.checker.check_model(fixed, full_check=True)
    assert kinds(fixed) == ["Conv", "MaxPool", "Relu"]
    assert Path("model.onnx").read_bytes() == before


def test_the_model_itself_can_be_replaced(model: onnx.ModelProto) -> None:
    import onnx

    assert run(["check", "--select", "NL501", "--fail-on", "advice", "--fix", "-o", "model.onnx", "model.onnx"]) == 0
    assert kinds(onnx.load("model.onnx")) == ["Conv", "MaxPool", "Relu"]


@pytest.mark.parametrize(("options", "words"), [(["--fix"], "name a file for the fixed model"), (["--diff"], "would fix model.onnx")])
def test_without_a_file_for_it_nothing_is_written(
    model: onnx.ModelProto, here: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert run(["check", "--select", "NL501", "--fail-on", "advice", *options, "model.onnx"]) == 1
    assert words in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["model.onnx"]


def test_one_file_takes_one_model(model: onnx.ModelProto, capsys: pytest.CaptureFixture[str]) -> None:
    saved("other.onnx", OTHER)
    assert run(["check", "--fix", "-o", "fixed.onnx", "model.onnx", "other.onnx"]) == 2
    assert "name one model" in capsys.readouterr().err
    assert not Path("fixed.onnx").exists()


def test_verify_runs_both_models(model: onnx.ModelProto, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--select", "NL501", "--output-format", "json", "model.onnx"]) == 0
    [record] = json.loads(capsys.readouterr().out)
    assert record["fix"]["verified"]["holds"] is True
    assert record["fix"]["verified"]["run"]
    saved("other.onnx", OTHER)
    assert run(["verify", "--select", "NL501", "other.onnx"]) == 0
    assert "No suggestion to verify." in capsys.readouterr().out


def test_a_model_in_python_is_fixed_in_a_copy(model: onnx.ModelProto) -> None:
    result = netlint.fix(model, config={"select": ["NL501"]})
    assert kinds(result.model) == ["Conv", "MaxPool", "Relu"] and kinds(model) == ["Conv", "Relu", "MaxPool"]
    assert not result.left
    [suggestion] = netlint.verify(model, config={"select": ["NL501"]})
    assert suggestion.proof is not None and suggestion.proof.refusal is None
    with pytest.raises(netlint.NetlintError, match="is no source: give the model itself"):
        netlint.fix("model.onnx")


def test_a_live_network_is_fixed_in_a_copy(capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2))
    x = torch.randn(2, 3, 8, 8)
    expected = net(x)
    result = netlint.fix(net, example_inputs=x, config={"select": ["NL501"]})
    assert [type(layer).__name__ for layer in result.model] == ["Conv2d", "MaxPool2d", "ReLU"]
    assert [type(layer).__name__ for layer in net] == ["Conv2d", "ReLU", "MaxPool2d"]
    assert torch.equal(result.model(x), expected)
    [made] = result.made
    assert "results identical" in str(result.proofs[id(made.proposal)].run)


def test_a_target_that_is_run_is_told_where_its_fixes_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    Path("live_net.py").write_text("from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))\n")
    assert run(["check", "--select", "NL501", "--fix", "--input", "1,3,8,8", "live_net:net"]) == 1
    assert "`netlint check --fix FILE` fixes its code" in capsys.readouterr().err
    assert run(["verify", "--select", "NL501", "--input", "1,3,8,8", "live_net:net"]) == 0
    assert "1 suggestion, 1 verified." in capsys.readouterr().out
