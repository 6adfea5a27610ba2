"""Conversations with the language server: messages of the protocol with odd values, in odd orders, and with broken frames.

The server works in this process, on bytes as they would come from stdin. What it asks of its worker is answered here by the same desk.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from pygls.io_ import run_async

from fuzzing import mutation
from fuzzing.targets import MODEL, Target, program
from netlint.editor.desk import Desk
from netlint.editor.messages import Terms
from netlint.editor.process import Worker
from netlint.editor.server import made

PLACE: dict[str, Any] = {"line": 9, "character": 12}
URI = "file:///nowhere/model.py"
URIS = (URI, URI, URI, "file:///nowhere/book.ipynb", "untitled:Untitled-1", "file:///", "", "http://x/y.py", "file:///nowhere/netlint.toml")
_OURS = "/netlint/"


class Inside(Worker):
    """A worker that is no process of its own."""

    async def _exchange(self, name: str, arguments: tuple[object, ...]) -> Any:
        if not hasattr(self, "desk"):
            self.desk = Desk(self.terms)
        return getattr(self.desk, name)(*arguments) if name != "open" else None


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all: a loop makes a pair of sockets, which nothing else here may."""
    return asyncio.new_event_loop()


@dataclass(frozen=True)
class ServerTarget(Target):
    """The server, from its first message to the end of its input."""

    def prepare(self, folder: Path) -> None:
        logging.getLogger("pygls").setLevel(logging.CRITICAL)
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        _loop()

    def run(self, data: bytes, folder: Path) -> str:
        return _loop().run_until_complete(_served(data))


async def _served(data: bytes) -> str:
    """What goes wrong inside netlint; what pygls refuses by itself is not that."""
    server = made(Terms(isolated=True), Inside)
    wrong: list[str] = []

    def report(error: Exception, source: Any) -> None:
        told = f"{error}\n{getattr(error, 'data', None) or ''}"
        if _OURS in told and hasattr(server.protocol, "client_capabilities"):  # pygls lets messages through before the first
            wrong.append(told)

    server.report_server_error = report  # type: ignore[method-assign]
    reader, answers = asyncio.StreamReader(), io.BytesIO()
    reader.feed_data(data)
    reader.feed_eof()
    server.protocol.set_writer(_Writer(answers))  # type: ignore[no-untyped-call,unused-ignore]
    try:
        await run_async(threading.Event(), reader, server.protocol, error_handler=report)
    except (asyncio.IncompleteReadError, ValueError):  # the input ends within a message, or has a line without an end
        pass
    except SystemExit:  # the message `exit`
        pass
    await _settled()
    return "\n".join(wrong) or _defect(answers.getvalue())


class _Writer:
    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def close(self) -> None:
        pass


def _defect(answers: bytes) -> str:
    for line in answers.decode("utf-8", "replace").splitlines():
        if "defect of netlint" in line:
            return line
    return ""


async def _settled() -> None:
    """Lets go what is under way; an unfinished request for the client's answer never gets one."""
    for _ in range(100):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            return
        done, _pending = await asyncio.wait(others, timeout=0.03)
        if not done:
            break
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


# -- what is said ----------------------------------------------------------------------------------------------------------------


def conversation(random: Random) -> bytes:
    """A session: mostly opened as it should be, then anything."""
    messages = [_request(0, "initialize", {"processId": None, "rootUri": None, "capabilities": _capabilities(random)})]
    messages.append({"jsonrpc": "2.0", "method": "initialized", "params": {}})
    text = program(random) if random.random() < 0.5 else MODEL
    messages.append(_opened(URI, text))
    messages += [_message(random, number + 1, text) for number in range(random.choice((1, 2, 4, 8)))]
    if random.random() < 0.3:
        random.shuffle(messages)
    changed = [mutation.value_changed(random, one) if random.random() < 0.3 else one for one in messages]
    data = b"".join(_framed(random, one) for one in changed)
    return mutation.bytes_changed(random, data) if random.random() < 0.15 else data


def _capabilities(random: Random) -> dict[str, Any]:
    encodings = random.choice((None, ["utf-8"], ["utf-32", "utf-16"], ["x"], []))
    return {"general": {"positionEncodings": encodings}, "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}


def _request(number: int, method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _opened(uri: str, text: str) -> dict[str, Any]:
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    return {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}}


def _message(random: Random, number: int, text: str) -> dict[str, Any]:
    uri, place = random.choice(URIS), random.choice((PLACE, {"line": 0, "character": 0}, {"line": 10**6, "character": 10**6}))
    document, where = {"uri": uri}, {"start": place, "end": random.choice((place, PLACE))}
    changes: Sequence[Any] = random.choice(([{"text": program(random)}], [{"text": ""}], [], [{"range": where, "text": "x("}]))
    shown = {"range": where, "message": "x", "code": "NL501", "source": "netlint", "data": random.choice((None, {}, {"fingerprint": "x"}))}
    asked = {"textDocument": document, "range": where, "context": {"diagnostics": [shown]}}
    told = {
        "textDocument/didChange": {"textDocument": {"uri": uri, "version": random.choice((2, 3, 0, -1))}, "contentChanges": changes},
        "textDocument/didSave": {"textDocument": document},
        "textDocument/didClose": {"textDocument": document},
        "workspace/didChangeWatchedFiles": {"changes": [{"uri": uri, "type": 2}]},
        "workspace/didChangeWorkspaceFolders": {"event": {"added": [{"uri": uri, "name": "x"}], "removed": []}},
        "$/cancelRequest": {"id": random.randrange(9)},
    }
    questions: dict[str, Any] = {
        "textDocument/hover": {"textDocument": document, "position": place},
        "textDocument/documentSymbol": {"textDocument": document},
        "textDocument/codeAction": asked,
        "codeAction/resolve": {"title": "x", "data": random.choice((None, {}, {"uri": uri}, [], "x"))},
        "shutdown": None,
        "no/such": {},
    }
    if random.random() < 0.1:
        return _opened(uri, text)
    method = random.choice((*told, *questions))
    if method in told:
        return {"jsonrpc": "2.0", "method": method, "params": told[method]}
    return _request(number, method, questions[method])


def _framed(random: Random, message: Any) -> bytes:
    body = json.dumps(message).encode("utf-8", "surrogatepass")
    length = len(body) + (random.choice((-1, 1, 10**6, -len(body))) if random.random() < 0.02 else 0)
    return b"Content-Length: %d\r\n\r\n%b" % (length, body)
