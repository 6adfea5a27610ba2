"""Completion in the shell: what is offered, and that the shells take it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from netlint.cli import main
from netlint.config import OUTPUT_FORMATS

PROGRAMS = Path(sys.executable).parent


def offered(*words: str) -> list[str]:
    """What is offered for the last word."""
    *before, begun = words
    return [item.value for item in ShellComplete(main, {}, "netlint", "_NETLINT_COMPLETE").get_completions(before, begun)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ch"], ["check"]),
        (["baseline", "p"], ["prune"]),
        (["check", "--fail-on", ""], ["error", "warning", "advice"]),
        (["check", "--output-format", ""], list(OUTPUT_FORMATS)),
        (["check", "--out"], ["--output-model", "--output-format", "--output-file"]),
        (["check", "--select", "NL50"], ["NL501"]),
        (["check", "--ignore", "nl50"], ["NL501"]),
        (["check", "--select", "NL401,activation-be"], ["NL401,activation-before-max-pool"]),
        (["rule", "activation-be"], ["activation-before-max-pool"]),
        (["why", "NL50"], ["NL501"]),
    ],
    ids=" ".join,
)
def test_words_are_completed(words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_where_nothing_is_begun_each_rule_is_offered_once_with_what_it_says() -> None:
    items = ShellComplete(main, {}, "netlint", "_NETLINT_COMPLETE").get_completions(["rule"], "")
    codes = [item.value for item in items]
    assert "NL501" in codes and len(codes) == len(set(codes)) and "activation-before-max-pool" not in codes
    assert all(item.help for item in items)


@pytest.mark.parametrize("command", ["check", "verify", "advise", "graph", "baseline create", "baseline prune", "why NL501"])
def test_targets_are_the_shell_s_own_files(command: str) -> None:
    items = ShellComplete(main, {}, "netlint", "_NETLINT_COMPLETE").get_completions(command.split(), "mod")
    assert [(item.type, item.value) for item in items] == [("file", "mod")]


def test_a_key_pressed_in_a_folder_runs_no_code_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "hostile.py").write_text("from pathlib import Path\nPath('hit').touch()\n")
    (tmp_path / "netlint.toml").write_text('rule-paths = ["rules"]\n')
    monkeypatch.chdir(tmp_path)
    assert offered("rule", "NL50") == ["NL501"]
    assert not Path("hit").exists()


def asked(shell: str, script: str) -> list[str]:
    """What a shell without its user's settings prints."""
    plain = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    environment = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([shell, *plain, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@needs("bash")
@pytest.mark.parametrize(("line", "expected"), [("netlint ch", ["check"]), ("netlint why NL50", ["NL501"])])
def test_bash(line: str, expected: list[str]) -> None:
    words = line.split()
    # A shell that nobody types in has no `compopt`, and the words are what readline would have made of the line.
    script = f"""eval "$(_NETLINT_COMPLETE=bash_source netlint)"
compopt() {{ :; }}
COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
_netlint_completion netlint {words[-1]} {words[-2]}
printf '%s\\n' "${{COMPREPLY[@]}}\""""
    assert asked("bash", script) == expected


@needs("zsh")
def test_zsh() -> None:
    """The script loads and binds the command; what zsh asks for is the word with its description."""
    script = 'autoload -Uz compinit && compinit -u -D && eval "$(_NETLINT_COMPLETE=zsh_source netlint)" && print $_comps[netlint]'
    assert asked("zsh", script) == ["_netlint_completion"]
    kind, word, summary = asked("zsh", "COMP_WORDS='netlint rule NL50' COMP_CWORD=2 _NETLINT_COMPLETE=zsh_complete netlint")
    assert (kind, word) == ("plain", "NL501") and "max pooling" in summary


@needs("fish")
def test_fish() -> None:
    found = asked("fish", "_NETLINT_COMPLETE=fish_source netlint | source; complete -C 'netlint rule NL50'")
    [(word, summary)] = [line.split("\t") for line in found]
    assert word == "NL501" and "max pooling" in summary
