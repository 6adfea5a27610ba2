"""The page of `netlint check`: well-formed, loads nothing, holds everything without its script, and what a file says stays text."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zlib
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import netlint.reports.html
from netlint.reports.html.check import LAYOUT

VOID = ("meta", "input")


class Page(HTMLParser):
    """What a parser makes of a page: the elements with their attributes and their own text, in order."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self.open: list[int] = []
        self.within: list[list[int]] = []
        self.feed(written)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, []))
        self.within.append([*self.open])
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for at in self.open:
            self.elements[at][2].append(data)

    def all(self, tag: str, **attributes: str) -> list[tuple[dict[str, str], str]]:
        """The attributes and the whole text of the elements with these classes, ids and the like."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            (found, "".join(text))
            for kind, found, text in self.elements
            if kind == tag and all(value in found.get(name, "").split() for name, value in wanted.items())
        ]


def made(netlint: Any, *arguments: str) -> tuple[Page, str]:
    Path("report.html").unlink(missing_ok=True)
    netlint(*arguments, "--isolated", "--output-format", "html:report.html")
    written = Path("report.html").read_text(encoding="ascii")
    return Page(written), written


@pytest.fixture
def page(netlint: Any, network: str) -> Page:
    Path("m.py").write_text(network)
    return made(netlint, "m.py")[0]


def drawings(page: Page) -> list[dict[str, Any]]:
    return [json.loads(zlib.decompress(b64decode(one["data-drawing"]))) for one, _ in page.all("details", class_="network")]


def test_a_finding_is_told_in_full_without_the_script(page: Page) -> None:
    [(attributes, words)] = page.all("article")
    assert attributes["data-code"] == "NL501"
    assert attributes["data-severity"] == "warning"
    assert "ReLU stands before MaxPool2d" in words
    assert "line 8, column 71" in words
    assert "Net.features.1" in words
    assert "max(f(a), f(b)) = f(max(a, b))" in words
    assert [text for _, text in page.all("mark")] == ["nn.ReLU()"]
    [(_, frame)] = page.all("pre", class_="wide")[:1]
    marked, carets = frame.splitlines()[2:4]
    assert marked.index("nn.ReLU()") == carets.index("^")
    assert carets.count("^") == len("nn.ReLU()")


def test_the_fix_is_a_diff_with_what_it_promises(page: Page) -> None:
    [(_, old)], [(_, new)] = page.all("del"), page.all("ins")
    assert old.startswith("-        self.features = nn.Sequential(")
    assert old.index("nn.ReLU()") < old.index("nn.MaxPool2d(2)")
    assert new.index("nn.MaxPool2d(2)") < new.index("nn.ReLU()")
    [(_, words)] = [one for one in page.all("details") if one[1].startswith("Fix: ")]
    assert "safe (--fix makes it)" in words
    assert "forward exact, state_dict same, training same" in words
    assert "netlint verify" in words


def test_the_rule_is_told_with_both_sides(page: Page) -> None:
    [(_, words)] = page.all("details", class_="rule")
    assert "NL501 activation-before-max-pool" in words
    assert "S24" in words
    assert [
        title for title in ("What", "Why", "Evidence for", "Evidence against", "When it is fine", "The fix") if title not in words
    ] == []


def test_the_picture_marks_what_was_found(page: Page) -> None:
    [drawing] = drawings(page)
    assert drawing["op"] == ["Input", "Conv2d", "ReLU", "MaxPool2d", "Flatten", "Linear"]
    assert drawing["reads"] == [[], [0], [1], [2], [3], [4]]
    assert drawing["in"][1:4] == ["features"] * 3
    assert drawing["modules"] == {"": ["Net", False], "features": ["Sequential", True]}
    assert drawing["parameters"][1] == 3 * 16 * 9 + 16
    assert drawing["files"] == ["m.py"]
    [(_, marks)] = page.all("script", id="marks")
    assert json.loads(marks) == [{"2": [1]}]
    [(link, _)] = page.all("a", class_="to-network")
    assert (link["href"], link["data-layer"]) == ("#network-1", "2")
    assert "netlint advise m.py:Net --output-format html" in page.all("details", class_="network")[0][1]


def test_links_lead_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes, _ in page.all("a")]
    assert {link.removeprefix("#") for link in links if "=" not in link} <= set(ids)
    assert all(link.startswith("#") for link in links)


def test_the_page_loads_nothing_and_runs_only_its_own_scripts(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network)
    page, written = made(netlint, "m.py")
    assert not [tag for tag, _, _ in page.elements if tag in ("link", "img", "iframe", "object", "embed", "base")]
    assert not [
        name for _, attributes, _ in page.elements for name in attributes if name in ("src", "srcset", "action") or name[:2] == "on"
    ]
    assert set(re.findall(r"https?://[^\s\"'<]*", written)) <= {"http://www.w3.org/2000/svg"}  # a name, not an address
    [policy] = [one["content"] for one, _ in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    scripts = [text for attributes, text in page.all("script") if "type" not in attributes]
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert "unsafe" not in policy.partition("script-src")[2]


HOSTILE = "</script><script>alert(1)</script><!--<b onclick=alert(1)>"


def test_names_stay_text_wherever_they_stand(netlint: Any) -> None:
    name = "<b>&amp;'\"<!--.py"
    layers = "nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2)"
    Path(name).write_text(
        f"from torch import nn\n\nnet = nn.Sequential()  # {HOSTILE}\nnet.add_module({HOSTILE!r}, nn.Sequential({layers}))\n"
    )
    page, written = made(netlint, ".")
    assert not page.all("b")
    assert len(page.all("script")) == 3
    assert [attributes["data-file"] for attributes, _ in page.all("section", class_="file")] == [name]
    assert HOSTILE in page.all("article")[0][1]
    assert "alert(1)</script>" not in written
    assert HOSTILE in drawings(page)[0]["modules"]


def test_a_run_that_could_not_check_something_says_so(netlint: Any, network: str) -> None:
    Path("broken.py").write_text("import torch\nclass Net(torch.nn.Module:\n")
    Path("m.py").write_text(network)
    page, _ = made(netlint, "broken.py", "m.py", "missing.py")
    assert [text for _, text in page.all("li", class_="error")] == ["no such file or folder: `missing.py`; the nearest is `m.py`"]
    assert {attributes["data-code"] for attributes, _ in page.all("article")} == {"NL000", "NL501"}


def test_a_clean_run_has_no_filter_but_its_networks(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network.replace("nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()"))
    page, _ = made(netlint, "m.py")
    assert not page.all("form")
    assert "No findings." in [text for _, text in page.all("p")]
    assert len(drawings(page)) == 1
    assert "1 network without findings" in page.all("details")[0][1]


def test_what_is_suppressed_is_counted_and_not_marked(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network.replace("nn.MaxPool2d(2))", "nn.MaxPool2d(2))  # netlint: ignore[NL501] measured"))
    page, _ = made(netlint, "m.py")
    assert not page.all("article")
    assert "1 suppressed" in [text for _, text in page.all("li")]
    assert json.loads(page.all("script", id="marks")[0][1]) == [{}]


def test_what_comes_on_stdin_and_in_notebooks_has_code_and_picture(netlint: Any, network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(network.encode())))
    page, _ = made(netlint, "-", "--stdin-filename", "typed.py")
    assert [text for _, text in page.all("mark")] == ["nn.ReLU()"]
    assert len(drawings(page)) == 1
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in ("x = 1\n", network)]
    Path("n.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    page, _ = made(netlint, "n.ipynb")
    [(_, words)] = page.all("article")
    assert "cell 2, line 8" in words
    assert "x = 1" not in words
    assert len(page.all("ins")) == 1
    assert json.loads(page.all("script", id="marks")[0][1]) == [{"2": [1]}]


def test_the_page_goes_with_other_formats_and_not_with_statistics(netlint: Any, network: str) -> None:
    Path("m.py").write_text(network)
    result = netlint("m.py", "--output-format", "json", "--output-format", "html:report.html")
    assert json.loads(result.out)[0]["code"] == "NL501"
    assert len(drawings(Page(Path("report.html").read_text()))) == 1
    assert "--statistics goes with text and json, not with html" in " ".join(
        netlint("m.py", "--output-format", "html", "--statistics").err.split()
    )


def test_the_library_is_the_one_that_its_page_names() -> None:
    folder = files(netlint.reports.html)
    library = folder.joinpath(LAYOUT).read_bytes()
    told = folder.joinpath("vendor/README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(library).hexdigest() in told
    assert "Permission is hereby granted" in folder.joinpath("vendor/dagre.LICENSE").read_text(encoding="utf-8")
    assert b"</script" not in library.lower()
    assert b"</script" not in folder.joinpath("check.js").read_bytes().lower()
