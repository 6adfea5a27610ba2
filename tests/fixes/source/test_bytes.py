"""What lies outside the edits stays as it is, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from netlint.engine.diagnostic import Edit, Fix, Position
from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect
from netlint.fixes import apply, diff
from netlint.frontends.errors import SourceError

CONTRACT = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)
HEAD, TAIL = "import torch\nfrom torch import nn\nnet = nn.Sequential(nn.Conv2d(3, 8, 3),\n", "  # größer\n)\nx = '''a\nb'''"
NET = f"{HEAD}\tnn.ReLU(),\n\tnn.MaxPool2d(2),{TAIL}"
AFTER = f"{HEAD}\tnn.MaxPool2d(2),\n\tnn.ReLU(),{TAIL}"
FORMS = {
    "unix": lambda text: text.encode(),
    "a last line end": lambda text: f"{text}\n".encode(),
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old mac": lambda text: text.replace("\n", "\r").encode(),
    "mixed": lambda text: text.replace("\n", "\r\n", 3).encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "byte order mark and windows": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "latin-1": lambda text: f"# -*- coding: latin-1 -*-\n{text}".encode("latin-1"),
    "cp1252, declared in the second line": lambda text: f"#!/usr/bin/python\n# coding: cp1252\n{text}".encode("cp1252"),
    "a form feed": lambda text: f"\f\n{text}".encode(),
    "wide characters before the edit in its line": lambda text: text.replace(
        "nn.Conv2d(3, 8, 3)", "nn.Conv2d(*(3, 8, len('𝛼é')))"
    ).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_line_ends_marks_and_encodings_stay(fixed: Any, form: str) -> None:
    written = FORMS[form]
    assert fixed.run(written(NET), "NL501").source == written(AFTER)


def test_what_is_inserted_has_the_line_ends_of_its_place(fixed: Any) -> None:
    before = "from torch import nn\nnet = nn.Sequential(\n    nn.Linear(64, 512),\n    nn.ELU(),\n    nn.Linear(512, 10),\n)\n"
    after = before.replace("nn.ELU(),\n", "nn.ELU(),\n    nn.Dropout(0.5),\n")
    assert fixed.run(before.replace("\n", "\r\n").encode(), "NL101").source == after.replace("\n", "\r\n").encode()


def edit(content: str, start: tuple[int, int], end: tuple[int, int]) -> Fix:
    return Fix("", "safe", CONTRACT, (Edit(content, Position(*start), Position(*end)),))


def test_fixes_that_do_not_overlap_are_made_in_one_pass_in_any_order() -> None:
    first, second = edit("A", (1, 1), (1, 2)), edit("C", (1, 3), (1, 4))
    assert apply(b"abc\n", [first, second]) == apply(b"abc\n", [second, first]) == b"AbC\n"


def test_of_fixes_that_overlap_the_first_in_the_text_is_made() -> None:
    first, second, third = edit("X", (1, 1), (1, 3)), edit("Y", (1, 2), (1, 4)), edit("Z", (1, 4), (1, 4))
    assert apply(b"abc\n", [second, first, third]) == b"XcZ\n"


def test_lines_inserted_at_one_place_are_all_made_but_not_other_text() -> None:
    lines = [edit("\nb", (1, 2), (1, 2)), edit("\nc", (1, 2), (1, 2))]
    assert apply(b"a\n", lines) == b"a\nb\nc\n"
    assert apply(b"a\n", [edit("(", (1, 1), (1, 1)), edit("[", (1, 1), (1, 1))]) == b"(a\n"


def test_an_edit_that_two_fixes_share_is_made_once() -> None:
    shared = Edit(", PReLU", Position(1, 2), Position(1, 2))
    fixes = [Fix(name, "safe", CONTRACT, (shared, Edit(name, Position(row, 1), Position(row, 1)))) for row, name in ((2, "x"), (3, "y"))]
    assert apply(b"a\nb\nc\n", fixes) == b"a, PReLU\nxb\nyc\n"


def test_an_edit_may_end_behind_the_last_line() -> None:
    assert apply(b"a\nb", [edit("", (2, 1), (3, 1))]) == b"a\n"


def test_a_fix_that_the_encoding_cannot_write_is_an_error() -> None:
    with pytest.raises(SourceError, match="iso-8859-1"):
        apply(b"# coding: latin-1\na\n", [edit("\N{GREEK SMALL LETTER ALPHA}", (2, 1), (2, 2))])


def test_a_diff_has_the_names_of_git() -> None:
    assert diff(b"a\nb\n", b"a\nc\n", "./src/model.py") == "--- a/src/model.py\n+++ b/src/model.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    assert diff(b"a", b"b", "m.py").endswith("-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n")
    assert diff(b"a", b"a", "m.py") == ""
