"""What speaks for and against each of the usual cures for a gradient that is lost on its way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remarks:
    """The evidence on both sides, and the rules that tell more."""

    rules: tuple[str, ...]
    reasons: str
    against: str

    def as_json(self) -> dict[str, object]:
        return {"rules": list(self.rules), "for": self.reasons, "against": self.against}


_RELU_HE = Remarks(
    ("NL402", "NL403"),
    "the activation and the start that fits it: He initialisation keeps the variance through ReLU layers (arXiv 1502.01852)",
    "a ReLU unit can be stuck at zero: PReLU(0.1) with the same start is the same cure without that",
)
_HE = Remarks(
    ("NL403", "NL405"),
    "keeps the variance through ReLU layers (arXiv 1502.01852); costs nothing, and no output shape or state_dict key changes",
    "it is a start only: of no use where weights are loaded",
)
_XAVIER = Remarks(
    ("NL402",),
    "keeps the variance where an activation is near its linear part (Glorot 2010)",
    "the slope of a sigmoid is at most 1/4, which no start makes up for",
)
_BATCH_NORM = Remarks(
    ("NL205", "NL201"),
    "brings each layer's input back to unit variance, at the start and later (S11)",
    "poor in small batches (netlint rule NL202), unusual after linear layers, wrong for sequences (NL203)",
)
_RELU = Remarks(
    ("NL402",),
    "its slope is 1 where it is on: it does not saturate (S25, S26)",
    "PyTorch's default start still shrinks the gradient by about 2.4 a ReLU layer; a unit can be stuck at zero (S22)",
)
_TANH = Remarks(("NL402",), "its slope at 0 is 1, that of a sigmoid 1/4", "it saturates too: in deep networks the lesser evil (S25)")
_PRELU = Remarks(
    ("NL401", "NL402"),
    "what S22 advises: no unit is stuck, at little more than the cost of a ReLU",
    "adds a learned slope (keep it out of weight decay, NL306); with norm layers it gained .4 points at most (CaffeNet-128)",
)
_ELU = Remarks(
    ("NL401", "NL402"),
    "mean near zero, no unit is stuck (S20)",
    "an exponential for each negative element: see its cost below (S23)",
)

_BY_START: tuple[tuple[str, Remarks], ...] = (
    ("He initialisation", _HE),
    ("Xavier initialisation", _XAVIER),
    ("BatchNorm ", _BATCH_NORM),
    ("ReLU for ", _RELU),
    ("Tanh for ", _TANH),
    ("PReLU(", _PRELU),
    ("ELU for ", _ELU),
)
_WITH_HE = ", He initialisation"


def remarks(cure: str) -> Remarks | None:
    """What is to be said of an alternative of `verify.alternatives`, by its name; None for one that is not known here."""
    if cure.endswith(_WITH_HE):
        return _RELU_HE
    return next((said for start, said in _BY_START if cure.startswith(start)), None)
