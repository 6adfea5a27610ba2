"""What other tools run: the hooks for pre-commit, the GitHub Action, and the examples for GitLab, tox and make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from netlint.config import tomllib

REPOSITORY = Path(__file__).parent.parent
PROGRAMS = Path(sys.executable).parent
EXAMPLES = REPOSITORY / "examples"

FLAWED = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
FIXED = FLAWED.replace("nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()")
UNFIXABLE = "from torch import nn\n\nnet = nn.Sequential(nn.Linear(3, 8), nn.Linear(9, 2))\n"


def yaml_of(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# -- pre-commit -------------------------------------------------------------------------------------------------------

HOOKS = {hook["id"]: hook for hook in yaml_of(REPOSITORY / ".pre-commit-hooks.yaml")}


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "PRE_COMMIT_COLOR": "never", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new repository of git."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "someone")
    assert run("git", "init", "-q").returncode == 0
    return folder


def hooked(*ids: str) -> subprocess.CompletedProcess[str]:
    """What pre-commit does with the files of the repository, with these hooks.

    They are the hooks as users get them, but for the environment: pre-commit would make one of its own and install netlint there.
    """
    installed = ("additional_dependencies", "minimum_pre_commit_version")
    hooks = [{**{key: value for key, value in HOOKS[id].items() if key not in installed}, "language": "system"} for id in ids]
    Path(".pre-commit-config.yaml").write_text(json.dumps({"repos": [{"repo": "local", "hooks": hooks}]}))
    run("git", "add", "-A")
    return run(sys.executable, "-m", "pre_commit", "run", "--all-files")


def test_pre_commit_takes_the_hooks_and_the_example() -> None:
    assert list(HOOKS) == ["netlint", "netlint-fix", "netlint-onnx"]
    for kind, file in (("manifest", REPOSITORY / ".pre-commit-hooks.yaml"), ("config", EXAMPLES / "pre-commit-config.yaml")):
        done = run(sys.executable, "-m", "pre_commit", f"validate-{kind}", str(file))
        assert done.returncode == 0, done.stdout
    asked = {hook["id"] for hook in yaml_of(EXAMPLES / "pre-commit-config.yaml")["repos"][0]["hooks"]}
    assert asked <= set(HOOKS)


def test_the_hooks_install_what_the_extras_do_and_never_torch() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = {id: hook.get("additional_dependencies", []) for id, hook in HOOKS.items()}
    assert wanted == {"netlint": [], "netlint-fix": [], "netlint-onnx": extras["onnx"]}


def test_a_commit_fails_until_the_fix_is_made(project: Path) -> None:
    Path("model.py").write_text(FLAWED)
    failed = hooked("netlint")
    assert failed.returncode == 1
    assert "exit code: 1" in failed.stdout and "model.py:3:42  NL501" in failed.stdout
    assert Path("model.py").read_text() == FLAWED

    fixing = hooked("netlint-fix")
    assert fixing.returncode == 1
    assert "files were modified by this hook" in fixing.stdout
    assert Path("model.py").read_text() == FIXED

    passed = hooked("netlint", "netlint-fix")
    assert passed.returncode == 0, passed.stdout


def test_what_has_no_fix_fails_the_fixing_hook_too(project: Path) -> None:
    Path("model.py").write_text(UNFIXABLE)
    failed = hooked("netlint-fix")
    assert (failed.returncode, "NL602" in failed.stdout) == (1, True), failed.stdout


def test_without_a_file_for_it_a_hook_passes(project: Path) -> None:
    Path("tool").write_text("#!/usr/bin/env python3\nprint('a script that no reader of netlint takes')\n")
    Path("tool").chmod(0o755)
    Path("notes.txt").write_text("nothing\n")
    done = hooked(*HOOKS)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("(no files to check)Skipped") == len(HOOKS)


def test_what_the_settings_exclude_is_not_checked_though_it_is_named(project: Path) -> None:
    for name in ("old/model.py", "node_modules/model.py"):
        Path(name).parent.mkdir()
        Path(name).write_text(FLAWED)
    Path("netlint.toml").write_text('exclude = ["old/"]\n')
    for hook in ("netlint", "netlint-fix"):
        done = hooked(hook)
        assert (done.returncode, "Passed" in done.stdout) == (0, True), done.stdout
    assert Path("old/model.py").read_text() == FLAWED


def test_a_broken_file_fails_a_hook_with_its_place(project: Path) -> None:
    Path("model.py").write_text(FLAWED + "def\n")
    Path("cells.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    failed = hooked("netlint")
    assert failed.returncode == 1
    assert "exit code: 2" in failed.stdout and "model.py:4:4  NL000" in failed.stdout


def test_many_files_are_one_process(project: Path) -> None:
    for number in range(40):
        Path(f"model_{number:02}.py").write_text(FLAWED)
    failed = hooked("netlint")
    assert "40 warnings" in failed.stdout, failed.stdout[-500:]


def test_the_hook_for_onnx_takes_models_alone(project: Path) -> None:
    onnx = pytest.importorskip("onnx")
    make = onnx.helper
    value = make.make_tensor_value_info
    nodes = [make.make_node("Relu", ["x"], ["y"], name="first"), make.make_node("Relu", ["y"], ["z"], name="second")]
    graph = make.make_graph(nodes, "net", [value("x", 1, [1, 4])], [value("z", 1, [1, 4])])
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 17)]), "net.onnx")
    Path("model.py").write_text(FLAWED)
    failed = hooked("netlint-onnx")
    assert "net.onnx:second  NL408" in failed.stdout, failed.stdout
    assert "model.py" not in failed.stdout


# -- the schemas ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "file", "transform"),
    [
        ("github-actions", REPOSITORY / "action.yml", []),
        ("github-workflows", EXAMPLES / "github-workflow.yml", []),
        ("gitlab-ci", EXAMPLES / "gitlab-ci.yml", ["--data-transform", "gitlab-ci"]),
    ],
)
def test_the_service_takes_the_file(schema: str, file: Path, transform: list[str]) -> None:
    done = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *transform, str(file))
    assert done.returncode == 0, done.stdout + done.stderr


# -- the GitHub Action ------------------------------------------------------------------------------------------------

ACTION = yaml_of(REPOSITORY / "action.yml")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def test_no_input_becomes_text_of_a_script() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    assert not [script for script in scripts if "${{" in script]


def test_each_input_is_used_and_the_example_knows_them() -> None:
    used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(STEPS)))
    assert used == set(ACTION["inputs"])
    [step] = [step for step in yaml_of(EXAMPLES / "github-workflow.yml")["jobs"]["netlint"]["steps"] if "OWNER/" in step["uses"]]
    assert set(step["with"]) <= used


def checked(tmp_path: Path, **inputs: str) -> tuple[int, str, str]:
    """Runs the step that checks as a runner would: the exit code, what it prints, and what it says to later steps."""
    [step] = [step for step in STEPS if step.get("id") == "check"]
    values = {name: str(one["default"]) for name, one in ACTION["inputs"].items()} | {
        name.replace("_", "-"): value for name, value in inputs.items()
    }
    variables = {"PROGRAMS": str(PROGRAMS), "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "told")}
    for name, expression in step["env"].items():
        if found := re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", expression):
            variables[name] = values[found[1]]
    (tmp_path / "told").write_text("")
    (tmp_path / "script.sh").write_text(step["run"])
    done = run(
        "bash", "--noprofile", "--norc", "-eo", "pipefail", str(tmp_path / "script.sh"), GITHUB_WORKSPACE=str(Path.cwd()), **variables
    )
    return done.returncode, done.stdout + done.stderr, (tmp_path / "told").read_text()


def test_the_action_annotates_reports_and_keeps_the_exit_code(project: Path, tmp_path: Path) -> None:
    Path("model.py").write_text(FLAWED)
    code, printed, told = checked(tmp_path)
    assert code == 1
    assert "model.py:3:42  NL501 activation-before-max-pool  warning" in printed
    assert "\n::warning file=model.py,line=3," in printed
    assert told == "sarif-file=netlint.sarif\n"
    [result] = [one for one in json.loads(Path("netlint.sarif").read_text())["runs"][0]["results"] if one["ruleId"] == "NL501"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "model.py"

    assert checked(tmp_path, fail_on="error")[0] == 0
    assert checked(tmp_path, args="--ignore NL501\n  --verbose")[0] == 0
    Path("model.py").write_text(FIXED)
    assert checked(tmp_path)[0] == 0


def test_the_action_takes_paths_with_spaces_and_never_runs_an_input(project: Path, tmp_path: Path) -> None:
    Path("my models").mkdir()
    Path("my models", "a.py").write_text(FLAWED)
    Path("--exit-zero").mkdir()
    Path("--exit-zero", "b.py").write_text(FLAWED.replace("net", "other"))
    code, printed, _ = checked(tmp_path, paths="my models\n\n--exit-zero\n")
    assert code == 1
    assert "a.py:3:42" in printed and "b.py:3:44" in printed
    hostile = "$(touch hit) `touch hit`; touch hit"
    for name in ("paths", "args", "fail_on", "sarif_file"):
        code, printed, _ = checked(tmp_path, **{name: hostile})
        assert code in (1, 2), printed
    assert not Path("hit").exists()


def test_a_line_of_the_source_is_no_workflow_command(project: Path, tmp_path: Path) -> None:
    """While the report for people is printed, commands are off; only who knows the token can turn them on again."""
    Path("model.py").write_text(FLAWED.replace("net =", "# ##[error]no\nnet ="))
    _, printed, _ = checked(tmp_path)
    off = re.search(r"^::stop-commands::([0-9a-f]{32})$", printed, re.MULTILINE)
    assert off is not None
    report, annotations = printed[off.end() :].split(f"\n::{off[1]}::\n")
    assert "NL501" in report and "::warning" not in report
    assert all(line.startswith("::") for line in annotations.strip().splitlines())


def test_the_action_says_of_no_report_where_there_is_none(project: Path, tmp_path: Path) -> None:
    Path("netlint.sarif").write_text("of an earlier run")
    code, printed, told = checked(tmp_path, args="--no-such-option")
    assert (code, told) == (2, "")
    assert "--no-such-option" in printed


# -- the examples -----------------------------------------------------------------------------------------------------


def test_the_script_for_gitlab_makes_the_reports_that_it_names(project: Path) -> None:
    job = yaml_of(EXAMPLES / "gitlab-ci.yml")["netlint"]
    Path("model.py").write_text(FLAWED)
    install, check = job["script"]
    assert install.split()[-1] == "netlint-nn"
    done = run("sh", "-ec", check, CI_PROJECT_DIR=str(project), **job["variables"])
    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    assert {one["check_name"] for one in json.loads(Path(reports["codequality"]).read_text())} >= {"NL501"}
    assert "NL501" in Path(reports["junit"]).read_text()


def test_the_command_for_tox_is_one(project: Path) -> None:
    Path("model.py").write_text(FIXED)
    [line] = [line for line in (EXAMPLES / "tox.ini").read_text().splitlines() if line.startswith("commands")]
    assert run("sh", "-ec", line.partition("= ")[2].replace("{posargs:.}", "model.py")).returncode == 0


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_makefile_lints_fixes_and_makes_a_report(project: Path) -> None:
    shutil.copy(EXAMPLES / "Makefile", "Makefile")
    Path("model.py").write_text(FLAWED)
    run("git", "add", "-A")
    assert run("make", "lint").returncode != 0
    assert run("make", "fix").returncode == 0
    assert Path("model.py").read_text() == FIXED
    assert run("make", "netlint.sarif").returncode == 0 and Path("netlint.sarif").is_file()
    assert "up to date" in run("make", "netlint.sarif").stdout


def table_row(name: str) -> str:
    """An input of the action as the page's table has it."""
    one = ACTION["inputs"][name]
    default = f"`{one['default']}`" if one["default"] else ""
    return f"| `{name}` | {one['description'].rstrip('.')} | {default} |"


def test_the_page_shows_the_examples_as_they_are() -> None:
    page = (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```[a-z]+\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert not [row for row in map(table_row, ACTION["inputs"]) if row not in page]
    for file in sorted(EXAMPLES.iterdir()):
        assert file.read_text(encoding="utf-8") in shown, f"docs/ci.md does not show {file.name} as it is"
