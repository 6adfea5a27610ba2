"""What projects use in their own tests: `assert_clean`, the fixture and the marker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netlint.engine.errors import NetlintError
from netlint.testing import assert_clean

pytest_plugins = ["pytester"]
FLAWED = """
import torch
from torch import nn
net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 8, 3))
"""
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_a_flawed_file_fails_with_the_report(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(FLAWED)
    with pytest.raises(AssertionError, match=r"(?s)something to say.*model\.py:4.*NL501.*MaxPool2d"):
        assert_clean(tmp_path / "model.py")


def test_rules_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(FLAWED)
    assert_clean(tmp_path / "model.py", ignore=["NL501"])
    assert_clean(f"{tmp_path / 'model.py'}:net", select=["NL1"])
    with pytest.raises(AssertionError, match="NL401"):
        assert_clean(tmp_path / "model.py", ignore=["NL501"], fail_on="advice")


def test_the_settings_of_the_project_hold(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(FLAWED)
    (tmp_path / "netlint.toml").write_text("ignore = ['NL5']")
    assert_clean(tmp_path / "model.py")


def test_what_cannot_be_read_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("def")
    with pytest.raises(AssertionError, match="NL000"):
        assert_clean(tmp_path / "model.py")
    with pytest.raises(NetlintError, match="no such file"):
        assert_clean(tmp_path / "other.py")


def test_a_live_module_and_its_inputs() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(16, 8, 3))
    with pytest.raises(AssertionError, match="NL501"):
        assert_clean(net, example_inputs=torch.zeros(2, 3, 16, 16))
    assert_clean(net, ignore=["activation-before-max-pool"])


def test_the_fixture_follows_the_marker(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        model=FLAWED,
        test_model="""
            import pytest

            def test_flawed(netlint_clean):
                netlint_clean("model.py")

            @pytest.mark.netlint(ignore=["NL501"])
            class TestNet:
                def test_ignored(self, netlint_clean):
                    netlint_clean("model.py")

                @pytest.mark.netlint(ignore=[], select=["NL5"])
                def test_the_nearest_marker_wins(self, netlint_clean):
                    netlint_clean("model.py")
        """,
    )
    result = pytester.runpytest("--strict-markers")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*NL501 activation-before-max-pool*"])


def test_the_example_of_the_readme(pytester: pytest.Pytester) -> None:
    pytest.importorskip("torch")
    [example] = re.findall(r"^```python\n(import pytest\n.*?)^```", README, re.MULTILINE | re.DOTALL)
    pytester.makepyfile(test_net=example)
    pytester.runpytest("--strict-markers").assert_outcomes(passed=1)


def test_the_live_example_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    [example] = re.findall(r"^```python\n(import torch\n.*?)^```", README, re.MULTILINE | re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert "NL501 Sequential.1 ReLU stands before MaxPool2d" in capsys.readouterr().out
