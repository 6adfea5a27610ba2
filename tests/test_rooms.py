"""The house: which room may use which, that rules use only what any rule pack can use, and that a rule is one new file."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import netlint
from netlint.cli import run
from netlint.engine.registry import load
from netlint.testing import check_rule

HOUSE = Path(netlint.__file__).parent
REPOSITORY = Path(__file__).parent.parent
RULES = REPOSITORY / "rules"
ROOMS = (
    "graph",
    "frontends",
    "layers",
    "engine",
    "verify",
    "fixes",
    "advice",
    "config",
    "reports",
    "api",
    "testing",
    "editor",
    "cli",
    "__main__",
)
"""Downhill is to the left."""
OPEN_TO_RULES = ("netlint.graph", "netlint.engine.rule", "netlint.engine.intent")


def imports(path: Path) -> Iterator[str]:
    """The modules of the project that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "netlint")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            if node.module == "netlint":
                yield from (f"netlint.{alias.name}" for alias in node.names)
            elif node.module and node.module.split(".")[0] == "netlint":
                yield node.module


def room_of(module: str) -> str:
    return module.split(".")[1]


FILES = sorted(path for path in HOUSE.rglob("*.py") if path != HOUSE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_rooms_import_only_downhill(path: Path) -> None:
    own = ROOMS.index(path.relative_to(HOUSE).parts[0].removesuffix(".py"))
    for module in imports(path):
        if module != "netlint.__version__":
            assert ROOMS.index(room_of(module)) <= own, f"{path.relative_to(HOUSE)} imports {module}"


@pytest.mark.parametrize("path", sorted(RULES.rglob("*.py")), ids=lambda path: path.relative_to(RULES).as_posix())
def test_rules_use_only_the_graph_and_the_rule(path: Path) -> None:
    for module in imports(path):
        allowed = any(module == room or module.startswith(f"{room}.") for room in OPEN_TO_RULES)
        assert allowed, f"{path.relative_to(REPOSITORY)} imports {module}"


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {path.stem for folder in (HOUSE, RULES) for path in folder.rglob("*.py")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


# -- a rule is one new file -------------------------------------------------------------------------------------------


@pytest.fixture
def tutorial() -> str:
    """The rule file that CONTRIBUTING shows."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    [rule] = [block for block in blocks if "rule = Rule(" in block]
    return rule


FLAGGED = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 4, padding=2), nn.ELU(), nn.Conv2d(8, 8, 3))\n"


def test_the_rule_of_contributing_holds_in_a_folder_of_rule_paths(tutorial: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_rules").mkdir()
    (tmp_path / "my_rules" / "even_kernel.py").write_text(tutorial)
    (tmp_path / "netlint.toml").write_text('rule-paths = ["my_rules"]\nselect = ["even-kernel"]\nfail-on = "advice"\n')
    (tmp_path / "model.py").write_text(FLAGGED)
    entry = load((tmp_path / "my_rules",)).find("even-kernel")
    check_rule(sys.modules[entry.origin])
    monkeypatch.chdir(tmp_path)
    assert run(["check", "model.py"]) == 1


def test_the_rule_of_contributing_holds_in_the_built_in_pack(tutorial: str, tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HOUSE, tmp_path / "netlint", ignore=ignore)
    shutil.copytree(RULES, tmp_path / "netlint" / "rules", ignore=ignore)
    (tmp_path / "netlint" / "rules" / "structure" / "even_kernel.py").write_text(tutorial)
    (tmp_path / "model.py").write_text(FLAGGED)
    command = [sys.executable, "-m", "netlint", "check", "model.py", "--select", "even-kernel", "--fail-on", "advice", "--isolated"]
    result = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stderr
    assert "model.py:3:" in result.stdout
