"""The language server: which messages of the protocol it answers, and its life from the first to the last of them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from netlint import __version__
from netlint.editor import actions
from netlint.editor.messages import SETTINGS, Terms
from netlint.editor.process import Worker
from netlint.editor.session import Session, with_folders

WATCHED = (*(f"**/{name}" for name in SETTINGS), "**/*.py")


class Protocol(LanguageServerProtocol):
    """pygls' protocol, held to its order: before `initialize`, a request is refused and a notification is passed by."""

    begun = False

    def handle_message(self, message: Any) -> None:
        method = getattr(message, "method", "")
        self.begun = self.begun or method == types.INITIALIZE
        if self.begun or method == types.EXIT:
            super().handle_message(message)
        elif method and hasattr(message, "id"):
            refusal = types.ResponseError(types.ErrorCodes.ServerNotInitialized.value, "the first request is `initialize`")
            self._send_response(message.id, None, refusal)


class Server(LanguageServer):
    """pygls' server. An error in a request goes to who asked and into the log, not into the user's face."""

    code: int = 1
    """Of the process: 0 if the client said that it would end before it did."""

    def report_server_error(self, error: Exception, source: Any) -> None:
        self.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"{type(error).__name__}: {error}"))


def serve(terms: Terms) -> int:
    """Serves an editor on stdin and stdout until it says that this is the end; the exit code of the process."""
    logging.basicConfig(level=logging.WARNING)  # on stderr, which editors keep as the server's log
    logging.getLogger("pygls").setLevel(logging.ERROR)
    server = made(terms)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a rule of the user's prints must not get between the messages
    server.start_io(sys.stdin.buffer, answers)
    return server.code


def made(terms: Terms, kind: type[Worker] = Worker) -> Server:
    """A server with all that it answers, and a worker of this kind. The whole text comes with each change: pygls splits lines at form feeds
    too, where neither Python nor the protocol does, and would put a part into the wrong place."""
    server = Server("netlint", __version__, types.TextDocumentSyncKind.Full, protocol_cls=Protocol)
    session: Session
    worker = kind(terms, lambda: session.restarted())
    session = Session(server, worker)
    _answer_documents(server, session)
    _answer_questions(server, session)
    _answer_life(server, session, worker)
    return server


def _answer_documents(server: Server, session: Session) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        session.opened(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        session.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        session.others(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        await session.closed(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def watched(params: types.DidChangeWatchedFilesParams) -> None:
        await session.files_changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        await session.folders_changed()


def _answer_questions(server: Server, session: Session) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await session.hover(params.text_document.uri, params.position)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return await session.symbols(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=actions.KINDS, resolve_provider=True))
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await session.actions(params)

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        return await session.resolved(action)


def _answer_life(server: Server, session: Session, worker: Worker) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        worker.terms = with_folders(worker.terms, server)
        options = params.initialization_options
        if isinstance(options, Mapping) and isinstance(options.get("ignoreReason"), str):
            session.reason = options["ignoreReason"]

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is not None and watching.dynamic_registration:
            watchers = [types.FileSystemWatcher(pattern) for pattern in WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = types.Registration("netlint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            await server.client_register_capability_async(types.RegistrationParams([registration]))

    @server.feature(types.SHUTDOWN)
    async def shutdown(_: None) -> None:
        server.code = 0
        await worker.end()

    @server.feature(types.EXIT)
    def leave(_: None) -> None:  # no coroutine: pygls would go on to wait for the next message
        worker.kill()
