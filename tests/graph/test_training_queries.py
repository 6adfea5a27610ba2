"""Questions about training: which losses a term reaches, and how an optimizer decays."""

from __future__ import annotations

import pytest

from netlint.graph import FixedSite, Graph, Location, Optimizer, ParameterGroup, Unknown
from netlint.graph.operators import Add, CrossEntropy, Input, Linear, Reduce, Weight
from netlint.graph.parameter import Layer, Parameter
from netlint.graph.queries import decouples_decay, parameters_behind, trained_losses, trained_totals
from netlint.graph.training import TrainingContext

SITE = FixedSite(Location("train.py", 1, 1, 1, 2))


def test_a_term_reaches_the_loss_it_is_added_to_and_no_other() -> None:
    graph = Graph("Net", training=TrainingContext())
    data, labels = graph.add(Input(label="x")), graph.add(Input(label="y"))
    output = graph.add(Linear(in_features=4, out_features=2, inputs=(data,)))
    weight = graph.add(Weight(parameter=Parameter("weight", (2, 4))))
    term = graph.add(Reduce(how="sum", inputs=(weight,)))
    fit = graph.add(CrossEntropy(inputs=(output, labels)))
    total = graph.add(Add(inputs=(fit, term)))
    validation = graph.add(CrossEntropy(inputs=(output, labels)))
    graph.training.backward += [total, validation]
    assert trained_totals(graph, term) == [total]
    assert trained_totals(graph, total) == [total]
    assert trained_totals(graph, output) == [total, validation]


def test_the_losses_are_those_behind_backward() -> None:
    network, script = Graph("Net"), Graph("train.py")
    data, labels = script.add(Input(label="x")), script.add(Input(label="y"))
    fit = script.add(CrossEntropy(inputs=(data, labels)))
    total = script.add(Add(inputs=(fit, fit)))
    validation = script.add(CrossEntropy(inputs=(data, labels)))
    assert trained_losses(script) == [fit, validation], "no call of backward() is seen"
    script.training.backward.append(total)
    network.training.backward.append(total)
    assert trained_losses(script) == [fit]
    assert trained_losses(network) == [fit], "training code stands outside the network's graph"


def _optimizer(kind: str, **options: object) -> Optimizer:
    return Optimizer(
        kind=kind, groups=(ParameterGroup(parameters=None, options=options),), options=options, explicit=frozenset(), site=SITE
    )


@pytest.mark.parametrize(
    ("kind", "options", "decoupled"),
    [
        ("SGD", {}, False),
        ("Adam", {}, False),
        ("AdamW", {}, True),
        ("Adafactor", {}, True),
        ("NAdam", {"decoupled_weight_decay": False}, False),
        ("RAdam", {"decoupled_weight_decay": True}, True),
    ],
)
def test_decoupled_decay(kind: str, options: dict[str, object], decoupled: bool) -> None:
    assert decouples_decay(_optimizer(kind, **options)) is decoupled


def test_a_flag_that_is_not_known_stays_unknown() -> None:
    reason = Unknown("read from a file")
    assert decouples_decay(_optimizer("RAdam", decoupled_weight_decay=reason)) is reason


def test_parameters_behind_a_loss_are_those_of_every_network_it_reads() -> None:
    script = Graph("train.py")
    first, second, other = (Parameter(name, (2, 2)) for name in ("first", "second", "other"))
    encoder, head, judge = (Layer(p.name, "torch.nn.Linear", parameters={"weight": p}) for p in (first, second, other))
    data, labels = script.add(Input(label="x")), script.add(Input(label="y"))
    code = script.add(Linear(in_features=2, out_features=2, layer=encoder, inputs=(data,)))
    logits = script.add(Linear(in_features=2, out_features=2, layer=head, inputs=(code,)))
    script.add(Linear(in_features=2, out_features=2, layer=judge, inputs=(code,)))
    fit = script.add(CrossEntropy(inputs=(logits, labels)))
    assert parameters_behind(script, fit) == [first, second]
