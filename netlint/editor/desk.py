"""What lies open on the editor's desk: each document with its last reading, and the answers to questions about it.

This is the worker's side. It knows files, rows and columns, as the engine does, and nothing of the protocol.
"""

from __future__ import annotations

import io
import sys
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from netlint.config import Configuration
from netlint.editor import hovering, outline
from netlint.editor.messages import SETTINGS, Answer, Hover, Offer, Rewritten, Symbol, Terms
from netlint.editor.projects import OpenProject
from netlint.editor.recovery import Readable, recover
from netlint.engine.bounds import OutOfBounds, bounds, reason
from netlint.engine.diagnostic import Diagnostic, Fix, Position
from netlint.engine.errors import NetlintError
from netlint.engine.evaluation import Found
from netlint.engine.notices import UNUSED_SUPPRESSION
from netlint.engine.reading import Source
from netlint.engine.rechecking import Stamp, stamp
from netlint.engine.registry import load
from netlint.engine.run import Task, judge, merged, not_checked
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile, is_excluded, project_root
from netlint.fixes.checking import check_networks
from netlint.fixes.proposal import Checked, Proposal, effects
from netlint.fixes.proving import Prover
from netlint.fixes.source import fix_source, proposals
from netlint.fixes.source.ignoring import add_ignores
from netlint.frontends.decoding import decode
from netlint.frontends.errors import SourceError
from netlint.frontends.source import read
from netlint.graph import Graph, Location


@dataclass(slots=True)
class Document:
    """A document as it was last read. `readable` is what was read, `judged` and `findings` what it gave, in the rows of `readable`;
    `offers` is there once somebody has asked for it."""

    file: InputFile
    settings: Settings
    version: int
    written: str
    readable: Readable
    judged: Sequence[tuple[Graph, Sequence[Found]]]
    findings: tuple[Diagnostic, ...]
    offers: dict[str, Offer] | None = None

    @property
    def graphs(self) -> list[Graph]:
        return [graph for graph, _ in self.judged]

    @property
    def whole(self) -> bool:
        """What is written could be read."""
        return self.readable.text == self.written


