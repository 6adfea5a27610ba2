"""A rule's page, and the table of all rules."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from netlint.engine.registry import Entry, Registry
from netlint.engine.rule import Contract, Example
from netlint.reports.terminal import Paint, table, wrapped

INDENT = "    "
_CODE_SPAN = re.compile(r"(`[^`]*`)")
_MARKUP = re.compile(r"[\\*_\[\]<>#|]")
"""Characters that mean something in Markdown."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a rule's docstring, and the title above it if it is the first of its section."""

    title: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.lines).split())

    @property
    def is_list(self) -> bool:
        return any(line.lstrip().startswith(("- ", "* ")) for line in self.lines)

    @property
    def is_set_apart(self) -> bool:
        """Lines with columns in them."""
        return any("  " in line.strip() for line in self.lines)


def paragraphs(page: str) -> list[Paragraph]:
    """The paragraphs of a rule's docstring; the first has no title, and is what the rule says in one line."""
    first, *others = re.split(r"\n(?:[ \t]*\n)+", page.strip())
    found = [Paragraph("", tuple(first.split("\n")))]
    for other in others:
        title, *lines = other.split("\n") if not other.startswith(" ") else ["", *other.split("\n")]
        found.append(Paragraph(title, tuple(lines)))
    return found


def section(page: str, title: str) -> str:
    """The first paragraph under a title, on one line; empty if there is none."""
    return next((paragraph.text for paragraph in paragraphs(page) if paragraph.title == title), "")


def markdown(page: str) -> str:
    """The docstring of a rule as Markdown."""
    return "\n\n".join(part for paragraph in paragraphs(page) for part in _markdown(paragraph)) + "\n"


def _markdown(paragraph: Paragraph) -> Iterator[str]:
    if paragraph.title:
        yield f"## {_unmarked(paragraph.title)}"
    lines = textwrap.dedent("\n".join(paragraph.lines))
    if paragraph.is_list:
        yield re.sub(r"(?m)^(\s*)\\\*(?= )", r"\1*", _unmarked(lines))
    elif paragraph.is_set_apart:
        yield f"```text\n{lines}\n```"
    elif lines:
        yield _unmarked(paragraph.text)


def _unmarked(text: str) -> str:
    """Text that Markdown shows as it is; code in backticks stays code."""
    parts = _CODE_SPAN.split(text)
    return "".join(part if part.startswith("`") else _MARKUP.sub(r"\\\g<0>", part) for part in parts)


def render_page(entry: Entry, paint: Paint, columns: int) -> str:
    """One rule in full: what its file says, its options, and an example of each kind."""
    return "\n".join(_page(entry, paint, columns)) + "\n"


def _page(entry: Entry, paint: Paint, columns: int) -> Iterator[str]:
    rule = entry.rule
    carries = f"  {', '.join(rule.statements)}" if rule.statements else ""
    yield f"{paint(f'{rule.code} {rule.name}', 'bold')}  {paint.severity(rule.severity)}{paint(carries, 'dim')}"
    yield from _prose(entry.page, paint, columns)
    if rule.evidence:
        yield from ("", paint("Evidence in one line", "bold"), wrapped(rule.evidence, INDENT, columns))
    if rule.fix_contract:
        yield from ("", paint("What the fix promises", "bold"), f"{INDENT}{_promise(rule.fix_contract)}")
    if rule.options:
        yield from ("", paint(f"Options, under [tool.netlint.rules.{rule.name}]", "bold"))
        rows = [(name, _setting(option.default), option.help) for name, option in rule.options.items()]
        yield from (f"{INDENT}{line}" for line in table(rows))
    yield from _example("Flagged", entry.invalid, paint)
    yield from _example("Fine", entry.valid, paint)


def _prose(page: str, paint: Paint, columns: int) -> Iterator[str]:
    """The docstring with its titles in bold and its paragraphs wrapped; lists and lines that are set apart keep their lines."""
    first, *rest = paragraphs(page)
    yield wrapped(first.text, "", columns)
    for paragraph in rest:
        yield from ("", paint(paragraph.title, "bold")) if paragraph.title else ("",)
        if paragraph.is_list or paragraph.is_set_apart:
            yield from paragraph.lines
        elif paragraph.lines:
            yield wrapped(paragraph.text, INDENT, columns)


def _setting(value: object) -> str:
    """A value as a settings file has it (TOML's arrays, strings and truth values are JSON's)."""
    return json.dumps(value)


def _promise(contract: Contract) -> str:
    return f"forward {contract.forward.value}, state_dict {contract.state_dict.value}, training {contract.training.value}"


def _example(title: str, examples: tuple[Example, ...], paint: Paint) -> Iterator[str]:
    if examples:
        because = f": {examples[0].because}" if examples[0].because else ""
        yield from ("", paint(title, "bold") + because, _code(examples[0]))


def _code(example: Example) -> str:
    code = re.sub(r"# here$", "# flagged", textwrap.dedent(example.code).strip("\n"), flags=re.MULTILINE)
    return textwrap.indent(code, INDENT)


def render_table(registry: Registry, paint: Paint) -> str:
    """All rules by chapter: code, name, severity, the statements they carry, and what they say in one line."""
    lines = []
    for chapter, entries in groupby(registry.entries, key=lambda entry: entry.chapter):
        rules = [entry.rule for entry in entries]
        lines.append(paint(chapter, "bold"))
        rows = [(rule.code, rule.name, rule.severity.value, " ".join(rule.statements), rule.summary) for rule in rules]
        lines.extend(f"  {line}" for line in table(rows))
    return "\n".join(lines) + "\n"
