"""What MkDocs calls when it builds the site: adds the pages that stand elsewhere in the repository, or are made from the code.

A page of the repository goes into the site as it is, but for its links (`links.py`), so that it reads well in both places. A page of docs/
may hold `{{ name }}`, which stands for a table that is made from the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import links
import reference
import results
import rule_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from netlint.engine.registry import load

REPOSITORY = Path(__file__).parents[2]
RESULTS = "benchmarks/results"


def _copied() -> Iterator[tuple[str, str]]:
    yield from (("index.md", "README.md"), ("contributing.md", "CONTRIBUTING.md"), ("changelog.md", "CHANGELOG.md"))
    yield "benchmarks/index.md", "benchmarks/README.md"
    for folder in (RESULTS, rule_pages.PLOTS):
        for path in sorted((REPOSITORY / folder).iterdir()):
            if path.is_file():
                yield (f"{folder}/{path.name}",) * 2


COPIED: Mapping[str, str] = dict(_copied())
"""Files of the site that are files of the repository outside docs/."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts a page a rule and a page a result into the navigation, and guides that it does not name at the end of the guides."""
    nav: list[dict[str, Any]] = config.nav or []
    guides = next(item["Guides"] for item in nav if "Guides" in item)
    unnamed = {path.name for path in (REPOSITORY / "docs").glob("*.md")} - set(_pages(nav))
    guides += [{name.removesuffix(".md").replace("-", " ").capitalize(): name} for name in sorted(unnamed)]
    measured = [uri for uri in COPIED if uri.startswith(RESULTS) and uri.endswith(".md")]
    below: dict[str, list[Any]] = {"rules/index.md": rule_pages.navigation(load()), "benchmarks/index.md": measured}
    config.nav = [_filled(item, below) for item in nav]
    return config


def _pages(item: Any) -> Iterator[str]:
    """The pages that an item of the navigation names."""
    if isinstance(item, str):
        yield item
    else:
        yield from (page for inner in (item.values() if isinstance(item, dict) else item) for page in _pages(inner))


def _filled(item: dict[str, Any], below: Mapping[str, list[Any]]) -> dict[str, Any]:
    """An item of the navigation, with the pages that stand below it."""
    [(title, inner)] = item.items()
    if isinstance(inner, list):
        return {title: [_filled(other, below) for other in inner]}
    return {title: [inner, *below[inner]] if inner in below else inner}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages."""
    for uri, source in COPIED.items():
        files.append(File.generated(config, uri, abs_src_path=str(REPOSITORY / source)))
    for uri, text in rule_pages.pages(load()).items():
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes the tables, and sets the links right."""
    made = re.sub(r"^\{\{ (\w+) \}\}$", lambda match: _table(match[1]), markdown, flags=re.MULTILINE)
    sources = {file.src_uri: COPIED.get(file.src_uri, f"docs/{file.src_uri}") for file in files}
    return links.on_site(made, page.file.src_uri, sources, load().codes)


def _table(name: str) -> str:
    registry = load()
    tables = {
        "commands": reference.commands,
        "general": reference.general,
        "limits": reference.limits,
        "options": lambda: reference.options(registry),
        "precision": results.precision,
        "rules": lambda: rule_pages.table(registry),
        "speed": results.speed,
        "training": reference.training,
    }
    return tables[name]()
