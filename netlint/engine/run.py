"""A whole run: files to graphs, graphs to findings, findings of all networks put together and suppressed where the code says so."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Protocol

from netlint.engine import baseline
from netlint.engine.bounds import OutOfBounds, bounds, reason
from netlint.engine.diagnostic import Diagnostic, Fix, Position
from netlint.engine.errors import MissingExtra, NetlintError
from netlint.engine.evaluation import Found, check_graph
from netlint.engine.notices import NOT_CHECKED, UNUSED_SUPPRESSION
from netlint.engine.placement import Candidate, candidates, fingerprinted
from netlint.engine.reading import Source, forget, graphs, read, refuse_large
from netlint.engine.registry import load
from netlint.engine.rule import Rule
from netlint.engine.settings import Settings
from netlint.engine.suppression import Comment, Suppressions, comments
from netlint.engine.targets import InputFile, project_root
from netlint.engine.workers import Pool, spread
from netlint.frontends.errors import SourceError
from netlint.frontends.reading import Lookups
from netlint.graph import Graph, Location

SettingsFor = Callable[[Path], Settings]
"""The settings that hold for a file."""

Propose = Callable[[Sequence[tuple[Graph, Sequence[Found]]], str, Source], Mapping[tuple[str, Location], Fix]]
"""What can be done about the findings on the networks of a file with this text, by rule and place; a function of a module, for other
processes."""

Depict = Callable[[Sequence[tuple[Graph, Sequence[Found]]], str], Sequence[object]]
"""What a report keeps of the networks of a file, which are gone after it was checked; a function of a module that gives plain values."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file to check, and how."""

    file: InputFile
    settings: Settings
    propose: Propose | None = None
    depict: Depict | None = None


@dataclass(slots=True)
class Outcome:
    """What checking one file gave: plain values, so that it can come from another process."""

    candidates: list[Candidate] = field(default_factory=list)
    broken: Diagnostic | None = None
    unanswered: dict[str, dict[str, int]] = field(default_factory=dict)
    blind: dict[str, int] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences on how a model was read, and what was lost."""
    source: Source | None = None
    """The text, where it did not come straight from a file."""
    pictures: tuple[object, ...] = ()
    """What `Task.depict` kept of the networks."""
    problem: str = ""
    """A sentence on wrong use: the network that was asked for is not there."""
    unread: str = ""
    """A sentence on the package without which a file of a folder cannot be read."""
    content: str = ""
    """The digest of the file's bytes."""
    lookups: Lookups | None = None
    """What it depends on besides; None where that is not known."""


