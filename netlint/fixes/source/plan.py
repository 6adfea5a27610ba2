"""From findings to fixes: the rule's intent, lowered to edits of the code, or the reason why it is only shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netlint.engine.diagnostic import Fix
from netlint.engine.evaluation import Found
from netlint.engine.intent import ChangeClass, Initialize, InsertAfter, Intent, Register, Replace, Rewrite, SetOption, SplitGroups, Swap
from netlint.engine.placement import places_of
from netlint.engine.reading import Source
from netlint.engine.rule import Contract, Finding, Forward, Rule
from netlint.fixes.proposal import Judged, Proposal, Refusal, applicability, effects, words_of
from netlint.fixes.source import expressions, initialization, options, registration, sequential, statements, training
from netlint.fixes.source.code import Files
from netlint.fixes.source.expressions import application
from netlint.fixes.source.insertion import Taken, insert_after
from netlint.fixes.source.lowered import Lowered, in_container, together
from netlint.fixes.source.notebooks import objection
from netlint.fixes.source.replacement import replace
from netlint.graph import Graph, Loader, Location, Operator, Optimizer
from netlint.graph.operators import Constant, Input, Opaque, Select, Weight
from netlint.graph.training import Penalty


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


def plan(judged: Sequence[Judged], source: Source | None = None) -> list[Proposal]:
    """The fixes for the findings of all networks of a reading, in the order of the text.

    Findings of one rule at one place are fixed together: a class stands in the code once, however many networks use it. If they would
    need different edits, or if the same code serves an operator in which the rule finds nothing, there is no edit. `source` is the text
    that was read, which tells the cells of a notebook.
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
        proposal = _at_site(files, taken, place, group, graphs, source)
        if proposal is not None:
            result.append(proposal)
    return result


def proposals(
    found: Sequence[tuple[Graph, Sequence[Found]]], filename: str, source: Source | None = None
) -> dict[tuple[str, Location], Fix]:
    """The fixes for the findings that stand in a file, by rule and place; those with edits in another file are left out."""
    own = [
        Judged(graph, [one for one in answers if places_of(one.finding.at, graph)[0][0].filename == filename]) for graph, answers in found
    ]
    return {(one.rule.code, one.place): one.fix for one in plan(own, source) if one.filename == filename}


def _at_site(
    files: Files,
    taken: Taken,
    place: Location,
    group: list[tuple[Rule, Finding, Graph]],
    graphs: Sequence[Graph],
    source: Source | None,
) -> Proposal | None:
    rule = group[0][0]
    intents = [(intent, graph) for rule, finding, graph in group if (intent := rule.intent(finding, graph)) is not None]
    if not intents or rule.fix_contract is None:
        return None
    findings = tuple((finding, graph) for _, finding, graph in group)
    try:
        if len(intents) < len(group):
            raise Refusal("the same code serves a network where this fix is not right")
        parts = [lower(files, graph, intent, taken, rule.fix_contract) for intent, graph in intents]
        _agree(parts)
        _fit(parts[0], place.filename, source)
        _reach_no_others(rule, parts, findings, graphs)
    except Refusal as refusal:
        words = words_of(intents[0][0])
        fix = Fix(f"{words} (not done: {refusal})" if str(refusal) else words, "display", rule.fix_contract, ())
        return Proposal(rule, place, fix, place.filename, (str(refusal),) if str(refusal) else (), findings)
    first = parts[0]
    caveats = tuple(dict.fromkeys(caveat for part in parts for caveat in part.caveats))
    contract = Contract(rule.fix_contract.forward, first.state_dict or rule.fix_contract.state_dict, rule.fix_contract.training)
    reasons = (*effects(contract), *caveats)
    fix = Fix(first.message, applicability(contract, caveats), contract, first.edits)
    return Proposal(rule, place, fix, first.filename, reasons, findings)


def _agree(parts: Sequence[Lowered]) -> None:
    if any(part.edits != parts[0].edits or part.filename != parts[0].filename for part in parts):
        raise Refusal("the networks that share this code need different changes")


def _fit(part: Lowered, filename: str, source: Source | None) -> None:
    """Raises Refusal for edits that the cells of a notebook cannot take."""
    if source is not None and part.filename == filename:
        for edit in part.edits:
            if reason := objection(edit, source):
                raise Refusal(reason)


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
            raise Refusal(intent.because)


def _swap(files: Files, graph: Graph, first: Operator, second: Operator) -> Lowered:
    if in_container(first) and in_container(second):
        return sequential.swap(files, graph, first, second)
    if in_container(first) or in_container(second):
        raise Refusal("one of the two is an element of a container, the other is called in `forward`: the change is not local")
    one, two = application(files, first), application(files, second)
    return expressions.swap(graph, one, two, (first, second)) or statements.swap(graph, one, two, (first, second))
