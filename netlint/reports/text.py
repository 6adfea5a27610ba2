"""The report that people read: a block for each finding, advice in one line a class and rule, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.notices import NOT_CHECKED
from netlint.engine.rule import Severity
from netlint.engine.run import Report
from netlint.reports.places import place, reread
from netlint.reports.terminal import Paint, code_frame, counted, printable, wrapped

ROWS_SHOWN = 6
REASONS_SHOWN = 3


@dataclass(slots=True)
class TextReport:
    """Renders a run's report. `verbose` shows each piece of advice in full, and every reason for which something was not evaluated."""

    report: Report
    paint: Paint = field(default_factory=Paint)
    columns: int = 100
    verbose: bool = False
    _lines: dict[str, list[str]] = field(default_factory=dict)
    _explained: set[tuple[str, str]] = field(default_factory=set)

    def render(self) -> str:
        """The whole report, ending in the summary."""
        findings = self.report.findings
        advice = [] if self.verbose else [finding for finding in findings if finding.severity is Severity.ADVICE]
        blocks = ["\n".join(self.block(finding)) for finding in findings if self.verbose or finding.severity is not Severity.ADVICE]
        if advice:
            blocks.append("\n".join(self.advice(advice)))
        blocks.append("\n".join(self.summary()))
        return "\n\n".join(blocks) + "\n"

    # -- findings -----------------------------------------------------------------------------------------------------

    def block(self, finding: Diagnostic) -> Iterator[str]:
        """One finding: place, rule, message, code, and what belongs to it."""
        paint = self.paint
        head = f"{paint(self.place_of(finding), 'bold')}  "
        yield f"{head}{paint(finding.code, 'bold')} {finding.name}  {paint.severity(finding.severity)}"
        yield wrapped(printable(finding.message), "  ", self.columns)
        line = self.line(finding.filename, finding.location.row) if finding.frontend != "onnx" else None
        if line is not None and line.strip():
            same_row = finding.end_location.row == finding.location.row
            end = finding.end_location.column if same_row else None
            _, row = finding.cell or (0, finding.location.row)
            for part in code_frame(line, row, finding.location.column, end, paint, self.columns - 2):
                yield f"  {part}"
        for label, text in self.notes(finding):
            yield from self.labelled(label, printable(text))

    def labelled(self, label: str, text: str) -> Iterator[str]:
        """A label in dim, and its text, wrapped under the text's start."""
        first, *rest = wrapped(f"{label}: {text}", "  ", self.columns).split("\n")
        yield f"  {self.paint(f'{label}:', 'dim')}{first.removeprefix(f'  {label}:')}"
        yield from (f"    {line.lstrip()}" for line in rest)

    def notes(self, finding: Diagnostic) -> Iterator[tuple[str, str]]:
        """The labelled lines under a finding's code."""
        if finding.symbol and (finding.frontend != "onnx" or finding.count > 1):
            more = f" ({finding.count} times in this network)" if finding.count > 1 else ""
            yield "in", finding.symbol + more
        for related in finding.related:
            if related.filename != finding.filename or finding.frontend != "onnx":
                yield related.message, self.place(related.filename, related.location.row, related.location.column)
        if finding.confidence == "likely":
            yield "certainty", "likely; part of the network could not be seen"
        if finding.fix is not None and finding.fix.edits:
            how = "--fix makes it" if finding.fix.applicability == "safe" else "it means to change something: --unsafe-fixes"
            yield "fix", f"{finding.fix.message} ({how})"
        evidence = self.report.rules[finding.code].evidence
        if evidence and (finding.filename, finding.code) not in self._explained:
            self._explained.add((finding.filename, finding.code))  # once a file is enough to judge by
            yield "evidence", f"{evidence} (netlint rule {finding.code})"

    def place_of(self, finding: Diagnostic) -> str:
        """Where a finding is; in a model file, which has no lines, the node."""
        if finding.frontend == "onnx" and finding.symbol:
            return printable(f"{finding.filename}:{finding.symbol.removeprefix(f'{finding.network}.')}")
        return printable(place(finding))

    def place(self, filename: str, row: int, column: int) -> str:
        """A place as editors and terminals make it clickable; with the cell for a notebook."""
        source = self.report.sources.get(filename)
        cell = source.cell_of(row) if source else None
        return printable(f"{filename}:cell {cell[0]}:{cell[1]}:{column}" if cell else f"{filename}:{row}:{column}")

    def line(self, filename: str, row: int) -> str | None:
        """A line of a file; None where it cannot be had."""
        if filename not in self._lines:
            source = self.report.sources.get(filename) or reread(filename)
            self._lines[filename] = source.lines if source else []
        lines = self._lines[filename]
        return lines[row - 1] if row <= len(lines) else None

    def advice(self, findings: Iterable[Diagnostic]) -> Iterator[str]:
        """One line for each class and rule: the place of the first, the rule, how many, and what it says."""
        yield f"{self.paint('Advice', 'cyan')} {self.paint('(--verbose shows each in full)', 'dim')}"
        groups: dict[tuple[str, str, str], list[Diagnostic]] = {}
        for finding in findings:
            groups.setdefault((finding.filename, finding.scope.partition(".")[0], finding.code), []).append(finding)
        for (_, scope, _), members in groups.items():
            yield self.advice_line(scope, members)

    def advice_line(self, scope: str, findings: list[Diagnostic]) -> str:
        first, *others = findings
        place = self.place_of(first)
        where = f"{printable(scope)}: " if scope else ""
        says = printable(first.message if not others else self.report.rules[first.code].summary)
        rows = ""
        if others:
            within = [self.place_of(finding).removeprefix(f"{finding.filename}:") for finding in findings[:ROWS_SHOWN]]
            listed = ", ".join(one.rpartition(":")[0] or one for one in within)  # without the column
            rows = f" ({len(findings)} places: {listed}{', ...' if len(findings) > ROWS_SHOWN else ''})"
        return f"  {place}  {first.code} {first.name}  {where}{says}{self.paint(rows, 'dim')}"

    # -- the end ------------------------------------------------------------------------------------------------------

    def summary(self) -> Iterator[str]:
        """Counts, what was not evaluated, and what to do next."""
        yield self.counts()
        yield from self.unanswered()
        blind = self.report.blind
        if self.verbose and blind:
            yield f"Not seen: {counted(sum(blind.values()), 'place')} of networks:"
            yield from (f"  {count:,} x {printable(reason)}" for reason, count in _frequent(blind.items()))
        if self.report.findings:
            yield self.next_step()

    def counts(self) -> str:
        """One line: how many findings, of which severity, in how much."""
        report = self.report
        by_severity = [(severity, sum(finding.severity is severity for finding in report.findings)) for severity in Severity]
        words = {Severity.ERROR: ("error", "errors"), Severity.WARNING: ("warning", "warnings"), Severity.ADVICE: ("advice", "advice")}
        parts = [counted(count, *words[severity]) for severity, count in by_severity if count]
        styles = ("bold", "red") if any(count for severity, count in by_severity if severity is Severity.ERROR) else ("bold",)
        found = self.paint(", ".join(parts), *styles) if parts else self.paint("No findings", "bold", "green")
        checked = f"{counted(report.files, 'file')}, {counted(report.networks, 'network')}"
        hidden = f"; {report.suppressed} suppressed" if report.suppressed else ""
        hidden += f"; {report.accepted} in the baseline" if report.accepted else ""
        safe = sum(finding.fix is not None and finding.fix.applicability == "safe" for finding in report.findings)
        fixable = f" {safe} can be fixed with `--fix`." if safe else ""
        return f"{found} in {checked}{hidden}.{fixable}"

    def unanswered(self) -> Iterator[str]:
        """Which rules could not be evaluated somewhere, and why."""
        unanswered = self.report.unanswered
        if not unanswered:
            return
        if self.verbose:
            yield "Not evaluated:"
            for code, reasons in unanswered.items():
                for reason, count in _frequent(reasons.items()):
                    yield f"  {code}  {count:,} x {printable(reason)}"
            return
        rules_of: dict[str, list[str]] = {}
        counts: dict[str, int] = {}
        for code, reasons in unanswered.items():
            reason, count = _frequent(reasons.items())[0]
            rules_of.setdefault(reason, []).append(code)
            counts[reason] = counts.get(reason, 0) + count
        shown = [reason for reason, _ in _frequent(counts.items())[:REASONS_SHOWN]]
        listed = [f"{_rules(rules_of[reason])}: {printable(reason)}" for reason in shown]
        others = sum(len(codes) for reason, codes in rules_of.items() if reason not in shown)
        more = f"; {counted(others, 'other rule')}" if others else ""
        yield wrapped(f"Not evaluated everywhere: {'; '.join(listed)}{more} (--verbose lists all).", "", self.columns)

    def next_step(self) -> str:
        """What a person would do now."""
        worst = min(self.report.findings, key=lambda finding: finding.severity.rank)
        if worst.code == NOT_CHECKED.code:
            return "Next: make every file readable; findings in what was not checked are not shown."
        if worst.frontend == "onnx":
            return f"Next: `netlint rule {worst.code}` explains; `ignore-modules` in the settings accepts findings in a part of a model."
        return f"Next: `netlint rule {worst.code}` explains; `# netlint: ignore[{worst.code}] reason` on the line accepts it."


def _rules(codes: list[str]) -> str:
    return ", ".join(codes) if len(codes) <= REASONS_SHOWN else counted(len(codes), "rule")


def _frequent(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda item: (-item[1], item[0]))
