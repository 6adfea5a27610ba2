"""Every option of every layer and function of PyTorch's is told by its operator, or is one that changes no result.

An option that a front end dropped would make two different networks the same to the verifier.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import pytest

from netlint.frontends.torch_api import FUNCTIONS, LAYERS, METHODS, FunctionSpec, LayerSpec, Signature, SignatureError
from netlint.frontends.torch_api.spec import INERT
from netlint.graph import Unknown
from netlint.graph import operators as ops
from netlint.layers import reference
from netlint.verify.structure import plain

REQUIRED = {
    "kernel_size": 2,
    "normalized_shape": (4,),
    "pattern": "b c -> c b",
    "equation": "ij->ji",
    "reduction": "mean",
    "how": "mean",
    "sizes": (2, 2),
    "unflattened_size": (2, 2),
    "mode": "row",
    "reduce": "sum",
    "indexing": "ij",
}
"""Values for the parameters that have no default; any other is 2."""

ANOTHER: tuple[object, ...] = (True, False, 3, 0.375, "another", (3, 5), 1)
"""What an option is set to, one after the other, in search of a difference."""


def start(signature: str) -> dict[str, object]:
    """A call with what has to be given."""
    given: dict[str, object] = {}
    for name in Signature(signature).names:
        try:
            return Signature(signature).bind((), given)
        except SignatureError:
            given[name] = REQUIRED.get(name, 2)
    return Signature(signature).bind((), given)


def lost(signature: str, spec: LayerSpec | FunctionSpec, tensors: tuple[str, ...] = ()) -> list[str]:
    """The options of one call that make no difference to its operator."""
    base = start(signature)
    usual = spec.build(base)
    if usual is None:
        return []
    known = plain(usual)

    def told(name: str) -> bool:
        for value in ANOTHER:
            if value == base[name]:
                continue
            try:
                other = spec.build({**base, name: value})
            except (TypeError, ValueError, AttributeError):
                continue
            if other is None or plain(other) != known:
                return True
        return False

    return [name for name in base if name not in tensors and name not in INERT and not told(name)]


@pytest.mark.parametrize("name", LAYERS)
def test_every_option_of_a_layer_is_told(name: str) -> None:
    assert lost(LAYERS[name].signature, LAYERS[name]) == []


@pytest.mark.parametrize("table", [FUNCTIONS, METHODS], ids=["functions", "methods"])
def test_every_option_of_a_function_is_told(table: Mapping[str, FunctionSpec]) -> None:
    found = {name: left for name, spec in table.items() if (left := lost(spec.signature, spec, spec.tensors))}
    assert found == {}


def test_an_option_that_changes_nothing_has_a_reason() -> None:
    used = {name for spec in (*LAYERS.values(), *FUNCTIONS.values(), *METHODS.values()) for name in Signature(spec.signature).names}
    assert {name for name in INERT if not INERT[name]} == set()
    assert INERT.keys() - used - {"sparse_grad", "masked_grad"} == set()


@pytest.mark.parametrize("name", [name for name in LAYERS if name.startswith("torch.nn.") and name.count(".") == 2])
def test_the_options_are_those_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    kind = getattr(torch.nn, name.rpartition(".")[2], None)
    if kind is None:
        pytest.skip("not in this version of PyTorch")
    theirs = [option for option in inspect.signature(kind.__init__).parameters if option != "self"]
    assert set(theirs) - set(Signature(LAYERS[name].signature).names) <= {"args", "kwargs"}


def test_what_an_operator_only_keeps_is_not_run() -> None:
    spec = LAYERS["torch.nn.BCEWithLogitsLoss"]
    operator = spec.build({**start(spec.signature), "pos_weight": ops.Constant(value=2.0)})
    assert operator is not None
    layer = reference(operator)
    assert isinstance(layer, Unknown)
    assert "pos_weight" in layer.reason


def test_the_options_of_a_call_of_a_layer_are_kept_with_it() -> None:
    spec = LAYERS["torch.nn.ConvTranspose2d"]
    template = spec.build(Signature(spec.signature).bind((3, 8, 2), {}))
    assert template is not None
    plainly, asked = (Signature(spec.call).bind((None,), options) for options in ({}, {"output_size": (9, 9)}))
    assert spec.called(template, plainly) is template
    assert spec.called(template, asked).further == (("output_size", (9, 9)),)
