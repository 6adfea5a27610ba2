"""The kinds of input that are fuzzed. An input is bytes; what netlint does with them is a whole command, as a user would give it."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from fuzzing import mutation

REPOSITORY = Path(__file__).parents[2]
MOST = 8_000
"""Bytes of a program that is taken as a seed: many small inputs find more than few large ones."""
CHECK = ("check", "--no-cache", "--jobs", "1")
DEFECT = re.compile(r"[^\n]*(?:defect of netlint|internal error|Traceback)[^\n]*")
MODEL = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.5),
        )
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.features(x)
        return torch.softmax(self.head(x.mean([2, 3])), 1)

loss = nn.CrossEntropyLoss()(Net()(torch.zeros(4, 3, 32, 32)), torch.zeros(4))
"""

Make = Callable[[Random], bytes]


@dataclass(frozen=True)
class Target:
    """One kind of input. `share` is its part of all inputs; `make` an input; `filename` where it is put, beside the files `beside`; and
    `arguments` the command. `judge` says what is wrong with the folder afterwards."""

    name: str
    share: float
    make: Make
    filename: str
    arguments: tuple[str, ...] = (*CHECK, "--isolated", "--output-format", "json")
    beside: Mapping[str, bytes] = field(default_factory=dict)
    judge: Callable[[bytes, Path], str] = lambda data, path: ""

    def prepare(self, folder: Path) -> None:
        """Makes the folder in which `run` works."""
        for name, content in self.beside.items():
            (folder / name).write_bytes(content)

    def run(self, data: bytes, folder: Path) -> str:
        """Gives netlint an input; what is wrong with what it did, "" for nothing. Raises what netlint raises."""
        path = folder / self.filename
        path.write_bytes(data)
        code, told = command(self.arguments if self.filename in self.beside or not self._is_named() else (*self.arguments, self.filename))
        if defect := DEFECT.search(told):
            return defect[0]
        return self.judge(data, path) if code in (0, 1, 2) else f"exit code {code}"

    def _is_named(self) -> bool:
        return self.filename.endswith((".py", ".ipynb", ".onnx"))


def command(arguments: Sequence[str]) -> tuple[int, str]:
    """The exit code of a command line, and all that it prints; the environment lets exceptions through (see `NETLINT_DEBUG`)."""
    from netlint.cli import run

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = run(arguments)
    return code, said.getvalue()


# -- programs ----------------------------------------------------------------------------------------------------------------


@cache
def programs(folder: Path | None = None) -> tuple[str, ...]:
    """Programs to start from: the fixtures, the examples of all rules, and the small files that mention torch below `folder`."""
    from netlint.engine.registry import load
    from netlint.testing.rules import render_example

    found = [MODEL]
    found += [path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "fixtures").glob("*/*/*.py"))]
    found += [render_example(example) for entry in load().entries for example in (*entry.invalid, *entry.valid)]
    if folder is not None:
        paths = sorted(path for path in folder.rglob("*.py") if path.is_file() and path.stat().st_size < MOST)
        texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
        found += [text for text in texts if "torch" in text]
    return tuple(text for text in found if len(text) < MOST)


def seeds() -> tuple[str, ...]:
    given = os.environ.get("NETLINT_FUZZ_SEEDS")
    return programs(Path(given) if given else None)


def program(random: Random) -> str:
    """A program that was changed: by characters, lines, tokens or trees, or that is a deep nest."""
    known = seeds()
    text, kind = random.choice(known), random.random()
    if kind < 0.03:
        return mutation.nested(random)
    if kind < 0.35:
        return mutation.lines_changed(random, text, known)
    if kind < 0.6:
        return mutation.tokens_changed(random, text)
    if kind < 0.9:
        return mutation.tree_changed(random, text, known)
    return mutation.tokens_changed(random, mutation.tree_changed(random, text, known))


def source(random: Random) -> bytes:
    data = mutation.written(random, program(random))
    return mutation.bytes_changed(random, data) if random.random() < 0.1 else data


