"""The order of the protocol's messages, sent as bytes: a client's library would not send a wrong one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the language server needs the extra lsp")

NET = "from torch import nn\n\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"


def conversation(*messages: dict[str, Any]) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code of a server that is told these messages, its answers, and its log."""
    bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
    said = b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
    done = subprocess.run([sys.executable, "-m", "netlint", "server"], input=said, capture_output=True, check=False, timeout=60)
    answers = re.findall(rb"Content-Length: \d+\r\n[^{]*(\{.*?\})(?=Content-Length|\Z)", done.stdout, re.DOTALL)
    return done.returncode, [json.loads(answer) for answer in answers], done.stderr.decode()


def test_nothing_counts_before_the_first_request(tmp_path: Path) -> None:
    document = {"uri": (tmp_path / "net.py").as_uri(), "languageId": "python", "version": 1, "text": NET}
    place = {"textDocument": {"uri": document["uri"]}, "position": {"line": 0, "character": 0}}
    code, answers, log = conversation(
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
        {"method": "$/cancelRequest", "params": {"id": 1}},
        {"method": "textDocument/hover", "id": 1, "params": place},
        {"method": "shutdown", "id": 2},
        {"method": "initialize", "id": 3, "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/hover", "id": 4, "params": place},
        {"method": "shutdown", "id": 5},
        {"method": "exit"},
    )
    refused = {answer["id"]: answer["error"]["code"] for answer in answers if "error" in answer}
    assert refused == {1: -32002, 2: -32002}  # the protocol's ServerNotInitialized
    assert {answer["id"] for answer in answers if "id" in answer} == {1, 2, 3, 4, 5}
    assert (code, log) == (0, "")


def test_a_server_that_was_never_asked_ends() -> None:
    assert conversation({"method": "exit"}) == (1, [], "")
