"""A rule's page, and the table of all rules."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from itertools import groupby

from netlint.engine.registry import Entry, Registry
from netlint.engine.rule import Contract, Example
from netlint.reports.terminal import Paint, table, wrapped

INDENT = "    "


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
    first, *paragraphs = re.split(r"\n(?:[ \t]*\n)+", page.strip())
    yield wrapped(" ".join(first.split()), "", columns)
    for paragraph in paragraphs:
        title, *lines = paragraph.split("\n") if not paragraph.startswith(" ") else ["", *paragraph.split("\n")]
        yield from ("", paint(title, "bold")) if title else ("",)
        is_list = any(line.lstrip().startswith(("- ", "* ")) or "  " in line.strip() for line in lines)
        if is_list:
            yield from lines
        elif lines:
            yield wrapped(" ".join(" ".join(lines).split()), INDENT, columns)


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
