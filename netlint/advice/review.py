"""The review of a network, and of the networks of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from netlint.advice.activations import ActivationTable, activation_table
from netlint.advice.design import Design, first_unpriced
from netlint.advice.flow import MOST_WORK, Flow, flow
from netlint.advice.penalties import Ladder, ladder
from netlint.engine.diagnostic import Diagnostic
from netlint.engine.evaluation import Unanswered, check_graph
from netlint.engine.placement import candidates
from netlint.engine.reading import read, reading_of
from netlint.engine.registry import load
from netlint.engine.settings import Settings
from netlint.engine.suppression import Suppressions
from netlint.engine.targets import InputFile
from netlint.frontends.errors import SourceError
from netlint.graph import Graph, Location, Operator, Unknown
from netlint.graph import operators as ops
from netlint.graph.queries import uses_batch_statistics
from netlint.verify import BatchNoise, batch_noise

T = TypeVar("T")

MOST_NETWORKS = 3
"""Networks of a file that are reviewed unless one is named."""
MOST_PARAMETERS = 80_000_000
"""First weights in double precision, with their gradients, have to fit in memory."""
MOST_BATCHES, FEWEST_BATCHES = 32, 8
"""Batches from which the noise of their statistics is estimated; fewer than the least say nothing."""


@dataclass(frozen=True)
class Noise:
    """How noisy batch statistics are, the noisiest norm first, at the batch size `batch`, known from `source`."""

    batch: int
    source: str
    norms: tuple[BatchNoise, ...]

    def as_json(self) -> dict[str, object]:
        return {"batch": self.batch, "source": self.source, "norms": [norm.as_json() for norm in self.norms]}


@dataclass(frozen=True)
class Standing:
    """A rule's findings on the network: the first of them, and how many layers all of them concern."""

    first: Diagnostic
    count: int

    def as_json(self) -> dict[str, object]:
        one = self.first
        return {
            "code": one.code,
            "name": one.name,
            "severity": one.severity.value,
            "message": one.message,
            "filename": one.filename,
            "location": one.location.as_json(),
            "symbol": one.symbol,
            "count": self.count,
        }


@dataclass(frozen=True)
class Unjudged:
    """A question that could not be answered, and why. `rules` are the rules that asked it."""

    what: str
    reason: str
    rules: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {"what": self.what, "reason": self.reason, "rules": list(self.rules)}


@dataclass(frozen=True)
class Review:
    """All that can be said of one network. What is None is in `unjudged` with its reason, or does not apply."""

    network: str
    place: Location | None
    filename: str
    concrete: bool
    design: Design
    flow: Flow | None
    noise: Noise | None
    activations: ActivationTable | None
    ladder: Ladder | None
    standing: tuple[Standing, ...]
    unjudged: tuple[Unjudged, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "network": self.network,
            "filename": self.place.filename if self.place else self.filename,
            "row": self.place.row if self.place else None,
            "concrete": self.concrete,
            "design": self.design.as_json(),
            "flow": self.flow.as_json() if self.flow else None,
            "suggestions": [cure.as_json() for cure in self.flow.cures] if self.flow else [],
            "batch_noise": self.noise.as_json() if self.noise else None,
            "activation_costs": self.activations.as_json() if self.activations else None,
            "penalty_ladder": self.ladder.as_json() if self.ladder else None,
            "findings": [one.as_json() for one in self.standing],
            "unjudged": [one.as_json() for one in self.unjudged],
        }


