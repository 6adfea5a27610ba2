"""What a network is called with: guesses where they are safe, else a sentence that tells what to pass."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from netlint.frontends.errors import InputError  # noqa: E402
from netlint.frontends.module import parse_input  # noqa: E402

GUESSED = [
    ("self.c = nn.Conv2d(3, 4, 3)", "return self.c(x)", "(N, 3, 224, 224)"),
    ("self.c = nn.Conv2d(1, 4, 3)\nself.l = nn.Linear(4 * 30 * 30, 2)", "return self.l(self.c(x).flatten(1))", "(N, 1, 32, 32)"),
    ("self.c = nn.Conv2d(1, 4, 3)\nself.l = nn.Linear(4 * 26 * 26, 2)", "return self.l(self.c(x).flatten(1))", "(N, 1, 28, 28)"),
    ("self.c = nn.Conv1d(2, 4, 3)", "return self.c(x)", "(N, 2, 1024)"),
    ("self.l = nn.Linear(6, 2)", "return self.l(x)", "(N, 6)"),
    ("self.l = nn.Linear(784, 2)", "return self.l(torch.flatten(x, 1))", "(N, 784)"),
    ("self.l = nn.Linear(784, 2)", "n, c, h, w = x.shape\nreturn self.l(x.view(n, -1))", "(N, 1, 28, 28)"),
    ("self.l = nn.Linear(8, 8)", "b, t, c = x.shape\nreturn self.l(x)", "(N, 16, 8)"),
    ("self.e = nn.Embedding(10, 8)", "return self.e(x)", "(N, 16)"),
    ("self.r = nn.GRU(8, 4)", "return self.r(x)[0]", "(16, N, 8)"),
    ("self.r = nn.GRU(8, 4, batch_first=True)", "return self.r(x)[0]", "(N, 16, 8)"),
    ("self.n = nn.LayerNorm(8)", "return self.n(x)", "(N, 16, 8)"),
    ("self.l = nn.Linear(6, 2).double()", "return self.l(x)", "(N, 6)"),
]


@pytest.mark.parametrize(("init", "forward", "shape"), GUESSED, ids=[f"{shape} {init[9:30]}" for init, _, shape in GUESSED])
def test_inputs_are_guessed_from_the_first_layer(live: Any, init: str, forward: str, shape: str) -> None:
    seen = live(init, forward)
    assert seen.notes == (
        f"example inputs were guessed: {shape}; pass example_inputs (--input) to give others",
        "read through torch.export",
    )
    assert ["N" if not isinstance(size, int) else size for size in seen.graph.inputs[0].shape] == [
        size if size == "N" else int(size) for size in shape.strip("()").split(", ")
    ]


ASKED = [
    ("self.l = nn.Linear(6, 2)", "x, mask", "its forward needs 2 arguments: pass example_inputs=(tensor, ...) or {name: tensor}"),
    ("self.l = nn.Linear(6, 2)", "x: list", "what its forward needs is not one tensor"),
    ("self.l = nn.Linear(6, 2)", "x: dict[str, Tensor]", "what its forward needs is not one tensor"),
    ("self.l = nn.Linear(6, 2)", "x: int", "what its forward needs is not one tensor"),
    ("self.l = nn.ReLU()", "x", "the inputs cannot be guessed from its layers"),
]


@pytest.mark.parametrize(("init", "arguments", "message"), ASKED)
def test_inputs_that_cannot_be_guessed_are_asked_for(live: Any, init: str, arguments: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        live(init, "return self.l(x)", arguments)
    assert message in str(caught.value)
    assert f"for Net.forward({arguments.partition(':')[0]}" in str(caught.value)


def test_arguments_with_defaults_are_left_alone(live: Any) -> None:
    assert live("self.l = nn.Linear(6, 2)", "return self.l(x if mask is None else x * mask)", "x, mask=None").formula == "Linear(x)"


def test_a_guess_that_does_not_fit_is_said(live: Any) -> None:
    with pytest.raises(InputError, match=r"with the guessed inputs \(N, 6\); pass example_inputs \(--input\) that fit Net.forward\(x\)"):
        live("self.l = nn.Linear(6, 2)", "return self.l(x) @ x.reshape(3, 5)")


def test_given_inputs_may_be_one_tensor_a_tuple_or_named(live: Any) -> None:
    tensor = torch.ones(4, 6)
    for inputs in (tensor, (tensor,), [tensor], {"x": tensor}):
        seen = live("self.l = nn.Linear(6, 2)", "return self.l(x)", inputs=inputs)
        assert (seen.formula, seen.graph.inputs[0].shape, seen.notes) == ("Linear(x)", (4, 6), ("read through torch.export",))


PARSED = [
    ("1,3,224,224", (1, 3, 224, 224), torch.float32),
    ("1, 16:int64", (1, 16), torch.int64),
    ("4:bool", (4,), torch.bool),
    ("2,3:bfloat16", (2, 3), torch.bfloat16),
    ("", (), torch.float32),
]


@pytest.mark.parametrize(("text", "shape", "dtype"), PARSED)
def test_the_form_of_an_input_on_the_command_line(text: str, shape: tuple[int, ...], dtype: object) -> None:
    assert parse_input(text) == (shape, dtype)


@pytest.mark.parametrize("text", ["1,x", "1;3", "0,3", "-1", "1,3:floating", "1.5"])
def test_an_input_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_input(text)
