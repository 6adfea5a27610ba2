"""A rule's page, and the table of all rules; for the terminal, as JSON and as Markdown."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from netlint.engine.registry import Entry, Registry
from netlint.engine.rule import Contract, Example
from netlint.reports.measured import Measured, measured
from netlint.reports.terminal import Paint, flowing, wrapped

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
    for number, one in enumerate(measured(rule.code)):
        yield from ("", paint("What we measured", "bold")) if number == 0 else ("",)
        yield wrapped(f"{one.question} {one.summary}", INDENT, columns)
        yield paint(wrapped(f"{one.command} ({one.data}, {one.date})", INDENT, columns), "dim")
    if rule.fix_contract:
        yield from ("", paint("What the fix promises", "bold"), f"{INDENT}{_promise(rule.fix_contract)}")
    if rule.options:
        yield from ("", paint(f"Options, under [tool.netlint.rules.{rule.name}]", "bold"))
        rows = [(name, _setting(option.default), option.help) for name, option in rule.options.items()]
        yield from (line for lines in flowing(rows, columns, INDENT) for line in lines)
    yield from _example("Flagged", entry.invalid, paint, columns)
    yield from _example("Fine", entry.valid, paint, columns)


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


def _example(title: str, examples: tuple[Example, ...], paint: Paint, columns: int) -> Iterator[str]:
    if examples:
        because = wrapped(f"{title}: {examples[0].because}" if examples[0].because else title, "", columns)
        yield from ("", paint(title, "bold") + because.removeprefix(title), textwrap.indent(_plain_code(examples[0]), INDENT))


def _plain_code(example: Example) -> str:
    return re.sub(r"# here$", "# flagged", textwrap.dedent(example.code).strip("\n"), flags=re.MULTILINE)


def render_table(registry: Registry, paint: Paint, columns: int = 110) -> str:
    """All rules by chapter: code, name, severity, the statements they carry, and what they say in one line."""
    rules = [entry.rule for entry in registry.entries]
    rows = [(rule.code, rule.name, rule.severity.value, " ".join(rule.statements), rule.summary) for rule in rules]
    shown = dict(zip((rule.code for rule in rules), flowing(rows, columns, "  "), strict=True))
    blocks = []
    for chapter, entries in groupby(registry.entries, key=lambda entry: entry.chapter):
        lines = [paint(chapter, "bold")]
        for rule in (entry.rule for entry in entries):
            first, *others = shown[rule.code]
            word = rule.severity.value
            place = first.index(f" {word} " if f" {word} " in first else f" {word}", len(rule.code) + len(rule.name)) + 1
            end = place + len(word)
            lines += [f"{first[:place]}{paint.severity(rule.severity)}{first[end:]}", *others]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


# -- for other programs ------------------------------------------------------------------------------------------------------


def render_json(entries: Sequence[Entry]) -> str:
    """A list of rules, each with its page as Markdown."""
    return json.dumps([as_json(entry) for entry in entries], indent=2, ensure_ascii=False) + "\n"


def as_json(entry: Entry) -> dict[str, object]:
    """A rule as other tools read it; `explanation` is its page as Markdown."""
    rule = entry.rule
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "chapter": entry.chapter,
        "summary": rule.summary,
        "statements": list(rule.statements),
        "evidence": rule.evidence,
        "measured": [one.as_json() for one in measured(rule.code)],
        "needs": rule.needs.value,
        "fix": rule.fix_contract.as_json() if rule.fix_contract else None,
        "options": [{"name": name, "default": option.default, "help": option.help} for name, option in rule.options.items()],
        "explanation": markdown(entry.page),
        "examples": {
            "flagged": [{"code": _plain_code(one), "because": one.because} for one in entry.invalid],
            "fine": [{"code": _plain_code(one), "because": one.because} for one in entry.valid],
        },
    }


def render_markdown(entries: Sequence[Entry]) -> str:
    """The pages as Markdown, one below the other."""
    return "\n".join("\n\n".join(_markdown_page(entry)) + "\n" for entry in entries)


def _markdown_page(entry: Entry) -> Iterator[str]:
    rule = entry.rule
    yield f"# {rule.code} {rule.name}"
    yield f"{', '.join((rule.severity.value.capitalize(), *rule.statements))}."
    yield markdown(entry.page).strip()
    if rule.evidence:
        yield from ("## Evidence in one line", _unmarked(rule.evidence))
    for number, one in enumerate(measured(rule.code)):
        yield from ("## What we measured",) if number == 0 else ()
        yield measurement(one)
    if rule.fix_contract:
        yield from ("## What the fix promises", f"{_promise(rule.fix_contract)}.")
    if rule.options:
        yield f"## Options, under `[tool.netlint.rules.{rule.name}]`"
        rows = [f"| `{name}` | `{_setting(option.default)}` | {_unmarked(option.help)} |" for name, option in rule.options.items()]
        yield "\n".join(["| option | default | meaning |", "|---|---|---|", *rows])
    for title, examples in (("Flagged", entry.invalid), ("Fine", entry.valid)):
        if examples:
            because = f"{_unmarked(examples[0].because)}\n\n" if examples[0].because else ""
            yield from (f"## {title}", f"{because}```python\n{_plain_code(examples[0])}\n```")


def measurement(one: Measured) -> str:
    """What one experiment says of a rule, as Markdown."""
    return f"{_unmarked(one.question)} {_unmarked(one.summary)} (`{one.command}`, {one.data}, {one.date})"
