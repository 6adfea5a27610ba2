"""How long an editor waits: a change in a file of about 1,000 lines, answered by the language server.

A client types into a warm server over stdin and stdout, and waits for the findings of that version. The same text is parsed with LibCST
alone in the same run. The file is put together from `fixtures/`: eight networks of eight kinds with their training code and with what is
wrong in them, and two of them again as they should be.

    python benchmarks/server.py [--changes 15] [--profile]
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import cProfile
import os
import pstats
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import libcst as cst
from lsprotocol import types
from pygls.lsp.client import LanguageClient
from report import provenance, table

GOAL = 0.3
"""Seconds within which a change is to be answered."""
PATIENCE = 60.0
_FORWARD = "    def forward(self, x"

FIXTURES = Path(__file__).parent.parent / "fixtures"
PARTS = ("script", "vgg", "cnn", "gan", "recurrent_classifier", "residual", "transformer", "wide_mlp")
AGAIN = ("cnn", "transformer")
WIDTH = 64


# -- the file ----------------------------------------------------------------------------------------------------------


def source(width: int = WIDTH) -> str:
    """The file, with this width of the generator's input."""
    return _joined().replace(f"LATENT = {WIDTH}\n", f"LATENT = {width}\n", 1)


@cache
def _joined() -> str:
    folders = [*(FIXTURES / part / "flawed" for part in PARTS), *(FIXTURES / part / "clean" for part in AGAIN)]
    taken: set[str] = set()
    imports: dict[str, None] = {}
    bodies = []
    for folder in folders:
        paths = sorted(folder.glob("*.py"), key=lambda path: path.name.startswith("train"))
        neighbours = {path.stem for path in paths}
        text = "\n\n".join("\n".join(_without_imports(path.read_text(encoding="utf-8"), neighbours, imports)) for path in paths)
        bodies.append(_renamed(text, f"_{folder.parent.name}_{folder.name}", taken))
    return "\n".join([*imports, "", *bodies]) + "\n"


def _without_imports(text: str, neighbours: set[str], imports: dict[str, None]) -> Iterator[str]:
    """The lines of a file less its imports, which are collected; those of its neighbours are not needed in one file."""
    lines = text.split("\n")
    dropped: set[int] = set()
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            rows = range(node.lineno - 1, node.end_lineno or node.lineno)
            dropped.update(rows)
            if not isinstance(node, ast.ImportFrom) or node.module not in neighbours:
                imports["\n".join(lines[row] for row in rows)] = None
    return (line for row, line in enumerate(lines) if row not in dropped)


def _renamed(text: str, suffix: str, taken: set[str]) -> str:
    """The text with other names where an earlier part has them at its top level."""
    names = {node.name for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names |= {
        target.id
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for name in sorted(names & taken):
        text = re.sub(rf"(?<![.\w]){name}\b", f"{name}{suffix}", text)
    taken |= names
    return text


# -- the measurement ---------------------------------------------------------------------------------------------------


class Typist:
    """A client that changes one file and waits for what is said of it."""

    def __init__(self, client: LanguageClient, uri: str) -> None:
        self.client, self.uri, self.version = client, uri, 0
        self.answers: dict[int, asyncio.Future[int]] = {}

    def heard(self, params: types.PublishDiagnosticsParams) -> None:
        waiting = self.answers.get(params.version or 0)
        if waiting is not None and not waiting.done():
            waiting.set_result(len(params.diagnostics))

    async def open(self, text: str) -> float:
        return await self._said(
            lambda: self.client.text_document_did_open(
                types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri, "python", self.version, text))
            )
        )

    async def type(self, text: str) -> float:
        return await self._said(
            lambda: self.client.text_document_did_change(
                types.DidChangeTextDocumentParams(
                    types.VersionedTextDocumentIdentifier(self.version, self.uri), [types.TextDocumentContentChangeWholeDocument(text)]
                )
            )
        )

    async def _said(self, say: Callable[[], None]) -> float:
        """Seconds from a message to the findings that answer it."""
        self.version += 1
        self.answers[self.version] = asyncio.get_running_loop().create_future()
        start = time.perf_counter()
        say()
        self.findings = await asyncio.wait_for(self.answers[self.version], PATIENCE)
        return time.perf_counter() - start