@dataclass
class Desk:
    """The open documents of an editor."""

    terms: Terms
    _documents: dict[Path, Document] = field(default_factory=dict)
    _projects: dict[Path, OpenProject] = field(default_factory=dict)
    _configurations: dict[Path, tuple[tuple[Stamp, ...], Configuration]] = field(default_factory=dict)
    _valid: dict[Path, Settings] = field(default_factory=dict)

    # -- checking ------------------------------------------------------------------------------------------------------

    def check(self, path: Path, text: str, version: int) -> Answer:
        """Reads and checks a document. What fails is in the answer, or is an exception that is no one's fault but netlint's."""
        root = project_root(path.parent)
        settings, told = self._settings(path)
        if settings is None or is_excluded(path, root, settings.excludes):
            return Answer(version, told=told)
        file = InputFile(str(path), path, root, inputs=self.terms.inputs)
        try:
            with bounds(settings.limits.seconds, settings.limits.memory):
                return self._checked(file, text, version, settings, told)
        except (OutOfBounds, MemoryError) as error:
            self._projects.clear()  # what was being read is in no good state
            return Answer(version, (not_checked(file, reason(error, settings.limits)),), told, broken=True)

    def _checked(self, file: InputFile, text: str, version: int, settings: Settings, told: tuple[str, ...]) -> Answer:
        before = self._documents.get(file.path)
        readable, failure = Readable.whole(text), None
        try:
            document = self._read(file, settings, version, text, readable)
        except SourceError as error:
            failure = not_checked(file, error.message, error.row, error.column)
            recovered = recover(text, error, before.readable.text if before is not None and before.readable.reverted else None)
            if recovered is None:
                return Answer(version, (failure,), told, broken=True)
            document = self._reread(file, settings, version, text, recovered, before)
        self._documents[file.path] = document
        findings = tuple(_in_written_rows(document))
        shown = (failure, *findings) if failure is not None else findings
        return Answer(version, shown, told, _pages(findings, settings), failure is not None)

    def _reread(
        self, file: InputFile, settings: Settings, version: int, text: str, readable: Readable, before: Document | None
    ) -> Document:
        """What can still be read of a broken document; nothing is done again where it is what was read before."""
        if before is not None and before.readable.text == readable.text and before.settings is settings:
            return replace(before, version=version, written=text, readable=readable)
        return self._read(file, settings, version, text, readable)

    def _read(self, file: InputFile, settings: Settings, version: int, text: str, readable: Readable) -> Document:
        graphs = self._graphs(file, readable.text, settings)
        source = Source(readable.text)
        outcome, judged = judge(file, settings, graphs, source)
        report = merged([Task(file, settings)], [outcome], lambda _: settings, ())
        return Document(file, settings, version, text, readable, judged, report.findings)

    def _graphs(self, file: InputFile, text: str, settings: Settings) -> list[Graph]:
        """The networks of a document, with the open texts of what it imports."""
        project = self._project(file.root)
        for other in self._documents.values():
            if other.file.root == file.root and other.file.path != file.path:
                project.show(other.file.path, other.readable.text)
        shapes = tuple(example.shape for example in file.inputs)
        return read(text, file.filename, project=project, inputs=shapes, limits=settings.limits).graphs

    def _project(self, root: Path) -> OpenProject:
        project = self._projects.get(root)
        if project is None or project.is_outdated():
            project = self._projects[root] = OpenProject(root)
        return project

    def close(self, path: Path) -> None:
        document = self._documents.pop(path, None)
        if document is not None and document.file.root in self._projects:
            self._projects[document.file.root].close(path)

    def refresh(self) -> None:
        """Files came, went or changed on disk."""
        self._projects.clear()

    # -- settings ------------------------------------------------------------------------------------------------------

    def _settings(self, path: Path) -> tuple[Settings | None, tuple[str, ...]]:
        """The settings for a document, and what the user has to know of them. Where they are not valid, those that were so last."""
        configuration = self._configuration(path)
        try:
            self._valid[path.parent] = configuration.for_file(path)
        except NetlintError as error:
            return self._valid.get(path.parent), (str(error),)
        return self._valid[path.parent], tuple(configuration.warnings)

    def _configuration(self, path: Path) -> Configuration:
        """Reads settings anew when a file that they may stand in has changed."""
        names = () if self.terms.isolated else [folder / name for folder in path.parents for name in SETTINGS]
        stamps = tuple(map(stamp, (*names, *((self.terms.config,) if self.terms.config else ()))))
        known = self._configurations.get(path.parent)
        if known is None or known[0] != stamps:
            home = self._folder(path) if self.terms.trusted else Path.home()
            known = stamps, Configuration(file=self.terms.config, isolated=self.terms.isolated, home=home)
            self._configurations[path.parent] = known
        return known[1]

    def _folder(self, path: Path) -> Path:
        """The innermost opened folder that a document stands in; its own if there is none."""
        around = [folder for folder in self.terms.folders if path.is_relative_to(folder)]
        return max(around, key=lambda folder: len(folder.parts), default=path.parent)

    # -- questions -----------------------------------------------------------------------------------------------------

    def hover(self, path: Path, position: Position) -> Hover | None:
        """What is known of the layer under the cursor, and the evidence of the findings there."""
        document = self._documents.get(path)
        row = document.readable.readable(position.row) if document is not None else None
        if document is None or row is None:
            return None
        found = hovering.hover(document.graphs, document.findings, document.settings, str(path), Position(row, position.column))
        start = document.readable.written(found.start.row) if found else None
        end = document.readable.written(found.end.row) if found else None
        if found is None or start is None or end is None:
            return None
        return replace(found, start=replace(found.start, row=start), end=replace(found.end, row=end))

    def symbols(self, path: Path) -> list[Symbol]:
        """The networks of a document with their layers."""
        document = self._documents.get(path)
        if document is None:
            return []
        return outline.outline(document.graphs, document.readable.text, str(path), document.readable.written)

    # -- fixes ---------------------------------------------------------------------------------------------------------

    def offers(self, path: Path, version: int) -> dict[str, Offer]:
        """The fixes that can be made in a document, by the fingerprint of their finding; none as in `fix`. Working them out takes as long
        as checking, so it waits until somebody asks."""
        document = self._fixable(path, version)
        if document is None:
            return {}
        if document.offers is None:
            fixes = proposals(document.judged, document.file.filename)
            found = [(one, one.fix or fixes.get((one.code, _place(one)))) for one in document.findings]
            document.offers = {one.fingerprint: _offer(one.code, fix) for one, fix in found if fix is not None and _can_be_made(fix)}
        return document.offers

    def fix(self, path: Path, version: int, kinds: Sequence[str], code: str | None, fingerprint: str | None) -> Rewritten | None:
        """The document with the fixes that `netlint check --fix` would write: of one finding, of one rule, or all of these kinds. None if
        it is another version by now, or cannot be read."""
        document = self._fixable(path, version)
        if document is None:
            return None
        wanted = _Once(code, fingerprint) if fingerprint is not None else (lambda _, finding: code in (None, finding.code))

        def read_and_check(source: bytes) -> Checked:
            text = decode(source)
            given = replace(document.file, text=source)
            return check_networks(given, document.settings, self._graphs(given, text, document.settings), Source(text))

        result = fix_source(read_and_check, _as_bytes(document.written), str(path), kinds, Prover().accept, wanted)
        refused = "; ".join(f"{one.diagnostic.code} is not fixed: {one.reason}" for one in result.given_up)
        return Rewritten(decode(result.source), refused)

    def ignore(self, path: Path, version: int, fingerprint: str, reason: str) -> Rewritten | None:
        """The document with a comment that accepts a finding, as `--add-ignore` writes it; None as in `fix`."""
        document = self._fixable(path, version)
        finding = next((one for one in document.findings if one.fingerprint == fingerprint), None) if document else None
        if document is None or finding is None:
            return None
        result = add_ignores(_as_bytes(document.written), [finding], " ".join(reason.split()).replace("#", ""))
        return Rewritten(decode(result.source), "; ".join(f"{one.code} was not accepted: {why}" for one, why in result.left))

    def _fixable(self, path: Path, version: int) -> Document | None:
        document = self._documents.get(path)
        return document if document is not None and document.version == version and document.whole else None


