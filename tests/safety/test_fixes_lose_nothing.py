"""`--fix`, reports and baselines on real files: what a fix does not change stays, and where it could not stay, nothing is written."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netlint.cli import run
from netlint.fixes import NotWritten, write
from netlint.fixes.writing import save

TEXT = """from torch import nn


class Größe(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))  # ä "\\r\\n" \\x0c

    def forward(self, x):
        return self.layers(x)
"""
BEFORE, AFTER = "nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()"
OLD, NEW = TEXT.encode(), TEXT.replace(BEFORE, AFTER).encode()
FIX = ("check", "--isolated", "--no-cache", "--select", "NL501", "--fix")

FORMS: dict[str, Callable[[str], bytes]] = {
    "unix": lambda text: text.encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old mac": lambda text: text.replace("\n", "\r").encode(),
    "mixed": lambda text: text.replace("\n", "\r\n", 4).replace("):\n", "):\r", 1).encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "byte order mark, windows, no final newline": lambda text: b"\xef\xbb\xbf" + text.rstrip("\n").replace("\n", "\r\n").encode(),
    "latin-1": lambda text: f"# coding: latin-1\n{text}".encode("latin-1"),
    "cp1252 in the second line": lambda text: f"#!/usr/bin/python\n# -*- coding: cp1252 -*-\n{text}# €\n".encode("cp1252"),
    "shift_jis": lambda text: f"# coding: shift_jis\n{text.replace('ö', 'o').replace('ß', 's').replace('ä', '層')}".encode("shift_jis"),
    "form feeds and other separators": lambda text: text.replace("\n\n\nclass", "\n\x0c\n# \x1c \x85 \u2028\nclass").encode(),
    "spaces at the ends of lines": lambda text: text.replace("\n", " \t\n").encode(),
}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.py"
    path.write_bytes(OLD)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def netlint(folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netlint", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **options)


# -- bytes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_all_bytes_outside_a_fix_stay(model: Path, form: str) -> None:
    model.write_bytes(FORMS[form](TEXT))
    assert run([*FIX, "model.py"]) == 0
    assert model.read_bytes() == FORMS[form](TEXT.replace(BEFORE, AFTER)) != FORMS[form](TEXT)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (OLD.decode().encode("utf-16"), "UTF-16"),
        (OLD.decode().encode("utf-16-be"), ""),
        (b"# coding: utf-16\n" + OLD, "utf-16"),
        (b"# coding: no-such-thing\n" + OLD, "no-such-thing"),
        (b"# coding: ascii\n" + OLD, "ascii"),
        (b"# coding: rot13\n" + OLD, "rot13"),
        (OLD.replace(b"x0c", b"x0c\0"), "null"),
        (TEXT.encode("latin-1"), "utf-8"),
    ],
)
def test_an_encoding_that_cannot_be_kept_is_refused(model: Path, capsys: pytest.CaptureFixture[str], data: bytes, words: str) -> None:
    model.write_bytes(data)
    assert run([*FIX, "model.py"]) == 2
    assert words in capsys.readouterr().out
    assert model.read_bytes() == data


def test_a_text_that_its_encoding_writes_in_several_ways_is_not_rewritten(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = b"# coding: utf-7\n# +AGE-\n" + TEXT.encode("utf-7")  # `a`, which would come back as `a`
    model.write_bytes(data)
    assert run([*FIX, "model.py"]) == 1
    assert "utf-7" in capsys.readouterr().err
    assert model.read_bytes() == data


# -- what a file is beside its content ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o2775])
def test_the_mode_stays(model: Path, mode: int) -> None:
    model.chmod(mode)
    assert run([*FIX, "model.py"]) == 0
    assert (model.read_bytes(), stat.S_IMODE(model.stat().st_mode)) == (NEW, mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_the_owner_stays(model: Path) -> None:
    os.chown(model, 12345, 54321)
    assert run([*FIX, "model.py"]) == 0
    assert (model.read_bytes(), model.stat().st_uid, model.stat().st_gid) == (NEW, 12345, 54321)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes here")
def test_extended_attributes_stay(model: Path) -> None:
    try:
        os.setxattr(model, "user.origin", b"here")
    except OSError:
        pytest.skip("not on this file system")
    assert run([*FIX, "model.py"]) == 0
    assert (model.read_bytes(), os.getxattr(model, "user.origin")) == (NEW, b"here")


def test_a_link_stays_a_link_and_its_file_is_fixed(model: Path) -> None:
    (model.parent / "real").mkdir()
    model.rename("real/model.py")
    model.symlink_to("real/model.py")
    assert run([*FIX, "model.py"]) == 0
    assert model.is_symlink() and model.readlink() == Path("real/model.py")
    assert model.read_bytes() == NEW
    assert (names(model.parent), names(model.parent / "real")) == (["model.py", "real"], ["model.py"])


def test_a_file_with_two_names_keeps_both_on_one_content(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.link(model, "other.py")
    assert run([*FIX, "model.py"]) == 1
    assert "model.py was not written: it has 2 names (hard links), which a new file would part" in capsys.readouterr().err
    assert model.samefile("other.py") and model.read_bytes() == OLD
    Path("other.py").unlink()
    assert run([*FIX, "model.py"]) == 0


# -- files that cannot be written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--fix", "--add-ignore"])
def test_a_read_only_file_is_left_alone(model: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    model.chmod(0o444)
    assert run([*FIX[:-1], option, "model.py"]) == 1
    assert "model.py was not written: it is read-only" in capsys.readouterr().err
    assert model.read_bytes() == OLD


@pytest.fixture
def strange_folder() -> Iterator[Path]:
    """A folder that other users reach, with a model in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "model.py").write_bytes(OLD)
        yield folder


