from __future__ import annotations

import json

import pytest

from netlint.engine.registry import Entry, Registry, load
from netlint.engine.rule import Contract, Example, Forward, Option, Rule, Severity, StateDict, TrainingEffect
from netlint.reports.measured import measured
from netlint.reports.page import as_json, render_json, render_markdown, render_page, render_table
from netlint.reports.terminal import Paint

PAGE = """A bad thing.

What
    A sentence that goes on
    in the next line.

    - a list
    - stays a list

Why
    Because.
"""
RULE = Rule(
    "NL999",
    "bad-thing",
    Severity.WARNING,
    "A bad thing, in short.",
    statements=("S24",),
    evidence="x = x",
    fix_contract=Contract(Forward.EXACT, StateDict.REMAP, TrainingEffect.SAME),
    options={"min-width": Option(256, "The least width."), "strict": Option(False, "Whether."), "names": Option(("a",), "Which.")},
)
ENTRY = Entry(RULE, PAGE, "order", valid=(Example("good()\n", because="it is"),), invalid=(Example("bad()  # here\n"),))


def test_a_page_has_the_prose_the_options_and_an_example_of_each_kind() -> None:
    assert render_page(ENTRY, Paint(), 80).splitlines() == [
        "NL999 bad-thing  warning  S24",
        "A bad thing.",
        "",
        "What",
        "    A sentence that goes on in the next line.",
        "",
        "    - a list",
        "    - stays a list",
        "",
        "Why",
        "    Because.",
        "",
        "Evidence in one line",
        "    x = x",
        "",
        "What the fix promises",
        "    forward exact, state_dict remap, training same",
        "",
        "Options, under [tool.netlint.rules.bad-thing]",
        "    min-width  256    The least width.",
        "    strict     false  Whether.",
        '    names      ["a"]  Which.',
        "",
        "Flagged",
        "    bad()  # flagged",
        "",
        "Fine: it is",
        "    good()",
    ]


@pytest.mark.parametrize("entry", load().entries, ids=lambda entry: entry.rule.code)
def test_every_page_fits_the_terminal_and_loses_no_word(entry: Entry) -> None:
    rendered = render_page(entry, Paint(), 100)
    assert set(entry.page.split()) <= set(rendered.split())
    prose = rendered.split("\nEvidence in one line\n")[0]
    assert all(len(line) <= 100 for line in prose.splitlines())


def test_the_table_is_by_chapter() -> None:
    assert render_table(Registry([ENTRY]), Paint()).splitlines() == ["order", "  NL999  bad-thing  warning  S24  A bad thing, in short."]


def test_a_narrow_table_says_it_below() -> None:
    assert render_table(Registry([ENTRY]), Paint(), 40).splitlines() == [
        "order",
        "  NL999  bad-thing  warning  S24",
        "      A bad thing, in short.",
    ]
    assert "  NL999  bad-thing  \033[33mwarning\033[0m  S24" in render_table(Registry([ENTRY]), Paint(True))


@pytest.mark.parametrize("columns", [72, 80, 110])
def test_the_table_of_all_rules_fits(columns: int) -> None:
    table = render_table(load(), Paint(), columns)
    assert all(len(line) <= columns for line in table.splitlines())
    assert all(f"  {rule.code}  {rule.name} " in table for rule in load().rules)


def test_a_page_for_programs_has_all_of_it() -> None:
    [record] = json.loads(render_json([ENTRY]))
    assert (record["code"], record["name"], record["severity"], record["chapter"]) == ("NL999", "bad-thing", "warning", "order")
    assert record["fix"] == {"forward": "exact", "state_dict": "remap", "training": "same"}
    assert record["options"][0] == {"name": "min-width", "default": 256, "help": "The least width."}
    assert record["examples"] == {
        "flagged": [{"code": "bad()  # flagged", "because": ""}],
        "fine": [{"code": "good()", "because": "it is"}],
    }
    assert record["explanation"].startswith("A bad thing.\n\n## What\n")
    assert len(json.loads(render_json(load().entries))) == len(load().entries)


def test_a_page_as_markdown() -> None:
    page = render_markdown([ENTRY])
    assert page.startswith("# NL999 bad-thing\n\nWarning, S24.\n\nA bad thing.\n\n## What\n")
    assert "| `min-width` | `256` | The least width. |\n" in page
    assert page.endswith("## Fine\n\nit is\n\n```python\ngood()\n```\n")


def test_a_page_tells_what_was_measured_also_where_it_speaks_against_the_document() -> None:
    entry = load().find("NL201")
    [one] = measured("NL201")
    assert one.verdicts == {"S7": "contradicts"}
    for page in (render_page(entry, Paint(), 100), render_markdown([entry])):
        assert "What we measured" in page
        assert "contradicts the document's S7" in " ".join(page.split())
        assert "python -m benchmarks.evidence bn-linear" in page
    assert as_json(entry)["measured"] == [one.as_json()]
    assert not measured("NL602"), "a shape needs no experiment"