def review_file(file: InputFile, settings: Settings, measure: bool = False) -> tuple[list[Review], tuple[str, ...]]:
    """The reviews of a file's networks, and notes on how it was read and what was left out.

    Concrete networks come first, then the larger ones; unless one is named, the first few are reviewed. Raises NetlintError when the file
    cannot be read, or does not have the network.
    """
    reading = reading_of(file, settings.limits)
    networks = [graph for graph in reading.graphs if graph.root is not None]
    networks.sort(key=lambda graph: (not graph.concrete, -_size(graph)))
    chosen = networks if file.network is not None else networks[:MOST_NETWORKS]
    notes = list(reading.notes)
    if left := [graph.name for graph in networks[len(chosen) :]]:
        notes.append(f"not reviewed, since it is one of many networks here: {', '.join(left)}; name one as FILE.py:NAME")
    return [review(graph, file, settings, measure) for graph in chosen], tuple(notes)


def _size(graph: Graph) -> int:
    count = graph.parameter_count()
    return 0 if isinstance(count, Unknown) else count


def review(graph: Graph, file: InputFile, settings: Settings, measure: bool = False) -> Review:
    """The review of one network that was read from a file."""
    design = Design.of(graph)
    unjudged: list[Unjudged] = []
    _told("parameters", design.parameters, unjudged)
    if design.shapes is None:
        unjudged.append(Unjudged("cost, gradient flow, batch noise, activations", _wanted_input(graph)))
    elif design.flops is None:
        unjudged.append(Unjudged("cost", _unpriced(graph)))
    if graph.training.pretrained:
        unjudged.append(Unjudged("loaded weights", "they are not read: all is measured at first weights, as for training from scratch"))
    measured, noise, table, rungs = None, None, None, None
    if design.shapes is not None:
        table = _told("cost of activations", activation_table(graph, measure), unjudged)
    if isinstance(design.parameters, int) and design.parameters > MOST_PARAMETERS:
        reason = f"{design.parameters:,} parameters are too many to be drawn here (at most {MOST_PARAMETERS:,})"
        unjudged.append(Unjudged("gradient flow, batch noise, penalties", reason))
    else:
        rungs = _told("penalties", ladder(graph), unjudged)
        if design.shapes is not None:
            measured = _told("gradient flow", flow(graph, design.shapes, design.flops), unjudged)
            noise = _told("noise of batch statistics", _noise(graph, design, settings), unjudged)
    lost = measured.unmeasured or {} if measured else {}
    for reason in dict.fromkeys(lost.values()):
        unjudged.append(Unjudged("; ".join(name for name, why in lost.items() if why == reason), reason))
    if table is not None and table.unmeasured:
        unjudged.append(Unjudged("time of activations", table.unmeasured))
    unjudged += [Unjudged("a part of the network", reason) for reason in dict.fromkeys(place.reason for place in graph.blind)]
    standing, unanswered = _rules(graph, file, settings)
    unjudged += unanswered
    place = graph.site.location() if graph.site else None
    return Review(
        graph.name, place, graph.filename or file.filename, graph.concrete, design, measured, noise, table, rungs, standing, tuple(unjudged)
    )


def _told(what: str, answer: T | Unknown, unjudged: list[Unjudged]) -> T | None:
    """An answer; None for one that is not known, which is then noted with its reason."""
    if isinstance(answer, Unknown):
        unjudged.append(Unjudged(what, answer.reason))
        return None
    return answer


def _unpriced(graph: Graph) -> str:
    operator = first_unpriced(graph)
    if operator is None:
        return "the sizes of some results are not known"
    return f"what {operator.name} at `{operator.path or graph.name}` computes, or the shapes there, are not known"


def _wanted_input(graph: Graph) -> str:
    """What to say of an input whose shape is not known, with an example that fits where the first layer tells one."""
    for operator in graph.inputs:
        for reader in graph.consumers(operator, through=(ops.Identity, ops.Dropout)):
            example = _example(reader)
            if example:
                return f"the shape of the input is not known: give it, such as `--input {example}`"
    return "the shape of the input is not known: give it with `--input`, the batch first"


def _example(reader: Operator) -> str:
    match reader:
        case ops.Linear(in_features=int() as features):
            return f"32,{features}"
        case ops.Conv(in_channels=int() as channels, dims=int() as dims):
            return ",".join(["32", str(channels), *["64"] * dims])
        case ops.Embedding():
            return "32,16:int64"
    return ""


