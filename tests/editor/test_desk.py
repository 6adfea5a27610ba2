"""What the worker answers, without a protocol around it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from netlint.cli import run
from netlint.editor.desk import Desk
from netlint.editor.messages import Terms
from netlint.editor.process import Failed, Lost, Worker

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
STACK = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3))\n"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/flawed/*.py")), ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_a_file_that_is_read_again_gives_what_it_gives_at_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    desk = Desk(Terms(isolated=True))
    first = desk.check(path, text, 1)
    desk.check(path, f"# one row more\n{text}", 2)
    desk.check(path, text.replace("(self, ", "(self ", 1) + "\nlast(", 3)
    again = desk.check(path, text, 4)
    assert again.findings == first.findings == Desk(Terms(isolated=True)).check(path, text, 1).findings


def test_rows_follow_what_is_typed_above(tmp_path: Path) -> None:
    desk, path = Desk(Terms(isolated=True)), tmp_path / "net.py"
    before = desk.check(path, STACK, 1).findings
    after = desk.check(path, f"\n\n{STACK}", 2).findings
    assert [one.location.row + 2 for one in before] == [one.location.row for one in after] != []


def test_a_comment_is_not_called_unused_while_its_statement_is_blanked(tmp_path: Path) -> None:
    desk, path = Desk(Terms(isolated=True)), tmp_path / "net.py"
    silent = STACK.rstrip("\n") + "  # netlint: ignore[NL501] measured\n"
    broken = silent.replace("import nn\n", "import nn\n\ndef f(:\n    pass  # netlint: ignore[NL401]\n")
    assert "NL001" not in [one.code for one in desk.check(path, broken, 1).findings]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.netlint]\nexclude = ["old/"]\n')
    desk = Desk(Terms())
    for name, found in (("net.py", True), ("old/net.py", False), (".venv/lib/site-packages/net.py", False)):
        assert bool(desk.check(tmp_path / name, STACK, 1).findings) == found


def test_rules_of_an_opened_folder_are_imported_only_if_it_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.py").write_text(f"__import__('pathlib').Path({str(tmp_path / 'ran')!r}).touch()\n")
    (tmp_path / "netlint.toml").write_text('rule-paths = ["rules"]\n')
    answer = Desk(Terms(folders=(tmp_path,))).check(tmp_path / "net.py", STACK, 1)
    assert not (tmp_path / "ran").exists()
    assert "`rule-paths`" in answer.told[0] and answer.findings
    Desk(Terms(folders=(tmp_path,), trusted=True)).check(tmp_path / "net.py", STACK, 1)
    assert (tmp_path / "ran").exists()


def test_a_file_in_another_encoding_is_fixed_in_it(tmp_path: Path) -> None:
    desk, path = Desk(Terms(isolated=True)), tmp_path / "net.py"
    text = f"# -*- coding: latin-1 -*-\n# für\n{STACK}"
    [pool] = [one for one in desk.check(path, text, 1).findings if one.code == "NL501"]
    fixed = desk.fix(path, 1, ("safe",), "NL501", pool.fingerprint)
    assert fixed is not None and fixed.text == text.replace("nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()")
    assert desk.fix(path, 0, ("safe",), "NL501", pool.fingerprint) is None, "another version"


# -- the process -------------------------------------------------------------------------------------------------------


def test_a_defect_and_a_lost_process_are_survived(tmp_path: Path) -> None:
    restarts = []

    async def talk() -> None:
        worker = Worker(Terms(isolated=True), lambda: restarts.append(1))
        assert (await worker.ask("check", tmp_path / "net.py", STACK, 1)).findings
        with pytest.raises(Failed, match="AttributeError"):
            await worker.ask("no such question")
        assert (await worker.ask("check", tmp_path / "net.py", STACK, 2)).findings
        question = asyncio.ensure_future(worker.ask("check", tmp_path / "net.py", STACK * 50, 3))
        await asyncio.sleep(0.05)
        worker.kill()
        with pytest.raises(Lost):
            await question
        assert not restarts
        assert (await worker.ask("check", tmp_path / "net.py", STACK, 4)).version == 4
        assert restarts == [1]
        await worker.end()
        with pytest.raises(Lost):
            await worker.ask("check", tmp_path / "net.py", STACK, 5)

    asyncio.run(asyncio.wait_for(talk(), 60))


def test_what_is_not_waited_for_does_not_mix_up_the_answers(tmp_path: Path) -> None:
    async def talk() -> None:
        worker = Worker(Terms(isolated=True), lambda: None)
        given_up = asyncio.ensure_future(worker.ask("check", tmp_path / "net.py", STACK * 20, 1))
        await asyncio.sleep(0.5)
        given_up.cancel()
        assert (await worker.ask("check", tmp_path / "net.py", STACK, 2)).version == 2
        await worker.end()

    asyncio.run(asyncio.wait_for(talk(), 60))


def test_without_the_extra_the_command_names_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("netlint.engine.reading.installed", lambda package: package != "pygls")
    assert run(["server"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "netlint: the language server needs the extra `lsp`: pip install 'netlint-nn[lsp]'\n"


def test_the_outline_of_a_network_that_holds_itself_has_an_end(tmp_path: Path) -> None:
    text = (
        "from torch import nn\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(4, 4)\n        self.me = self\n\n    def forward(self, x):\n        return self.fc(x)\n"
    )
    desk, path = Desk(Terms(isolated=True)), tmp_path / "net.py"
    desk.check(path, text, 1)
    (network,) = desk.symbols(path)
    assert network.detail == "20 parameters" and [child.name for child in network.children] == ["fc"]