def as_nobody(action: Callable[[], None]) -> str:
    """What an action of a user without rights is refused with."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setegid(65534)
            os.seteuid(65534)
            action()
            said = "done"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="changes the user")
def test_a_folder_in_which_nothing_can_be_made(strange_folder: Path) -> None:
    path = strange_folder / "model.py"
    path.chmod(0o666)
    assert as_nobody(lambda: write(path, OLD, NEW)) == f"NotWritten: {path} was not written: Permission denied"
    assert (path.read_bytes(), names(strange_folder)) == (OLD, ["model.py"])


@pytest.mark.skipif(os.geteuid() != 0, reason="changes the user")
def test_a_file_of_somebody_else_does_not_change_its_owner(strange_folder: Path) -> None:
    path = strange_folder / "model.py"
    path.chmod(0o666)
    strange_folder.chmod(0o777)
    assert "it belongs to another user or group" in as_nobody(lambda: write(path, OLD, NEW))
    assert (path.read_bytes(), path.stat().st_uid, names(strange_folder)) == (OLD, 0, ["model.py"])


def no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))


def test_no_room_for_the_new_file(model: Path) -> None:
    done = netlint(model.parent, *FIX, "model.py", preexec_fn=no_room)
    assert done.returncode == 1
    assert "model.py was not written: File too large\n" in done.stderr
    assert (model.read_bytes(), names(model.parent)) == (OLD, ["model.py"])


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "replace"])
def test_a_full_disk(model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], call: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if call == "write":
        opened = os.fdopen

        def full_file(descriptor: int, mode: str) -> Any:
            if "r" in mode:
                return opened(descriptor, mode)
            file = opened(descriptor, mode, buffering=0)  # as much as fits is written
            return type("Full", (), {"__enter__": lambda self: self, "__exit__": lambda *_: file.close(), "write": full})()

        monkeypatch.setattr("netlint.fixes.writing.os.fdopen", full_file)
    elif call == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        monkeypatch.setattr(os, call, full)
    assert run([*FIX, "model.py"]) == 1
    assert "model.py was not written: No space left on device" in capsys.readouterr().err
    assert (model.read_bytes(), names(model.parent)) == (OLD, ["model.py"])


# -- several at once ----------------------------------------------------------------------------------------------------------


def test_two_runs_at_once(model: Path) -> None:
    command = [sys.executable, "-m", "netlint", *FIX, "model.py"]
    both = [subprocess.Popen(command, cwd=model.parent, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert model.read_bytes() == NEW
    assert names(model.parent) == ["model.py"]
    assert any("fixed model.py" in text for text in said)
    assert all("fixed model.py" in text or "changed since it was read" in text or not text for text in said), said


def test_a_run_waits_while_another_replaces_the_file(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netlint.fixes.writing.PATIENCE", 0.05)
    with model.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(NotWritten, match="another process holds a lock on it"):
            write(model, OLD, NEW)
    write(model, OLD, NEW)
    assert model.read_bytes() == NEW


def test_a_file_that_changed_between_check_and_fix_is_fixed_as_it_is_now_or_not_at_all(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from netlint.fixes import session

    edited = OLD + b"# edited\n"
    apply = session.fix_source

    def slow(*arguments: Any) -> Any:
        model.write_bytes(edited)
        return apply(*arguments)

    monkeypatch.setattr(session, "fix_source", slow)
    assert run([*FIX, "model.py"]) == 1
    assert "model.py was not written: it changed since it was read" in capsys.readouterr().err
    assert model.read_bytes() == edited


# -- reports and baselines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("report.json", ("check", "--isolated", "--no-cache", "--output-format", "json", "--output-file", "report.json", "model.py")),
        ("report.json", ("check", "--isolated", "--no-cache", "--output-format", "json:report.json", "model.py")),
        ("netlint-baseline.json", ("baseline", "create", "--isolated", "model.py")),
    ],
)
def test_reports_and_baselines_are_whole_or_not_there(model: Path, file: str, command: tuple[str, ...]) -> None:
    done = netlint(model.parent, *command, preexec_fn=no_room)
    assert done.returncode == 2 and f"{file} was not written: File too large" in done.stderr, done.stderr
    assert names(model.parent) == ["model.py"]
    assert netlint(model.parent, *command).returncode in (0, 1)
    whole = Path(file).read_bytes()
    model.write_bytes(OLD + b"net = nn.Sequential(nn.Linear(3, 4), nn.Linear(9, 2))\n")
    assert netlint(model.parent, *command, preexec_fn=no_room).returncode == 2
    assert Path(file).read_bytes() == whole
    assert names(model.parent) == sorted([file, "model.py"])


def test_a_report_goes_where_a_link_leads(tmp_path: Path) -> None:
    link = tmp_path / "latest.json"
    link.symlink_to("first.json")
    save(link, b"1")
    save(link, b"2")
    assert link.is_symlink() and (tmp_path / "first.json").read_bytes() == b"2"
    assert names(tmp_path) == ["first.json", "latest.json"]