# -- batch statistics ---------------------------------------------------------------------------------------------------


def _noise(graph: Graph, design: Design, settings: Settings) -> Noise | Unknown | None:
    """None where no norm uses the statistics of a batch."""
    if not any(uses_batch_statistics(norm) for norm in graph.of(ops.BatchNorm)):
        return None
    batch, source = _batch(graph, settings)
    if batch is None or design.shapes is None:
        return Unknown("the batch size is not known: give `--batch-size`")
    if design.flops is None:
        return Unknown("what a pass would cost is not known")
    given = max(1, design.shapes[0][0] if design.shapes[0] else 1)
    batches = min(MOST_BATCHES, int(MOST_WORK // max(1, design.flops * batch // given)))
    if batches < FEWEST_BATCHES:
        return Unknown(f"batches of {batch} take too many operations at this input: give a smaller `--input`")
    found = batch_noise(graph, design.shapes, batch, batches=batches)
    if isinstance(found, Unknown):
        return found
    return Noise(batch, source, tuple(sorted(found, key=lambda norm: -norm.mean)))


def _batch(graph: Graph, settings: Settings) -> tuple[int | None, str]:
    """What the user states; else the smallest batch of a loader that trains the network."""
    if settings.training.batch_size is not None:
        return settings.training.batch_size, "as stated"
    loaders = [one.batch_size for one in graph.training.loaders if one.feeds_training and one.evaluation is not True]
    sizes = [size for size in loaders if isinstance(size, int)]
    return (min(sizes), "from the loader in the code") if sizes else (None, "")


# -- rules --------------------------------------------------------------------------------------------------------------


def _rules(graph: Graph, file: InputFile, settings: Settings) -> tuple[tuple[Standing, ...], list[Unjudged]]:
    """One entry a rule that has findings which nothing suppresses, the worst first; and what the rules could not know, by reason."""
    silencers: dict[str, Suppressions | None] = {}
    rules = [rule for rule in load(settings.rule_paths).rules if rule.code in settings.selected - settings.ignored_in(file.path)]
    found, unanswered = check_graph(graph, rules, settings)
    stands: dict[str, list[Diagnostic]] = {}
    for candidate in candidates(found, graph):
        one = candidate.diagnostic
        if one.filename not in silencers:
            silencers[one.filename] = _silencers(one.filename, file, settings)
        silencer = silencers[one.filename]
        ignored = settings.ignores_module(graph.name, one.symbol[len(graph.name) + 1 :])
        if not ignored and not (silencer is not None and silencer.takes(one)):
            stands.setdefault(one.code, []).append(one)
    standing = [Standing(_worst(group), sum(one.count for one in group)) for group in stands.values()]
    return tuple(sorted(standing, key=lambda one: (one.first.severity.rank, one.first.code))), list(_reasons(unanswered))


def _worst(group: list[Diagnostic]) -> Diagnostic:
    return min(group, key=lambda one: (one.severity.rank, one.order))


def _silencers(filename: str, file: InputFile, settings: Settings) -> Suppressions | None:
    """The comments of the file that a finding stands in: the one that was read, or one that it imports."""
    home = file if filename == file.filename else replace(file, filename=filename, path=Path(filename).absolute(), text=None, live="")
    if home.kind != "source" or home.model is not None:
        return None
    try:
        source = read(home)
    except SourceError:
        return None
    return Suppressions.of(filename, source, load(settings.rule_paths))


def _reasons(unanswered: list[Unanswered]) -> Iterator[Unjudged]:
    """One entry a reason, with the rules that it kept from an answer; the commonest first."""
    counts = Counter(question.reason for question in unanswered)
    for reason, _ in counts.most_common():
        codes = sorted({question.rule.code for question in unanswered if question.reason == reason})
        yield Unjudged("rules", reason, tuple(codes))
