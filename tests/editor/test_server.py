"""The language server, driven by a client over stdin and stdout."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pytest_lsp", reason="the client of these tests comes with the extra dev")
from lsprotocol import types

from netlint.cli import run

if TYPE_CHECKING:
    from tests.editor.conftest import Start

pytestmark = pytest.mark.asyncio(loop_scope="function")

NET = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Linear(16 * 16 * 16, 10)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))
"""


async def test_findings_come_and_go_with_the_text(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    found = {str(one.code): one for one in await editor.findings(uri)}
    pool = found["NL501"]
    assert pool.range == types.Range(types.Position(8, 12), types.Position(8, 21))
    assert (pool.severity, pool.source) == (types.DiagnosticSeverity.Warning, "netlint")
    editor.type(uri, NET.replace("            nn.ReLU(),\n", ""))
    assert "NL501" not in await editor.codes(uri)
    editor.close(uri)
    await editor.until(lambda: not editor.published[-1].diagnostics)


def line(number: int) -> types.Range:
    """A cursor in a row (from 1)."""
    return types.Range(types.Position(number - 1, 0), types.Position(number - 1, 0))


def fixed_by_the_command(path: Path, text: str, *options: str) -> str:
    """What a command writes to a file with this text."""
    path.write_text(text, encoding="utf-8")
    run(["check", *options, "--isolated", str(path)])
    return path.read_text(encoding="utf-8")


TWICE = NET + NET.partition("\n\n\n")[2].join(["\n\n", ""]).replace("Net", "Other")


async def test_a_fix_is_what_the_command_would_write(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", TWICE)
    one, every, *_ = [action for action in await editor.actions(uri, line(9)) if "NL501" in action.title]
    assert (one.is_preferred, one.kind, one.edit) == (True, "quickfix", None)
    fixed = editor.after(await editor.resolved(one))
    assert fixed.count("nn.MaxPool2d(2),\n            nn.ReLU()") == 1
    assert every.title == "Fix all NL501 in this file"
    everywhere = editor.after(await editor.resolved(every))
    assert everywhere == fixed_by_the_command(tmp_path / "other.py", TWICE, "--fix", "--select", "NL501")
    [safe] = await editor.actions(uri, line(1), ["source.fixAll"])
    assert safe.kind == "source.fixAll.netlint"
    assert editor.after(await editor.resolved(safe)) == fixed_by_the_command(tmp_path / "other.py", TWICE, "--fix")
    assert everywhere != TWICE


async def test_an_unsafe_fix_says_so(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    [unsafe] = [action for action in await editor.actions(uri, line(9)) if action.title.startswith("Fix NL401")]
    assert unsafe.title.startswith("Fix NL401 (unsafe: ")
    assert not unsafe.is_preferred
    expected = fixed_by_the_command(tmp_path / "other.py", NET, "--unsafe-fixes", "--select", "NL401")
    assert editor.after(await editor.resolved(unsafe)) == expected != NET


async def test_a_finding_is_ignored_as_the_command_does_it(start: Start, tmp_path: Path) -> None:
    editor = await start(initialization={"ignoreReason": "measured, no gain"})
    uri = editor.open(tmp_path / "net.py", NET)
    [ignore] = [action for action in await editor.actions(uri, line(9)) if action.title.startswith("Ignore NL501")]
    assert ignore.title == "Ignore NL501 here (reason: measured, no gain)"
    text = editor.after(await editor.resolved(ignore))
    assert text == fixed_by_the_command(tmp_path / "other.py", NET, "--select", "NL501", "--add-ignore=measured, no gain")
    editor.type(uri, text)
    assert "NL501" not in await editor.codes(uri)


async def test_actions_without_resolve_come_with_their_edits(start: Start, tmp_path: Path) -> None:
    editor = await start(resolves=False)
    uri = editor.open(tmp_path / "net.py", NET)
    [fix] = [action for action in await editor.actions(uri, line(9)) if action.title.startswith("Fix NL501")]
    assert "nn.MaxPool2d(2),\n            nn.ReLU()" in editor.after(fix)


async def test_an_action_for_an_old_version_is_refused(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    [fix] = [action for action in await editor.actions(uri, line(9)) if action.title.startswith("Fix NL501")]
    editor.type(uri, f"# a comment\n{NET}")
    with pytest.raises(Exception, match="changed since"):
        await editor.resolved(fix)


async def test_no_result_of_an_old_version_is_shown(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    await editor.findings(uri)
    for number in range(12):
        editor.type(uri, f"# {number}\n{NET}")
        await asyncio.sleep(0.02)
    await editor.findings(uri)
    versions = [one.version for one in editor.published]
    assert versions == sorted(versions)
    assert len(versions) < 10, "changes that follow one another at once are not all checked"


async def test_hover_tells_shape_parameters_and_evidence(start: Start, tmp_path: Path) -> None:
    editor = await start("--input", "1,3,32,32")
    uri = editor.open(tmp_path / "net.py", NET)
    conv = await editor.hover(uri, "nn.Conv2d")
    assert "**Conv2d**" in conv and "`features.0` of `Net`" in conv
    assert "output 1 × 16 × 32 × 32" in conv and "448 parameters" in conv
    act = await editor.hover(uri, "nn.ReLU")
    assert "**NL501 activation-before-max-pool**" in act and "S24" in act
    assert "**Evidence for.**" in act and "**Evidence against.**" in act
    assert "**Linear**" in await editor.hover(uri, "self.head(")
    assert await editor.hover(uri, "from torch") == ""


async def test_the_outline_is_the_network(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    [net] = await editor.symbols(uri)
    assert (net.name, net.detail, net.kind) == ("Net", "41,418 parameters", types.SymbolKind.Class)
    features, head = net.children or ()
    assert [layer.name for layer in features.children or ()] == ["0", "1", "2"]
    assert (head.name, head.detail) == ("head", "Linear, 40,970 parameters")
    assert head.range.start.line == 11


async def test_what_is_broken_keeps_the_findings_of_the_rest(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", TWICE)
    before = await editor.findings(uri)
    editor.type(uri, "\n" + TWICE.replace("    def forward(self, x):\n", "    def forward(self, x):\n        y = self.features(\n", 1))
    after = await editor.findings(uri)
    [broken] = [one for one in after if one.code == "NL000"]
    assert broken.range.start.line == 15
    assert broken.severity == types.DiagnosticSeverity.Error

    def moved(one: types.Diagnostic) -> tuple[object, int]:
        return one.code, one.range.start.line + (1 if one.range.start.line < 14 else 2)

    assert sorted(map(moved, before), key=str) == sorted(((one.code, one.range.start.line) for one in after if one is not broken), key=str)
    assert await editor.actions(uri, line(10), ["quickfix"]) == []
    assert "**Conv2d**" in await editor.hover(uri, "nn.Conv2d")
    editor.type(uri, TWICE)
    assert await editor.findings(uri) == before


async def test_a_file_that_is_opened_broken_shows_what_can_be_read(start: Start, tmp_path: Path) -> None:
    editor = await start()
    broken = TWICE.replace("class Other(nn.Module):", "class Other(nn.Module:")
    uri = editor.open(tmp_path / "net.py", broken)
    found = await editor.findings(uri)
    assert [one.range.start.line for one in found if one.code == "NL501"] == [8]
    assert [one.range.start.line for one in found if one.code == "NL000"] == [broken.split("\n").index("class Other(nn.Module:")]


async def test_columns_count_in_utf_16_unless_the_client_says_otherwise(start: Start, tmp_path: Path) -> None:
    text = "from torch import nn\n\n名前 = '😀'; net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3))\n"
    starts = {}
    for encoding in (None, types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf32):
        editor = await start(encodings=[encoding] if encoding else None)
        uri = editor.open(tmp_path / "net.py", text)
        [pool] = [one for one in await editor.findings(uri) if one.code == "NL501"]
        starts[encoding] = pool.range.start.character
        if encoding is None:
            [fix, *_] = [action for action in await editor.actions(uri, pool.range) if "NL501" in action.title]
            assert "nn.MaxPool2d(2), nn.ReLU()" in editor.after(await editor.resolved(fix))
            assert "**ReLU**" in await editor.hover(uri, "nn.ReLU")
    column = text.split("\n")[2].index("nn.ReLU")
    assert starts == {None: column + 1, types.PositionEncodingKind.Utf8: column + 7, types.PositionEncodingKind.Utf32: column}


async def test_settings_are_read_again_when_they_change(start: Start, tmp_path: Path) -> None:
    settings = tmp_path / "netlint.toml"
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    assert "NL501" in await editor.codes(uri)
    assert [one.method for one in editor.registered] == ["workspace/didChangeWatchedFiles"]
    settings.write_text('ignore = ["NL501"]\n')
    editor.client.workspace_did_change_watched_files(
        types.DidChangeWatchedFilesParams([types.FileEvent(settings.as_uri(), types.FileChangeType.Created)])
    )
    await editor.until(lambda: "NL501" not in [one.code for one in editor.published[-1].diagnostics])
    settings.write_text('ignored = ["NL501"]\n')
    editor.type(uri, NET + "\n")
    assert "the nearest is `ignore`" in await editor.told("unknown key")
    assert "NL501" not in await editor.codes(uri), "the settings that were valid last hold"
    editor.type(uri, NET)
    await editor.findings(uri)
    assert len([one for one in editor.client.messages if "unknown key" in one.message]) == 1


async def test_each_folder_has_its_own_settings(start: Start, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, rule in ((one, "NL501"), (two, "NL401")):
        folder.mkdir()
        (folder / "netlint.toml").write_text(f'select = ["{rule}"]\n')
    editor = await start(folders=(one, two))
    first, second = editor.open(one / "net.py", NET), editor.open(two / "net.py", NET)
    assert (set(await editor.codes(first)), set(await editor.codes(second))) == ({"NL501"}, {"NL401"})


async def test_an_imported_file_counts_as_it_is_typed(start: Start, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "blocks.py").write_text("width = 16\n")
    user = "from torch import nn\nfrom blocks import width\n\nnet = nn.Sequential(nn.Conv2d(3, width, 3), nn.ELU(), nn.Conv2d(16, 8, 3))\n"
    editor = await start()
    uri = editor.open(tmp_path / "net.py", user)
    assert "NL602" not in await editor.codes(uri)
    blocks = editor.open(tmp_path / "blocks.py")
    await editor.findings(blocks)
    editor.type(blocks, "width = 32\n")
    editor.type(uri, user + "\n")
    assert "NL602" in await editor.codes(uri)


async def test_a_request_is_cancelled_and_the_server_goes_on(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    question = editor.client.protocol.send_request(
        "textDocument/documentSymbol", types.DocumentSymbolParams(types.TextDocumentIdentifier(uri)), msg_id="outline"
    )
    editor.client.cancel_request(types.CancelParams("outline"))
    with pytest.raises(Exception, match="cancel"):
        await asyncio.wait_for(asyncio.wrap_future(question), 30)
    assert [symbol.name for symbol in await editor.symbols(uri)] == ["Net"]


async def test_the_process_ends_as_the_protocol_says(start: Start, tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open(tmp_path / "net.py", NET)
    await editor.findings(uri)
    await editor.client.shutdown_session()
    assert editor.client._server.returncode == 0
    hasty = await start()
    hasty.client.exit(None)
    assert await asyncio.wait_for(hasty.client._server.wait(), 30) == 1


@pytest.mark.parametrize("data", [None, {}, [], "x", {"uri": [], "version": 1, "does": "fix", "kinds": []}])
async def test_an_action_that_is_none_of_ours_is_refused(start: Start, data: object) -> None:
    editor = await start()
    with pytest.raises(Exception, match=r"none of netlint's"):
        await editor.resolved(types.CodeAction("x", data=data))
