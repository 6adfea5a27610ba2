"""Changes of texts and values at random: what a reader of files has to bear. All of it follows from the `Random` that is given."""

from __future__ import annotations

import ast
import copy
import io
import tokenize
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

ODD_NUMBERS = ("0", "-1", "1e308", "10**9", "2**63", "999999999999999999999", "1j", "0x7fffffff", "-0.0", "float('nan')", "10**10**10")
ODD_TEXTS = ("", "\0", "\ud7ff", "ß", "𝒙", "\ufeff", "\u2028", "\x0c", "\r", "a" * 3000, "'" * 3, "\\", "{x}", "%s", "../../etc/passwd")
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    1.5,
    float("1e308"),
    "",
    "x",
    "NL501",
    "\ud7ff\0",
    [],
    {},
    [[]],
    ["x"],
    {"x": 1},
)
FRAGMENTS = (
    "for i in range(10**12): self.layers.append(nn.Linear(i, i))",
    "x = [x] * 10**9",
    "while True: pass",
    "def f(x): return f(f(x))",
    "x = 'a' * 10**10",
    "class A(A): pass",
    "__import__('os').system('true')",
    "exec(open(__file__).read())",
    "eval('1' + '+1' * 999)",
    "self.x = self",
    "from . import *",
    "from .... import nothing",
    "import torch.nn as torch",
    "x = lambda: (yield)",
    "match x:\n case _: pass",
    "del nn",
    "global x",
    "nn.Sequential(*[nn.ReLU()] * 10**7)",
    "{**x, **{}}",
    "x: int = (y := 3)",
    "super().__init__(*args, **kwargs)",
    "@property\ndef forward(self): return self.forward",
    "async def forward(self, x): await x",
    "print(f'{x!r:>{y}}')",
    "(x, *y), z = z, (y, x)",
    "nn.Linear = type('L', (nn.Linear,), {})",
    "x = x @ x ** -1 // 0 << 10**6",
    "torch.zeros(2**40, 2**40)",
    "x.view(-1, -1).reshape(0).permute(9, 9)",
)


def bytes_changed(random: Random, data: bytes) -> bytes:
    """Bytes with a few of them changed, removed, repeated or cut off."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        at, length = random.randrange(len(changed) + 1), random.choice((1, 1, 2, 4, 30))
        what = random.randrange(5)
        if what == 0:
            changed[at : at + length] = random.randbytes(length)
        elif what == 1:
            del changed[at : at + length]
        elif what == 2:
            changed[at:at] = changed[at : at + 8 * length] * random.choice((1, 2, 50))
        elif what == 3 and at < len(changed):
            changed[at] ^= 1 << random.randrange(8)
        else:
            del changed[at:]
    return bytes(changed)


def lines_changed(random: Random, text: str, others: Sequence[str]) -> str:
    """Lines moved, repeated, removed, indented, or put in from elsewhere."""
    lines = text.split("\n")
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(lines))
        what = random.randrange(6)
        if what == 0:
            del lines[at]
            lines = lines or [""]
        elif what == 1:
            lines.insert(at, random.choice(lines))
        elif what == 2:
            other = random.choice(others).split("\n")
            start = random.randrange(len(other))
            lines[at:at] = other[start : start + random.randrange(1, 20)]
        elif what == 3:
            lines[at] = "    " * random.randrange(4) + lines[at].lstrip()
        elif what == 4:
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines.insert(at, "\n".join(indent + line for line in random.choice(FRAGMENTS).split("\n")))
        else:
            other_at = random.randrange(len(lines))
            lines[at], lines[other_at] = lines[other_at], lines[at]
    return "\n".join(lines)


def tokens_changed(random: Random, text: str) -> str:
    """Python's tokens exchanged with others of the same text, or with odd ones; the text as it is if it has none."""
    try:
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.string.strip()]
    except (tokenize.TokenError, SyntaxError):
        return text
    if not tokens:
        return text
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    chosen = {(token.start, token.end): token for token in random.choices(tokens, k=random.choice((1, 1, 2, 4)))}
    for (start, end), token in sorted(chosen.items(), reverse=True):
        alike = [other.string for other in tokens if other.type == token.type]
        new = random.choice(alike) if random.random() < 0.7 else random.choice((*ODD_NUMBERS, "None", "()", "self", "*", "x", ""))
        text = text[: starts[start[0] - 1] + start[1]] + new + text[starts[end[0] - 1] + end[1] :]
    return text


