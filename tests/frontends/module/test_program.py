"""Exported programs: their graph is read from JSON, and nothing is unpickled."""

from __future__ import annotations

import importlib.util
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from netlint.frontends.errors import InputError  # noqa: E402
from netlint.frontends.module import read, read_program  # noqa: E402
from netlint.graph import Graph  # noqa: E402
from netlint.graph.operators import BatchNorm, Constant, Conv, Dropout, Embedding, Input, Linear, Recurrent, Slice, Weight  # noqa: E402

if importlib.util.find_spec("torch.export.pt2_archive") is None:
    pytest.skip("this version of PyTorch writes another archive", allow_module_level=True)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(4, 2)
        self.scale = nn.Parameter(torch.ones(4))
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        y = self.body(x)
        y = torch.cat([y, y * 2], 1)[:, :4].mean((2, 3)) * self.scale + self.shift
        return {"logits": self.head(self.drop(y)), "aux": nn.functional.elu(y)}


def saved(model: nn.Module, example: Any, folder: Path, **options: Any) -> Path:
    path = folder / "net.pt2"
    torch.export.save(torch.export.export(model, (example,), strict=False, **options), path)
    return path


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return read_program(saved(Net(), torch.randn(2, 3, 8, 8), tmp_path_factory.mktemp("programs"))).graphs[0]


def test_a_program_has_the_operators_of_the_network(graph: Graph) -> None:
    live = read(Net(), example_inputs=torch.randn(2, 3, 8, 8)).graphs[0]
    names = [[o.name for o in found.operators if not isinstance(o, (Constant, Weight))] for found in (live, graph)]
    # `y[:, :4]` is one slice in Python and may be two in ATen
    assert [name for name in names[1] if name != "Slice"] == [name for name in names[0] if name != "Slice"]
    assert [o.path for o in graph.operators if o.layer is not None] == [o.path for o in live.operators if o.layer is not None]
    assert [o.shape for o in graph.outputs] == [(2, 2), (2, 4)]
    assert graph.parameter_count() == live.parameter_count()


def test_its_layers_and_their_options(graph: Graph) -> None:
    [conv], [norm], [drop], [head] = (list(graph.of(kind)) for kind in (Conv, BatchNorm, Dropout, Linear))
    assert (conv.in_channels, conv.out_channels, conv.kernel_size, conv.padding, conv.name) == (3, 4, (3, 3), (1, 1), "Conv2d")
    assert (norm.num_features, norm.name, norm.training) == (4, "BatchNorm2d", None)
    assert (drop.p, drop.training) == (0.2, None)
    assert (head.in_features, head.out_features) == (4, 2)
    assert [layer.kind for layer in graph.layers if layer.path in ("body", "body.0", "drop")] == [
        "torch.nn.Sequential",
        "torch.nn.Conv2d",
        "torch.nn.Dropout",
    ]
    assert conv.inputs == (next(iter(graph.of(Input))),)
    assert conv.site is not None and conv.site.location().filename == __file__
    assert list(graph.of(Slice))


def test_dimensions_that_may_vary_are_unknown(tmp_path: Path) -> None:
    path = saved(nn.Linear(6, 2), torch.randn(4, 6), tmp_path, dynamic_shapes={"input": {0: torch.export.Dim("batch")}})
    [linear] = read_program(path).graphs[0].of(Linear)
    assert linear.shape is not None and linear.shape[1] == 2 and not isinstance(linear.shape[0], int)


def test_recurrent_layers_and_embeddings(tmp_path: Path) -> None:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.e, self.r = nn.Embedding(10, 8), nn.LSTM(8, 6, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y, (h, _) = self.r(self.e(x))
            return y[:, -1] + h[-1]

    graph = read_program(saved(Tagger(), torch.zeros(2, 5, dtype=torch.long), tmp_path)).graphs[0]
    [table], [lstm] = list(graph.of(Embedding)), list(graph.of(Recurrent))
    assert (table.num_embeddings, table.embedding_dim) == (10, 8)
    assert (lstm.kind, lstm.input_size, lstm.hidden_size, lstm.batch_first) == ("LSTM", 8, 6, True)


# -- what is refused ------------------------------------------------------------------------------------------------------


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_no_pickle_is_opened(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    for name, zipped in (("new.pth", True), ("old.pt", False)):
        torch.save({"weight": torch.ones(2), "trap": Trap(trap)}, tmp_path / name, _use_new_zipfile_serialization=zipped)
    (tmp_path / "plain.bin").write_bytes(pickle.dumps(Trap(trap)))
    for name in ("new.pth", "old.pt", "plain.bin"):
        with pytest.raises(InputError, match="a pickle runs code: it is not opened"):
            read_program(tmp_path / name)
    path = saved(nn.Linear(6, 2), torch.randn(4, 6), tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("net/data/sample_inputs/model.pt", pickle.dumps(Trap(trap)))
    assert [o.name for o in read_program(path).graphs[0].operators] == ["Input", "Linear"]
    assert not trap.exists()


REFUSED = {
    "empty.pt2": (b"", "this file is empty"),
    "text.pt2": (b"hello", "this is no archive of an exported program"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_are_no_program(tmp_path: Path, name: str) -> None:
    content, message = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_program(tmp_path / name)


BROKEN = {"not JSON": "{", "of the form": '{"graph_module": {}}', "no exported program": None}


@pytest.mark.parametrize("message", BROKEN)
def test_archives_that_hold_no_program(tmp_path: Path, message: str) -> None:
    path, text = tmp_path / "broken.pt2", BROKEN[message]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("broken/models/model.json" if text is not None else "broken/readme.txt", text or "")
    with pytest.raises(InputError, match=message):
        read_program(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        read_program(tmp_path / "missing.pt2")


def test_an_archive_that_was_cut_off(tmp_path: Path) -> None:
    path = saved(nn.Linear(6, 2), torch.randn(4, 6), tmp_path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match="no archive of an exported program"):
        read_program(path)
