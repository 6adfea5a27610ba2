"""The commands of `benchmarks/`, without the real packages."""

from __future__ import annotations

import csv
import importlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
FIXTURES = BENCHMARKS.parent / "fixtures"
RESULTS = BENCHMARKS / "results"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a benchmark as Python does when it is run as a script: its folder stands on the path."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module


# -- parameters -------------------------------------------------------------------------------------------------------


@pytest.fixture
def parameters(load: Any) -> ModuleType:
    module: ModuleType = load("parameters")
    return module


def measured(true: int | None, builder: str = "vgg11", error: str = "") -> dict[str, Any]:
    record = {"module": "vgg", "builder": builder, "file": "vgg.py", "parameters": true, "error": error}
    return {"root": str(FIXTURES / "vgg" / "flawed"), "builders": [record]}


def test_a_count_from_source_is_exact_or_wrong(parameters: ModuleType) -> None:
    [exact] = parameters.compare(measured(10_805_642))
    [wrong] = parameters.compare(measured(10_805_643))
    assert (exact.counted, exact.verdict, wrong.verdict) == (10_805_642, "exact", "WRONG")


def test_what_either_side_does_not_know_has_its_reason(parameters: ModuleType) -> None:
    [null] = parameters.compare(measured(1, builder="vgg99"))
    [untrue] = parameters.compare(measured(None, error="RuntimeError: no data"))
    assert (null.verdict, null.counted) == ("null", None)
    assert "vgg99" in null.reason and str(FIXTURES) not in null.reason
    assert (untrue.verdict, untrue.reason) == ("no truth", "RuntimeError: no data")
    page = parameters.render("timm", [null, untrue], {"torch": "2.14.1"})
    assert "2 networks: 0 exact, 1 null, 0 WRONG, 1 no truth." in page
    assert "| vgg | vgg11 | null | 10,805,642 | no truth: RuntimeError: no data |" in page


