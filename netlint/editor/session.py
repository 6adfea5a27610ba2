"""What the server knows of its client: the open documents, and what is shown of them.

What takes time is asked of the worker, so that this process always answers.

Findings are pushed (`textDocument/publishDiagnostics`): every editor takes them, with the version they are for, and they come without being
asked when a file that others import is changed. Offering `textDocument/diagnostic` too would show them twice in editors that take both.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from netlint.editor import actions
from netlint.editor.messages import Answer, Hover, Offer, Place, Rewritten, Symbol, Terms
from netlint.editor.positions import Text
from netlint.editor.process import Failed, Lost, Worker
from netlint.engine.diagnostic import Diagnostic, Position, Related
from netlint.engine.notices import UNUSED_SUPPRESSION
from netlint.engine.rule import Severity

PAUSE = 0.02
"""Seconds without a change after which a document is checked. What is typed while a check runs waits for its end, and only the last of it
is checked, so this has to catch no more than the changes of one keystroke."""
REASON = "TODO: say why"
"""What stands in a new comment where its author gives the reason; the client's `ignoreReason` goes before."""
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.ADVICE: types.DiagnosticSeverity.Information,
}
_SYMBOLS = {"network": types.SymbolKind.Class, "container": types.SymbolKind.Module, "layer": types.SymbolKind.Field}


@dataclass
class Shown:
    """What the editor shows of an open document: the findings in `answer` (version -1: none yet)."""

    path: Path
    answer: Answer = field(default_factory=lambda: Answer(-1))
    task: asyncio.Task[None] | None = None
    fatal: int = -1
    """The version that ended the worker."""

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()


