"""The rule tester: what netlint's own rules are held to, for rule packs as well."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from netlint.engine.evaluation import check_graph
from netlint.engine.notices import NOT_CHECKED
from netlint.engine.placement import candidates
from netlint.engine.reading import graphs, read
from netlint.engine.registry import Entry
from netlint.engine.rule import Example, Rule, Severity
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.frontends.errors import SourceError
from netlint.graph import Graph

IMPORTS = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"
MARK = re.compile(r"#\s*here\s*$")
SECTIONS = ("What", "Why", "Evidence for", "Evidence against", "When it is fine", "The fix")
LEAST_INVALID = 2
LEAST_VALID = 3


class ExampleError(AssertionError):
    """A rule does not do what its example says; the message shows the example's code."""


def render_example(example: Example) -> str:
    """The example as a whole file, with its imports."""
    return IMPORTS + example.code


def check_example(rule: Rule, example: Example) -> None:
    """Reads an example and puts the rule to it.

    Raises ExampleError unless the rule flags exactly the lines that end in `# here`, each with the expected severity, and answers
    Unknown if the example says so.
    """
    code = render_example(example)
    expected = [row + IMPORTS.count("\n") for row in _marked(example)]
    flagged, unknown = _answers(rule, example, code)
    rows = sorted(flagged)
    if rows != expected:
        raise wrong(rule, code, f"flags {_rows(rows)}, and should flag {_rows(expected)}", unknown)
    severity = example.severity or rule.severity
    for row, found in flagged.items():
        if found is not severity:
            raise wrong(rule, code, f"says {found.value} in line {row}, and should say {severity.value}", unknown)
    if example.unknown and not unknown:
        raise wrong(rule, code, "should answer Unknown, and is clear", unknown)


def _answers(rule: Rule, example: Example, code: str) -> tuple[dict[int, Severity], list[str]]:
    """The flagged rows with their severities, and the reasons of the unknowns."""
    settings = settings_of(rule, example)
    try:
        networks = networks_in(code)
    except SourceError as error:
        raise wrong(rule, code, f"cannot read line {error.row}: {error.message}", []) from error
    flagged: dict[int, Severity] = {}
    unknown: list[str] = []
    for graph in networks:
        found, unanswered = check_graph(graph, [rule], settings)
        unknown += [question.reason for question in unanswered]
        for candidate in candidates(found, graph):
            diagnostic = candidate.diagnostic
            if diagnostic.code == NOT_CHECKED.code:
                raise wrong(rule, code, diagnostic.message, unknown)
            row = diagnostic.location.row
            flagged[row] = min(diagnostic.severity, flagged.get(row, diagnostic.severity), key=lambda severity: severity.rank)
    return flagged, unknown


def settings_of(rule: Rule, example: Example) -> Settings:
    """The settings that an example is meant for. Raises ExampleError if it sets an option that the rule does not have."""
    stranger = [key for key in example.options if key not in rule.options]
    if stranger:
        raise ExampleError(f"{rule.code} has no option `{stranger[0]}`")
    return Settings(selected=frozenset({rule.code}), options={rule.name: example.options}, training=example.training)


def networks_in(code: str) -> list[Graph]:
    """The networks that the static reader sees in an example. Raises SourceError if it is not Python."""
    file = example_file(code)
    return graphs(file, read(file)).graphs


def example_file(code: str) -> InputFile:
    """An example as a file that need not exist."""
    return InputFile("example.py", Path("example.py").absolute(), Path.cwd(), text=code.encode("utf-8"))


def _rows(rows: list[int]) -> str:
    return f"line {', '.join(map(str, rows))}" if rows else "nothing"


def wrong(rule: Rule, code: str, what: str, unknown: list[str]) -> ExampleError:
    numbered = "\n".join(f"{row:3}  {line}" for row, line in enumerate(code.rstrip("\n").split("\n"), start=1))
    reasons = "".join(f"\n     unknown: {reason}" for reason in dict.fromkeys(unknown))
    return ExampleError(f"{rule.code} {rule.name} {what}\n{numbered}{reasons}")


def check_metadata(entry: Entry) -> None:
    """Raises AssertionError unless a rule says what a user needs: a summary, evidence, a page with all sections, enough examples."""
    rule = entry.rule
    assert re.fullmatch(r"[A-Z]{2,}\d{3}", rule.code), f"{rule.code}: a code is letters and three digits"
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name), f"{rule.code}: a name is in kebab case"
    assert rule.subjects, f"{rule.code}: no check is registered"
    assert rule.summary and "\n" not in rule.summary, f"{rule.code}: the summary is one line"
    assert rule.evidence and "\n" not in rule.evidence, f"{rule.code}: the evidence is one line"
    missing = [title for title in SECTIONS if not re.search(rf"^{title}\s*$", entry.page, re.MULTILINE)]
    assert not missing, f"{rule.code}: its page has no section {', '.join(missing)}"
    assert len(entry.invalid) >= LEAST_INVALID, f"{rule.code}: fewer than {LEAST_INVALID} invalid examples"
    assert len(entry.valid) >= LEAST_VALID, f"{rule.code}: fewer than {LEAST_VALID} valid examples"
    for example in entry.valid:
        assert example.because, f"{rule.code}: a valid example does not say why\n{example.code}"
        assert not _marked(example), f"{rule.code}: a valid example has a line marked `# here`\n{example.code}"
    for example in entry.invalid:
        assert _marked(example), f"{rule.code}: an invalid example has no line marked `# here`\n{example.code}"


def _marked(example: Example) -> list[int]:
    """The rows of an example that are to be flagged."""
    return [row for row, line in enumerate(example.code.split("\n"), start=1) if MARK.search(line)]


def check_rule(module: ModuleType) -> None:
    """Everything above on the rule of a module. Raises AssertionError for the first thing that is wrong."""
    entry = Entry.of(module, module.rule)
    check_metadata(entry)
    for example in (*entry.invalid, *entry.valid):
        check_example(entry.rule, example)
