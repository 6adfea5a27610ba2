"""Findings that a project has accepted: recognised by their fingerprint, never by line or by count.

A fingerprint is made of the rule, the file, the module path, the operators around it, and a number that tells equal ones apart: moving code
within a file does not bring a finding back, renaming the file does not either, and putting another one in its place does not hide that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from netlint.engine.diagnostic import Diagnostic, fingerprint
from netlint.engine.errors import NetlintError
from netlint.engine.notices import NOT_CHECKED
from netlint.frontends.files import content

FILENAME = "netlint-baseline.json"
"""What it is called where the settings do not say; it stands beside the settings file, or in the working folder."""
VERSION = 1
_CALLED_FOR = "make a new one with `netlint baseline create`"


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One accepted finding. Only the fingerprint counts; the rest is for people who read the file. `filename` is the file's path within
    its project, with `/`."""

    filename: str
    code: str
    symbol: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings of a project, and the file that they stand in."""

    path: Path
    entries: tuple[Entry, ...] = ()

    @property
    def fingerprints(self) -> frozenset[str]:
        return frozenset(entry.fingerprint for entry in self.entries)


def read(path: Path) -> Baseline:
    """The baseline in a file. Raises NetlintError, with the place, for one that cannot be read."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        raise NetlintError(f"cannot read the baseline {path}: {getattr(error, 'strerror', None) or error}; {_CALLED_FOR}") from error


@lru_cache(maxsize=16)
def _read(path: Path, _changed: int) -> Baseline:
    try:
        data = json.loads(content(path).decode("utf-8"))
        if data["version"] != VERSION:
            raise NetlintError(f"{path}: a baseline of version {data['version']}, and this netlint reads version {VERSION}; {_CALLED_FOR}")
        return Baseline(path, tuple(sorted(Entry(**{name: str(value) for name, value in item.items()}) for item in data["findings"])))
    except json.JSONDecodeError as error:
        raise NetlintError(f"{path}:{error.lineno}:{error.colno}: the baseline is not JSON: {error.msg}; {_CALLED_FOR}") from error
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise NetlintError(f"{path}: this JSON is not a baseline ({type(error).__name__}: {error}); {_CALLED_FOR}") from error


def entries_of(findings: Iterable[tuple[Diagnostic, str]]) -> list[Entry]:
    """Entries for findings, each with its file's path in the project. What could not be checked is never accepted."""
    return sorted(
        Entry(file, finding.code, finding.symbol, finding.fingerprint) for finding, file in findings if finding.code != NOT_CHECKED.code
    )


def accepted_by(known: Baseline, findings: Sequence[tuple[Diagnostic, str]], roots: Collection[Path]) -> set[str]:
    """The fingerprints of those findings that a baseline holds, under the name that their file has now or had when it was made. A finding
    comes with its file's path in the project; `roots` are the folders of the projects."""
    accepted, renamed = known.fingerprints, _renamed(known, findings, roots)
    return {
        finding.fingerprint
        for finding, name in findings
        if finding.fingerprint in accepted or fingerprint(renamed.get(name, name), finding.identity) in accepted
    }


def _renamed(known: Baseline, findings: Sequence[tuple[Diagnostic, str]], roots: Collection[Path]) -> dict[str, str]:
    """The files that were renamed, with the name that they have here: a file with findings and without entries goes with the file
    that is gone, and that had the most of the same findings. Each goes with one."""
    held = {entry.filename for entry in known.entries}
    gone = sorted(name for name in held if not is_there(name, roots))
    new: dict[str, list[str]] = {}
    for finding, name in findings if gone else ():
        if name not in held:
            new.setdefault(name, []).append(finding.identity)
    accepted = known.fingerprints
    likeness = sorted((-sum(fingerprint(old, one) in accepted for one in new[name]), name, old) for name in new for old in gone)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for like, name, old in likeness:
        if like < 0 and name not in found and old not in taken:
            found[name] = old
            taken.add(old)
    return found


def is_there(name: str, roots: Collection[Path]) -> bool:
    """Whether one of the projects has a file of this name, which anything may stand in for: it comes from a baseline."""
    try:
        return any((root / name).exists() for root in roots)
    except OSError:  # too long, for one
        return False


def render(entries: Iterable[Entry]) -> str:
    """The text of a baseline's file: one finding a line, in a fixed order, so that a change of one is a change of one line."""
    lines = ",\n".join(f"    {json.dumps(asdict(entry), ensure_ascii=False)}" for entry in sorted(set(entries)))
    body = f"[\n{lines}\n  ]" if lines else "[]"
    return f'{{\n  "version": {VERSION},\n  "findings": {body}\n}}\n'
