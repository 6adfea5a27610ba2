"""`package.module:name`: what it may name, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from netlint.frontends.errors import InputError  # noqa: E402
from netlint.frontends.module import load  # noqa: E402

CODE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        print("made")
        self.a = nn.Linear(width, 2)

class Wide(nn.Module):
    def __init__(self, width, *, depth):
        super().__init__()

def factory():
    return Net(8)

def broken():
    raise ValueError("no weights")

def leaves():
    raise SystemExit(2)

def numbers():
    return [1, 2]

instance = Net(16)
answer = 42
class zoo:
    small = instance
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "netlint_test_zoo"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "nets.py").write_text(CODE)
    (package / "failing.py").write_text("import a_module_that_is_not_there\n")
    (package / "wrong.py").write_text("def f(:\n")
    return tmp_path


@pytest.mark.parametrize(("name", "width"), [("Net", 4), ("factory", 8), ("instance", 16), ("zoo.small", 16)])
def test_a_class_a_factory_or_an_instance(folder: Path, name: str, width: int, capsys: pytest.CaptureFixture[str]) -> None:
    model = load(f"netlint_test_zoo.nets:{name}", folder=folder)
    assert model.a.in_features == width
    assert capsys.readouterr().out == ""


REFUSED = [
    ("netlint_test_zoo.nets", "a live network is named package.module:name"),
    ("netlint_test_zoo.nets:", "a live network is named package.module:name"),
    ("netlint_test_zoo.missing:Net", "there is no module `netlint_test_zoo.missing` to import"),
    ("not_a_package_at_all.nets:Net", "there is no module `not_a_package_at_all` to import"),
    ("netlint_test_zoo.nets:Nat", "`netlint_test_zoo.nets` has no `Nat`; did you mean `Net`?"),
    ("netlint_test_zoo.nets:Wide", "needs arguments (`width`, `depth`): name a function without arguments"),
    ("netlint_test_zoo.nets:broken", "raised ValueError: no weights at "),
    ("netlint_test_zoo.nets:leaves", "raised SystemExit: 2 at "),
    ("netlint_test_zoo.nets:numbers", "gives a list, not a torch.nn.Module"),
    ("netlint_test_zoo.nets:answer", "is a int, not a network"),
    (
        "netlint_test_zoo.failing:Net",
        "importing `netlint_test_zoo.failing` raised ModuleNotFoundError: No module named 'a_module_that_is_not_there' at ",
    ),
    ("netlint_test_zoo.wrong:Net", "importing `netlint_test_zoo.wrong` raised SyntaxError"),
]


@pytest.mark.parametrize(("target", "message"), REFUSED, ids=[target for target, _ in REFUSED])
def test_anything_else_is_refused_with_what_to_do(folder: Path, target: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(target, folder=folder)
    assert message in str(caught.value)
