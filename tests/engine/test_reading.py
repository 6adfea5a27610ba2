from __future__ import annotations

import json
from pathlib import Path

import pytest

from netlint.engine.reading import Source, read
from netlint.engine.targets import InputFile
from netlint.frontends.errors import SourceError


def file(name: str, text: bytes | None) -> InputFile:
    return InputFile(name, Path(name).absolute(), Path.cwd(), text=text)


def notebook(*cells: object) -> bytes:
    return json.dumps({"cells": cells}).encode()


def code(*lines: str) -> dict[str, object]:
    return {"cell_type": "code", "source": [f"{line}\n" for line in lines[:-1]] + [lines[-1]]}


def test_the_code_cells_of_a_notebook_are_one_module() -> None:
    cells = (
        code("import torch", "%matplotlib inline"),
        {"cell_type": "markdown", "source": ["# text"]},
        code("if True:", "    !ls", "torch.nn?"),
    )
    source = read(file("a.ipynb", notebook(*cells)))
    assert source.text == "import torch\npass\nif True:\n    pass\npass\n"
    assert [source.cell_of(row) for row in (1, 2, 3, 5)] == [(1, 1), (1, 2), (2, 1), (2, 3)]


def test_cells_in_other_languages_are_empty_statements() -> None:
    source = read(file("a.ipynb", notebook(code("%%bash", "echo 1"), code("%%time", "x = 1"))))
    assert source.text == "pass\npass\npass\nx = 1\n"


@pytest.mark.parametrize(
    ("data", "message", "row"),
    [
        (b'{"cells": [\n  nonsense]}', "this notebook is not JSON: Expecting value", 2),
        (b"[]", "this JSON is not a notebook", 1),
        (b"{}", "this JSON is not a notebook: no 'cells' where a notebook has it", 1),
        (b"\xff\xfe", "this notebook is not UTF-8", 1),
    ],
)
def test_a_notebook_that_is_none_is_told_so(data: bytes, message: str, row: int) -> None:
    with pytest.raises(SourceError) as caught:
        read(file("a.ipynb", data))
    assert message in caught.value.message
    assert caught.value.row == row


def test_a_file_that_cannot_be_opened_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot read the file: it is a folder, not a file"):
        read(file(str(tmp_path), None))


def test_a_file_that_is_not_text_is_told_so() -> None:
    with pytest.raises(SourceError, match="cannot decode the file"):
        read(file("a.py", b"\xff\xfe\x00"))


def test_rows_are_counted_as_python_does() -> None:
    assert Source("a\r\nb\x0c\rc\u2028\nd").lines == ["a", "b\x0c", "c\u2028", "d"]
    assert Source("a").cell_of(1) is None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("x = (a", "     % b)"), ("x = (a", "     % b)")),
        (('t = """', "%d items", '!"""', "!ls"), ('t = """', "%d items", '!"""', "pass")),
        (("files = !ls", "a, b = %time f()"), ("files = get_ipython()", "a, b = get_ipython()")),
        (("!pip install \\", "  torch", "x = 1"), ("pass", "pass", "x = 1")),
        (("# (", "!ls"), ("# (", "pass")),
        (("x = 'it' + \"(\" + '\\'('", "!ls"), ("x = 'it' + \"(\" + '\\'('", "pass")),
        (("", "%%html", "<b>"), ("pass", "pass", "pass")),
        (("%%time -q", "x = 1"), ("pass", "x = 1")),
        (("x = 7 \\", "% 4"), ("x = 7 \\", "% 4")),
        (("# \\", "%pwd"), ("# \\", "pass")),
        (("x = 'a\x0cb\u2028c'",), ("x = 'a\x0cb\u2028c'",)),
    ],
)
def test_only_what_begins_a_statement_is_no_python(lines: tuple[str, ...], expected: tuple[str, ...]) -> None:
    source = read(file("a.ipynb", notebook(code(*lines), code("y = 1"))))
    assert source.lines[:-1] == [*expected, "y = 1"]
    assert source.foreign == {row for row, (old, new) in enumerate(zip(lines, expected, strict=True), start=1) if old != new}


def test_a_notebook_of_another_language_has_nothing_to_read() -> None:
    data = json.dumps({"cells": [code("x <- 1")], "metadata": {"kernelspec": {"language": "R"}}}).encode()
    assert read(file("a.ipynb", data)).text == "pass\n"


def test_each_row_has_its_line_in_the_file() -> None:
    data = json.dumps({"cells": [code("a", "b"), {"cell_type": "code", "source": "c\nd"}]}, indent=1).encode()
    source = read(file("a.ipynb", data))
    assert [data.decode().split("\n")[source.file_row(row) - 1].strip() for row in (1, 2, 3, 4)] == [
        '"a\\n",',
        '"b"',
        *['"source": "c\\nd"'] * 2,
    ]


def test_a_byte_order_mark_is_no_error_and_an_old_format_is_named() -> None:
    assert read(file("a.ipynb", b"\xef\xbb\xbf" + notebook(code("x = 1")))).text == "x = 1\n"
    with pytest.raises(SourceError, match="before 2014"):
        read(file("a.ipynb", b'{"worksheets": []}'))
