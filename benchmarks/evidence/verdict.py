"""How a verdict follows from the numbers.

A claim says what a statement predicts: one variant's value is higher (or lower) than another's, or than a bound. It is checked at every
place of the x axis that it names. The variants of one seed are a pair; the mean of the pairs' differences has a 95 % interval by
Student's t:

- the claim *holds* there if the whole interval lies on the predicted side, and the mean differs by `least` or more;
- it is *refuted* if the whole interval lies on the other side, and the mean differs by `least` or more;
- else there is *no effect* that these seeds could show.

The verdict of an experiment, over all its checks, and in the same way that of each of its statements, over the checks of its claims:

- *supports*: more than half of them hold and none is refuted;
- *contradicts*: more than half are refuted and none holds;
- *no effect*: none holds and none is refuted;
- *mixed*: everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .experiment import Row

Place = int | float | str | None

HOLDS, REFUTED, NO_EFFECT = "holds", "refuted", "no effect"
SUPPORTS, CONTRADICTS, MIXED = "supports", "contradicts", "mixed"

# Two-sided 95 % quantiles of Student's t by the number of pairs.
QUANTILES = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}


@dataclass(frozen=True)
class Claim:
    """What a statement predicts of `metric` for the variant `arm`, against the variant `than` or against `bound`."""

    says: str
    """The prediction in words."""
    arm: str
    metric: str
    than: str | None = None
    bound: float = 0.0
    higher: bool = True
    at: tuple[Place, ...] = ()
    """The places of the axis where it is made; none: all where the variant was measured."""
    least: float = 0.0
    """The smallest difference of means that counts."""
    statements: tuple[str, ...] = ()
    """The statements that predict it; none: all of the experiment's."""


@dataclass(frozen=True)
class Check:
    """A claim held against the rows at one place. `difference`: the mean over the seeds of the variant less what it is compared with."""

    claim: Claim
    at: Place
    difference: float
    interval: float
    """Half the width of the 95 % interval."""
    mean: float
    """Of the variant itself."""
    outcome: str

    @property
    def numbers(self) -> str:
        place = "" if self.at is None else f" with {self.at}" if isinstance(self.at, str) else f" at {self.at}"
        if self.claim.than is None:
            return f"{self.mean:.3g} against {self.claim.bound:.3g}{place}"
        return f"{self.difference:+.3g} ± {self.interval:.2g}{place}"


def checks(claims: Iterable[Claim], rows: Sequence[Row]) -> list[Check]:
    """Every claim at every place where it is made. Raises `LookupError` for a claim about something that was not measured."""
    found = []
    for claim in claims:
        arm, than = _by_place(rows, claim.arm, claim.metric), _by_place(rows, claim.than, claim.metric)
        for at in claim.at or arm:
            reference = than[at].values if claim.than is not None else [claim.bound] * len(arm[at].values)
            found.append(_check(claim, at, arm[at].values, reference))
    return found


def _by_place(rows: Iterable[Row], arm: str | None, metric: str) -> dict[Place, Row]:
    found = {row.at: row for row in rows if (row.arm, row.metric) == (arm, metric)}
    if arm is not None and not found:
        raise LookupError(f"no {metric} of {arm!r} was measured")
    return found


def _check(claim: Claim, at: Place, values: Sequence[float], reference: Sequence[float]) -> Check:
    differences = [value - other for value, other in zip(values, reference, strict=True)]
    mean, half = fmean(differences), half_width(differences)
    gain = mean if claim.higher else -mean
    if abs(gain) < claim.least or abs(gain) <= half:
        outcome = NO_EFFECT
    else:
        outcome = HOLDS if gain > 0 else REFUTED
    return Check(claim, at, mean, half, fmean(values), outcome)


def half_width(values: Sequence[float]) -> float:
    """Half the width of the 95 % interval of the mean; infinite for a single value."""
    n = len(values)
    return inf if n < 2 else QUANTILES.get(n, 2.26) * stdev(values) / sqrt(n)


def verdict(found: Sequence[Check]) -> str:
    holds, refuted = _count(found, HOLDS), _count(found, REFUTED)
    if not holds and not refuted:
        return NO_EFFECT
    if not refuted and 2 * holds > len(found):
        return SUPPORTS
    if not holds and 2 * refuted > len(found):
        return CONTRADICTS
    return MIXED


def by_statement(found: Sequence[Check], statements: Iterable[str]) -> dict[str, str]:
    """The verdict on each statement."""
    return {
        statement: verdict([check for check in found if not check.claim.statements or statement in check.claim.statements])
        for statement in statements
    }


PHRASES = {
    SUPPORTS: "supports {}",
    CONTRADICTS: "contradicts {}",
    MIXED: "supports only in part {}",
    NO_EFFECT: "shows no effect of {}",
}


WORDS = {HOLDS: HOLDS, REFUTED: "the opposite was measured", NO_EFFECT: NO_EFFECT}


def summary(found: Sequence[Check], statements: Sequence[str], label: Callable[[str], str] = str) -> str:
    """The verdicts in words, then each claim with its numbers. `label`: a metric's name in a sentence."""
    judged = by_statement(found, statements)
    phrases = []
    for word in dict.fromkeys(judged.values()):
        phrases.append(PHRASES[word].format(_called([statement for statement in statements if judged[statement] == word])))
    details = []
    for claim in dict.fromkeys(check.claim for check in found):
        its = [check for check in found if check.claim == claim]
        details.append(f"{claim.says}: {_outcome(its)} ({label(claim.metric)}: {_numbers(its)}).")
    return " ".join([f"The figure {', and '.join(phrases)}.", *details])


def _called(statements: Sequence[str]) -> str:
    """The statements in a sentence. Those with a plus are netlint's own, next to the document's."""
    names = ", ".join(statements)
    return f"{names}, advice beyond the document" if names.endswith("+") else f"the document's {names}"


def _outcome(its: Sequence[Check]) -> str:
    if len({check.outcome for check in its}) == 1:
        return WORDS[its[0].outcome]
    counts = [(word, _count(its, outcome)) for outcome, word in WORDS.items()]
    return ", ".join(f"{word} at {count} of {len(its)}" for word, count in counts if count)


def _numbers(its: Sequence[Check]) -> str:
    """All numbers, or the two extremes where there are more than three."""
    if len(its) <= 3:
        return ", ".join(check.numbers for check in its)
    lowest, highest = (extreme(its, key=lambda check: check.difference) for extreme in (min, max))
    return f"from {lowest.numbers} to {highest.numbers}"


def _count(found: Iterable[Check], outcome: str) -> int:
    return sum(check.outcome == outcome for check in found)
