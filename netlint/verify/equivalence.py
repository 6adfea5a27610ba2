"""Whether a change of a network is what it was declared to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect
from netlint.graph import Graph, Operator
from netlint.graph import operators as ops
from netlint.verify.comparison import Comparison, Outcome, rank
from netlint.verify.evidence import Counterexample, Evidence
from netlint.verify.region import Alignment, Region
from netlint.verify.state import Remap, State, aligned, lost, same_keys, state_of, unfilled
from netlint.verify.structure import refusals, training_differences

Operators: TypeAlias = Iterable[Operator]

STRICT = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)
ROUNDS = 4
"""How often a region that fails is widened."""


def equivalence(
    before: Graph, after: Graph, contract: Contract | None = None, *, around: Operators | None = None, remap: Remap | None = None
) -> Evidence:
    """Measures what a change of a network does, and holds it against what was declared.

    `before` and `after` are the graphs of the network; the user's code is not run. `contract` is what the change declares (none: that it
    changes nothing). `around` are operators of `before` that must be among those which are run, even if both networks have them alike.
    `remap` says how saved weights become those of the network after (none: the order of the layers says).
    """
    declared = contract or STRICT
    states = state_of(before), state_of(after)
    moved = same_keys(*states)
    if remap is None:
        remap = Remap() if moved is None else aligned(*states)
        if moved is not None and declared.state_dict is not StateDict.SAME:
            remap = Remap(remap.renamed, folded_biases(before, after, states, remap))
    state_dict = StateDict.SAME if moved is None and remap.trivial else StateDict.BREAKS if unfilled(remap, *states) else StateDict.REMAP
    differs = training_differences(before, after, states, remap)
    for norms in (True, False):
        alignment = Alignment(before, after, states, remap, around or (), norms)
        mismatch = alignment.shape_of_results
        regions = [] if mismatch is not None else alignment.regions()
        total = Outcome()
        for region in regions:
            total = total.merged(_proved(region, alignment, states, remap, declared))
            if norms and not _settled(total, declared):
                break
        if _settled(total, declared):
            break
    measured = mismatch is None and total.unverified is None
    forward, training = _measured(total, differs) if measured else (None, None)
    if training is None and differs:
        training = TrainingEffect.CHANGES
    return Evidence(
        declared,
        forward,
        state_dict,
        training,
        tensors=total.tensors,
        regions=len(regions),
        training_results=total.training_results,
        evaluation_results=total.evaluation_results,
        gradients=total.gradients,
        buffers=total.buffers,
        moved=_told(moved, remap, states),
        differs=differs,
        refused=refusals(before, after, regions),
        unverified=mismatch or total.unverified,
        notes=("zeros may change their sign",) if total.zero_signs else (),
        counterexample=_worst(total, declared),
    )


def _proved(region: Region, alignment: Alignment, states: tuple[State, State], remap: Remap, declared: Contract) -> Outcome:
    """What holds of one region, or of a wider one around it where the narrow one shows less than was declared."""
    enough = {Forward.EXACT: 0, Forward.CLOSE: 1, Forward.CHANGES: 2}[declared.forward]
    best: Outcome | None = None
    current: Region | None = region
    chosen: Comparison | None = None
    for _ in range(ROUNDS):
        if current is None:
            break
        comparison = Comparison(current, alignment.graphs, states, remap)
        outcome = comparison.outcome(enough)
        if outcome.unverified is not None and best is not None:
            break
        if best is None or _badness(outcome) < _badness(best):
            best, chosen = outcome, comparison
        if _settled(best, declared) or best.unverified is not None or declared.forward is Forward.CHANGES:
            break
        current = alignment.widened(current)
    assert best is not None
    assert chosen is not None
    unseen = alignment.read_unseen(region)
    if rank(best.results) > enough and unseen is not None:
        best.unverified = unseen.reason
    if rank(best.results) > enough or declared.training is TrainingEffect.SAME:
        chosen.shrunk(best)
    return best


def _settled(outcome: Outcome, declared: Contract) -> bool:
    """Whether what was found is enough for the declaration."""
    enough = {Forward.EXACT: 0, Forward.CLOSE: 1, Forward.CHANGES: 2}[declared.forward]
    same = declared.training is TrainingEffect.CHANGES or max(rank(outcome.gradients), rank(outcome.buffers)) < 2
    return outcome.unverified is None and rank(outcome.results) <= enough and same


def _badness(outcome: Outcome) -> tuple[int, int]:
    results = rank(outcome.training_results) + rank(outcome.evaluation_results)
    return results, max(rank(outcome.gradients), rank(outcome.buffers))


def _measured(total: Outcome, differs: tuple[str, ...]) -> tuple[Forward, TrainingEffect]:
    forward = (Forward.EXACT, Forward.CLOSE, Forward.CHANGES)[rank(total.results)]
    same = not differs and max(rank(total.training_results), rank(total.gradients), rank(total.buffers)) < 2
    return forward, TrainingEffect.SAME if same else TrainingEffect.CHANGES


def _worst(total: Outcome, declared: Contract) -> Counterexample | None:
    """The counterexample to the part of the declaration that is broken."""
    if declared.forward is not Forward.CHANGES:
        for label in ("results 2", "results 1") if declared.forward is Forward.EXACT else ("results 2",):
            if label in total.counterexamples:
                return total.counterexamples[label]
    return total.counterexamples.get("gradients 2") or total.counterexamples.get("buffers 2")


def _told(moved: str | None, remap: Remap, states: tuple[State, State]) -> str:
    """What happens to the keys, in words."""
    if moved is None:
        return ""
    renamed = [(old, new) for old, new in remap.renamed.items() if old != new]
    gone, fresh = lost(remap, *states), unfilled(remap, *states)
    parts = [f"{bias} goes into {mean}" for bias, mean in remap.folded.items()]
    if renamed:
        parts.append(f"{renamed[0][0]} becomes {renamed[0][1]}" + (f" and {len(renamed) - 1} more" if len(renamed) > 1 else ""))
    for keys, verb in (([key for key in gone if key not in remap.folded], "lost"), (fresh, "new")):
        if keys:
            parts.append(f"{keys[0]} is {verb}" + (f" and {len(keys) - 1} more" if len(keys) > 1 else ""))
    return "; ".join(parts) or moved


def folded_biases(before: Graph, after: Graph, states: tuple[State, State], remap: Remap) -> dict[str, str]:
    """The biases that are dropped before a batch norm, with the running mean that makes up for each: old keys."""
    found: dict[str, str] = {}
    gone = set(lost(remap, *states))
    for norm in before.of(ops.BatchNorm):
        source = before.producer(norm, through=ops.Identity)
        if source is None or not isinstance(source, (ops.Conv, ops.Linear)):
            continue
        bias, mean = states[0].names(source.layer).get("bias"), states[0].names(norm.layer).get("running_mean")
        if bias in gone and bias is not None and mean is not None:
            found[bias] = mean
    return found