def tree_changed(random: Random, text: str, others: Sequence[str]) -> str:
    """Expressions and statements exchanged with those of another program; it can still be parsed, mostly. The text if it cannot."""
    try:
        tree, other = ast.parse(text), ast.parse(random.choice(others))
    except (SyntaxError, ValueError, RecursionError):
        return text
    donors = list(ast.walk(other)) + list(ast.walk(tree))
    for _ in range(random.choice((1, 1, 2, 3))):
        parent = random.choice([node for node in ast.walk(tree) if any(True for _ in ast.iter_child_nodes(node))])
        name, value = random.choice(
            [(name, value) for name, value in ast.iter_fields(parent) if isinstance(value, (ast.AST, list)) and value]
        )
        kind = ast.stmt if _holds(value, ast.stmt) else ast.expr if _holds(value, ast.expr) else None
        candidates = [donor for donor in donors if kind is not None and isinstance(donor, kind)]
        if not candidates:
            continue
        new = copy.deepcopy(random.choice(candidates))
        if isinstance(value, list):
            at = random.randrange(len(value))
            value[at : at + random.randrange(2)] = [new]
        else:
            setattr(parent, name, new)
    try:
        return ast.unparse(tree)
    except (ValueError, RecursionError, AttributeError, TypeError):
        return text


def _holds(value: object, kind: type[ast.AST]) -> bool:
    return isinstance(value[0] if isinstance(value, list) else value, kind)


def nested(random: Random) -> str:
    """A program that is one deep nest."""
    depth = random.choice((50, 90, 150, 400, 1500, 6000))
    call = "nn.Sequential(" * depth + "nn.ReLU()" + ")" * depth
    chain = "x" + ".relu()" * depth
    blocks = "\n".join("    " * level + f"if x{level}:" for level in range(min(depth, 95)))
    body: str = random.choice(
        (
            f"net = {call}",
            f"def forward(x):\n    return {chain}",
            "net = " + "[" * depth + "]" * depth,
            "net = " + "-" * depth + "1",
            "net = " + " + ".join(["1"] * depth),
            "net = " + "(" * depth,
            f"net = {'lambda: ' * depth}1",
            f"{blocks}\n{'    ' * min(depth, 95)}pass",
            "\n".join(f"class A{level}(A{level - 1}): pass" for level in range(1, depth)),
            "\n".join(f"def f{level}(x): return f{level + 1}(f{level + 1}(x))" for level in range(min(depth, 400))) + "\nnet = f0(1)",
            "x = " + "1 if x else " * depth + "2",
            "x = f'" + "{x}" * depth + "'",
            "x" + "[0]" * depth,
        )
    )
    return f"import torch\nfrom torch import nn\n{body}\nmodel = nn.Sequential(nn.Linear(1, 1), nn.ReLU())\n"


def value_changed(random: Random, value: Any, words: Sequence[Any] = ODD_VALUES) -> Any:
    """A value of JSON or TOML with some of its parts changed, removed or put elsewhere."""
    value = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 2, 4))):
        places = list(_places(value))
        if not places:
            return random.choice(words)
        holder, key = random.choice(places)
        what = random.randrange(4)
        if what == 0:
            holder[key] = random.choice(words)
        elif what == 1:
            del holder[key]
        elif what == 2:
            other, other_key = random.choice(places)
            holder[key] = copy.deepcopy(other[other_key]) if _has(other, other_key) else None
        elif isinstance(holder, dict):
            holder[random.choice([word for word in (*words, "select", "cells") if isinstance(word, str)])] = copy.deepcopy(holder[key])
        else:
            holder.insert(key, random.choice(words))
        value = copy.deepcopy(value)  # an odd value that stands in two places is two values
    return value


def _places(value: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    keys: Sequence[Any] = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    found = [(value, key) for key in keys]
    for key in keys if depth < 20 else ():
        found += _places(value[key], depth + 1)
    return found


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def written(random: Random, text: str) -> bytes:
    """A text as bytes: mostly UTF-8, with the line ends, marks and encodings that editors write."""
    how: Callable[[], bytes] = random.choice(
        (
            lambda: text.encode("utf-8", "surrogatepass"),
            lambda: text.encode("utf-8", "surrogatepass"),
            lambda: text.encode("utf-8", "surrogatepass"),
            lambda: text.replace("\n", "\r\n").encode("utf-8", "surrogatepass"),
            lambda: text.replace("\n", "\r").encode("utf-8", "surrogatepass"),
            lambda: text.encode("utf-8-sig", "replace"),
            lambda: b"# -*- coding: latin-1 -*-\n" + text.encode("latin-1", "replace"),
            lambda: b"# -*- coding: cp1252 -*-\r\n" + text.encode("cp1252", "replace"),
            lambda: text.rstrip("\n").encode("utf-8", "surrogatepass"),
        )
    )
    return how()
