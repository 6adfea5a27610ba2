"""The documentation site: it is whole, true to the code, and loads nothing from elsewhere. Building it needs the extra `docs`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from netlint.cli import run
from netlint.config import KEYS, LIMITS, TRAINING_KEYS
from netlint.engine.registry import load
from netlint.reports.measured import measured

REPOSITORY = Path(__file__).parent.parent
BUILT = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("mkdocs", "material", "mkdocstrings")), reason="needs the extra `docs`"
)


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of docs/generator."""
    monkeypatch.syspath_prepend(REPOSITORY / "docs" / "generator")
    return importlib.import_module


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


# -- without building -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [CI](docs/ci.md#tox) or [a plot](benchmarks/p.svg)", "see [CI](../ci.md#tox) or [a plot](../benchmarks/p.svg)"),
        ("![plot](benchmarks/p.svg)", "![plot](../benchmarks/p.svg)"),
        ("[the\nrule pack](fixtures/rule_pack)", "the\nrule pack"),
        ("[elsewhere](https://example.org/docs/ci.md) [here](#use)", "[elsewhere](https://example.org/docs/ci.md) [here](#use)"),
        ("NL501, not NL599 or XNL501", "[NL501](../rules/NL501.md), not NL599 or XNL501"),
        ("# NL501\n`NL501` [NL501](x)\n```\nNL501 [x](y)\n```\n", "# NL501\n`NL501` NL501\n```\nNL501 [x](y)\n```\n"),
    ],
)
def test_links_lead_to_the_pages_of_the_site(generator: Any, text: str, expected: str) -> None:
    sources = {"start/index.md": "README.md", "ci.md": "docs/ci.md", "benchmarks/p.svg": "benchmarks/p.svg"}
    assert generator("links").on_site(text, "start/index.md", sources, {"NL501"}) == expected


def test_the_reference_has_every_setting(generator: Any) -> None:
    reference = generator("reference")
    tables = {"general": set(KEYS) - set(reference.TABLES), "training": set(TRAINING_KEYS), "limits": set(LIMITS)}
    for name, keys in tables.items():
        rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", getattr(reference, name)(), re.MULTILINE)
        assert {key for key, _ in rows} == keys
        assert all(kind.strip() for _, kind in rows)
    options = {f"{rule.name}.{key}" for rule in load().rules for key in rule.options}
    assert set(re.findall(r"^\| NL\d+ \| `([\w.-]+)` \|", reference.options(load()), re.MULTILINE)) == options


def test_the_reference_gives_what_holds_without_a_setting(generator: Any) -> None:
    reference = generator("reference")
    assert '| `fail-on` | one of error, warning, advice | `"warning"` |' in reference.general()
    assert f"| `steps` | a whole number above 0 | `{LIMITS['steps']}` |" in reference.limits()


@pytest.mark.parametrize("page", ["static-reader.md", "fixes.md", "verification.md"])
def test_a_guide_shows_what_is_printed(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    for name, code in re.findall(r'^```python title="(.*?)"\n(.*?)^```', text, re.MULTILINE | re.DOTALL):
        Path(name).write_text(code)
    steps = re.findall(r"^```console\n\$ netlint (.*?)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert steps
    for command, shown in steps:
        run(shlex.split(command))
        printed = capsys.readouterr()
        assert lines(printed.err + printed.out) == lines(shown), command


# -- the built site ---------------------------------------------------------------------------------------------------


@dataclass
class Read(HTMLParser):
    """What a page links to, what it loads, and the places in it that links can lead to."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    images: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a":
            self.links += [given["href"]] if "href" in given else []
            return
        if tag == "img":
            self.images.append(given["src"])
        self.loads += [given[name] for name in ("src", "href", "data", "poster", "action") if name in given]
        self.loads += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        self.loads += re.findall(r"url\(([^)]*)\)", given.get("style", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=REPOSITORY, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Read]:
    found = {}
    for path in site.rglob("*.html"):
        found[path] = Read()
        found[path].feed(path.read_text(encoding="utf-8"))
    return found


@BUILT
def test_no_page_requests_anything_from_another_host(site: Path, pages: dict[Path, Read]) -> None:
    assert len(pages) > len(load().rules)
    assert {
        one for page in pages.values() for one in page.loads if urlsplit(one).netloc or urlsplit(one).scheme not in ("", "data")
    } == set()
    for sheet in site.rglob("*.css"):
        loaded = re.findall(r"url\(['\"]?([^)'\"]*)|@import\s+['\"]([^'\"]*)", sheet.read_text(encoding="utf-8"))
        assert [one for pair in loaded for one in pair if urlsplit(one).netloc] == [], sheet
    assert not [path for path in pages if 'class="mermaid"' in path.read_text(encoding="utf-8")], "the theme loads mermaid from elsewhere"


@BUILT
def test_no_link_is_broken(site: Path, pages: dict[Path, Read]) -> None:
    broken = []
    for path, page in pages.items():
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            there = target.is_file() and (not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].places)
            broken += [] if there or parts.fragment == "__skip" else [f"{path.relative_to(site)}: {link}"]
    assert broken == []


@BUILT
def test_every_guide_is_in_the_navigation(site: Path, pages: dict[Path, Read]) -> None:
    guides = {f"{path.stem}.html" for path in (REPOSITORY / "docs").glob("*.md")}
    assert guides <= set(pages[site / "index.html"].links)


@BUILT
def test_every_rule_has_a_page_with_its_plots(site: Path, pages: dict[Path, Read]) -> None:
    for entry in load().entries:
        path = site / "rules" / f"{entry.rule.code}.html"
        plots = [f"../benchmarks/evidence/results/{one.experiment}.svg" for one in measured(entry.rule.code)]
        assert pages[path].images == plots, entry.rule.code
        assert f"{entry.rule.code} {entry.rule.name}" in path.read_text(encoding="utf-8")
    assert any(page.images for page in pages.values())


@BUILT
def test_every_command_and_setting_is_in_the_reference(site: Path) -> None:
    from netlint.cli import main

    commands = (site / "commands.html").read_text(encoding="utf-8")
    assert [name for name in main.commands if f"netlint {name}" not in commands] == []
    settings = (site / "settings.html").read_text(encoding="utf-8")
    keys = {*KEYS, *TRAINING_KEYS, *LIMITS} - {"training", "limits", "rules"}
    assert [key for key in keys if f"<code>{key}</code>" not in settings] == []


@BUILT
def test_no_table_is_left_out(pages: dict[Path, Read]) -> None:
    assert [path for path in pages if re.search(r"\{\{ \w+ \}\}", path.read_text(encoding="utf-8"))] == []