def still_a_program(data: bytes, path: Path) -> str:
    """A fix leaves a program where there was one."""
    after = path.read_bytes()
    if after == data:
        return ""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "a file that is no program was written"
    try:
        ast.parse(after)
    except (SyntaxError, ValueError) as error:
        return f"the fixed file is no program: {error}"
    return ""


# -- what stands around and in programs ------------------------------------------------------------------------------------------


WORDS = (
    "NL501",
    "NL999",
    "NL",
    "nl501",
    "activation-before-max-pool",
    "ALL",
    "",
    "NL501,NL401",
    "[",
    "]",
    " ",
    ":",
    "é",
    "\t",
    "-",
    "NL000",
    "NL001",
)


def suppression(random: Random) -> bytes:
    """A small program with comments for netlint that are right, nearly right, or nothing of the kind."""
    lines = MODEL.split("\n")
    for _ in range(random.choice((1, 1, 2, 5))):
        head = random.choice(
            (
                "# netlint: ignore",
                "# netlint: ignore-file",
                "# noqa",
                "#netlint:ignore",
                "# NETLINT: IGNORE",
                "# netlint:",
                "#: noqa:",
                "# type: ignore # noqa",
            )
        )
        codes = ",".join(random.choice(WORDS) for _ in range(random.randrange(4)))
        tail = random.choice(("", " because", "]", "[", " # noqa", "\\", "  ", " # netlint: ignore[NL501]", "\x0c", "\u2028", '"""'))
        comment = head + random.choice(("[{}]", ": {}", "[{}", "{}", "[[{}]]", " [{}]")).format(codes) + tail
        at = random.randrange(len(lines))
        if random.random() < 0.7:
            lines[at] += random.choice(("  ", "", " \\\n", "; ")) + comment
        else:
            lines.insert(at, random.choice(("", "    ", "\t")) + comment)
    return mutation.written(random, "\n".join(lines))


SETTINGS: Mapping[str, Any] = {
    "select": ["NL5", "NL401"],
    "ignore": ["NL501"],
    "extend-select": ["ALL"],
    "fail-on": "warning",
    "exclude": ["build", "*.gen.py"],
    "per-file-ignores": {"tests/*": ["NL501"], "model.py": ["ALL"]},
    "ignore-modules": ["Net.features.*"],
    "output-format": "text",
    "baseline": "accepted.json",
    "training": {"batch-size": 4, "samples": 1000, "intent": "inference"},
    "rules": {"activation-before-max-pool": {}, "NL101": {"rows": 3}},
}


