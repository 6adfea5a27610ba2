"""Fixes of notebooks: only the strings of the cells that change, everything else byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlint.cli import run
from netlint.engine.diagnostic import Edit, Position
from netlint.engine.notebook import Notebook
from netlint.engine.reading import read
from netlint.engine.targets import InputFile
from netlint.fixes.source.applying import diff
from netlint.fixes.source.code import Code
from netlint.fixes.source.names import Names
from netlint.fixes.source.notebooks import FOREIGN, SPANS_CELLS, NotebookDocument, objection
from netlint.frontends.errors import SourceError
from netlint.frontends.source.code import SourceFile

IMPORTS = "%matplotlib inline\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F"
NET = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)  # größer \N{GRINNING FACE}
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(F.relu(self.conv(x)))"""
OLD, NEW = "self.pool(F.relu(self.conv(x)))", "F.relu(self.pool(self.conv(x)))"
ONLY = ["check", "--select", "NL501,NL001"]


def code(source: object) -> dict[str, object]:
    output = {"name": "stdout", "output_type": "stream", "text": ["é\n", "nn.ReLU()"]}
    return {"cell_type": "code", "execution_count": 7, "id": "a1", "metadata": {}, "outputs": [output], "source": source}


def content(*cells: dict[str, object]) -> dict[str, object]:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    text = {"cell_type": "markdown", "id": "m1", "metadata": {}, "source": ["# A title, größer"]}
    return {"cells": [text, *cells], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def source_of(data: bytes) -> Any:
    return read(InputFile("n.ipynb", Path("n.ipynb").absolute(), Path.cwd(), text=data))


def cells_of(data: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(data.decode("utf-8-sig"))["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- the command line --------------------------------------------------------------------------------------------------------

WAYS: dict[str, Any] = {
    "jupyter": {"indent": 1, "ensure_ascii": False},
    "escaped": {"indent": 1},
    "compact": {"separators": (",", ":"), "sort_keys": True},
    "wide": {"indent": "\t", "separators": (" , ", " : ")},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("frame", ["{}\n", "{}", "\ufeff{}", "\r\n", " {}\n\n"])
def test_a_fix_changes_its_line_and_nothing_else(way: str, listed: bool, frame: str) -> None:
    text = json.dumps(content(*(code(lines(one) if listed else one) for one in (IMPORTS, NET))), **WAYS[way])
    before = text.replace("\n", "\r\n") if frame == "\r\n" else frame.format(text) if frame != "{}" else text
    Path("n.ipynb").write_bytes(before.encode())
    assert run([*ONLY, "--fix", "n.ipynb"]) == 0
    after = Path("n.ipynb").read_bytes()
    assert after == before.replace(OLD, NEW).encode()
    nbformat.validate(nbformat.reads(after.decode("utf-8-sig"), as_version=4))


def test_a_finding_a_fix_and_its_diff_name_the_cell(capsys: pytest.CaptureFixture[str]) -> None:
    Path("n.ipynb").write_text(before := json.dumps(content(code(lines(IMPORTS)), code(lines(NET)))))
    assert run([*ONLY, "--diff", "n.ipynb"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("--- a/n.ipynb:cell 2\n+++ b/n.ipynb:cell 2\n@@ -5,4 +5,4 @@\n")
    assert f"-        return {OLD}\n+        return {NEW}\n" in printed.out and "No newline" not in printed.out
    assert "would fix n.ipynb:cell 2:8:26 NL501" in printed.err
    assert Path("n.ipynb").read_text() == before
    assert run([*ONLY, "--output-format", "json", "n.ipynb"]) == 1
    [finding] = json.loads(capsys.readouterr().out)
    assert (finding["cell"], finding["location"]["row"], finding["end_location"]["row"]) == (2, 8, 8)
    assert {(edit["cell"], edit["location"]["row"]) for edit in finding["fix"]["edits"]} == {(2, 8)}
    assert [(place["cell"], place["location"]["row"]) for place in finding["related"]] == [(2, 8)]
    assert run([*ONLY, "n.ipynb"]) == 1
    assert "8 |   return self.pool" in capsys.readouterr().out


def test_verify_takes_notebooks(capsys: pytest.CaptureFixture[str]) -> None:
    Path("n.ipynb").write_text(json.dumps(content(code(lines(IMPORTS)), code(lines(NET)))))
    assert run(["verify", "--select", "NL501", "n.ipynb"]) == 0
    assert "n.ipynb:cell 2:8:26 NL501" in (printed := capsys.readouterr().out)
    assert "1 suggestion, 1 verified." in printed
    assert run(["verify", "--select", "NL501", "--output-format", "json", "n.ipynb"]) == 0
    [record] = json.loads(capsys.readouterr().out)
    assert record["fix"]["verified"]["holds"] and record["cell"] == record["fix"]["edits"][0]["cell"] == 2


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a = 1\n# netlint: ignore[NL501] old\nb = 2", "a = 1\nb = 2"),
        ("# netlint: ignore[NL501] old\nb = 2", "b = 2"),
        ("b = 2\n# netlint: ignore[NL501] old", "b = 2\n"),
        ("# netlint: ignore[NL501] old", ""),
        ("b = 2  # netlint: ignore[NL501] old\n", "b = 2\n"),
        ("b = 2\r\n# netlint: ignore[NL501] old\r\nc = 3\r\n", "b = 2\r\nc = 3\r\n"),
    ],
)
def test_a_comment_that_is_not_used_goes(cell: str, expected: str, listed: bool) -> None:
    others = (code(["x = 1"]), code(lines(cell) if listed else cell), code(["y = 1"]), code(lines(IMPORTS + "\n" + NET.replace(OLD, NEW))))
    Path("n.ipynb").write_text(json.dumps(content(*others), indent=1))
    assert run([*ONLY, "--fix", "n.ipynb"]) == 0
    found = cells_of(Path("n.ipynb").read_bytes())
    assert (found[0], found[1], found[2]) == ("x = 1", expected, "y = 1")
    nbformat.validate(nbformat.read("n.ipynb", as_version=4))


@pytest.mark.parametrize(("first", "expected"), [("!pip install x\nfrom torch.nn import Module", True), ("%load_ext x", False)])
def test_a_new_import_goes_behind_the_imports_and_never_before_a_magic(first: str, expected: bool) -> None:
    text = f"{first}\nnumber = 1\n"
    source = source_of(written(lines(text)))
    [change] = Names(Code(SourceFile(source.text, "n.ipynb"))).spell("torch.optim.AdamW")[1]
    assert objection(change, source) == ("" if expected else FOREIGN)
    if expected:
        assert cells_of(edited(written(lines(text)), change)) == [text.replace("Module", "Module\nfrom torch.optim import AdamW")]


@pytest.mark.parametrize("read_only", [True, False])
def test_a_notebook_that_cannot_be_written_is_left_with_a_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    path = Path("n.ipynb")
    path.write_text(before := json.dumps(content(code(lines(IMPORTS)), code(lines(NET)))))
    if read_only:
        path.chmod(0o444)
    else:
        from netlint.fixes import session

        fix_source = session.fix_source

        def slow(*arguments: Any, **more: Any) -> Any:
            result = fix_source(*arguments, **more)
            path.write_text(before + " ")  # Jupyter saves meanwhile
            return result

        monkeypatch.setattr(session, "fix_source", slow)
    assert run([*ONLY, "--fix", "n.ipynb"]) == 1
    assert ("it is read-only" if read_only else "it changed since it was read") in capsys.readouterr().err
    assert path.read_text().strip() == before


# -- edits -----------------------------------------------------------------------------------------------------------------


def edited(data: bytes, *edits: Edit) -> bytes:
    return NotebookDocument.of(data).with_edits(edits)


def edit(new: str, *places: int) -> Edit:
    return Edit(new, Position(*places[:2]), Position(*places[2:]))


def written(*sources: object, **style: Any) -> bytes:
    return json.dumps(content(*map(code, sources)), **style).encode()


@pytest.mark.parametrize(
    ("source", "change", "expected"),
    [
        (["a\n", "b\n", "c"], edit("x\ny", 2, 1, 2, 2), ["a\n", "x\n", "y\n", "c"]),
        (["a\n", "b\n", "c"], edit("", 1, 2, 2, 1), ["ab\n", "c"]),
        (["a\n", "b\n", "c"], edit("", 1, 1, 3, 1), ["c"]),
        (["a\n", "b\n", "c"], edit("\nd", 3, 2, 3, 2), ["a\n", "b\n", "c\n", "d"]),
        (["a\n", "b\n", "c"], edit("", 1, 1, 3, 2), []),
        (["a\nb\n", "c"], edit("x\ny", 2, 1, 2, 2), ["a\nx\ny\n", "c"]),
        ([], edit("import x\n", 1, 1, 1, 1), ["import x\n"]),
        ("a\nb", edit("x\n", 2, 1, 2, 1), "a\nx\nb"),
        (["a\r\n", "b"], edit("x\ny", 1, 1, 1, 2), ["x\r\n", "y\r\n", "b"]),
    ],
)
def test_a_list_of_lines_stays_one(source: object, change: Edit, expected: object) -> None:
    after = edited(before := written(source, "z = 1", indent=1), change)
    assert json.loads(after)["cells"][1]["source"] == expected
    assert json.loads(after) == {
        **(old := json.loads(before)),
        "cells": [old["cells"][0], {**old["cells"][1], "source": expected}, old["cells"][2]],
    }
    if isinstance(expected, list) and len(expected) > 1:
        assert after == written(expected, "z = 1", indent=1)


@pytest.mark.parametrize(
    ("raw", "after"),
    [
        (r'"\u00e9 = 1\n"', r'"\u00e9 = \u00fc\n"'),
        ('"é = 1\\n"', '"é = ü\\n"'),
        (r'"\/ = 1\u000a"', '"\\/ = ü\\u000a"'),
        (r'"\ud83d\ude00 = 1"', r'"\ud83d\ude00 = \u00fc"'),
        (r'"\\n=\t1"', '"\\\\n=\\tü"'),
    ],
)
def test_escapes_stay_as_they_are_and_new_text_follows_them(raw: str, after: str) -> None:
    text = '{"cells": [{"cell_type": "code", "source": [%s]}]}'
    column = len(json.loads(raw).partition("1")[0]) + 1
    assert edited((text % raw).encode(), edit("ü", 1, column, 1, column + 1)) == (text % after).encode()


def test_the_last_of_two_members_of_a_name_counts() -> None:
    text = '{"cells": [], "cells": [{"source": "x", "cell_type": "code", "source": "y"}]}'
    assert edited(text.encode(), edit("z", 1, 1, 1, 2)).decode() == text.replace('"y"', '"z"')


def test_an_edit_keeps_to_its_cell() -> None:
    data = written("a = 1\n%time b\n", ["%%bash\n", "ls"], "c = 3")
    source = source_of(data)
    assert source.cells == (1, 3, 5)
    assert objection(edit("", 1, 1, 5, 2), source) == SPANS_CELLS
    with pytest.raises(SourceError, match="from one cell"):
        edited(data, edit("", 1, 1, 5, 2))
    for inside in (edit("", 2, 1, 3, 1), edit("x", 2, 2, 2, 3), edit("x\n", 3, 1, 3, 1), edit("\nx", 4, 5, 4, 5)):
        assert objection(inside, source) == FOREIGN
    for fine in (edit("", 5, 1, 6, 1), edit("\nx", 2, 5, 2, 5), edit("", 1, 1, 2, 1)):
        assert objection(fine, source) == ""
    assert cells_of(edited(data, edit("\nx", 2, 5, 2, 5)))[0] == "a = 1\n%time b\nx\n"


# -- any notebook, any edit ------------------------------------------------------------------------------------------------

TEXT = st.text(st.sampled_from('ab "\\\n\t/é\N{GRINNING FACE}\u2028\x0c'), max_size=24)
SOURCES = st.one_of(TEXT, TEXT.map(lines), st.lists(TEXT, max_size=4))


@st.composite
def dumped(draw: st.DrawFn) -> tuple[bytes, int]:
    sources = draw(st.lists(SOURCES, min_size=1, max_size=4))
    style = draw(st.sampled_from(list(WAYS.values())))
    text = json.dumps(content(*map(code, sources)), **{**style, "ensure_ascii": draw(st.booleans())})
    text = draw(st.sampled_from(["{}", "{}\n", "\ufeff{}", "\n {} "])).format("\0").replace("\0", text)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text.encode(), draw(st.integers(0, len(sources) - 1))


@given(dumped(), st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_edit_of_any_notebook(notebook: tuple[bytes, int], data: st.DataObject) -> None:
    before, number = notebook
    cell = Notebook.of(before).cells[number]
    start = data.draw(st.integers(0, len(cell.text)))
    end = data.draw(st.integers(start, len(cell.text)))
    new = data.draw(TEXT.filter(lambda text: "\r" not in text))

    def position(offset: int) -> Position:
        row = max(row for row, at in enumerate(cell.row_starts) if at <= offset)
        return Position(cell.first + row, offset - cell.row_starts[row] + 1)

    if position(end).row >= cell.first + len(cell.python) or cell.foreign:
        return  # a row behind the last line end belongs to the next cell
    after = edited(before, Edit(new, position(start), position(end)))
    now = Notebook.of(after)
    changed = now.cells[number]
    assert changed.text == cell.text[:start] + new + cell.text[end:]
    old_text, new_text = before.decode(), after.decode()
    mark = len(old_text) - len(old_text.removeprefix("\ufeff"))
    assert old_text[: cell.start + mark] == new_text[: changed.start + mark]
    assert old_text[cell.end + mark :] == new_text[changed.end + mark :]
    assert [one.text for one in now.cells if one.first < cell.first] == [one.text for one in Notebook.of(before).cells[:number]]
    assert diff(before, after, "n.ipynb") or changed.text == cell.text
