from __future__ import annotations

from pathlib import Path

import pytest

from netlint.engine.errors import NetlintError
from netlint.engine.targets import collect, project_root, single, walk


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def walked(folder: str = ".") -> list[str]:
    return [path.as_posix() for path in walk(Path(folder))]


def problem(target: str) -> str:
    files, problems = collect([target], lambda path, folder: False)
    assert files == []
    [message] = problems
    return message


def test_a_folder_gives_its_files_in_order() -> None:
    touch("b.py", "a/z.py", "a/b.ipynb", "a/readme.md", "c.pyc", "m.onnx", "w.pth", "p.pt2")
    assert walked() == ["a/b.ipynb", "a/z.py", "b.py", "m.onnx"]


def test_environments_and_caches_are_left_out() -> None:
    touch(".venv/a.py", "node_modules/a.py", "x/__pycache__/a.py", "env/pyvenv.cfg", "env/lib/a.py", "build/kept.py", "x/a.py")
    assert walked() == ["build/kept.py", "x/a.py"]


def test_a_folder_that_is_named_is_walked_whatever_it_is_called() -> None:
    touch("site-packages/a.py")
    assert walked("site-packages") == ["site-packages/a.py"]


def test_gitignore_files_are_respected_at_every_level() -> None:
    touch("a.py", "gen/b.py", "gen/keep.py", "x/c.py", "x/d.py", "x/y/c.py")
    Path(".gitignore").write_text("gen/*\n!gen/keep.py\n")
    Path("x/.gitignore").write_text("/c.py\n")
    assert walked() == ["a.py", "gen/keep.py", "x/d.py", "x/y/c.py"]


def test_the_gitignore_above_a_named_folder_counts_within_the_repository() -> None:
    touch("repo/.git/HEAD", "repo/src/a.py", "repo/src/a_generated.py")
    Path("repo/.gitignore").write_text("*_generated.py\n")
    Path(".gitignore").write_text("a.py\n")
    assert walked("repo/src") == ["repo/src/a.py"]


def test_a_folder_that_git_ignores_can_still_be_named() -> None:
    touch("repo/.git/HEAD", "repo/out/a.py")
    Path("repo/.gitignore").write_text("out/\n")
    assert walked("repo/out") == ["repo/out/a.py"]
    assert walked("repo") == []


def test_a_link_to_a_folder_is_not_followed() -> None:
    touch("x/a.py")
    Path("x/loop").symlink_to("..")
    assert walked() == ["x/a.py"]


def test_excluded_paths_are_left_out() -> None:
    touch("a.py", "old/b.py", "old/c.py")
    assert [path.as_posix() for path in walk(Path(), lambda path, folder: folder and path.name == "old")] == ["a.py"]


def test_a_network_of_a_file_is_picked_after_a_colon() -> None:
    touch("model.py", "odd:name.py")
    assert (single("model.py:Net").filename, single("model.py:Net").network) == ("model.py", "Net")
    assert single("model.py").network is None
    assert single("odd:name.py").filename == "odd:name.py"


def test_each_file_is_taken_once() -> None:
    touch("a/model.py")
    files, _ = collect(["a", "a/model.py", "./a/model.py"], lambda path, folder: False)
    assert [file.filename for file in files] == ["a/model.py"]


def test_a_missing_path_is_answered_with_the_nearest() -> None:
    touch("model.py", "train.py")
    assert problem("modle.py") == "no such file or folder: `modle.py`; the nearest is `model.py`"
    assert problem("modle.py:Net") == "no such file or folder: `modle.py`; the nearest is `model.py`"
    assert "no such file or folder: `nowhere/x.py`" in problem("nowhere/x.py")
    assert "no such file or folder: `net.onnx`" in problem("net.onnx")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("weights.pth", "a file of weights holds no network, and unpickling it could run anything"),
        ("notes.txt", "not a kind of file that netlint reads (folders, .py, .ipynb, .onnx, .pt2)"),
        ("model.py:2Net", "after the colon stands the name of a class, a function or a variable, not `2Net`"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(target: str, words: str) -> None:
    touch("model.py", "weights.pth", "notes.txt")
    assert words in problem(target)


def test_a_folder_is_not_one_file() -> None:
    touch("x/a.py")
    with pytest.raises(NetlintError, match="`x` is a folder: name one file of it"):
        single("x")


def test_a_file_is_known_by_its_path_in_the_project() -> None:
    touch("project/pyproject.toml", "project/pkg/model.py")
    assert project_root(Path("project/pkg").absolute()) == Path("project").absolute()
    assert single("project/pkg/model.py").project_name == "pkg/model.py"


@pytest.mark.parametrize(
    ("target", "kind"),
    [("model.py", "source"), ("net.onnx", "onnx"), ("program.pt2", "module"), ("package.module:Net", "module"), ("notes.ipynb", "source")],
)
def test_each_kind_of_target_has_its_front_end(target: str, kind: str) -> None:
    touch("model.py", "net.onnx", "program.pt2", "notes.ipynb")
    assert single(target).kind == kind
