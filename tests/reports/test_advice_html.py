"""The page of a design review: well-formed, loads nothing, shows every number, and what a file says cannot become markup."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netlint.cli import run
from netlint.reports.advice import BLOCKS, DIGITS, blocks_for
from netlint.reports.html.markup import Markup, element, text
from netlint.reports.html.plot import Axis, Series, legend, line_plot

DEPTH = 10
SIGMOID = f"""\
from torch import nn

net = nn.Sequential({", ".join(["nn.Linear(64, 64), nn.Sigmoid()"] * (DEPTH - 1))}, nn.Linear(64, 10))
"""
TWO = "".join(
    f"class {name}(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Linear(4, {width})\n\n"
    f"    def forward(self, x):\n        return self.a(x)\n\n"
    for name, width in (("Netz_Größe", 4), ("Other", 2))
)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ElementTree.Element]:
    """The page that `netlint advise` writes for source in an empty folder, as a tree."""
    monkeypatch.chdir(tmp_path)

    def make(source: str, *arguments: str, filename: str = "model.py") -> ElementTree.Element:
        Path(filename).write_text(source, encoding="utf-8")
        assert run(["advise", filename, *arguments, "--output-format", "html", "--output-file", "review.html"]) == 0
        return tree(Path("review.html").read_text(encoding="ascii"))

    return make


def tree(written: str) -> ElementTree.Element:
    doctype, _, rest = written.partition("\n")
    assert doctype == "<!DOCTYPE html>"
    return ElementTree.fromstring(rest)


def words(part: ElementTree.Element) -> str:
    return " ".join("".join(part.itertext()).split())


def test_every_line_has_a_point_for_every_layer(page: Callable[..., ElementTree.Element]) -> None:
    found = page(SIGMOID, "--input", "32,64")
    plots = [svg for svg in found.iter("svg") if svg.get("class") == "plot"]
    assert len(plots) == 2
    [names] = [[words(entry) for entry in one] for one in found.iter("ul") if one.get("class") == "legend"]
    assert names[0] == "as it is"
    assert names[1] == "1 ReLU for Sigmoid, He initialisation"
    assert len(names) == 8
    for plot in plots:
        lines = [group for group in plot.iter("g") if group.get("class") == "series"]
        assert len(lines) == len(names)
        for line in lines:
            assert len(line.findall("circle")) == DEPTH
            assert len(re.findall(r"[ML]", line.find("path").get("d"))) == DEPTH  # type: ignore[union-attr, arg-type]
        labels = [one.text for one in plot.iter("text") if one.get("class") == "label"]
        assert sorted(labels) == [str(number) for number in range(1, len(names))]


def test_every_plot_is_told_in_words_and_in_a_table(page: Callable[..., ElementTree.Element]) -> None:
    found = page(SIGMOID, "--input", "32,64")
    ids = {one.get("id"): one for one in found.iter() if one.get("id")}
    for plot in (svg for svg in found.iter("svg") if svg.get("class") == "plot"):
        title, description = (ids[name] for name in (plot.get("aria-labelledby") or "").split())
        assert plot.get("role") == "img"
        assert "log scale" in words(title)
        assert words(description).count("at the first layer") == 8
    tables = [details.find(".//table") for details in found.iter("details")]
    assert len(tables) == 2
    for one in tables:
        assert one is not None
        assert len(one.findall("./tbody/tr")) == DEPTH
        assert all(len(row) == 3 + 8 for row in one.iter("tr"))
    assert [words(one) for one in found.iter("h4")][:2] == [
        "1. ReLU for Sigmoid, He initialisation",
        "2. BatchNorm before every activation",
    ]
    assert [words(one) for one in found.iter("dt")].count("Against") == 7
    assert [words(one) for one in found.iter("dt")].count("Our experiments") == 7


def test_the_page_loads_nothing(page: Callable[..., ElementTree.Element]) -> None:
    found = page(SIGMOID, "--input", "32,64")
    assert not [one.tag for one in found.iter() if one.tag in ("script", "link", "img", "iframe", "object", "image", "use")]
    assert not [one.attrib for one in found.iter() for name in ("src", "srcset", "data", "action") if name in one.attrib]
    assert all(one.get("href", "#").startswith("#") for one in found.iter())
    [style] = found.iter("style")
    assert "url(" not in (style.text or "")
    assert "@import" not in (style.text or "")
    assert not re.search(r"https?://", Path("review.html").read_text())


def test_ids_are_unique_and_links_lead_somewhere_with_several_networks(page: Callable[..., ElementTree.Element]) -> None:
    found = page(f"from torch import nn\n\n{TWO}", "--input", "8,4")
    ids = [one.get("id") for one in found.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert [words(one) for one in found.iter("h2")] == ["Netz_Größe", "Other"]
    links = [one.get("href", "") for one in found.iter("a")]
    assert len(links) == 2
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert len([svg for svg in found.iter("svg") if svg.get("class") == "plot"]) == 4


def test_a_network_whose_flow_could_not_be_measured_has_no_plot_but_a_reason(page: Callable[..., ElementTree.Element]) -> None:
    found = page(SIGMOID)
    assert not list(found.iter("svg"))
    assert "such as `--input 32,64`" in words(found)
    assert "Not judged, and why" in [words(one) for one in found.iter("h3")]


def test_a_file_without_a_network_says_so(page: Callable[..., ElementTree.Element]) -> None:
    assert "There is no network in model.py." in words(page("x = 1\n"))


def test_names_cannot_become_markup(page: Callable[..., ElementTree.Element]) -> None:
    odd = SIGMOID.replace("net = nn.Sequential(", "net = nn.Sequential()\nnet.add_module('<script>\"&\\x1b', nn.Sequential(") + ")"
    name = "a&<b>'\".py"
    found = page(odd, "--input", "32,64", filename=name)
    assert not list(found.iter("script"))
    assert not list(found.iter("b"))
    assert name in words(found)


def test_text_is_escaped_and_markup_is_not() -> None:
    assert text("<é\x1b&\"'>") == "&lt;&#233;&#65533;&amp;&quot;&#x27;&gt;"
    assert element("p", "<", element("b", "x"), class_='"') == '<p class="&quot;">&lt;<b>x</b></p>'
    assert element("meta", http_equiv="a") == '<meta http-equiv="a"/>'
    assert text(Markup("<b></b>")) == "<b></b>"


class Balance(HTMLParser):
    """What an HTML parser finds open at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "meta"


