"""From findings to fixes: the rule's intent, lowered to edits of the code, or the reason why it is only shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netlint.engine.diagnostic import Fix
from netlint.engine.evaluation import Found
from netlint.engine.intent import ChangeClass, Initialize, InsertAfter, Intent, Register, Replace, Rewrite, SetOption, SplitGroups, Swap
from netlint.engine.placement import places_of
from netlint.engine.rule import Contract, Finding, Forward, Rule, StateDict, TrainingEffect
from netlint.fixes import expressions, initialization, options, registration, sequential, statements, training
from netlint.fixes.code import Files, Refusal
from netlint.fixes.expressions import application
from netlint.fixes.insertion import Taken, insert_after
from netlint.fixes.lowered import Lowered, in_container, together
from netlint.fixes.replacement import replace
from netlint.graph import Graph, Loader, Location, Operator, Optimizer
from netlint.graph.operators import Constant, Input, Opaque, Select, Weight
from netlint.graph.training import Penalty


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


def propose(rule: Rule, finding: Finding, graph: Graph) -> Proposal | None:
    """The fix for one finding; None if the rule has none. Other networks that share its code are not looked at: see `plan`."""
    found = [Found(rule, answer) for answer in _answers(rule, graph)]
    if not any(one.finding.at is finding.at for one in found):
        found.append(Found(rule, finding))
    place = places_of(finding.at, graph)[0][0]
    return next((proposal for proposal in plan([Judged(graph, found)]) if proposal.place == place), None)


def _answers(rule: Rule, graph: Graph) -> Iterable[Finding]:
    """What a rule finds with its default settings."""
    from netlint.engine.evaluation import check_graph
    from netlint.engine.settings import Settings

    found, _ = check_graph(graph, [rule], Settings(selected=frozenset({rule.code})))
    return [one.finding for one in found if one.rule is rule]


def plan(judged: Sequence[Judged]) -> list[Proposal]:
    """The fixes for the findings of all networks of a reading, in the order of the text.

    Findings of one rule at one place are fixed together: a class stands in the code once, however many networks use it. If they would
    need different edits, or if the same code serves an operator in which the rule finds nothing, there is no edit.
    """
    files, taken = Files(), Taken()
    sites: dict[tuple[str, Location], list[tuple[Rule, Finding, Graph]]] = {}
    for one in judged:
        for found in one.found:
            place = places_of(found.finding.at, one.graph)[0][0]
            sites.setdefault((found.rule.code, place), []).append((found.rule, found.finding, one.graph))
    graphs = [one.graph for one in judged]
    result = []
    for (_, place), group in sorted(sites.items(), key=lambda item: (item[0][1], item[0][0])):
        proposal = _at_site(files, taken, place, group, graphs)
        if proposal is not None:
            result.append(proposal)
    return result


def proposals(found: Sequence[tuple[Graph, Sequence[Found]]], filename: str) -> dict[tuple[str, Location], Fix]:
    """The fixes for the findings that stand in a file, by rule and place; those with edits in another file are left out."""
    own = [
        Judged(graph, [one for one in answers if places_of(one.finding.at, graph)[0][0].filename == filename]) for graph, answers in found
    ]
    return {(one.rule.code, one.place): one.fix for one in plan(own) if one.filename == filename}


def _at_site(
    files: Files,
    taken: Taken,
    place: Location,
    group: list[tuple[Rule, Finding, Graph]],
    graphs: Sequence[Graph],
) -> Proposal | None:
    rule = group[0][0]
    intents = [(intent, graph) for rule, finding, graph in group if (intent := rule.intent(finding, graph)) is not None]
    if not intents or rule.fix_contract is None:
        return None
    findings = tuple((finding, graph) for _, finding, graph in group)
    try:
        if len(intents) < len(group):
            raise Refusal("the same code serves a network where this fix is not right")
        if place.filename.endswith(".ipynb"):
            raise Refusal("notebooks are not edited yet")
        parts = [lower(files, graph, intent, taken, rule.fix_contract) for intent, graph in intents]
        _agree(parts)
        _reach_no_others(rule, parts, findings, graphs)
    except Refusal as refusal:
        words = _words(intents[0][0])
        fix = Fix(f"{words} (not done: {refusal})" if str(refusal) else words, "display", rule.fix_contract, ())
        return Proposal(rule, place, fix, place.filename, (str(refusal),) if str(refusal) else (), findings)
    first = parts[0]
    caveats = tuple(dict.fromkeys(caveat for part in parts for caveat in part.caveats))
    contract = Contract(rule.fix_contract.forward, first.state_dict or rule.fix_contract.state_dict, rule.fix_contract.training)
    reasons = (*_effects(contract), *caveats)
    fix = Fix(first.message, _applicability(contract, caveats), contract, first.edits)  # type: ignore[arg-type]
    return Proposal(rule, place, fix, first.filename, reasons, findings)


def _agree(parts: Sequence[Lowered]) -> None:
    if any(part.edits != parts[0].edits or part.filename != parts[0].filename for part in parts):
        raise Refusal("the networks that share this code need different changes")


def _reach_no_others(rule: Rule, parts: Sequence[Lowered], findings: Sequence[tuple[Finding, Graph]], graphs: Sequence[Graph]) -> None:
    """Raises Refusal if the edits reach an operator or optimizer that the findings are not about."""
    meant = {id(subject) for part in parts for subject in part.subjects}
    meant |= {id(part) for finding, graph in findings if isinstance(finding.at, Penalty) for part in graph.upstream(finding.at.term)}
    for graph in graphs:
        for thing in (*graph.operators, *graph.training.optimizers):
            if _brings_in(thing) or id(thing) in meant or id(thing) in graph.elsewhere:
                continue
            if parts[0].reaches(thing):
                where = getattr(thing, "path", "") or graph.name
                raise Refusal(f"the same code serves `{where}` of `{graph.name}`, where {rule.code} finds nothing")


def _brings_in(thing: object) -> bool:
    """An operator that stands where its reader stands: an argument is not changed by what is written around it."""
    return isinstance(thing, (Input, Weight, Constant, Select)) or (isinstance(thing, Opaque) and not thing.inputs)


# -- intents -----------------------------------------------------------------------------------------------------------


def lower(files: Files, graph: Graph, intent: Intent, taken: Taken, contract: Contract) -> Lowered:
    """The edits for one intent. Raises Refusal with the reason if there are none."""
    match intent:
        case tuple():
            return together([lower(files, graph, step, taken, contract) for step in intent])
        case Swap(first, second):
            return _swap(files, graph, first, second)
        case Replace(old, new):
            return replace(files, graph, old, new, taken, tidy=contract.forward is Forward.CHANGES)
        case InsertAfter(after, new):
            return insert_after(files, graph, after, new, taken)
        case SetOption(target, values):
            if isinstance(target, (Operator, Optimizer, Loader, Penalty)):
                return options.set_option(files, target, values)
            return initialization.change_call(files, target, values)
        case ChangeClass(target, kind):
            return training.another_class(files, target, kind)
        case SplitGroups(target, values):
            return training.split_groups(files, target, values)
        case Register(layer):
            return registration.register(files, graph, layer, taken)
        case Initialize(layers, name, values):
            return initialization.initialize(files, graph, layers, name, values)
        case Rewrite():
            raise Refusal("")


def _swap(files: Files, graph: Graph, first: Operator, second: Operator) -> Lowered:
    if in_container(first) and in_container(second):
        return sequential.swap(files, graph, first, second)
    if in_container(first) or in_container(second):
        raise Refusal("one of the two is an element of a container, the other is called in `forward`: the change is not local")
    one, two = application(files, first), application(files, second)
    return expressions.swap(graph, one, two, (first, second)) or statements.swap(graph, one, two, (first, second))


def _words(intent: Intent) -> str:
    """The intent in words, for a fix that is only shown."""
    match intent:
        case tuple():
            return "; ".join(dict.fromkeys(map(_words, intent)))
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


# -- safety ------------------------------------------------------------------------------------------------------------


def _applicability(contract: Contract, caveats: Sequence[str]) -> str:
    """safe: the same results, keys and training; unsafe: keys that can be mapped, or a change that is meant; display: the rest."""
    meant = contract.forward is Forward.CHANGES or contract.training is TrainingEffect.CHANGES
    if contract.state_dict is StateDict.BREAKS and not meant:
        return "display"
    return "unsafe" if meant or contract.state_dict is not StateDict.SAME or caveats else "safe"


def _effects(contract: Contract) -> tuple[str, ...]:
    """What a contract gives up, in words."""
    effects = {
        "the network's results change": contract.forward is Forward.CHANGES,
        "keys of the state_dict move": contract.state_dict is StateDict.REMAP,
        "saved weights no longer fit": contract.state_dict is StateDict.BREAKS,
        "training changes": contract.training is TrainingEffect.CHANGES,
    }
    return tuple(words for words, given_up in effects.items() if given_up)
