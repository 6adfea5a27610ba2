"""The worker as the server sees it: asked without waiting, and started again when it is lost or does not come to an end."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable
from typing import Any

from netlint.editor.messages import Terms
from netlint.editor.worker import HEADER, packed

PATIENCE = 5.0
"""Seconds that an answer which nobody waits for any more may still take, before its process is ended."""
_START = "import sys; sys.path[:] = {path!r}; from netlint.editor.worker import main; main()"
"""With the server's own path: not the working folder, in which a file of the user's may be called like a module."""


class Failed(Exception):
    """The worker met a defect; the text is its traceback."""


class Lost(Exception):
    """The worker's process ended without an answer."""


class Worker:
    """One process. `on_restart` is called when it was lost and what it knew has to be told again."""

    def __init__(self, terms: Terms, on_restart: Callable[[], None]) -> None:
        self.terms = terms
        self._on_restart = on_restart
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._lost = False
        self._ended = False

    async def ask(self, name: str, *arguments: object) -> Any:
        """An answer of the desk. Raises Failed or Lost. When this is cancelled, the answer is not waited for: it comes soon, or its
        process is ended."""
        exchange = asyncio.ensure_future(self._exchange(name, arguments))
        try:
            return await asyncio.shield(exchange)
        except asyncio.CancelledError:
            exchange.add_done_callback(_heard)
            if not exchange.done():
                asyncio.get_running_loop().call_later(PATIENCE, self._give_up, exchange)
            raise

    def _give_up(self, exchange: asyncio.Future[Any]) -> None:
        if not exchange.done() and self._process is not None:
            self.kill()

    async def _exchange(self, name: str, arguments: tuple[object, ...]) -> Any:
        async with self._turn:
            if self._ended:
                raise Lost("the server is shutting down")
            if self._process is None:
                self._process = await self._started()
                await self._round(self._process, "open", (self.terms,))
                if self._lost:
                    self._lost = False
                    self._on_restart()
            return await self._round(self._process, name, arguments)

    async def _started(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        code = _START.format(path=sys.path)
        return await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=pipe, stdout=pipe)

    async def _round(self, process: asyncio.subprocess.Process, name: str, arguments: tuple[object, ...]) -> Any:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(packed((name, arguments)))
            await process.stdin.drain()
            (length,) = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
            fine, answer = pickle.loads(await process.stdout.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self._process, self._lost = None, True
            raise Lost(f"the process that checks ended ({await process.wait()})") from error
        if not fine:
            raise Failed(answer)
        return answer

    def kill(self) -> None:
        """Ends the process, whatever it is doing."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def end(self) -> None:
        """Ends the process, whatever it is doing, for good."""
        self._ended = True
        if self._process is not None:
            process = self._process
            self.kill()
            await process.wait()


def _heard(exchange: asyncio.Future[Any]) -> None:
    """An answer that comes too late, or an error that concerns nobody any more."""
    if not exchange.cancelled():
        exchange.exception()
