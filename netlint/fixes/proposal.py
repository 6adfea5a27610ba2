"""What can be done about a finding, whatever the network was read from: the fix, why it is not safe, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from netlint.engine.diagnostic import Fix
from netlint.engine.evaluation import Found
from netlint.engine.intent import ChangeClass, Initialize, InsertAfter, Intent, Register, Replace, Rewrite, SetOption, SplitGroups, Swap
from netlint.engine.rule import Contract, Finding, Forward, Rule, StateDict, TrainingEffect
from netlint.graph import Graph, Location


class Refusal(Exception):
    """A fix that cannot be made; the text completes "not done: ...", and is empty for what is only meant to be shown."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A network and what the rules found in it."""

    graph: Graph
    found: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What can be done about the findings of one rule at one place.

    `fix.edits` are empty and its applicability is `display` where no edit can be written. `reasons` say why it is not safe, or why
    there is no edit. `findings` are those that it is for, one or more a network, `filename` is the file that the edits are of.
    """

    rule: Rule
    place: Location
    fix: Fix
    filename: str
    reasons: tuple[str, ...] = ()
    findings: tuple[tuple[Finding, Graph], ...] = field(default=(), repr=False)


def words_of(intent: Intent) -> str:
    """The intent in words, for a fix that is only shown."""
    match intent:
        case tuple():
            return "; ".join(dict.fromkeys(map(words_of, intent)))
        case Swap(first, second):
            return f"Apply the {second.name} before the {first.name}"
        case Replace(old, new):
            return f"Use {', '.join(operator.name for operator in new)} in the place of {old.name}" if new else f"Remove the {old.name}"
        case InsertAfter(after, new):
            return f"Apply a {new.name} to the result of the {after.name}"
        case SetOption(_, values):
            return f"Set {', '.join(f'{name}={value!r}' for name, value in values.items())}"
        case ChangeClass(_, kind):
            return f"Use torch.optim.{kind} with the same arguments"
        case SplitGroups():
            return "Put the parameters with fewer than two dimensions into a group of their own"
        case Register(layer):
            return f"Let the module own this {layer.kind.rpartition('.')[2]}"
        case Initialize(_, name, _):
            return f"Initialise the weights with torch.nn.init.{name}"
        case Rewrite(_, words):
            return words[:1].upper() + words[1:]


def applicability(contract: Contract, caveats: Sequence[str]) -> Literal["safe", "unsafe", "display"]:
    """safe: the same results, keys and training; unsafe: keys that can be mapped, or a change that is meant; display: the rest."""
    meant = contract.forward is Forward.CHANGES or contract.training is TrainingEffect.CHANGES
    if contract.state_dict is StateDict.BREAKS and not meant:
        return "display"
    return "unsafe" if meant or contract.state_dict is not StateDict.SAME or caveats else "safe"


def effects(contract: Contract) -> tuple[str, ...]:
    """What a contract gives up, in words."""
    effects = {
        "the network's results change": contract.forward is Forward.CHANGES,
        "keys of the state_dict move": contract.state_dict is StateDict.REMAP,
        "saved weights no longer fit": contract.state_dict is StateDict.BREAKS,
        "training changes": contract.training is TrainingEffect.CHANGES,
    }
    return tuple(words for words, given_up in effects.items() if given_up)
