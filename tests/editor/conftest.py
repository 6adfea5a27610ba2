"""A real client that talks to `netlint server` over stdin and stdout."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the language server needs the extra lsp")
pytest_lsp = pytest.importorskip("pytest_lsp", reason="the client of these tests comes with the extra dev")
import pytest_asyncio  # noqa: E402
from lsprotocol import types  # noqa: E402

PATIENCE = 30.0
"""Seconds that an answer may take on a busy machine."""


class Editor:
    """What an editor does: it opens, types, asks, and applies edits to the version that they are for."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: list[types.PublishDiagnosticsParams] = []
        self.registered: list[types.Registration] = []
        self._news = asyncio.Event()

    def hear(self, params: types.PublishDiagnosticsParams) -> None:
        self.published.append(params)
        self._news.set()

    def open(self, path: Path, text: str | None = None) -> str:
        uri = path.as_uri()
        self.texts[uri] = text if text is not None else path.read_text(encoding="utf-8")
        self.versions[uri] = 1
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", self.versions[uri], self.texts[uri]))
        )
        return uri

    def type(self, uri: str, text: str) -> None:
        self.versions[uri] += 1
        self.texts[uri] = text
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[uri], uri), [types.TextDocumentContentChangeWholeDocument(text)]
            )
        )

    def save(self, uri: str) -> None:
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def close(self, uri: str) -> None:
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def until(self, holds: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not holds():
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(wait(), PATIENCE)

    async def findings(self, uri: str, version: int | None = None) -> list[types.Diagnostic]:
        """What is shown for the present version."""
        wanted = self.versions[uri] if version is None else version
        await self.until(lambda: any(one.uri == uri and one.version == wanted for one in self.published))
        return list(next(one for one in reversed(self.published) if one.uri == uri and one.version == wanted).diagnostics)

    async def codes(self, uri: str) -> list[str]:
        return [str(one.code) for one in await self.findings(uri)]

    async def told(self, words: str) -> str:
        """A message shown to the user that has these words."""

        async def wait() -> str:
            while True:
                for message in self.client.messages:
                    if words in message.message:
                        return str(message.message)
                await asyncio.sleep(0.02)

        return await asyncio.wait_for(wait(), PATIENCE)

    async def actions(self, uri: str, where: types.Range, only: list[str] | None = None) -> list[types.CodeAction]:
        shown = [one for one in await self.findings(uri) if one.range.start.line == where.start.line]
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, types.CodeActionContext(shown, only))
        return list(await self.ask(self.client.text_document_code_action_async(params)) or [])

    async def resolved(self, action: types.CodeAction) -> types.CodeAction:
        answer: types.CodeAction = await self.ask(self.client.code_action_resolve_async(action))
        return answer

    async def ask(self, question: Awaitable[Any]) -> Any:
        return await asyncio.wait_for(question, PATIENCE)

    async def symbols(self, uri: str) -> list[types.DocumentSymbol]:
        params = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
        return list(await self.ask(self.client.text_document_document_symbol_async(params)))

    async def hover(self, uri: str, words: str, nth: int = 0) -> str:
        """The Markdown shown over the first character of the nth place that has these words."""
        text, at = self.texts[uri], -1
        for _ in range(nth + 1):
            at = text.index(words, at + 1)
        line = text.count("\n", 0, at)
        column = len(text[text.rfind("\n", 0, at) + 1 : at].encode("utf-16-le")) // 2
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, column))
        answer = await self.ask(self.client.text_document_hover_async(params))
        return "" if answer is None else str(answer.contents.value)

    def after(self, action: types.CodeAction) -> str:
        """The text of the one document that an action edits, with its edits."""
        assert action.edit is not None and action.edit.document_changes is not None
        [change] = action.edit.document_changes
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.version == self.versions[change.text_document.uri]
        return applied(self.texts[change.text_document.uri], list(change.edits))


def applied(text: str, edits: list[Any]) -> str:
    """A text with edits whose columns count in UTF-16."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(place: types.Position) -> int:
        line = text.split("\n")[place.line]
        return starts[place.line] + len(line.encode("utf-16-le")[: place.character * 2].decode("utf-16-le"))

    for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


Start = Callable[..., Awaitable[Editor]]


@pytest_asyncio.fixture
async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts a server in an empty folder, with a client that has it open."""
    monkeypatch.chdir(tmp_path)
    editors: list[Editor] = []

    async def started(
        *options: str,
        folders: tuple[Path, ...] | None = None,
        encodings: list[types.PositionEncodingKind | str] | None = None,
        initialization: object = None,
        resolves: bool = True,
        command: tuple[str, ...] = (sys.executable, "-m", "netlint", "server"),
    ) -> Editor:
        client = pytest_lsp.LanguageClient()
        editor = Editor(client)

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            editor.hear(params)

        @client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registered(params: types.RegistrationParams) -> None:
            editor.registered += params.registrations

        @client.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            client.messages.append(params)

        @client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            client.log_messages.append(params)

        await client.start_io(*command, *options)
        editors.append(editor)
        resolve = types.ClientCodeActionResolveOptions(["edit"]) if resolves else None
        capabilities = types.ClientCapabilities(
            general=types.GeneralClientCapabilities(position_encodings=encodings),
            text_document=types.TextDocumentClientCapabilities(code_action=types.CodeActionClientCapabilities(resolve_support=resolve)),
            workspace=types.WorkspaceClientCapabilities(
                workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
                did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
            ),
        )
        opened = [types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in (folders or (tmp_path,))]
        params = types.InitializeParams(capabilities, workspace_folders=opened, initialization_options=initialization)
        await asyncio.wait_for(client.initialize_session(params), PATIENCE)
        return editor

    yield started
    for editor in editors:
        if editor.client._server is not None and editor.client._server.returncode is None:
            await asyncio.wait_for(editor.client.shutdown_session(), PATIENCE)
        await editor.client.stop()
