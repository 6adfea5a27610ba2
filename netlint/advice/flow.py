"""How gradients go through a network as it is, and with each of the usual cures.

Where a whole batch takes too many operations, a part of it is measured: what a gradient loses on its way hardly depends on the batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from netlint.advice.cures import Remarks, remarks
from netlint.advice.design import Sizes
from netlint.graph import Graph, Unknown
from netlint.verify import Propagation, alternatives, propagation

Shapes = tuple[Sizes, ...]

LOST = 100.0
"""A first layer whose gradient differs from the last one's by more than this factor trains much slower than it, or much too fast."""
STUCK = 0.5
"""More than this share of dead or saturated units in one activation is a problem."""
ENOUGH = 16
"""Fewer samples tell nothing of dead units: one that is off for all of a few is not dead."""
MOST_WORK = 3e10
"""Floating-point operations that all passes of a review may take: about half a minute on one core."""
INITIALISATIONS = 5
FEWEST_SAMPLES = 2
"""The smallest part of a batch: one sample has no batch statistics behind a linear layer."""
PASS = 3
"""A forward and a backward pass cost about as much as three forward ones."""


@dataclass(frozen=True)
class Cure:
    """The network with one cure. `lift` is the factor by which the first layer's gradient grows in comparison with the last one's; None
    where one of the ratios does not exist or is 0. `gain` is what the cures are ordered by: how many powers of ten nearer 1 the ratio is,
    or, where only units are stuck, how much smaller their share is."""

    name: str
    after: Propagation
    lift: float | None
    gain: float
    remarks: Remarks | None

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "ratio": self.after.ratio,
            "lift": self.lift,
            "gain": self.gain if math.isfinite(self.gain) else None,
            "after": self.after.as_json(),
            **(self.remarks.as_json() if self.remarks is not None else {"rules": [], "for": "", "against": ""}),
        }


@dataclass(frozen=True)
class Flow:
    """The measurement of a network as it is; `problem` says what is wrong with it (empty: nothing), and the `cures` are measured only
    then, the most effective first. `unmeasured` are those that could not be, with the reason."""

    before: Propagation
    problem: str
    cures: tuple[Cure, ...] = ()
    unmeasured: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, object]:
        return {"before": self.before.as_json(), "problem": self.problem or None}


def flow(graph: Graph, shapes: Shapes, flops: int | None) -> Flow | Unknown:
    """Measures a network, and the cures where it has a problem. `flops` are those of a forward pass, which decide how often it is run."""
    if flops is None:
        return Unknown("what a pass would cost is not known")
    cures = alternatives(graph)
    shapes, flops = _part(shapes, flops, 1 + len(cures))
    times = _times(flops, 1 + len(cures))
    if times == 0 and PASS * flops > MOST_WORK:
        return Unknown(f"one pass takes {flops:.2g} operations: give a smaller `--input`")
    before = propagation(graph, shapes, n=max(times, 1))
    if isinstance(before, Unknown):
        return before
    if not before.layers:
        return Unknown("the network has no weight layer")
    problem = _problem(before, min((shape[0] for shape in shapes if shape), default=1))
    if not problem:
        return Flow(before, "")
    if times == 0:
        return Flow(before, problem, (), dict.fromkeys(cures, "too many operations at this input: give a smaller `--input`"))
    measured = {name: propagation(cured, shapes, n=times) for name, cured in cures.items()}
    found = [_cure(name, before, after) for name, after in measured.items() if isinstance(after, Propagation)]
    unmeasured = {name: after.reason for name, after in measured.items() if isinstance(after, Unknown)}
    return Flow(before, problem, tuple(sorted(found, key=_order)), unmeasured)


def _part(shapes: Shapes, flops: int, networks: int) -> tuple[Shapes, int]:
    """The shapes with as many samples as can be measured, and what a pass costs then; they stay where their first sizes are no batch."""
    sizes = {shape[0] if shape else 0 for shape in shapes}
    [batch] = sizes if len(sizes) == 1 else [0]
    affordable = int(batch * MOST_WORK // (PASS * max(flops, 1) * networks))
    if batch <= FEWEST_SAMPLES or affordable >= batch:
        return shapes, flops
    samples = max(affordable, FEWEST_SAMPLES)
    return tuple((samples, *shape[1:]) for shape in shapes), flops * samples // batch


def _times(flops: int, networks: int) -> int:
    """How many initialisations of each network can be measured; 0 if not one."""
    return min(INITIALISATIONS, int(MOST_WORK // (PASS * max(flops, 1) * networks)))


def _problem(measured: Propagation, samples: int) -> str:
    ratio = measured.ratio
    if ratio is not None and not 1 / LOST <= ratio <= LOST:
        how = "vanishes" if ratio < 1 else "explodes"
        return f"the gradient {how} on its way back: the first weight layer's is {times(ratio)} the last one's"
    if ratio is None and len(measured.layers) > 1:
        return "no gradient reaches the last weight layer"
    if (worst := saturated_share(measured)) > STUCK:
        return f"up to {worst:.0%} of the units of an activation are saturated"
    if samples >= ENOUGH and (worst := dead_share(measured)) > STUCK:
        return f"up to {worst:.0%} of the units of an activation are dead"
    return ""


def times(factor: float) -> str:
    """A factor with two digits: "5e-08 of", "120 times"."""
    return f"{factor:.2g} of" if factor < 1 else f"{factor:.2g} times"


def dead_share(measured: Propagation) -> float:
    """The largest share of dead units of any activation."""
    return max((units.dead for units in measured.activations), default=0.0)


def saturated_share(measured: Propagation) -> float:
    """The largest share of saturated values of any activation."""
    return max((units.saturated for units in measured.activations if units.saturated is not None), default=0.0)


def _cure(name: str, before: Propagation, after: Propagation) -> Cure:
    lift = after.ratio / before.ratio if after.ratio and before.ratio else None
    lost, still = _decades(before), _decades(after)
    if max(lost, still) > math.log10(LOST):
        gain = 0.0 if lost == still else lost - still
    else:
        gain = max(dead_share(before), saturated_share(before)) - max(dead_share(after), saturated_share(after))
    return Cure(name, after, lift, gain, remarks(name))


def _order(cure: Cure) -> tuple[float, float, float]:
    """The largest gain first; of equal ones that with the ratio nearest 1, then that with fewer stuck units."""
    return -cure.gain, _decades(cure.after), max(dead_share(cure.after), saturated_share(cure.after))


def _decades(measured: Propagation) -> float:
    """How many powers of ten the ratio is away from 1."""
    return abs(math.log10(measured.ratio)) if measured.ratio else math.inf
