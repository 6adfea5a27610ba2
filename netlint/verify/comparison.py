"""Two regions on the same tensors: results, gradients and buffers, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from netlint.graph import Graph, Operator
from netlint.graph import operators as ops
from netlint.graph.queries import depends_on_data
from netlint.layers import Array
from netlint.verify import tensors
from netlint.verify.evidence import IDENTICAL, Counterexample, Distance
from netlint.verify.region import Region
from netlint.verify.sizes import shapes
from netlint.verify.state import Remap, State, Values
from netlint.verify.tape import Pulled, Run, elements, play

FEW_ULP = 16
"""Up to so many units in the last place of the largest number that takes part, in single and in double precision, a difference is one of
rounding: a region is a handful of operations, of which each rounds once or twice."""
SIZES = 3
"""How many shapes a region is compared on."""
SHOWN = 32
"""The values of a counterexample are shown if there are no more than this."""
MANY = 12
"""Operators of a region above which it is compared on one shape."""
SEEDS = 8
"""How often a smaller counterexample is looked for at one size."""
LARGEST = 4_000_000
"""Elements of one tensor of weights above which fewer tensors are tried."""


@dataclass(frozen=True)
class Trial:
    """One run of both regions."""

    kind: tensors.Kind
    weights: str
    training: bool
    sizes: tuple[tuple[int, ...], ...]
    dtype: Any = np.float32
    seed: int = 0

    @property
    def mode(self) -> str:
        return "training" if self.training else "evaluation"


@dataclass
class Outcome:
    """What comparing one region found, over all trials."""

    tensors: int = 0
    training_results: Distance = IDENTICAL
    evaluation_results: Distance = IDENTICAL
    gradients: Distance = IDENTICAL
    buffers: Distance = IDENTICAL
    counterexamples: dict[str, Counterexample] = field(default_factory=dict)
    zero_signs: bool = False
    unverified: str | None = None

    def merged(self, other: Outcome) -> Outcome:
        """Both regions of one network: the worse of each."""
        return Outcome(
            max(self.tensors, other.tensors),
            worse(self.training_results, other.training_results),
            worse(self.evaluation_results, other.evaluation_results),
            worse(self.gradients, other.gradients),
            worse(self.buffers, other.buffers),
            other.counterexamples | self.counterexamples,
            self.zero_signs or other.zero_signs,
            self.unverified or other.unverified,
        )

    @property
    def results(self) -> Distance:
        return worse(self.training_results, self.evaluation_results)


def rank(distance: Distance) -> int:
    """0 identical, 1 rounding, 2 different."""
    return 0 if distance.identical else 1 if distance.rounding else 2


def worse(first: Distance, second: Distance) -> Distance:
    def size(distance: Distance) -> tuple[int, float]:
        return rank(distance), math.inf if distance.max_abs is None else distance.max_abs

    return first if size(first) >= size(second) else second


# -- numbers --------------------------------------------------------------------------------------------------------------


def ordered(values: Array) -> Array:
    """Floating-point numbers as integers in their order, so that neighbours differ by one and both zeros are 0."""
    wide = np.int32 if values.dtype == np.float32 else np.int64
    bits = np.ascontiguousarray(values).view(wide).astype(np.int64)
    return np.where(bits < 0, np.iinfo(wide).min - bits, bits)


def distance(before: Array, after: Array, scale: float) -> tuple[Distance, tuple[int, ...]]:
    """How far two arrays of one shape are apart, and where they are furthest apart. `scale` is the largest number besides the results."""
    if before.dtype.kind != "f":
        wrong = np.asarray(before != after)
        where = _first(wrong)
        return (Distance(rounding=False, ulp=None, ulp_of_largest=None, max_abs=_gap(before, after)) if wrong.any() else IDENTICAL), where
    equal = (before == after) | (np.isnan(before) & np.isnan(after))
    if equal.all():
        return IDENTICAL, ()
    finite = np.isfinite(before) & np.isfinite(after)
    broken = ~equal & ~finite
    if broken.any():
        return Distance(None, None, None, False), _first(broken)
    with np.errstate(all="ignore"):
        gaps = np.where(equal, 0.0, np.abs(before.astype(np.float64) - after))
        steps = int(np.max(np.where(equal, 0, np.abs(ordered(before).astype(np.float64) - ordered(after)))))
    largest = max(float(np.max(np.abs(before), where=np.isfinite(before), initial=0.0)), scale)
    top = float(np.max(gaps))
    unit = float(np.spacing(before.dtype.type(largest))) if largest else float(np.finfo(before.dtype).smallest_subnormal)
    where = tuple(int(place) for place in np.unravel_index(int(np.argmax(gaps)), gaps.shape))
    units = top / unit  # may overflow where everything besides is zero
    return Distance(top, steps, units if math.isfinite(units) else None, units <= FEW_ULP), where


def _gap(before: Array, after: Array) -> float:
    return float(np.max(np.abs(before.astype(np.float64) - after)))


def _first(wrong: Array) -> tuple[int, ...]:
    return tuple(int(place) for place in np.argwhere(wrong)[0]) if wrong.any() and wrong.ndim else ()


# -- a region -------------------------------------------------------------------------------------------------------------


@dataclass
class Comparison:
    """Runs both sides of a region on the same tensors, weights and random numbers."""

    region: Region
    graphs: tuple[Graph, Graph]
    states: tuple[State, State]
    remap: Remap

    def outcome(self, enough: int) -> Outcome:
        """Everything that can be told. `enough` is the rank of difference that is expected: worse than that ends the search."""
        reason = self.region.unrunnable
        if reason is not None:
            return Outcome(unverified=reason.reason)
        if any(size is None for size in self._weight_shapes.values()):
            return Outcome(unverified="the shape of a weight is not known")
        chosen = self._chosen()
        if not chosen:
            return Outcome(unverified=self._misfit or "no sizes were found that fit all operators")
        outcome = Outcome()
        seen = set()
        for trial in self._trials(chosen):
            if not trial.kind.ordinary and (enough > 1 or rank(outcome.results) > enough):
                break  # the edges of the number format decide nothing any more
            self._try(trial, outcome)
            seen.add((trial.kind.name, trial.sizes))
        outcome.tensors = len(seen)
        return outcome

    def shrunk(self, outcome: Outcome) -> None:
        """Looks for a smaller tensor for each counterexample: one sample, one channel."""
        for label, found in list(outcome.counterexamples.items()):
            kinds = [kind for kind in tensors.KINDS if kind.name == found.tensor]
            smaller = (
                Trial(kind, found.weights, found.mode == "training", sizes, seed=seed)
                for sizes in _smaller(found.shapes, channels=not self._weight_shapes and not self._offered)
                for kind in kinds
                for seed in range(SEEDS)
            )
            for trial in smaller:
                probe = Outcome()
                self._try(trial, probe)
                if label in probe.counterexamples:
                    outcome.counterexamples[label] = probe.counterexamples[label]
                    break

    _misfit = ""

    def _chosen(self) -> list[tuple[tuple[int, ...], ...]]:
        """The shapes on which the region before can be run at all: some, from the smallest on."""
        fitting: list[tuple[tuple[int, ...], ...]] = []
        for candidate in shapes(self.region):
            trial = Trial(tensors.KINDS[0], "ordinary", False, tuple(candidate))
            try:
                play(self.region.before, self._free(trial, 0), self.states[0], self._weights(trial)[0], True, {})
            except (ValueError, IndexError, KeyError, TypeError) as error:
                self._misfit = f"no sizes were found that fit all operators ({error})"
                continue
            fitting.append(tuple(candidate))
            if len(fitting) == SIZES:
                break
        return fitting

    def _trials(self, chosen: list[tuple[tuple[int, ...], ...]]) -> Iterator[Trial]:
        heavy = max((elements([n if isinstance(n, int) else 4 for n in size or ()]) for size in self._weight_shapes.values()), default=0)
        modes = (True, False) if self._modal else (False,)
        weights = tensors.WEIGHTS if self._weight_shapes or self._offered else tensors.WEIGHTS[:1]
        wide = len(self.region.before) + len(self.region.after) > MANY
        for place, sizes in enumerate(chosen[: 1 if heavy > LARGEST or wide else SIZES]):
            for kind in tensors.KINDS:
                for drawn in weights if kind.ordinary else weights[:1]:
                    if place == 0 or kind.ordinary:
                        yield from (Trial(kind, drawn, training, sizes) for training in modes)

    @property
    def _modal(self) -> bool:
        """Whether training mode differs from evaluation mode here at all."""
        operators = (*self.region.before, *self.region.after)
        return any(operator.random_in_training or operator.stateful_in_training for operator in operators) or any(
            isinstance(operator, ops.InstanceNorm) for operator in operators
        )

    @property
    def _selects(self) -> bool:
        """Whether elements are chosen by their size on both sides, so that it matters which of equal ones is."""
        groups = (self.region.before, self.region.after)
        return all(any(isinstance(operator, (ops.MaxPool, ops.AdaptiveMaxPool)) for operator in group) for group in groups)

    @property
    def _offered(self) -> bool:
        """Whether a weight comes in as a free input."""
        return any(not depends_on_data(self.graphs[1], pair[1]) for pair in self.region.inputs)

    # -- data -----------------------------------------------------------------------------------------------------------

    def _free(self, trial: Trial, side: int) -> dict[int, Array]:
        values: dict[int, Array] = {}
        for place, (pair, shape) in enumerate(zip(self.region.inputs, trial.sizes, strict=True)):
            operator = pair[side]
            names = (place, trial.seed)
            if self._takes_integers(pair):
                random = tensors.generator(trial.kind.name, *names)
                drawn = random.integers(0, self._classes(pair), shape)
                ignored = self._ignored(pair)
                values[id(operator)] = drawn if ignored is None else np.where(random.random(shape) < 0.3, ignored, drawn)
            elif depends_on_data(self.graphs[1], pair[1]):
                values[id(operator)] = tensors.tensor(trial.kind, shape, np.float32, *names, bounds=bounds(pair[1])).astype(trial.dtype)
            else:
                role = "slope" if self._feeds_slope(pair[1]) else "weight"
                drawn = tensors.weight(trial.weights, shape, np.float32, role, *names)
                values[id(operator)] = np.clip(drawn, *bounds(pair[1])).astype(trial.dtype)
        # other operators with the same number stand for the same value
        return values

    def _feeds_slope(self, operator: Operator) -> bool:
        return any(isinstance(reader, ops.PReLU) and operator in reader.inputs[1:] for reader in self.region.after)

    def _takes_integers(self, pair: tuple[Operator, Operator]) -> bool:
        return any(
            (isinstance(reader, ops.Embedding) and reader.inputs[0] is pair[1])
            or (isinstance(reader, (ops.CrossEntropy, ops.NLL)) and pair[1] in reader.inputs[1:])
            for reader in self.region.after
        )

    def _ignored(self, pair: tuple[Operator, Operator]) -> int | None:
        """The class that a loss leaves out, if it is known: its targets have it, too."""
        for reader in self.region.before:
            if isinstance(reader, (ops.CrossEntropy, ops.NLL)) and pair[0] in reader.inputs[1:] and isinstance(reader.ignore_index, int):
                return reader.ignore_index
        return None

    def _classes(self, pair: tuple[Operator, Operator]) -> int:
        for reader in self.region.after:
            if isinstance(reader, ops.Embedding) and isinstance(reader.num_embeddings, int):
                return reader.num_embeddings
        return 2

    @property
    def _weight_shapes(self) -> dict[str, Any]:
        """The keys before, with shapes, of all that the region's operators own."""
        found: dict[str, Any] = {}
        for side, group in enumerate((self.region.before, self.region.after)):
            for operator in group:
                keys = list(self.states[side].names(operator.layer).values())
                if isinstance(operator, ops.Weight):
                    keys.append(self.states[side].key(operator.parameter))
                for key in keys:
                    shape = self._shape_of(side, key)
                    found[key if side == 0 else self._old(key)] = shape
        return found

    def _shape_of(self, side: int, key: str) -> Any:
        state = self.states[side]
        if key in state.shapes:
            return state.shapes[key]
        owner = state.owners.get(key)
        return owner[1].shape if owner is not None and owner[1] is not None else None

    def _old(self, key: str) -> str:
        return next((old for old, new in self.remap.renamed.items() if new == key), key)

    def _weights(self, trial: Trial) -> tuple[Values, Values]:
        """The weights before, and what becomes of them after."""
        values: Values = {}
        for key, shape in self._weight_shapes.items():
            owner = self.states[0].owners.get(key) or self.states[1].owners.get(self.remap.key(key))
            values[key] = self._drawn(trial, key, tuple(n if isinstance(n, int) else 4 for n in shape), owner)
        first = {key: value for key, value in values.items() if key in self.states[0].owners}
        moved = self.remap(first, self.states[1])
        fresh = {key: value for key, value in values.items() if key in self.states[1].owners and key not in moved}
        return first, fresh | moved

    def _drawn(self, trial: Trial, key: str, shape: tuple[int, ...], owner: tuple[Operator | None, Any] | None) -> Array:
        operator, parameter = owner if owner is not None else (None, None)
        if isinstance(operator, ops.PReLU):
            fixed = parameter is not None and parameter.trainable is False and parameter.initialization is None
            if fixed and isinstance(operator.init, (int, float)):
                return np.full(shape, operator.init, dtype=trial.dtype)
            return tensors.weight(trial.weights, shape, trial.dtype, "slope", key)
        return tensors.weight(trial.weights, shape, trial.dtype, key.rpartition(".")[2], key)

    def _seeds(self, trial: Trial) -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]]:
        """The n-th operator of a kind draws the same numbers in both networks, others for each kind of tensor."""
        tables: list[dict[int, tuple[int, ...]]] = []
        for group in (self.region.before, self.region.after):
            table: dict[int, tuple[int, ...]] = {}
            count: dict[type, int] = {}
            for operator in group:
                if operator.random_in_training:
                    count[type(operator)] = count.get(type(operator), 0) + 1
                    table[id(operator)] = (trial.seed, tensors.KINDS.index(trial.kind), count[type(operator)])
            tables.append(table)
        return tables[0], tables[1]

    # -- running ----------------------------------------------------------------------------------------------------------

    def _run(self, trial: Trial) -> tuple[Run, Run]:
        weights, seeds = self._weights(trial), self._seeds(trial)
        groups = (self.region.before, self.region.after)
        first, second = (
            play(groups[side], self._free(trial, side), self.states[side], weights[side], trial.training, seeds[side]) for side in (0, 1)
        )
        return first, second

    def _try(self, trial: Trial, outcome: Outcome) -> None:
        """One trial, entered into the outcome."""
        try:
            runs = self._run(trial)
        except (ValueError, IndexError, KeyError, TypeError) as error:
            if _fails(self, trial, 0):
                return  # the network before does not take this either
            self._enter(outcome, "results", trial, Distance(None, None, None, False), (f"the network after fails: {error}", (), None, None))
            return
        found = list(self._distances(trial, runs))
        if any(not gap.identical for gap, *_ in found):
            double = replace(trial, dtype=np.float64)
            wide = {what: gap for gap, what, *_ in self._distances(double, self._run(double))}
            same = all(gap.identical for gap, what, *_ in found if what.startswith("result"))
            tied = same and self._selects and not trial.kind.ordinary
            found = [(_judged(gap, wide.get(what, gap), what, tied), what, *rest) for gap, what, *rest in found]
        for gap, what, index, before, after in found:
            if what.startswith("gradient") and not trial.kind.finite:
                continue
            part = "gradients" if what.startswith("gradient") else "buffers" if what.startswith("buffer") else "results"
            self._enter(outcome, part, trial, gap, (what, index, before, after))
        outcome.zero_signs = outcome.zero_signs or self._zero_signs(runs)

    def _enter(self, outcome: Outcome, part: str, trial: Trial, gap: Distance, found: tuple[str, tuple[int, ...], Any, Any]) -> None:
        if part == "results":
            modes = ("training", "evaluation") if not self._modal else (trial.mode,)
            for mode in modes:
                name = f"{mode}_results"
                setattr(outcome, name, _worsened(getattr(outcome, name), gap, trial))
        elif not trial.training and self._modal:
            return  # what training does is told by training mode
        else:
            setattr(outcome, part, _worsened(getattr(outcome, part), gap, trial))
        if gap.identical:
            return
        label = f"{part} {rank(gap)}"
        known = outcome.counterexamples.get(label)
        if known is None or _volume(trial.sizes) < _volume(known.shapes):
            what, index, before, after = found
            free = self._free(trial, 1)
            shown = tuple(tuple(map(float, value.ravel())) for value in free.values() if value.size <= SHOWN)
            outcome.counterexamples[label] = Counterexample(
                what, trial.kind.name, trial.mode, trial.weights, trial.sizes, index, _float(before), _float(after), shown
            )

    def _distances(self, trial: Trial, runs: tuple[Run, Run]) -> Iterator[tuple[Distance, str, tuple[int, ...], Any, Any]]:
        """All that is compared: (distance, what, index, value before, value after)."""
        weights = self._weights(trial)
        # a bias that takes part makes its own rounding
        scale = max((float(np.max(np.abs(value))) for value in weights[0].values() if value.dtype.kind == "f" and value.size), default=0.0)
        upstream: tuple[dict[tuple[int, int], Array], ...] = ({}, {})
        for number, pair in enumerate(self.region.results):
            many = [run.values[id(operator)] for run, operator in zip(runs, pair, strict=True)]
            if len(many[0]) != len(many[1]):
                yield Distance(None, None, None, False), f"results of {pair[0].name}", (), None, None
                continue
            for place, (before, after) in enumerate(zip(*many, strict=True)):
                what = f"result of {pair[0].name}" if pair[0].name == pair[1].name else f"result of {pair[0].name}, now {pair[1].name}"
                what += f" ({number}.{place})" if number or place else ""
                before, after = np.asarray(before), np.asarray(after)
                yield self._compared(before, after, scale, what)
                if before.dtype.kind == "f" and before.shape == after.shape:
                    for side in (0, 1):
                        drawn = tensors.generator("upstream", number, place).normal(size=before.shape)
                        upstream[side][(id(pair[side]), place)] = drawn.astype(np.float32).astype(trial.dtype)
        pulled = [run.back(gradients) for run, gradients in zip(runs, upstream, strict=True)]
        for place, pair in enumerate(self.region.inputs):
            values = [found.inputs.get(id(operator)) for found, operator in zip(pulled, pair, strict=True)]
            present = next((value for value in values if value is not None), None)
            if present is not None:
                first, second = (np.zeros_like(present) if value is None else value for value in values)
                term = max(found.terms.get(id(operator), 0.0) for found, operator in zip(pulled, pair, strict=True))
                yield self._compared(first, second, term, f"gradient of the input {pair[1].name}" + (f" ({place})" if place else ""))
        yield from self._learned(*pulled)
        state = [dict(run.changed) for run in runs]
        if state[0] or state[1]:
            expected = self.remap({**weights[0], **state[0]}, self.states[1])
            for key in state[1]:
                if key in expected:
                    yield self._compared(expected[key], state[1][key], scale, f"buffer {key}")

    def _learned(self, before: Pulled, after: Pulled) -> Iterator[tuple[Distance, str, tuple[int, ...], Any, Any]]:
        """The gradients of the weights. One that was dropped must have had none: its weight changed nothing."""
        renamed = {self.remap.key(key): value for key, value in before.weights.items()}
        terms = {self.remap.key(key): value for key, value in before.terms.items() if isinstance(key, str)}
        for key in dict.fromkeys((*renamed, *after.weights)):
            first, second = renamed.get(key), after.weights.get(key)
            present = first if first is not None else second
            assert present is not None
            blank = np.zeros_like(present)
            pair = (blank if first is None else first, blank if second is None else second)
            yield self._compared(*pair, max(terms.get(key, 0.0), after.terms.get(key, 0.0)), f"gradient of {key}")

    @staticmethod
    def _compared(before: Array, after: Array, scale: float, what: str) -> tuple[Distance, str, tuple[int, ...], Any, Any]:
        before, after = np.asarray(before), np.asarray(after)
        if before.shape != after.shape:
            return Distance(None, None, None, False), f"{what} (of shape {after.shape}, not {before.shape})", (), None, None
        gap, index = distance(before, after, scale)
        return gap, what, index, before[index] if before.size else None, after[index] if after.size else None

    def _zero_signs(self, runs: tuple[Run, Run]) -> bool:
        for pair in self.region.results:
            before, after = (np.asarray(run.values[id(operator)][0]) for run, operator in zip(runs, pair, strict=True))
            if before.dtype.kind == "f" and before.shape == after.shape:
                zeros = (before == 0) & (after == 0)
                if bool(np.any(zeros & (np.signbit(before) != np.signbit(after)))):
                    return True
        return False


