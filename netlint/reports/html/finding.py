"""One finding as part of a page: what and where it is, the code, what belongs to it, and the fix as a diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from netlint.engine.diagnostic import Diagnostic, Fix, Related
from netlint.engine.reading import Source
from netlint.engine.run import Report
from netlint.fixes.source.applying import Document, merged
from netlint.reports.html.markup import Markup, element, joined
from netlint.reports.html.page import details, prose
from netlint.reports.places import Places, reread
from netlint.reports.terminal import TAB, columns_of, counted, printable

BOM = "\ufeff"
NEWLINE = Markup("\n")
AROUND = 2
"""Rows of code shown before and after what matters."""
GUTTER = 4
"""Columns for the number of a row."""
WIDEST = 200
"""Characters of a row that are shown."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that shows a finding: its number on the page, its network, the first of the layers that are marked."""

    picture: int
    network: str
    layer: int | None


@dataclass(slots=True)
class Articles:
    """Writes the findings of a report. `drawn` are the pictures of each finding by its place in the report, its own network's first."""

    report: Report
    places: Places
    drawn: Mapping[int, Sequence[Drawn]] = field(default_factory=dict)
    _sources: dict[str, Source | None] = field(default_factory=dict)

    def article(self, number: int, finding: Diagnostic) -> Markup:
        """One finding; `number` counts from 1."""
        name = f"finding-{number}"
        severity = finding.severity.value
        head = element(
            "h4",
            element("span", severity, class_=f"badge {severity}"),
            " ",
            element("a", finding.code, href=f"#rule-{finding.code}"),
            f" {finding.name} ",
            element("a", self.place_of(finding), href=f"#{name}", class_="place"),
        )
        parts = [head, prose(finding.message), *self.frame(finding), *self.belongings(number, finding)]
        if finding.fix is not None:
            parts.append(self.fix(finding, finding.fix))
        return element("article", *parts, class_="finding", id=name, data_code=finding.code, data_severity=severity, tabindex=-1)

    def place_of(self, finding: Diagnostic) -> str:
        """Row and column; the cell of a notebook, or the node of a model."""
        start = finding.location
        part = self.places.part(finding)
        return part or f"line {start.row}, column {start.column}"

    # -- code ---------------------------------------------------------------------------------------------------------

    def frame(self, finding: Diagnostic) -> Iterator[Markup]:
        """The row that is meant with those around it, and a caret line below it; nothing where there is no text."""
        source = self.source(finding.filename) if finding.frontend != "onnx" else None
        lines = source.lines if source else []
        row, start = finding.location.row, finding.location.column - 1
        if source is None or row > len(lines) or not lines[row - 1].strip():
            return
        line = lines[row - 1]
        end = finding.end_location.column - 1 if finding.end_location.row == row else len(line.rstrip())
        before, marked, after = (_shown(part) for part in (line[:start], line[start:end] or line[start : start + 1], line[end:]))
        around = _around(source, row)
        indent = min(len(_shown(code)) - len(_shown(code).lstrip()) for number in around if (code := lines[number - 1]).strip())
        before = before[indent:]
        rows: list[str] = []
        for number in around:
            label = str((source.cell_of(number) or (0, number))[1])
            gutter = element("span", f"{label:>{GUTTER}} | ", class_="gutter")
            if number != row:
                rows += [gutter, _shown(lines[number - 1])[indent:][:WIDEST].rstrip(), NEWLINE]
                continue
            rows += [gutter, before, element("mark", marked[:WIDEST]), after[:WIDEST].rstrip(), NEWLINE]
            carets = "^" * max(1, columns_of(marked[:WIDEST]))
            rows += [element("span", f"{'':{GUTTER}} | ", class_="gutter"), " " * columns_of(before)]
            rows += [element("span", carets, class_="caret"), NEWLINE]
        yield element("pre", element("code", *rows), class_="wide", tabindex=0, role="region", aria_label="Code")

    def source(self, filename: str) -> Source | None:
        if filename not in self._sources:
            self._sources[filename] = self.report.sources.get(filename) or reread(filename)
        return self._sources[filename]

    # -- what belongs to it -----------------------------------------------------------------------------------------

    def belongings(self, number: int, finding: Diagnostic) -> Iterator[Markup]:
        entries: list[tuple[str, Sequence[str]]] = []
        if finding.symbol:
            times = f" ({counted(finding.count, 'time')} in this network)" if finding.count > 1 else ""
            entries.append(("In", [element("code", finding.symbol), times, *self._links(number)]))
        entries += [(related.message[:1].upper() + related.message[1:], [self._related(related, finding)]) for related in finding.related]
        if finding.confidence == "likely":
            entries.append(("Certainty", ["likely; part of the network could not be seen"]))
        rule = self.report.rules.get(finding.code)
        if rule is not None and rule.evidence:
            link = element("a", "for and against", href=f"#rule-{finding.code}")
            entries.append(("Evidence", [rule.evidence, " (", link, ")"]))
        if entries:
            yield element("dl", *(joined(element("dt", name), element("dd", *told)) for name, told in entries), class_="facts")

    def _links(self, number: int) -> Iterator[Markup]:
        """Ways to the pictures, for those who can see them."""
        first, *others = self.drawn.get(number - 1, ()) or (None,)
        if first is not None:
            yield Markup(" ")
            yield _link(first, "show in the network" if first.layer is not None else "show the network")
        if others:
            links = [joined(" ", _link(one, one.network)) for one in others if one is not None]
            yield joined(" ", details(f"and in {counted(len(links), 'other network')}", element("p", *links)))

    def _related(self, related: Related, finding: Diagnostic) -> Markup:
        cell = self.places.cell(related.filename, related.location.row)
        place = cell or f"line {related.location.row}, column {related.location.column}"
        if related.filename.endswith(".onnx"):
            return element("code", related.filename)
        if related.filename != finding.filename:
            place = f"{related.filename}, {place}"
        source = self.source(related.filename)
        lines = source.lines if source else []
        row = related.location.row
        code = [": ", element("code", _shown(lines[row - 1]).strip()[:WIDEST])] if row <= len(lines) else []
        return joined(place, *code)

    # -- the fix ------------------------------------------------------------------------------------------------------

    def fix(self, finding: Diagnostic, fix: Fix) -> Markup:
        """The fix, with what it promises and what was measured."""
        how = {"safe": "--fix makes it", "unsafe": "--unsafe-fixes makes it", "display": "only shown"}[fix.applicability]
        contract = fix.contract
        promises = f"forward {contract.forward.value}, state_dict {contract.state_dict.value}, training {contract.training.value}"
        measured = _measured(fix.verified) if fix.verified else ["not in this run; ", element("code", "netlint verify"), " measures it"]
        entries = [("Promises", [promises]), *([("Measured", measured)] if fix.edits else [])]
        facts = element("dl", *(joined(element("dt", name), element("dd", *told)) for name, told in entries), class_="facts")
        badge = element("span", fix.applicability, class_=f"badge {fix.applicability}")
        source = self.source(finding.filename) if fix.edits else None
        parts = [facts, *([_diff(source.text, fix)] if source else [])]
        return details(joined("Fix: ", fix.message, " ", badge, " ", element("span", f"({how})", class_="dim")), *parts)