class Memory(Protocol):
    """What outlives a run."""

    def recalled(self, tasks: Sequence[Task]) -> dict[int, Outcome]:
        """The outcomes that are known and still true, by the place of their task."""

    def keep(self, tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> None:
        """Remembers what tasks have given."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run.

    `findings` are in report order, `rules` the rules that exist by code. `suppressed` counts what comments took away, `accepted` what the
    baseline holds. `unanswered` counts, by rule code and reason, the questions that no graph could answer; `blind` the places of networks
    that could not be seen, by reason. `problems` are sentences about targets that could not be used at all, `unread` those about files of
    folders that need a package which is not installed, `notes` say how models were read. `sources` holds the texts that cannot be read
    again from their files, `pictures` what was asked to be kept of the networks.
    """

    findings: tuple[Diagnostic, ...]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    files: int = 0
    networks: int = 0
    suppressed: int = 0
    accepted: int = 0
    unanswered: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    blind: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    pictures: tuple[object, ...] = ()

    @property
    def broken(self) -> bool:
        """Something was not checked: the exit code is 2."""
        return bool(self.problems or self.unread) or any(finding.code == NOT_CHECKED.code for finding in self.findings)


def check(
    files: Sequence[InputFile],
    settings_for: SettingsFor,
    jobs: int | None = None,
    problems: Iterable[str] = (),
    propose: Propose | None = None,
    on_done: Callable[[Task], None] | None = None,
    depict: Depict | None = None,
    memory: Memory | None = None,
    pool: Pool | None = None,
) -> Report:
    """Checks files. `jobs` is the number of processes (None: as many as pay off); the report does not depend on it. `propose` gives the
    findings in source files their fixes; `on_done` hears of each file that is done; `depict` keeps something of every network. `memory`
    knows the outcomes of earlier runs; `pool` is where files are checked, instead of in processes here."""
    forget()
    tasks = [Task(file, settings_for(file.path), propose, depict) for file in files]
    known = memory.recalled(tasks) if memory is not None else {}
    fresh = [task for place, task in enumerate(tasks) if place not in known]
    if on_done is not None:
        for place in known:
            on_done(tasks[place])
    made = checked_all(fresh, jobs, on_done, pool)
    if memory is not None:
        memory.keep(fresh, made)
    rest = iter(made)
    outcomes = [known[place] if place in known else next(rest) for place in range(len(tasks))]
    return merged(tasks, outcomes, settings_for, tuple(problems))


def checked_all(tasks: Sequence[Task], jobs: int | None, on_done: Callable[[Task], None] | None, pool: Pool | None = None) -> list[Outcome]:
    """The outcome of each task. Live models stay in this process: they are here, or are made here, once."""
    here = [task for task in tasks if task.file.kind == "module" or task.file.model is not None]
    done = {id(task): check_file(task) for task in here}
    away = [task for task in tasks if id(task) not in done]
    patience = 2 * max((task.settings.limits.seconds for task in away), default=0)  # each file ends itself; this is for code that cannot
    results = spread(check_file, away, [task.file.size for task in away], jobs, lost=_lost, on_done=on_done, seconds=patience, pool=pool)
    done.update(zip(map(id, away), results, strict=True))
    return [done[id(task)] for task in tasks]


# -- one file ---------------------------------------------------------------------------------------------------------


def check_file(task: Task) -> Outcome:
    """Reads one file and puts the selected rules to its networks. Never raises: what fails is in the outcome."""
    limits = task.settings.limits
    try:
        with bounds(limits.seconds, limits.memory if task.file.kind == "source" else None):
            return _checked(task)
    except (OutOfBounds, MemoryError) as error:
        given_up = reason(error, limits)
    except SourceError as error:
        return Outcome(broken=not_checked(task.file, error.message, error.row, error.column), source=_cells_of(task.file))
    except MissingExtra as error:
        return Outcome(unread=str(error)) if task.file.walked else Outcome(problem=str(error))
    except NetlintError as error:
        return Outcome(problem=str(error))
    except Exception as error:  # a front end that fails must not end the run
        defect = f"the reader failed: {type(error).__name__}: {error}. This is a defect of netlint; report it"
        return Outcome(broken=not_checked(task.file, defect))
    forget()  # what was being read is in no good state
    gc.collect()
    return Outcome(broken=not_checked(task.file, given_up))


def _cells_of(file: InputFile) -> Source | None:
    """The text of a notebook in which a cell cannot be read; None for one that is broken itself, and for any other file."""
    try:
        source = read(file)
    except SourceError:
        return None
    return source if source.cells else None


def _checked(task: Task) -> Outcome:
    file, settings = task.file, task.settings
    refuse_large(file, settings.limits)
    source = read(file)
    reading = graphs(file, source, settings.limits)
    outcome, judged = judge(file, settings, reading.graphs, source)
    outcome.notes = reading.notes
    outcome.content, outcome.lookups = source.digest, reading.lookups
    outcome.source = source if file.text is not None or source.cells else None
    if task.propose is not None and file.kind == "source":
        _add_fixes(outcome, task.propose, judged, file.filename, source)
    if task.depict is not None:
        _add_pictures(outcome, task.depict, judged, file.filename)
    return outcome


def judge(
    file: InputFile, settings: Settings, networks: Sequence[Graph], source: Source
) -> tuple[Outcome, list[tuple[Graph, list[Found]]]]:
    """The selected rules, put to the networks of a file or model: what came of it, and what was found in each network."""
    registry = load(settings.rule_paths)
    rules = [rule for rule in registry.rules if rule.code in settings.selected]
    outcome = Outcome(networks=tuple(graph.name for graph in networks), comments=comments(source.text, registry), source=source)
    judged: list[tuple[Graph, list[Found]]] = []
    unanswered: dict[str, Counter[str]] = {}
    blind: Counter[str] = Counter()
    for graph in networks:
        found, open_questions = check_graph(graph, rules, settings)
        judged.append((graph, found))
        outcome.candidates += [_at_home(candidate, file) for candidate in candidates(found, graph)]
        for question in open_questions:
            unanswered.setdefault(question.rule.code, Counter())[question.reason] += 1
        blind.update(place.reason for place in graph.blind)
    outcome.unanswered, outcome.blind = {code: dict(reasons) for code, reasons in unanswered.items()}, dict(blind)
    return outcome, judged


def _add_fixes(outcome: Outcome, propose: Propose, judged: Sequence[tuple[Graph, Sequence[Found]]], filename: str, source: Source) -> None:
    try:
        fixes = propose(judged, filename, source)
    except Exception as error:  # a finding without its fix is better than none
        outcome.notes += (f"no fixes are offered: {type(error).__name__}: {error}. This is a defect of netlint; report it",)
        return
    outcome.candidates = [
        replace(one, diagnostic=replace(one.diagnostic, fix=fix)) if (fix := fixes.get((one.diagnostic.code, one.place))) else one
        for one in outcome.candidates
    ]


def _add_pictures(outcome: Outcome, depict: Depict, judged: Sequence[tuple[Graph, Sequence[Found]]], filename: str) -> None:
    try:
        outcome.pictures = tuple(depict(judged, filename))
    except Exception as error:  # as above
        outcome.notes += (f"there are no pictures: {type(error).__name__}: {error}. This is a defect of netlint; report it",)


def _at_home(candidate: Candidate, file: InputFile) -> Candidate:
    """A model at hand has no file: its findings get its name. A rule that failed on an imported layer is reported for the file that was
    read: the imported one may not be a target."""
    if not candidate.place.filename:
        place = replace(candidate.place, filename=file.filename)
        return replace(candidate, diagnostic=replace(candidate.diagnostic, filename=file.filename), place=place)
    if candidate.diagnostic.code != NOT_CHECKED.code or candidate.place.filename == file.filename:
        return candidate
    start = Position(1, 1)
    diagnostic = replace(candidate.diagnostic, filename=file.filename, location=start, end_location=start)
    return replace(candidate, diagnostic=diagnostic, place=Location(file.filename, 1, 1, 1, 1))


def not_checked(file: InputFile, reason: str, row: int = 1, column: int = 1) -> Diagnostic:
    """The NL000 finding for a file that could not be read."""
    place = Position(max(row, 1), max(column, 1))
    return Diagnostic(
        code=NOT_CHECKED.code,
        name=NOT_CHECKED.name,
        severity=NOT_CHECKED.severity,
        message=reason,
        filename=file.filename,
        location=place,
        end_location=place,
    )


def _lost(task: Task, error: BaseException) -> Outcome:
    reason = "the process that checked this file ended (out of memory, killed, or it did not come to an end)"
    if not isinstance(error, BrokenExecutor):
        reason = f"{reason}: {type(error).__name__}: {error}"
    return Outcome(broken=not_checked(task.file, reason))


# -- all files --------------------------------------------------------------------------------------------------------


def merged(tasks: Sequence[Task], outcomes: Sequence[Outcome], settings_for: SettingsFor, problems: tuple[str, ...]) -> Report:
    pairs = sorted(zip(tasks, outcomes, strict=True), key=lambda pair: (pair[0].file.filename, pair[0].file.network or ""))
    tasks, outcomes = [task for task, _ in pairs], [outcome for _, outcome in pairs]  # the order in which files are named tells nothing
    files = {task.file.path: task.file for task in tasks}
    checked = len(files)
    models_files = _files_of_models(tasks, outcomes)
    files = {**models_files, **files}
    ordered = _ordered(_kept(tasks, outcomes, files, settings_for), files)
    findings, complaints, suppressed = _suppressed(ordered, tasks, outcomes, models_files, settings_for)
    notices = sorted([*complaints, *(outcome.broken for outcome in outcomes if outcome.broken)], key=lambda notice: notice.order)
    names = {file.filename: file.project_name for file in files.values()}
    findings += fingerprinted((notice, names[notice.filename], notice.message) for notice in notices)
    unanswered: dict[str, Counter[str]] = {}
    blind: Counter[str] = Counter()
    for outcome in outcomes:
        blind.update(outcome.blind)
        for code, reasons in outcome.unanswered.items():
            unanswered.setdefault(code, Counter()).update(reasons)
    sources = {task.file.filename: outcome.source for task, outcome in zip(tasks, outcomes, strict=True) if outcome.source}
    accepted = _accepted([finding for finding in findings if finding.code != NOT_CHECKED.code], files.values(), settings_for)
    left = [finding for finding in findings if finding.fingerprint not in accepted]
    return Report(
        findings=tuple(_in_its_cell(finding, sources) for finding in sorted(left, key=lambda finding: finding.order)),
        rules={code: load(paths).find(code).rule for paths in {task.settings.rule_paths for task in tasks} for code in load(paths).codes},
        files=checked,
        networks=sum(len(outcome.networks) for outcome in outcomes),
        suppressed=suppressed,
        accepted=len(findings) - len(left),
        unanswered={code: dict(unanswered[code]) for code in sorted(unanswered)},
        blind=dict(blind),
        problems=(*problems, *(outcome.problem for outcome in outcomes if outcome.problem)),
        unread=tuple(outcome.unread for outcome in outcomes if outcome.unread),
        notes=tuple(f"{task.file.filename}: {note}" for task, outcome in zip(tasks, outcomes, strict=True) for note in outcome.notes),
        sources=sources,
        pictures=tuple(picture for outcome in outcomes for picture in outcome.pictures),
    )


def _in_its_cell(finding: Diagnostic, sources: Mapping[str, Source]) -> Diagnostic:
    source = sources.get(finding.filename)
    return replace(finding, cell=source.cell_of(finding.location.row)) if source is not None and source.cells else finding


def _accepted(findings: Sequence[Diagnostic], files: Iterable[InputFile], settings_for: SettingsFor) -> set[str]:
    """The fingerprints of the findings that the baselines of their files hold; a baseline is looked at once."""
    named = {file.filename: file for file in files}
    paths = {filename: settings_for(Path(filename).absolute()).baseline for filename in {finding.filename for finding in findings}}
    accepted: set[str] = set()
    for path in sorted({path for path in paths.values() if path is not None}):
        here = [finding for finding in findings if paths[finding.filename] == path]
        roots = {named[finding.filename].root for finding in here}
        accepted |= baseline.accepted_by(baseline.read(path), [(finding, named[finding.filename].project_name) for finding in here], roots)
    return accepted


def _files_of_models(tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> dict[Path, InputFile]:
    """The source files that live models come from: findings on a model are shown in them, though they were not named."""
    found: dict[Path, InputFile] = {}
    for task, outcome in zip(tasks, outcomes, strict=True):
        for candidate in outcome.candidates if task.file.kind == "module" else ():
            path = Path(candidate.place.filename).absolute()
            if path not in found:
                shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
                found[path] = InputFile(str(shown), path, project_root(path.parent))
    return found


def _kept(
    tasks: Sequence[Task], outcomes: Sequence[Outcome], files: Mapping[Path, InputFile], settings_for: SettingsFor
) -> list[Candidate]:
    """One candidate a code site, of those that stand in a checked file and are not switched off there."""
    sites: dict[tuple[object, ...], list[tuple[bool, Candidate]]] = {}
    for task, outcome in zip(tasks, outcomes, strict=True):
        for candidate in outcome.candidates:
            path, place = Path(candidate.place.filename).absolute(), candidate.place
            if path in files and not _switched_off(candidate.diagnostic, path, settings_for(path)):
                key = (candidate.diagnostic.code, path, place.row, place.column, place.end_row, place.end_column, candidate.node)
                sites.setdefault(key, []).append((task.file.path != path, candidate))
    return [_most([candidate for _, candidate in sorted(group, key=itemgetter(0))]) for group in sites.values()]


def _switched_off(diagnostic: Diagnostic, path: Path, settings: Settings) -> bool:
    if diagnostic.code == NOT_CHECKED.code:
        return False
    module = diagnostic.symbol[len(diagnostic.network) + 1 :]
    enabled = settings.selected - settings.ignored_in(path)
    return diagnostic.code not in enabled or settings.ignores_module(diagnostic.network, module)


def _most(group: list[Candidate]) -> Candidate:
    """Of one code site's candidates, those from its own file first: that of the network with the most layers from it (the first such), at
    the highest severity of all, and with the fix that its own file offers.

    A script that applies a network may do so several times; it names a finding only if no network does.
    """
    most = max(group, key=lambda candidate: (candidate.of_network, candidate.diagnostic.count))
    worst = min((candidate.diagnostic.severity for candidate in group), key=lambda severity: severity.rank)
    fix = next((candidate.diagnostic.fix for candidate in (most, *group) if candidate.diagnostic.fix is not None), None)
    return replace(most, diagnostic=replace(most.diagnostic, severity=worst, fix=fix))


def _ordered(kept: Iterable[Candidate], files: Mapping[Path, InputFile]) -> list[Diagnostic]:
    """The diagnostics in report order with file names as the user gave them, and with fingerprints."""

    def given(filename: str) -> str:
        file = files.get(Path(filename).absolute())
        return file.filename if file else filename

    triples = []
    for candidate in kept:
        related = tuple(replace(place, filename=given(place.filename)) for place in candidate.diagnostic.related)
        diagnostic = replace(candidate.diagnostic, filename=given(candidate.place.filename), related=related)
        triples.append((diagnostic, files[Path(candidate.place.filename).absolute()].project_name, candidate.surroundings))
    return fingerprinted(sorted(triples, key=lambda triple: triple[0].order))


def _suppressed(
    ordered: list[Diagnostic],
    tasks: Sequence[Task],
    outcomes: Sequence[Outcome],
    models_files: Mapping[Path, InputFile],
    settings_for: SettingsFor,
) -> tuple[list[Diagnostic], list[Diagnostic], int]:
    """The findings that no comment takes away, those about comments that took nothing, and how many were taken."""
    by_file: dict[str, Suppressions] = {}
    for task, outcome in zip(tasks, outcomes, strict=True):
        if outcome.comments:
            source = outcome.source or read(task.file)
            by_file[task.file.filename] = Suppressions.of(task.file.filename, source, load(task.settings.rule_paths))
    for file in models_files.values():
        if file.filename not in by_file and (silencers := _suppressions_in(file, settings_for(file.path))):
            by_file[file.filename] = silencers
    left = [finding for finding in ordered if not (finding.filename in by_file and by_file[finding.filename].takes(finding))]
    complaints: list[Diagnostic] = []
    for task, outcome in zip(tasks, outcomes, strict=True):
        enabled = task.settings.selected - task.settings.ignored_in(task.file.path)
        whole_file = task.file.network is None and outcome.broken is None
        if task.file.filename in by_file and whole_file and UNUSED_SUPPRESSION.code in enabled:
            found = by_file[task.file.filename].unused(enabled - outcome.unanswered.keys())
            complaints += [finding for finding in found if not by_file[task.file.filename].takes(finding)]
    return left, complaints, len(ordered) - len(left)


def _suppressions_in(file: InputFile, settings: Settings) -> Suppressions | None:
    """The comments of a source file that a live model comes from; None if it is no file (a module of a frozen program)."""
    try:
        return Suppressions.of(file.filename, read(file), load(settings.rule_paths))
    except SourceError:
        return None
