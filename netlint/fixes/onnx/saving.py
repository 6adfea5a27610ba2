"""Writing a changed model: checked first, whole or not at all, with its external weights beside it."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import onnx

from netlint.fixes.onnx.external import external_tensors, location
from netlint.fixes.onnx.validity import problem
from netlint.fixes.writing import NotWritten, save, write
from netlint.frontends.onnx.load import MOST_BYTES, stays_inside


def write_model(path: Path, model: onnx.ModelProto, source: Path | None, old: bytes | None = None) -> None:
    """Writes a model that was changed.

    `source` is the file that it was read from (None: it was at hand), `old` what was read from `path` if that is to be replaced; without it
    whatever is there when this begins is replaced. Weights that lie in other files stay there if the new model stands in the same
    folder; else they are copied, and never over another file. onnx's checker has the last word: a model that it takes as it
    was, it must take as it is. Raises NotWritten, and then no file is there that was not before.
    """
    if model.ByteSize() > MOST_BYTES:
        raise NotWritten(f"{path} was not written: the model has more than the 2 GiB of a protobuf; keep its weights as external data")
    made: list[Path] = []
    try:
        made += _weights_beside(path, model, source)
        data = model.SerializeToString()
        _check(path, model, source, data)
        if old is None:
            save(path, data)
        else:
            write(path, old, data)
    except BaseException as error:
        for copy in made:
            with suppress(OSError):
                copy.unlink()
        if isinstance(error, OSError):
            raise NotWritten(f"{path} was not written: {error.strerror or error}") from error
        raise


def _weights_beside(path: Path, model: onnx.ModelProto, source: Path | None) -> list[Path]:
    """Copies the external weights into the folder of the new model if they are not there; gives the copies."""
    names = list(dict.fromkeys(location(tensor) for tensor in external_tensors(model)))
    if not names:
        return []
    if source is None:
        raise NotWritten(f"{path} was not written: nobody knows where its external weights lie")
    home, target = source.parent.resolve(), path.parent.resolve()
    if home == target:
        return []
    made = []
    try:
        for name in names:
            original, copy = home / name, target / name
            _refuse_outside(path, name, home)
            if copy.exists() and not filecmp.cmp(original, copy, shallow=False):
                raise NotWritten(f"{path} was not written: {copy} is there already, and holds other weights")
            if not copy.exists():
                made.append(_copied(original, copy))
    except BaseException:
        for copy in made:
            with suppress(OSError):
                copy.unlink()
        raise
    return made


def _refuse_outside(path: Path, name: str, home: Path) -> None:
    if not stays_inside(name, home):
        raise NotWritten(f"{path} was not written: its external weights `{name}` lie outside the folder of the model")


def _copied(original: Path, copy: Path) -> Path:
    """A copy of a file that is there as a whole or not at all."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix=f".{copy.name}.", suffix=".tmp", dir=copy.parent, delete=False) as file:
        beside = Path(file.name)
    try:
        shutil.copyfile(original, beside)
        shutil.copymode(original, beside)
        beside.replace(copy)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    return copy


def _check(path: Path, model: onnx.ModelProto, source: Path | None, data: bytes) -> None:
    """Raises NotWritten if onnx's checker takes the old model but not the new one."""
    if next(external_tensors(model), None) is None:
        found = problem(model)
    else:  # the checker looks for the weights beside the file
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", suffix=".onnx", dir=path.parent) as file:
            file.write(data)
            file.flush()
            found = problem(Path(file.name))
    if found is not None and (source is None or problem(source) is None):
        raise NotWritten(f"{path} was not written: onnx's checker refuses it: {found}")