def _around(source: Source, row: int) -> range:
    """The rows to show for one: those next to it, in the same cell of a notebook, and no empty ones at the end of the file."""
    rows = len(source.lines) - (source.lines[-1] == "")
    cell = source.cell_of(row)
    first = source.cells[cell[0] - 1] if cell else 1
    last = min([rows, *(start - 1 for start in source.cells[cell[0] : cell[0] + 1])]) if cell else rows
    return range(max(first, row - AROUND), min(last, row + AROUND) + 1)


def _link(drawn: Drawn, words: str) -> Markup:
    layer = {} if drawn.layer is None else {"data_layer": str(drawn.layer)}
    return element("a", words, href=f"#network-{drawn.picture}", class_="to-network", **layer)


def _shown(code: str) -> str:
    return printable(code.replace("\t", " " * TAB))


def _measured(verified: Mapping[str, object]) -> list[str]:
    return [", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in verified.items() if value not in (None, "", [], {}))]


def _diff(text: str, fix: Fix) -> Markup:
    """What the edits change, a unified diff of the rows that they touch."""
    old = Source(text.removeprefix(BOM)).lines
    starts = accumulate((len(line) + 1 for line in old), initial=0)
    new = Source(Document("\n".join(old), "utf-8", tuple(starts)[:-1]).with_edits(merged([fix])).decode()).lines
    first = max(0, min(edit.location.row for edit in fix.edits) - 1 - AROUND)
    after = max(0, len(old) - max(edit.end_location.row for edit in fix.edits) - AROUND)
    rows = []
    for line in difflib.unified_diff(old[first : len(old) - after], new[first : len(new) - after], n=AROUND, lineterm=""):
        if line.startswith(("---", "+++", "@@")):
            continue
        kind = {"+": "ins", "-": "del"}.get(line[0], "span")
        rows.append(joined(element(kind, line[0] + _shown(line[1:])[:WIDEST]), NEWLINE))
    return element("pre", element("code", *rows), class_="wide diff", tabindex=0, role="region", aria_label="The fix as a diff")