def _fails(comparison: Comparison, trial: Trial, side: int) -> bool:
    group = (comparison.region.before, comparison.region.after)[side]
    try:
        weights = comparison._weights(trial)[side]
        play(group, comparison._free(trial, side), comparison.states[side], weights, trial.training, comparison._seeds(trial)[side])
    except (ValueError, IndexError, KeyError, TypeError):
        return True
    return False


def _judged(single: Distance, double: Distance, what: str, tied: bool) -> Distance:
    """A difference in single precision, with what double precision says of the same numbers: results must be close in both.

    A gradient may go to another of several elements that rounding has made equal (`tied`: that can be the cause here).
    """
    if single.identical:
        return single
    if what.startswith("gradient"):
        if single.rounding and double.rounding:
            return single
        return replace(single, rounding=tied or double.rounding, ties=tied or double.rounding)
    return replace(single, rounding=single.rounding and double.rounding)


def _worsened(known: Distance, new: Distance, trial: Trial) -> Distance:
    """The worse of two; how far results are apart is told of ordinary tensors where these differ already."""
    return known if rank(known) == 2 and not trial.kind.ordinary else worse(known, new)


def _smaller(sizes: tuple[tuple[int, ...], ...], channels: bool) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The same spatial sizes with one sample; with one channel, too, where no weight has one entry a channel."""
    for lead in ((1, 1), (1,)) if channels else ((1,),):
        cut = tuple((*lead, *shape[len(lead) :]) if len(shape) > 1 else shape for shape in sizes)
        if _volume(cut) < _volume(sizes):
            yield cut


def _volume(sizes: tuple[tuple[int, ...], ...]) -> int:
    return sum(map(elements, sizes))


def _float(value: Any) -> float | None:
    return None if value is None or np.ndim(value) else float(value)


def bounds(operator: Operator) -> tuple[float, float]:
    """Between which numbers a result lies, as far as the operator that computes it says so."""
    match operator:
        case ops.Activation():
            return operator.range or tensors.UNIT
        case ops.Softmax() | ops.Softmin():
            return (0.0, 1.0)
        case ops.LogSoftmax():
            return (-math.inf, 0.0)
        case ops.Elementwise(how="clamp", arguments=arguments):
            low, high = (*arguments, None, None)[:2]
            return _bound(low, -math.inf), _bound(high, math.inf)
        case ops.Elementwise(how="clamp_min", arguments=(low, *_)):
            return _bound(low, -math.inf), math.inf
        case ops.Elementwise(how="abs" | "exp" | "square" | "sqrt"):
            return (0.0, math.inf)
        case ops.MaxPool() | ops.AdaptiveMaxPool() | ops.Identity() | ops.Select() | ops.Flatten() if operator.inputs:
            return bounds(operator.inputs[0])
    return tensors.UNIT


def _bound(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) else otherwise
