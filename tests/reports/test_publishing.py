"""Which reports go where, and the progress bar."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from netlint.cli import main, run
from netlint.cli.publishing import LONG_RUN, checkout, completed, progress
from netlint.config import OUTPUT_FORMATS
from netlint.reports.formats import FORMATS


def test_the_settings_the_table_and_the_help_name_the_same_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert tuple(FORMATS) == OUTPUT_FORMATS
    run(["check", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{', '.join(OUTPUT_FORMATS[:-1])} or {OUTPUT_FORMATS[-1]}" in shown


def test_the_shell_completes_formats() -> None:
    option = next(one for one in main.commands["check"].params if one.name == "output_format")
    with main.commands["check"].make_context("check", ["x"]) as context:
        assert [item.value for item in option.shell_complete(context, "git")] == ["github", "gitlab"]
        assert completed(context, option, "") == list(OUTPUT_FORMATS)


def test_one_run_makes_several_reports(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network)
    result = netlint("m.py", "--output-format", "text", "--output-format", "sarif:n.sarif", "--output-format", "junit:n.xml")
    assert result.code == 1
    assert result.out.startswith("m.py:8:")
    assert json.loads(Path("n.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "NL501"
    assert ElementTree.parse("n.xml").getroot().get("failures") == "1"


def test_the_format_without_a_file_goes_to_output_file(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network)
    result = netlint("m.py", "--output-format", "json:n.json", "--output-format", "gitlab", "--output-file", "n.gitlab")
    assert result.out == ""
    assert [json.loads(Path(name).read_text())[0][key] for name, key in (("n.json", "code"), ("n.gitlab", "check_name"))] == ["NL501"] * 2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--output-format", "text", "--output-format", "json"], "only one format can go to stdout, not text, json"),
        (["--output-format", "json:a", "--output-file", "b"], "--output-file is for the one format without a file"),
        (["--output-format", "json:a", "--output-format", "sarif:./a"], "two formats cannot go to the same file"),
        (["--output-format", "json:"], "a file belongs after the colon"),
        (["--output-format", "sariff"], "the nearest is `sarif`"),
        (["--output-format", "sarif", "--statistics"], "--statistics goes with text and json, not with sarif"),
        (["--output-format", "json:no/such/a"], "cannot write no/such/a: No such file or directory: `no/such`"),
        (["--output-format", "json:folder"], "cannot write folder: it is a folder"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_checked(
    netlint: Any, network: str, options: list[str], complaint: str
) -> None:
    Path("m.py").write_text(network)
    Path("folder").mkdir()
    result = netlint("m.py", *options)
    assert (result.code, result.out) == (2, "")
    assert complaint in " ".join(result.err.split())
    assert sorted(path.name for path in Path().iterdir()) == ["folder", "m.py"]


def test_the_format_of_the_settings_holds_where_none_is_asked_for(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network)
    Path("netlint.toml").write_text('output-format = "github"\n')
    assert netlint("m.py").out.startswith("::warning file=m.py")
    assert json.loads(netlint("m.py", "--output-format", "json").out)[0]["code"] == "NL501"
    counted = netlint("m.py", "--statistics")
    assert (counted.code, "not with github (`output-format` in the settings)" in counted.err) == (2, True)
    Path("netlint.toml").write_text('output-format = "sarif:somewhere"\n')
    assert "must be one of text, json, sarif" in netlint("m.py").err  # a project that is merely checked does not get to write files


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_the_same_input_gives_the_same_bytes(netlint: Any, network: str, name: str) -> None:
    for number in range(4):
        Path(f"m{number}.py").write_text(network)
    first, second = (netlint("--output-format", name, "--jobs", jobs).out for jobs in ("1", "2"))
    assert first == second
    assert [first.index(f"m{number}.py") for number in range(4)] == sorted(first.index(f"m{number}.py") for number in range(4))


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_a_file_that_is_fixed_is_reported_as_it_is_then(netlint: Any, network: str, name: str) -> None:
    Path("m.py").write_text(network)
    result = netlint("--fix", "--output-format", name)
    assert (result.code, "NL501" in result.out) == (0, False)


def test_a_report_replaces_the_old_one_and_leaves_nothing_beside_it(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network)
    Path("n.json").write_text("old")
    os.utime("n.json", (0, 0))
    for _ in range(2):
        netlint("m.py", "--output-format", "json:n.json")
        assert json.loads(Path("n.json").read_text())[0]["code"] == "NL501"
        assert Path("n.json").stat().st_mtime > 0
        os.utime("n.json", (0, 0))
    assert sorted(path.name for path in Path().iterdir()) == ["m.py", "n.json"]


def test_a_report_goes_into_a_pipe(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network)
    os.mkfifo("pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()), daemon=True)
    reader.start()
    netlint("m.py", "--output-format", "json:pipe")
    reader.join(10)
    assert json.loads(read[0])[0]["code"] == "NL501"


# -- progress ---------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Puts a terminal at stderr; within the test, since pytest changes stderr between fixtures and test."""
    found = Terminal()
    monkeypatch.setattr("sys.stderr", found)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    return found


def test_a_long_run_on_a_terminal_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    with progress(LONG_RUN, quiet=False) as on_done:
        assert on_done is not None
        for number in range(LONG_RUN):
            on_done(number)
    assert f"{LONG_RUN}/{LONG_RUN}" in stderr.getvalue()


@pytest.mark.parametrize(("files", "quiet", "variable"), [(LONG_RUN - 1, False, ""), (LONG_RUN, True, ""), (LONG_RUN, False, "CI")])
def test_no_bar_for_few_files_when_quiet_or_in_ci(monkeypatch: pytest.MonkeyPatch, files: int, quiet: bool, variable: str) -> None:
    stderr = terminal(monkeypatch)
    if variable:
        monkeypatch.setenv(variable, "true")
    with progress(files, quiet) as on_done:
        assert on_done is None
    assert stderr.getvalue() == ""


def test_no_bar_in_a_pipe(netlint: Any) -> None:
    for number in range(LONG_RUN):
        Path(f"m{number}.py").write_text("x = 1\n")
    assert netlint().err == ""


@pytest.mark.parametrize("name", ["sarif", "gitlab", "junit", "github"])
def test_odd_names_can_be_written(netlint: Any, network: str, name: str) -> None:
    Path("ü ,%:🧠.py").write_text(network)
    result = netlint("--output-format", f"{name}:report")
    assert (result.code, result.err) == (1, "")
    assert "NL501" in Path("report").read_text(encoding="utf-8")


def test_a_checkout_that_is_named_through_a_link_is_found(netlint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("real/part").mkdir(parents=True)
    Path("link").symlink_to("real")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path("link").absolute()))
    monkeypatch.chdir("real/part")
    assert checkout() == Path.cwd().parent
    monkeypatch.setenv("GITHUB_WORKSPACE", "/elsewhere")
    assert checkout() == Path.cwd()