async def measure(folder: Path, changes: int) -> tuple[dict[str, list[float]], int]:
    """Seconds for each kind of change, and the findings in the file."""
    client = LanguageClient("netlint-benchmark", "1")
    typist = Typist(client, (folder / "experiments.py").as_uri())

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
    def published(params: types.PublishDiagnosticsParams) -> None:
        typist.heard(params)

    await client.start_io(sys.executable, "-m", "netlint", "server", "--isolated")
    await client.initialize_async(types.InitializeParams(types.ClientCapabilities(), root_uri=folder.as_uri()))
    client.initialized(types.InitializedParams())
    text = source()
    seconds: dict[str, list[float]] = {"opened, cold": [await typist.open(text)], "a bare LibCST parse": []}
    findings = typist.findings
    await typist.type(text + "\n")
    for number in range(changes):
        wider = source(WIDTH + number + 1)
        noted = f"# note {number}\n{wider}"
        versions = {
            "a width, which networks are built from": wider,
            "a new line at the top": noted,
            "a statement that is not complete": noted.replace(
                "    def forward(self, x", f"    y = log({number},\n    def forward(self, x", 1
            ),
        }
        for kind, changed in versions.items():
            seconds.setdefault(kind, []).append(await typist.type(changed))
        start = time.perf_counter()
        cst.parse_module(source(WIDTH + number + 1))
        seconds["a bare LibCST parse"].append(time.perf_counter() - start)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]
    return seconds, findings


def render(seconds: dict[str, list[float]], findings: int) -> str:
    parse = statistics.median(seconds["a bare LibCST parse"])
    rows = [
        (kind, len(times), f"{statistics.median(times) * 1000:.0f}", f"{max(times) * 1000:.0f}", f"{statistics.median(times) / parse:.1f}")
        for kind, times in seconds.items()
    ]
    text = source()
    lines = (
        "# The language server's answer to a change",
        provenance("python benchmarks/server.py", (f"pygls {version('pygls')}", f"LibCST {version('libcst')}", _python())),
        f"A file of {len(text.splitlines()):,} lines with {findings} findings. Milliseconds from a change to its findings, over stdin and "
        "stdout, with the 20 ms in which a further change is waited for; the goal is "
        f"{GOAL * 1000:.0f} ms. The load of the machine was {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.",
        table(("change", "times", "median, ms", "longest, ms", "times a bare parse"), rows, right=(1, 2, 3, 4)),
    )
    return "\n\n".join(lines) + "\n"


def _python() -> str:
    return f"Python {sys.version.split()[0]}"


def profile() -> None:
    """Where the time of one warm check goes, by function."""
    from netlint.editor.desk import Desk
    from netlint.editor.messages import Terms

    with tempfile.TemporaryDirectory() as folder:
        desk, path = Desk(Terms(isolated=True)), Path(folder) / "experiments.py"
        for number in range(3):
            desk.check(path, source(WIDTH + number), number)
        profiler = cProfile.Profile()
        profiler.runcall(desk.check, path, source(WIDTH + 5), 5)
        pstats.Stats(profiler).sort_stats("cumulative").print_stats("netlint", 40)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=15)
    parser.add_argument("--profile", action="store_true", help="print where the time of one check goes, and measure nothing else")
    options = parser.parse_args()
    if options.profile:
        profile()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        seconds, findings = asyncio.run(measure(Path(folder), options.changes))
    print(render(seconds, findings))
    slowest = max(statistics.median(times) for kind, times in seconds.items() if kind.startswith("a ") and "parse" not in kind)
    return 0 if slowest <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
