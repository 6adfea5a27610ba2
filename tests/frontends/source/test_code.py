"""Files that are parsed function by function are the same code as files that are parsed whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest

import netlint
from netlint.frontends.source import Project, read
from netlint.frontends.source.code import Slice, SourceFile, names_in

PROGRAM = '''
import torch
from torch import nn


class Outer(nn.Module):
    """Its text."""

    class Inner:
        async def wait(self, x):
            # a comment before the first statement
            async with x as y:
                await y
            yield y
            return

    if torch.cuda.is_available():
        def place(self, *, device: "torch.device" = None) -> int:
            match device:
                case {"a": first, **others}:
                    return first
                case torch.Size(n=[1, *more]) | None:
                    pass
            return 1
    else:
        @torch.no_grad()
        def place(
            self,
            a=lambda b: b + 1,
        ):
            \'\'\'A text
        of some lines
\'\'\'
            import os.path as path, sys
            from .x.y import z as w
            nonsense = f"{self.p!r:>{w}}" + path
            return True

    def short(self): return self


def tabbed(self):
\tglobal counter
\tcounter = 1
\ttry:
\t\tpass
\texcept ValueError as error:
\t\traise


def alone(first, *rest, **options):
    if (found := first):
        @options
        def inner(): ...
        class Local(Outer): pass
    del rest[0]
    return [found for found in rest]
'''


def functions(node: cst.CSTNode) -> Iterator[cst.FunctionDef]:
    if isinstance(node, cst.FunctionDef):
        yield node
    else:
        for child in node.children:
            yield from functions(child)


def pairs(text: str) -> list[tuple[Slice, cst.FunctionDef, Slice, cst.FunctionDef]]:
    """Each function of a file that is parsed whole, and of the same one that is parsed function by function."""
    whole, later = SourceFile(text, "a.py"), SourceFile(text, "a.py", parses_when_called=True)
    return [
        (a, one, b, other)
        for a, b in zip(whole.slices, later.slices, strict=True)
        for one, other in zip(functions(a.tree), functions(b.tree), strict=True)
    ]


@pytest.mark.parametrize(
    "text", [PROGRAM, *(path.read_text() for path in sorted(Path(netlint.__file__).parent.glob("frontends/source/p*.py")))]
)
def test_bodies_that_are_parsed_later_have_the_same_names_and_places(text: str) -> None:
    left = 0
    for whole, one, part, other in pairs(text):
        body = part.body_of(other)
        assert one.name.value == other.name.value
        assert whole.positions[one.name] == part.positions[other.name]
        if body is None:
            assert one.deep_equals(other)
            continue
        left += 1
        assert body.names == names_in(one.body)
        for statement, parsed in zip(one.body.body, body.suite.body, strict=True):
            assert whole.positions[statement] == body.positions[parsed]
            assert [type(node) for node in statement.children] == [type(node) for node in parsed.children]
    assert left > 2


def test_what_is_not_called_is_not_parsed() -> None:
    file = SourceFile(PROGRAM, "a.py", parses_when_called=True)
    assert all(piece.tree for piece in file.slices)
    before = sum(piece.parsed_lines for piece in file.slices)
    alone = file.slices[-1]
    body = alone.body_of(next(functions(alone.tree)))
    assert body is not None and body.suite.body
    assert sum(piece.parsed_lines for piece in file.slices) == before + 1 + body.last - body.first + 1


NETWORK = """
from torch import nn
from blocks import Block

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(3)
    def forward(self, x):
        return self.block(x)
"""
BLOCK = """
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, 8, 3),
            nn.ReLU(),
        )

    def forward(self, x):
        for turn in range(2):
            x = self.layers(
                x
            )
        return x
"""


def test_places_in_an_imported_file_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "blocks.py").write_text(BLOCK)
    (tmp_path / "net.py").write_text(NETWORK)
    [graph] = read(NETWORK, str(tmp_path / "net.py"), project=Project(tmp_path)).graphs
    places = {type(o).__name__: o.site.location() for o in graph.operators if o.site is not None}
    assert (places["Conv"].row, places["Conv"].column) == (8, 13)
    made = {layer.path: layer.site.location().row for layer in graph.layers if layer.site is not None}
    assert made["block.layers.0"] == 8


def test_a_body_that_cannot_be_parsed_makes_its_call_unknown(tmp_path: Path) -> None:
    nested = "        y = " + "-" * 300 + "1"
    (tmp_path / "blocks.py").write_text(BLOCK.replace("        for turn", f"        z = 1\n{nested}\n        for turn"))
    (tmp_path / "net.py").write_text(NETWORK)
    [graph] = read(NETWORK, str(tmp_path / "net.py"), project=Project(tmp_path)).graphs
    assert any("nested too deeply" in reason for reason in map(str, graph.blind))
