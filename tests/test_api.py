from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import netlint

MODEL = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
ONLY = {"select": ["NL501"]}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def test_check_takes_a_path_a_folder_or_source_text(model: Path) -> None:
    for target in (model, str(model), str(model.parent), MODEL, "model.py:net"):
        [finding] = netlint.check(target, config=ONLY)
        assert isinstance(finding, netlint.Diagnostic)
        assert (finding.code, finding.location.row, finding.network) == ("NL501", 3, "net")


def test_settings_come_from_the_nearest_file_a_given_file_or_a_mapping(model: Path) -> None:
    assert "NL501" in {finding.code for finding in netlint.check(model)}
    (model.parent / "netlint.toml").write_text('select = ["NL6"]\n')
    assert netlint.check(model) == []
    (model.parent / "other.toml").write_text('select = ["NL501"]\n')
    assert len(netlint.check(model, config=model.parent / "other.toml")) == 1


def test_what_cannot_be_read_is_a_finding_and_what_cannot_be_used_an_error(model: Path) -> None:
    [finding] = netlint.check("import torch\nclass (:\n")
    assert (finding.code, finding.filename, finding.location.row) == ("NL000", "<text>", 2)
    with pytest.raises(netlint.NetlintError, match=r"no such file or folder: `missing\.py`"):
        netlint.check("missing.py")
    with pytest.raises(netlint.NetlintError, match="unknown key `selct`"):
        netlint.check(model, config={"selct": []})


@pytest.mark.parametrize("function", [netlint.check, netlint.networks])
def test_another_kind_of_target_is_a_type_error(function: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match=r"a target is a path, source text, an nn\.Module or an onnx\.ModelProto, not a list"):
        function([])


def test_graph_gives_the_networks(model: Path) -> None:
    for function in (netlint.graph, netlint.networks):
        [network] = function("model.py:net", inputs=((1, 3, 8, 8),))  # type: ignore[operator]
        assert (network.name, network.parameter_count()) == ("net", 8 * 28)
        assert network.outputs[0].shape == (1, 8, 3, 3)
    with pytest.raises(netlint.NetlintError, match=r"<text>:2:"):
        netlint.networks("import torch\nclass (:\n")


def test_a_second_check_sees_what_has_changed_in_an_imported_file(model: Path) -> None:
    (model.parent / "net.py").write_text(MODEL.replace("3, 8, 3", "3, 9, 3"))
    model.write_text("import torch\nfrom net import net\n")
    assert [network.parameter_count() for network in netlint.networks("model.py:net")] == [9 * 28]
    (model.parent / "net.py").write_text(MODEL)
    assert [network.parameter_count() for network in netlint.networks("model.py:net")] == [8 * 28]


@pytest.mark.parametrize(
    "program",
    [
        "import netlint; netlint.graph('model.py')",
        "import netlint.graph; netlint.graph('model.py')",
        "from netlint.graph import Graph; import netlint; [g] = netlint.graph('model.py'); assert isinstance(g, Graph)",
        "from netlint import graph; from netlint.graph.operators import Conv; [g] = graph('model.py'); assert list(g.of(Conv))",
        "import netlint.graph as g; assert g.Graph",
    ],
)
def test_graph_is_a_package_and_a_function_in_any_order_of_imports(model: Path, program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, cwd=model.parent)


def test_import_netlint_imports_nothing_else() -> None:
    program = "import sys, netlint; netlint.__version__; print([name for name in sys.modules if name.startswith('netlint.')])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'netlint' has no attribute 'chek'"):
        netlint.chek  # type: ignore[attr-defined]  # noqa: B018