def toml(value: Any) -> str:
    """A value as TOML, in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return '"nil"' if value is None else json.dumps(value)


def settings(random: Random) -> bytes:
    changed = mutation.value_changed(random, dict(SETTINGS))
    names = list(changed) if isinstance(changed, dict) else []
    kept = {name: changed[name] for name in names if random.random() < 0.5}
    text = "".join(f"{json.dumps(str(name))} = {toml(value)}\n" for name, value in kept.items())
    data = text.encode("utf-8", "surrogatepass")
    return mutation.bytes_changed(random, data) if random.random() < 0.3 else data


def pyproject(random: Random) -> bytes:
    head = random.choice(
        (
            b"[tool.netlint]\n",
            b"[tool.netlint.rules]\n",
            b"tool = 3\n",
            b"[tool]\nnetlint = [1]\n",
            b"[[tool.netlint]]\n",
            b"[tool.netlint.x.y]\n",
        )
    )
    return head + settings(random)


def document(cells: Sequence[Any]) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {"kernelspec": {"language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}


def notebook(random: Random) -> bytes:
    text = MODEL if random.random() < 0.3 else program(random)
    lines = text.splitlines(keepends=True)
    cut = random.randrange(len(lines) + 1)
    odd = random.choice(
        (
            "%matplotlib inline\n",
            "!pip install x\n",
            "%%bash\nls\n",
            "?x\n",
            "x = !ls\n",
            "%%time\n",
            "get_ipython()\n",
            "%%\n",
            "\\\n",
            "'''",
        )
    )
    code = [[odd, *lines[:cut]], "".join(lines[cut:]), ["%%time\n", "x = 1"], "# text"]
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": str(at), "metadata": {}, "source": one, "outputs": [], "execution_count": None}
        for at, one in enumerate(code)
    ]
    cells[-1]["cell_type"] = "markdown"
    value = document(cells)
    if random.random() < 0.8:
        value = mutation.value_changed(random, value)
    data = json.dumps(value, indent=random.choice((None, 1, 4)), ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    return mutation.bytes_changed(random, data) if random.random() < 0.3 else data


@cache
def accepted() -> Any:
    entry = {"filename": "model.py", "code": "NL501", "symbol": "Net.features.2", "fingerprint": "0123456789abcdef"}
    return {"version": 1, "findings": [entry, {**entry, "filename": "gone.py"}, {**entry, "code": "NL401"}]}


def baseline(random: Random) -> bytes:
    data = json.dumps(mutation.value_changed(random, accepted())).encode("utf-8", "surrogatepass")
    return mutation.bytes_changed(random, data) if random.random() < 0.4 else data


# -- the cache -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CacheTarget(Target):
    """The file of a cache: broken, or with other values of the right types. Whatever stands in it, the run ends as any other, and the
    next one too. `make` gives a recipe: the seed of a change to the cache that this machine writes."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        command(("check", "--jobs", "1", "model.py"))

    def run(self, data: bytes, folder: Path) -> str:
        [path] = Path(os.environ["NETLINT_CACHE_DIR"]).glob("*.json")
        whole = _whole(path)
        random = Random(data)
        value = mutation.value_changed(random, json.loads(whole)) if random.random() < 0.6 else json.loads(whole)
        content = json.dumps(value).encode("utf-8", "surrogatepass")
        path.write_bytes(mutation.bytes_changed(random, content) if random.random() < 0.5 else content)
        for _ in range(2):
            code, told = command(("check", "--jobs", "1", "model.py"))
            if defect := DEFECT.search(told):
                return defect[0]
            if code not in (0, 1, 2):
                return f"exit code {code}"
        return ""


@cache
def _whole(path: Path) -> bytes:
    return path.read_bytes().partition(b"\n")[2]  # behind its digest


# -- all of them ----------------------------------------------------------------------------------------------------------------

_PLAIN = ("check", "--no-cache", "--jobs", "1", "model.py")
_BESIDE = {"model.py": MODEL.encode()}


def targets() -> dict[str, Target]:
    """Those whose packages are installed, by name."""
    found = [
        Target("source", 0.34, source, "model.py"),
        Target("fixes", 0.01, source, "model.py", (*CHECK, "--isolated", "--unsafe-fixes"), judge=still_a_program),
        Target("notebooks", 0.12, notebook, "book.ipynb"),
        Target("suppressions", 0.06, suppression, "model.py", (*CHECK, "--isolated")),
        Target("settings", 0.12, settings, "netlint.toml", _PLAIN, _BESIDE),
        Target("pyproject", 0.05, pyproject, "pyproject.toml", _PLAIN, _BESIDE),
        Target(
            "baseline",
            0.03,
            baseline,
            "netlint-baseline.json",
            _PLAIN,
            {**_BESIDE, "netlint.toml": b'baseline = "netlint-baseline.json"\n'},
        ),
        CacheTarget("cache", 0.03, lambda random: random.randbytes(8), "model.py", beside=_BESIDE),
    ]
    with contextlib.suppress(ImportError):
        from fuzzing import models

        found += [
            Target("onnx-bytes", 0.1, models.damaged, "model.onnx"),
            Target("onnx-graphs", 0.12, models.rearranged, "model.onnx"),
        ]
    with contextlib.suppress(ImportError):
        from fuzzing.server import ServerTarget, conversation

        found.append(ServerTarget("server", 0.02, conversation, "messages"))
    return {target.name: target for target in found}
