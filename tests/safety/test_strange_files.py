"""What stands where a file is expected: pipes, sockets, devices, folders, links. None is waited for, each named one is told in one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netlint.cli import run
from netlint.frontends.files import content

FLAWED = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
Made = Callable[[Path], object]


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


STRANGE: dict[str, tuple[Made, str]] = {
    "a pipe": (os.mkfifo, "`x.py` is a named pipe, not a file"),
    "a socket": (listening, "`x.py` is a socket, not a file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "`x.py` is a device, not a file"),
    "a link to itself": (lambda path: path.symlink_to("x.py"), "`x.py` is a link that leads nowhere"),
    "a link to nothing": (lambda path: path.symlink_to("nothing.py"), "`x.py` is a link that leads nowhere"),
    "an empty folder": (Path.mkdir, "no Python file, notebook or ONNX model in x.py: nothing was checked"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    return home


def told(*arguments: str) -> tuple[int, str, str]:
    """A run in a process of its own, which must come to an end soon."""
    command = [sys.executable, "-m", "netlint", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_file_is_told_in_one_line(kind: str) -> None:
    make, words = STRANGE[kind]
    make(Path("x.py"))
    expected = 0 if kind == "an empty folder" else 2
    assert told("check", "x.py") == (expected, "", f"netlint: {words}\n")
    if kind != "an empty folder":
        assert told("check", "--fix", "x.py") == (2, "", f"netlint: {words}\n")
        assert told("graph", "x.py") == (2, "", f"netlint: {words}\n")
    Path("good.py").write_text(FLAWED)
    code, findings, words = told("check", "--select", "NL501", ".")  # in a folder it is no file, and the rest is checked
    assert (code, words) == (1, "") and "good.py:3:41  NL501" in findings


def test_a_folder_that_is_called_like_a_file_is_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.py").mkdir()
    Path("x.py/inner.py").write_text(FLAWED)
    assert run(["check", "--select", "NL501", "x.py"]) == 1
    assert "x.py/inner.py:3:41" in capsys.readouterr().out
    assert run(["check", "x.py:Net"]) == 2
    assert capsys.readouterr().err == "netlint: `x.py` is a folder, not a file\n"


def test_a_program_that_is_a_pickle_is_not_checked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.py").write_bytes(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x09touch RAN\x85R.")
    assert run(["check", "x.py"]) == 2
    assert "x.py:1:1  NL000" in capsys.readouterr().out and not Path("RAN").exists()


@pytest.mark.parametrize("name", [".gitignore", "netlint-baseline.json", "netlint.toml", "pyproject.toml", "imported.py"])
@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a device", "a link to itself"])
def test_what_is_looked_for_beside_a_file_is_not_waited_for(name: str, kind: str) -> None:
    STRANGE[kind][0](Path(name))
    Path("good.py").write_text(f"import imported\n{FLAWED}")
    code, _, words = told("check", "--select", "NL501", "good.py", ".")
    if name == "netlint-baseline.json" and kind != "a link to itself":
        assert code == 2 and "cannot read the baseline" in words and "not a file" in words
    else:
        assert (code, words) == (1, "")


@pytest.mark.parametrize("command", [("baseline", "create", "x.py"), ("baseline", "prune", "x.py")])
def test_a_baseline_that_is_a_pipe_is_not_waited_for(command: tuple[str, ...]) -> None:
    Path("x.py").write_text(FLAWED)
    os.mkfifo("netlint-baseline.json")
    code, _, words = told(*command)
    assert code == 2 and "it is a named pipe, not a file" in words and words.count("\n") == 1


@pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="a file of Linux")
def test_a_file_that_gives_more_than_it_says_is_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.py").symlink_to("/proc/self/pagemap")  # no size, and bytes for every page that there could be
    assert run(["check", "x.py"]) == 2
    assert "cannot read the file: it holds more than it says" in capsys.readouterr().out


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with Path("x.py").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="it has 1,099,511,627,776 bytes"):
        content(Path("x.py"))
    code, findings, _ = told("check", "x.py")
    assert code == 2 and "`limits.file-size` allows 4,000,000" in findings


# -- folders that somebody has thought about -----------------------------------------------------------------------------------


STARS = "*a" * 25 + "*b.py"
"""On a long name of this letter it takes ages."""


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        (".gitignore", f"{STARS}\n", ".gitignore: its patterns take more than 2 s for `aaaaaaa"),
        ("netlint.toml", f'exclude = ["{STARS}"]\n', "the settings (`exclude`, `per-file-ignores`): its patterns take more than 2 s for"),
        ("netlint.toml", f'per-file-ignores = {{ "{STARS}" = ["NL5"] }}\n', "the settings (`exclude`, `per-file-ignores`): its patterns"),
    ],
    ids=[".gitignore", "exclude", "per-file-ignores"],
)
def test_patterns_come_to_an_end(file: str, text: str, words: str) -> None:
    Path(file).write_text(text)
    Path(f"{'a' * 120}.py").write_text(FLAWED)
    code, _, said = told("check", ".")
    assert code == 2 and words in said and said.count("\n") == 1, said


@pytest.fixture
def deep(folder: Path) -> Iterator[Path]:
    """A folder in folders, deeper than calls may be."""
    here = os.open(".", os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    yield folder.joinpath(*["d"] * 1200)
    subprocess.run(["rm", "-rf", "d"], cwd=folder, check=True)  # pytest could not


def test_folders_in_folders_are_walked(deep: Path) -> None:
    (deep / "model.py").write_text(FLAWED)
    code, findings, words = told("check", "--select", "NL501", "--output-format", "json", ".")
    assert (code, words) == (1, "") and findings.count('"code"') == 1


# -- links ------------------------------------------------------------------------------------------------------------------


def test_a_walk_follows_no_link_out_of_the_project(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = folder.parent / "outside.py"
    outside.write_text(FLAWED)
    Path("inside.py").write_text(FLAWED)
    for name, leads in (("a.py", "../outside.py"), ("b.py", str(outside)), ("c.py", "a.py"), ("d.py", "inside.py")):
        Path(name).symlink_to(leads)
    Path("up").symlink_to("..")  # a folder, and a circle
    assert run(["check", "--select", "NL501", "--fix", "."]) == 0
    printed = capsys.readouterr()
    assert "a.py and 2 more: a link out of the project was left out; name the file to have it checked" in printed.err
    assert outside.read_text() == FLAWED != Path("inside.py").read_text()
    assert run(["check", "--select", "NL501", "a.py"]) == 1  # whoever names it means it


def test_the_repository_is_the_project(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / ".git").mkdir()
    (folder.parent / "shared.py").write_text(FLAWED)
    Path("pyproject.toml").write_text("")
    Path("shared.py").symlink_to("../shared.py")
    assert run(["check", "--select", "NL501", "."]) == 1
    assert capsys.readouterr().err == ""


def test_circles_of_folders_come_to_an_end() -> None:
    Path("a/b").mkdir(parents=True)
    Path("a/b/up").symlink_to("../..")
    Path("a/model.py").write_text(FLAWED)
    code, findings, words = told("check", "--select", "NL501", ".")
    assert (code, words) == (1, "") and findings.count("NL501 ") == 1