@pytest.mark.parametrize("page", sorted(RESULTS.glob("parameters-*.md")), ids=lambda path: path.stem)
def test_the_kept_counts_add_up(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ", 4) for line in text.splitlines() if line.startswith("| t")]
    verdicts = Counter(verdict.partition(":")[0] for *_, verdict in rows)
    assert f"{len(rows)} networks: {verdicts['exact']} exact, {verdicts['null']} null, 0 WRONG." in text
    assert all(true == counted for _, _, true, counted, verdict in rows if verdict == "exact")
    assert f"`python benchmarks/{page.stem.replace('-', '.py ')}`, 20" in text


# -- corpus -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def corpus(load: Any) -> ModuleType:
    module: ModuleType = load("corpus")
    return module


@pytest.fixture
def package(corpus: ModuleType, tmp_path: Path) -> Any:
    """An unpacked package with one warning, the pooling in one file and the network in another, and a file that cannot be read."""
    package = corpus.Package("small-nets", "1.0", "small_nets")
    home = tmp_path / package.name
    (home / package.record).mkdir(parents=True)
    (home / package.module).mkdir()
    (home / package.module / "__init__.py").touch()
    (home / package.module / "pool.py").write_text("from torch import nn\n\npool = nn.MaxPool2d(2)\n")
    net = "from torch import nn\nfrom .pool import pool\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), pool)\n"
    (home / package.module / "net.py").write_text(net)
    (home / package.module / "torch_broken.py").write_text("import torch\nclass (:\n")
    return package


def test_a_package_is_checked_file_by_file(corpus: ModuleType, package: Any, tmp_path: Path) -> None:
    result = corpus.check(package, corpus.unpacked(package, tmp_path))
    assert (result.files, result.lines) == (4, 9)
    assert set(result.cost) == {f"small_nets/{name}.py" for name in ("__init__", "net", "pool", "torch_broken")}
    assert result.slowest[1] == max(result.cost.values()) > 0
    assert [finding["filename"] for finding in result.broken] == ["small_nets/torch_broken.py"]
    found = {finding["code"]: finding for finding in result.findings}
    assert found["NL501"]["filename"] == "small_nets/net.py"
    assert "small_nets/pool.py" in {place["filename"] for place in found["NL501"]["related"]}
    page = corpus.render([result], "python benchmarks/corpus.py small-nets")
    assert "| small-nets | 4 | 9 |" in page
    assert "| NL501 | activation-before-max-pool | warning | 1 | 1 |" in page
    assert "- small_nets/torch_broken.py:2: " in page
    result.cost["small_nets/net.py"] = corpus.SLOW + 1
    assert "- small_nets/net.py: 11.0 s" in corpus.render([result], "python benchmarks/corpus.py small-nets")


def test_a_case_shows_the_code_of_all_its_places(corpus: ModuleType, package: Any, tmp_path: Path) -> None:
    home = corpus.unpacked(package, tmp_path)
    findings = [(package, finding) for finding in corpus.check(package, home).findings]
    [(_, finding)] = corpus.draw(findings, size=150, seed=0, per_rule=30)
    case = corpus.case(package, finding, home)
    assert [case[key] for key in ("package", "version", "file", "line", "rule")] == ["small-nets", "1.0", "small_nets/net.py", 4, "NL501"]
    assert [line for line in case["code"] if line.startswith(">")] == [">    4 net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), pool)"]
    assert ">    3 pool = nn.MaxPool2d(2)" in {line for place in case["related"] for line in place["code"]}
    json.dumps(case)


def test_another_version_is_not_mixed_with_the_wanted_one(corpus: ModuleType, package: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"is not small-nets 1\.1"):
        corpus.unpacked(corpus.Package("small-nets", "1.1", "small_nets"), tmp_path)


def findings(corpus: ModuleType, **severities: str) -> list[Any]:
    package = corpus.PACKAGES[0]
    return [(package, {"code": code, "severity": severity, "number": n}) for code, severity in severities.items() for n in range(100)]


def test_a_draw_depends_on_its_seed_alone(corpus: ModuleType) -> None:
    population = findings(corpus, NL501="warning", NL409="error", NL401="advice", NL000="error")
    drawn = corpus.draw(population, size=50, seed=0, per_rule=30)
    assert drawn == corpus.draw(population, size=50, seed=0, per_rule=30) != corpus.draw(population, size=50, seed=1, per_rule=30)
    assert drawn == [item for item in population if item in drawn]
    codes = Counter(finding["code"] for _, finding in drawn)
    assert set(codes) == {"NL501", "NL409"} and sum(codes.values()) == 50


def test_no_rule_fills_a_draw(corpus: ModuleType) -> None:
    drawn = corpus.draw(findings(corpus, NL501="warning", NL409="error"), size=150, seed=0, per_rule=30)
    assert Counter(finding["code"] for _, finding in drawn) == {"NL501": 30, "NL409": 30}


# -- verdicts ---------------------------------------------------------------------------------------------------------

HEADER = ("package", "version", "file", "line", "rule", "verdict", "why")


def judged(rule: str, line: int, verdict: str, why: str = "as the code says") -> tuple[object, ...]:
    return "timm", "1.0.31", "timm/models/vgg.py", line, rule, verdict, why


def written(path: Path, *rows: tuple[object, ...]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def summarised(table: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "verdicts.py"), str(table), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_precision_per_rule_and_in_total(tmp_path: Path) -> None:
    rows = [judged("NL501", line, "right") for line in range(1, 4)]
    rows += [judged("NL101", 1, "wrong", 'the layer is a projection, "qkv"'), judged("NL101", 2, "unclear"), judged("NL206", 3, "unclear")]
    rows += [judged("NL501", line, "mended") for line in (8, 9)]
    table = written(tmp_path / "verdicts.csv", HEADER, *rows)
    result = summarised(table)
    assert result.stdout.splitlines() == [
        "| rule | right | wrong | mended | unclear | precision when found | precision now |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| NL101 | 0 | 1 | 0 | 1 | 0.000 | 0.000 |",
        "| NL206 | 0 | 0 | 0 | 1 |  |  |",
        "| NL501 | 3 | 0 | 2 | 0 | 0.600 | 1.000 |",
        "| all | 3 | 1 | 2 | 2 | 0.500 | 0.750 |",
        "",
        "Wrong:",
        "",
        '- NL101 timm 1.0.31 timm/models/vgg.py:1: the layer is a projection, "qkv"',
        "",
        "Wrong when found, no longer reported:",
        "",
        "- NL501 timm 1.0.31 timm/models/vgg.py:8: as the code says",
        "- NL501 timm 1.0.31 timm/models/vgg.py:9: as the code says",
    ]
    assert result.returncode == 1
    assert summarised(table, "--at-least", "0.75").returncode == 0


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([HEADER[:-1]], "the columns must be package,version,file,line,rule,verdict,why, not package,version,file,line,rule,verdict"),
        ([HEADER, judged("NL501", 1, "right"), judged("NL501", 2, "fine")], ":3: the verdict is right, wrong, mended, unclear, not fine"),
        ([HEADER, judged("NL501", 1, "right"), judged("NL501", 1, "wrong")], ":3: NL501 at timm/models/vgg.py:1 is judged twice"),
        ([HEADER, judged("NL501", -1, "right")], ":2: the line is a number, not -1"),
        ([HEADER, judged("NL501", 1, "wrong", "")], ":2: nothing stands in why"),
        ([HEADER, (*judged("NL501", 1, "wrong"), "because of a comma")], ":2: a row has 7 cells"),
        ([HEADER, judged("NL501", 1, "wrong")[:-1]], ":2: a row has 7 cells"),
    ],
)
def test_a_table_that_is_not_valid_is_refused(rows: list[tuple[object, ...]], complaint: str, tmp_path: Path) -> None:
    result = summarised(written(tmp_path / "verdicts.csv", *rows))
    assert result.returncode == 2
    assert complaint in result.stderr
    assert result.stdout == ""


def test_no_table_is_no_precision(tmp_path: Path) -> None:
    assert summarised(tmp_path / "missing.csv").returncode == 2
    assert summarised(written(tmp_path / "verdicts.csv", HEADER)).returncode == 1


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_readme_names_what_is_there() -> None:
    readme = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"^python benchmarks/(\w+\.py)", readme, re.MULTILINE))
    assert commands == {path.name for path in BENCHMARKS.glob("*.py")} - {"parsing.py", "peers.py", "report.py", "truth.py"}
    links = re.findall(r"\]\(([^)#]+)\)", readme)
    assert links and all((BENCHMARKS / link).exists() for link in links if "://" not in link)
