"""`netlint check --watch`: checks again when something changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint.cli.errors import INTERRUPTED, complain

if TYPE_CHECKING:
    from netlint.engine.rechecking import Rechecking, Stamp

SETTINGS = ("netlint.toml", "pyproject.toml")
ONCE = ("fix", "unsafe_fixes", "diff", "interactive", "add_ignore", "output_model", "stdin_filename")
"""Options that write what they watch, or what is there once only."""
PAUSE = 200
"""Milliseconds after which the settings are looked at, which may lie outside of the folders that are watched."""


def watch(targets: Sequence[str], options: dict[str, Any], once: Callable[[Rechecking], int]) -> int:
    """Checks, and checks again after each change of a file or of the settings, until Ctrl-C. What goes wrong is told, and waited out."""
    from netlint.engine.rechecking import Rechecking
    from netlint.reports.terminal import counted

    _refuse(targets, options)
    run = Rechecking()
    try:
        for _ in _moments(targets, options["config"]):
            click.clear()  # on a terminal only
            run.read = []
            _checked(lambda: once(run))
            complain(f"{counted(len(run.read), 'file')} read; watching for changes, Ctrl-C ends")
    except KeyboardInterrupt:
        pass
    return INTERRUPTED


def _refuse(targets: Sequence[str], options: dict[str, Any]) -> None:
    from importlib.util import find_spec

    from netlint.engine.targets import PROGRAMS

    given = [f"--{name.replace('_', '-')}" for name in ONCE if options[name] not in (None, False)]
    if given:
        raise click.UsageError(f"--watch only reports; {', '.join(given)} cannot go with it")
    for target in targets:
        if target == "-":
            raise click.UsageError("--watch takes files and folders; what comes on stdin cannot change")
        if not Path(target).exists() and ":" in target and not Path(target.rpartition(":")[0]).exists():
            raise click.UsageError(f"--watch takes files and folders; `{target}` would be imported once only")
        if Path(target).suffix in PROGRAMS:
            raise click.UsageError(f"--watch takes source and ONNX models, not `{target}`")
    if find_spec("watchfiles") is None:
        raise click.ClickException("--watch needs the extra `watch` (netlint-nn[watch])")


def _checked(once: Callable[[], int]) -> None:
    """One run; what ends it is told, and the watch goes on."""
    from netlint.engine.errors import NetlintError

    try:
        once()
    except click.ClickException as error:
        complain(error.format_message())
    except NetlintError as error:
        complain(str(error))
    sys.stdout.flush()


def _moments(targets: Sequence[str], config: Path | None) -> Iterator[None]:
    """When to check: now, and after each change of a file that can be checked or of the settings, without end."""
    from watchfiles import watch

    folders = _folders(targets)
    recursive = any(Path(target).is_dir() for target in targets or (".",))
    before = _settings(folders, config)
    changes = watch(
        *folders,
        watch_filter=_matters,
        recursive=recursive,
        rust_timeout=PAUSE,
        yield_on_timeout=True,
        debounce=200,
        step=50,
    )
    next(changes, None)  # it looks from here on: what changes during the first check counts
    yield
    for changed in changes:
        now = _settings(folders, config)
        if changed or now != before:
            before = now
            yield


def _folders(targets: Sequence[str]) -> list[Path]:
    """The folders to watch: editors replace files, so it is theirs that counts. A target that is not there is told by the check."""
    paths = [Path(target) for target in targets or (".",)]
    paths = [path if path.exists() else Path(str(path).rpartition(":")[0] or ".") for path in paths]
    return sorted({path.absolute() if path.is_dir() else path.absolute().parent for path in paths})


def _matters(_: object, name: str) -> bool:
    from netlint.engine.targets import DEFAULT_EXCLUDES, SUFFIXES

    path = Path(name)
    inside = not any(part in DEFAULT_EXCLUDES for part in path.parts)
    return inside and (path.suffix in SUFFIXES or path.name in (*SETTINGS, ".gitignore"))


def _settings(folders: Sequence[Path], config: Path | None) -> dict[Path, Stamp]:
    """The stamps of all files that may hold the settings of the watched folders."""
    from netlint.engine.rechecking import stamp

    places = {folder for path in folders for folder in (path, *path.parents)}
    return {path: stamp(path) for path in (*(folder / name for folder in places for name in SETTINGS), *([config] if config else []))}
