"""Reading a file has an end in memory too: what copies without end is given up, with the reason, and the other files are checked."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from netlint.engine.bounds import TooLong, TooMuch, bounds, resident

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory there is")
FLAWED = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
COPIES = {
    "dictionaries": "d = {i: i for i in range(19000)}\nb = [dict(d) for i in range(15000)]\n",
    "sets": "s = set(range(20000))\nb = [set(s) for i in range(19000)]\n",
    "keywords": "def f(**k): return k\nd = {str(i): i for i in range(10000)}\nb = [f(**d) for i in range(19000)]\n",
}
LIMIT = 150_000_000


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "netlint.toml").write_text(f'select = ["NL501"]\nlimits = {{ memory = {LIMIT} }}\n')
    return tmp_path


def netlint(*arguments: str) -> tuple[int, str, str, int]:
    """The exit code, the output and the most memory, in bytes, of a run."""
    code = (
        "import resource, sys\n"
        "from netlint.cli import run\n"
        "code = run(sys.argv[1:])\n"
        "own = int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])  # not ru_maxrss, which counts what called this too\n"
        "print(max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024, file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=120)
    said, _, memory = done.stderr.rstrip("\n").rpartition("\n")
    return done.returncode, done.stdout, said, int(memory)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_that_needs_too_much_is_given_up_and_the_others_are_checked(project: Path, jobs: str) -> None:
    for name, copies in COPIES.items():
        (project / f"{name}.py").write_text(f"import torch\n{copies}{FLAWED}")
    (project / "zfine.py").write_text(FLAWED)
    code, found, said, memory = netlint("check", "--no-cache", "--jobs", jobs, "--output-format", "json", ".")
    records = json.loads(found)
    assert (code, said) == (2, "")
    assert [(one["filename"], one["code"]) for one in records] == [
        *((f"{name}.py", "NL000") for name in sorted(COPIES)),
        ("zfine.py", "NL501"),
    ]
    assert records[0]["message"] == f"it takes more than {LIMIT:,} bytes of memory, which is what `limits.memory` allows"
    assert memory < 4 * LIMIT


@pytest.mark.parametrize("command", ["why NL501", "verify", "advise"])
def test_every_command_has_that_end(project: Path, command: str) -> None:
    (project / "model.py").write_text(f"import torch\n{COPIES['dictionaries']}{FLAWED}")
    code, _, said, memory = netlint(*command.split(), "model.py")
    assert code == 2 and "which is what `limits.memory` allows" in said, said
    assert memory < 4 * LIMIT


def test_the_editor_has_it_too(project: Path) -> None:
    pytest.importorskip("pygls")
    from netlint.editor.desk import Desk
    from netlint.editor.messages import Terms

    desk = Desk(Terms())
    answer = desk.check(project / "net.py", f"import torch\n{COPIES['dictionaries']}{FLAWED}", 1)
    assert answer.broken and "`limits.memory`" in answer.findings[0].message
    assert [one.code for one in desk.check(project / "net.py", FLAWED, 2).findings] == ["NL501"]


def test_bounds_hold_within_each_other_and_leave_nothing_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TooMuch), bounds(60, 50_000_000), bounds(0.001, 1):
        grown = []
        while True:
            grown.append(bytearray(100_000))
    with pytest.raises(TooLong), bounds(0.2, None):
        while True:
            pass
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert resident() > 0
