"""What training code says: whose loss is propagated, what an optimizer was given, where a penalty stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlint.frontends.source import read
from netlint.frontends.source.interpreter import MAX_OPTIONS, Interpreter
from netlint.frontends.source.project import Project
from netlint.frontends.source.values import Anything, Either, Native
from netlint.graph import Graph
from netlint.graph.operators import BCEWithLogits, CrossEntropy, Input

IMPORTS = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
NET = IMPORTS + "net = nn.Sequential(nn.Linear(8, 4), nn.ELU(), nn.Linear(4, 2))\n"


def _first(code: str) -> Graph:
    return read(code, "train.py").graphs[0]


@pytest.mark.parametrize(
    "step",
    ["loss.backward()", "scaler.scale(loss).backward()", "engine.backward(loss)", "accelerator.backward(loss=loss)"],
)
def test_a_loss_is_trained_however_it_is_propagated(step: str) -> None:
    graph = _first(NET + f"for x, y in loader:\n    loss = F.cross_entropy(net(x), y)\n    {step}\n")
    assert [type(total) for total in graph.training.backward] == [CrossEntropy]


def test_lightning_trains_what_training_step_returns_with_the_constructors_arguments() -> None:
    code = """
import pytorch_lightning as pl

class Net(pl.LightningModule):
    def __init__(self, width=6, decay=0.25):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(8, self.hparams.width)
        self.loss = nn.CrossEntropyLoss()

    def training_step(self, batch, index):
        x, y = batch
        return {"loss": self.loss(self.net(x), y)}

    def validation_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self.net(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, weight_decay=self.hparams.decay)
"""
    graph = _first(IMPORTS + code)
    assert [type(total) for total in graph.training.backward] == [CrossEntropy]
    assert graph.training.optimizers[0].decay == 0.25
    assert [parameter.shape for parameter in graph.training.optimizers[0].groups[0].parameters or ()] == [(6, 8), (6,)]


def test_a_loss_class_of_ones_own_belongs_to_the_training_of_the_network() -> None:
    code = """
class Loss(nn.Module):
    def forward(self, logits, target):
        return F.cross_entropy(logits, target)

criterion = Loss()
for x, y in loader:
    criterion(net(x), y).backward()
"""
    graph = _first(NET + code)
    assert graph.name == "net"
    assert any(isinstance(operator, CrossEntropy) for operator in graph.operators)


def test_labels_that_are_made_up_are_no_data() -> None:
    graph = _first(NET + "for x in loader:\n    nn.BCEWithLogitsLoss()(net(x), torch.ones(3, 2)).backward()\n")
    target = next(graph.of(BCEWithLogits)).inputs[1]
    assert not isinstance(target, Input)


def test_a_penalty_stands_where_its_norms_are_computed() -> None:
    code = """
for x, y in loader:
    total = 0
    for p in torch.nn.utils.parameters_to_vector(net.parameters()), net[0].weight:
        squares = p.pow(2).sum()
        total = total + squares
    (F.cross_entropy(net(x), y) + 0.1 * total).backward()
"""
    (penalty,) = _first(NET + code).training.penalties
    assert penalty.site.location().row == NET.count("\n") + 5
    assert (penalty.norm, penalty.squared, penalty.coefficient) == (2, True, 0.1)
    assert len(set(penalty.parameters)) == 4, "the vector holds all parameters"


def test_penalties_come_in_the_order_of_the_code() -> None:
    code = """
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    loss = loss + 0.1 * net[0].weight.pow(2).sum()
    loss = loss + 0.2 * net[2].weight.pow(2).sum()
    loss.backward()
"""
    assert [penalty.coefficient for penalty in _first(NET + code).training.penalties] == [0.1, 0.2]


def test_random_transforms_are_found_in_lists_and_in_data_sets_of_ones_own() -> None:
    code = """
import albumentations as A

class Photos(torch.utils.data.Dataset):
    def __init__(self, transform):
        self.transform = transform

loader = torch.utils.data.DataLoader(Photos(A.Compose([A.Resize(8, 8), A.HorizontalFlip()])), batch_size=4)
for x, y in loader:
    F.cross_entropy(net(x), y).backward()
"""
    assert _first(NET + code).training.augmentations == ("HorizontalFlip",)


def test_a_script_may_leave_all_that_is_torchs_to_the_files_it_imports(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        IMPORTS + "def make():\n    return nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 2))\n", encoding="utf-8"
    )
    script = tmp_path / "main.py"
    reading = read("from model import make\nnet = make()\n", str(script), project=Project(tmp_path))
    assert [graph.name for graph in reading.graphs] == ["net"]
    unrelated = read("import json\nnet = json.loads('1')\n", str(script), project=Project(tmp_path))
    assert unrelated.graphs == []


def test_alternatives_are_told_apart_up_to_a_number_and_then_may_be_anything() -> None:
    """Telling thousands of elements of a list apart would take quadratic time."""
    interpreter = Interpreter(Project())
    makers = [Native(str(index), lambda i, args, kwargs: None) for index in range(MAX_OPTIONS + 1)]
    assert isinstance(interpreter.join(makers[:4], "a branch"), Either)
    assert isinstance(interpreter.join(makers, "a branch"), Anything)