@dataclass
class Session:
    """The server's state between messages."""

    server: LanguageServer
    worker: Worker
    shown: dict[str, Shown] = field(default_factory=dict)
    reason: str = REASON
    _told: set[str] = field(default_factory=set)
    _others: asyncio.Task[None] | None = None

    # -- documents -----------------------------------------------------------------------------------------------------

    def opened(self, uri: str) -> None:
        path = _path(uri)
        if path is not None:
            self.shown[uri] = Shown(path)
            self.changed(uri, 0)

    def changed(self, uri: str, pause: float = PAUSE) -> None:
        """Checks a document when it has not changed for a while; an older check of it is given up."""
        shown = self.shown.get(uri)
        if shown is not None:
            shown.stop()
            shown.task = asyncio.ensure_future(self._check_soon(uri, shown, pause))

    async def _check_soon(self, uri: str, shown: Shown, pause: float) -> None:
        await asyncio.sleep(pause)
        if await self._check(uri, shown):
            name = re.compile(rf"\b{re.escape(shown.path.parent.name if shown.path.stem == '__init__' else shown.path.stem)}\b")
            self.others(uri, lambda text: name.search(text) is not None)

    async def _check(self, uri: str, shown: Shown) -> bool:
        """Checks a document and shows what was found, if it is still that version. Whether anything was shown."""
        document = self.server.workspace.get_text_document(uri)
        text, version = self._text_of(uri), document.version or 0
        if version == shown.fatal:
            return False
        try:
            answer: Answer = await self.worker.ask("check", shown.path, text, version)
        except Failed as failure:
            self.crashed(failure, f"checking {shown.path.name}")
            return False
        except Lost as loss:
            shown.fatal = version
            self.crashed(loss, f"checking {shown.path.name}")
            return False
        for sentence in answer.told:
            self.tell(sentence, types.MessageType.Error)
        if self.shown.get(uri) is not shown or self._version(uri) != version:
            return False
        shown.answer = answer
        found = [self._diagnostic(finding, uri, Text(text, self.encoding), dict(answer.pages)) for finding in answer.findings]
        self.server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))
        return True

    def others(self, uri: str, concerns: Any = lambda text: True) -> None:
        """Checks the other open documents that a change may concern, one after the other and behind everything else."""
        if self._others is not None:
            self._others.cancel()
        concerned = [(other, shown) for other, shown in self.shown.items() if other != uri and concerns(self._text_of(other))]
        self._others = asyncio.ensure_future(self._check_all(concerned))

    async def _check_all(self, concerned: Sequence[tuple[str, Shown]]) -> None:
        for uri, shown in concerned:
            if self.shown.get(uri) is shown:
                await self._check(uri, shown)

    def restarted(self) -> None:
        """Tells a new worker of all open documents."""
        for uri in self.shown:
            self.changed(uri)

    async def closed(self, uri: str) -> None:
        shown = self.shown.pop(uri, None)
        if shown is not None:
            shown.stop()
            self.server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
            await self.worker.ask("close", shown.path)

    async def files_changed(self) -> None:
        """Files came, went or changed on disk: settings, or what an open file imports."""
        await self.worker.ask("refresh")
        self.restarted()

    async def folders_changed(self) -> None:
        """Folders were opened or closed: the first may be trusted, and an imported file may lie in them."""
        self.worker.terms = with_folders(self.worker.terms, self.server)
        await self.worker.ask("open", self.worker.terms)
        self.restarted()

    async def current(self, uri: str) -> Shown | None:
        """What is shown of a document when its check, if one is under way, has come to an end. None if that is not its last version."""
        shown = self.shown.get(uri)
        if shown is None:
            return None
        if shown.task is not None and not shown.task.done():
            await asyncio.wait([shown.task])
        return shown if shown.answer.version == self._version(uri) else None

    def _version(self, uri: str) -> int:
        return self.server.workspace.get_text_document(uri).version or 0

    def text(self, uri: str) -> Text:
        return Text(self._text_of(uri), self.encoding)

    def _text_of(self, uri: str) -> str:
        """A document's text; "" for one that is closed in the meantime and not on the disk."""
        try:
            return self.server.workspace.get_text_document(uri).source
        except (OSError, UnicodeDecodeError):
            return ""

    @property
    def encoding(self) -> str:
        return str(types.PositionEncodingKind(self.server.workspace.position_encoding or "utf-16").value)

    # -- words to the user ---------------------------------------------------------------------------------------------

    def tell(self, sentence: str, kind: types.MessageType) -> None:
        """Shows a sentence, once, and logs it."""
        if sentence not in self._told:
            self._told.add(sentence)
            self.server.window_show_message(types.ShowMessageParams(kind, f"netlint: {sentence}"))
            self.server.window_log_message(types.LogMessageParams(kind, sentence))

    def crashed(self, error: Exception, doing: str) -> None:
        """A defect of netlint: its traceback is logged, and it is told once."""
        self.server.window_log_message(types.LogMessageParams(types.MessageType.Error, f"{doing}: {error}"))
        last = str(error).strip().rpartition("\n")[2]
        self.tell(f"{doing} failed: {last}. This is a defect of netlint; report it (the log has more)", types.MessageType.Error)

    # -- into the protocol's words -------------------------------------------------------------------------------------

    def _diagnostic(self, finding: Diagnostic, uri: str, text: Text, pages: dict[str, str]) -> types.Diagnostic:
        page = pages.get(finding.code)
        return types.Diagnostic(
            range=_first_line(text, Place(finding.location, finding.end_location)),
            message=finding.message,
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            code_description=types.CodeDescription(page) if page else None,
            source="netlint",
            tags=[types.DiagnosticTag.Unnecessary] if finding.code == UNUSED_SUPPRESSION.code else None,
            related_information=[self._related(place, uri, text) for place in finding.related] or None,
            data={"name": finding.name, "fingerprint": finding.fingerprint, "url": finding.url},
        )

    def _related(self, place: Related, uri: str, text: Text) -> types.DiagnosticRelatedInformation:
        path = Path(place.filename)
        shown = self.shown.get(uri)
        if shown is None or path != shown.path:
            uri = next((other for other, shown in self.shown.items() if shown.path == path), from_fs_path(str(path)) or uri)
            text = self.text(uri)
        start = text.to_client(place.location)
        return types.DiagnosticRelatedInformation(types.Location(uri, types.Range(start, start)), place.message)

    def _symbol(self, symbol: Symbol, text: Text) -> types.DocumentSymbol:
        return types.DocumentSymbol(
            name=symbol.name,
            detail=symbol.detail or None,
            kind=_SYMBOLS[symbol.kind],
            range=text.range(symbol.place.start, symbol.place.end),
            selection_range=_first_line(text, symbol.place),
            children=[self._symbol(child, text) for child in symbol.children] or None,
        )

    # -- questions -----------------------------------------------------------------------------------------------------

    async def hover(self, uri: str, at: types.Position) -> types.Hover | None:
        shown = await self.current(uri)
        if shown is None:
            return None
        text = self.text(uri)
        found: Hover | None = await self.worker.ask("hover", shown.path, text.from_client(at))
        if found is None:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, found.markdown), text.range(found.start, found.end))

    async def symbols(self, uri: str) -> list[types.DocumentSymbol]:
        shown = await self.current(uri)
        if shown is None:
            return []
        text = self.text(uri)
        found: list[Symbol] = await self.worker.ask("symbols", shown.path)
        return [self._symbol(symbol, text) for symbol in found]

    # -- actions -------------------------------------------------------------------------------------------------------

    async def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        uri, only = params.text_document.uri, params.context.only
        shown = await self.current(uri)
        if shown is None or shown.answer.broken:
            return []
        text = self.text(uri)
        start, end = text.from_client(params.range.start), text.from_client(params.range.end)
        here = [one for one in shown.answer.findings if one.location.row <= end.row and start.row <= one.location.row]
        version = shown.answer.version
        offers: dict[str, Offer] = await self.worker.ask("offers", shown.path, version)
        found: list[types.CodeAction] = []
        if actions.is_wanted(types.CodeActionKind.QuickFix.value, only):
            found += actions.offered(uri, version, here, offers, self.reason)
        if actions.is_wanted(actions.FIX_ALL, only):
            found += actions.fix_all(uri, version, offers)
        for action in found:
            prints = {action.data["fingerprint"]} if action.data and action.data["fingerprint"] else set()
            action.diagnostics = [one for one in params.context.diagnostics if (one.data or {}).get("fingerprint") in prints] or None
        return found if self._resolves else [await self.resolved(action) for action in found]

    @property
    def _resolves(self) -> bool:
        """Whether the client asks for an action's edit when it is chosen."""
        document = self.server.client_capabilities.text_document
        support = document.code_action.resolve_support if document is not None and document.code_action is not None else None
        return support is not None and "edit" in support.properties

    async def resolved(self, action: types.CodeAction) -> types.CodeAction:
        """The action with its edit. Raises an error of the protocol if the document is another by now."""
        wish = actions.Wish.of(action.data)
        shown, text = self.shown.get(wish.uri), self.text(wish.uri)
        if shown is None or self._version(wish.uri) != wish.version:
            raise JsonRpcContentModified("the document has changed since the action was offered")
        if wish.does == "fix":
            question = self.worker.ask("fix", shown.path, wish.version, wish.kinds, wish.code, wish.fingerprint)
        else:
            question = self.worker.ask("ignore", shown.path, wish.version, wish.fingerprint, self.reason)
        result: Rewritten | None = await question
        if result is None:
            raise JsonRpcContentModified("the document has changed since the action was offered")
        if result.reason and result.text == text.text:
            self.server.window_show_message(types.ShowMessageParams(types.MessageType.Info, f"netlint: {result.reason}"))
        edits = text.edits_to(result.text)
        action.edit = self._edit(wish.uri, wish.version, edits)
        return action

    def _edit(self, uri: str, version: int, edits: list[types.TextEdit]) -> types.WorkspaceEdit:
        workspace = self.server.client_capabilities.workspace
        if workspace is not None and workspace.workspace_edit is not None and workspace.workspace_edit.document_changes:
            document = types.OptionalVersionedTextDocumentIdentifier(uri, version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, edits)])
        return types.WorkspaceEdit(changes={uri: edits})


def _first_line(text: Text, place: Place) -> types.Range:
    """A range, ended where its first line does: an underlined class says no more than its underlined header."""
    end = place.end if place.end.row == place.start.row else Position(place.start.row, len(text.lines[place.start.row - 1]) + 1)
    return text.range(place.start, end)


def _path(uri: str) -> Path | None:
    """The file of a document; None for what is not one (an editor's own pages, a cell of a notebook)."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(path) if path is not None else None


def with_folders(terms: Terms, server: LanguageServer) -> Terms:
    """The terms with the folders that are open now."""
    workspace = server.workspace
    uris = [*workspace.folders, *([workspace.root_uri] if workspace.root_uri else [])]
    return replace(terms, folders=tuple(dict.fromkeys(path for uri in uris if (path := _path(uri)) is not None)))
