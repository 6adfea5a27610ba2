from __future__ import annotations

from typing import Any

from netlint.engine.evaluation import Found
from netlint.engine.placement import candidates, fingerprinted
from netlint.engine.rule import Finding, Rule, Severity
from netlint.graph import Graph, Layer, Parameter, Unknown
from netlint.graph.operators import Input, MaxPool, ReLU

RULE = Rule("XY001", "some-rule", Severity.WARNING, "")


def diagnose(graph: Graph, *findings: Finding) -> Any:
    return [candidate.diagnostic for candidate in candidates([Found(RULE, finding) for finding in findings], graph)]


def test_a_layer_in_a_container_is_shown_at_its_constructor(conv_relu_pool: Graph) -> None:
    relu, pool = next(conv_relu_pool.of(ReLU)), next(conv_relu_pool.of(MaxPool))
    [found] = diagnose(
        conv_relu_pool, Finding(at=relu, message="m", related=[(pool, "the pool")], certain=False, data={"k": Unknown("why")})
    )
    assert (found.filename, found.location.row, found.location.column, found.end_location.column) == ("model.py", 6, 9, 18)
    assert [(place.location.row, place.message) for place in found.related] == [(7, "the pool")]
    assert (found.symbol, found.network, found.scope, found.count) == ("Net.features.1", "Net", "Net.__init__", 1)
    assert (found.severity, found.confidence, found.data) == (Severity.WARNING, "likely", {"k": "Unknown(why)"})


def test_a_layer_applied_in_forward_is_shown_there_and_its_constructor_is_related(conv_relu_pool: Graph, make_site: Any) -> None:
    relu = next(conv_relu_pool.of(ReLU))
    relu.site = make_site(20, scope="Net.forward")
    for at in (relu, relu.layer):
        [found] = diagnose(conv_relu_pool, Finding(at=at, message="m"))
        assert found.location.row == 20
        assert [(place.location.row, place.message) for place in found.related] == [(6, "constructed here")]


def test_all_applications_of_a_layer_are_related(conv_relu_pool: Graph, make_site: Any) -> None:
    relu = next(conv_relu_pool.of(ReLU))
    relu.site = make_site(20)
    again = conv_relu_pool.add(ReLU(inputs=(relu,), layer=relu.layer, site=make_site(22)))
    conv_relu_pool.outputs = (again,)
    [found] = diagnose(conv_relu_pool, Finding(at=relu.layer, message="m"))
    assert (found.location.row, [place.location.row for place in found.related]) == (20, [22, 6])


def test_one_code_site_is_one_finding_with_a_count_and_the_highest_severity(make_site: Any) -> None:
    graph = Graph("Net", filename="model.py")
    last = graph.add(Input())
    for index in range(3):
        layer = Layer(f"blocks.{index}", "ReLU", ReLU(), site=make_site(4))
        last = graph.add(ReLU(inputs=(last,), layer=layer, site=layer.site))
    severities = (Severity.ADVICE, Severity.ERROR, Severity.ADVICE)
    found = [Finding(at=relu, message=relu.path, severity=severity) for relu, severity in zip(graph.of(ReLU), severities, strict=True)]
    [diagnostic] = diagnose(graph, *found, found[0])
    assert (diagnostic.count, diagnostic.severity, diagnostic.symbol) == (3, Severity.ERROR, "Net.blocks.1")


def test_what_has_no_place_of_its_own_is_shown_at_the_network_or_the_file(make_site: Any) -> None:
    graph = Graph("Net", filename="model.py")
    weight = Parameter("weight", None)
    assert diagnose(graph, Finding(at=weight, message="m"))[0].location.row == 1
    graph.site = make_site(3)
    assert diagnose(graph, Finding(at=weight, message="m"))[0].location.row == 3
    weight.owner = Layer("fc", "torch.nn.Linear", site=make_site(8))
    [found] = diagnose(graph, Finding(at=weight, message="m"))
    assert (found.location.row, found.symbol) == (8, "Net.fc.weight")


def test_fingerprints_survive_moved_lines_but_not_a_changed_network(conv_relu_pool: Graph, make_site: Any) -> None:
    def prints() -> list[str]:
        found = candidates([Found(RULE, Finding(at=relu, message="m")) for relu in conv_relu_pool.of(ReLU)], conv_relu_pool)
        return [diagnostic.fingerprint for diagnostic in fingerprinted((one.diagnostic, "model.py", one.surroundings) for one in found)]

    before = prints()
    relu = next(conv_relu_pool.of(ReLU))
    relu.site = make_site(60)
    assert prints() == before
    relu.inputs = conv_relu_pool.operators[:1]  # type: ignore[assignment]
    assert prints() != before


def test_equal_findings_of_a_file_have_fingerprints_of_their_own(conv_relu_pool: Graph) -> None:
    [candidate] = candidates([Found(RULE, Finding(at=next(conv_relu_pool.of(ReLU)), message="m"))], conv_relu_pool)
    twice = [(candidate.diagnostic, "model.py", candidate.surroundings)] * 2
    assert len({diagnostic.fingerprint for diagnostic in fingerprinted(twice)}) == 2