def test_an_html_parser_finds_every_element_closed(page: Callable[..., ElementTree.Element]) -> None:
    page(SIGMOID, "--input", "32,64")
    parser = Balance()
    parser.feed(Path("review.html").read_text())
    assert parser.open == []


# -- the plot -----------------------------------------------------------------------------------------------------------


def drawn(*values: float) -> ElementTree.Element:
    things = [f"layer {number}" for number in range(len(values))]
    return ElementTree.fromstring(line_plot([Series("as it is", "", values)], things, "t", "d", "below", "n"))


def test_a_log_axis_has_equal_steps_for_equal_factors() -> None:
    heights = [float(circle.get("cy", "")) for circle in drawn(1e-6, 1e-4, 1e-2, 1.0).iter("circle")]
    steps = [high - low for low, high in zip(heights[1:], heights, strict=False)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.05)
    assert steps[0] > 10


def test_zero_has_a_place_of_its_own_and_what_is_not_finite_is_a_gap() -> None:
    plot = drawn(1.0, 0.0, math.inf, 3.0, math.nan)
    assert len(list(plot.iter("circle"))) == 3
    assert plot.find(".//path").get("d", "").count("M") == 2  # type: ignore[union-attr]
    assert "0" in [one.text for one in plot.iter("text")]
    lowest = max(float(circle.get("cy", "")) for circle in plot.iter("circle"))
    assert lowest > Axis.of([Series("", "", (1.0, 0.0, 3.0))]).floor
    assert "0" not in [one.text for one in drawn(1.0, 3.0).iter("text")]


@pytest.mark.parametrize("values", [(0.0,), (1.0,), (math.nan, math.nan), (1e-300, 1e300), tuple(10.0**-at for at in range(200))])
def test_all_that_is_drawn_is_within_the_plot(values: tuple[float, ...]) -> None:
    plot = drawn(*values)
    _, _, width, height = map(float, plot.get("viewBox", "").split())
    path = plot.find(".//g/path")
    assert path is not None
    places = [tuple(map(float, place)) for place in re.findall(r"[ML]([-\d.]+),([-\d.]+)", path.get("d", ""))]
    assert len(places) == sum(map(math.isfinite, values))
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
    assert len(list(plot.iter("text"))) < 40


def test_labels_of_equal_lines_do_not_touch() -> None:
    series = [Series(f"line {number}", str(number), (1.0, 2.0)) for number in range(12)]
    plot = ElementTree.fromstring(line_plot(series, ["a", "b"], "t", "d", "below", "n"))
    heights = sorted(float(one.get("y", "")) for one in plot.iter("text") if one.get("class") == "label")
    assert len(heights) == 12
    assert min(high - low for low, high in pairwise(heights)) >= 9.9
    looks = {(path.get("stroke"), path.get("stroke-dasharray")) for path in ElementTree.fromstring(legend(series)).iter("path")}
    assert len(looks) == 12


# -- the terminal and files ---------------------------------------------------------------------------------------------


def test_the_text_has_a_picture_after_each_suggestion_within_eighty_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("model.py").write_text(SIGMOID)
    assert run(["advise", "model.py", "--input", "32,64"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    at = next(number for number, line in enumerate(lines) if line.startswith("Layer by layer"))
    pictures = [line.split()[-2:] for line in lines[at + 2 : at + 2 + 8]]
    assert all(len(sign) == DEPTH and set(sign) <= set(BLOCKS) for picture in pictures for sign in picture)
    assert pictures[0][0][0] == BLOCKS[0]
    assert list(pictures[0][0]) == sorted(pictures[0][0], key=BLOCKS.index)
    assert "each step is a factor of" in " ".join(" ".join(lines).split())


def test_signs_fit_the_encoding() -> None:
    assert blocks_for("utf-8") == BLOCKS
    assert [blocks_for(encoding) for encoding in ("cp1252", None, "no such thing")] == [DIGITS] * 3


def test_every_format_goes_to_a_file_and_replaces_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(SIGMOID)
    for form in ("text", "json", "html"):
        assert run(["advise", "model.py", "--output-format", form]) == 0
        printed = capsys.readouterr().out
        assert run(["advise", "model.py", "--output-format", form, "--output-file", "out"]) == 0
        assert capsys.readouterr().out == ""
        assert Path("out").read_text(encoding="utf-8") == printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.py", "out"]
    assert run(["advise", "model.py", "--output-file", "missing/out"]) == 2
    assert "there is no folder missing" in capsys.readouterr().err
