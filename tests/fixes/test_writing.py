"""A fixed file is written whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netlint.fixes import NotWritten, write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_mode_stays_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"old")
    path.chmod(0o754)
    write(path, b"old", b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o754
    assert names(tmp_path) == ["model.py"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "model.py"
    target.write_bytes(b"old")
    link = tmp_path / "link.py"
    link.symlink_to(Path("real") / "model.py")
    write(link, b"old", b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"edited")
    with pytest.raises(NotWritten, match="changed since it was read"):
        write(path, b"old", b"new")
    assert path.read_bytes() == b"edited"
    assert names(tmp_path) == ["model.py"]


def test_a_file_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="No such file"):
        write(tmp_path / "model.py", b"old", b"new")
    assert names(tmp_path) == []


def test_nothing_is_written_when_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"old")
    before = path.stat().st_ino
    write(path, b"old", b"old")
    assert path.stat().st_ino == before


def test_a_read_only_file_is_left_alone_even_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(NotWritten, match="read-only"):
        write(path, b"old", b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write into every folder")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"old")
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(NotWritten, match="Permission denied"):
            write(path, b"old", b"new")
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == b"old"


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten, match="No space left"):
        write(path, b"old", b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model.py"]


def test_a_change_while_the_new_file_is_written_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda _: path.write_bytes(b"edited"))
    with pytest.raises(NotWritten, match="changed since it was read"):
        write(path, b"old", b"new")
    assert path.read_bytes() == b"edited"


LOOP = """
import sys
from pathlib import Path
from netlint.fixes import write
path, old, new = Path(sys.argv[1]), b"a" * 3_000_000, b"b" * 3_000_000
print("ready", flush=True)
while True:
    write(path, old, new)
    old, new = new, old
"""


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.011, 0.03])
def test_a_kill_leaves_the_old_or_the_new_file(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"a" * 3_000_000)
    with subprocess.Popen([sys.executable, "-c", LOOP, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    left = path.read_bytes()
    assert len(left) == 3_000_000
    assert set(left) in ({ord("a")}, {ord("b")})