@dataclass
class _Once:
    """Wants one finding, and once: when it is fixed, the next of its kind may get its fingerprint."""

    code: str | None
    fingerprint: str
    _done: bool = False

    def __call__(self, _: Proposal, finding: Diagnostic) -> bool:
        if self._done or (finding.code, finding.fingerprint) != (self.code, self.fingerprint):
            return False
        self._done = True
        return True


def _pages(findings: Sequence[Diagnostic], settings: Settings) -> tuple[tuple[str, str], ...]:
    """For each code the file of its rule, whose first lines are its page; the engine's own notices have none."""
    registry = load(settings.rule_paths)
    files = {code: getattr(sys.modules.get(registry.find(code).origin), "__file__", None) for code in {one.code for one in findings}}
    return tuple((code, Path(file).as_uri()) for code, file in sorted(files.items()) if file and Path(file).is_file())


def _can_be_made(fix: Fix) -> bool:
    return bool(fix.edits) and fix.applicability != "display"


def _offer(code: str, fix: Fix) -> Offer:
    return Offer(code, fix.message, fix.applicability == "safe", ", ".join(effects(fix.contract)))


def _place(finding: Diagnostic) -> Location:
    start, end = finding.location, finding.end_location
    return Location(finding.filename, start.row, start.column, end.row, end.column)


def _in_written_rows(document: Document) -> list[Diagnostic]:
    """The findings whose lines still stand in the document, in its rows."""
    readable, path = document.readable, document.file.filename
    if document.whole:
        return list(document.findings)
    found = []
    for finding in document.findings:
        start, end = readable.written(finding.location.row), readable.written(finding.end_location.row)
        if start is None or end is None or (finding.code == UNUSED_SUPPRESSION.code and not readable.reverted):
            continue  # a comment may have its finding in what is blanked
        related = []
        for place in finding.related:
            row = readable.written(place.location.row) if place.filename == path else place.location.row
            if row is not None:
                related.append(replace(place, location=replace(place.location, row=row)))
        location, end_location = replace(finding.location, row=start), replace(finding.end_location, row=end)
        found.append(replace(finding, location=location, end_location=end_location, related=tuple(related), fix=None))
    return found


def _as_bytes(text: str) -> bytes:
    """A text as its file would hold it: in the encoding that its own comment names. Raises SourceError if that cannot hold it."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return text.encode(encoding)
    except (SyntaxError, UnicodeEncodeError) as error:
        raise SourceError(f"the text cannot be encoded: {error}") from error
