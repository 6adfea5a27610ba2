"""Rule packs: the example in `fixtures/rule_pack` built, installed into a fresh environment and used there; and packs that are broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACK = REPOSITORY / "fixtures" / "rule_pack"

NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 1, stride=2), nn.ELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = self.backbone(x)
        x = torch.flatten(x, 1)
        return self.head(x)
"""


def done(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return subprocess.run(command, env={**environment, **variables}, capture_output=True, text=True, check=False, timeout=120)


# -- the example ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A fresh environment that has the pack from its wheel; netlint and what it needs come from this one, so nothing is downloaded."""
    folder = tmp_path_factory.mktemp("pack")
    source = folder / "source"
    for path in PACK.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".toml", ".md"):
            (source / path.relative_to(PACK)).parent.mkdir(parents=True, exist_ok=True)
            (source / path.relative_to(PACK)).write_bytes(path.read_bytes())
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    built = done(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source))
    assert built.returncode == 0, built.stderr
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "fresh", with_pip=False)
    programs = folder / "fresh" / ("Scripts" if os.name == "nt" else "bin")
    python = str(programs / "python")
    installed = done(*pip, "--python", python, "install", "--no-deps", "--no-index", str(wheel))
    assert installed.returncode == 0, installed.stderr
    here = sysconfig.get_path("purelib")
    site = done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    Path(site, "netlint_of_the_tests.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    return python


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(NET)
    return tmp_path


def test_its_rules_stand_in_the_table_and_have_pages(python: str) -> None:
    table = done(python, "-m", "netlint", "rules")
    assert table.returncode == 0, table.stderr
    assert "EX101" in table.stdout and "EX102" in table.stdout and "NL501" in table.stdout
    page = done(python, "-m", "netlint", "rule", "flattened-twice").stdout
    assert "EX102" in page and "Removes the second flattening" in page


def test_they_find_and_are_selected_set_and_silenced_like_any_other(python: str, here: Path) -> None:
    found = done(python, "-m", "netlint", "check", "--output-format", "json", "--select", "EX", "model.py")
    assert found.returncode == 0, found.stderr
    records = {one["code"]: one for one in json.loads(found.stdout)}
    assert {code: one["location"]["row"] for code, one in records.items()} == {"EX101": 8, "EX102": 13}
    assert records["EX101"]["data"] == {"read": 0.25}
    assert records["EX102"]["fix"]["applicability"] == "safe"

    Path("netlint.toml").write_text('select = ["EX101", "flattened-twice"]\nfail-on = "advice"\n')
    Path("model.py").write_text(NET.replace("torch.flatten(x, 1)", "torch.flatten(x, 1)  # netlint: ignore[EX102] for another backbone"))
    found = done(python, "-m", "netlint", "check", "--output-format", "json", "model.py")
    assert (found.returncode, [one["code"] for one in json.loads(found.stdout)]) == (1, ["EX101"])
    Path("model.py").write_text(NET.replace("torch.flatten(x, 1)", "torch.flatten(x, 1)  # noqa: E501, EX102"))
    for _ in ("read", "remembered"):
        found = done(python, "-m", "netlint", "check", "--output-format", "json", "model.py")
        assert (found.returncode, [one["code"] for one in json.loads(found.stdout)]) == (1, ["EX101"])


def test_the_fix_is_proved_and_written(python: str, here: Path) -> None:
    fixed = done(python, "-m", "netlint", "check", "--fix", "--select", "EX102", "model.py")
    assert fixed.returncode == 0, fixed.stderr
    assert "forward identical" in fixed.stderr
    assert Path("model.py").read_text() == NET.replace("        x = torch.flatten(x, 1)\n", "")


def test_why_tells_what_they_say(python: str, here: Path) -> None:
    told = done(python, "-m", "netlint", "why", "EX101", "model.py")
    assert told.returncode == 0, told.stderr
    assert "1 of every 4 elements" in " ".join(told.stdout.split())


def test_its_own_tests_pass(python: str) -> None:
    tests = done(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(PACK / "tests"))
    assert tests.returncode == 0, tests.stdout
    assert "4 passed" in tests.stdout


# -- packs that are broken --------------------------------------------------------------------------------------------

RULE = """
from netlint.engine.rule import Rule, Severity
from netlint.graph.operators import ReLU

rule = Rule("{code}", "{name}", Severity.ADVICE, "A summary.")


@rule.check
def check(relu: ReLU, graph, options):
    {body}
"""


@pytest.fixture
def installed(here: Path) -> Path:
    """A folder on the path in which a distribution with the entry point stands; its module is not written yet."""
    site = here / "site"
    info = site / "other_rules-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-rules\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[netlint.rules]\nother = other_rules\n")
    (site / "other_rules").mkdir()
    (site / "other_rules" / "__init__.py").write_text("")
    return site


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import no_such_module", "cannot load the rules of other_rules.one: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit('a script')", "cannot load the rules of other_rules.one: SystemExit: a script"),
        ("def broken(:", "cannot load the rules of other_rules.one: SyntaxError"),
        ("rule = {'code': 'OT001'}", "no rule in other_rules"),
        (RULE.format(code="NL501", name="mine", body="pass"), "two rules are called `NL501`"),
        (RULE.format(code="OT001", name="plain-relu", body="pass"), "two rules are called `plain-relu`"),
    ],
)
@pytest.mark.parametrize("command", ["check", "rules"])
def test_a_broken_pack_is_one_message(installed: Path, code: str, words: str, command: str) -> None:
    (installed / "other_rules" / "one.py").write_text(code)
    told = done(sys.executable, "-m", "netlint", command, PYTHONPATH=str(installed))
    assert (told.returncode, told.stdout) == (2, "")
    assert words in told.stderr and "Traceback" not in told.stderr
    assert told.stderr.count("netlint: ") == 1 and told.stderr.count("\n") == 1
    assert "other" in told.stderr


def test_a_pack_that_is_not_there_names_its_distribution(installed: Path) -> None:
    (installed / "other_rules" / "__init__.py").unlink()
    (installed / "other_rules").rmdir()
    told = done(sys.executable, "-m", "netlint", "rules", PYTHONPATH=str(installed))
    assert told.returncode == 2
    assert "No module named 'other_rules' (other-rules 1.2, which is installed)" in told.stderr


def test_a_rule_that_crashes_is_named_and_the_others_go_on(installed: Path) -> None:
    (installed / "other_rules" / "one.py").write_text(RULE.format(code="OT001", name="crashing", body="return relu.no_such_attribute"))
    Path("model.py").write_text("from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n")
    told = done(sys.executable, "-m", "netlint", "check", "--output-format", "json", "model.py", PYTHONPATH=str(installed))
    records = json.loads(told.stdout)
    assert told.returncode == 2
    assert {"NL000", "NL501"} <= {one["code"] for one in records}
    assert any("OT001" in one["message"] for one in records if one["code"] == "NL000")
    assert "Traceback" not in told.stderr
